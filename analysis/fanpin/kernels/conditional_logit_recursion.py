"""The conditional likelihood of groups of rows and its derivatives, by recursion over rows and numbers of events.

In a group of T rows with s events the recursion of Howard fills L(t, j), the log of the sum of ``exp(Sum_t z_t e_t)`` over all
0/1 vectors z on the first t rows with j ones: ``L(t, j) = log(exp L(t-1, j) + exp(e_t + L(t-1, j-1)))``. Given that j of the
first t rows are ones, row t is one with probability ``q(t, j) = exp(e_t + L(t-1, j-1) - L(t, j))``. Means follow by the law of
total expectation, ``A(t, j) = A(t-1, j) + q d`` with ``d(t, j) = A(t-1, j-1) + x_t - A(t-1, j)``, and the Hessian by the law of
total variance: it is the sum over cells (t, j) of r q (1 - q) d d', r being the probability of passing the cell on the way down
from (T, s). All terms are positive, so nothing cancels however large T is.

Groups of the same T and s are computed together.

Howard (1972), JRSS B 34:210-211; Gail, Lubin & Rubinstein (1981), Biometrika 68:703-707, doi:10.1093/biomet/68.3.703.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fanpin.kernels.blocks import crossproduct

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

CELLS = 150_000  # numbers in the working arrays of one block of groups
LARGEST_LOG = 600.0  # of a sum of products of rates, at most 2^T of them


@dataclass(frozen=True, slots=True)
class Batch:
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
class Point:
    """The weighted log-likelihood and its derivatives at `params`.

    score (groups, k) is before weights; information (k, k) is minus the Hessian.
    """

    params: Array
    loglik: float
    score: Array
    gradient: Array
    information: Array


def group_batches(y: Flags, x: Array, codes: Codes, weight: Array | None) -> list[Batch]:
    """The groups 0 … max(codes), each with both outcomes, in blocks of one size and number of events."""
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


def _batch(x: Array, y: Flags, ones: int, groups: NDArray[np.intp], weight: Array | None) -> Batch:
    x -= x.mean(axis=0)
    if 2 * ones > len(x):
        x, y, ones = -x, ~y, len(x) - ones
    chosen = np.einsum("tg,tgk->gk", y.astype(float), x)
    return Batch(x, chosen, ones, groups, weight)


def evaluate(batches: list[Batch], params: Array, count: int) -> Point:
    """Log-likelihood, scores and information at `params`, for `count` groups in all."""
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
    return Point(params, loglik, score, gradient, information)


def _cells(t: int, length: int, events: int) -> slice:
    """The numbers of ones j >= 1 that rows up to t (counted from 1) can have on the way to (length, events)."""
    return slice(max(1, events - length + t), min(events, t) + 1)


def _totals(eta: Array, events: int) -> tuple[Array, Array]:
    """L(T, s) by group, and the probabilities q(t, j), (T, s + 1, groups)."""
    length, groups = eta.shape
    include = np.zeros((length, events + 1, groups))
    bound = float(np.abs(eta).max()) * events + length * math.log(2.0)
    if bound < LARGEST_LOG:  # the sums stay finite, and cost less than their logs
        rates, sums = np.exp(eta), np.zeros((events + 1, groups))
        sums[0] = 1.0
        for t in range(1, length + 1):
            j = _cells(t, length, events)
            taken = sums[j.start - 1 : j.stop - 1] * rates[t - 1]
            sums[j] += taken
            np.divide(taken, sums[j], out=include[t - 1, j])
        return np.log(sums[events]), include
    logs = np.full((events + 1, groups), -np.inf)
    logs[0] = 0.0
    for t in range(1, length + 1):
        j = _cells(t, length, events)
        taken = logs[j.start - 1 : j.stop - 1] + eta[t - 1]
        logs[j] = np.logaddexp(logs[j], taken)
        include[t - 1, j] = np.exp(taken - logs[j])
    return logs[events], include


def _moments(batch: Batch, include: Array) -> tuple[Array, Array]:
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


def null_loglik_of(batches: list[Batch]) -> float:
    """The log-likelihood at 0, where all subsets of a group are as likely."""
    each = [special.gammaln(len(b.x) + 1) - special.gammaln(b.events + 1) - special.gammaln(len(b.x) - b.events + 1)
            for b in batches]  # fmt: skip
    sizes = [len(b.groups) if b.weight is None else float(b.weight.sum()) for b in batches]
    return -float(np.dot(each, sizes))


def largest_deviations(batches: list[Batch]) -> Array:
    """The largest deviation from a group's mean by column."""
    return np.asarray(np.max([np.abs(batch.x).max(axis=(0, 1)) for batch in batches], axis=0))


def rms_deviations(batches: list[Batch], n: int) -> Array:
    """The root mean square of deviations from group means by column."""
    squares = np.sum([np.einsum("tgk,tgk->k", batch.x, batch.x) for batch in batches], axis=0)
    return np.asarray(np.sqrt(squares / n))
