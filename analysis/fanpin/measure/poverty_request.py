"""What was asked of `poverty`, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from fanpin.core.arguments import as_names, check_columns_named, check_design, check_flag, check_table
from fanpin.core.design import Design
from fanpin.core.errors import InputError, require_columns
from fanpin.core.line import Line
from fanpin.core.options import Bandwidth, PovertyIndex, check_option
from fanpin.kernels.poverty import POWERS
from fanpin.measure.cells import By, by_columns

WHERE = "fp.poverty"
CONTEXT = ("population",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PovertyRequest:
    """The arguments of `poverty`; `indices` and `by` as tuples, `design` never None."""

    welfare: str
    line: Line
    indices: tuple[PovertyIndex, ...]
    strict: bool
    by: tuple[str, ...]
    design: Design
    size: str | None
    bandwidth: Bandwidth

    @property
    def powers(self) -> tuple[int, ...]:
        """Powers of the indices."""
        return tuple(POWERS[i] for i in self.indices)

    @property
    def columns(self) -> list[str]:
        """Every column the computation reads, without repeats."""
        named = (self.welfare, self.line.name, self.size, *self.line.by, *self.by, *self.design.columns)
        return list(dict.fromkeys(c for c in named if c is not None))

    @property
    def without_weight(self) -> Design:
        """The design of records that are already weighted sums."""
        return replace(self.design, weight=None)

    def needs_rows(self, data: Any) -> bool:
        """Whether single rows are needed: a frame, an estimated line, or rows that are their own PSU."""
        return isinstance(data, pd.DataFrame) or self.line.kind == "relative" or self.design.psu is None


def poverty_request(
    data: Any, *, welfare: str, line: Line, indices: Sequence[PovertyIndex], strict: bool, by: By, design: Design | None,
    size: str | None, bandwidth: Bandwidth,
) -> PovertyRequest:  # fmt: skip
    """The request, every name and option checked."""
    check_table(data, where=WHERE)
    check_design(design)
    check_flag("strict", strict)
    check_columns_named(WHERE, welfare=welfare)
    if not isinstance(line, Line):
        raise InputError("line is no Line", expected="Line.absolute, .relative, .official or .column", got=repr(line))
    if line.kind == "by_time":
        raise InputError("a line by time needs the panel's time", where=WHERE,
                         next_step="add it with poverty_status, then use Line.column('line')")  # fmt: skip
    names: tuple[PovertyIndex, ...] = as_names("indices", indices)  # type: ignore[assignment]
    for name in names:
        check_option("indices", name, PovertyIndex)
    if not names or len(set(names)) < len(names):
        raise InputError("indices are empty or repeated", expected="each index once", got=names)
    check_option("bandwidth", bandwidth, Bandwidth)
    columns = list(data.columns)
    request = PovertyRequest(
        welfare=welfare, line=line, indices=names, strict=strict, design=design or Design(), size=size,
        by=by_columns(by, columns, context=CONTEXT, where=WHERE), bandwidth=bandwidth,
    )  # fmt: skip
    require_columns(columns, request.columns, where=WHERE)
    return request
