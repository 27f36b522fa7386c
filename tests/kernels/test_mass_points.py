"""Mixtures of mass points: derivatives, direct evaluation, starts, boundaries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from fanpin.kernels.delta import numerical_jacobian
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import LINKS
from fanpin.kernels.mass_points import ClassPlan, Mixture, Process, fit_classes, gateaux_maximum, maximise_from
from fanpin.kernels.mass_points.fit import share_derivative

SHARE, POINT = 0.4, -2.0  # of the first class; of the second


def simulated(units: int, waves: int, points: tuple[float, float], seed: int = 1, link: str = "cloglog") -> Process:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), waves)
    x = np.column_stack([np.ones(len(unit)), rng.normal(size=(len(unit), 2))])
    effect = np.where(rng.random(units) < SHARE, *points)[unit]
    eta = x @ [-0.5, 0.5, -0.3] + effect
    return Process(rng.random(len(unit)) < LINKS[link].inverse(eta), x, unit, LINKS[link])


def pooled(process: Process, weight: np.ndarray | None = None) -> np.ndarray:
    rows = None if weight is None else weight[process.unit]
    return fit_binary(process.y, process.x, process.link, weight=rows).params


def fitted(process: Process, units: int, masses: int = 2, **options):
    plan = ClassPlan.full((masses,), linked=False)
    return fit_classes((process,), units, plan, [pooled(process, options.get("weight"))], **options)


def joint(seed: int = 2) -> Mixture:
    """Three processes of 40 units, two effects with two and three points, some units without rows in a process."""
    rng = np.random.default_rng(seed)
    processes = []
    for link, n in (("cloglog", 130), ("logit", 110), ("probit", 40)):
        unit = np.sort(rng.integers(0, 40, n))
        x = np.column_stack([np.ones(n), rng.normal(size=n)])
        processes.append(Process(rng.random(n) < 0.4, x, unit, LINKS[link], rng.normal(size=n) * 0.1))
    weight = rng.uniform(0.5, 2.0, 40)
    return ClassPlan.full((2, 3), linked=True).mixture(tuple(processes), 40, weight)


@pytest.fixture(scope="module")
def params() -> np.ndarray:
    return np.random.default_rng(3).normal(size=6 + 6 + 5) * 0.3


def test_gradient_and_information_are_those_of_the_loglik(params):
    mixture = joint()
    point = mixture.evaluate(params)
    gradient = numerical_jacobian(lambda b: mixture.evaluate(b).loglik, params)[0]
    assert point.gradient == pytest.approx(gradient, rel=1e-6, abs=1e-7)
    hessian = numerical_jacobian(lambda b: mixture.evaluate(b).gradient, params)
    assert point.observed == pytest.approx(-hessian, rel=1e-6, abs=1e-6)
    by_unit = numerical_jacobian(lambda b: mixture.evaluate(b).unit_loglik, params)
    assert point.scores == pytest.approx(by_unit, rel=1e-6, abs=1e-7)
    assert np.linalg.eigvalsh(point.complete).min() > -1e-9


def test_loglik_is_the_sum_over_classes_written_out(params):
    mixture = joint()
    psi, shares = params[6:12], special.softmax([0.0, *params[12:]])
    own = {0: [0.0, psi[0]], 1: [0.0, psi[1], psi[2]]}
    first = {0: [0.0, psi[3]], 1: [0.0, psi[4], psi[5]]}
    total = 0.0
    for i in range(40):
        likelihood = 0.0
        for c, (m, el) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]):
            product = shares[c]
            for p, shift in enumerate([own[0][m], own[1][el], first[0][m] + first[1][el]]):
                process = mixture.processes[p]
                rows = process.unit == i
                eta = process.x[rows] @ params[2 * p : 2 * p + 2] + process.offset[rows] + shift
                h = process.link.inverse(eta)
                product *= np.prod(np.where(process.y[rows], h, 1 - h))
            likelihood += product
        total += mixture.weight[i] * np.log(likelihood)
    assert mixture.evaluate(params).loglik == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("link", sorted(LINKS))
def test_two_points_are_recovered_from_every_start(link):
    found = fitted(simulated(2000, 8, (0.0, POINT), link=link), 2000, starts=3)
    assert found.fit.converged
    assert found.fit.gradient_norm < 1e-8
    assert found.fit.reached == found.fit.starts == 3
    truth = np.array([-0.5, 0.5, -0.3, POINT, np.log((1 - SHARE) / SHARE)])
    errors = np.sqrt(np.diag(np.linalg.inv(found.fit.point.observed)))
    assert (np.abs(found.fit.point.params - truth) < 4 * errors).all()
    assert errors[1] < 0.06


def test_one_point_is_the_fit_without_effects():
    process = simulated(200, 4, (0.0, POINT))
    plain = fit_binary(process.y, process.x, process.link)
    found = fitted(process, 200, masses=1)
    assert found.fit.point.params == pytest.approx(plain.params, rel=1e-9)
    assert found.fit.point.loglik == pytest.approx(plain.loglik, rel=1e-13)


def test_integer_weights_are_repetition():
    process = simulated(300, 5, (0.0, POINT))
    times = np.random.default_rng(5).integers(1, 4, 300)
    chosen = np.repeat(np.arange(300), times)
    rows = (chosen[:, None] * 5 + np.arange(5)).ravel()
    copied = Process(process.y[rows], process.x[rows], np.repeat(np.arange(len(chosen)), 5), process.link)
    weighted = fitted(process, 300, weight=times.astype(float), starts=3)
    repeated = fitted(copied, len(chosen), starts=3)
    assert weighted.fit.point.loglik == pytest.approx(repeated.fit.point.loglik, rel=1e-12)
    assert weighted.fit.point.params == pytest.approx(repeated.fit.point.params, rel=1e-6)
    assert weighted.fit.point.observed == pytest.approx(repeated.fit.point.observed, rel=1e-6, abs=1e-5)


def test_points_coincide_where_there_is_no_heterogeneity():
    process = simulated(1500, 6, (0.0, 0.0), seed=1)
    found = fitted(process, 1500, starts=4)
    plain = fit_binary(process.y, process.x, process.link)
    gain = found.fit.point.loglik - plain.loglik
    assert -1e-6 < gain < 4.0
    assert (found.coincident == (0, 1)) == (gain < 1e-4)


def test_a_class_without_events_is_a_point_at_infinity():
    found = fitted(simulated(1500, 8, (0.0, -40.0)), 1500, starts=4)
    assert found.free.tolist() == [True, True, True, False, True]
    assert found.fit.point.params[3] < -10.0
    assert found.fit.point.shares[0] == pytest.approx(SHARE, abs=0.05)
    assert found.fit.definite


def test_a_class_left_out_would_not_raise_the_likelihood():
    rng = np.random.default_rng(6)
    second = rng.random(800) < 0.5  # the same households are slow in both processes
    processes, slopes = [], []
    for point in (-1.5, -1.8):
        unit = np.repeat(np.arange(800), 6)
        x = np.ones((len(unit), 1))
        y = rng.random(len(unit)) < LINKS["logit"].inverse(0.3 + point * second[unit])
        processes.append(Process(y, x, unit, LINKS["logit"]))
        slopes.append(pooled(processes[-1]))
    both = ClassPlan(masses=(2, 2), classes=((0, 0), (1, 1)), linked=False)
    found = fit_classes(tuple(processes), 800, both, slopes, starts=3)
    full = fit_classes(tuple(processes), 800, ClassPlan.full((2, 2), linked=False), slopes, starts=3)
    assert full.empty
    assert full.fit.converged
    assert full.fit.point.loglik >= found.fit.point.loglik - 1e-7
    slopes_left = [share_derivative(full.plan, full.mixture, full.fit.point.params, c) for c in full.empty]
    assert max(slopes_left) <= 1e-4


def test_points_are_in_descending_order_and_the_likelihood_is_kept():
    process = simulated(400, 6, (0.0, POINT))
    found = fitted(process, 400, starts=2)
    turned = found.fit.point.params.copy()
    turned[0] += turned[3]
    turned[3:] *= -1.0
    assert found.mixture.evaluate(turned).loglik == pytest.approx(found.fit.point.loglik, rel=1e-12)
    again = fitted(process, 400, starts=1, first=[turned])
    assert again.fit.point.params == pytest.approx(found.fit.point.params, rel=1e-6)
    assert again.fit.point.params[3] < 0.0


def test_gateaux_derivative_is_the_slope_towards_a_new_point():
    process = simulated(300, 5, (0.0, POINT))
    found = fitted(process, 300, starts=2)
    at = gateaux_maximum(found.mixture, found.fit.point)
    larger = ClassPlan.full((3,), linked=False).mixture((process,), 300, None)
    params, share = found.fit.point.params, 1e-7
    start = np.concatenate(
        [params[:4], [at.effect], params[4:], [np.log(share / (1 - share) / found.fit.point.shares[0])]]
    )
    # the other shares fall in proportion, so that the slope is that of moving mass to the new point
    slope = (larger.evaluate(start).loglik - found.fit.point.loglik) / share / 300
    shrunk = at.derivative
    assert slope == pytest.approx(shrunk, rel=1e-2)


def test_starts_of_a_large_sample_are_compared_on_a_part_of_it():
    process = simulated(9000, 3, (0.0, POINT))
    found = fitted(process, 9000, starts=4)
    plan = ClassPlan.full((2,), linked=False)
    whole = maximise_from(plan.mixture((process,), 9000, None), found.fit.point.params + 0.1)
    assert found.fit.converged
    assert found.fit.starts == 4
    assert found.fit.point.loglik == pytest.approx(whole.point.loglik, abs=1e-6)
