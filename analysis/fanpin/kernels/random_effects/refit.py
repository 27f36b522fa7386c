"""A fitted random intercept looked at again: at other numbers of points, and unit by unit."""

from __future__ import annotations

import numpy as np

from fanpin.kernels.links import Array
from fanpin.kernels.random_effects.maximise import Adaptation, Maximum, maximise
from fanpin.kernels.random_effects.modes import mode_nodes
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.posterior import Nodes, block_cells, evaluate
from fanpin.kernels.random_effects.rule import normal_rule

ROUNDS = 20
SAME = 1e-6


def refit(panel: Panel, theta: Array, points: int, adaptation: Adaptation) -> Maximum:
    """The maximum at exactly that many points, searched from theta = (b, sigma)."""
    warm = mode_nodes(panel, theta, np.zeros(panel.units))
    return maximise(panel, theta, points, adaptation, warm)


def posterior_moments(panel: Panel, theta: Array, points: int) -> Nodes:
    """Posterior means and standard deviations of v given each unit's outcomes, theta taken as known; both (m,)."""
    nodes = mode_nodes(panel, theta, np.zeros(panel.units))
    for _ in range(ROUNDS):
        moments = evaluate(panel, theta, normal_rule(points), nodes).moments
        if np.abs(moments.centre - nodes.centre).max() < SAME and np.abs(moments.width - nodes.width).max() < SAME:
            break
        nodes = moments
    return moments


def posterior_probabilities(panel: Panel, theta: Array, points: int) -> Array:
    """E[h(eta + s v) | the unit's outcomes] for every row, (n,), theta taken as known."""
    rule, nodes = normal_rule(points), posterior_moments(panel, theta, points)
    eta, out = panel.eta(theta[:-1]), np.empty(len(panel.y))
    for units, rows in panel.blocks(points):
        cells = block_cells(panel, eta, float(theta[-1]), rule, nodes, units, rows)
        out[rows] = (cells.row_share * panel.link.inverse(eta[rows] + theta[-1] * cells.row_v)).sum(axis=0)
    return out
