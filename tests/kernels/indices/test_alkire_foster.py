"""Counting indices on arrays: closed forms, the tolerance at the cutoff, and influence against derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fanpin.kernels.indices.alkire_foster import AlkireFoster, ByIndicator, scores

WEIGHTS = (1 / 3, 1 / 6, 1 / 6, 1 / 3)
NAMES = ("school", "ill", "water", "work")


@pytest.fixture
def rows():
    rng = np.random.default_rng(7)
    return (rng.random((60, 4)) < [0.6, 0.4, 0.5, 0.3]).astype(float), rng.uniform(0.5, 4.0, 60)


def test_a_table_worked_by_hand():
    x = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=float)
    w = np.array([2.0, 1.0, 1.0, 4.0])
    # scores 1/2, 2/3, 1/3, 0; poor at k = 1/2: the first two, of weight 3 in 8
    h, a, m0 = AlkireFoster(WEIGHTS, 0.5).value(x, w)
    assert h == pytest.approx(3 / 8, rel=1e-14)
    assert m0 == pytest.approx((2 * 1 / 2 + 2 / 3) / 8, rel=1e-14)
    assert a == pytest.approx((2 * 1 / 2 + 2 / 3) / 3, rel=1e-14)
    parts = ByIndicator(NAMES, WEIGHTS, 0.5).value(x, w).reshape(3, 4)
    assert parts[0] == pytest.approx(np.array([3, 2, 0, 2]) / 8)
    assert parts[1] == pytest.approx(np.array([3, 2, 0, 1]) / 8)
    assert parts[2] == pytest.approx(np.array([3 / 3, 2 / 6, 0, 1 / 3]) / (5 / 3))


@pytest.mark.parametrize("index", [AlkireFoster(WEIGHTS, 0.5), ByIndicator(NAMES, WEIGHTS, 0.5)])
def test_influence_is_the_derivative_in_the_weight(rows, index):
    x, w = rows
    step = 1e-5
    for i in (0, 17, 59):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        slope = (index.value(x, up) - index.value(x, down)) / (2 * step)
        assert index.influence(x, w)[i] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("index", [AlkireFoster(WEIGHTS, 0.5), ByIndicator(NAMES, WEIGHTS, 0.5)])
def test_weights_are_repetitions_and_their_scale_does_not_matter(rows, index):
    x, _ = rows
    times = np.random.default_rng(1).integers(1, 5, len(x))
    repeated = index.value(np.repeat(x, times, axis=0), np.ones(times.sum()))
    assert index.value(x, times.astype(float)) == pytest.approx(repeated, rel=1e-13)
    assert index.value(x, 1000.0 * times) == pytest.approx(repeated, rel=1e-13)


@pytest.mark.parametrize("index", [AlkireFoster(WEIGHTS, 0.5), ByIndicator(NAMES, WEIGHTS, 0.5)])
def test_weighted_influence_sums_to_zero(rows, index):
    x, w = rows
    assert w @ index.influence(x, w) == pytest.approx(np.zeros(len(index.terms)), abs=1e-13)


def test_contributions_and_censored_headcounts_add_up(rows):
    x, w = rows
    _, _, m0 = AlkireFoster(WEIGHTS, 0.5).value(x, w)
    parts = ByIndicator(NAMES, WEIGHTS, 0.5).value(x, w).reshape(3, 4)
    assert np.dot(WEIGHTS, parts[1]) == pytest.approx(m0, rel=1e-13)
    assert parts[2].sum() == pytest.approx(1.0, rel=1e-13)
    assert (parts[1] <= parts[0]).all()


@pytest.mark.parametrize("parts", [3, 6, 7, 10])
def test_scores_meet_the_cutoff_whatever_is_added_up(parts):
    """Every pattern of deprivations with m of n equal weights is poor at k = m/n, and at no k above."""
    x = np.array(list(itertools.product([0.0, 1.0], repeat=parts)))
    held = x.sum(axis=1)
    for m in range(1, parts + 1):
        poor = scores(x, (1 / parts,) * parts, m / parts)[1]
        assert (poor == (held >= m)).all()


def test_union_and_intersection(rows):
    x, w = rows
    union = AlkireFoster(WEIGHTS, min(WEIGHTS)).value(x, w)
    assert union[0] == pytest.approx(w @ (x.sum(axis=1) > 0) / w.sum())
    assert union[2] == pytest.approx(w @ x @ np.array(WEIGHTS) / w.sum())  # nothing is censored
    x[:3] = 1.0
    both = AlkireFoster(WEIGHTS, 1.0).value(x, w)
    assert both[0] == pytest.approx(w @ (x.sum(axis=1) == 4) / w.sum())
    assert both[1] == pytest.approx(1.0)


def test_nobody_poor_leaves_intensity_undefined():
    x, w = np.zeros((4, 4)), np.ones(4)
    h, a, m0 = AlkireFoster(WEIGHTS, 0.5).value(x, w)
    assert (h, m0) == (0.0, 0.0)
    assert np.isnan(a)
    assert np.isnan(ByIndicator(NAMES, WEIGHTS, 0.5).value(x, w)[8:]).all()
    assert np.isnan(AlkireFoster(WEIGHTS, 0.5).influence(x, w)[:, 1]).all()


def test_everybody_deprived_of_everything():
    x, w = np.ones((4, 4)), np.ones(4)
    assert AlkireFoster(WEIGHTS, 1.0).value(x, w) == pytest.approx(np.ones(3))
    assert ByIndicator(NAMES, WEIGHTS, 1.0).value(x, w)[8:] == pytest.approx(WEIGHTS)
