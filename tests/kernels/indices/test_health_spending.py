"""Health spending on arrays: closed forms, rows without a budget, and influence against derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.kernels.indices.health_burden import Catastrophic, Impoverishing, burden

SPENDING = Catastrophic((0.1, 0.4))
POVERTY = Impoverishing(welfare=1, line=2)


@pytest.fixture
def rows():
    """Spending, welfare (as budget too) and line of 80 simulated rows."""
    rng = np.random.default_rng(5)
    welfare = rng.lognormal(4.5, 0.6, 80)
    spent = welfare * rng.beta(0.7, 2.5, 80) * (rng.random(80) < 0.8)
    return np.column_stack([spent, welfare, np.where(rng.random(80) < 0.5, 70.0, 90.0)]), rng.uniform(0.5, 4.0, 80)


def test_shares_spread_evenly_have_closed_forms():
    """Shares uniform on (0, 1): headcount 1 - t, overshoot (1 - t)^2/2, mean positive overshoot (1 - t)/2."""
    shares = (np.arange(1000) + 0.5) / 1000
    found = SPENDING.value(np.column_stack([100 * shares, np.full(1000, 100.0)]), np.ones(1000)).reshape(3, 2)
    t = np.array([0.1, 0.4])
    assert found[0] == pytest.approx(1 - t, rel=1e-12)
    assert found[1] == pytest.approx((1 - t) ** 2 / 2, rel=1e-12)
    assert found[2] == pytest.approx((1 - t) / 2, rel=1e-12)


def test_a_table_worked_by_hand():
    # shares .05 .20 .50 1.20, weights 4 3 2 1
    x = np.array([[5, 100], [20, 100], [100, 200], [60, 50]], dtype=float)
    w = np.array([4.0, 3.0, 2.0, 1.0])
    found = SPENDING.value(x, w).reshape(3, 2)
    assert found[0] == pytest.approx([0.6, 0.3])
    assert found[1] == pytest.approx([(3 * 0.1 + 2 * 0.4 + 1.1) / 10, (2 * 0.1 + 0.8) / 10])
    assert found[2] == pytest.approx([(3 * 0.1 + 2 * 0.4 + 1.1) / 6, (2 * 0.1 + 0.8) / 3])
    assert SPENDING.terms[:3] == ("catastrophic:0.1", "catastrophic:0.4", "overshoot:0.1")


def test_poverty_gross_and_net_worked_by_hand():
    # line 100: 120 spends 10 and stays above; 110 spends 30 and falls below; 80 spends 20; 50 spends nothing
    x = np.array([[10, 120, 100], [30, 110, 100], [20, 80, 100], [0, 50, 100]], dtype=float)
    w = np.array([4.0, 3.0, 2.0, 1.0])
    found = dict(zip(POVERTY.terms, POVERTY.value(x, w), strict=True))
    assert found == pytest.approx({
        "headcount_gross": 0.3, "headcount_net": 0.6, "impoverishment": 0.3, "further_impoverished": 0.2,
        "gap_gross": (2 * 0.2 + 0.5) / 10, "gap_net": (3 * 0.2 + 2 * 0.4 + 0.5) / 10, "gap_increase": (3 * 0.2 + 2 * 0.2) / 10,
    })  # fmt: skip


def test_exactly_at_the_threshold_and_at_the_line_is_not_beyond():
    x = np.array([[10, 100], [40, 100], [3, 30]], dtype=float)
    assert SPENDING.value(x, np.ones(3))[:2] == pytest.approx([1 / 3, 0.0])
    at = np.array([[10, 110, 100]], dtype=float)  # net welfare of 100 at a line of 100
    assert POVERTY.value(at, np.ones(1))[1] == 0.0


def test_without_a_positive_budget_who_spends_has_a_share_of_one():
    spent, budget = np.array([5.0, 0.0, 5.0, 0.0, 150.0]), np.array([0.0, 0.0, -3.0, 100.0, 100.0])
    assert burden(spent, budget).tolist() == [1.0, 0.0, 1.0, 0.0, 1.5]


def test_no_spending_leaves_the_mean_positive_overshoot_undefined():
    x = np.column_stack([np.zeros(5), np.full(5, 100.0)])
    found = SPENDING.value(x, np.ones(5)).reshape(3, 2)
    assert (found[:2] == 0).all()
    assert np.isnan(found[2]).all()
    assert np.isnan(SPENDING.influence(x, np.ones(5))[:, 4:]).all()


@pytest.mark.parametrize("index", [SPENDING, POVERTY])
def test_influence_is_the_derivative_in_the_weight(rows, index):
    x, w = rows
    step = 1e-5
    for i in (0, 31, 79):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        slope = (index.value(x, up) - index.value(x, down)) / (2 * step)
        assert index.influence(x, w)[i] == pytest.approx(slope, abs=1e-9)
    assert w @ index.influence(x, w) == pytest.approx(np.zeros(len(index.terms)), abs=1e-12)


@pytest.mark.parametrize("index", [SPENDING, POVERTY])
def test_the_unit_of_money_and_the_scale_of_weights_do_not_matter(rows, index):
    x, w = rows
    assert index.value(7.5 * x, 1000 * w) == pytest.approx(index.value(x, w), rel=1e-12)


@pytest.mark.parametrize("index", [SPENDING, POVERTY])
def test_weights_are_repetitions(rows, index):
    x, _ = rows
    times = np.random.default_rng(1).integers(1, 5, len(x))
    repeated = index.value(np.repeat(x, times, axis=0), np.ones(times.sum()))
    assert index.value(x, times.astype(float)) == pytest.approx(repeated, rel=1e-12)


def test_spending_moves_poverty_one_way(rows):
    x, w = rows
    found = dict(zip(POVERTY.terms, POVERTY.value(x, w), strict=True))
    assert found["impoverishment"] == pytest.approx(found["headcount_net"] - found["headcount_gross"], rel=1e-12)
    assert found["gap_increase"] == pytest.approx(found["gap_net"] - found["gap_gross"], rel=1e-12)
    assert found["impoverishment"] > 0
    nothing = x * [0, 1, 1]
    assert POVERTY.value(nothing, w)[[2, 3, 6]] == pytest.approx(np.zeros(3), abs=1e-15)
