"""The words "first" and "last" in a study file, which stand for the first and the last wave there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

ENDS: dict[str, Callable[[pd.Series], Any]] = {"first": pd.Series.min, "last": pd.Series.max}


def end_of(value: Any, column: pd.Series) -> Any:
    """The value a word stands for in a column of numbers; each member of a list; anything else as it is."""
    if isinstance(value, list):
        return [end_of(v, column) for v in value]
    if value in ENDS and pd.api.types.is_numeric_dtype(column):
        return ENDS[value](column).item()
    return value


def ends_of(values: dict[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    """The values by column, words replaced where the data have the column."""
    return {name: end_of(v, data[name]) if name in data else v for name, v in values.items()}
