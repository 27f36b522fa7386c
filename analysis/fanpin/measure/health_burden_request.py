"""What was asked of `health_burden`, checked, and its columns as arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named
from fanpin.core.design import Design
from fanpin.core.errors import ComparabilityWarning, DataError, InapplicableError, InputError
from fanpin.core.line import Line
from fanpin.core.numbers import count_rows, number_column, positive_column
from fanpin.kernels.cell_means import Array
from fanpin.measure.cells import By
from fanpin.measure.requested import requested

WHERE = "fp.health_burden"
CONTEXT = ("population", "share_of", "threshold")
LINE_KEY = "the line"  # an absolute line among the columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """The checked data of a request.

    Attributes
    ----------
    frame : rows of the data with the columns needed.
    oop, welfare, size : columns; the last two may be None.
    budgets : column of each budget by the words "capacity" and, where given, "total".
    thresholds : shares of the budgets.
    line : None without impoverishing spending.
    by, design : groups, survey design.
    x : (n,) values by column, spending first, NaN where missing; the line is among them.
    """

    frame: pd.DataFrame
    oop: str
    welfare: str | None
    size: str | None
    budgets: dict[str, str]
    thresholds: tuple[float, ...]
    line: Line | None
    by: tuple[str, ...]
    design: Design | None
    x: dict[str, Array]

    @property
    def line_key(self) -> str:
        """The name of the line among the columns."""
        return LINE_KEY if self.line is None or self.line.name is None else self.line.name

    def place(self, column: str) -> int:
        """Where a column stands among the columns."""
        return list(self.x).index(column)


def burden_request(
    data: Any, *, oop: str, capacity: str, line: Line | None, thresholds: Any, by: By, design: Design | None,
    size: str | None, total: str | None, welfare: str | None,
) -> Burden:  # fmt: skip
    """The request with every name, option and value checked."""
    optional = {"size": size, "total": total, "welfare": welfare}
    check_columns_named(WHERE, oop=oop, capacity=capacity, **{k: v for k, v in optional.items() if v is not None})
    _check_line(line, welfare)
    shares = _thresholds(thresholds)
    columns = [oop, capacity, total, welfare, line.name if line else None]
    asked = requested(data, columns, by=by, design=design, size=size, context=CONTEXT, where=WHERE)
    frame, groups = asked.frame, asked.by
    _check_distinct(oop, line, capacity=capacity, total=total, welfare=welfare)
    budgets = {"capacity": capacity, **({"total": total} if total else {})}
    return Burden(frame=frame, oop=oop, welfare=welfare, size=size, budgets=budgets, thresholds=shares, line=line,
                  by=groups, design=design, x=_values(frame, oop, budgets, welfare, line))  # fmt: skip


def warn_of_units(asked: Burden, *, stacklevel: int) -> tuple[str, ...]:
    """Warn where most rows have a part larger than its whole, as when one is per person; returns the sentences as notes."""
    capacity = asked.budgets["capacity"]
    wholes = [w for w in (asked.budgets.get("total"), asked.welfare) if w is not None and w != capacity]
    said = []
    for whole in dict.fromkeys(wholes):
        above, known = asked.x[capacity] > asked.x[whole], ~np.isnan(asked.x[capacity] + asked.x[whole])
        if above[known].sum() > known.sum() / 2:
            said.append(f"{capacity} exceeds {whole} in {int(above[known].sum())} of {int(known.sum())} rows: are both in the "
                        "same unit, per household or per person?")  # fmt: skip
    for text in said:
        warnings.warn(text, ComparabilityWarning, stacklevel=stacklevel + 1)
    return tuple(said)


def _check_line(line: Any, welfare: str | None) -> None:
    if (line is None) != (welfare is None):
        given, lacking = ("welfare", "line") if line is None else ("line", "welfare")
        raise InputError(
            f"{given}= without {lacking}=", expected="both, for impoverishing spending, or neither", where=WHERE
        )
    if line is None:
        return
    if not isinstance(line, Line):
        raise InputError("line is no Line", expected="Line.absolute, .official or .column", got=repr(line), where=WHERE)
    if line.kind == "by_time":
        raise InputError("a line by time needs the panel's time", where=WHERE,
                         next_step="add it with poverty_status, then use Line.column('line')")  # fmt: skip
    if line.kind == "relative":
        raise InapplicableError(f"a line that is estimated, {line.describe()}, has a sampling error that is not included here",
                                expected="an absolute line or a column", where=WHERE,
                                next_step="put the line into a column and use Line.column; it is then taken as known")  # fmt: skip


def _check_distinct(oop: str, line: Line | None, **others: str | None) -> None:
    """Raise where one column plays two roles that cannot be one; welfare may be the total or the capacity."""
    roles = {"oop": oop, "line": line.name if line else None, **others}
    named = [(role, column) for role, column in roles.items() if column is not None]
    for i, (role, column) in enumerate(named):
        for other, again in named[i + 1 :]:
            if column == again and ("welfare" not in (role, other) or {role, other} & {"oop", "line"}):
                raise InputError(f"{role}= and {other}= are one column", got=repr(column), where=WHERE)


def _thresholds(value: Any) -> tuple[float, ...]:
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for t in given:
        if isinstance(t, bool) or not isinstance(t, Real) or not 0 < float(t) < 1:
            raise InputError(f"the threshold {t!r} is no share of a budget", expected="0 < threshold < 1", where=WHERE,
                             next_step="divide a percentage by 100")  # fmt: skip
    out = tuple(float(t) for t in given)
    if not out or len({f"{t:g}" for t in out}) < len(out):
        raise InputError("thresholds are empty or repeated", expected="each threshold once", got=out, where=WHERE)
    return out


def _values(
    frame: pd.DataFrame, oop: str, budgets: dict[str, str], welfare: str | None, line: Line | None
) -> dict[str, Array]:
    x = {oop: number_column(frame, oop, role="oop", where=WHERE)}
    if (low := x[oop] < 0).any():
        raise DataError(f"oop column {oop!r} has negative values", expected="0 or more", got=count_rows(low), where=WHERE,
                        next_step="net of reimbursements, spending is at least 0: set larger reimbursements to it")  # fmt: skip
    for role, name in budgets.items():
        x[name] = number_column(frame, name, role=role, where=WHERE)
    if welfare is None or line is None:
        return x
    x[welfare] = number_column(frame, welfare, role="welfare", where=WHERE)
    if line.name is None:
        x[LINE_KEY] = np.full(len(frame), float(line.amount or 0.0))
    else:
        x[line.name] = positive_column(frame, line.name, role="line", where=WHERE, missing_allowed=True)
    return x
