"""Multidimensional poverty by counting: headcount H, intensity A, adjusted headcount M0, and the part of each indicator.

With deprivations d_ij in {0, 1} and weights v_j that sum to 1, a row's score is c_i = Sum_j v_j d_ij; it is poor if
c_i >= k. H = mean 1[poor], M0 = mean c 1[poor], A = M0/H; for indicator j the uncensored headcount is mean d_j, the
censored one h_j = mean d_j 1[poor], and v_j h_j/M0 its contribution, so that contributions sum to 1. All are means or
ratios of totals, whose influence is exact. Alkire & Foster (2011), Journal of Public Economics 95:476-487.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TOLERANCE = 1e-9  # two sixths are a third, whatever the order they are added in
LEVELS = ("headcount", "intensity", "adjusted_headcount")
PARTS = ("uncensored", "censored", "contribution")


@dataclass(frozen=True, slots=True)
class AlkireFoster:
    """H, A and M0.

    Parameters
    ----------
    weights : (J,) positive weights of the indicators, which sum to 1; x has a column of 0/1 for each.
    cutoff : a row is poor if its score is at least this.
    suffix : what is added to the terms, to tell settings apart.
    """

    weights: tuple[float, ...]
    cutoff: float
    suffix: str = ""
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Headcount, intensity, adjusted headcount."""
        return tuple(t + self.suffix for t in LEVELS)

    def value(self, x: Array, w: Array) -> Array:
        """(3,) H, A, M0; A is NaN where nobody is poor."""
        score, poor = scores(x, self.weights, self.cutoff)
        size, heads, held = float(w.sum()), float(w @ poor), float(w @ (score * poor))
        return np.array([heads / size, _ratio(held, heads), held / size])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 3) influence of each row."""
        score, poor = scores(x, self.weights, self.cutoff)
        held = score * poor
        size = w.sum()
        return np.column_stack([
            (poor - w @ poor / size) / size,
            ratio_influence(held, poor, w),
            (held - w @ held / size) / size,
        ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class ByIndicator:
    """Uncensored headcount, censored headcount and contribution of each of J indicators, in this order.

    Parameters
    ----------
    names : (J,) names of the indicators.
    weights, cutoff, suffix : as in `AlkireFoster`.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    cutoff: float
    suffix: str = ""
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Such as `censored:schooling`."""
        return tuple(f"{part}:{name}{self.suffix}" for part in PARTS for name in self.names)

    def value(self, x: Array, w: Array) -> Array:
        """(3J,) numbers; contributions are NaN where nobody is poor."""
        score, poor = scores(x, self.weights, self.cutoff)
        held = float(w @ (score * poor))
        censored = w @ (x * poor[:, None])
        shares = np.array([_ratio(v * float(h), held) for v, h in zip(self.weights, censored, strict=True)])
        return np.concatenate([w @ x / w.sum(), censored / w.sum(), shares])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 3J) influence of each row."""
        score, poor = scores(x, self.weights, self.cutoff)
        held, censored, size = score * poor, x * poor[:, None], w.sum()
        shares = [ratio_influence(v * censored[:, j], held, w) for j, v in enumerate(self.weights)]
        return np.column_stack([(x - w @ x / size) / size, (censored - w @ censored / size) / size, *shares])


def scores(x: Array, weights: tuple[float, ...], cutoff: float) -> tuple[Array, Array]:
    """(n,) deprivation scores, and 1.0 for each row that is poor."""
    score = x @ np.asarray(weights)
    return score, (score >= cutoff - TOLERANCE).astype(float)


def ratio_influence(upper: Array, lower: Array, w: Array) -> Array:
    """(n,) influence of Sum w upper / Sum w lower: (upper - R lower) / Sum w lower; NaN where the ratio is not defined."""
    total = w @ lower
    if total == 0:
        return np.full(len(w), np.nan)
    return (upper - (w @ upper / total) * lower) / total


def _ratio(upper: float, lower: float) -> float:
    return upper / lower if lower > 0 else float("nan")
