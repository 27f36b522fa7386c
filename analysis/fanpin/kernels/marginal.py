"""Sums of marginal effects on the probability scale, and their derivatives with respect to the coefficients.

With p(x) = h(offset + x'b), the effect of changing x0 to x1 is p(x1) - p(x0), and of moving x along d it is h'(eta) d'b.

Bartus (2005), Stata Journal 5:309-329; Karaca-Mandic, Norton & Dowd (2012), Health Services Research 47:255-274, for
interactions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.links import Array, Link
from fanpin.kernels.sandwich import score_totals


@dataclass(frozen=True, slots=True)
class Curve:
    """A probability as a function of the linear predictor, where it is not a link's inverse alone.

    Attributes
    ----------
    inverse, slope, bend : eta -> p, dp/deta, d2p/deta2.
    """

    inverse: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    bend: Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class EffectSums:
    """Weighted sums of one effect over the rows of each of g groups.

    Attributes
    ----------
    total : (g,) sum of w_i times the effect of row i.
    gradient : (g, k) its derivative with respect to the coefficients.
    """

    total: Array
    gradient: Array

    def __add__(self, other: EffectSums) -> EffectSums:
        """Sums over the rows of both."""
        return EffectSums(self.total + other.total, self.gradient + other.gradient)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows to sum over.

    Attributes
    ----------
    x : (n, k) design matrix.
    offset : (n,) fixed part of the linear predictor, or None.
    weight : (n,) weights.
    group : (n,) codes 0 … groups - 1.
    groups : number of groups.
    """

    x: Array
    offset: Array | None
    weight: Array
    group: NDArray[np.intp]
    groups: int

    def eta(self, params: Array) -> Array:
        """The linear predictor at `params`, (n,)."""
        eta = self.x @ params
        return eta if self.offset is None else eta + self.offset

    def sums(self, values: Array) -> Array:
        """Weighted sums of (n,) values by group, (groups,)."""
        return np.asarray(np.bincount(self.group, weights=self.weight * values, minlength=self.groups), dtype=float)


def discrete_effect(link: Link | Curve, params: Array, low: Rows, high: Rows) -> EffectSums:
    """Sums of p(x_high) - p(x_low); both hold the same rows with a column at two values."""
    eta_low, eta_high = low.eta(params), high.eta(params)
    gradient = _slope_totals(high, link.slope(eta_high)) - _slope_totals(low, link.slope(eta_low))
    return EffectSums(low.sums(link.inverse(eta_high) - link.inverse(eta_low)), gradient)


def slope_effect(link: Link | Curve, params: Array, rows: Rows, columns: NDArray[np.intp], along: Array) -> EffectSums:
    """Sums of dp/dv = h'(eta) d'b, where v moves the given columns of x along d.

    `along` is (n, number of columns): the derivative of those columns with respect to v.
    """
    eta = rows.eta(params)
    rate = along @ params[columns]
    slope = link.slope(eta)
    gradient = _slope_totals(rows, link.bend(eta) * rate)
    gradient[:, columns] += score_totals(along, rows.weight * slope, rows.group, rows.groups)
    return EffectSums(rows.sums(slope * rate), gradient)


def _slope_totals(rows: Rows, slope: Array) -> Array:
    return score_totals(rows.x, rows.weight * slope, rows.group, rows.groups)
