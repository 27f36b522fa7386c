"""The conditional logit kernel: enumeration, numerical derivatives, extreme values, many periods."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanpin.kernels.conditional_logit import fit_conditional_logit, varies
from fanpin.kernels.conditional_logit_recursion import LARGEST_LOG, evaluate, group_batches


def _panel(seed: int, groups: int = 30, most: int = 7, k: int = 2):
    """Groups of 2 to `most` rows, all with both outcomes."""
    rng = np.random.default_rng(seed)
    size = rng.integers(2, most + 1, groups)
    codes = np.repeat(np.arange(groups), size)
    x = rng.normal(size=(len(codes), k))
    y = np.concatenate([rng.permutation(np.arange(n) < rng.integers(1, n)) for n in size])
    return y, x, codes


def _enumerated(y, x, codes, params):
    total = 0.0
    for group in range(codes.max() + 1):
        rows = codes == group
        eta, events = x[rows] @ params, int(y[rows].sum())
        subsets = [eta[list(subset)].sum() for subset in combinations(range(rows.sum()), events)]
        total += (eta * y[rows]).sum() - np.log(np.exp(subsets).sum())
    return total


def _at(y, x, codes, params, weight=None):
    return evaluate(group_batches(y, x.copy(), codes, weight), np.asarray(params, dtype=float), codes.max() + 1)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_likelihood_is_that_of_all_subsets_and_derivatives_are_its_own(seed):
    y, x, codes = _panel(seed)
    params = np.array([0.7, -1.1])
    point = _at(y, x, codes, params)
    assert point.loglik == pytest.approx(_enumerated(y, x, codes, params), rel=1e-12)
    for j, step in enumerate(np.eye(2) * 1e-5):
        up, down = _at(y, x, codes, params + step), _at(y, x, codes, params - step)
        assert point.gradient[j] == pytest.approx((up.loglik - down.loglik) / 2e-5, rel=1e-6, abs=1e-7)
        assert -point.information[j] == pytest.approx((up.gradient - down.gradient) / 2e-5, rel=1e-6, abs=1e-7)
    assert point.score.sum(axis=0) == pytest.approx(point.gradient, rel=1e-12, abs=1e-12)


def test_two_periods_are_the_logit_of_differences():
    y, x, codes = _panel(3, groups=200, most=2)
    fit = fit_conditional_logit(y, x, codes)
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    change, moved = x[first + 1] - x[first], y[first + 1].astype(float)
    fitted = 1 / (1 + np.exp(-change @ fit.params))
    assert change.T @ (moved - fitted) == pytest.approx([0, 0], abs=1e-10)
    assert fit.information == pytest.approx(change.T @ (change * (fitted * (1 - fitted))[:, None]), rel=1e-10)


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_a_thousand_periods_neither_overflow_nor_cancel(shift):
    rng = np.random.default_rng(5)
    codes = np.repeat([0, 1], 1000)
    x = rng.normal(size=(2000, 1)) * 3
    y = rng.random(2000) < 1 / (1 + np.exp(-x[:, 0]))
    fit = fit_conditional_logit(y, x + shift, codes)
    assert fit.converged
    # with so many rows a group the conditional estimate is near the truth
    assert fit.params[0] == pytest.approx(1.0, abs=4 / np.sqrt(fit.information[0, 0]))


@pytest.mark.parametrize("scale", [0.99, 1.01])
def test_sums_of_products_and_of_their_logs_agree_where_they_meet(scale):
    y, x, codes = _panel(4, groups=1, most=3, k=1)
    bound = (LARGEST_LOG - len(y) * np.log(2)) / np.abs(x - x.mean()).max()
    for sign in (1, -1):
        params = np.array([sign * scale * bound])
        point = _at(y, x, codes, params)
        eta = x[:, 0] * params[0]
        subsets = np.sort([eta[list(s)].sum() for s in combinations(range(len(y)), int(y.sum()))])
        assert point.loglik == pytest.approx((eta * y).sum() - subsets[-1], rel=1e-12)
        assert np.isfinite(point.information).all()


def test_many_groups_start_from_some_of_them():
    y, x, codes = _panel(11, groups=9_000, most=3)
    weight = np.random.default_rng(12).uniform(0.5, 2, 9_000)
    fit = fit_conditional_logit(y, x, codes, weight=weight)
    point = _at(y, x, codes, fit.params, weight)
    assert fit.converged
    assert fit.iterations <= 4
    assert np.abs(point.gradient).max() < 1e-9
    assert fit.null_loglik == pytest.approx(_at(y, x, codes, [0, 0], weight).loglik, rel=1e-12)


def test_integer_weights_repeat_groups():
    y, x, codes = _panel(7)
    weight = np.random.default_rng(8).integers(1, 4, codes.max() + 1).astype(float)
    fit = fit_conditional_logit(y, x, codes, weight=weight)
    copies = np.repeat(np.arange(len(weight)), weight.astype(int))
    rows = [np.flatnonzero(codes == g) for g in copies]
    again = np.concatenate([np.full(len(r), i) for i, r in enumerate(rows)])
    stacked = np.concatenate(rows)
    repeated = fit_conditional_logit(y[stacked], x[stacked], again)
    assert fit.params == pytest.approx(repeated.params, rel=1e-10)
    assert fit.information == pytest.approx(repeated.information, rel=1e-10)
    assert fit.loglik == pytest.approx(repeated.loglik, rel=1e-12)


def test_swapping_the_outcome_turns_the_sign():
    y, x, codes = _panel(9)
    fit, turned = fit_conditional_logit(y, x, codes), fit_conditional_logit(~y, x, codes)
    assert turned.params == pytest.approx(-fit.params, rel=1e-10)
    assert turned.score == pytest.approx(-fit.score, rel=1e-8, abs=1e-12)


def test_groups_with_one_outcome_or_one_row_do_not_vary():
    assert varies(np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 2, 2])).tolist() == [False, False, True]
    assert varies(np.array([True, False]), np.array([0, 1])).tolist() == [False, False]


def test_separation_is_not_converged_and_gives_a_direction():
    x = np.array([[0.0], [1.0], [0.0], [2.0]])
    fit = fit_conditional_logit(np.array([0, 1, 0, 1]), x, np.array([0, 0, 1, 1]))
    assert not fit.converged
    assert fit.direction[0] > 0
