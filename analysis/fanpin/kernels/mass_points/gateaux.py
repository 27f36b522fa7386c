"""Whether another mass point would raise the likelihood: the directional derivative towards it.

With f_i(t) the likelihood of unit i at effect t and L_i that of the fitted mixture, moving a little share to t changes
the mean log-likelihood at the rate ``D(t) = mean_i f_i(t) / L_i - 1``. The mixture is the nonparametric maximum
likelihood estimate, given the coefficients, exactly when D(t) <= 0 everywhere.

Lindsay (1983), Annals of Statistics 11:86-94; Heckman & Singer (1984), Econometrica 52:271-320.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fanpin.kernels.links import Array
from fanpin.kernels.mass_points.mixture import Mixture, MixturePoint

GRID = np.concatenate([np.arange(-12.0, -4.0, 1.0), np.arange(-4.0, 4.01, 0.1)])  # around the mean effect


@dataclass(frozen=True, slots=True)
class GateauxPoint:
    """Where the directional derivative is largest.

    Attributes
    ----------
    effect : t, on the scale of the fit's mass points.
    derivative : D(t), per unit of weight.
    """

    effect: float
    derivative: float


def gateaux_maximum(mixture: Mixture, point: MixturePoint) -> GateauxPoint:
    """The largest directional derivative over a grid of effects, for a mixture of one process."""
    process = mixture.processes[0]
    psi = point.params[mixture.effect_slice]
    centre = float(point.shares @ (mixture.effects[:, 0, :] @ psi))
    eta = process.x @ point.params[mixture.slopes[0]]
    if process.offset is not None:
        eta = eta + process.offset
    values = [_derivative(mixture, point, eta + centre + step) for step in GRID]
    best = int(np.argmax(values))
    return GateauxPoint(centre + float(GRID[best]), float(values[best]))


def _derivative(mixture: Mixture, point: MixturePoint, eta: Array) -> float:
    process = mixture.processes[0]
    terms = process.link.terms(process.y, eta)
    at = np.bincount(process.unit, terms.loglik, minlength=mixture.units)
    ratio = np.exp(np.minimum(at - point.unit_loglik, 700.0))
    return float(np.average(ratio, weights=mixture.weight)) - 1.0
