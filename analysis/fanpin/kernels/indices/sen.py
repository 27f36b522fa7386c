"""Poverty indices built from gap ratios: Sen-Shorrocks-Thon and the income-gap ratio.

With g = (z - y)/z of the poor and 0 of others, SST = P1 (1 + Gini of g, zeros included) = Sum_ij w_i w_j max(g_i, g_j)/N^2, the
mean of the larger gap of two persons drawn at random. Shorrocks (1995), Econometrica 63:1225-1230; Xu & Osberg (2002),
Canadian Journal of Economics 35:138-152. The income-gap ratio is P1/P0, the mean gap ratio of the poor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.index import Density
from fanpin.kernels.indices.gini import sums_of_larger

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SenShorrocksThon:
    """Mean of the larger of two gap ratios; x holds welfare and the line. A gap at the line is 0 whoever counts as poor."""

    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return ("sen_shorrocks_thon",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index."""
        return np.array([w @ sums_of_larger(gap_ratios(x), w) / w.sum() ** 2])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence 2 (m_i/N - SST)/N with m_i = Sum_j w_j max(g_i, g_j)."""
        size, larger = w.sum(), sums_of_larger(gap_ratios(x), w)
        return np.asarray(2.0 * (larger / size - w @ larger / size**2) / size)[:, None]

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) sum of w y/z^2 1[y < z] (2 W(larger welfare) + W(equal)) over N^2: each gap counts where it is the larger."""
        y, line = x[:, 0], x[:, 1]
        gaps = gap_ratios(x)
        order = np.argsort(gaps, kind="stable")
        ordered, weight = gaps[order], np.concatenate([[0.0], np.cumsum(w[order])])
        at_or_below = weight[np.searchsorted(ordered, gaps, side="right")]
        below = weight[np.searchsorted(ordered, gaps, side="left")]
        slopes = np.where(y < line, y / line**2, 0.0)
        return np.array([w @ (slopes * (below + at_or_below)) / w.sum() ** 2])


@dataclass(frozen=True, slots=True)
class IncomeGapRatio:
    """Mean gap ratio of the poor, NaN where nobody is poor; x holds welfare and the line.

    Parameters
    ----------
    strict : poor if y < z; otherwise y <= z.
    """

    strict: bool = True
    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return ("income_gap_ratio",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) ratio."""
        heads = float(w @ is_poor(x, self.strict))
        return np.array([w @ gap_ratios(x) / heads if heads > 0 else np.nan])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence (g - R 1[poor])/Sum w 1[poor]."""
        poor = is_poor(x, self.strict)
        ratio = self.value(x, w)[0]
        return np.asarray((gap_ratios(x) - ratio * poor) / (w @ poor if poor.any() else np.nan))[:, None]

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) (P1' - R f(z))/P0 for a line common to all rows."""
        y, line = x[:, 0], x[:, 1]
        head = float(w @ is_poor(x, self.strict) / w.sum())
        gap_slope = float(w @ np.where(y < line, y / line**2, 0.0) / w.sum())
        if head == 0:
            return np.array([np.nan])
        return np.array([(gap_slope - self.value(x, w)[0] * density(float(line[0]), y, w)) / head])


def gap_ratios(x: Array) -> Array:
    """(n,) (z - y)/z of those below their line, else 0."""
    return np.maximum((x[:, 1] - x[:, 0]) / x[:, 1], 0.0)


def is_poor(x: Array, strict: bool) -> NDArray[np.bool_]:
    """(n,) whether welfare is below the line, or not above it."""
    return x[:, 0] < x[:, 1] if strict else x[:, 0] <= x[:, 1]
