"""Indices of inequality and of poverty on arrays: hand-made tables, closed forms, invariances, derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fanpin.kernels.indices.atkinson import Atkinson
from fanpin.kernels.indices.decomposition import EntropyParts, GiniParts
from fanpin.kernels.indices.entropy import GeneralisedEntropy, generalised_entropy
from fanpin.kernels.indices.gini import Gini, gini, sums_of_larger
from fanpin.kernels.indices.quantile_shares import ShareRatio, kernel_mean_at
from fanpin.kernels.indices.rmpg import RelativeMedianGap
from fanpin.kernels.indices.sen import IncomeGapRatio, SenShorrocksThon
from fanpin.kernels.indices.watts import Watts
from fanpin.kernels.quantile import weighted_quantile

SIGMA = 0.6
POWERS = (-1.0, 0.0, 1e-7, 0.3, 0.7, 1.0, 1.0 + 1e-7, 2.0)
QSR, PALMA = ShareRatio(0.2, 0.8, "qsr"), ShareRatio(0.4, 0.9, "palma")


def lognormal_density(point, values, weight):
    """The true density of the lognormal quantiles below, at the scale of the values."""
    centre = np.log(weighted_quantile(values, weight, 0.5))
    return float(norm.pdf((np.log(point) - centre) / SIGMA) / (SIGMA * point))


RMPG = RelativeMedianGap(density=lognormal_density)
WELFARE = {
    "gini": Gini(),
    **{f"ge:{a:g}": GeneralisedEntropy(a, "ge") for a in POWERS},
    **{f"atkinson:{e:g}": Atkinson(e, "atkinson") for e in (0.5, 1.0, 1.0 + 1e-7, 2.0)},
    "qsr": QSR,
    "palma": PALMA,
}
WITH_LINE = {"watts": Watts(), "sst": SenShorrocksThon(), "gap ratio": IncomeGapRatio(strict=True), "rmpg": RMPG,
             "gap ratio, weak": IncomeGapRatio(strict=False)}  # fmt: skip
PARTS = {"gini": GiniParts(), **{f"ge:{a:g}": EntropyParts(a) for a in POWERS}}


def column(*values):
    return np.array(values, dtype=float)[:, None]


@pytest.fixture
def rows():
    """Heaped welfare, a line that no value meets, groups, uneven weights."""
    rng = np.random.default_rng(3)
    y = rng.lognormal(0, SIGMA, 50).round(1) + 0.1
    x = np.column_stack([y, np.full(50, 0.97), rng.integers(0, 4, 50)])
    return x, rng.uniform(0.5, 3.0, 50)


@pytest.fixture(scope="module")
def quantiles():
    """200,000 quantiles of a lognormal, whose indices come close to those of the distribution."""
    return np.exp(SIGMA * norm.ppf((np.arange(200_000) + 0.5) / 200_000)), np.ones(200_000)


# by hand


def test_gini_of_small_tables():
    ones = np.ones(3)
    assert Gini().value(column(1, 1, 4), ones)[0] == pytest.approx(1 / 3)
    assert Gini().value(column(5, 5, 5), ones)[0] == pytest.approx(0.0, abs=1e-15)
    assert Gini().value(column(0, 0, 0, 7), np.ones(4))[0] == pytest.approx(3 / 4)
    assert Gini().value(column(-1, 1, 3), ones)[0] == pytest.approx(4 / 3 * 2 / 3)  # mean difference 16/9, mean 1


def test_gini_is_half_the_mean_difference_over_the_mean(rows):
    x, w = rows
    y = x[:, 0]
    pairs = (w[:, None] * w * np.abs(y[:, None] - y)).sum() / w.sum() ** 2
    assert gini(y, w) == pytest.approx(pairs / (2 * (w @ y) / w.sum()), rel=1e-13)
    assert sums_of_larger(y, w) == pytest.approx((w * np.maximum(y[:, None], y)).sum(axis=1), rel=1e-13)


def test_convention_of_convey_depends_on_the_scale_of_the_weights(rows):
    """Their index puts 2 cumw - 1 for 2 cumw - w, so that it is larger by Sum w (w - 1) y/(N T)."""
    x, w = rows
    y = x[:, 0]

    def theirs(weight):
        order = np.argsort(y, kind="stable")
        ranked = np.cumsum(weight[order])
        return float((weight * y)[order] @ (2 * ranked - 1) / (weight.sum() * (weight @ y))) - 1

    for weight in (w, 100 * w):
        difference = (weight * (weight - 1)) @ y / (weight.sum() * (weight @ y))
        assert theirs(weight) - gini(y, weight) == pytest.approx(difference, rel=1e-9)


def test_shares_of_ten_people():
    x, w = column(*range(1, 11)), np.ones(10)
    # cumulated weight meets .2, .4, .8 and .9 of ten: quantiles are 2.5, 4.5, 8.5 and 9.5
    assert QSR.value(x, w)[0] == pytest.approx((9 + 10) / (1 + 2))
    assert PALMA.value(x, w)[0] == pytest.approx(10 / (1 + 2 + 3 + 4))


def test_poverty_indices_of_four_people():
    x, w = np.column_stack([[2.0, 4.0, 8.0, 20.0], np.full(4, 8.0)]), np.array([1.0, 2.0, 1.0, 4.0])
    assert Watts().value(x, w)[0] == pytest.approx((np.log(4) + 2 * np.log(2)) / 8)
    gaps = np.array([0.75, 0.5, 0.0, 0.0])
    larger = (w[:, None] * w * np.maximum(gaps[:, None], gaps)).sum() / 64
    assert SenShorrocksThon().value(x, w)[0] == pytest.approx(larger)
    assert SenShorrocksThon().value(x, w)[0] == pytest.approx(w @ gaps / 8 * (1 + gini(gaps, w)))
    assert IncomeGapRatio().value(x, w)[0] == pytest.approx(1.75 / 3)
    assert IncomeGapRatio(strict=False).value(x, w)[0] == pytest.approx(1.75 / 4)
    assert RelativeMedianGap(density=lognormal_density).value(x, w)[0] == pytest.approx(0.5)
    # with the person at the line, the weights of the poor are 1, 2, 1: half of them lie at 4 and below
    assert RelativeMedianGap(density=lognormal_density, strict=False).value(x, w)[0] == pytest.approx(0.5)


def test_gap_of_the_median_poor_between_two_values():
    x, w = np.column_stack([[2.0, 6.0, 20.0], np.full(3, 8.0)]), np.ones(3)
    assert RMPG.value(x, w)[0] == pytest.approx(1 - 4 / 8)


def test_everybody_and_nobody_poor(rows):
    x, w = rows
    x[:, 1] = 100.0
    gaps = 1 - x[:, 0] / 100
    assert Watts().value(x, w)[0] == pytest.approx(np.log(100) - w @ np.log(x[:, 0]) / w.sum())
    assert SenShorrocksThon().value(x, w)[0] == pytest.approx(w @ gaps / w.sum() * (1 + gini(gaps, w)))
    assert IncomeGapRatio().value(x, w)[0] == pytest.approx(w @ gaps / w.sum())
    x[:, 1] = 0.05
    assert Watts().value(x, w)[0] == SenShorrocksThon().value(x, w)[0] == 0.0
    for index in (IncomeGapRatio(), RMPG):
        assert np.isnan(index.value(x, w)).all()
        assert np.isnan(index.influence(x, w)).all()
        assert np.isnan(index.line_slope(x, w, lognormal_density)).all()


def test_a_group_of_one_value_has_a_median_gap_that_does_not_vary():
    x, w = np.full((3, 2), [4.0, 8.0]), np.ones(3)
    assert RMPG.value(x, w)[0] == 0.5
    assert RMPG.influence(x, w) == pytest.approx(np.zeros((3, 1)))
    assert RMPG.line_slope(x, w, lognormal_density)[0] == pytest.approx(4 / 8**2)


# closed forms


def test_indices_of_a_lognormal(quantiles):
    y, w = quantiles
    x = y[:, None]
    assert Gini().value(x, w)[0] == pytest.approx(2 * norm.cdf(SIGMA / np.sqrt(2)) - 1, rel=1e-4)
    for a in (0.0, 1.0):
        assert generalised_entropy(y, w, a) == pytest.approx(SIGMA**2 / 2, rel=1e-3)
    for a in (-1.0, 0.5, 2.0):
        closed = np.expm1(a * (a - 1) * SIGMA**2 / 2) / (a * (a - 1))
        assert generalised_entropy(y, w, a) == pytest.approx(closed, rel=3e-3)
    for e in (0.5, 1.0, 2.0):
        assert Atkinson(e, "a").value(x, w)[0] == pytest.approx(-np.expm1(-e * SIGMA**2 / 2), rel=2e-3)
    for index in (QSR, PALMA):
        above = norm.cdf(SIGMA - norm.ppf(index.upper))
        below = norm.cdf(norm.ppf(index.lower) - SIGMA)
        assert index.value(x, w)[0] == pytest.approx(above / below, rel=1e-3)


@pytest.mark.parametrize("tail", [2.5, 4.0])
def test_gini_and_watts_of_a_pareto(tail):
    p = (np.arange(200_000) + 0.5) / 200_000
    y, w = (1 - p) ** (-1 / tail), np.ones(len(p))
    assert gini(y, w) == pytest.approx(1 / (2 * tail - 1), rel=2e-3)
    x = np.column_stack([y, np.full(len(y), 2.0)])
    head = 1 - 2**-tail
    assert Watts().value(x, w)[0] == pytest.approx(np.log(2) - head / tail, rel=1e-4)


def test_entropy_is_continuous_at_its_limits(rows):
    x, w = rows
    for a in (0.0, 1.0):
        near = generalised_entropy(x[:, 0], w, a + 1e-9)
        assert near == pytest.approx(generalised_entropy(x[:, 0], w, a), rel=1e-7)
        near_parts = EntropyParts(a + 1e-6).influence(x[:, [0, 2]], w)
        assert near_parts == pytest.approx(EntropyParts(a).influence(x[:, [0, 2]], w), rel=1e-4, abs=1e-7)


def test_half_the_squared_coefficient_of_variation(rows):
    x, w = rows
    mean = w @ x[:, 0] / w.sum()
    cv2 = w @ (x[:, 0] - mean) ** 2 / w.sum() / mean**2
    assert generalised_entropy(x[:, 0], w, 2.0) == pytest.approx(cv2 / 2, rel=1e-12)


def test_zeros_have_the_indices_that_they_can_have():
    y, w = np.array([0.0, 1.0, 3.0]), np.ones(3)
    assert generalised_entropy(y, w, 1.0) == pytest.approx((0.75 * np.log(0.75) + 2.25 * np.log(2.25)) / 3)
    assert generalised_entropy(y, w, 0.25) == pytest.approx((0.75**0.25 + 2.25**0.25 - 3) / 3 / (0.25 * -0.75))
    for index in (GeneralisedEntropy(0.0, "l"), GeneralisedEntropy(-1.0, "m"), Atkinson(1.0, "a"), Atkinson(2.0, "a")):
        assert np.isnan(index.value(y[:, None], w)).all()
        assert np.isnan(index.influence(y[:, None], w)).all()
    assert np.isnan(Watts().value(np.column_stack([y, np.full(3, 2.0)]), w)).all()


@pytest.mark.parametrize("index", [Gini(), QSR, PALMA, GiniParts()])
def test_no_index_without_a_positive_mean(index):
    x, w = np.column_stack([[-3.0, -2.0, 1.0, 2.0], [0.0, 0.0, 1.0, 1.0]]), np.ones(4)
    assert np.isnan(index.value(x, w)[0])
    assert np.isnan(index.influence(x, w)).all()


# derivatives


def slopes(index, x, w, step=1e-5):
    out = np.empty((len(w), len(index.terms)))
    for i in range(len(w)):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        out[i] = (index.value(x, up) - index.value(x, down)) / (2 * step)
    return out


@pytest.mark.parametrize("name", [n for n in WELFARE if WELFARE[n].smooth])
def test_influence_is_the_derivative_in_the_weight(rows, name):
    x, w = rows
    u = WELFARE[name].influence(x[:, :1], w)
    assert u == pytest.approx(slopes(WELFARE[name], x[:, :1], w), abs=1e-8)
    assert w @ u == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", [n for n in WITH_LINE if WITH_LINE[n].smooth])
def test_influence_of_poverty_indices_is_the_derivative_in_the_weight(rows, name):
    x, w = rows
    x[::3, 1] = 1.6  # lines may differ from row to row
    u = WITH_LINE[name].influence(x[:, :2], w)
    assert u == pytest.approx(slopes(WITH_LINE[name], x[:, :2], w), abs=1e-8)


@pytest.mark.parametrize("name", PARTS)
def test_influence_of_a_decomposition_is_the_derivative_in_the_weight(rows, name):
    x, w = rows
    assert PARTS[name].influence(x[:, [0, 2]], w) == pytest.approx(slopes(PARTS[name], x[:, [0, 2]], w), abs=1e-8)


@pytest.mark.parametrize("index", [QSR, PALMA, RMPG])
@pytest.mark.parametrize("point", [0.3, 0.55, 0.7, 1.1, 2.5])
def test_influence_of_quantile_indices_is_the_effect_of_a_little_more_mass(quantiles, index, point):
    """At the limit of many quantiles and a known density, a share eps of mass at one point moves the index by eps N u."""
    y, w = quantiles
    x = np.column_stack([y, np.full(len(y), 0.8)])
    with_point = np.vstack([x, [point, 0.8]])
    eps = 4e-4
    moved = index.value(with_point, np.append(w, eps * w.sum())) - index.value(x, w)
    u = index.influence(with_point, np.append(w, 1e-9))[-1]
    assert moved[0] == pytest.approx(eps * w.sum() * u[0], rel=0.01, abs=1e-5)


def test_smoothed_boundaries_come_close_to_the_quantile(rows, quantiles):
    y, w = quantiles
    assert kernel_mean_at(1.5, y, w) == pytest.approx(1.5, rel=0.01)
    assert kernel_mean_at(3.0, np.full(4, 3.0), np.ones(4)) == 3.0
    x, w = rows
    smoothed = ShareRatio(0.2, 0.8, "qsr", kernel_mean_at)
    assert smoothed.value(x, w) == QSR.value(x, w)
    assert not np.allclose(smoothed.influence(x, w), QSR.influence(x, w))


@pytest.mark.parametrize("name", WITH_LINE)
def test_slope_in_the_line(quantiles, name):
    y, w = quantiles
    index, step = WITH_LINE[name], 0.004
    low, middle, high = (np.column_stack([y, np.full(len(y), z)]) for z in (0.8 - step, 0.8, 0.8 + step))
    numeric = (index.value(high, w) - index.value(low, w)) / (2 * step)
    assert index.line_slope(middle, w, lognormal_density) == pytest.approx(numeric, rel=2e-3)


def test_slopes_with_heaped_welfare(rows):
    x, w = rows
    up, down = x.copy(), x.copy()
    up[:, 1] += 1e-6
    down[:, 1] -= 1e-6
    for index in (Watts(), SenShorrocksThon()):
        numeric = (index.value(up, w) - index.value(down, w)) / 2e-6
        assert index.line_slope(x, w, lognormal_density) == pytest.approx(numeric, rel=1e-7)


# invariances

GROUPS = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 4), st.integers(0, 2)), min_size=3, max_size=12)
EVERY = {
    **{n: (i, [0]) for n, i in WELFARE.items()},
    **{n: (i, [0, 1]) for n, i in WITH_LINE.items()},
    **{f"parts of {n}": (i, [0, 2]) for n, i in PARTS.items()},
}


@settings(deadline=None, max_examples=40)
@given(table=GROUPS, turn=st.randoms(use_true_random=False))
def test_every_index_is_invariant(table, turn):
    """Order, weights as repetitions, scale of the weights, replication of the population, scale of welfare and line."""
    y, times, group = (np.array(v) for v in zip(*table, strict=True))
    x, w = np.column_stack([y, np.full(len(y), 7.5), group]).astype(float), times.astype(float)
    order = turn.sample(range(len(w)), len(w))
    for name, (index, columns) in EVERY.items():
        value = index.value(x[:, columns], w)
        same = {"rel": 1e-9, "abs": 1e-10, "nan_ok": True}
        assert index.value(x[order][:, columns], w[order]) == pytest.approx(value, **same), name
        assert index.value(np.repeat(x[:, columns], times, axis=0), np.ones(times.sum())) == pytest.approx(
            value, **same
        ), name
        assert index.value(x[:, columns], w / 300) == pytest.approx(value, **same), name
        assert index.value(np.vstack([x, x])[:, columns], np.append(w, w)) == pytest.approx(value, **same), name
        assert index.value((x * [1.7, 1.7, 1])[:, columns], w) == pytest.approx(value, **same), name


@settings(deadline=None, max_examples=40)
@given(table=GROUPS)
def test_subgroup_decomposition_is_exact(table):
    y, w, group = (np.array(v, dtype=float) for v in zip(*table, strict=True))
    x, size, total = np.column_stack([y, group]), w.sum(), w @ y
    members = [group == g for g in np.unique(group)]
    for a in (-1.0, 0.0, 0.4, 1.0, 2.0):
        parts = EntropyParts(a).value(x, w)
        within = sum(
            (w[m].sum() / size) ** (1 - a) * (w[m] @ y[m] / total) ** a * generalised_entropy(y[m], w[m], a)
            for m in members
        )
        means = np.array([w[m] @ y[m] / w[m].sum() for m in members])
        between = generalised_entropy(means, np.array([w[m].sum() for m in members]), a)
        assert parts[:3] == pytest.approx([between + within, between, within], rel=1e-9, abs=1e-13)
    whole, _, within, overlap, _ = GiniParts().value(x, w)
    own = sum(w[m].sum() / size * (w[m] @ y[m] / total) * gini(y[m], w[m]) for m in members)
    assert whole == pytest.approx(gini(y, w), rel=1e-12, abs=1e-14)
    assert within == pytest.approx(own, rel=1e-9, abs=1e-13)
    assert overlap >= -1e-12


def test_nothing_to_share_out_where_all_are_equal():
    x, w = np.column_stack([np.full(3, 3.0), [0, 1, 1]]), np.array([1.0, 4.0, 1.0]) / 300
    for index in (GiniParts(), EntropyParts(0.0)):
        assert index.value(x, w)[:3] == pytest.approx(np.zeros(3), abs=1e-14)
        assert np.isnan(index.value(x, w)[-1])
        assert np.isnan(index.influence(x, w)[:, -1]).all()


def test_groups_that_do_not_overlap_leave_no_residual():
    x, w = np.column_stack([[1.0, 2.0, 5.0, 9.0], [0, 0, 1, 1]]), np.array([1.0, 2.0, 3.0, 1.0])
    assert GiniParts().value(x, w)[3] == pytest.approx(0.0, abs=1e-15)


def test_a_group_without_welfare():
    x, w = np.column_stack([[0.0, 0.0, 5.0, 9.0], [0, 0, 1, 1]]), np.array([1.0, 2.0, 3.0, 1.0])
    for a in (0.4, 1.0, 2.0):
        u = EntropyParts(a).influence(x, w)
        assert u[2:] == pytest.approx(slopes(EntropyParts(a), x, w)[2:], abs=1e-8)
        assert u[:2] == pytest.approx(slopes(EntropyParts(a), x, w)[:2], abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(table=GROUPS)
def test_a_transfer_to_someone_poorer_lowers_inequality(table):
    y, w, _ = (np.array(v, dtype=float) for v in zip(*table, strict=True))
    rich, poor = int(np.argmax(y)), int(np.argmin(y))
    after = y.copy()
    amount = 0.25 * (y[rich] - y[poor]) * min(w[rich], w[poor])
    after[rich] -= amount / w[rich]
    after[poor] += amount / w[poor]
    for name in ("gini", "ge:-1", "ge:0", "ge:1", "ge:2", "atkinson:0.5", "atkinson:1", "atkinson:2"):
        before = WELFARE[name].value(y[:, None], w)[0]
        assert WELFARE[name].value(after[:, None], w)[0] <= before - (1e-9 if y[rich] > y[poor] else -1e-12), name
