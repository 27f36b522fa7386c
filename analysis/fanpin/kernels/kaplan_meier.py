"""The product-limit estimator as a function of hazards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


def survivor_and_slopes(hazard: Array, group: Codes) -> tuple[Array, Array]:
    """S_j = Prod_{i <= j} (1 - h_i) within each group, and its derivatives.

    The derivative in h_k, k <= j, is minus the product over i <= j other than k, so that it exists where h_k = 1 too.
    With these slopes, hazards' variances h (1 - h)/n give Greenwood's (1926) formula, and linearised variances of
    weighted hazards that of the weighted estimator.

    Parameters
    ----------
    hazard : (C,) array
        Hazards in the order of time within each group.
    group : (C,) integer array
        Group of each hazard, equal ones standing together.

    Returns
    -------
    survivor : (C,)
    slopes : (C, C) of S_j in h_k.
    """
    survivor, slopes = np.empty(len(hazard)), np.zeros((len(hazard), len(hazard)))
    for g in np.unique(group):
        at = np.flatnonzero(group == g)
        stays = 1.0 - hazard[at]
        survivor[at] = np.cumprod(stays)
        for k in range(len(at)):
            others = stays.copy()
            others[k] = 1.0
            slopes[at[k:], at[k]] = -np.cumprod(others)[k:]
    return survivor, slopes
