"""The maximum of the likelihood of a normal random intercept by Newton's method."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fanpin.kernels.links import Array
from fanpin.kernels.random_effects.modes import mode_nodes, prior_nodes
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.posterior import Evaluation, Nodes, evaluate
from fanpin.kernels.random_effects.rule import normal_rule
from fanpin.kernels.solve import solve_definite

Adaptation = Literal["mean", "mode", "none"]
TOLERANCE = 1e-8  # the step left, in standard errors
PILOT_POINTS = 5  # of a first search, for the starting values
PILOT_TOLERANCE = 0.3
PILOT_STEPS = 12
NEAR = 0.1  # standard errors; closer, nodes settle
MOST_MOVES = 8  # of nodes near the maximum; with too few points they may never settle, and are then held
SAME_NODES = 1e-4  # widths by which nodes may still move
SLOPE_LEFT = 0.9  # of a step's slope, if the log-likelihood does not rise
HALVINGS = 12
MOST_STEPS = 40
COLLAPSED = 1e-3  # sigma below it is on its way to 0
RUNAWAY = 100.0


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where Newton's method stopped.

    Attributes
    ----------
    theta : (k + 1,) coefficients and sigma.
    at : the likelihood there.
    steps : Newton steps, those with few points for the starting values included.
    converged : the step left is below 1e-8 standard errors and the information is positive definite.
    """

    theta: Array
    at: Evaluation
    steps: int
    converged: bool


def maximise(panel: Panel, start: Array, points: int, adaptation: Adaptation, warm: Nodes | None = None) -> Maximum:
    """The maximum over (b, sigma), from `start`, with that many quadrature points.

    `adaptation` says where nodes lie: "mean" at posterior means with posterior standard deviations, as of the last
    evaluation (Naylor & Smith 1982; Rabe-Hesketh, Skrondal & Pickles 2005, J. Econometrics 128:301-323); "mode" at modes
    with the curvature there; "none" at those of the prior. Derivatives hold nodes fixed, and nodes follow the parameters,
    so that the result solves the score equations at its own nodes. `warm` holds the nodes to begin with.
    """
    if warm is None and points > PILOT_POINTS and adaptation != "none":
        pilot = _climb(_Search(panel, PILOT_POINTS, "mode"), start, None, PILOT_TOLERANCE, PILOT_STEPS)
        found = _climb(_Search(panel, points, adaptation), pilot.theta if pilot.converged else start, warm, TOLERANCE)
        return replace(found, steps=found.steps + pilot.steps)
    return _climb(_Search(panel, points, adaptation), start, warm, TOLERANCE)


def _climb(
    search: _Search, theta: Array, warm: Nodes | None, tolerance: float, most_steps: int = MOST_STEPS
) -> Maximum:
    at, near_steps = search.first(theta, warm), 0
    for steps in range(most_steps):
        step, definite = _direction(theta, at)
        length = math.sqrt(max(float(at.gradient @ step), 0.0) * search.panel.units / search.panel.total_weight)
        near_steps += definite and length < NEAR
        hold = near_steps > MOST_MOVES
        settled = hold or search.adaptation != "mean" or _same(at.nodes, at.moments)
        if definite and length <= tolerance and settled:
            return Maximum(theta, at, steps, True)
        found = None
        if COLLAPSED <= theta[-1] <= RUNAWAY:
            found = search.improve(theta, at, _shortened(step, float(theta[-1])), hold=hold)
        if found is None:
            return Maximum(theta, at, steps, False)
        theta, at = found
    return Maximum(theta, at, most_steps, False)


@dataclass(frozen=True, slots=True)
class _Search:
    panel: Panel
    points: int
    adaptation: Adaptation

    def first(self, theta: Array, warm: Nodes | None) -> Evaluation:
        """The first evaluation, where no moments are known unless given."""
        if self.adaptation == "none":
            nodes = prior_nodes(self.panel)
        elif self.adaptation == "mean" and warm is not None:
            nodes = warm
        else:
            nodes = mode_nodes(self.panel, theta, np.zeros(self.panel.units) if warm is None else warm.centre)
        return evaluate(self.panel, theta, normal_rule(self.points), nodes)

    def following(self, theta: Array, at: Evaluation, *, hold: bool) -> Evaluation:
        """The evaluation after one at other parameters; `hold` keeps nodes where they are."""
        nodes = at.nodes
        if self.adaptation == "mean" and not hold:
            nodes = at.moments
        elif self.adaptation == "mode":
            nodes = mode_nodes(self.panel, theta, at.nodes.centre)
        return evaluate(self.panel, theta, normal_rule(self.points), nodes)

    def improve(self, theta: Array, at: Evaluation, step: Array, *, hold: bool) -> tuple[Array, Evaluation] | None:
        """The point after the step, halved until the log-likelihood does not fall or the slope along the step is smaller.

        The second, because nodes move: with few points the log-likelihood's error moves with them, the slope's does not.
        """
        slack, slope = 1e-9 * (1.0 + abs(at.loglik)), float(at.gradient @ step)
        for halving in range(HALVINGS):
            new = theta + step * 0.5**halving
            trial = self.following(new, at, hold=hold)
            if math.isfinite(trial.loglik) and (
                trial.loglik >= at.loglik - slack or abs(float(trial.gradient @ step)) <= SLOPE_LEFT * slope
            ):
                return new, trial
        return None


def _same(old: Nodes, new: Nodes) -> bool:
    moved = max(np.abs(new.centre - old.centre).max(), np.abs(new.width - old.width).max())
    return bool(moved <= SAME_NODES)


def _direction(theta: Array, at: Evaluation) -> tuple[Array, bool]:
    """A step that ascends, and whether it is Newton's in (b, sigma).

    Close to 0 the log-likelihood is a function of sigma^2 and convex in sigma: there the step is Newton's in (b, sigma^2),
    or, where that is not definite, the one with the complete data's information (the EM gradient algorithm; Lange 1995,
    JRSS B 57:425-437).
    """
    step = solve_definite(at.information, at.gradient)
    if step is not None:
        return step, True
    step = _variance_step(float(theta[-1]), at)
    step = solve_definite(at.complete, at.gradient) if step is None else step
    return (np.zeros_like(theta) if step is None else step), False


def _variance_step(sigma: float, at: Evaluation) -> Array | None:
    """Newton's step in (b, sigma^2), as a step in (b, sigma)."""
    scale = np.ones(len(at.gradient))
    scale[-1] = 0.5 / sigma  # d sigma / d sigma^2
    information = at.information * np.outer(scale, scale)
    information[-1, -1] += at.gradient[-1] / (4.0 * sigma**3)
    step = solve_definite(information, at.gradient * scale)
    if step is not None:
        step[-1] = math.sqrt(max(sigma**2 + step[-1], (0.2 * sigma) ** 2)) - sigma
    return step


def _shortened(step: Array, sigma: float) -> Array:
    """The step, cut so that sigma stays above a fifth of itself and at most doubles, plus a half."""
    move = float(step[-1])
    limit = -0.8 * sigma if move < 0.0 else sigma + 0.5
    return step * min(1.0, limit / move) if move != 0.0 else step
