"""Generalised entropy indices, Theil's two among them.

With s = y/mean(y), GE(a) = (mean s^a - 1)/(a (a - 1)), GE(0) = -mean ln s (Theil L, the mean log deviation) and
GE(1) = mean s ln s (Theil T). Shorrocks (1980), Econometrica 48:613-625. All are smooth functions of totals, whose
influence is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GeneralisedEntropy:
    """GE(a) of the first column.

    Parameters
    ----------
    a : sensitivity: small for the lower tail, large for the upper one.
    name : what the term is called.
    """

    a: float
    name: str
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    @property
    def lowest(self) -> str:
        """Zeros have an index for a > 0 only; negative values have none."""
        return "zero" if self.a > 0 else "positive"

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index; NaN where the values have none."""
        return np.array([generalised_entropy(x[:, 0], w, self.a)])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence of each row."""
        return entropy_influence(x[:, 0], w, self.a)[:, None]


def generalised_entropy(y: Array, w: Array, a: float) -> float:
    """GE(a) of values y with weights w; NaN where the values have none."""
    if not has_entropy(y, w, a):
        return float("nan")
    s = relative(y, w)
    if a == 0:
        return -_mean(np.log(s), w)
    if a == 1:
        return _mean(s_log_s(s), w)
    return _mean(_excess(s, a), w) / (a * (a - 1.0))


def entropy_influence(y: Array, w: Array, a: float) -> Array:
    """(n,) influence (s^a - m - a m (s - 1))/(N a (a - 1)) with m = mean s^a, and its limits at 0 and 1."""
    if not has_entropy(y, w, a):
        return np.full(len(y), np.nan)
    s, size, index = relative(y, w), w.sum(), generalised_entropy(y, w, a)
    if a == 0:
        return np.asarray((s - 1.0 - np.log(s) - index) / size)
    if a == 1:
        return np.asarray((s_log_s(s) - index - (1.0 + index) * (s - 1.0)) / size)
    above = a * (a - 1.0) * index  # m - 1
    slope = -a * (1.0 + above) if a < 0.5 else (1.0 - a) - a * above
    return np.asarray((_excess(s, a) - above + slope * (s - 1.0)) / (a * (a - 1.0) * size))


def has_entropy(y: Array, w: Array, a: float) -> bool:
    """Whether GE(a) is defined: values above 0, or for a > 0 not below it, and a positive mean."""
    return bool(y.min() > 0 or (a > 0 and y.min() >= 0 and float(w @ y) > 0))


def relative(y: Array, w: Array) -> Array:
    """(n,) values over their weighted mean."""
    return np.asarray(y / _mean(y, w))


def s_log_s(s: Array) -> Array:
    """(n,) s ln s, 0 at 0."""
    return s * np.log(np.where(s > 0, s, 1.0))


def _excess(s: Array, a: float) -> Array:
    """(n,) s^a - 1, or s^a - s where a is nearer to 1: both have the mean m - 1, without cancelling near a = 0 or 1."""
    if a < 0.5:
        with np.errstate(divide="ignore"):  # ln 0, for which s^a - 1 = -1
            return np.expm1(a * np.log(s))
    return s * np.expm1((a - 1.0) * np.log(np.where(s > 0, s, 1.0)))


def _mean(values: Array, w: Array) -> float:
    return float(w @ values / w.sum())
