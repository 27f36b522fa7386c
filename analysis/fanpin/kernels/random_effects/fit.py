"""Maximum likelihood of a binary panel with a normal random intercept, the boundary sigma = 0 included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fanpin.core.errors import EstimationError
from fanpin.kernels.glm import BinaryFit
from fanpin.kernels.links import Array
from fanpin.kernels.random_effects.maximise import Adaptation, Maximum, maximise
from fanpin.kernels.random_effects.modes import prior_nodes
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.posterior import Nodes, loglikelihood
from fanpin.kernels.random_effects.rule import MOST_POINTS, normal_rule

FIRST_POINTS = 12
STANDS_STILL = 1e-6  # change of the log-likelihood from doubling, for points="auto"
STANDS_STILL_PARAMS = 1e-5  # and of a parameter, in standard errors
MOVED_LOGLIK = 0.01  # change from doubling beyond which given points are too few …
MOVED_PARAMS = 0.05  # … or beyond which a coefficient moves, in standard errors
GAIN = 1e-8  # of an interior maximum over the pooled one
LATENT_SD = {"logit": np.pi / np.sqrt(3.0), "probit": 1.0, "cloglog": np.pi / np.sqrt(6.0)}
STARTS = (0.7, 0.3, 1.5)  # sigma over the latent standard deviation


@dataclass(frozen=True, slots=True)
class QuadratureChange:
    """What twice the points change at the same estimates.

    Attributes
    ----------
    points : twice the points of the fit.
    loglik : change of the log-likelihood, weights scaled to mean 1.
    params : largest Newton step of a parameter, in standard errors.
    """

    points: int
    loglik: float
    params: float


@dataclass(frozen=True, slots=True)
class NormalInterceptFit:
    """A maximised likelihood, parameters (b, sigma), p = k + 1 of them, m units.

    Attributes
    ----------
    params : (p,) estimates; at the boundary the pooled coefficients and 0.
    score : (m, p) derivative of each unit's log-likelihood, before weights; at the boundary its last column is 0.
    information : (p, p) observed information; at the boundary what concerns sigma is missing.
    loglik, pooled_loglik : the maximum, and the maximum at sigma = 0.
    boundary : the likelihood is highest at sigma = 0.
    boundary_score : derivative of the log-likelihood with respect to sigma^2 at sigma = 0 and the pooled coefficients.
    posterior : (m,) means and standard deviations of the standardised intercept v given the data.
    points : quadrature points.
    change : what twice the points change, None at the boundary.
    asked_points : points given that were too few, else None.
    iterations, gradient_norm, condition_number : of the optimiser, see `glm.BinaryFit`.
    """

    params: Array
    score: Array
    information: Array
    loglik: float
    pooled_loglik: float
    boundary: bool
    boundary_score: float
    posterior: Nodes
    points: int
    change: QuadratureChange | None
    asked_points: int | None
    iterations: int
    gradient_norm: float
    condition_number: float


def fit_normal_intercept(
    panel: Panel, pooled: BinaryFit, *, points: int | Literal["auto"] = "auto", adaptation: Adaptation = "mean"
) -> NormalInterceptFit:
    """Fit P(y_it = 1 | v_i) = h(offset + x_it'b + sigma v_i), v_i ~ N(0, 1).

    Parameters
    ----------
    panel : Panel
        Rows sorted by unit.
    pooled : BinaryFit
        The fit of the same rows at sigma = 0, with the same weights.
    points : int or "auto"
        Quadrature points. "auto" starts at 12 and doubles until the log-likelihood at the estimates moves less than 1e-6.
        Points given are checked against twice as many: where the log-likelihood moves by more than 0.01, or a parameter by
        more than 0.05 standard errors, they are doubled as well, and `asked_points` says so.
    adaptation : {"mean", "mode", "none"}
        See `maximise.maximise`.

    Returns
    -------
    NormalInterceptFit

    Raises
    ------
    EstimationError : no maximum inside was found although the likelihood rises at sigma = 0.
    """
    rise = boundary_score(panel, pooled)
    first = FIRST_POINTS if points == "auto" else points
    best = (_rising if rise > 0.0 else _falling)(panel, pooled, first, adaptation)
    if best is None or best[0].at.loglik <= pooled.loglik + GAIN:
        return _at_boundary(panel, pooled, rise, first)
    found, change, used = _enough_points(panel, *best, adaptation, exact=points == "auto" or best[1] > first)
    return _record(panel, pooled, found, rise, change, used, first if points != "auto" and used > first else None)


def boundary_score(panel: Panel, pooled: BinaryFit) -> float:
    """Derivative of the log-likelihood with respect to sigma^2 at 0: half the sum of (Sum_t s)^2 - Sum_t c over units."""
    terms = panel.link.terms(panel.y, panel.eta(pooled.params))
    by_unit = panel.sums(terms.score) ** 2 - panel.sums(terms.curvature)
    return float(0.5 * (by_unit.sum() if panel.weight is None else panel.weight @ by_unit))


def quadrature_change(panel: Panel, found: Maximum, points: int, adaptation: Adaptation) -> QuadratureChange:
    """Log-likelihood and Newton step at twice the points, nodes adapted anew."""
    nodes = found.at.moments if adaptation == "mean" else found.at.nodes
    loglik, gradient = loglikelihood(panel, found.theta, normal_rule(2 * points), nodes)
    inverse = np.linalg.inv(found.at.information)
    errors = np.sqrt(np.diag(inverse) * panel.total_weight / panel.units)
    change = (loglik - found.at.loglik) * panel.units / panel.total_weight
    return QuadratureChange(2 * points, change, float(np.abs(inverse @ gradient / errors).max()))


def _rising(panel: Panel, pooled: BinaryFit, points: int, adaptation: Adaptation) -> tuple[Maximum, int]:
    """The maximum, and the points used, where the likelihood rises at 0: more points where a search fails with few."""
    start, warm, steps = _start(panel, pooled, STARTS[0]), None, 0
    while True:
        found = maximise(panel, start, points, adaptation, warm)
        found = replace(found, steps=found.steps + steps)
        if found.converged:
            return found, points
        if 2 * points > MOST_POINTS:
            raise EstimationError(
                "no maximum of the likelihood was found, although it rises with the variance at 0",
                got=f"sigma {found.theta[-1]:.3g} after {found.steps} steps with {points} points",
                expected="within most units, rows with and rows without the event",
                next_step="rescale columns; look for columns that nearly separate units with and without events",
            )
        points, steps = 2 * points, found.steps
        if 0.1 < found.theta[-1] / LATENT_SD[panel.link.name] < 10.0:
            start, warm = found.theta, found.at.moments


def _falling(panel: Panel, pooled: BinaryFit, points: int, adaptation: Adaptation) -> tuple[Maximum, int] | None:
    """The best maximum away from 0 that several starts find, where the likelihood falls at 0; or None."""
    found = [maximise(panel, _start(panel, pooled, s), points, adaptation) for s in STARTS]
    inside = [one for one in found if one.converged]
    return (max(inside, key=lambda one: one.at.loglik), points) if inside else None


def _start(panel: Panel, pooled: BinaryFit, relative: float) -> Array:
    """Pooled coefficients on the scale of the conditional ones, and sigma."""
    return np.append(pooled.params * np.sqrt(1.0 + relative**2), relative * LATENT_SD[panel.link.name])


def _enough_points(
    panel: Panel, found: Maximum, points: int, adaptation: Adaptation, *, exact: bool
) -> tuple[Maximum, QuadratureChange, int]:
    """The fit at the first number of points, from `points` on, that doubling changes little."""
    while True:
        change = quadrature_change(panel, found, points, adaptation)
        loglik, params = (STANDS_STILL, STANDS_STILL_PARAMS) if exact else (MOVED_LOGLIK, MOVED_PARAMS)
        if (abs(change.loglik) < loglik and change.params < params) or 2 * points > MOST_POINTS:
            return found, change, points
        warm = found.at.moments if adaptation == "mean" else found.at.nodes
        again = maximise(panel, found.theta, 2 * points, adaptation, warm)
        if not again.converged:
            raise EstimationError(f"no maximum of the likelihood with {2 * points} quadrature points",
                                  next_step="rescale columns, or leave out columns with little variation")  # fmt: skip
        found, points, exact = replace(again, steps=found.steps + again.steps), 2 * points, True


def _at_boundary(panel: Panel, pooled: BinaryFit, rise: float, points: int) -> NormalInterceptFit:
    k, m = len(pooled.params), panel.units
    information = np.full((k + 1, k + 1), np.nan)
    information[:k, :k] = pooled.information
    score = np.zeros((m, k + 1))
    score[:, :k] = panel.sums(panel.x * pooled.score[:, None])
    return NormalInterceptFit(
        params=np.append(pooled.params, 0.0), score=score, information=information, loglik=pooled.loglik,
        pooled_loglik=pooled.loglik, boundary=True, boundary_score=rise, posterior=prior_nodes(panel), points=points,
        change=None, asked_points=None, iterations=pooled.iterations, gradient_norm=pooled.gradient_norm,
        condition_number=pooled.condition_number,
    )  # fmt: skip


def _record(
    panel: Panel,
    pooled: BinaryFit,
    best: Maximum,
    rise: float,
    change: QuadratureChange,
    points: int,
    asked: int | None,
) -> NormalInterceptFit:
    at = best.at
    scale = np.sqrt(np.diag(at.information))
    rms = np.sqrt(np.append(np.einsum("ij,ij->j", panel.x, panel.x) / len(panel.x), 1.0))
    total = panel.total_weight * len(panel.x) / panel.units
    return NormalInterceptFit(
        params=best.theta, score=at.score, information=(at.information + at.information.T) / 2.0, loglik=at.loglik,
        pooled_loglik=pooled.loglik, boundary=False, boundary_score=rise, posterior=at.moments, points=points,
        change=change, asked_points=asked, iterations=best.steps,
        gradient_norm=float((np.abs(at.gradient) / np.where(rms > 0.0, rms, 1.0)).max() / total),
        condition_number=float(np.linalg.cond(at.information / np.outer(scale, scale))),
    )  # fmt: skip
