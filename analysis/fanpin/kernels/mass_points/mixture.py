"""The likelihood of binary rows of several processes whose unit effects take finitely many values.

A unit belongs to class c with probability pi_c. In class c a row of process p has the linear predictor
``offset + x'b_p + theta_cp``, so that the unit's likelihood is ``L_i = Sum_c pi_c Prod_p Prod_rows P(y | eta)``. The
effects are linear in free parameters, ``theta_cp = B_cp'psi``, and the shares are ``pi_c = exp(g_c) / Sum exp(g)`` with
g = 0 in the first class. Parameters are stacked as (b_1, …, b_P, psi, g_2, …, g_C).

Heckman & Singer (1984), Econometrica 52:271-320; Louis (1982), JRSS B 44:226-233, for the observed information.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from fanpin.kernels.blocks import crossproduct
from fanpin.kernels.links import Array, Flags, Link

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Process:
    """The rows of one process, all rows of a unit next to each other and units in increasing order.

    Attributes
    ----------
    y : (n,) outcome.
    x : (n, k) design matrix.
    unit : (n,) unit of each row, not decreasing; a unit may have no row.
    link : one of `links.LINKS`.
    offset : (n,) fixed part of the linear predictor, or None.
    """

    y: Flags
    x: Array
    unit: Codes
    link: Link
    offset: Array | None = None


@dataclass(frozen=True, slots=True)
class MixturePoint:
    """The log-likelihood and its derivatives at some parameters; N units, C classes, K parameters.

    Attributes
    ----------
    params : (K,).
    loglik : weighted sum over units of ln L_i.
    scores : (N, K) derivatives of ln L_i, before weights.
    gradient : (K,) weighted sum of the scores.
    complete : (K, K) information if classes were known, given their posterior shares; positive semi-definite.
    observed : (K, K) minus the Hessian of the log-likelihood.
    posterior : (N, C) probability of each class given the unit's rows.
    shares : (C,) of the classes.
    unit_loglik : (N,) ln L_i.
    """

    params: Array
    loglik: float
    scores: Array
    gradient: Array
    complete: Array
    observed: Array
    posterior: Array
    shares: Array
    unit_loglik: Array


@dataclass(frozen=True, slots=True)
class Mixture:
    """Processes, classes and weights.

    Attributes
    ----------
    processes : the P processes.
    units : number of units N.
    effects : (C, P, q) the coefficients B of the effects; distinct rows of a process share their computations.
    weight : (N,) positive weights of units, or None.
    levels, level : of each process the (L, q) distinct rows of B, and the (C,) row of each class.
    """

    processes: tuple[Process, ...]
    units: int
    effects: Array
    weight: Array | None = None
    levels: list[Array] = field(init=False)
    level: list[Codes] = field(init=False)

    def __post_init__(self) -> None:
        levels, level = [], []
        for p in range(len(self.processes)):
            distinct, codes = np.unique(self.effects[:, p, :], axis=0, return_inverse=True)
            levels.append(distinct)
            level.append(np.asarray(codes).reshape(-1))
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "level", level)

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return int(self.effects.shape[0])

    @property
    def free_effects(self) -> int:
        """Number of parameters psi."""
        return int(self.effects.shape[2])

    @property
    def slopes(self) -> list[slice]:
        """Where the coefficients of each process stand."""
        ends = np.cumsum([0, *(process.x.shape[1] for process in self.processes)])
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @property
    def effect_slice(self) -> slice:
        """Where psi stands."""
        first = self.slopes[-1].stop
        return slice(first, first + self.free_effects)

    @property
    def share_slice(self) -> slice:
        """Where the logits of the shares stand."""
        first = self.effect_slice.stop
        return slice(first, first + self.classes - 1)

    @property
    def total_weight(self) -> float:
        """Sum of the units' weights."""
        return float(self.units) if self.weight is None else float(self.weight.sum())

    def every(self, step: int) -> Mixture:
        """The mixture of every `step`-th unit."""
        chosen = [process.unit % step == 0 for process in self.processes]
        thin = tuple(
            Process(p.y[rows], p.x[rows], p.unit[rows] // step, p.link, None if p.offset is None else p.offset[rows])
            for p, rows in zip(self.processes, chosen, strict=True)
        )
        weight = None if self.weight is None else self.weight[::step]
        return Mixture(thin, -(-self.units // step), self.effects, weight)

    def shares(self, params: Array) -> Array:
        """The shares of the classes, (C,)."""
        return np.asarray(special.softmax(np.append(0.0, params[self.share_slice])))

    def evaluate(self, params: Array) -> MixturePoint:
        """Log-likelihood, scores and both informations at `params`."""
        psi = params[self.effect_slice]
        parts = [_evaluate_process(process, params[rows], distinct @ psi, self.units)
                 for process, rows, distinct in zip(self.processes, self.slopes, self.levels, strict=True)]  # fmt: skip
        shares = self.shares(params)
        with np.errstate(divide="ignore"):
            joint = np.tile(np.log(shares), (self.units, 1))
        for part, codes in zip(parts, self.level, strict=True):
            joint += part.loglik[:, codes]
        unit_loglik = special.logsumexp(joint, axis=1)
        posterior = np.exp(joint - unit_loglik[:, None])
        return self._derivatives(params, parts, posterior, shares, unit_loglik)

    def _derivatives(
        self, params: Array, parts: list[_Part], posterior: Array, shares: Array, unit_loglik: Array
    ) -> MixturePoint:
        weight = np.ones(self.units) if self.weight is None else self.weight
        k = len(params)
        scores, missing = np.zeros((self.units, k)), np.zeros((k, k))
        for c in range(self.classes):
            own = self._class_scores(c, parts, shares, k)
            scores += posterior[:, c, None] * own
            missing += crossproduct(own, np.sqrt(weight * posterior[:, c]))
        missing -= crossproduct(scores, np.sqrt(weight))
        complete = self._complete(parts, posterior * weight[:, None], shares, k)
        return MixturePoint(params, float(weight @ unit_loglik), scores, weight @ scores, complete, complete - missing,
                            posterior, shares, unit_loglik)  # fmt: skip

    def _class_scores(self, c: int, parts: list[_Part], shares: Array, k: int) -> Array:
        """Scores of the units if all belonged to class c, (N, K)."""
        own = np.zeros((self.units, k))
        for p, (part, rows) in enumerate(zip(parts, self.slopes, strict=True)):
            level = self.level[p][c]
            own[:, rows] = part.slope_scores[level]
            own[:, self.effect_slice] += part.effect_scores[:, level, None] * self.effects[c, p]
        own[:, self.share_slice] = -shares[1:]
        if c > 0:
            own[:, self.share_slice.start + c - 1] += 1.0
        return own

    def _complete(self, parts: list[_Part], weighted: Array, shares: Array, k: int) -> Array:
        """Expected information of the complete data given the posterior shares, (K, K)."""
        out = np.zeros((k, k))
        effect = self.effect_slice
        for p, (part, rows, process) in enumerate(zip(parts, self.slopes, self.processes, strict=True)):
            distinct = self.levels[p]
            by_level = np.stack([weighted[:, self.level[p] == m].sum(axis=1) for m in range(len(distinct))], axis=1)
            curvature = by_level[process.unit] * part.curvature
            out[rows, rows] = crossproduct(process.x, np.sqrt(curvature.sum(axis=1)))
            out[rows, effect] = process.x.T @ curvature @ distinct
            out[effect, rows] = out[rows, effect].T
            out[effect, effect] += (distinct.T * curvature.sum(axis=0)) @ distinct
        pi = shares[1:]
        out[self.share_slice, self.share_slice] = self.total_weight * (np.diag(pi) - np.outer(pi, pi))
        return out


@dataclass(frozen=True, slots=True)
class _Part:
    """One process at each of its L effects.

    Attributes
    ----------
    loglik : (N, L) log-probability of the unit's rows.
    effect_scores : (N, L) its derivative with respect to the effect.
    slope_scores : of each level the (N, k) derivatives with respect to the coefficients.
    curvature : (n, L) of the rows.
    """

    loglik: Array
    effect_scores: Array
    slope_scores: list[Array]
    curvature: Array


def _evaluate_process(process: Process, slopes: Array, effects: Array, units: int) -> _Part:
    eta = process.x @ slopes
    if process.offset is not None:
        eta = eta + process.offset
    ends = np.searchsorted(process.unit, np.arange(units + 1))
    logliks, effect_scores, slope_scores, curvatures = [], [], [], []
    with np.errstate(over="ignore", invalid="ignore"):  # a step too long is seen by its log-likelihood and halved
        for effect in effects:
            terms = process.link.terms(process.y, eta + effect)
            logliks.append(np.bincount(process.unit, terms.loglik, minlength=units))
            effect_scores.append(np.bincount(process.unit, terms.score, minlength=units))
            members = sparse.csr_array((terms.score, np.arange(len(eta)), ends), shape=(units, len(eta)))
            slope_scores.append(np.asarray(members @ process.x))
            curvatures.append(terms.curvature)
    return _Part(np.stack(logliks, 1), np.stack(effect_scores, 1), slope_scores, np.stack(curvatures, 1))
