"""Change of poverty between two waves: growth and redistribution, or parts of groups.

x has welfare as a share r of the line, the wave (0 or 1) and, for groups, the group's number. With P(m, L) the index of a
distribution of mean m and Lorenz curve L, wave t's rows scaled by k = m/m_t have that mean and their own Lorenz curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.core.options import ChangeMethod, ReferenceWave
from fanpin.kernels.delta import numerical_jacobian
from fanpin.kernels.index import Density
from fanpin.kernels.poverty import fgt_values

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GrowthRedistribution:
    """Growth and redistribution components.

    "datt_ravallion" (Datt & Ravallion 1992, Journal of Development Economics 38:275-295) changes one of mean and Lorenz
    curve with the other held at the reference wave, and leaves a residual; "shapley" (Shorrocks 2013, Journal of Economic
    Inequality 11:99-126) averages over both references and leaves none.

    Parameters
    ----------
    power : 0 for the headcount, 1 for the gap, 2 for the severity.
    method, reference : as in `fanpin.measure.changes.poverty_change`.
    strict : poor if below the line; otherwise also at it.
    density : of values with weights at a point, for the slope of the headcount.
    """

    power: int
    method: ChangeMethod
    reference: ReferenceWave
    strict: bool
    density: Density

    @property
    def smooth(self) -> bool:
        """The headcount at an estimated scale jumps with the weights."""
        return self.power > 0

    @property
    def terms(self) -> tuple[str, ...]:
        """Levels, change and components."""
        residual = () if self.method == "shapley" else ("residual",)
        return ("first", "second", "change", "growth", "redistribution", *residual)

    def value(self, x: Array, w: Array) -> Array:
        """(5,) or (6,) numbers; NaN where a wave has no rows or a mean is not positive."""
        means = self._means(x, w)
        if means is None:
            return np.full(len(self.terms), np.nan)
        own = [[self._poverty(x, w, means, m, t) for t in (0, 1)] for m in (0, 1)]
        return np.asarray(self._weights() @ np.ravel(own))

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 5) or (n, 6) influence of each row."""
        means = self._means(x, w)
        if means is None:
            return np.full((len(x), len(self.terms)), np.nan)
        parts = [self._poverty_influence(x, w, means, m, t) for m in (0, 1) for t in (0, 1)]
        return np.asarray(np.column_stack(parts) @ self._weights().T)

    def _weights(self) -> Array:
        """(terms, 4) coefficients of P(m_0, L_0), P(m_0, L_1), P(m_1, L_0), P(m_1, L_1)."""
        levels = [[1, 0, 0, 0], [0, 0, 0, 1], [-1, 0, 0, 1]]
        growth = np.array([[-1, 0, 1, 0], [0, -1, 0, 1]])  # Lorenz curve of the first, of the second wave
        spread = np.array([[-1, 1, 0, 0], [0, 0, -1, 1]])  # mean of the first, of the second wave
        if self.method == "shapley":
            return np.array([*levels, growth.mean(axis=0), spread.mean(axis=0)], dtype=float)
        at = 0 if self.reference == "first" else 1
        residual = np.array(levels[2]) - growth[at] - spread[at]
        return np.array([*levels, growth[at], spread[at], residual], dtype=float)

    def _means(self, x: Array, w: Array) -> Array | None:
        sizes = [w[x[:, 1] == t].sum() for t in (0, 1)]
        if min(sizes) <= 0:
            return None
        means = np.array([w[x[:, 1] == t] @ x[x[:, 1] == t, 0] / sizes[t] for t in (0, 1)])
        return means if (means > 0).all() else None

    def _poverty(self, x: Array, w: Array, means: Array, m: int, t: int) -> float:
        rows = x[:, 1] == t
        return float(w[rows] @ self._gaps(x[rows, 0] * self._scale(means, m, t)) / w[rows].sum())

    def _poverty_influence(self, x: Array, w: Array, means: Array, m: int, t: int) -> Array:
        """(n,) of P(m_m, L_t): its own mean, and through the scale k = m_m/m_t both waves' means."""
        rows = x[:, 1] == t
        k, size = self._scale(means, m, t), w[rows].sum()
        gaps = self._gaps(x[rows, 0] * k)
        u = np.zeros(len(x))
        u[rows] = (gaps - w[rows] @ gaps / size) / size
        if m == t:
            return u
        slope = k * self._slope(x[rows, 0], w[rows], k)
        for wave, sign in ((m, 1.0), (t, -1.0)):
            at = x[:, 1] == wave
            u[at] += sign * slope * (x[at, 0] / means[wave] - 1.0) / w[at].sum()
        return u

    def _slope(self, r: Array, w: Array, k: float) -> float:
        """Derivative in k of the index of k*r."""
        if self.power == 0:
            return -self.density(1.0 / k, r, w) / k**2
        below = k * r < 1.0
        return -float(w @ np.where(below, self.power * (1.0 - k * r) ** (self.power - 1) * r, 0.0) / w.sum())

    def _gaps(self, r: Array) -> Array:
        return fgt_values(r, np.ones(len(r)), [self.power], strict=self.strict)[:, 0]

    @staticmethod
    def _scale(means: Array, m: int, t: int) -> float:
        return 1.0 if m == t else float(means[m] / means[t])


