"""The Watts index of poverty: mean ln(z/y) over the poor, zero for others.

Watts (1968), in Moynihan (ed.), On Understanding Poverty; Zheng (1993), Economics Letters 42:81-86.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.index import Density

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Watts:
    """Mean log shortfall; x holds welfare and the line. NaN where welfare is 0 or below. At the line ln(z/y) is 0."""

    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "positive"

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return ("watts",)

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index."""
        return np.array([w @ _log_shortfall(x) / w.sum()])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence of each row."""
        values = _log_shortfall(x)
        return np.asarray((values - w @ values / w.sum()) / w.sum())[:, None]

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(1,) mean 1[y < z]/z: the shortfall is 0 at the line, so that its density plays no part."""
        return np.array([w @ np.where(x[:, 0] < x[:, 1], 1.0 / x[:, 1], 0.0) / w.sum()])


def _log_shortfall(x: Array) -> Array:
    y, line = x[:, 0], x[:, 1]
    short = np.where((y < line) & (y > 0), y, line)
    return np.where(y > 0, np.log(line / short), np.nan)
