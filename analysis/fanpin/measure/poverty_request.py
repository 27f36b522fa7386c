"""What was asked of `poverty`, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from fanpin.core.arguments import as_names, check_columns_named, check_design, check_flag, check_table
from fanpin.core.design import Design, Replicates
from fanpin.core.errors import InputError, require_columns
from fanpin.core.line import Line
from fanpin.core.options import Bandwidth, PovertyIndex, check_option
from fanpin.kernels.density import row_density
from fanpin.kernels.index import LineIndex
from fanpin.kernels.poverty import POWERS
from fanpin.measure.cells import By, by_columns
from fanpin.measure.registry import LINE_INDICES

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
        """Powers of the Foster-Greer-Thorbecke indices among the indices."""
        return tuple(POWERS[i] for i in self.indices if i in POWERS)

    @property
    def others(self) -> tuple[LineIndex, ...]:
        """The indices that are no means of powers of the gap."""
        density = partial(row_density, rule=self.bandwidth)
        return tuple(LINE_INDICES[i](self.strict, density) for i in self.indices if i not in POWERS)

    @property
    def replication(self) -> Replicates | None:
        """How standard errors are replicated, if they are."""
        return self.design.replication

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
        """Whether single rows are needed: a frame, an estimated line, no sums, or rows that are their own PSU."""
        sums = self.line.kind != "relative" and self.replication is None and len(self.powers) == len(self.indices)
        return isinstance(data, pd.DataFrame) or not sums or self.design.psu is None


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
