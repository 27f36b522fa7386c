"""The two public functions; what they need is imported when they are called, so that fanpin itself loads quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from fanpin.core.options import Engine
    from fanpin.harmonise.harmonised import Harmonised


def harmonise(source: str, files: str | Path | Iterable[str | Path], *, engine: Engine = "duckdb") -> Harmonised:
    """Apply a source's mapping to raw files."""
    from fanpin.harmonise.build import harmonise_files

    return harmonise_files(source, files, engine=engine)


def sources() -> pd.DataFrame:
    """Every source known, a row each wave and table."""
    from fanpin.harmonise.catalogue import known_sources

    return known_sources()
