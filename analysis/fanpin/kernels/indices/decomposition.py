"""Inequality between groups of the population and within them.

Generalised entropy: GE(a) = B + W, with B the index once everyone has the mean of their group and W the sum of
p_g^(1-a) s_g^a GE_g(a), for p_g and s_g the group's shares of population and welfare (Shorrocks 1980, Econometrica
48:613-625). Gini: G = B + W + R, with W the sum of p_g s_g G_g and the residual R, which is 0 unless the groups' ranges
overlap (Lambert & Aronson 1993, Economic Journal 103:1221-1227). B depends on the totals N_g = Sum w and T_g = Sum w y
alone, so that its influence is a derivative in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.entropy import entropy_influence, generalised_entropy, s_log_s
from fanpin.kernels.indices.gini import gini, gini_influence, sums_of_larger

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
EQUAL = 1e-12  # an index at or below this is rounding: there is nothing to share out
PARTS = ("total", "between", "within", "share_between")


@dataclass(frozen=True, slots=True)
class EntropyParts:
    """GE(a), its parts between and within groups, and the share between; x holds welfare and codes of groups.

    Parameters
    ----------
    a : sensitivity of the index, 0 for Theil L, 1 for Theil T.
    """

    a: float
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return PARTS

    @property
    def lowest(self) -> str:
        """Zeros have an index for a > 0 only."""
        return "zero" if self.a > 0 else "positive"

    def value(self, x: Array, w: Array) -> Array:
        """(4,) numbers; the share is NaN where there is no inequality."""
        total = generalised_entropy(x[:, 0], w, self.a)
        between = generalised_entropy(_smoothed(x, w), w, self.a)
        return np.array([total, between, total - between, between / total if total > EQUAL else np.nan])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 4) influence of each row."""
        total, between, _, share = self.value(x, w)
        u, u_between = entropy_influence(x[:, 0], w, self.a), self._between_influence(x, w, between)
        u_share = (u_between - share * u) / total if total > EQUAL else np.full(len(w), np.nan)
        return np.column_stack([u, u_between, u - u_between, u_share])

    def _between_influence(self, x: Array, w: Array, between: float) -> Array:
        """(n,) influence of B.

        a (a - 1) N u = (1 - a) t^a + a t^(a-1) s - (1 - a) m - a m s with s = y/mean(y), t the group's mean of s and
        m = mean t^a; a = 0 and 1 are its limits.
        """
        a, size = self.a, float(w.sum())
        mean = float(w @ x[:, 0]) / size
        s, t = x[:, 0] / mean, _smoothed(x, w) / mean
        within = np.divide(s, t, out=np.ones(len(s)), where=t > 0)  # a group without welfare has s = t = 0
        if a == 0:
            u = s - np.log(t) - between - within
        elif a == 1:
            u = np.where(t > 0, s_log_s(t) * within, 0.0) - s * between + 1.0 - t
        else:
            m = 1.0 + a * (a - 1.0) * between
            u = (t**a * (1.0 - a + a * within) - m * (1.0 - a + a * s)) / (a * (a - 1.0))
        return np.asarray(u / size)


@dataclass(frozen=True, slots=True)
class GiniParts:
    """The Gini index, its parts between and within groups, the residual, and the share between; x as in `EntropyParts`."""

    smooth: ClassVar[bool] = True
    lowest: ClassVar[str] = "any"

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return ("total", "between", "within", "overlap", "share_between")

    def value(self, x: Array, w: Array) -> Array:
        """(5,) numbers; NaN unless the mean is positive."""
        y, group = x[:, 0], _codes(x)
        size, total = float(w.sum()), float(w @ y)
        g, between = gini(y, w), gini(_smoothed(x, w), w)
        own, n_g, t_g = _within_groups(y, w, group)
        within = float(w @ own - n_g @ t_g) / (size * total) if total > 0 else np.nan
        return np.array([g, between, within, g - between - within, between / g if g > EQUAL else np.nan])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 5) influence of each row."""
        y, group = x[:, 0], _codes(x)
        size, total = float(w.sum()), float(w @ y)
        g, between, within, _, share = self.value(x, w)
        if not total > 0:
            return np.full((len(w), 5), np.nan)
        own, n_g, t_g = _within_groups(y, w, group)
        moved = 1.0 / size + y / total  # how N T moves, over N T
        u = gini_influence(y, w)
        u_between = 2.0 * _larger_means(y, group, n_g, t_g) / (size * total) - (between + 1.0) * moved
        u_within = (2.0 * own - y * n_g[group] - t_g[group]) / (size * total) - within * moved
        u_share = (u_between - share * u) / g if g > EQUAL else np.full(len(w), np.nan)
        return np.column_stack([u, u_between, u_within, u - u_between - u_within, u_share])


def _codes(x: Array) -> Codes:
    """(n,) groups numbered from 0, those present only."""
    return np.unique(x[:, 1], return_inverse=True)[1].astype(np.int64)


def _smoothed(x: Array, w: Array) -> Array:
    """(n,) each row's mean of its group."""
    group = _codes(x)
    return np.asarray((np.bincount(group, w * x[:, 0]) / np.bincount(group, w))[group])


def _within_groups(y: Array, w: Array, group: Codes) -> tuple[Array, Array, Array]:
    """(n,) Sum over j of the row's own group of w_j max(y_i, y_j), and (G,) weight and total of each group."""
    own = np.empty(len(y))
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(group))[:-1]):
        own[rows] = sums_of_larger(y[rows], w[rows])
    return own, np.bincount(group, w).astype(float), np.bincount(group, w * y).astype(float)


def _larger_means(y: Array, group: Codes, n_g: Array, t_g: Array) -> Array:
    """(n,) half the derivative, in the row's weight, of Sum_gh max(T_g N_h, T_h N_g).

    That is y N_h over groups of lower mean, T_h over those of higher mean, and half of both over groups of the same mean,
    the row's own among them.
    """
    means = t_g / n_g
    order = np.argsort(means, kind="stable")
    ordered = means[order]
    weight, total = (np.concatenate([[0.0], np.cumsum(v[order])]) for v in (n_g, t_g))
    first, last = np.searchsorted(ordered, means, side="left"), np.searchsorted(ordered, means, side="right")
    lower = (weight[first] + weight[last]) / 2.0
    higher = total[-1] - (total[first] + total[last]) / 2.0
    return np.asarray(y * lower[group] + higher[group])
