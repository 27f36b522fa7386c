"""The maximum of a mixture's likelihood: steps of the EM gradient kind far from it, Newton-Raphson near it, many starts.

The gradient of the log-likelihood is that of the expected complete-data log-likelihood, whose information is positive
semi-definite for these links; a step by that information is the first Newton step of an M step and, halved when it must
be, always ascends (Lange 1995, JRSS B 57:425-437). After a few of them Newton-Raphson takes over, with as much of the
complete-data information added to the observed one as makes it positive definite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fanpin.kernels.links import Array, Flags
from fanpin.kernels.mass_points.mixture import Mixture, MixturePoint
from fanpin.kernels.solve import solve_definite

GRADIENT = 1e-9  # of the mean score of a unit
SAME = 1e-5  # log-likelihoods that differ by less, relative to 1 + |l| / 1000, belong to one maximum
EM_STEPS = 12
SEARCH_STEPS = 60  # from each start; the best goes on
RIDGES = (0.0, 0.02, 0.1, 0.4)  # shares of the complete information added where the observed one is not definite
STALLED = 1e-8  # a log-likelihood that gains less over as many steps as follow goes nowhere
PATIENCE = 20
HALVINGS = 30
UNSEEN = 1e-7  # a direction that the data do not see, in the factor of the scaled information


@dataclass(frozen=True, slots=True)
class MixtureFit:
    """The highest maximum found.

    Attributes
    ----------
    point : log-likelihood and derivatives there.
    converged : the mean score of a unit is below 1e-8 in every free parameter.
    iterations : steps of the best start.
    gradient_norm : largest element of the mean score among free parameters.
    definite : the observed information of the free parameters is positive definite.
    starts : number of starts.
    reached : starts that ended at this maximum.
    logliks : (starts,) where each start ended.
    """

    point: MixturePoint
    converged: bool
    iterations: int
    gradient_norm: float
    definite: bool
    starts: int
    reached: int
    logliks: Array


def maximise(mixture: Mixture, starts: list[Array], *, free: Flags | None = None, max_iter: int = 300) -> MixtureFit:
    """The best of the maxima reached from several starting values.

    Parameters
    ----------
    mixture : Mixture
        The model and its data.
    starts : list of (K,) arrays
        Starting values, at least one.
    free : (K,) boolean array or None
        Parameters to move; the others keep their starting values. None moves all.
    max_iter : int
        Steps of the best start; each start is followed for 60 before they are compared.
    """
    fits = [maximise_from(mixture, start, free=free, max_iter=min(SEARCH_STEPS, max_iter)) for start in starts]
    logliks = np.array([fit.point.loglik for fit in fits])
    best = fits[int(np.argmax(logliks))]
    if not best.converged:
        best = maximise_from(mixture, best.point.params, free=free, max_iter=max_iter)
    reached = int(same_maximum(logliks).sum())
    return replace(best, starts=len(fits), reached=reached, logliks=logliks)


def same_maximum(logliks: Array) -> Flags:
    """Which starts ended at the highest log-likelihood."""
    highest = float(logliks.max())
    return np.asarray(logliks >= highest - SAME * (1.0 + abs(highest) / 1000.0))


def maximise_from(mixture: Mixture, start: Array, *, free: Flags | None = None, max_iter: int = 300) -> MixtureFit:
    """The maximum reached from one starting value; arguments as in `maximise`."""
    moving = np.ones(len(start), dtype=bool) if free is None else free
    point, total = mixture.evaluate(np.asarray(start, dtype=float)), mixture.total_weight
    iterations, before = 0, -np.inf
    while iterations < max_iter and _norm(point, moving, total) > GRADIENT:
        if iterations % PATIENCE == 0:
            if point.loglik - before < STALLED:
                break
            before = point.loglik
        better = _next(mixture, point, moving, newton=iterations >= EM_STEPS)
        if better is None:
            break
        point, iterations = better, iterations + 1
    norm = _norm(point, moving, total)
    definite = (
        solve_definite(point.observed[np.ix_(moving, moving)], point.gradient[moving], smallest=UNSEEN) is not None
    )
    return MixtureFit(point, norm <= 10.0 * GRADIENT, iterations, norm, definite, 1, 1, np.array([point.loglik]))


def _norm(point: MixturePoint, moving: Flags, total: float) -> float:
    return float(np.abs(point.gradient[moving]).max(initial=0.0)) / total


def _next(mixture: Mixture, point: MixturePoint, moving: Flags, *, newton: bool) -> MixturePoint | None:
    """The point after one ascending step, or None when no step ascends."""
    block = np.ix_(moving, moving)
    bent = [point.observed + ridge * point.complete for ridge in RIDGES] if newton else []
    for information in (*bent, point.complete):
        step = solve_definite(information[block], point.gradient[moving], smallest=UNSEEN)
        if step is None:
            continue
        longest = float(np.abs(step).max())
        step *= min(1.0, 5.0 / longest) if longest > 0.0 else 1.0  # no coefficient jumps by more than 5
        better = _improve(mixture, point, moving, step)
        if better is not None:
            return better
    return None


def _improve(mixture: Mixture, point: MixturePoint, moving: Flags, step: Array) -> MixturePoint | None:
    slack = 1e-12 * (1.0 + abs(point.loglik))
    for halving in range(HALVINGS):
        params = point.params.copy()
        params[moving] += step * 0.5**halving
        trial = mixture.evaluate(params)
        if trial.loglik >= point.loglik - slack and np.isfinite(trial.gradient).all():
            return trial
    return None
