"""Funnel limits: where rates lie that differ from the overall rate by binomial chance only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fanpin.core.options import check_level

Array = NDArray[np.float64]


def funnel_limits(total: Array, *, rate: float, level: float) -> tuple[Array, Array]:
    """Lower and upper limits for rates of `total` trials around an overall rate.

    Exact binomial quantiles, interpolated so that limits are smooth in the number of trials (Spiegelhalter 2005,
    Statistics in Medicine 24:1185-1202, appendix A.1.1).

    Parameters
    ----------
    total : (G,) array
        Numbers of trials.
    rate : float
        The overall rate, 0 < rate < 1.
    level : float
        Share of rates that chance alone leaves inside, such as 0.95.
    """
    tail = (1 - check_level(level)) / 2
    low, high = (_quantile(share, total, rate) / total for share in (tail, 1 - tail))
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def _quantile(share: float, total: Array, rate: float) -> Array:
    whole = stats.binom.ppf(share, total, rate)
    at, before = stats.binom.cdf(whole, total, rate), stats.binom.cdf(whole - 1, total, rate)
    return np.asarray(whole - (at - share) / (at - before))
