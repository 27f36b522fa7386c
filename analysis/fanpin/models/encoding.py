"""Columns as a model takes them: numbers as 64-bit floats, factors with fixed levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, EstimationError, InputError, unknown_name
from fanpin.models.formula import ModelFormula

Array = NDArray[np.float64]
Levels = Mapping[str, tuple[Any, ...] | None]  # column -> levels of a factor, the reference first; None for numbers

MOST_LEVELS = 300
NUMBER_OBJECTS = ("decimal", "integer", "floating", "mixed-integer-float", "boolean")


def is_number(values: pd.Series) -> bool:
    """Numbers or truth values, also where a database delivered them as objects."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return False
    if values.dtype == object:
        return pd.api.types.infer_dtype(values, skipna=True) in NUMBER_OBJECTS
    return pd.api.types.is_bool_dtype(values.dtype) or (
        pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype)
    )


def as_floats(values: pd.Series, where: str, *, advice: str | None = None) -> Array:
    """A column as (n,) floats, truth values as 0/1, missing as NaN.

    Raises
    ------
    DataError : the column is text, a date or a category.
    """
    if not is_number(values):
        shown = ", ".join(repr(v) for v in values.dropna().unique()[:3])
        raise DataError(f"column {values.name!r} is not numeric", expected="numbers", got=f"{values.dtype}: {shown}",
                        where=where, next_step=advice)  # fmt: skip
    if values.dtype == object:
        return np.array([np.nan if pd.isna(v) else float(v) for v in values])
    return values.to_numpy(dtype=float, na_value=np.nan)


def learn_levels(frame: pd.DataFrame, formula: ModelFormula) -> Levels:
    """The levels of each factor of the formula, None for numeric columns.

    A column is a factor inside C(), or when it holds text or categories. Levels are sorted, or in the order of an ordered
    or unordered categorical column; the first is the reference. Whole numbers and truth values become integers.

    Raises
    ------
    InputError : a factor has dates, intervals or more than 300 levels; a factor stands inside arithmetic.
    EstimationError : a factor has one level, or a category without rows.
    """
    levels: dict[str, tuple[Any, ...] | None] = {}
    for name in formula.variables:
        is_factor = name in formula.categorical or not is_number(frame[name])
        if not is_factor:
            levels[name] = None
            continue
        if name in formula.arithmetic:
            as_floats(
                frame[name], formula.text, advice=f"use {name!r} outside of functions, as a factor"
            )  # text raises
            raise InputError(f"{name!r} is a factor and a number in one formula", got=formula.text,
                             next_step="keep C() or the arithmetic")  # fmt: skip
        levels[name] = _levels(frame[name], formula.text)
    return levels


def _levels(values: pd.Series, where: str) -> tuple[Any, ...]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        found = list(values.cat.categories)
        present = set(values.unique())
        empty = [level for level in found if level not in present]
        if empty:
            raise EstimationError(f"{len(empty)} levels of {values.name!r} have no rows", where=where,
                                  got=", ".join(map(str, empty[:10])), expected="rows in every level",
                                  next_step=f"data[{values.name!r}].cat.remove_unused_categories()")  # fmt: skip
    else:
        found = sorted(pd.unique(values))
    levels = tuple(_plain(level, values.name, where) for level in found)
    if len(levels) < 2:
        raise EstimationError(f"factor {values.name!r} has one level", got=levels[0] if levels else "no rows",
                              expected="at least two levels", where=where, next_step="leave it out of the formula")  # fmt: skip
    if len(levels) > MOST_LEVELS:
        raise InputError(f"factor {values.name!r} has {len(levels)} levels", expected=f"at most {MOST_LEVELS}", where=where,
                         next_step="group its levels, or use it as a number if it is one")  # fmt: skip
    return levels


def _plain(level: Any, name: object, where: str) -> int | float | str:
    """A level as plain data; 2.0 and True become 2 and 1."""
    value = level.item() if isinstance(level, np.generic) else level
    if isinstance(value, (bool, int)) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, (float, str)):
        return value
    raise InputError(f"levels of {name!r} are of type {type(value).__name__}", expected="text or numbers", where=where,
                     next_step=f"data[{name!r}] = data[{name!r}].astype(str)")  # fmt: skip


def encode(frame: pd.DataFrame, levels: Levels, where: str) -> pd.DataFrame:
    """The columns named in `levels`, as floats and categoricals with exactly those levels; nothing may be missing.

    Raises
    ------
    UnknownNameError : a factor has a level that the model does not know.
    """
    columns = {
        name: as_floats(frame[name], where) if known is None else _codes(frame[name], known, where)
        for name, known in levels.items()
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)), copy=False)


def _codes(values: pd.Series, known: tuple[Any, ...], where: str) -> pd.Categorical:
    codes = _positions(values, pd.Index(list(known)), where)
    if (codes < 0).any():
        stranger = values[codes < 0].iloc[0]
        raise unknown_name(f"level of {values.name!r}", stranger, known, where=where,
                           next_step="estimate with rows of that level, or leave them out")  # fmt: skip
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(known)))


def _positions(values: pd.Series, known: pd.Index, where: str) -> NDArray[np.intp]:
    """Position of each value among the levels, -1 where it is none of them."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        among = np.append(known.get_indexer(values.cat.categories), -1)
        return np.asarray(among[values.cat.codes.to_numpy()])
    plain = as_floats(values, where) if is_number(values) and known.dtype.kind in "if" else values
    return np.asarray(known.get_indexer(pd.Index(plain)))
