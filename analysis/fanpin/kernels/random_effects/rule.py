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
    """Nodes and weights w, which sum to 1, for the expectation over a standard normal variable.

    Attributes
    ----------
    node : (q,) nodes z.
    tilted : (q,) log w + z^2/2, which does not underflow as w does.
    """

    node: Array
    tilted: Array


@cache
def normal_rule(points: int) -> Rule:
    """The rule with that many points, exact for polynomials up to degree 2 points - 1."""
    x = special.roots_hermite(points)[0]
    tilted = -np.log(points) - 2.0 * _log_hermite_function(points - 1, x) - np.log(np.pi) / 2.0
    return Rule(node=np.sqrt(2.0) * x, tilted=tilted)


def _log_hermite_function(degree: int, x: Array) -> Array:
    """Log of the absolute orthonormal Hermite function h, by its recurrence; 1/(n h_{n-1}^2) is a weight times e^{x^2}."""
    before, value, log_scale = np.zeros_like(x), np.ones_like(x), -(x**2) / 2.0 - np.log(np.pi) / 4.0
    for j in range(degree):
        before, value = value, np.sqrt(2.0 / (j + 1)) * x * value - np.sqrt(j / (j + 1)) * before
        size = np.maximum(np.abs(value), np.abs(before))
        before, value, log_scale = before / size, value / size, log_scale + np.log(size)
    return np.asarray(log_scale + np.log(np.abs(value)))
