"""TIP curves, the "Three I's of Poverty", with design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from fanpin.core.arguments import check_design, check_table
from fanpin.core.design import Design
from fanpin.core.line import Line
from fanpin.core.options import Bandwidth
from fanpin.kernels.index import LineIndex
from fanpin.kernels.indices.lorenz import Tip
from fanpin.measure.cells import By, by_columns
from fanpin.measure.curve_points import SHARE, curve_points, curve_terms
from fanpin.measure.described import described
from fanpin.measure.poverty_records import row_records
from fanpin.measure.poverty_request import PovertyRequest, poverty_request
from fanpin.measure.poverty_result import poverty_measures
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.tip"
POINTS = tuple(round(0.01 * k, 2) for k in (*range(1, 31), *range(35, 101, 5)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TipRequest(PovertyRequest):
    """A request for ordinates of the TIP curve in the place of indices."""

    points: tuple[float, ...]

    @property
    def others(self) -> tuple[LineIndex, ...]:
        """The ordinates, an index a point."""
        return tuple(Tip(p) for p in self.points)


def tip(
    data: pd.DataFrame | ir.Table,
    *,
    welfare: str,
    line: Line,
    points: Sequence[float] = POINTS,
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    bandwidth: Bandwidth = "n",
) -> Measures:
    """Ordinates of the TIP curve: the poverty gaps of the share p of the population with the largest gaps, per head of all.

    With gap ratios ``g = (z - y)/z`` of the poor and 0 of others, ``TIP(p) = Sum_{largest p} w g / Sum w``. The curve turns
    flat at the headcount ratio (incidence), at the height of the poverty gap (intensity), and bends the more the more unequal
    the gaps of the poor are (inequality). A curve that nowhere lies below another shows at least as much poverty by every
    index that is replication-invariant, increasing and Schur-convex in gap ratios, for this line and all proportionally lower ones.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design. An Ibis
        table's columns are loaded.
    welfare, line, by, design, size, bandwidth
        As in `fp.poverty`; with a relative line standard errors include that of the line, and each group of `by` must have
        one line (add the columns of `line.by` to `by`).
    points : sequence of float
        Shares of the population, 0 < p <= 1, increasing; by default every hundredth up to .3, then every twentieth.

    Returns
    -------
    Measures
        Kind "tip": term `tip`, a row a group and `population_share`; `fp.figures.tip` draws them. At p = 1 the ordinate is
        the poverty gap of `fp.poverty`.

    Raises
    ------
    UnknownNameError, InputError, DataError : as `fp.poverty`; points empty, outside (0, 1] or not increasing.
    InapplicableError : a group of `by` meets several estimated lines.

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare, line or group, counted by column; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Jenkins & Lambert (1997), Oxford Economic Papers 49:317-327.
    Jenkins & Lambert (1998), Research on Economic Inequality 8:39-56, on lines below the one drawn.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> people = pd.DataFrame({"income": [50.0, 150.0, 80.0, 300.0]})
    >>> line = fp.Line.absolute(100, currency="CNY", year=2010)
    >>> fp.tip(people, welfare="income", line=line, points=[0.25, 1]).params.round(3).tolist()
    [0.125, 0.175]
    """
    check_table(data, where=WHERE)
    check_design(design)
    shares = curve_points(points, where=WHERE)
    by_columns(by, list(data.columns), context=("population", SHARE), where=WHERE)
    asked = poverty_request(data, welfare=welfare, line=line, indices=("gap",), strict=True, by=by, design=design, size=size,
                            bandwidth=bandwidth)  # fmt: skip
    request = _tip_request(asked, shares)
    measures = poverty_measures(row_records(data, request), request)
    kept = {k: v for k, v in measures.options.items() if k not in ("indices", "strict")}
    return described(replace(measures, kind="tip", options={**kept, "points": list(shares)}), curve_terms("tip", shares),
                     by=(SHARE,))  # fmt: skip


def _tip_request(asked: PovertyRequest, points: tuple[float, ...]) -> TipRequest:
    given = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    return TipRequest(**{**given, "indices": tuple(t for p in points for t in Tip(p).terms)}, points=points)
