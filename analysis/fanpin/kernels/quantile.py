"""Weighted quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TOLERANCE = 1e-12  # cumulated weights within this share of their sum are equal


def weighted_quantile(values: Array, weight: Array, p: float) -> float:
    """The smallest y with F(y) > p, and the mean of the two values where F(y) = p.

    F is the weighted distribution function; equality is judged up to rounding of the cumulated weights, so that the scale
    of the weights does not matter.

    Parameters
    ----------
    values : (n,) array
        Values, none missing.
    weight : (n,) array
        Positive weights.
    p : float
        A share, 0 < p < 1.
    """
    order = np.argsort(values, kind="stable")
    y, cumulated = values[order], np.cumsum(weight[order])
    target, slack = p * cumulated[-1], TOLERANCE * cumulated[-1]
    first = int(np.searchsorted(cumulated, target - slack))
    if cumulated[first] <= target + slack and first + 1 < len(y):
        return float((y[first] + y[first + 1]) / 2)
    return float(y[first])
