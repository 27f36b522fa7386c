"""Lorenz curves with design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named, check_flag
from fanpin.core.design import Design
from fanpin.core.numbers import number_column
from fanpin.kernels.indices.lorenz import Lorenz
from fanpin.measure.cells import By
from fanpin.measure.curve_points import SHARE, curve_points, curve_terms
from fanpin.measure.described import described
from fanpin.measure.indices import measure_indices
from fanpin.measure.requested import requested
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.lorenz"
STACK = 2  # frames between the engine and the user's call
POINTS = tuple(round(0.05 * k, 2) for k in range(1, 21))


def lorenz(
    data: pd.DataFrame | ir.Table,
    *,
    welfare: str,
    points: Sequence[float] = POINTS,
    generalised: bool = False,
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
) -> Measures:
    """Ordinates of the Lorenz curve: the share of all welfare that the poorest share p of the population has.

    ``L(p) = Sum_{poorest p} w y / Sum w y``, the household in which the share is reached counted in part; the generalised
    curve is ``GL(p) = mean * L(p)``, in the unit of welfare. Standard errors are linearised and need no density:
    ``u = ((y - q) 1[y <= q] + p q - L y)/Sum w y`` with the quantile q at p.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design. An Ibis
        table's columns are loaded.
    welfare : str
        Income or consumption, in any unit. Negative values are allowed and counted in the notes: the curve then dips below 0.
    points : sequence of float
        Shares of the population, 0 < p <= 1, increasing; by default every twentieth.
    generalised : bool
        Ordinates of the generalised curve (Shorrocks 1983).
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight.

    Returns
    -------
    Measures
        Kind "lorenz": term `lorenz` or `generalised_lorenz`, a row a group and `population_share`; `fp.figures.lorenz`
        draws them. L is 1 at p = 1, without sampling error.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : points empty, outside (0, 1] or not increasing; a `by` column of a name that the result needs.
    DataError : no rows; welfare not numeric or infinite; weights, sizes, strata, PSUs or fpc that cannot be (see
        `fanpin.core.design_arrays`).

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare or group, counted; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Beach & Davidson (1983), Review of Economic Studies 50:723-735.
    Kovacevic & Binder (1997), Journal of Official Statistics 13:41-58.
    Shorrocks (1983), Economica 50:3-17.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> people = pd.DataFrame({"income": [10.0, 20.0, 30.0, 140.0]})
    >>> fp.lorenz(people, welfare="income", points=[0.5]).params["lorenz[population_share=0.5]"]
    np.float64(0.15)
    """
    check_flag("generalised", generalised)
    check_columns_named(WHERE, welfare=welfare)
    shares = curve_points(points, where=WHERE)
    asked = requested(data, [welfare], by=by, design=design, size=size, context=("population", SHARE), where=WHERE)
    frame, groups = asked.frame, asked.by
    y = number_column(frame, welfare, role="welfare", where=WHERE)
    measures = measure_indices(
        frame, {welfare: y}, [Lorenz(shares, generalised)], by=groups, design=design, size=size, kind="lorenz",
        options=_options(welfare, shares, generalised, groups, size), notes=_notes(welfare, y), where=WHERE, stacklevel=STACK,
    )  # fmt: skip
    return described(measures, curve_terms("generalised_lorenz" if generalised else "lorenz", shares), by=(SHARE,))


def _options(
    welfare: str, points: tuple[float, ...], generalised: bool, by: tuple[str, ...], size: str | None
) -> dict[str, Any]:
    return {"welfare": welfare, "points": list(points), "generalised": generalised, "by": list(by), "size": size}


def _notes(welfare: str, y: np.ndarray) -> tuple[str, ...]:
    negative = int((y < 0).sum())
    return (f"{negative} rows have negative {welfare}: the curve falls where they stand",) if negative else ()
