"""Columns of a frame as float arrays, checked by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError

Array = NDArray[np.float64]
LARGEST = 1e100  # beyond which squares and sums overflow


def number_column(frame: pd.DataFrame, name: str, *, role: str, where: str, flags: bool = False) -> Array:
    """The column as floats, missing as NaN; a column of true and false only where `flags` are expected.

    Raises
    ------
    DataError : the column is not numeric, or holds values that are infinite or beyond 1e100.
    """
    column = frame[name]
    is_flag = pd.api.types.is_bool_dtype(column)
    if not pd.api.types.is_numeric_dtype(column) or (is_flag and not flags):
        raise DataError(f"{role} column {name!r} is not numeric", expected="numbers", got=column.dtype, where=where)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.fmax.reduce(values, initial=0.0) > LARGEST or np.fmin.reduce(values, initial=0.0) < -LARGEST:  # no copies
        _refuse(np.isinf(values), f"{role} column {name!r} has infinite values", where=where)
        _refuse(np.abs(values) > LARGEST, f"{role} column {name!r} has values beyond {LARGEST:g}", where=where)
    return values


def positive_column(
    frame: pd.DataFrame, name: str, *, role: str, where: str, missing_allowed: bool = False, advice: str | None = None
) -> Array:
    """The column as positive floats; missing values raise unless allowed, and are then NaN.

    Raises
    ------
    DataError : not numeric, or missing, infinite, zero or negative values; the message counts the rows.
    """
    values = number_column(frame, name, role=role, where=where)
    if not missing_allowed:
        _refuse(np.isnan(values), f"{role} column {name!r} has missing values", where=where)
    _refuse(values == 0, f"{role} column {name!r} has zero values", where=where, advice=advice)
    _refuse(values < 0, f"{role} column {name!r} has negative values", where=where)
    return values


def count_rows(bad: NDArray[np.bool_]) -> str:
    """How many rows are marked, and where the first one stands."""
    return f"{int(bad.sum())} of {len(bad)} rows, first at position {int(np.flatnonzero(bad)[0])}"


def _refuse(bad: NDArray[np.bool_], problem: str, *, where: str, advice: str | None = None) -> None:
    if bad.any():
        raise DataError(problem, expected="positive finite numbers" if "infinite" not in problem and "beyond" not in problem else "finite numbers",
                        got=count_rows(bad), where=where, next_step=advice)  # fmt: skip
