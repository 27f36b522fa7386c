"""Ordinates of Lorenz and TIP curves on arrays: closed forms, influence against derivatives, repetition."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.kernels.indices.gini import gini
from fanpin.kernels.indices.lorenz import Lorenz, Tip, partial_means
from fanpin.kernels.quantile import weighted_quantile

POINTS = (0.1, 0.25, 0.5, 0.93, 1.0)
CURVES = [Lorenz(POINTS), Lorenz(POINTS, generalised=True), Tip(0.1), Tip(0.5), Tip(1.0)]


@pytest.fixture
def rows():
    rng = np.random.default_rng(11)
    y = np.exp(rng.normal(0, 0.6, 80)).round(2)
    return np.column_stack([y, np.full(80, 0.905)]), rng.uniform(0.5, 4.0, 80)


def no_density(point, values, weight):
    raise AssertionError("no density is needed")


def test_a_curve_worked_by_hand():
    x, w = np.array([[30.0], [10.0], [20.0]]), np.array([1.0, 2.0, 1.0])
    # from the poorest: two of 10, one of 20, one of 30; 70 in all
    assert Lorenz((0.25, 0.5, 0.6, 1.0)).value(x, w) == pytest.approx(np.array([10, 20, 28, 70]) / 70)
    assert Lorenz((0.5, 1.0), generalised=True).value(x, w) == pytest.approx([5.0, 17.5])


def test_equal_incomes_lie_on_the_diagonal_and_a_uniform_law_on_its_parabola():
    assert Lorenz(POINTS).value(np.full((7, 1), 3.0), np.arange(1.0, 8.0)) == pytest.approx(POINTS)
    y = (np.arange(20_000) + 0.5)[:, None] / 20_000
    assert Lorenz(POINTS).value(y, np.ones(20_000)) == pytest.approx(np.square(POINTS), abs=1e-8)


def test_the_area_under_the_curve_is_that_of_the_gini_index(rows):
    x, w = rows
    p = np.unique(np.concatenate([np.cumsum(w[np.argsort(x[:, 0])]) / w.sum(), [1.0]]))  # every corner of the curve
    ordinates = np.concatenate([[0.0], Lorenz(tuple(p)).value(x, w)])
    assert 1 - 2 * np.trapezoid(ordinates, np.concatenate([[0.0], p])) == pytest.approx(gini(x[:, 0], w), rel=1e-12)


def test_tip_curve_worked_by_hand():
    x, w = np.array([[40.0, 50], [10, 50], [60, 50], [50, 50]]), np.ones(4)
    assert [Tip(p).value(x, w)[0] for p in (0.125, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.1, 0.2, 0.25, 0.25, 0.25])
    rich = Tip(0.5).value(np.array([[9.0, 1.0]]), np.ones(1))[0]
    assert rich == 0 and not np.signbit(rich)


@pytest.mark.parametrize("index", CURVES, ids=lambda i: i.terms[-1])
def test_influence_is_the_derivative_in_the_weight(rows, index):
    x, w = rows
    step = 1e-6
    for i in (0, 33, 79, int(np.argmin(x[:, 0]))):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        slope = (index.value(x, up) - index.value(x, down)) / (2 * step)
        assert index.influence(x, w)[i] == pytest.approx(slope, abs=1e-8)
    assert w @ index.influence(x, w) == pytest.approx(np.zeros(len(index.terms)), abs=1e-12)


@pytest.mark.parametrize("point", [0.05, 0.3, 1.0])
def test_slope_of_tip_in_the_line_is_its_derivative(rows, point):
    x, w = rows
    step, index = 1e-6, Tip(point)
    up, down = x + np.array([0, step]), x - np.array([0, step])
    slope = (index.value(up, w) - index.value(down, w)) / (2 * step)
    assert index.line_slope(x, w, no_density) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("index", CURVES, ids=lambda i: i.terms[-1])
def test_weights_are_repetitions_and_their_scale_does_not_matter(rows, index):
    x, _ = rows
    times = np.random.default_rng(1).integers(1, 5, len(x))
    repeated = index.value(np.repeat(x, times, axis=0), np.ones(times.sum()))
    assert index.value(x, times.astype(float)) == pytest.approx(repeated, rel=1e-12)
    assert index.value(x, 1000.0 * times) == pytest.approx(repeated, rel=1e-12)


def test_quantiles_are_those_of_the_project(rows):
    x, w = rows
    for weight in (w, np.ones(80)):  # with equal weights some points fall between two rows
        assert partial_means(x[:, 0], weight, POINTS)[1] == pytest.approx(
            [weighted_quantile(x[:, 0], weight, p) for p in POINTS]
        )


def test_without_a_positive_mean_there_is_no_lorenz_curve():
    x, w = np.array([[-3.0], [1.0]]), np.ones(2)
    assert np.isnan(Lorenz((0.5,)).value(x, w)).all()
    assert np.isnan(Lorenz((0.5,)).influence(x, w)).all()
    assert Lorenz((0.5,), generalised=True).value(x, w) == pytest.approx([-1.5])
