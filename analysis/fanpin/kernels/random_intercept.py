"""Grouped binomials with a normal random intercept on the logit scale, and the posterior of each group's rate.

y_i ~ Binomial(n_i, p_i), logit p_i = mu + sigma v_i, v_i ~ N(0, 1). The likelihood is that of the single trials: without
binomial coefficients, so that it compares with that of a Bernoulli model. Integrals over v are adaptive Gauss-Hermite
(Pinheiro & Bates 1995, JCGS 4:12-35); score and Hessian are posterior means (Louis 1982, JRSS B 44:226-233).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from fanpin.core.errors import EstimationError

Array = NDArray[np.float64]
POINTS = (25, 50, 100, 200)  # doubled until the log-likelihood stands still
STANDS_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class RandomInterceptFit:
    """Maximum-likelihood estimates.

    Attributes
    ----------
    intercept, sigma : mu and sigma; sigma is 0 at the boundary.
    cov : (2, 2) inverse observed information of (mu, sigma); what concerns sigma is missing at the boundary.
    loglik, pooled_loglik : maximum, and maximum with sigma = 0, of the log-likelihood of single trials.
    boundary : the likelihood is highest at sigma = 0.
    points : quadrature points.
    """

    intercept: float
    sigma: float
    cov: Array
    loglik: float
    pooled_loglik: float
    boundary: bool
    points: int


@dataclass(frozen=True, slots=True)
class PosteriorRates:
    """Posterior of each group's rate given mu and sigma: mean, standard deviation and quantiles, each (G,)."""

    mean: Array
    sd: Array
    low: Array
    high: Array


def fit_random_intercept(count: Array, total: Array) -> RandomInterceptFit:
    """Fit mu and sigma to (G,) counts out of (G,) totals.

    Raises
    ------
    EstimationError : no group, or every group, consists of cases only, so that mu is infinite; or no convergence.
    """
    cases, trials = float(count.sum()), float(total.sum())
    if not 0 < cases < trials:
        raise EstimationError("the overall rate is 0 or 1, so that rates have no spread to estimate",
                              got=f"{cases:g} cases of {trials:g}")  # fmt: skip
    p = cases / trials
    pooled = float(cases * np.log(p) + (trials - cases) * np.log1p(-p))
    start = float(special.logit(p))
    for points in POINTS:
        mu, sigma, loglik = _maximum(count, total, start, points)
        moved = _quadrature(mu, sigma, count, total, 2 * points)[0] - loglik
        if abs(moved) < STANDS_STILL:
            break
    if sigma <= 0 or loglik <= pooled + STANDS_STILL:
        cov = np.full((2, 2), np.nan)
        cov[0, 0] = 1 / (trials * p * (1 - p))
        return RandomInterceptFit(start, 0.0, cov, pooled, pooled, True, points)
    _, _, hessian = _quadrature(mu, sigma, count, total, points)
    return RandomInterceptFit(
        mu, sigma, np.asarray(np.linalg.inv(-hessian), dtype=float), loglik, pooled, False, points
    )


def _maximum(count: Array, total: Array, start: float, points: int) -> tuple[float, float, float]:
    """(mu, sigma, log-likelihood) of the best of several starts, each polished by Newton steps."""

    def objective(par: Array) -> tuple[float, Array]:
        value, score, _ = _quadrature(par[0], par[1], count, total, points)
        return -value, -score

    best = (start, 0.0, -np.inf)
    for sigma in (0.1, 0.5, 1.5):
        found = optimize.minimize(objective, np.array([start, sigma]), jac=True, method="L-BFGS-B",
                                  bounds=[(None, None), (1e-6, None)])  # fmt: skip
        mu, s = _newton(found.x, count, total, points)
        value = _quadrature(mu, s, count, total, points)[0]
        if value > best[2] + STANDS_STILL:
            best = (mu, s, value)
    return best


