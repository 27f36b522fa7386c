"""Gauss-Hermite rules for the standard normal density.

With ``v = m + s z``, ``Integral f(v) phi(v) dv = Sum_k w_k f(v_k) exp(log s - v_k^2/2 + z_k^2/2)``: m = 0 and s = 1 is the
ordinary rule; m and s chosen near the integrand's place and width make it adaptive.

Liu & Pierce (1994), Biometrika 81:624-629, doi:10.1093/biomet/81.3.624.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special

from fanpin.kernels.links import Array

MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes and weights for the expectation over a standard normal variable.

    Attributes
    ----------
    node : (q,) nodes z.
    weight : (q,) weights, which sum to 1.
    tilted : (q,) log w + z^2/2, which does not underflow as w does.
    """

    node: Array
    weight: Array
    tilted: Array


@cache
def normal_rule(points: int) -> Rule:
    """The rule with that many points, exact for polynomials up to degree 2 points - 1."""
    x = special.roots_hermite(points)[0]
    tilted = -np.log(points * _hermite_function(points - 1, x) ** 2) - np.log(np.pi) / 2.0
    return Rule(node=np.sqrt(2.0) * x, weight=np.exp(tilted - x**2), tilted=tilted)


def _hermite_function(degree: int, x: Array) -> Array:
    """The orthonormal Hermite function of that degree, by its recurrence; 1/(n h_{n-1}^2) is a weight times e^{x^2}."""
    before, value = np.zeros_like(x), np.pi**-0.25 * np.exp(-(x**2) / 2.0)
    for j in range(degree):
        before, value = value, np.sqrt(2.0 / (j + 1)) * x * value - np.sqrt(j / (j + 1)) * before
    return np.asarray(value)