@dataclass(frozen=True, slots=True)
class GroupParts:
    """Change within groups and change of the groups' shares.

    "ravallion_huppi" (Ravallion & Huppi 1991, World Bank Economic Review 5:57-82) holds shares, and groups' poverty, at
    the first wave and leaves an interaction; "shapley" averages over both waves and leaves none.

    Parameters
    ----------
    power, strict : as in `GrowthRedistribution`.
    method : "shapley" or "ravallion_huppi".
    names : (G,) names of the groups, in the order of their numbers.
    """

    power: int
    method: ChangeMethod
    strict: bool
    names: tuple[str, ...]
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Levels, change, components and the part of each group."""
        kinds = ("within", "shift") if self.method == "shapley" else ("within", "shift", "interaction")
        return ("first", "second", "change", *kinds, *(f"{kind}:{name}" for kind in kinds for name in self.names))

    def value(self, x: Array, w: Array) -> Array:
        """Numbers by term; NaN where a group has no rows at a wave."""
        return self._of_base(self._base(x, w))

    def influence(self, x: Array, w: Array) -> Array:
        """(n, q) influence of each row."""
        base, u = self._base(x, w), []
        for t in (0, 1):
            wave = x[:, 1] == t
            size = w[wave].sum()
            for g in range(len(self.names)):
                u.append(np.where(wave, (x[:, 2] == g) - base[t, 0, g], 0.0) / size)
            for g in range(len(self.names)):
                inside = wave & (x[:, 2] == g)
                u.append(np.where(inside, self._gaps(x[:, 0]) - base[t, 1, g], 0.0) / w[inside].sum())
        slopes = numerical_jacobian(lambda b: self._of_base(b.reshape(base.shape)), base.ravel())
        return np.asarray(np.column_stack(u) @ slopes.T)

    def _base(self, x: Array, w: Array) -> Array:
        """(2, 2, G): by wave, shares and poverty of the groups."""
        code = (x[:, 1] * len(self.names) + x[:, 2]).astype(np.int64)
        cells = 2 * len(self.names)
        size = np.bincount(code, weights=w, minlength=cells).reshape(2, -1)
        poor = np.bincount(code, weights=w * self._gaps(x[:, 0]), minlength=cells).reshape(2, -1)
        if (size <= 0).any():
            return np.full((2, 2, len(self.names)), np.nan)
        return np.stack([size / size.sum(axis=1, keepdims=True), poor / size], axis=1)

    def _of_base(self, base: Array) -> Array:
        (s1, p1), (s2, p2) = base
        if self.method == "shapley":
            parts = [(s1 + s2) / 2 * (p2 - p1), (s2 - s1) * (p1 + p2) / 2]
        else:
            parts = [s1 * (p2 - p1), (s2 - s1) * p1, (s2 - s1) * (p2 - p1)]
        levels = [s1 @ p1, s2 @ p2, s2 @ p2 - s1 @ p1]
        return np.concatenate([levels, [part.sum() for part in parts], *parts])

    def _gaps(self, r: Array) -> Array:
        return fgt_values(r, np.ones(len(r)), [self.power], strict=self.strict)[:, 0]
