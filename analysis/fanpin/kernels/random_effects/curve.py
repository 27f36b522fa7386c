"""Event probabilities with the random intercept integrated out: E h(eta + s v), v standard normal, and derivatives.

For the probit in closed form, Phi(eta / sqrt(1 + s^2)); for the other links by the trapezoidal rule, whose error falls
exponentially in the width of the strip around the real line where the integrand is analytic, over the step (Trefethen &
Weideman 2014, SIAM Review 56:385-458). The strip has half-width pi/s for the logit and, where the complementary log-log
stays bounded, pi/(2s).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fanpin.kernels.links import Array, Link
from fanpin.kernels.marginal import Curve

BLOCK = 2048  # linear predictors taken at a time
REACH = 8.5  # standard deviations; beyond lies 2e-17 of the normal
STRIP = {"logit": np.pi, "cloglog": np.pi / 2.0}
LARGEST_STEP = 0.5
ACCURACY = 32.0  # errors of exp(-32)


def integrated_curve(link: Link, sigma: float) -> Curve:
    """The probability, its slope and bend with respect to eta, at an intercept of standard deviation sigma."""
    if link.name == "probit":
        s = math.sqrt(1.0 + sigma**2)
        return Curve(
            inverse=lambda eta: link.inverse(eta / s),
            slope=lambda eta: link.slope(eta / s) / s,
            bend=lambda eta: link.bend(eta / s) / s**2,
        )
    return Curve(
        inverse=_mean(link.name, link.inverse, sigma), slope=_mean(link.name, link.slope, sigma), bend=_mean(link.name, link.bend, sigma)
    )  # fmt: skip


def sigma_derivative(link: Link, sigma: float) -> Curve:
    """Derivatives with respect to sigma of the integrated probability and of its slope (the bend's is not needed: 0)."""
    if link.name == "probit":
        s = math.sqrt(1.0 + sigma**2)
        return Curve(
            inverse=lambda eta: -eta * sigma / s**3 * link.slope(eta / s),
            slope=lambda eta: sigma / s**3 * ((eta / s) ** 2 - 1.0) * link.slope(eta / s),
            bend=np.zeros_like,
        )
    return Curve(
        inverse=_mean(link.name, link.slope, sigma, moment=True),
        slope=_mean(link.name, link.bend, sigma, moment=True),
        bend=np.zeros_like,
    )


def _mean(
    name: str, function: Callable[[Array], Array], sigma: float, *, moment: bool = False
) -> Callable[[Array], Array]:
    """The function of eta E f(eta + s v), or E v f(eta + s v)."""
    step = min(LARGEST_STEP, 2.0 * np.pi * STRIP[name] / (ACCURACY * sigma))
    v = step * np.arange(-math.ceil(REACH / step), math.ceil(REACH / step) + 1)
    weight = step * np.exp(-(v**2) / 2.0) / math.sqrt(2.0 * np.pi) * (v if moment else 1.0)

    def mean(eta: Array) -> Array:
        out = np.empty_like(eta)
        for start in range(0, len(eta), BLOCK):
            rows = slice(start, start + BLOCK)
            out[rows] = weight @ function(eta[rows] + sigma * v[:, None])
        return out

    return mean
