"""Quadrature with a normal random intercept: rules, fast cells, derivatives, posterior moments, limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from fanpin.kernels.delta import numerical_jacobian
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import LINKS
from fanpin.kernels.marginal import Curve
from fanpin.kernels.random_effects.cells import CELLS
from fanpin.kernels.random_effects.curve import integrated_curve, sigma_derivative
from fanpin.kernels.random_effects.fit import boundary_score, fit_normal_intercept
from fanpin.kernels.random_effects.maximise import maximise
from fanpin.kernels.random_effects.modes import mode_nodes, prior_nodes
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.posterior import evaluate, loglikelihood
from fanpin.kernels.random_effects.refit import posterior_moments
from fanpin.kernels.random_effects.rule import MOST_POINTS, normal_rule

NAMES = sorted(LINKS)


def simulated(link: str, *, units: int = 60, sigma: float = 1.0, seed: int = 5, weighted: bool = False) -> Panel:
    """Unbalanced units of 1 to 6 rows."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 7, units)
    start = np.append(0, np.cumsum(size)[:-1])
    x = np.column_stack([np.ones(size.sum()), rng.normal(size=(size.sum(), 2))])
    eta = x @ np.array([-0.6, 0.5, -0.4]) + np.repeat(sigma * rng.normal(size=units), size)
    y = rng.random(len(eta)) < LINKS[link].inverse(eta)
    weight = rng.integers(1, 4, units).astype(float) if weighted else None
    return Panel(y, x, start, LINKS[link], weight=weight, offset=0.1 * rng.normal(size=len(eta)))


