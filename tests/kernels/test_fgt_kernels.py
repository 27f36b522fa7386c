"""FGT values, and influence functions against derivatives taken by moving a weight or the line."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.core.errors import DataError
from fanpin.kernels.cell_means import cell_means, sum_by_psu
from fanpin.kernels.poverty import RelativeLine, fgt_values, line_slopes, relative_line
from fanpin.kernels.variance import totals_covariance

POWERS = (0, 1, 2)


def indices(y, w, z):
    return w @ fgt_values(y, np.full(len(y), z), POWERS, strict=True) / w.sum()


def test_values_by_hand():
    y, z = np.array([0.0, 50.0, 100.0, 150.0, -50.0]), np.full(5, 100.0)
    strict = fgt_values(y, z, POWERS, strict=True)
    np.testing.assert_array_equal(strict[:, 0], [1, 1, 0, 0, 1])
    np.testing.assert_allclose(strict[:, 1], [1, 0.5, 0, 0, 1.5])
    np.testing.assert_allclose(strict[:, 2], [1, 0.25, 0, 0, 2.25])
    loose = fgt_values(y, z, POWERS, strict=False)
    np.testing.assert_array_equal(loose[:, 0], [1, 1, 1, 0, 1])
    np.testing.assert_array_equal(loose[:, 1:], strict[:, 1:])


def test_influence_is_the_derivative_in_a_weight():
    rng = np.random.default_rng(1)
    y, w = rng.lognormal(size=40), rng.uniform(1, 3, 40)
    means = cell_means(
        fgt_values(y, np.full(40, 0.8), POWERS, strict=True) * w[:, None],
        weight=w, cell=np.zeros(40, dtype=int), psu=np.arange(40), n_cells=1, n_psu=40,
    )  # fmt: skip
    for i in (0, 17, 39):
        up, down = w.copy(), w.copy()
        up[i] += 1e-6
        down[i] -= 1e-6
        slope = (indices(y, up, 0.8) - indices(y, down, 0.8)) / 2e-6
        np.testing.assert_allclose(means.totals[i], w[i] * slope, atol=1e-8)


def test_line_at_a_share_of_the_mean_has_the_derivative_as_influence():
    rng = np.random.default_rng(2)
    y, w, zero = rng.lognormal(size=60), rng.uniform(1, 3, 60), np.zeros(60, dtype=int)
    found = relative_line(y, weight=w, group=zero, n_groups=1, psu=np.arange(60), share=0.5, of="mean", rule="n")
    assert found.line[0] == pytest.approx(0.5 * (w @ y) / w.sum())
    up = w.copy()
    up[5] += 1e-6
    assert found.influence[5] == pytest.approx((0.5 * (up @ y) / up.sum() - found.line[0]) / 1e-6, rel=1e-4)
    assert w @ found.influence == pytest.approx(0.0, abs=1e-12)


def test_median_lines_of_groups_are_those_of_the_groups_alone():
    rng = np.random.default_rng(3)
    y, w, group = rng.lognormal(size=200), rng.uniform(1, 3, 200), rng.integers(0, 2, 200)
    both = relative_line(
        y, weight=w, group=group, n_groups=2, psu=np.arange(200), share=0.6, of="median", rule="convey"
    )
    for g in (0, 1):
        at = group == g
        alone = relative_line(y[at], weight=w[at], group=group[at] * 0, n_groups=1, psu=np.arange(at.sum()), share=0.6,
                              of="median", rule="convey")  # fmt: skip
        assert both.line[g] == alone.line[0]
        np.testing.assert_allclose(both.influence[at], alone.influence)


def test_slopes_of_gap_and_severity_are_derivatives_in_the_line():
    rng = np.random.default_rng(4)
    y, w = rng.lognormal(size=300), rng.uniform(1, 3, 300)
    cell, group = rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    z = np.array([0.7, 0.9, 1.1])
    lines = RelativeLine(line=z, influence=np.zeros(300), bandwidth=np.full(3, 0.1))
    slopes = line_slopes(
        y, weight=w, cell=cell, n_cells=2, group=group, lines=lines, psu=np.arange(300), powers=(1, 2), rule="n"
    )
    for c in (0, 1):
        at = cell == c
        for g in range(3):
            moved = []
            for step in (1e-6, -1e-6):
                shifted = z + step * (np.arange(3) == g)
                moved.append(w[at] @ fgt_values(y[at], shifted[group[at]], (1, 2), strict=True) / w[at].sum())
            np.testing.assert_allclose(slopes[2 * c : 2 * c + 2, g], (moved[0] - moved[1]) / 2e-6, rtol=1e-6)


def test_slopes_of_the_headcount_add_up_to_the_density_of_the_cell():
    rng = np.random.default_rng(5)
    y, w, one = rng.lognormal(size=5000), np.ones(5000), np.zeros(5000, dtype=int)
    lines = RelativeLine(line=np.array([0.8]), influence=np.zeros(5000), bandwidth=np.array([0.1]))
    slope = line_slopes(
        y, weight=w, cell=one, n_cells=1, group=one, lines=lines, psu=np.arange(5000), powers=(0,), rule="n"
    )
    near = np.mean(np.abs(y - 0.8) < 0.1) / 0.2
    assert slope[0, 0] == pytest.approx(near, rel=0.05)


def test_line_is_refused_where_the_density_cannot_be_estimated():
    same, zero = np.full(10, 3.0), np.zeros(10, dtype=int)
    for y in (same, -same):
        with pytest.raises(DataError, match="density of welfare at its median"):
            relative_line(
                y, weight=np.ones(10), group=zero, n_groups=1, psu=np.arange(10), share=0.6, of="median", rule="n"
            )


@pytest.mark.parametrize("rule", ["n", "convey"])
def test_linearised_error_of_an_estimated_line_matches_repeated_sampling(rule):
    """600 samples of 500 lognormal incomes: the spread of the headcount at 60 % of the median, and the mean SE."""
    rng, draws, errors = np.random.default_rng(11), [], []
    zero, each = np.zeros(500, dtype=int), np.arange(500)
    for _ in range(600):
        y = rng.lognormal(0, 0.5, 500)
        w = np.full(500, 1.0)
        found = relative_line(y, weight=w, group=zero, n_groups=1, psu=each, share=0.6, of="median", rule=rule)
        slope = line_slopes(
            y, weight=w, cell=zero, n_cells=1, group=zero, lines=found, psu=each, powers=(0,), rule=rule
        )
        values = fgt_values(y, np.full(500, found.line[0]), (0,), strict=True)
        own = cell_means(values, weight=w, cell=zero, psu=each, n_cells=1, n_psu=500)
        totals = np.hstack(
            [own.totals, sum_by_psu(found.influence[:, None], cell=zero, psu=each, n_cells=1, n_psu=500)]
        )
        draws.append(own.mean[0, 0])
        errors.append(np.sqrt(totals_covariance(totals, linear=np.hstack([np.eye(1), slope])).cov[0, 0]))
    assert np.mean(errors) == pytest.approx(np.std(draws), rel=3 / np.sqrt(2 * 600) + 0.03)


def test_sparse_and_dense_totals_agree():
    rng = np.random.default_rng(6)
    m, cells, psus = 3000, 40, 500
    cell, psu, w = rng.integers(-1, cells, m), rng.integers(0, psus, m), rng.uniform(1, 2, m)
    x = rng.normal(size=(m, 2))
    means = cell_means(x * w[:, None], weight=w, cell=cell, psu=psu, n_cells=cells, n_psu=psus)
    assert not isinstance(means.totals, np.ndarray)
    expected = np.zeros((psus, cells * 2))
    for i in np.flatnonzero(cell >= 0):
        for a in (0, 1):
            expected[psu[i], cell[i] * 2 + a] += w[i] * (x[i, a] - means.mean[cell[i], a]) / means.size[cell[i]]
    np.testing.assert_allclose(means.totals.toarray(), expected, atol=1e-15)
    assert means.psus[3] == len(np.unique(psu[cell == 3]))
