"""What was asked of `chronic_poverty`, checked, and the panel as one row a unit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named, check_design, check_flag
from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InapplicableError, InputError
from fanpin.core.line import Line
from fanpin.core.numbers import number_column
from fanpin.core.options import ChronicMethod, FgtIndex, check_option
from fanpin.measure.cells import By, by_columns
from fanpin.measure.known_line import check_known_line, line_of_rows
from fanpin.panel import checks
from fanpin.panel.frames import check_unique, checked_frame

Array = NDArray[np.float64]
WHERE = "fp.chronic_poverty"
CONTEXT = ("population",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicRequest:
    """The arguments of `chronic_poverty`, `by` as a tuple."""

    unit: str
    time: str
    welfare: str
    line: Line
    index: FgtIndex
    method: ChronicMethod
    strict: bool
    min_waves: int
    by: tuple[str, ...]
    design: Design | None

    @property
    def corrected(self) -> bool:
        """Whether the bias from few waves is taken off."""
        return self.method == "bias_corrected"

    @property
    def options(self) -> dict[str, Any]:
        """What was asked, as plain data."""
        names = ("unit", "time", "welfare", "index", "method", "strict", "min_waves")
        return {**{n: getattr(self, n) for n in names}, "line": self.line.describe(), "by": list(self.by)}


def chronic_request(
    data: Any, *, unit: str, time: str, welfare: str, line: Line, index: FgtIndex, method: ChronicMethod, strict: bool,
    min_waves: int, by: By, design: Design | None,
) -> ChronicRequest:  # fmt: skip
    """The request, every name and option checked, and the key of the panel."""
    check_design(design)
    check_flag("strict", strict)
    check_option("index", index, FgtIndex)
    check_option("method", method, ChronicMethod)
    checks.check_whole("min_waves", min_waves)
    check_known_line(line, where=WHERE)
    check_columns_named(WHERE, unit=unit, time=time, welfare=welfare)
    checked_frame(data, [unit, time, welfare, line.name, *(design.columns if design else ())], where=WHERE)
    names = by_columns(by, data.columns, context=CONTEXT, where=WHERE)
    if method == "bias_corrected" and index != "severity":
        raise InapplicableError(f"the {index} has no correction for few waves", expected='index="severity"', where=WHERE,
                                got="an index whose second derivative is 0 off the line")  # fmt: skip
    if method == "bias_corrected" and min_waves < 2:
        raise InputError("the correction needs units seen twice", expected="min_waves=2 or more", got=min_waves)
    check_unique(data, [unit, time], where=WHERE)
    return ChronicRequest(unit=unit, time=time, welfare=welfare, line=line, index=index, method=method, strict=strict,
                          min_waves=min_waves, by=names, design=design)  # fmt: skip


def relative_welfare(data: pd.DataFrame, request: ChronicRequest, *, stacklevel: int) -> Array:
    """(n,) welfare as a share of the line, missing where either is; such rows are counted and warned of."""
    line = line_of_rows(data, request.line, time=request.time, where=WHERE)
    share = number_column(data, request.welfare, role="welfare", where=WHERE) / line
    if (missing := int(np.isnan(share).sum())) > 0:
        warnings.warn(f"rows without {request.welfare} or a line, of {len(data)}: {missing}; such waves count as not seen",
                      DroppedRowsWarning, stacklevel=stacklevel + 1)  # fmt: skip
    if missing == len(data):
        raise DataError(f"{request.welfare!r} is missing in all rows", where=WHERE)
    return np.asarray(share)


def one_place(data: pd.DataFrame, seen: NDArray[np.bool_], request: ChronicRequest) -> pd.DataFrame:
    """The unit's last wave with welfare (or last wave, if it has none): its weight, groups and place; index: the unit.

    Raises
    ------
    DataError : a stratum or PSU differs between the waves of a unit.
    """
    design = request.design or Design()
    for role, name in (("stratum", design.stratum), ("psu", design.psu)):
        if name is not None and name != request.unit:
            _refuse_moves(data, request.unit, name, role)
    ordered = data.assign(seen__=seen).sort_values([request.unit, "seen__", request.time])
    last = ordered.drop_duplicates(request.unit, keep="last").set_index(request.unit, drop=False)
    return last[list(dict.fromkeys([request.unit, *design.columns, *request.by]))]


def _refuse_moves(data: pd.DataFrame, unit: str, name: str, role: str) -> None:
    places = data[[unit, name]].drop_duplicates()
    moved = places.loc[places[unit].duplicated(), unit].unique()
    if len(moved):
        raise DataError(f"{role} {name!r} differs between the waves of {len(moved)} units",
                        expected=f"one {role} for all waves of a unit", got=f"unit {moved[0]!r}", where=WHERE,
                        next_step="give every row the stratum and PSU in which the unit was first sampled")  # fmt: skip