@pytest.mark.parametrize("points", [2, 12, 51, 200, MOST_POINTS])
def test_rule_has_the_moments_of_the_normal(points):
    rule = normal_rule(points)
    moments = [np.exp(rule.tilted - rule.node**2 / 2) @ rule.node**power for power in range(4)]
    assert moments == pytest.approx([1.0, 0.0, 1.0, 0.0], abs=1e-12)
    assert np.isfinite(rule.tilted).all()
    assert rule.tilted == pytest.approx(rule.tilted[::-1], rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reach", [3.0, 60.0])
def test_cells_are_the_terms_of_the_link(name, reach):
    rng = np.random.default_rng(1)
    y, eta = rng.random(40) < 0.5, rng.uniform(-reach, min(reach, 20.0), (5, 40))
    start = np.array([0, 1, 7, 20])
    cells = CELLS[name](y, eta, start)
    terms = LINKS[name].terms(np.tile(y, 5), eta.ravel())
    assert cells.loglik == pytest.approx(
        np.add.reduceat(terms.loglik.reshape(5, 40), start, axis=1), rel=1e-12, abs=1e-13
    )
    assert cells.score.ravel() == pytest.approx(terms.score, rel=1e-9, abs=1e-13)
    assert cells.curvature.ravel() == pytest.approx(terms.curvature, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_units_with_many_rows_do_not_underflow(name):
    rng = np.random.default_rng(2)
    y, eta = rng.random(3000) < 0.4, rng.normal(-0.5, 1.5, (3, 3000))
    cells = CELLS[name](y, eta, np.array([0, 2500]))
    terms = LINKS[name].terms(np.tile(y, 3), eta.ravel())
    assert cells.loglik == pytest.approx(np.add.reduceat(terms.loglik.reshape(3, -1), [0, 2500], axis=1), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_likelihood_is_the_integral(name):
    panel, theta = simulated(name, units=8), np.array([-0.5, 0.4, -0.3, 0.9])
    at = evaluate(panel, theta, normal_rule(80), mode_nodes(panel, theta, np.zeros(panel.units)))
    eta, total = panel.eta(theta[:-1]), 0.0
    for i in range(panel.units):
        rows = panel.unit == i

        def density(v, rows=rows):
            terms = panel.link.terms(panel.y[rows], eta[rows] + theta[-1] * v)
            return np.exp(terms.loglik.sum()) * stats.norm.pdf(v)

        value = integrate.quad(density, -12, 12, epsabs=1e-13, epsrel=1e-12)[0]
        mean = integrate.quad(lambda v, f=density: v * f(v), -12, 12, epsabs=1e-13, epsrel=1e-12)[0] / value
        assert at.moments.centre[i] == pytest.approx(mean, abs=1e-9)
        total += np.log(value)
    assert at.loglik == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_score_and_information_are_derivatives(name, weighted):
    panel, theta, rule = simulated(name, weighted=weighted), np.array([-0.5, 0.4, -0.3, 0.9]), normal_rule(40)
    nodes = mode_nodes(panel, theta, np.zeros(panel.units))
    at = evaluate(panel, theta, rule, nodes)
    assert at.gradient == pytest.approx(numerical_jacobian(lambda t: loglikelihood(panel, t, rule, nodes)[0], theta)[0],
                                        rel=1e-6, abs=1e-6)  # fmt: skip
    hessian = numerical_jacobian(lambda t: loglikelihood(panel, t, rule, nodes)[1], theta)
    assert at.information == pytest.approx(-hessian, rel=1e-6, abs=1e-6)
    weight = np.ones(panel.units) if panel.weight is None else panel.weight
    assert weight @ at.score == pytest.approx(at.gradient)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_do_not_matter(name, monkeypatch):
    panel, theta, rule = simulated(name, weighted=True), np.array([-0.5, 0.4, -0.3, 0.9]), normal_rule(20)
    nodes = prior_nodes(panel)
    whole = evaluate(panel, theta, rule, nodes)
    monkeypatch.setattr("fanpin.kernels.random_effects.panel.ELEMENTS", 100)
    assert len(panel.blocks(20)) > 20
    parts = evaluate(panel, theta, rule, nodes)
    assert parts.loglik == pytest.approx(whole.loglik, rel=1e-13)
    assert parts.information == pytest.approx(whole.information, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_kinds_of_adaptation_agree_where_points_suffice(name):
    panel = simulated(name, units=200)
    start = np.array([-0.5, 0.4, -0.3, 0.9])
    found = [maximise(panel, start, 60, kind) for kind in ("mean", "mode", "none")]
    assert all(one.converged for one in found)
    for other in found[1:]:
        assert other.theta == pytest.approx(found[0].theta, rel=1e-6)
        assert other.at.loglik == pytest.approx(found[0].at.loglik, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_boundary_score_is_the_slope_in_the_variance(name):
    panel = simulated(name, weighted=True)
    pooled = fit_binary(panel.y, panel.x, panel.link, weight=np.repeat(panel.weight, panel.size), offset=panel.offset)
    rule, nodes = normal_rule(30), prior_nodes(panel)
    small = 1e-4
    near, zero = (loglikelihood(panel, np.append(pooled.params, s), rule, nodes)[0] for s in (np.sqrt(small), 0.0))
    assert zero == pytest.approx(pooled.loglik, rel=1e-12)
    assert (near - zero) / small == pytest.approx(boundary_score(panel, pooled), rel=2e-2)


@pytest.mark.parametrize("name", NAMES)
def test_without_differences_between_units_the_pooled_fit_is_reported(name):
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    y = np.tile([True, False, False, True], 100)  # units more alike than by chance
    panel = Panel(y, x, np.arange(100) * 4, LINKS[name])
    pooled = fit_binary(y, x, panel.link)
    fit = fit_normal_intercept(panel, pooled)
    assert fit.boundary
    assert fit.boundary_score < 0
    assert fit.params == pytest.approx(np.append(pooled.params, 0.0))
    assert fit.loglik == fit.pooled_loglik == pooled.loglik
    assert np.isnan(fit.information[-1]).all()


def test_too_few_points_given_are_more_in_the_end():
    panel = simulated("logit", units=300, sigma=5.0)
    pooled = fit_binary(panel.y, panel.x, panel.link, offset=panel.offset)
    few, enough = fit_normal_intercept(panel, pooled, points=7), fit_normal_intercept(panel, pooled)
    assert (few.asked_points, enough.asked_points) == (7, None)
    assert few.points > 7
    assert few.params == pytest.approx(enough.params, rel=1e-4)
    assert abs(enough.change.loglik) < 1e-6


def test_posterior_moments_shrink_to_the_prior_without_information():
    panel = simulated("logit", units=30)
    moments = posterior_moments(panel, np.array([-0.5, 0.4, -0.3, 1e-6]), 12)
    assert moments.centre == pytest.approx(np.zeros(30), abs=1e-5)
    assert moments.width == pytest.approx(np.ones(30), abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0])
def test_integrated_probability_and_its_derivatives(name, sigma):
    link, eta = LINKS[name], np.linspace(-4, 3, 9)
    curve, slope = integrated_curve(link, sigma), sigma_derivative(link, sigma)
    exact = [
        integrate.quad(lambda v, e=e: link.inverse(np.array(e + sigma * v)) * stats.norm.pdf(v), -12, 12)[0]
        for e in eta
    ]
    assert curve.inverse(eta) == pytest.approx(exact, abs=1e-8)
    h = 1e-5
    assert curve.slope(eta) == pytest.approx((curve.inverse(eta + h) - curve.inverse(eta - h)) / (2 * h), abs=1e-8)
    assert curve.bend(eta) == pytest.approx((curve.slope(eta + h) - curve.slope(eta - h)) / (2 * h), abs=1e-8)
    up, down = integrated_curve(link, sigma + h), integrated_curve(link, sigma - h)
    assert isinstance(up, Curve)
    assert slope.inverse(eta) == pytest.approx((up.inverse(eta) - down.inverse(eta)) / (2 * h), abs=1e-8)
    assert slope.slope(eta) == pytest.approx((up.slope(eta) - down.slope(eta)) / (2 * h), abs=1e-8)
