"""Poverty lines that are taken as known: each row's own amount."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, InputError
from fanpin.core.line import Line
from fanpin.core.numbers import positive_column

Array = NDArray[np.float64]


def check_known_line(line: Any, *, where: str) -> None:
    """Raise unless the line is a Line that is not estimated from the data."""
    if not isinstance(line, Line):
        raise InputError(
            "line is no Line", expected="Line.absolute, .official, .by_time or .column", got=repr(line), where=where
        )
    if line.kind == "relative":
        raise InputError("a relative line is estimated, and its sampling error is not included here",
                         expected="Line.absolute, .official, .by_time or .column", where=where,
                         next_step="add it with poverty_status, then use Line.column('line'): it is then taken as known")  # fmt: skip


def line_of_rows(data: pd.DataFrame, line: Line, *, time: str, where: str) -> Array:
    """(n,) the line of each row, missing where a column holds none."""
    if line.kind == "absolute":
        return np.full(len(data), float(line.amount or 0.0), dtype=float)
    if line.kind == "column":
        return positive_column(data, str(line.name), role="line", where=where, missing_allowed=True)
    amounts = dict(line.amounts)
    lacking = sorted(set(data[time].unique()) - set(amounts))
    if lacking:
        raise DataError(f"the line has no amount for {len(lacking)} waves", got=", ".join(map(str, lacking[:10])),
                        expected=f"an amount for every value of {time!r}", where=where)  # fmt: skip
    return np.asarray(data[time].map(amounts), dtype=float)
