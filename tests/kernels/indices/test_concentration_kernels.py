"""Concentration indices on arrays: closed forms, relations between kinds, the decomposition, influence."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.kernels.indices.concentration import Concentration, ConcentrationByDeterminant, least_squares
from fanpin.kernels.indices.gini import gini

KINDS = ("standard", "erreygers", "wagstaff")


@pytest.fixture
def rows():
    """50 rows: a 0/1 outcome, a rank with ties, two determinants."""
    rng = np.random.default_rng(3)
    rank = rng.integers(0, 8, 50).astype(float)
    z = np.column_stack([rank + rng.normal(size=50), rng.integers(0, 2, 50)])
    outcome = (rng.random(50) < 0.2 + 0.05 * rank).astype(float)
    return np.column_stack([outcome, rank, z]), rng.uniform(0.5, 3.0, 50)


def check_influence(index, x, w):
    influence = index.influence(x, w)
    step = 1e-5
    for i in range(0, len(w), 4):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        assert influence[i] == pytest.approx((index.value(x, up) - index.value(x, down)) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_influence_is_the_derivative_in_the_weight(rows, kind):
    x, w = rows
    check_influence(Concentration(kind), x[:, :2], w)
    check_influence(ConcentrationByDeterminant(("z", "girl"), kind), x, w)
    check_influence(Concentration(kind, (-0.5, 3.0)), x[:, :2], w)


def test_over_its_own_rank_it_is_the_gini_index():
    y, w = np.array([3.0, 1, 1, 8, 2]), np.array([1.0, 2, 1, 1, 3])
    assert Concentration().value(np.column_stack([y, y]), w)[0] == pytest.approx(gini(y, w), rel=1e-13)
    assert Concentration().value(np.column_stack([y, -y]), w)[0] == pytest.approx(-gini(y, w), rel=1e-13)


def test_all_of_it_with_the_poorest():
    """One of n has all: C = -(n - 1)/n; of a 0/1 outcome Wagstaff's is -1 and Erreygers' 4 mean C."""
    x = np.column_stack([[1.0, 0, 0, 0, 0], np.arange(5)])
    w = np.ones(5)
    assert Concentration().value(x, w)[0] == pytest.approx(-0.8)
    assert Concentration("wagstaff").value(x, w)[0] == pytest.approx(-1.0)
    assert Concentration("erreygers").value(x, w)[0] == pytest.approx(-4 * 0.2 * 0.8)
    half = np.column_stack([[1.0, 1, 0, 0], np.arange(4)])
    assert Concentration("erreygers").value(half, np.ones(4))[0] == pytest.approx(-1.0)


def test_bounded_indices_of_ill_and_well_health_mirror_each_other(rows):
    x, w = rows
    well = np.column_stack([1 - x[:, 0], x[:, 1]])
    for kind in ("erreygers", "wagstaff"):
        assert Concentration(kind).value(well, w) == pytest.approx(-Concentration(kind).value(x[:, :2], w), rel=1e-12)
    assert Concentration().value(well, w) != pytest.approx(-Concentration().value(x[:, :2], w), rel=0.01)


@pytest.mark.parametrize("kind", ["erreygers", "wagstaff"])
def test_bounded_indices_do_not_depend_on_the_unit(rows, kind):
    x, w = rows
    moved = np.column_stack([20 + 5 * x[:, 0], x[:, 1]])
    assert Concentration(kind, (20, 25)).value(moved, w) == pytest.approx(Concentration(kind).value(x[:, :2], w), rel=1e-12)  # fmt: skip


def test_weights_are_repetitions(rows):
    x, _ = rows
    times = np.random.default_rng(1).integers(1, 5, len(x))
    for index in (*map(Concentration, KINDS), ConcentrationByDeterminant(("z", "girl"))):
        seen = x if isinstance(index, ConcentrationByDeterminant) else x[:, :2]
        repeated = index.value(np.repeat(seen, times, axis=0), np.ones(times.sum()))
        assert index.value(seen, 7.0 * times) == pytest.approx(repeated, rel=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_sum_to_the_index(rows, kind):
    x, w = rows
    index = ConcentrationByDeterminant(("z", "girl"), kind)
    found = dict(zip(index.terms, index.value(x, w), strict=True))
    whole = Concentration(kind).value(x[:, :2], w)[0]
    assert found["concentration:outcome"] == pytest.approx(whole, rel=1e-13)
    assert sum(found[f"contribution:{k}"] for k in ("z", "girl", "residual")) == pytest.approx(whole, rel=1e-12)
    assert sum(found[f"share:{k}"] for k in ("z", "girl", "residual")) == pytest.approx(1.0, rel=1e-12)


def test_contribution_is_elasticity_times_concentration(rows):
    x, w = rows
    _, slopes, own, parts = (ConcentrationByDeterminant(("z", "girl")).value(x, w)[s] for s in (slice(0), slice(2), slice(2, 4), slice(4, 6)))  # fmt: skip
    assert parts == pytest.approx(slopes * own, rel=1e-12)
    assert own == pytest.approx([Concentration().value(x[:, [k, 1]], w)[0] for k in (2, 3)], rel=1e-12)


def test_an_outcome_that_its_determinants_make_has_no_residual(rows):
    x, w = rows
    exact = np.column_stack([5 + 2 * x[:, 2] + 3 * x[:, 3], x[:, 1:]])
    index = ConcentrationByDeterminant(("z", "girl"))
    found = dict(zip(index.terms, index.value(exact, w), strict=True))
    assert found["contribution:residual"] == pytest.approx(0.0, abs=1e-12)
    assert found["elasticity:girl"] == pytest.approx(3 * (w @ x[:, 3]) / (w @ exact[:, 0]), rel=1e-11)


def test_slopes_are_those_of_weighted_least_squares_in_badly_scaled_columns(rows):
    sm = pytest.importorskip("statsmodels.api")
    x, w = rows
    z = x[:, 2:] * [1e6, 1.0] + [3e6, 0.0]
    fitted = sm.WLS(x[:, 0], sm.add_constant(z), weights=w).fit()
    found = least_squares(x[:, 0], z, w)
    assert found.value == pytest.approx(fitted.params[1:], rel=1e-9)
    robust = (found.influence * w[:, None]).T @ (found.influence * w[:, None])
    assert np.sqrt(np.diag(robust)) == pytest.approx(fitted.get_robustcov_results("HC0").bse[1:], rel=1e-8)


def test_what_is_not_defined_is_missing(rows):
    x, w = rows
    assert np.isnan(Concentration().value(np.column_stack([-x[:, 0], x[:, 1]]), w)[0])
    assert np.isnan(Concentration().value(np.column_stack([x[:, 0], np.ones(50)]), w)[0])
    assert np.isnan(Concentration("wagstaff").value(np.column_stack([np.ones(50), x[:, 1]]), w)[0])
    assert Concentration("erreygers").value(np.column_stack([np.ones(50), x[:, 1]]), w)[0] == 0.0
    twice = np.column_stack([x[:, :3], 2 * x[:, 2] + 1])
    values = ConcentrationByDeterminant(("z", "again")).value(twice, w)
    assert np.isnan(values[[0, 1, 4, 5, 6, 7, 8, 9]]).all()
    assert np.isfinite(values[[2, 3, 10]]).all()
