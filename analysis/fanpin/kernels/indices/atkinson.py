"""Atkinson's index, the share of the mean that an equal distribution of the same welfare could do without.

With s = y/mean(y) and k = 1 - e, A(e) = 1 - (mean s^k)^(1/k), and A(1) = 1 - exp(mean ln s). As m = mean s^k is
1 + k (k - 1) GE(k), value and influence follow from generalised entropy: dA = e m^(1/k - 1) dGE(k). Atkinson (1970),
Journal of Economic Theory 2:244-263.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.entropy import entropy_influence, generalised_entropy

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Atkinson:
    """A(e) of the first column.

    Parameters
    ----------
    e : aversion to inequality, positive.
    name : what the term is called.
    """

    e: float
    name: str
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name."""
        return (self.name,)

    @property
    def lowest(self) -> str:
        """Zeros have an index for e < 1 only."""
        return "zero" if self.e < 1 else "positive"

    def value(self, x: Array, w: Array) -> Array:
        """(1,) index; NaN where the values have none."""
        return np.array([-np.expm1(self._log_equal(x[:, 0], w))])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 1) influence of each row."""
        y, k = x[:, 0], 1.0 - self.e
        log_equal = self._log_equal(y, w)
        scale = self.e * np.exp((1.0 - k) * log_equal)  # m^(1/k - 1), as ln m = k times the log
        return np.asarray(scale * entropy_influence(y, w, k))[:, None]

    def _log_equal(self, y: Array, w: Array) -> float:
        """Log of the equally distributed equivalent over the mean, ln(m)/k."""
        k = 1.0 - self.e
        entropy = generalised_entropy(y, w, k)
        return -entropy if k == 0 else float(np.log1p(k * (k - 1.0) * entropy)) / k
