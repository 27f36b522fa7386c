"""The data sets of a study by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from fanpin.core.errors import RawFileError, unknown_name
from fanpin.pipeline import data_stages

if TYPE_CHECKING:
    from pathlib import Path

    from fanpin.pipeline.study import Study


def names(study: Study) -> list[str]:
    """Every data set the study has or can build."""
    printed = [name for name, extract in study.file.extracts.items() if not extract.source]
    built = [
        f"{prefix}_{table}" if prefix else table
        for prefix in dict.fromkeys(e.prefix for e in study.file.extracts.values() if e.source)
        for table in data_stages.HARMONISED
    ]
    described = data_stages.DESCRIBED if built else ()
    return [*printed, *built, *described, *panel_sets(study)]


def panel_sets(study: Study) -> tuple[str, ...]:
    """The data sets that the panel stage makes."""
    if study.file.panel is None:
        return ()
    links = data_stages.LINKS if study.file.link else ()
    return (*data_stages.PANEL, *links, *(data_stages.REGISTER if data_stages.register_table(study) else ()))


def extracts_of(study: Study, name: str) -> list[str]:
    """The extracts that a data set rests on."""
    extracts = study.file.extracts
    if name in extracts and not extracts[name].source:
        return [name]
    if name in panel_sets(study) and study.file.panel:
        register = data_stages.register_table(study) if name in data_stages.REGISTER else None
        return [*extracts_of(study, study.file.panel.table), *(extracts_of(study, register) if register else ())]
    mapped = {n: e for n, e in extracts.items() if e.source}
    if name in data_stages.DESCRIBED:
        return list(mapped)
    tables = {n: [f"{e.prefix}_{t}" if e.prefix else t for t in data_stages.HARMONISED] for n, e in mapped.items()}
    return [n for n, of in tables.items() if name in of]


def read(study: Study, name: str) -> pd.DataFrame:
    """A data set; built first if it is not there or out of date.

    Raises
    ------
    UnknownNameError : the study has no data set of that name.
    """
    ensure(study, name)
    path = paths(study, name)[0]
    if path.suffix == ".csv":
        return _read_table(path)
    if not path.is_file():
        raise unknown_name("data set", name, [p.stem for p in study.processed.glob("*.parquet")], where=study.path.name,
                           next_step=f"the sources of {study.id} give no {name}")  # fmt: skip
    return pd.read_parquet(path)


def ensure(study: Study, name: str) -> None:
    """See that a data set's file is there and current, without reading it."""
    if name not in names(study):
        raise unknown_name("data set", name, names(study), where=study.path.name)
    extract = study.file.extracts.get(name)
    if extract is not None and not extract.source:
        study.check_raw()
    else:
        data_stages.ensure(study, "panel" if name in panel_sets(study) else "harmonise")


def paths(study: Study, name: str) -> list[Path]:
    """The files a data set is read from, for provenance."""
    extract = study.file.extracts.get(name)
    if extract is not None and not extract.source:
        return study.extract_paths(extract)[:1]
    return [study.processed / f"{name}.parquet"]


def _read_table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError, EOFError) as error:
        raise RawFileError(
            "a table cannot be read", expected="CSV with one heading line", got=error, where=path
        ) from error
