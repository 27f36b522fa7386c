"""What the pandas functions of this room check of a frame before they compute, and how they add columns to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named
from fanpin.core.errors import DataError, InputError, require_columns

QUARTERS = 7600  # 4 x 1900: a time as large as this counts quarters, not years


def checked_frame(data: Any, columns: Iterable[str | None], *, where: str) -> pd.DataFrame:
    """The data, if they are a frame with rows that has each of the columns once; `None` entries pass."""
    if not isinstance(data, pd.DataFrame):
        raise InputError("data is no table", expected="a pandas DataFrame", got=type(data).__name__, where=where)
    named = [c for c in columns if c is not None]
    for name in named:
        check_columns_named(where, column=name)
    require_columns(data.columns, named, where=where)
    doubled = data.columns[data.columns.duplicated()].tolist()
    if doubled:
        raise InputError(f"the frame has several columns named {doubled[0]!r}", where=where,
                         next_step="give each column one name")  # fmt: skip
    if not len(data):
        raise DataError("the data have no rows", expected="at least one row", where=where)
    return data


def check_times(data: pd.DataFrame, time: str, *, where: str) -> None:
    """Raise unless the column holds whole numbers in every row."""
    column = data[time]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise DataError(f"time {time!r} is not a whole number", got=f"a column of type {column.dtype}", where=where,
                        expected="an integer: the year, or 4 x year + quarter")  # fmt: skip
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(values).any():
        raise DataError(f"time {time!r} is missing", got=f"{int(np.isnan(values).sum())} rows without it", where=where)
    odd = values != np.floor(values)
    if odd.any():
        raise DataError(f"time {time!r} is not a whole number", got=f"{int(odd.sum())} rows such as {values[odd][0]}",
                        where=where, expected="an integer: the year, or 4 x year + quarter")  # fmt: skip


def check_unique(data: pd.DataFrame, key: list[str], *, where: str) -> None:
    """Raise unless nothing of the key is missing and no key stands in two rows; the last of the key is the time."""
    if len(set(key)) < len(key):
        raise InputError(f"the key names {key[0]!r} twice", expected="different columns", where=where)
    check_times(data, key[-1], where=where)
    for name in key[:-1]:
        if missing := int(data[name].isna().sum()):
            raise DataError(f"{name!r} is missing", got=f"{missing} rows without it", where=where)
    doubled = data.duplicated(key, keep=False)
    if doubled.any():
        first = data.loc[doubled, key].iloc[0].to_dict()
        raise DataError(
            f"duplicate key ({', '.join(key)})", expected=f"one row a {key[0]} and {key[-1]}", where=where,
            got=f"{int(doubled.sum())} rows, such as {', '.join(f'{k}={v}' for k, v in first.items())}",
            next_step="drop the duplicates, or name the column that tells them apart",
        )  # fmt: skip


def check_same_kind(left: pd.Series, right: pd.Series, *, where: str) -> None:
    """Raise where one key is text and the other a number: nothing would ever match."""
    numeric = [pd.api.types.is_numeric_dtype(s) for s in (left, right)]
    if numeric[0] != numeric[1]:
        raise DataError(f"{left.name!r} is of type {left.dtype} in one table and {right.dtype} in the other", where=where,
                        next_step="convert both to text")  # fmt: skip


def check_new(data: pd.DataFrame, names: Iterable[str], *, where: str) -> None:
    """Raise for a column that a result would replace."""
    taken = [n for n in names if n in data.columns]
    if taken:
        raise InputError(f"column {taken[0]!r} has a name that the result needs", where=where, got=", ".join(taken),
                         next_step="rename or drop the column")  # fmt: skip


def numbers(data: pd.DataFrame, name: str, *, where: str) -> NDArray[np.float64]:
    """The column as floats, missing as NaN; text and infinite values raise."""
    column = data[name]
    if not pd.api.types.is_numeric_dtype(column):
        raise DataError(f"column {name!r} is not numeric", got=f"a column of type {column.dtype}", where=where)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(f"column {name!r} is infinite", got=f"{int(np.isinf(values).sum())} rows", where=where)
    return values


def years_of(times: pd.Series, period: str) -> pd.Series:
    """The calendar year of each time."""
    whole = times.astype("int64")
    return (whole - 1) // 4 if period == "quarter" else whole


def check_period(times: pd.Series, period: str, *, where: str) -> None:
    """Raise where years are said to be quarters or the other way round."""
    if (times.max() >= QUARTERS) != (period == "quarter"):
        raise InputError(
            f"times {int(times.min())} to {int(times.max())} are not of period {period!r}", where=where,
            expected="years, or 4 x year + quarter with period='quarter'",
        )  # fmt: skip
