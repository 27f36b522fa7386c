"""Conventions of weighted quantiles, and densities against known ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fanpin.kernels.density import bandwidth, density_at
from fanpin.kernels.quantile import weighted_quantile

Y = np.array([4.0, 1.0, 3.0, 2.0])


@pytest.mark.parametrize(
    ("weight", "p", "expected"),
    [
        ([1, 1, 1, 1], 0.5, 2.5),  # F(2) = 1/2: the mean of 2 and 3
        ([1, 1, 1, 1], 0.4, 2.0),
        ([0.1, 0.1, 0.1, 0.1], 0.5, 2.5),
        ([1, 3, 1, 1], 0.5, 1.5),  # F(1) = 3/6
        ([1, 4, 1, 1], 0.5, 1.0),
        ([5, 1, 1, 1], 0.5, 4.0),
        ([1, 1, 1, 1], 0.75, 3.5),
        ([1, 1, 1, 1], 0.99, 4.0),
    ],
)
def test_smallest_value_above_p_and_mean_at_equality(weight, p, expected):
    assert weighted_quantile(Y, np.array(weight, dtype=float), p) == expected


def test_scale_of_weights_and_repetition_do_not_matter():
    rng = np.random.default_rng(5)
    y, w = rng.lognormal(size=101).round(2), rng.integers(1, 5, 101)
    for p in (0.1, 0.25, 0.5, 0.8):
        plain = weighted_quantile(np.repeat(y, w), np.ones(w.sum()), p)
        assert weighted_quantile(y, w * 1.0, p) == plain == weighted_quantile(y, w * 0.1, p)


@pytest.mark.shared
def test_quantiles_of_laeken(eusilc, golden):
    y, w = eusilc["eqIncome"].to_numpy(), eusilc["rb050"].to_numpy()
    for name, value in golden("eusilc_poverty")["quantiles"].items():
        assert weighted_quantile(y, w, int(name[1:]) / 100) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("rule", ["n", "convey"])
@pytest.mark.parametrize("z", [0.5, 1.0, 1.8])
def test_density_of_a_lognormal(rule, z):
    y = np.random.default_rng(2).lognormal(0, 0.5, 40_000)
    value = density_at(z, y, np.ones(len(y)), rule=rule, units=len(y))
    assert value == pytest.approx(stats.lognorm.pdf(z, 0.5), rel=0.05)


def test_default_bandwidth_ignores_the_scale_of_weights_and_uses_the_units():
    rng = np.random.default_rng(4)
    y, w = rng.lognormal(size=500), rng.uniform(1, 2, 500)
    h = bandwidth(y, w, rule="n", units=500)
    assert bandwidth(y, 1000 * w, rule="n", units=500) == pytest.approx(h, rel=1e-12)
    assert bandwidth(y, w, rule="n", units=100) == pytest.approx(h * 5**0.2, rel=1e-12)
    assert bandwidth(y, 1000 * w, rule="convey", units=500) == pytest.approx(
        bandwidth(y, w, rule="convey", units=500) * 1000**-0.2, rel=1e-12
    )


def test_incomes_of_zero_and_below_count_in_the_total_only():
    rng = np.random.default_rng(6)
    y = rng.lognormal(size=3000)
    mixed, w = np.r_[y, np.zeros(500), -np.ones(500)], np.ones(4000)
    inner = density_at(0.8, y, w[:3000], rule="n", units=3000)
    assert density_at(0.8, mixed, w, rule="n", units=4000) == pytest.approx(0.75 * inner, rel=1e-12)
    assert density_at(0.8, -y, w[:3000], rule="n", units=3000) == 0.0


def test_no_spread_takes_the_bandwidth_given():
    y, w = np.full(3, 2.0), np.ones(3)
    assert bandwidth(y, w, rule="n", units=3) == 0.0
    assert density_at(2.0, y, w, rule="n", units=3) == 0.0
    assert density_at(2.0, y, w, rule="n", units=3, fallback=0.5) == pytest.approx(stats.norm.pdf(0) / (0.5 * 2.0))


def test_heaped_incomes_fall_back_on_the_standard_deviation():
    y = np.r_[np.full(80, 1.0), np.linspace(2, 5, 20)]  # the quartiles coincide
    h = bandwidth(y, np.ones(100), rule="n", units=100)
    assert h == pytest.approx(0.9 * np.log(y).std() * 100**-0.2)
