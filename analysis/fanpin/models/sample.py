"""The estimation sample: the columns a model needs, rows with a missing value left out and counted."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, require_columns
from fanpin.models.encoding import as_floats, is_number

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows without missing values.

    Attributes
    ----------
    frame : the rows kept, with every column of the data.
    kept : (rows of the data,) True for rows kept.
    notes : a sentence on rows left out, or none.
    """

    frame: pd.DataFrame
    kept: NDArray[np.bool_]
    notes: tuple[str, ...]


def column_names(data: Any) -> list[str]:
    """The columns of a pandas frame or an Ibis table.

    Raises
    ------
    InputError : `data` is neither.
    """
    if not (isinstance(data, pd.DataFrame) or _is_ibis(data)):
        raise InputError(f"data is a {type(data).__name__}", expected="a pandas DataFrame or an Ibis table")
    return [str(name) for name in data.columns]


def _is_ibis(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "ibis" and hasattr(data, "to_pandas")


def as_frame(data: Any, needed: list[str], *, optional: Iterable[str] = ()) -> pd.DataFrame:
    """`data` as a pandas frame: itself, or the needed columns of an Ibis table.

    Raises
    ------
    InputError : neither a pandas DataFrame nor an Ibis table.
    UnknownNameError : an Ibis table lacks a needed column.
    DataError : no rows, or two columns of one name.
    """
    known = column_names(data)
    if _is_ibis(data):
        require_columns(known, needed, where="the table")
        wanted = [*needed, *(name for name in optional if name in known)]
        from fanpin.core.engine import fetch_frame  # ibis is slow to import, and most data are frames

        return _checked(fetch_frame(data.select(list(dict.fromkeys(wanted)))))
    return _checked(data)


def _checked(data: pd.DataFrame) -> pd.DataFrame:
    if data.columns.has_duplicates:
        twice = data.columns[data.columns.duplicated()].unique()
        raise DataError("two columns have one name", got=", ".join(map(str, twice)), expected="unique column names")
    if data.empty:
        raise DataError("the data have no rows", expected="at least one row per coefficient")
    return data


def complete_rows(data: pd.DataFrame, columns: Iterable[str], *, where: str, present: Iterable[str] = ()) -> Sample:
    """The rows without a missing value in `columns`.

    Parameters
    ----------
    data : DataFrame
        All rows.
    columns : names
        Variables of the model; infinite values in them are refused.
    where : str
        What asks, for messages.
    present : names
        Columns that may not be missing in any row: identifiers of units and clusters.

    Raises
    ------
    UnknownNameError : a column is absent.
    DataError : an infinite value; a missing identifier; no complete row.

    Warns
    -----
    DroppedRowsWarning : rows were left out; the message counts them by variable.
    """
    names = list(dict.fromkeys(columns))
    require_columns(data.columns, [*names, *present], where=where)
    for name in present:
        missing = data[name].isna().to_numpy()
        if missing.any():
            raise DataError(f"column {name!r} has missing values", expected="a value in every row",
                            got=f"{int(missing.sum()):,} of {len(data):,} rows", where=where)  # fmt: skip
    absent = {name: data[name].isna().to_numpy() for name in names}
    dropped = np.zeros(len(data), dtype=bool)
    for flags in absent.values():
        dropped |= flags
    _refuse_infinite(data, names, where)
    if not dropped.any():
        return Sample(data, ~dropped, ())
    counts = sorted(((int(f.sum()), name) for name, f in absent.items() if f.any()), key=lambda c: (-c[0], c[1]))
    listed = ", ".join(f"{name} {count:,}" for count, name in counts)
    note = f"{int(dropped.sum()):,} of {len(data):,} rows left out because of missing values: {listed}"
    if dropped.all():
        raise DataError("no row is complete", got=note, expected="rows without missing values", where=where)
    warnings.warn(DroppedRowsWarning(note), stacklevel=3)
    return Sample(data[~dropped], ~dropped, (note,))


def _refuse_infinite(data: pd.DataFrame, names: list[str], where: str) -> None:
    counts = {}
    for name in names:
        if is_number(data[name]):
            infinite = np.isinf(as_floats(data[name], where))
            if infinite.any():
                counts[name] = int(infinite.sum())
    if counts:
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise DataError("infinite values", expected="finite numbers", got=f"rows by column: {listed}", where=where,
                        next_step="set them to missing, or correct them")  # fmt: skip


def binary_outcome(frame: pd.DataFrame, name: str, where: str) -> NDArray[np.bool_]:
    """The outcome as truth values.

    Raises
    ------
    DataError : values other than 0, 1, True and False.
    """
    values = as_floats(frame[name], where)
    other = (values != 0.0) & (values != 1.0)
    if other.any():
        shown = ", ".join(f"{v:g}" for v in np.unique(values[other])[:5])
        raise DataError(f"the outcome {name!r} is not 0/1", expected="0 and 1, or False and True",
                        got=f"{int(other.sum()):,} rows with {shown}", where=where)  # fmt: skip
    return values == 1.0
