"""The Gini index as a ratio of sums over pairs, which is exact with ties.

G = A/(N T) - 1 with A = Sum_ij w_i w_j max(y_i, y_j), N = Sum w, T = Sum w y: half the mean absolute difference over the mean,
pairs of a row with itself included. It does not depend on the scale of the weights, and a weight of two is a row
given twice. R laeken gives this number (.2648962 on its synthetic EU-SILC); R convey and vardpoor give .2649652 there, since
they put 2 cumw - 1 where Eurostat's formula has 2 cumw - w: theirs is ours plus Sum w (w - 1) y/(N T), which changes with the
scale of the weights. Influence: Deville (1999), Survey Methodology 25:193-203.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gini:
    """The Gini index of the first column; NaN unless the mean is positive. Negative values are allowed: it may exceed 1."""

    name: str = "gini"
    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index."""
        return np.array([gini(x[:, 0], w)])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence 2 m/(N T) - (G + 1)(1/N + y/T) with m_i = Sum_j w_j max(y_i, y_j)."""
        return gini_influence(x[:, 0], w)[:, None]


def gini(y: Array, w: Array) -> float:
    """The index of values y with weights w."""
    size, total = float(w.sum()), float(w @ y)
    return float(w @ sums_of_larger(y, w)) / (size * total) - 1.0 if total > 0 else float("nan")


def gini_influence(y: Array, w: Array) -> Array:
    """(n,) influence of each row on the index."""
    size, total = float(w.sum()), float(w @ y)
    if total <= 0:
        return np.full(len(y), np.nan)
    larger = sums_of_larger(y, w)
    g = float(w @ larger) / (size * total) - 1.0
    return 2.0 * larger / (size * total) - (g + 1.0) * (1.0 / size + y / total)


def sums_of_larger(v: Array, w: Array) -> Array:
    """(n,) Sum_j w_j max(v_i, v_j): v_i times the weight at or below it, and the total of those above it."""
    order = np.argsort(v, kind="stable")
    ordered = v[order]
    last = np.searchsorted(ordered, ordered, side="right") - 1  # the last of the rows tied with each
    weight, total = np.cumsum(w[order]), np.cumsum(w[order] * ordered)
    out = np.empty(len(v))
    out[order] = ordered * weight[last] + (total[-1] - total[last])
    return out
