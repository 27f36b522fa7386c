"""A mixture over classes of mass points fitted from many starts, with its boundaries named.

Four things may happen at a maximum that leave a parameter without a standard error, and each is a result: a class has
share 0 (it is left out); a point lies at minus or plus infinity (units of that class never, or at once, have the event:
it is held where the likelihood no longer moves); two points of an effect coincide (the effect has fewer points); the
observed information is singular otherwise (the caller is told).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fanpin.kernels.links import Array, Flags
from fanpin.kernels.mass_points.classes import ClassPlan, Combination, in_descending_order, without_classes
from fanpin.kernels.mass_points.maximise import SEARCH_STEPS, MixtureFit, maximise, maximise_from, same_maximum
from fanpin.kernels.mass_points.mixture import Mixture, Process

EMPTY = 1e-5  # a smaller share is 0
FLAT = 1e-6  # information of a point per unit below which it lies at infinity
APART = 1e-3  # points closer than this coincide
PILOT_UNITS = 4000  # random starts of larger samples are compared on about as many units
SPREAD = 1.5  # standard deviation of the points drawn as starting values


@dataclass(frozen=True, slots=True)
class ClassFit:
    """A fit of mass points.

    Attributes
    ----------
    plan, mixture : the classes left, and their likelihood.
    fit : the maximum; its counts of starts are those of the search among all classes.
    free : (K,) parameters with a standard error; the others lie at infinity.
    empty : combinations whose share is 0; the fit counts as converged only where none of them would raise the likelihood.
    coincident : (effect, point) of a point that coincides with another or is in no class left, or None.
    """

    plan: ClassPlan
    mixture: Mixture
    fit: MixtureFit
    free: Flags
    empty: tuple[Combination, ...]
    coincident: tuple[int, int] | None


def fit_classes(
    processes: tuple[Process, ...],
    units: int,
    plan: ClassPlan,
    slopes: list[Array],
    *,
    weight: Array | None = None,
    starts: int = 8,
    first: list[Array] | None = None,
) -> ClassFit:
    """The highest maximum over `starts` starting values.

    Parameters
    ----------
    processes, units, weight : as in `Mixture`; the first column of every process is its intercept.
    plan : ClassPlan
        Points and classes.
    slopes : list of (k,) arrays
        Coefficients of each process without effects, where the starts begin.
    starts : int
        Number of random starting values, the same in every call. From 8,000 units on they are compared on every n-th
        unit, and the two best go on with all.
    first : list of (K,) arrays or None
        Further starting values.
    """
    mixture = plan.mixture(processes, units, weight)
    values = [*(first or []), *_random_starts(mixture, plan, slopes, starts)]
    found = _search(mixture, values)
    plan, params = in_descending_order(plan, mixture, found.point.params)
    return _at_boundary(processes, units, weight, plan, params, found)


def _search(mixture: Mixture, starts: list[Array]) -> MixtureFit:
    """The best maximum; in large samples from the two best of every n-th unit, whose counts of starts it then has."""
    step = mixture.units // PILOT_UNITS
    if step < 2 or len(starts) < 3:
        return maximise(mixture, starts)
    thin = mixture.every(step)
    pilot = [maximise_from(thin, start, max_iter=SEARCH_STEPS) for start in starts]
    logliks = np.array([fit.point.loglik for fit in pilot])
    reached = same_maximum(logliks)
    others = np.flatnonzero(~reached)
    chosen = [int(np.argmax(logliks)), *others[np.argsort(-logliks[others])][:1]]
    best = maximise(mixture, [pilot[int(i)].point.params for i in chosen])
    return replace(best, starts=len(starts), reached=int(reached.sum()), logliks=logliks)


def _random_starts(mixture: Mixture, plan: ClassPlan, slopes: list[Array], count: int) -> list[Array]:
    if mixture.free_effects == 0:
        return [np.concatenate(slopes)]
    rng = np.random.default_rng(20240601)
    return [_random_start(mixture, plan, slopes, rng) for _ in range(count)]


def _random_start(mixture: Mixture, plan: ClassPlan, slopes: list[Array], rng: np.random.Generator) -> Array:
    """Points drawn around the fit without effects, nearly equal shares."""
    psi = rng.normal(scale=SPREAD, size=mixture.free_effects)
    logs = rng.normal(scale=0.5, size=mixture.classes - 1)
    start = np.concatenate([*slopes, psi, logs])
    mean = mixture.shares(start) @ (plan.effects() @ psi)
    for rows, shift in zip(mixture.slopes, mean, strict=True):
        start[rows.start] -= shift
    return start


def _at_boundary(
    processes: tuple[Process, ...], units: int, weight: Array | None, plan: ClassPlan, params: Array, found: MixtureFit
) -> ClassFit:
    """Leave out empty classes, hold points at infinity, and look for points that coincide."""
    gone: list[Combination] = []
    mixture = plan.mixture(processes, units, weight)
    while True:
        empty = [c for c, share in enumerate(mixture.shares(params)) if share < EMPTY]
        if not empty:
            break
        gone += [plan.classes[c] for c in empty]
        plan, params = without_classes(plan, mixture, params, empty)
        mixture = plan.mixture(processes, units, weight)
        params = maximise_from(mixture, params).point.params
    free = _not_at_infinity(mixture, params)
    last = maximise_from(mixture, params, free=free)
    fit = replace(last, iterations=found.iterations, starts=found.starts, reached=found.reached, logliks=found.logliks)
    slope = max((share_derivative(plan, mixture, fit.point.params, c) for c in gone), default=0.0)
    fit = replace(fit, converged=fit.converged and slope <= 1e-4)
    return ClassFit(plan, mixture, fit, free, tuple(gone), _coincident(plan, mixture, last.point.params))


def share_derivative(plan: ClassPlan, mixture: Mixture, params: Array, left_out: Combination) -> float:
    """What the mean log-likelihood gains per share given to a class left out: not positive where 0 is its best share."""
    larger = ClassPlan(plan.masses, (*plan.classes, left_out), plan.linked)
    wider = larger.mixture(mixture.processes, mixture.units, mixture.weight)
    little = np.log(1e-9) - np.log(mixture.shares(params)[0])
    point = wider.evaluate(np.append(params, little))
    return float(point.gradient[-1] / point.shares[-1] / wider.total_weight)


def _not_at_infinity(mixture: Mixture, params: Array) -> Flags:
    point = mixture.evaluate(params)
    flat = np.diag(point.complete) < FLAT * mixture.total_weight
    free = np.ones(len(params), dtype=bool)
    free[mixture.effect_slice] = ~(flat[mixture.effect_slice] & (np.abs(params[mixture.effect_slice]) > 5.0))
    return free


def _coincident(plan: ClassPlan, mixture: Mixture, params: Array) -> tuple[int, int] | None:
    for effect, points in enumerate(plan.points(mixture, params)):
        used = {combination[effect] for combination in plan.classes}
        for point in range(1, len(points)):
            if point not in used or np.abs(points[:point] - points[point]).min() < APART:
                return effect, point
        if len(points) > 1 and 0 not in used:
            return effect, 0
    return None
