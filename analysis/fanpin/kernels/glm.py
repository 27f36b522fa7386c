"""Maximum likelihood of a binary outcome by Newton-Raphson, one pass over the rows an iteration.

With eta_i = offset_i + x_i'b and weights w_i, it maximises ``l(b) = Sum_i w_i log P(y_i | eta_i)``. For logit, probit and
complementary log-log l is concave, so step halving makes Newton-Raphson converge wherever a maximum exists.

McCullagh & Nelder (1989), Generalized Linear Models, ch. 2.5; Pratt (1981), JASA 76:103-106, for concavity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.blocks import crossproduct, row_blocks
from fanpin.kernels.links import Array, Flags, Link
from fanpin.kernels.solve import solve_definite

PILOT_ROWS = 100_000  # large samples start from the fit of every m-th row
HALVINGS = 40
ETA_TOLERANCE = 1e-3  # the last step may move no linear predictor by more: under separation each moves some by about 1


@dataclass(frozen=True, slots=True)
class BinaryFit:
    """A maximised binary likelihood, k coefficients on n rows.

    Attributes
    ----------
    params : (k,) coefficients.
    score : (n,) derivative of each row's log-probability with respect to eta, **before** weights: the row's score is
        ``w_i score_i x_i``.
    information : (k, k) observed information, minus the Hessian of l.
    loglik : the maximum of l.
    iterations : Newton steps on all rows.
    gradient_norm : largest element of the mean score, columns scaled to root mean square 1.
    condition_number : of the information scaled to unit diagonal.
    converged : False when no maximum was found; the other numbers are then those of the last step.
    direction : (k,) the last step, which under separation points to infinity.
    """

    params: Array
    score: Array
    information: Array
    loglik: float
    iterations: int
    gradient_norm: float
    condition_number: float
    converged: bool
    direction: Array


@dataclass(frozen=True, slots=True)
class _Problem:
    y: Flags
    x: Array
    link: Link
    weight: Array | None
    offset: Array | None

    def eta(self, rows: slice, params: Array) -> Array:
        eta = self.x[rows] @ params
        return eta if self.offset is None else eta + self.offset[rows]

    def every(self, step: int) -> _Problem:
        """The problem of every `step`-th row."""
        thin = slice(None, None, step)
        return _Problem(np.ascontiguousarray(self.y[thin]), np.ascontiguousarray(self.x[thin]), self.link,
                        None if self.weight is None else self.weight[thin],
                        None if self.offset is None else self.offset[thin])  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Point:
    params: Array
    loglik: float
    gradient: Array
    information: Array
    score: Array


def fit_binary(
    y: NDArray,
    x: Array,
    link: Link,
    *,
    weight: Array | None = None,
    offset: Array | None = None,
    start: Array | None = None,
    tol: float = 1e-12,
    max_iter: int = 60,
) -> BinaryFit:
    """Fit P(y = 1 | x) = h(offset + x'b).

    Parameters
    ----------
    y : (n,) array
        Outcome, 0/1 or boolean.
    x : (n, k) array
        Design matrix, row-major for speed.
    link : Link
        One of `links.LINKS`.
    weight : (n,) array or None
        Positive weights.
    offset : (n,) array or None
        Fixed part of the linear predictor.
    start : (k,) array or None
        Starting values; None takes iterated least squares, and for large samples a pilot fit.
    tol : float
        Stop after a step when it, or the one that would follow it, is shorter than this many standard errors (in the
        metric of the information, weights scaled to mean 1). Convergence is quadratic, d' = c d^2, so the step that would
        follow d2 after d1 is d2^3 / d1^2.
    max_iter : int
        Newton steps on all rows.

    Returns
    -------
    BinaryFit
        With `converged=False` under separation or collinearity: naming the columns is for the caller, who knows them.
    """
    problem = _Problem(np.asarray(y).astype(bool, copy=False), np.asarray(x, dtype=float), link, weight, offset)
    if start is None:
        start = _start(problem, tol)
    return _newton(problem, start, tol, max_iter)


def expected_information(
    x: Array, params: Array, link: Link, *, weight: Array | None = None, offset: Array | None = None
) -> Array:
    """Expected (Fisher) information at `params`, (k, k): what iterated least squares and R's `glm` report.

    It equals the observed information for the logit; for probit and complementary log-log only in expectation.
    """
    problem = _Problem(np.empty(0, dtype=bool), np.asarray(x, dtype=float), link, weight, offset)
    information = np.zeros((x.shape[1], x.shape[1]))
    for rows in row_blocks(*x.shape):
        expected = link.expected(problem.eta(rows, params))
        information += crossproduct(problem.x[rows], np.sqrt(expected if weight is None else expected * weight[rows]))
    return information


def _newton(problem: _Problem, start: Array, tol: float, max_iter: int) -> BinaryFit:
    point, step = _evaluate(problem, start), np.zeros_like(start)
    converged, iterations = False, 0
    before = math.inf
    largest = np.maximum(np.abs(problem.x.max(axis=0)), np.abs(problem.x.min(axis=0)))
    mean_weight = 1.0 if problem.weight is None else float(np.mean(problem.weight))
    while iterations < max_iter and not converged:
        newton = solve_definite(point.information, point.gradient)
        if newton is None:
            break
        step = newton
        length = math.sqrt(max(float(point.gradient @ step), 0.0) / mean_weight)
        following = length * (length / before) ** 2 if math.isfinite(before) else length
        small = min(length, following) <= tol and float(np.abs(step) @ largest) <= ETA_TOLERANCE
        better = _improve(problem, point, step, certain=small)
        if better is None:
            break
        point, converged, iterations, before = better, small, iterations + 1, length
    return _record(problem, point, step, converged, iterations)


def _evaluate(problem: _Problem, params: Array) -> _Point:
    """Log-likelihood, gradient and information at `params` in one pass."""
    n, k = problem.x.shape
    score, loglik, gradient, information = np.empty(n), 0.0, np.zeros(k), np.zeros((k, k))
    with np.errstate(over="ignore", invalid="ignore"):  # a step too long is seen by its log-likelihood and halved
        for rows in row_blocks(n, k):
            x, terms = problem.x[rows], problem.link.terms(problem.y[rows], problem.eta(rows, params))
            score[rows] = terms.score
            w = 1.0 if problem.weight is None else problem.weight[rows]
            loglik += float((w * terms.loglik).sum())
            gradient += (w * terms.score) @ x
            information += crossproduct(x, np.sqrt(w * terms.curvature))
    return _Point(params, loglik, gradient, information, score)


def _improve(problem: _Problem, point: _Point, step: Array, *, certain: bool) -> _Point | None:
    """The point after the step, halved until the log-likelihood does not fall; None when no step helps.

    At the maximum (`certain`) the log-likelihood moves by rounding only and is not compared.
    """
    slack = 1e-10 * (1.0 + abs(point.loglik))
    for halving in range(HALVINGS):
        trial = _evaluate(problem, point.params + step * 0.5**halving)
        if certain or trial.loglik >= point.loglik - slack:
            return trial
    return None


def _start(problem: _Problem, tol: float) -> Array:
    """Starting values: least squares at shrunken outcomes, then, for large samples, the fit of every m-th row.

    The pilot's error is a few of its standard errors, from where Newton-Raphson needs two or three passes over all rows.
    """
    step = len(problem.y) // PILOT_ROWS
    if step < 2:
        return _least_squares_start(problem)
    pilot = problem.every(step)
    fit = _newton(pilot, _least_squares_start(pilot), tol**0.5, 30)
    return fit.params if fit.converged else _least_squares_start(problem)


def _least_squares_start(problem: _Problem) -> Array:
    """One step of iterated least squares from mu = (y + mean)/2, or zeros where that is singular."""
    mean = float(np.average(problem.y, weights=problem.weight))
    levels = (np.array([0.0, 1.0]) + mean) / 2.0
    levels = np.clip(levels, 1e-6, 1.0 - 1e-6)
    eta = problem.link.link(levels)
    slope, expected = problem.link.slope(eta), problem.link.expected(eta)
    working = eta + (np.array([0.0, 1.0]) - levels) / slope

    k = problem.x.shape[1]
    gram, moments = np.zeros((k, k)), np.zeros(k)
    for rows in row_blocks(len(problem.y), k):
        event = problem.y[rows].astype(np.intp)
        weight = expected[event] if problem.weight is None else expected[event] * problem.weight[rows]
        target = working[event] if problem.offset is None else working[event] - problem.offset[rows]
        gram += crossproduct(problem.x[rows], np.sqrt(weight))
        moments += (weight * target) @ problem.x[rows]
    solution = solve_definite(gram, moments)
    return np.zeros(k) if solution is None else solution


def _record(problem: _Problem, point: _Point, step: Array, converged: bool, iterations: int) -> BinaryFit:
    scale = np.sqrt(np.abs(np.diag(point.information)))
    safe = np.where(scale > 0.0, scale, 1.0)
    correlation = point.information / np.outer(safe, safe)
    total = float(len(problem.y)) if problem.weight is None else float(problem.weight.sum())
    rms = np.sqrt(np.einsum("ij,ij->j", problem.x, problem.x) / len(problem.x))
    mean_score = np.abs(point.gradient) / np.where(rms > 0.0, rms, 1.0) / total
    finite = bool(np.isfinite(correlation).all())
    return BinaryFit(
        params=point.params,
        score=point.score,
        information=(point.information + point.information.T) / 2.0,
        loglik=point.loglik,
        iterations=iterations,
        gradient_norm=float(mean_score.max()),
        condition_number=float(np.linalg.cond(correlation)) if finite else float("inf"),
        converged=converged,
        direction=step,
    )
