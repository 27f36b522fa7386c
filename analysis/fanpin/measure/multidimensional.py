"""Multidimensional poverty by the method of Alkire and Foster, and how far its orderings depend on weights and cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fanpin.core.design import Design
from fanpin.kernels.indices.alkire_foster import LEVELS, PARTS, AlkireFoster, ByIndicator
from fanpin.measure.cells import By
from fanpin.measure.deprivation_weights import Weights
from fanpin.measure.described import described
from fanpin.measure.indices import measure_indices
from fanpin.measure.multidimensional_request import Deprivations, deprivations, warn_near_cutoff
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.multidimensional"
STACK = 2  # frames between the engine and the user's call


def multidimensional(
    data: pd.DataFrame | ir.Table,
    *,
    indicators: Sequence[str],
    weights: Weights,
    cutoff: float | Sequence[float],
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
) -> Measures:
    """Headcount H, intensity A and adjusted headcount M0 of multidimensional poverty, and the part of each indicator.

    With deprivations d_ij and weights v_j that sum to 1, row i has the score ``c_i = Sum_j v_j d_ij`` and is poor if
    ``c_i >= k`` (up to 1e-9, so that sixths add up to a third). ``H = mean 1[poor]``, ``M0 = mean c 1[poor]``, ``A = M0/H``;
    for indicator j the uncensored headcount is ``mean d_j``, the censored headcount ``h_j = mean d_j 1[poor]`` and the
    contribution ``v_j h_j / M0``. Means are weighted; standard errors are linearised, and exact as far as means and ratios are.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design.
    indicators : sequence of str
        Columns of 0/1 or of true and false: 1 is deprived. Rows with a missing indicator are left out of all measures.
    weights : "equal", {indicator: weight} or {dimension: [indicators]}
        "equal" weighs indicators the same; numbers must sum to 1; with dimensions, dimensions weigh the same and so do the
        indicators within each.
    cutoff : float or sequence of float
        The poverty cutoff k, 0 < k <= 1: at most the smallest weight is the union, 1 the intersection. With several, rows
        have a column `cutoff`, rounded to four decimals; uncensored headcounts do not depend on it and are repeated.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample. With the wave among them, rows of all
        waves stand in one design, so that differences between waves take account of households and PSUs seen twice.
    design : Design or None
        Weights, strata, PSUs, fpc; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight.

    Returns
    -------
    Measures
        Kind "multidimensional"; terms `headcount`, `intensity`, `adjusted_headcount`, and for each indicator
        `uncensored:<indicator>`, `censored:<indicator>`, `contribution:<indicator>`, with the indicator once more in a column
        of context. Contributions sum to 1; weight times censored headcount sums to M0. Intervals are formed on the logit
        scale, with t on PSUs - strata degrees of freedom, and are missing at 0 and 1.

    Raises
    ------
    UnknownNameError : a column does not exist, or a weight is given to what is no indicator.
    InputError : indicators or cutoffs empty or repeated; a cutoff outside (0, 1]; weights of another form, not positive, not
        summing to 1 or not given for each indicator.
    DataError : no rows; an indicator that holds other values than 0 and 1; weights, sizes, strata, PSUs or fpc that cannot be
        (see `fanpin.core.design_arrays`).

    Warns
    -----
    DroppedRowsWarning : rows with a missing indicator or group, counted by column; groups left without a row.
    TiesAtLineWarning : a cutoff lies just above a score, as 0.667 above two thirds.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Alkire & Foster (2011), Journal of Public Economics 95:476-487, doi:10.1016/j.jpubeco.2010.11.006.
    Alkire, Foster, Seth, Santos, Roche & Ballon (2015), Multidimensional Poverty Measurement and Analysis, ch. 5 and 8.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"schooling": [1, 1, 0, 0], "water": [1, 0, 1, 0]})
    >>> found = fp.multidimensional(homes, indicators=["schooling", "water"], weights="equal", cutoff=1.0)
    >>> found.params["adjusted_headcount"]
    np.float64(0.25)
    """
    asked = deprivations(data, indicators=indicators, schemes={"": weights}, cutoffs=cutoff, by=by, size=size, design=design,
                         where=WHERE)  # fmt: skip
    several = len(asked.cutoffs) > 1
    indices: list[AlkireFoster | ByIndicator] = []
    for k in asked.cutoffs:
        suffix = f", cutoff {round(k, 4)}" if several else ""
        indices += [
            AlkireFoster(asked.weights[""], k, suffix),
            ByIndicator(asked.indicators, asked.weights[""], k, suffix),
        ]
    measures = measure_indices(
        asked.frame, asked.x, indices, by=asked.by, design=asked.design, size=asked.size, kind="multidimensional",
        options=_options(asked), notes=(*_notes(asked), *warn_near_cutoff(asked, stacklevel=STACK)),
        interval="logit", where=WHERE, stacklevel=STACK,
    )  # fmt: skip
    return described(measures, _terms(asked), by=("cutoff",) if several else (), context=("indicator",))


def _terms(asked: Deprivations) -> pd.DataFrame:
    """What each term of the indices is: its name, its cutoff, its indicator."""
    one = [(name, "") for name in LEVELS]
    one += [(f"{part}:{i}", i) for part in PARTS for i in asked.indicators]
    return pd.DataFrame(
        [
            {"term": term, "cutoff": round(k, 4), "indicator": indicator}
            for k in asked.cutoffs
            for term, indicator in one
        ]
    )


def _options(asked: Deprivations) -> dict[str, object]:
    weights = dict(zip(asked.indicators, asked.weights[""], strict=True))
    return {"indicators": list(asked.indicators), "weights": weights, "cutoffs": list(asked.cutoffs), "by": list(asked.by),
            "size": asked.size}  # fmt: skip


def _notes(asked: Deprivations) -> tuple[str, ...]:
    listed = ", ".join(f"{i} {w:.4g}" for i, w in zip(asked.indicators, asked.weights[""], strict=True))
    cutoffs = ", ".join(f"{k:.4g}" for k in asked.cutoffs)
    return (f"poor: weighted share of deprivations at or above {cutoffs}; weights {listed}",)