def _newton(par: Array, count: Array, total: Array, points: int) -> tuple[float, float]:
    """Newton steps from a point close to the maximum; they stop where sigma would leave (0, inf) or nothing is gained."""
    value, score, hessian = _quadrature(par[0], par[1], count, total, points)
    for _ in range(20):
        if par[1] <= 1e-5 or not np.all(np.linalg.eigvalsh(hessian) < 0):
            break
        new = par - np.linalg.solve(hessian, score)
        if new[1] <= 0:
            break
        result = _quadrature(new[0], new[1], count, total, points)
        if result[0] < value - STANDS_STILL:
            break
        par, (value, score, hessian) = new, result
        if np.abs(score).max() < 1e-10 * total.sum():
            break
    return float(par[0]), float(par[1])


def _quadrature(mu: float, sigma: float, count: Array, total: Array, points: int) -> tuple[float, Array, Array]:
    """Log-likelihood, its gradient (2,) and Hessian (2, 2) in (mu, sigma)."""
    x, w = np.polynomial.hermite.hermgauss(points)
    mode, width = _modes(mu, sigma, count, total)
    v = mode[:, None] + np.sqrt(2) * width[:, None] * x
    terms = _log_posterior(v, mu, sigma, count, total) + x**2 + np.log(w)
    logs = special.logsumexp(terms, axis=1)
    loglik = float((logs + np.log(width) - 0.5 * np.log(np.pi)).sum())
    share = np.exp(terms - logs[:, None])
    p = special.expit(mu + sigma * v)
    residual, spread = count[:, None] - total[:, None] * p, -total[:, None] * p * (1 - p)
    scores = np.stack([residual, residual * v])
    second = np.stack([[spread, spread * v], [spread * v, spread * v**2]])
    mean = (share * scores).sum(axis=2)
    hessian = (share * (second + scores[:, None] * scores[None, :])).sum(axis=(2, 3)) - mean @ mean.T
    return loglik, mean.sum(axis=1), hessian


def _log_posterior(v: Array, mu: float, sigma: float, count: Array, total: Array) -> Array:
    """Log of p(y | v) phi(v) without the constant -log(2 pi)/2, for (G, k) values of v."""
    eta = mu + sigma * v
    value = count[:, None] * special.log_expit(eta) + (total - count)[:, None] * special.log_expit(-eta) - v**2 / 2
    return np.asarray(value)


def _modes(mu: float, sigma: float, count: Array, total: Array) -> tuple[Array, Array]:
    """Mode of each group's posterior of v and its width, 1/sqrt of the curvature there."""
    v = np.zeros(len(count))
    for _ in range(100):
        p = special.expit(mu + sigma * v)
        gradient = sigma * (count - total * p) - v
        curvature = 1 + sigma**2 * total * p * (1 - p)
        step = np.clip(gradient / curvature, -1.0, 1.0)  # the target is log-concave: short steps cannot overshoot far
        v = v + step
        if np.abs(step).max() < 1e-12:
            break
    p = special.expit(mu + sigma * v)
    return v, 1 / np.sqrt(1 + sigma**2 * total * p * (1 - p))


def posterior_rates(
    count: Array, total: Array, *, intercept: float, sigma: float, level: float = 0.95, grid: int = 4001
) -> PosteriorRates:
    """Posterior of each group's rate, mu and sigma taken as known.

    Integrals run over a grid that is dense around the mode and reaches 10 standard deviations of the prior on each side.

    Parameters
    ----------
    count, total : (G,) arrays
        Cases and trials.
    intercept, sigma : float
        mu and sigma; with sigma = 0 every rate is the pooled one.
    level : float
        Probability between the two quantiles.
    grid : int
        Points of the grid.
    """
    mode, width = _modes(intercept, sigma, count, total)
    reach = np.arcsinh(10 / width)[:, None]
    s = np.linspace(-1.0, 1.0, grid) * reach
    v = mode[:, None] + width[:, None] * np.sinh(s)
    density = _log_posterior(v, intercept, sigma, count, total) + np.log(np.cosh(s))
    mass = np.exp(density - density.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    p = special.expit(intercept + sigma * v)
    mean = (mass * p).sum(axis=1)
    # The cumulated mass at a grid point holds half of the point's own mass, as in the trapezoidal rule.
    below = np.cumsum(mass, axis=1) - mass / 2
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (np.array([np.interp(t, b, x) for b, x in zip(below, p, strict=True)]) for t in tails)
    return PosteriorRates(mean=mean, sd=np.sqrt((mass * (p - mean[:, None]) ** 2).sum(axis=1)), low=low, high=high)
