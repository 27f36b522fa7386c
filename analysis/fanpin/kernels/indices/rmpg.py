"""The relative median poverty gap: the line less the median of the poor, over the line.

With r = y/z, m the median of r among the poor and f the density of r in the whole group, F(m) = P/2 gives the median's
influence u_m = (u_P/2 - (1[r <= m] - P/2)/N)/f(m). Osier (2009), Survey Research Methods 3:167-195. The density comes from
the whole group, not from the poor alone, whose distribution is cut off at the line just where a kernel would smooth over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.index import Density
from fanpin.kernels.indices.sen import is_poor
from fanpin.kernels.quantile import weighted_quantile

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RelativeMedianGap:
    """1 - median of y/z among the poor, NaN where nobody is poor; x holds welfare and the line.

    Parameters
    ----------
    density : at a point, of values with weights.
    strict : poor if y < z; otherwise y <= z.
    """

    density: Density
    strict: bool = True
    smooth: ClassVar[bool] = False
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return ("rmpg",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) gap."""
        return np.array([1.0 - self._median(x, w)])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence -u_m; NaN where the density at the median is 0, as where it is not positive."""
        median, poor, size = self._median(x, w), is_poor(x, self.strict), w.sum()
        ratio = x[:, 0] / x[:, 1]
        f = self.density(median, ratio, w) if median > 0 else 0.0
        if not f > 0:
            return np.full((len(w), 1), np.nan)
        share = float(w @ poor / size)
        u_share = (poor - share) / size
        return np.asarray(-(u_share / 2.0 - ((ratio <= median) - share / 2.0) / size) / f)[:, None]

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) y_m/z^2 - f(z)/(2 z f(y_m)) with y_m the median of the poor, for a line common to all rows."""
        line = float(x[0, 1])
        middle = self._median(x, w) * line
        f = density(middle, x[:, 0], w) if middle > 0 else 0.0
        if not f > 0:
            return np.array([np.nan])
        return np.array([middle / line**2 - density(line, x[:, 0], w) / (2.0 * line * f)])

    def _median(self, x: Array, w: Array) -> float:
        poor = is_poor(x, self.strict)
        return weighted_quantile((x[:, 0] / x[:, 1])[poor], w[poor], 0.5) if poor.any() else float("nan")
