"""The random-intercept binomial against integration on a dense grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from fanpin.core.errors import EstimationError, InputError
from fanpin.kernels.funnel import funnel_limits
from fanpin.kernels.random_intercept import _quadrature, fit_random_intercept, posterior_rates

V = np.linspace(-12, 12, 200_001)


def draw(groups, sigma, seed):
    rng = np.random.default_rng(seed)
    total = rng.integers(5, 200, groups).astype(float)
    return rng.binomial(total.astype(int), special.expit(-0.4 + sigma * rng.normal(size=groups))).astype(float), total


def on_a_grid(mu, sigma, count, total):
    """Log-likelihood and posterior means of the rates by the trapezoidal rule."""
    loglik, means = 0.0, []
    for y, n in zip(count, total, strict=True):
        eta = mu + sigma * V
        g = y * special.log_expit(eta) + (n - y) * special.log_expit(-eta) + stats.norm.logpdf(V)
        top = g.max()
        mass = np.exp(g - top)
        loglik += top + np.log(mass.sum() * (V[1] - V[0]))
        means.append((mass * special.expit(eta)).sum() / mass.sum())
    return loglik, np.array(means)


@pytest.mark.parametrize(("mu", "sigma"), [(-0.4, 0.3), (1.0, 1.2), (-2.0, 2.5)])
def test_likelihood_equals_a_dense_grid(mu, sigma):
    count, total = draw(8, 1.0, 1)
    count[0], total[0] = 0.0, 40.0
    value = _quadrature(mu, sigma, count, total, 100)[0]
    assert value == pytest.approx(on_a_grid(mu, sigma, count, total)[0], abs=1e-8)


def test_gradient_and_hessian_are_derivatives():
    count, total = draw(12, 0.8, 2)
    value, score, hessian = _quadrature(-0.3, 0.7, count, total, 60)
    e = 1e-5
    for j, step in enumerate(((e, 0.0), (0.0, e))):
        up = _quadrature(-0.3 + step[0], 0.7 + step[1], count, total, 60)
        down = _quadrature(-0.3 - step[0], 0.7 - step[1], count, total, 60)
        assert score[j] == pytest.approx((up[0] - down[0]) / (2 * e), abs=1e-5)
        np.testing.assert_allclose(hessian[j], (up[1] - down[1]) / (2 * e), rtol=1e-5)
    assert np.isfinite(value)


def test_fit_is_a_maximum():
    count, total = draw(40, 0.6, 3)
    fit = fit_random_intercept(count, total)
    _, score, _ = _quadrature(fit.intercept, fit.sigma, count, total, 2 * fit.points)
    assert np.abs(score).max() < 1e-5
    assert not fit.boundary
    assert fit.loglik > fit.pooled_loglik
    assert abs(fit.sigma - 0.6) < 3 * np.sqrt(fit.cov[1, 1])


def test_equal_rates_end_at_the_boundary():
    total = np.array([10.0, 40.0, 100.0, 200.0])
    fit = fit_random_intercept(total * 0.4, total)
    assert fit.boundary
    assert (fit.sigma, fit.loglik) == (0.0, fit.pooled_loglik)
    assert fit.intercept == pytest.approx(special.logit(0.4))
    assert np.isnan(fit.cov[1, 1])
    assert fit.cov[0, 0] == pytest.approx(1 / (350 * 0.24))
    rates = posterior_rates(total * 0.4, total, intercept=fit.intercept, sigma=0.0)
    np.testing.assert_allclose([rates.mean, rates.low, rates.high], 0.4)
    np.testing.assert_allclose(rates.sd, 0.0, atol=1e-12)


def test_posterior_mean_and_quantiles_equal_a_dense_grid():
    count, total = np.array([0.0, 3.0, 50.0, 9000.0]), np.array([60.0, 4.0, 90.0, 10_000.0])
    rates = posterior_rates(count, total, intercept=-0.5, sigma=0.9)
    np.testing.assert_allclose(rates.mean, on_a_grid(-0.5, 0.9, count, total)[1], rtol=1e-7)
    for i in range(4):
        eta = -0.5 + 0.9 * V
        g = count[i] * special.log_expit(eta) + (total[i] - count[i]) * special.log_expit(-eta) - V**2 / 2
        below = np.cumsum(np.exp(g - g.max()))
        edges = special.expit(eta[np.searchsorted(below / below[-1], [0.025, 0.975])])
        np.testing.assert_allclose([rates.low[i], rates.high[i]], edges, rtol=2e-4)


@pytest.mark.parametrize("cases", [0.0, 1.0])
def test_an_overall_rate_of_zero_or_one_is_refused(cases):
    total = np.array([10.0, 20.0])
    with pytest.raises(EstimationError, match="overall rate is 0 or 1"):
        fit_random_intercept(cases * total, total)


def test_funnel_limits_interpolate_exact_binomial_quantiles():
    total = np.array([20.0, 26.0, 100.0, 1000.0])
    low, high = funnel_limits(total, rate=0.44, level=0.95)
    for n, a, b in zip(total, low * total, high * total, strict=True):
        assert stats.binom.cdf(np.floor(a), n, 0.44) <= 0.025 <= stats.binom.cdf(np.ceil(a), n, 0.44)
        assert stats.binom.cdf(np.floor(b), n, 0.44) <= 0.975 <= stats.binom.cdf(np.ceil(b), n, 0.44)
    assert (np.diff(high) < 0).all()
    assert (np.diff(low) > 0).all()
    np.testing.assert_allclose(high[-1] - 0.44, 1.96 * np.sqrt(0.44 * 0.56 / 1000), rtol=0.05)


def test_funnel_limits_stay_between_zero_and_one():
    low, high = funnel_limits(np.array([1.0, 2.0, 3.0]), rate=0.02, level=0.998)
    assert (low >= 0).all()
    assert (high <= 1).all()
    with pytest.raises(InputError):
        funnel_limits(np.array([10.0]), rate=0.5, level=95)
