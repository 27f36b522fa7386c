"""Welfare of those above an upper quantile over that of those at or below a lower one: quintile share ratio, Palma ratio.

R = Sum w y 1[y > q_u] / Sum w y 1[y <= q_l], with the quantiles of `fanpin.kernels.quantile`, as R laeken and convey count.
The partial sums move with their quantiles. With m(q) the mean of welfare at q, their influence is

    upper: y 1[y > q] + m(q) (1[y <= q] - u),    lower: y 1[y <= q] - m(q) (1[y <= q] - l)

and m(q) = q: the density at the quantile cancels (Langel & Tille 2011, Journal of Official Statistics 27:635-649). Packages
after Osier (2009, Survey Research Methods 3:167-195) estimate m(q) by a kernel: standard errors are then .0682 for .0681 on
14,827 persons, and several per cent apart in small samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.density import bandwidth
from fanpin.kernels.quantile import weighted_quantile

Array = NDArray[np.float64]
MeanAt = Callable[[float, Array, Array], float]  # at a point, of values with weights


@dataclass(frozen=True, slots=True)
class ShareRatio:
    """The ratio for two shares of the population; NaN unless those below have positive welfare in sum.

    Parameters
    ----------
    lower, upper : cumulated shares of the population: (.2, .8) quintile share ratio, (.4, .9) Palma ratio.
    name : what the term is called.
    mean_at : mean of values with weights at a point; None takes the point itself.
    """

    lower: float
    upper: float
    name: str
    mean_at: MeanAt | None = None
    smooth: ClassVar[bool] = False
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) ratio."""
        y = x[:, 0]
        below = float((w * y)[y <= weighted_quantile(y, w, self.lower)].sum())
        above = float((w * y)[y > weighted_quantile(y, w, self.upper)].sum())
        return np.array([above / below if below > 0 else np.nan])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence (u_above - R u_below)/below."""
        y = x[:, 0]
        low, high = weighted_quantile(y, w, self.lower), weighted_quantile(y, w, self.upper)
        poor, rich = y <= low, y > high
        below, above = float(w @ (y * poor)), float(w @ (y * rich))
        if below <= 0:
            return np.full((len(y), 1), np.nan)
        at_low, at_high = (q if self.mean_at is None else self.mean_at(q, y, w) for q in (low, high))
        u_below = y * poor - at_low * (poor - self.lower)
        u_above = y * rich + at_high * (~rich - self.upper)
        return np.asarray((u_above - above / below * u_below) / below)[:, None]


def kernel_mean_at(point: float, values: Array, weight: Array) -> float:
    """Mean of values near a point, Gaussian weights with h = S_w (Sum w)^(-1/5), as R convey and vardpoor smooth it."""
    h = bandwidth(values, weight, rule="convey", units=len(values))
    if h == 0:
        return point
    near = weight * np.exp(-0.5 * ((point - values) / h) ** 2)
    return float(near @ values / near.sum())
