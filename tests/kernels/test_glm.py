"""Newton-Raphson for binary outcomes: closed forms, invariances, optimality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanpin.kernels import blocks
from fanpin.kernels.blocks import crossproduct, row_blocks
from fanpin.kernels.glm import expected_information, fit_binary
from fanpin.kernels.links import LINKS

NAMES = sorted(LINKS)


def _data(n: int = 400, k: int = 3, seed: int = 1, link: str = "cloglog") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    eta = x @ np.array([-0.8, 0.5, -0.3][:k])
    return rng.random(n) < LINKS[link].inverse(eta), x


@pytest.mark.parametrize("name", NAMES)
def test_intercept_alone_reproduces_the_mean(name):
    y = np.repeat([1, 0], [30, 70])
    fit = fit_binary(y, np.ones((100, 1)), LINKS[name])
    assert LINKS[name].inverse(fit.params)[0] == pytest.approx(0.3, rel=1e-14)
    assert fit.loglik == pytest.approx(30 * np.log(0.3) + 70 * np.log(0.7), rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_saturated_groups_reproduce_their_means(name):
    group = np.repeat([0, 1, 2], [50, 60, 70])
    y = np.concatenate([np.arange(50) < 10, np.arange(60) < 30, np.arange(70) < 60])
    fit = fit_binary(y, np.eye(3)[group], LINKS[name])
    assert LINKS[name].inverse(fit.params) == pytest.approx([0.2, 0.5, 6 / 7], rel=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_vanishes_and_information_is_minus_the_hessian(name):
    y, x = _data(link=name)
    link = LINKS[name]
    fit = fit_binary(y, x, link)
    assert fit.converged
    assert fit.gradient_norm < 1e-14
    assert fit.score @ x == pytest.approx(np.zeros(3), abs=1e-11)

    def gradient(b):
        return link.terms(y, x @ b).score @ x

    h = 1e-6
    hessian = np.column_stack(
        [(gradient(fit.params + h * e) - gradient(fit.params - h * e)) / (2 * h) for e in np.eye(3)]
    )
    assert fit.information == pytest.approx(-hessian, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_expected_information_is_the_mean_of_the_observed(name):
    _, x = _data(link=name)
    link, b = LINKS[name], np.array([-0.8, 0.5, -0.3])
    p = link.inverse(x @ b)
    mean = sum(
        crossproduct(x, np.sqrt(weight * link.terms(np.full(len(x), y), x @ b).curvature))
        for y, weight in ((True, p), (False, 1 - p))
    )
    assert expected_information(x, b, link) == pytest.approx(mean, rel=1e-10)


def test_logit_has_equal_observed_and_expected_information():
    y, x = _data(link="logit")
    fit = fit_binary(y, x, LINKS["logit"])
    assert fit.information == pytest.approx(expected_information(x, fit.params, LINKS["logit"]), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_rows_does_not_matter(name, seed):
    y, x = _data(link=name, seed=seed % 50)
    order = np.random.default_rng(seed).permutation(len(y))
    assert fit_binary(y[order], x[order], LINKS[name]).params == pytest.approx(
        fit_binary(y, x, LINKS[name]).params, rel=1e-11, abs=1e-12
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(scale=st.lists(st.floats(1e-4, 1e4), min_size=2, max_size=2), shift=st.floats(-5.0, 5.0))
def test_coefficients_follow_the_scale_of_columns(name, scale, shift):
    y, x = _data(link=name)
    b = fit_binary(y, x, LINKS[name]).params
    moved = x * np.array([1.0, *scale])
    moved[:, 1] += shift * scale[0]
    c = fit_binary(y, moved, LINKS[name]).params
    assert c[1:] * scale == pytest.approx(b[1:], rel=1e-9)
    assert c[0] == pytest.approx(b[0] - b[1] * shift, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_integer_weights_equal_repeated_rows(name):
    y, x = _data(link=name)
    times = np.random.default_rng(2).integers(1, 4, len(y))
    weighted = fit_binary(y, x, LINKS[name], weight=times.astype(float))
    repeated = fit_binary(np.repeat(y, times), np.repeat(x, times, axis=0), LINKS[name])
    assert weighted.params == pytest.approx(repeated.params, rel=1e-12)
    assert weighted.information == pytest.approx(repeated.information, rel=1e-12)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-13)
    assert fit_binary(y, x, LINKS[name], weight=times * 1e6).params == pytest.approx(weighted.params, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_offset_adds_to_the_linear_predictor(name):
    y, x = _data(link=name)
    fit = fit_binary(y, x, LINKS[name])
    known = fit_binary(y, x[:, :2], LINKS[name], offset=x[:, 2] * fit.params[2])
    assert known.params == pytest.approx(fit.params[:2], rel=1e-11)
    constant = fit_binary(y, x, LINKS[name], offset=np.full(len(y), 2.0))
    assert constant.params == pytest.approx(fit.params - np.array([2.0, 0, 0]), rel=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_far_starting_values_reach_the_same_maximum(name):
    y, x = _data(link=name)
    fit = fit_binary(y, x, LINKS[name])
    for start in ([3.0, -4.0, 4.0], [-9.0, 5.0, 5.0]):
        assert fit_binary(y, x, LINKS[name], start=np.array(start)).params == pytest.approx(fit.params, rel=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_pilot_fit_of_large_samples_does_not_change_the_maximum(name, monkeypatch):
    y, x = _data(n=3000, link=name)
    plain = fit_binary(y, x, LINKS[name])
    monkeypatch.setattr("fanpin.kernels.glm.PILOT_ROWS", 300)
    piloted = fit_binary(y, x, LINKS[name], weight=np.ones(len(y)), offset=np.zeros(len(y)))
    assert piloted.params == pytest.approx(plain.params, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_separated_data_do_not_converge(name):
    x = np.column_stack([np.ones(40), np.linspace(-1, 1, 40)])
    fit = fit_binary(x[:, 1] > 0, x, LINKS[name])
    assert not fit.converged
    assert np.all((np.where(x[:, 1] > 0, 1, -1) * (x @ fit.direction)) >= 0)


def test_collinear_columns_do_not_converge():
    y, x = _data()
    assert not fit_binary(y, np.column_stack([x, x[:, 1]]), LINKS["logit"]).converged


def test_blocks_cover_rows_once_and_sums_do_not_depend_on_them(monkeypatch):
    monkeypatch.setattr(blocks, "LARGEST", 100)
    assert [(b.start, b.stop) for b in row_blocks(250, 3)] == [(0, 100), (100, 200), (200, 250)]
    assert row_blocks(0, 3) == []
    assert row_blocks(70, 10_000) == [slice(0, 64), slice(64, 70)]
    _, x = _data(n=1000)
    assert crossproduct(x) == pytest.approx(x.T @ x, rel=1e-13)
    whole = crossproduct(x, np.full(1000, 2.0))
    assert whole == pytest.approx(4 * x.T @ x, rel=1e-13)
    monkeypatch.setattr(blocks, "PRODUCTS", 900)
    assert crossproduct(x, np.full(1000, 2.0)) == pytest.approx(whole, rel=1e-13)
