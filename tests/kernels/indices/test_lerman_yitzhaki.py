"""Income sources on arrays: the identity with the Gini index, influence, ties, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fanpin.kernels.indices.gini import gini, gini_influence
from fanpin.kernels.indices.lerman_yitzhaki import LermanYitzhaki
from fanpin.kernels.indices.rank_covariance import rank_covariance, tied_codes

NAMES = ("wage", "farm", "rent")
INDEX = LermanYitzhaki(NAMES)


@pytest.fixture
def rows():
    """40 rows: a source with ties and zeros, one with losses, one positive."""
    rng = np.random.default_rng(1)
    parts = np.column_stack([rng.integers(0, 5, 40), rng.normal(1, 2, 40), rng.exponential(size=40)]).astype(float)
    return np.column_stack([parts, parts.sum(axis=1)]), rng.uniform(0.5, 3.0, 40)


def by_term(x, w):
    values = INDEX.value(x, w)
    return dict(zip(("share", "gini", "correlation", "contribution", "elasticity"), values[:-1].reshape(5, 3), strict=True)) | {
        "total": values[-1]
    }  # fmt: skip


def test_a_table_worked_by_hand():
    """Wages 0, 10, 20 and 10 from the farm each: all inequality is the wage's."""
    x = np.array([[0.0, 10, 10], [10, 10, 20], [20, 10, 30]])
    values = LermanYitzhaki(("wage", "farm")).value(x, np.ones(3))
    mean_difference = (2 * (10 + 20 + 10)) / 9  # over the nine pairs, a row with itself included
    g_wage, g = mean_difference / (2 * 10), mean_difference / (2 * 20)
    assert values[:4] == pytest.approx([0.5, 0.5, g_wage, 0.0])
    assert values[4] == pytest.approx(1.0)
    assert np.isnan(values[5])  # a constant source has no correlation
    assert values[6:] == pytest.approx([1.0, 0.0, 0.5, -0.5, g])


def test_the_gini_is_the_sum_over_sources(rows):
    x, w = rows
    found = by_term(x, w)
    assert (found["share"] * found["gini"] * found["correlation"]).sum() == pytest.approx(gini(x[:, -1], w), rel=1e-13)
    assert found["total"] == pytest.approx(gini(x[:, -1], w), rel=1e-13)
    assert found["contribution"].sum() == pytest.approx(1.0, rel=1e-13)
    assert found["elasticity"].sum() == pytest.approx(0.0, abs=1e-13)
    assert found["gini"] == pytest.approx([gini(x[:, k], w) for k in range(3)], rel=1e-12)


def test_influence_is_the_derivative_in_the_weight(rows):
    x, w = rows
    influence = INDEX.influence(x, w)
    step = 1e-5
    for i in range(0, 40, 3):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        slope = (INDEX.value(x, up) - INDEX.value(x, down)) / (2 * step)
        assert influence[i] == pytest.approx(slope, abs=1e-8)


def test_influence_of_the_total_is_the_gini_kernels(rows):
    x, w = rows
    assert INDEX.influence(x, w)[:, -1] == pytest.approx(gini_influence(x[:, -1], w), abs=1e-14)
    assert w @ INDEX.influence(x, w) == pytest.approx(np.zeros(16), abs=1e-12)


def test_the_elasticity_is_the_derivative_of_the_gini_in_the_source(rows):
    """One source is raised by a small share in every row; ranks of the total change by themselves."""
    x, w = rows
    g, step = gini(x[:, -1], w), 1e-6
    for k in range(3):
        up, down = (gini(x[:, -1] + s * x[:, k], w) for s in (step, -step))
        assert by_term(x, w)["elasticity"][k] == pytest.approx((up - down) / (2 * step) / g, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(arrays.arrays(float, (12, 3), elements=st.integers(-3, 9)), arrays.arrays(int, 12, elements=st.integers(1, 4)))
def test_weights_are_repetitions_scale_and_order_do_not_matter(parts, times):
    total = parts.sum(axis=1)
    x, w = np.column_stack([parts, total]), times.astype(float)
    value = INDEX.value(x, w)
    order = np.random.default_rng(0).permutation(12)
    for other in (INDEX.value(np.repeat(x, times, axis=0), np.ones(times.sum())), INDEX.value(x * 1e5, w * 1e4),
                  INDEX.value(x[order], w[order])):  # fmt: skip
        assert other == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_totals_that_differ_by_rounding_are_tied():
    total = np.array([0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 0.7])
    assert total[0] != total[1]
    assert tied_codes(total).tolist() == [0, 0, 1]
    farm = np.array([[1.0], [5.0], [0.0]])
    assert rank_covariance(farm, total, np.ones(3)).value == pytest.approx(2 * np.cov(farm[:, 0], [1 / 3, 1 / 3, 5 / 6], ddof=0)[0, 1])  # fmt: skip


def test_limits(rows):
    x, w = rows
    equal = np.column_stack([x[:, 0], 10 - x[:, 0], np.full(40, 10.0)])
    values = LermanYitzhaki(("a", "b")).value(equal, w)
    assert values[-1] == 0.0
    assert np.isnan(values[4:10]).all()  # correlations, contributions, elasticities: the total orders nobody
    lost = LermanYitzhaki(("a", "b")).value(np.column_stack([-x[:, 0], -x[:, 2], -x[:, 0] - x[:, 2]]), w)
    assert np.isnan(lost[[0, 1, 6, 7, 8, 9, 10]]).all()
    assert (lost[2:4] < 0).all()
    nothing = INDEX.value(np.column_stack([x[:, :2], np.zeros(40), x[:, 0] + x[:, 1]]), w)
    assert nothing[[2, 11, 14]].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(nothing[[5, 8]]).all()
