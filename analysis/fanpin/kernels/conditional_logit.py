"""The conditional logit: a binary outcome with one intercept per group, which conditioning on the group's total removes.

In a group of T rows with s events, ``P(y | s) = exp(Sum_t y_t x_t'b) / Sum_z exp(Sum_t z_t x_t'b)``, the sum taken over all
0/1 vectors z with s ones. The recursion of Howard fills L(t, j), the log of that sum over the first t rows and j ones:
``L(t, j) = log(exp L(t-1, j) + exp(e_t + L(t-1, j-1)))``. Given that j of the first t rows are ones, row t is one with
probability q(t, j) = exp(e_t + L(t-1, j-1) - L(t, j)). Means follow by the law of total expectation,
``A(t, j) = A(t-1, j) + q d`` with ``d(t, j) = A(t-1, j-1) + x_t - A(t-1, j)``, and the Hessian by the law of total variance:
it is the sum over cells (t, j) of r q (1 - q) d d', r being the probability of passing the cell on the way down from (T, s).
All terms are positive, so nothing cancels however large T is.

Groups of the same T and s are computed together.

Howard (1972), JRSS B 34:210-211; Gail, Lubin & Rubinstein (1981), Biometrika 68:703-707, doi:10.1093/biomet/68.3.703;
Chamberlain (1980), Review of Economic Studies 47:225-238, doi:10.2307/2297110.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.blocks import crossproduct

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

CELLS = 400_000  # numbers in the working arrays of one block of groups
HALVINGS = 40
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


@dataclass(frozen=True, slots=True)
class _Batch:
    """Groups of one size and one number of events.

    x is (T, groups, k), deviations from the group's mean; chosen (groups, k) its sum over events. Where more than half of
    the rows are events, rows without are counted instead and x has its sign changed: the likelihood is the same.
    """

    x: Array
    chosen: Array
    events: int
    groups: NDArray[np.intp]
    weight: Array | None


@dataclass(frozen=True, slots=True)
class _Point:
    params: Array
    loglik: float
    score: Array
    gradient: Array
    information: Array


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
    batches = _batches(np.asarray(y).astype(bool, copy=False), np.asarray(x, dtype=float), codes, weight)
    count, k = int(codes.max()) + 1, x.shape[1]
    reach, spread = _reach(batches), _spread(batches, len(y))
    total = float(count) if weight is None else float(weight.sum())
    point, step = _evaluate(batches, np.zeros(k), count), np.zeros(k)
    null = point.loglik
    converged, iterations, before = False, 0, math.inf
    while iterations < max_iter and not converged:
        newton = _solve(point.information, point.gradient)
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
    safe = np.where(spread > 0.0, spread, 1.0)
    return ConditionalLogitFit(
        params=point.params,
        score=point.score,
        information=(point.information + point.information.T) / 2.0,
        loglik=point.loglik,
        null_loglik=null,
        iterations=iterations,
        gradient_norm=float((np.abs(point.gradient) / safe).max() / total),
        condition_number=_condition(point.information),
        converged=converged,
        direction=step,
    )


def _batches(y: Flags, x: Array, codes: Codes, weight: Array | None) -> list[_Batch]:
    size, events = np.bincount(codes), np.bincount(codes, weights=y).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    kinds, member = np.unique(size * (int(size.max()) + 1) + events, return_inverse=True)
    found = []
    for kind in range(len(kinds)):
        groups = np.flatnonzero(member == kind)
        length, ones = int(size[groups[0]]), int(events[groups[0]])
        per = max(1, CELLS // ((min(ones, length - ones) + 1) * (x.shape[1] + length)))
        for start in range(0, len(groups), per):
            part = groups[start : start + per]
            rows = order[first[part] + np.arange(length)[:, None]]
            found.append(_batch(x[rows], y[rows], ones, part, None if weight is None else weight[part]))
    return found


def _batch(x: Array, y: Flags, ones: int, groups: NDArray[np.intp], weight: Array | None) -> _Batch:
    x -= x.mean(axis=0)
    if 2 * ones > len(x):
        x, y, ones = -x, ~y, len(x) - ones
    chosen = np.einsum("tg,tgk->gk", y.astype(float), x)
    return _Batch(x, chosen, ones, groups, weight)


def _evaluate(batches: list[_Batch], params: Array, count: int) -> _Point:
    k = len(params)
    loglik, score, information = 0.0, np.empty((count, k)), np.zeros((k, k))
    gradient = np.zeros(k)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a step too long is seen and halved
        for batch in batches:
            eta = batch.x @ params
            total, include = _totals(eta, batch.events)
            mean, part = _moments(batch, include)
            each = batch.chosen @ params - total
            score[batch.groups] = batch.chosen - mean
            loglik += float(each.sum() if batch.weight is None else batch.weight @ each)
            own = score[batch.groups]
            gradient += own.sum(axis=0) if batch.weight is None else batch.weight @ own
            information += part
    return _Point(params, loglik, score, gradient, information)


def _cells(t: int, length: int, events: int) -> slice:
    """The numbers of ones j >= 1 that rows up to t (counted from 1) can have on the way to (length, events)."""
    return slice(max(1, events - length + t), min(events, t) + 1)


def _totals(eta: Array, events: int) -> tuple[Array, Array]:
    """L(T, s) by group, and the probabilities q(t, j), (T, s + 1, groups)."""
    length, groups = eta.shape
    logs = np.full((events + 1, groups), -np.inf)
    logs[0] = 0.0
    include = np.zeros((length, events + 1, groups))
    for t in range(1, length + 1):
        j = _cells(t, length, events)
        taken = logs[j.start - 1 : j.stop - 1] + eta[t - 1]
        logs[j] = np.logaddexp(logs[j], taken)
        include[t - 1, j] = np.exp(taken - logs[j])
    return logs[events], include


def _moments(batch: _Batch, include: Array) -> tuple[Array, Array]:
    """A(T, s), (groups, k), and the sum over groups of the weighted covariance of the sum of x over the ones, (k, k)."""
    length, groups, k = batch.x.shape
    passing = _passing(include, batch.events, batch.weight)
    means = np.zeros((batch.events + 1, groups, k))
    information = np.zeros((k, k))
    for t in range(1, length + 1):
        j = _cells(t, length, batch.events)
        q = include[t - 1, j]
        gap = means[j.start - 1 : j.stop - 1] + batch.x[t - 1] - means[j]
        means[j] += q[:, :, None] * gap
        root = np.sqrt(passing[t - 1, j] * q * (1.0 - q))
        information += crossproduct(gap.reshape(-1, k), root.ravel())
    return means[batch.events], information


def _passing(include: Array, events: int, weight: Array | None) -> Array:
    """The probability of passing each cell (t, j) on the way down from (T, s), times the weight, (T, s + 1, groups)."""
    length = len(include)
    passing = np.zeros_like(include)
    passing[-1, events] = 1.0 if weight is None else weight
    for t in range(length - 1, 0, -1):
        above, q = passing[t], include[t]
        passing[t - 1] = above * (1.0 - q)
        passing[t - 1, :-1] += above[1:] * q[1:]
    return passing


def _improve(batches: list[_Batch], point: _Point, step: Array, count: int, *, certain: bool) -> _Point | None:
    """The point after the step, halved until the log-likelihood does not fall; None when no step helps."""
    slack = 1e-10 * (1.0 + abs(point.loglik))
    for halving in range(HALVINGS):
        trial = _evaluate(batches, point.params + step * 0.5**halving, count)
        if certain or trial.loglik >= point.loglik - slack:
            return trial
    return None


def _solve(information: Array, gradient: Array) -> Array | None:
    """The Newton step, or None where the information is not positive definite."""
    diagonal = np.diag(information)
    if not (np.isfinite(information).all() and (diagonal > 0.0).all()):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(information * np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    return np.asarray(scale * np.linalg.solve(factor.T, np.linalg.solve(factor, scale * gradient)))


def _reach(batches: list[_Batch]) -> Array:
    """The largest deviation from a group's mean by column."""
    return np.asarray(np.max([np.abs(batch.x).max(axis=(0, 1)) for batch in batches], axis=0))


def _spread(batches: list[_Batch], n: int) -> Array:
    """The root mean square of deviations from group means by column."""
    squares = np.sum([np.einsum("tgk,tgk->k", batch.x, batch.x) for batch in batches], axis=0)
    return np.asarray(np.sqrt(squares / n))


def _condition(information: Array) -> float:
    scale = np.sqrt(np.abs(np.diag(information)))
    scaled = information / np.outer(np.where(scale > 0.0, scale, 1.0), np.where(scale > 0.0, scale, 1.0))
    return float(np.linalg.cond(scaled)) if np.isfinite(scaled).all() else math.inf
