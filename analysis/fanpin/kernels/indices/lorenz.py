"""Ordinates of the Lorenz curve, the generalised Lorenz curve and the TIP curve.

GL(p) is the sum of welfare of the poorest share p over the size of the population, the household in which the share is
reached counted in part; L(p) = GL(p)/mean. Moving the quantile q at p changes GL by nothing to first order, so that no density
is needed: the influence on GL is ``(y - q) 1[y <= q] + p q - GL`` over the size, exact between ties (Beach & Davidson 1983,
Review of Economic Studies 50:723-735; Kovacevic & Binder 1997, Journal of Official Statistics 13:41-58).

TIP(p) is the sum of the gap ratios of the share p with the largest gaps, over the size: -GL of the negative gap ratios
(Jenkins & Lambert 1997, Oxford Economic Papers 49:317-327).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.index import Density
from fanpin.kernels.indices.sen import gap_ratios
from fanpin.kernels.quantile import TOLERANCE

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lorenz:
    """Ordinates of the Lorenz curve of the first column; NaN unless the mean is positive.

    Parameters
    ----------
    points : (P,) shares of the population, 0 < p <= 1.
    generalised : the sum of welfare over the size of the population, in its unit, and not over its total.
    """

    points: tuple[float, ...]
    generalised: bool = False
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Such as `lorenz:0.2`."""
        name = "generalised_lorenz" if self.generalised else "lorenz"
        return tuple(f"{name}:{p:g}" for p in self.points)

    def value(self, x: Array, w: Array) -> Array:
        """(P,) ordinates."""
        ordinates = partial_means(x[:, 0], w, self.points)[0]
        return ordinates if self.generalised else ordinates / self._mean(x, w)

    def influence(self, x: Array, w: Array) -> Array:
        """(n, P) influence: of GL, or ((y - q) 1[y <= q] + p q - L y)/T."""
        y, own = x[:, 0], partial_means_influence(x[:, 0], w, self.points)
        if self.generalised:
            return own
        mean = self._mean(x, w)
        return np.asarray((own - np.outer((y - mean) / w.sum(), self.value(x, w))) / mean)

    def _mean(self, x: Array, w: Array) -> float:
        mean = float(w @ x[:, 0] / w.sum())
        return mean if mean > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Tip:
    """The ordinate of the TIP curve at one point; x holds welfare and the line. A gap at the line is 0 whoever counts as poor.

    Parameters
    ----------
    point : share of the population, largest gaps first, 0 < p <= 1.
    """

    point: float
    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Such as `tip:0.2`."""
        return (f"tip:{self.point:g}",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) ordinate."""
        return np.asarray(-partial_means(-gap_ratios(x), w, (self.point,))[0] + 0.0)

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence."""
        return -partial_means_influence(-gap_ratios(x), w, (self.point,))

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) sum of w y/z^2 1[y < z] over those with the largest gaps, over the size; for a line common to all rows."""
        y, line = x[:, 0], x[:, 1]
        order = np.argsort(-gap_ratios(x), kind="stable")
        before = np.cumsum(w[order]) - w[order]
        counted = np.clip(self.point * w.sum() - before, 0.0, w[order])  # the weight of each row within the share
        return np.array([counted @ np.where(y < line, y / line**2, 0.0)[order] / w.sum()])


def partial_means(y: Array, w: Array, points: tuple[float, ...]) -> tuple[Array, Array]:
    """(P,) sums of the lowest shares of y over the size, and (P,) quantiles as in `weighted_quantile`."""
    order = np.argsort(y, kind="stable")
    ordered, own = y[order], w[order]
    weight, total = np.cumsum(own), np.cumsum(own * ordered)
    target, slack = np.asarray(points) * weight[-1], TOLERANCE * weight[-1]
    at = np.minimum(np.searchsorted(weight, target - slack), len(y) - 1)
    after = np.minimum(at + 1, len(y) - 1)
    quantile = np.where(weight[at] <= target + slack, (ordered[at] + ordered[after]) / 2, ordered[at])
    return (total[at] - (weight[at] - target) * ordered[at]) / weight[-1], quantile


def partial_means_influence(y: Array, w: Array, points: tuple[float, ...]) -> Array:
    """(n, P) influence of each row on the sums of the lowest shares of y over the size."""
    sums, quantile = partial_means(y, w, points)
    constant = np.asarray(points) * quantile - sums
    return np.asarray((np.minimum(y[:, None] - quantile, 0.0) + constant) / w.sum())
