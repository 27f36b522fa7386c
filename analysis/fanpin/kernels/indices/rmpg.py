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

from fanpin.core.errors import DataError
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
        """(n, 1) influence -u_m.

        Raises
        ------
        DataError : the density at the median cannot be estimated, as where the median is not positive.
        """
        median, poor, size = self._median(x, w), is_poor(x, self.strict), w.sum()
        if not poor.any():
            return np.full((len(w), 1), np.nan)
        ratio = x[:, 0] / x[:, 1]
        share = float(w @ poor / size)
        u_share = (poor - share) / size
        f = _density_at(median, ratio, w, self.density)
        return np.asarray(-(u_share / 2.0 - ((ratio <= median) - share / 2.0) / size) / f)[:, None]

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) y_m/z^2 - f(z)/(2 z f(y_m)) with y_m the median of the poor, for a line common to all rows."""
        if not is_poor(x, self.strict).any():
            return np.array([np.nan])
        line = float(x[0, 1])
        middle = self._median(x, w) * line
        f = _density_at(middle, x[:, 0], w, density)
        return np.array([middle / line**2 - density(line, x[:, 0], w) / (2.0 * line * f)])

    def _median(self, x: Array, w: Array) -> float:
        poor = is_poor(x, self.strict)
        return weighted_quantile((x[:, 0] / x[:, 1])[poor], w[poor], 0.5) if poor.any() else float("nan")


def _density_at(median: float, values: Array, w: Array, density: Density) -> float:
    """The density at the median of the poor; without bounds where values do not differ, whose median does not vary."""
    if values.min() == values.max():
        return float("inf")
    f = density(median, values, w) if median > 0 else 0.0
    if not f > 0:
        raise DataError("the density of welfare at the median of the poor cannot be estimated", expected="a positive median",
                        got=f"{median:g}", next_step='take replicate weights, such as design.replicates("bootstrap", n=500, '
                        "seed=1), which need no density")  # fmt: skip
    return f
