"""How far orderings of groups by multidimensional poverty depend on the weights and the cutoff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fanpin.core.design import Design
from fanpin.core.errors import InapplicableError, InputError
from fanpin.core.options import check_level
from fanpin.kernels.cell_means import Array, Codes
from fanpin.kernels.indices.alkire_foster import AlkireFoster
from fanpin.measure.cells import By
from fanpin.measure.deprivation_weights import Weights
from fanpin.measure.indices import measure_indices
from fanpin.measure.multidimensional_request import Deprivations, deprivations, warn_near_cutoff
from fanpin.results import Measures
from fanpin.results.inference import reference_distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.multidimensional_robustness"
STACK = 2  # frames between the engine and the user's call
ORDERED_BY = ("headcount", "adjusted_headcount")
EQUAL = 1e-12  # groups whose measures differ by less have no order


def multidimensional_robustness(
    data: pd.DataFrame | ir.Table,
    *,
    indicators: Sequence[str],
    weights: Weights | Mapping[str, Weights],
    cutoffs: float | Sequence[float],
    by: By,
    design: Design | None = None,
    size: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Share of the pairs of groups that keep their order over a grid of cutoffs and weighting schemes.

    A pair keeps its order if the same group is the poorer one in every setting, a setting being one scheme and one cutoff. It
    keeps it significantly if, besides, the difference differs from 0 in every setting, by a t test with the joint covariance
    of the two groups; pairs are not corrected for their number.

    Parameters
    ----------
    data, indicators, by, design, size
        As in `multidimensional`; `by` must form at least two groups.
    weights : as in `multidimensional`, or {scheme: such weights}
        One weighting scheme, or several by name: {"equal": "equal", "health first": {"ill": 0.6, "school": 0.4}}.
    cutoffs : float or sequence of float
        The poverty cutoffs of the grid.
    level : float
        Confidence level of the tests.

    Returns
    -------
    DataFrame
        A row for `headcount` and for `adjusted_headcount`: term, groups, settings, pairs, keep_order, share_keep_order,
        keep_significantly, share_keep_significantly.

    Raises
    ------
    InputError : as in `multidimensional`; one setting only; a level outside (0, 1).
    InapplicableError : fewer than two groups.
    UnknownNameError, DataError : as in `multidimensional`.

    Warns
    -----
    DroppedRowsWarning, TiesAtLineWarning, DesignWarning : as in `multidimensional`.

    References
    ----------
    Alkire & Santos (2014), World Development 59:251-274, doi:10.1016/j.worlddev.2014.01.026.
    Alkire, Foster, Seth, Santos, Roche & Ballon (2015), Multidimensional Poverty Measurement and Analysis, ch. 8.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"place": ["a"] * 4 + ["b"] * 4, "school": [1, 1, 1, 0, 0, 0, 1, 0], "ill": [1, 1, 0, 1, 0, 0, 0, 0]})
    >>> found = fp.multidimensional_robustness(homes, indicators=["school", "ill"], weights="equal", cutoffs=[0.5, 1], by="place")
    >>> found["share_keep_order"].tolist()
    [1.0, 1.0]
    """
    check_level(level)
    asked = deprivations(data, indicators=indicators, schemes=_schemes(weights), cutoffs=cutoffs, by=by, size=size,
                         design=design, where=WHERE)  # fmt: skip
    settings = [(scheme, k) for scheme in asked.weights for k in asked.cutoffs]
    if len(settings) < 2:
        raise InputError("one setting has nothing to be compared with", where=WHERE,
                         expected="several cutoffs=, or several schemes in weights=")  # fmt: skip
    indices = [AlkireFoster(asked.weights[s], k, f", {s or 'weights'}, cutoff {round(k, 4)}") for s, k in settings]
    measures = measure_indices(asked.frame, asked.x, indices, by=asked.by, design=asked.design, size=asked.size,
                               kind="multidimensional", options={}, notes=warn_near_cutoff(asked, stacklevel=STACK),
                               where=WHERE, stacklevel=STACK)  # fmt: skip
    return _shares(measures, asked, len(settings), level)


def _schemes(weights: Any) -> dict[str, Any]:
    """Schemes by name: a mapping of names to "equal" or to mappings; anything else is one scheme."""
    if isinstance(weights, Mapping) and weights and all(isinstance(w, (str, Mapping)) for w in weights.values()):
        return {str(name): w for name, w in weights.items()}
    return {"": weights}


def _shares(measures: Measures, asked: Deprivations, settings: int, level: float) -> pd.DataFrame:
    groups = len(measures.rows) // (settings * 3)
    if groups < 2:
        raise InapplicableError("one group has no order", expected="at least two groups", got=f"by={list(asked.by)}",
                                where=WHERE)  # fmt: skip
    first, second = np.triu_indices(groups, 1)
    needed = float(reference_distribution(measures.df_resid).ppf(0.5 + level / 2))
    estimates, cov = measures.params.to_numpy().reshape(settings, 3, groups), measures.cov.to_numpy()
    rows = []
    for place, term in ((0, "headcount"), (2, "adjusted_headcount")):
        sign, clear = np.zeros((settings, len(first))), np.zeros((settings, len(first)), dtype=bool)
        for s in range(settings):
            start = (s * 3 + place) * groups
            error = _difference_errors(cov[start : start + groups, start : start + groups], first, second)
            apart = estimates[s, place, first] - estimates[s, place, second]
            sign[s] = np.where(np.abs(apart) > EQUAL, np.sign(apart), 0.0)
            clear[s] = (error > 0) & (np.abs(apart) > needed * error)
        kept = np.abs(sign.sum(axis=0)) == settings
        rows.append({"term": term, "groups": groups, "settings": settings, "pairs": len(first),
                     "keep_order": int(kept.sum()), "share_keep_order": float(kept.mean()),
                     "keep_significantly": int((kept & clear.all(axis=0)).sum()),
                     "share_keep_significantly": float((kept & clear.all(axis=0)).mean())})  # fmt: skip
    return pd.DataFrame(rows)


def _difference_errors(cov: Array, first: Codes, second: Codes) -> Array:
    """Standard errors of the differences of pairs; missing where one of the two has none."""
    variance = cov[first, first] + cov[second, second] - 2 * cov[first, second]
    return np.sqrt(np.where(np.isnan(variance), np.nan, np.maximum(variance, 0.0)))
