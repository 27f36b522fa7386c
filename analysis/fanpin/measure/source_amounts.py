"""Income sources as arrays: which are named, and what a missing one counts as."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.errors import InputError
from fanpin.core.numbers import number_column
from fanpin.kernels.cell_means import Array
from fanpin.panel.income import PASSED

REASON = "__missing"


def named_sources(sources: Any, *, where: str) -> tuple[str, ...]:
    """The names of two or more different columns."""
    names = as_names("sources", sources)
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError("income needs two or more different sources", got=", ".join(names) or "none", where=where)
    return names


def source_amounts(frame: pd.DataFrame, names: tuple[str, ...], *, where: str) -> dict[str, Array]:
    """(n,) amounts of each source, NaN where missing; 0 where, by its column `x__missing`, it does not apply or was not asked."""
    return {name: _amount(frame, name, where) for name in names}


def passed_over(frame: pd.DataFrame, names: tuple[str, ...]) -> dict[str, int]:
    """Rows in which a source counts as 0 since it does not apply or was not asked, by source."""
    counts = {n: int(_passes(frame, n).sum()) for n in names if f"{n}{REASON}" in frame.columns}
    return {name: count for name, count in counts.items() if count}


def _amount(frame: pd.DataFrame, name: str, where: str) -> Array:
    values = number_column(frame, name, role="source", where=where)
    return np.where(_passes(frame, name), 0.0, values) if f"{name}{REASON}" in frame.columns else values


def _passes(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name].isna() & frame[f"{name}{REASON}"].isin(PASSED)
