"""Concentration of an outcome over the rank of another variable, and its decomposition by determinants.

C = 2 cov(h, R)/mean h with weighted mid-ranks R. For an outcome with bounds a and b, Erreygers (2009), Journal of Health
Economics 28:504-515: 4 mean h C/(b - a); Wagstaff (2005), Health Economics 14:429-432: (b - a) mean h C/((b - mean h)
(mean h - a)). With h = alpha + Sum_k beta_k z_k + e by weighted least squares, C = Sum_k (beta_k mean z_k/mean h) C_k +
2 cov(e, R)/mean h: Wagstaff, van Doorslaer & Watanabe (2003), Journal of Econometrics 112:207-223.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.core.options import ConcentrationKind
from fanpin.kernels.indices.linearised import Linearised, joined, mean_of
from fanpin.kernels.indices.rank_covariance import rank_covariance

Array = NDArray[np.float64]
AT_BOUND = 1e-12  # a mean closer to a bound, as a share of its range, is at it up to rounding
COLLINEAR = 1e-10  # a spread, or singular value of columns of spread 1, below this is rounding
PARTS = ("elasticity", "concentration", "contribution", "share")


@dataclass(frozen=True, slots=True)
class Concentration:
    """A concentration index; x holds the outcome and what it is ranked by.

    The standard index is NaN unless the mean is positive, Wagstaff's where the mean is at a bound, any where all rows tie.

    Parameters
    ----------
    kind : "standard", "erreygers" or "wagstaff".
    bounds : (a, b) of the outcome; not used by the standard index.
    """

    kind: ConcentrationKind = "standard"
    bounds: tuple[float, float] = (0.0, 1.0)
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return ("concentration",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index."""
        return self._index(x, w).value

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence of each row."""
        return self._index(x, w).influence

    def _index(self, x: Array, w: Array) -> Linearised:
        outcome = x[:, :1]
        gap = _over_rank(outcome, x[:, 1], w)
        return scaled(gap, mean_of(outcome, w), self.kind, self.bounds)


@dataclass(frozen=True, slots=True)
class ConcentrationByDeterminant:
    """Elasticity, concentration, contribution and share of each of K determinants; x: outcome, rank, determinants.

    Parts that rest on the regression are NaN where the determinants of a group are collinear or constant.

    Parameters
    ----------
    names : (K,) names of the determinants.
    kind, bounds : as in `Concentration`.
    """

    names: tuple[str, ...]
    kind: ConcentrationKind = "standard"
    bounds: tuple[float, float] = (0.0, 1.0)
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """By part and then determinant; then contribution and share of the residual, and the index of the outcome."""
        parts = (f"{part}:{name}" for part in PARTS for name in self.names)
        return (*parts, "contribution:residual", "share:residual", "concentration:outcome")

    def value(self, x: Array, w: Array) -> Array:
        """(4K + 3,) numbers."""
        return self._parts(x, w).value

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 4K + 3) influence of each row."""
        return self._parts(x, w).influence

    def _parts(self, x: Array, w: Array) -> Linearised:
        outcome, rank, z = x[:, :1], x[:, 1], x[:, 2:]
        mean, mean_z, slopes = mean_of(outcome, w), mean_of(z, w), least_squares(outcome[:, 0], z, w)
        gaps = _over_rank(np.hstack([z, outcome]), rank, w)
        gap_z = Linearised(gaps.value[:-1], gaps.influence[:, :-1])
        gap = Linearised(gaps.value[-1:], gaps.influence[:, -1:])
        index = scaled(gap, mean, self.kind, self.bounds)
        contribution = scaled(slopes * gap_z, mean, self.kind, self.bounds)
        residual = index - contribution.sum()
        return joined(slopes * mean_z / mean, gap_z / mean_z, contribution, contribution / index,
                      residual, residual / index, index)  # fmt: skip


def _over_rank(a: Array, rank: Array, w: Array) -> Linearised:
    """2 cov(a, R), not defined where the rank orders nobody."""
    return rank_covariance(a, rank, w).where(rank.min() < rank.max())


def scaled(gap: Linearised, mean: Linearised, kind: ConcentrationKind, bounds: tuple[float, float]) -> Linearised:
    """From 2 cov(h, R) to the index: divided by what its kind divides by."""
    low, high = bounds
    if kind == "erreygers":
        return gap.times(4.0 / (high - low))
    if kind == "wagstaff":
        room = np.minimum(mean.value - low, high - mean.value) / (high - low)
        index = gap.times(high - low) / (mean.times(-1.0).plus(high) * mean.plus(-low))
        return index.where(room > AT_BOUND)
    return (gap / mean).where(mean.value > 0)


def least_squares(y: Array, z: Array, w: Array) -> Linearised:
    """Slopes of the weighted regression of y on z and a constant: influence (Z'WZ)^-1 z_i e_i, exact to first order."""
    centred = z - w @ z / w.sum()
    spread, size = np.sqrt(w @ centred**2), np.sqrt(w @ z**2)
    flat = spread <= COLLINEAR * size
    root = centred * np.sqrt(w)[:, None] / np.where(flat, 1.0, spread)
    if flat.any() or np.linalg.matrix_rank(root, tol=COLLINEAR) < z.shape[1]:
        return Linearised(np.full(z.shape[1], np.nan), np.full(z.shape, np.nan))
    deviation = y - w @ y / w.sum()
    slopes = np.linalg.lstsq(root, deviation * np.sqrt(w), rcond=None)[0] / spread
    inverse = np.linalg.inv(root.T @ root) / np.outer(spread, spread)
    return Linearised(slopes, (deviation - centred @ slopes)[:, None] * centred @ inverse)
