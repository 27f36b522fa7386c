"""The mode and curvature of each unit's posterior: a place and a width for its quadrature nodes."""

from __future__ import annotations

import numpy as np

from fanpin.kernels.links import Array
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.posterior import Nodes

LONGEST_STEP = 2.0
CLOSE = 1e-9
MOST_STEPS = 100


def prior_nodes(panel: Panel) -> Nodes:
    """Nodes of the prior: quadrature that does not adapt."""
    return Nodes(np.zeros(panel.units), np.ones(panel.units))


def mode_nodes(panel: Panel, theta: Array, start: Array) -> Nodes:
    """Nodes at the posterior modes, widths 1/sqrt of the observed curvature there (Pinheiro & Bates 1995, JCGS 4:12-35).

    The log posterior is strictly concave for the three links, so that Newton's steps, kept short and later halved, arrive
    from any `start`, (m,).
    """
    eta, sigma = panel.eta(theta[:-1]), float(theta[-1])
    v = start.copy()
    for count in range(MOST_STEPS):
        terms = panel.link.terms(panel.y, eta + sigma * v[panel.unit])
        curvature = 1.0 + sigma**2 * panel.sums(terms.curvature)
        step = np.clip((sigma * panel.sums(terms.score) - v) / curvature, -LONGEST_STEP, LONGEST_STEP)
        v += step if count < MOST_STEPS // 4 else step / 2.0
        if np.abs(step).max() < CLOSE:
            break
    return Nodes(v, 1.0 / np.sqrt(curvature))
