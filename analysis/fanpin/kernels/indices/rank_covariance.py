"""Twice the covariance of variables with the fractional rank of another: what Gini and concentration indices are made of.

With mid-ranks F_i = (weight below i + half the weight tied with i)/N,

    D(a, b) = 2 cov(a, F_b) = N^-2 Sum_ij w_i w_j a_i sgn(b_i - b_j)

is a V-statistic: exact with ties, free of the scale of the weights, and a weight of two is a row given twice. D(y, y)/mean y
is the Gini index of `fanpin.kernels.indices.gini`. Since dD/dw_k = (e_k - 2 D)/N with e_k = N^-1 Sum_j w_j (a_k - a_j)
sgn(b_k - b_j), the influence is exact. Lerman & Yitzhaki (1989), Journal of Econometrics 42:43-47, for weighted ranks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.linearised import Linearised

Array = NDArray[np.float64]
TOLERANCE = 1e-13  # sums that differ by rounding alone are tied, whatever the order they were added in


def rank_covariance(a: Array, b: Array, w: Array) -> Linearised:
    """D of each column of a (n, q) with the rank of b (n,); exactly 0 for a constant column or rank."""
    code = tied_codes(b)
    held = _sums(code, w)
    size = float(np.cumsum(held)[-1])
    balance = _below_less_above(held)[code]  # Sum_j w_j sgn(b_i - b_j)
    shifted = a - a[0]  # D does not change, and constants vanish without rounding
    weighted = w[:, None] * shifted
    across = np.column_stack([_below_less_above(_sums(code, c))[code] for c in weighted.T])
    d = balance @ weighted / size**2
    return Linearised(d, ((shifted * balance[:, None] - across) / size - 2.0 * d) / size)


def tied_codes(b: Array) -> NDArray[np.int64]:
    """(n,) codes from 0 in the order of b; values within rounding of each other share one."""
    order = np.argsort(b, kind="stable")
    apart = np.diff(b[order]) > TOLERANCE * np.abs(b).max()
    code = np.empty(len(b), dtype=np.int64)
    code[order] = np.concatenate([[0], np.cumsum(apart)])
    return code


def _below_less_above(held: Array) -> Array:
    """For each class in order, what the classes below it hold less what those above it hold."""
    upto = np.cumsum(held)
    return np.asarray(2.0 * upto - held - upto[-1])


def _sums(code: NDArray[np.int64], values: Array) -> Array:
    return np.bincount(code, weights=values).astype(np.float64)
