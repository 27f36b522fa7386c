"""The conditional logit: a binary outcome with one intercept per group, which conditioning on the group's total removes.

In a group of T rows with s events, ``P(y | s) = exp(Sum_t y_t x_t'b) / Sum_z exp(Sum_t z_t x_t'b)``, the sum taken over all
0/1 vectors z with s ones; see `conditional_logit_recursion` for the sum.

Chamberlain (1980), Review of Economic Studies 47:225-238, doi:10.2307/2297110.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.conditional_logit_recursion import (
    Batch,
    Point,
    evaluate,
    group_batches,
    largest_deviations,
    null_loglik_of,
    rms_deviations,
)
from fanpin.kernels.solve import solve_definite

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

HALVINGS = 40
PILOT_GROUPS = 4_000  # many groups start from the fit of about so many of them
PILOT_STEPS = 30
CHANGE_TOLERANCE = 1e-3  # the last step may move no row's log-odds within its group by more
RUNAWAY = 1e-6  # a step of fewer standard errors that still moves log-odds by a tenth leads to infinity


@dataclass(frozen=True, slots=True)
class ConditionalLogitFit:
    """A maximised conditional likelihood, k coefficients on g groups.

    Attributes
    ----------
    params : (k,) coefficients.
    score : (g, k) score of each group, **before** weights.
    information : (k, k) minus the Hessian of the weighted log-likelihood.
    loglik, null_loglik : the maximum, and the value at 0.
    iterations : Newton steps.
    gradient_norm : largest element of the mean score, columns scaled to a root mean square within groups of 1.
    condition_number : of the information scaled to unit diagonal.
    converged : False when no maximum was found.
    direction : (k,) the last step, which under separation points to infinity.
    """

    params: Array
    score: Array
    information: Array
    loglik: float
    null_loglik: float
    iterations: int
    gradient_norm: float
    condition_number: float
    converged: bool
    direction: Array


def varies(y: NDArray, codes: Codes) -> Flags:
    """Whether each group 0 … max(codes) has both outcomes, (g,): the others carry no information."""
    count = np.bincount(codes)
    events = np.bincount(codes, weights=np.asarray(y, dtype=float))
    return (events > 0) & (events < count)


def fit_conditional_logit(
    y: NDArray, x: Array, codes: Codes, *, weight: Array | None = None, tol: float = 1e-12, max_iter: int = 60
) -> ConditionalLogitFit:
    """Maximise the conditional likelihood by Newton-Raphson.

    Parameters
    ----------
    y : (n,) array
        Outcome, 0/1 or boolean.
    x : (n, k) array
        Design matrix without a constant.
    codes : (n,) integer array
        Group of each row, 0 … g - 1, in any order; every group has both outcomes, see `varies`.
    weight : (g,) array or None
        Positive weights of groups.
    tol : float
        Stop when the next step would be shorter than this many standard errors.
    max_iter : int
        Newton steps.

    Returns
    -------
    ConditionalLogitFit
        With `converged=False` under separation or collinearity: naming the columns is for the caller.
    """
    flags, x = np.asarray(y).astype(bool, copy=False), np.asarray(x, dtype=float)
    batches, count = group_batches(flags, x, codes, weight), int(codes.max()) + 1
    total = float(count) if weight is None else float(weight.sum())
    start = _start(flags, x, codes, weight, count, tol)
    point, step, converged, iterations = _newton(batches, start, count, total, tol, max_iter)
    spread = rms_deviations(batches, len(flags))
    safe = np.where(spread > 0.0, spread, 1.0)
    return ConditionalLogitFit(
        params=point.params,
        score=point.score,
        information=(point.information + point.information.T) / 2.0,
        loglik=point.loglik,
        null_loglik=null_loglik_of(batches),
        iterations=iterations,
        gradient_norm=float((np.abs(point.gradient) / safe).max() / total),
        condition_number=_condition(point.information),
        converged=converged,
        direction=step,
    )


def _newton(
    batches: list[Batch], start: Array, count: int, total: float, tol: float, max_iter: int
) -> tuple[Point, Array, bool, int]:
    """The last point, the last step, whether it is the maximum, and the steps taken."""
    reach = largest_deviations(batches)
    point, step = evaluate(batches, start, count), np.zeros(len(start))
    converged, iterations, before = False, 0, math.inf
    while iterations < max_iter and not converged:
        newton = solve_definite(point.information, point.gradient)
        if newton is None:
            break
        step = newton
        length = math.sqrt(max(float(point.gradient @ step), 0.0) * count / total)
        following = length * (length / before) ** 2 if math.isfinite(before) else length
        change = float(np.abs(step) @ reach)
        if length <= RUNAWAY and change > 0.1:
            break
        small = min(length, following) <= tol and change <= CHANGE_TOLERANCE
        better = _improve(batches, point, step, count, certain=small)
        if better is None:
            break
        point, converged, iterations, before = better, small, iterations + 1, length
    return point, step, converged, iterations


def _start(y: Flags, x: Array, codes: Codes, weight: Array | None, count: int, tol: float) -> Array:
    """Starting values: 0, or for many groups the fit of every m-th of them."""
    every = count // PILOT_GROUPS
    if every < 2:
        return np.zeros(x.shape[1])
    rows = codes % every == 0
    part = None if weight is None else weight[::every]
    pilot = group_batches(y[rows], x[rows], codes[rows] // every, part)
    groups = (count - 1) // every + 1
    total = float(groups) if part is None else float(part.sum())
    point, _, converged, _ = _newton(pilot, np.zeros(x.shape[1]), groups, total, math.sqrt(tol), PILOT_STEPS)
    return point.params if converged else np.zeros(x.shape[1])


def _improve(batches: list[Batch], point: Point, step: Array, count: int, *, certain: bool) -> Point | None:
    """The point after the step, halved until the log-likelihood does not fall; None when no step helps."""
    slack = 1e-10 * (1.0 + abs(point.loglik))
    for halving in range(HALVINGS):
        trial = evaluate(batches, point.params + step * 0.5**halving, count)
        if certain or trial.loglik >= point.loglik - slack:
            return trial
    return None


def _condition(information: Array) -> float:
    scale = np.sqrt(np.abs(np.diag(information)))
    scaled = information / np.outer(np.where(scale > 0.0, scale, 1.0), np.where(scale > 0.0, scale, 1.0))
    return float(np.linalg.cond(scaled)) if np.isfinite(scaled).all() else math.inf
