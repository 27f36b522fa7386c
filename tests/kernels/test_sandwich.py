"""Covariances against their formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.core.errors import EstimationError
from fanpin.kernels import sandwich
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import LINKS

RNG = np.random.default_rng(5)
X = np.column_stack([np.ones(120), RNG.normal(size=(120, 2))])
SCORE = RNG.normal(size=120)
A = X.T @ (X * RNG.uniform(0.5, 1.5, size=(120, 1)))
CODES = RNG.permutation(np.arange(120) % 30)
BREAD = np.linalg.inv(A)
ROWS = X * SCORE[:, None]


def test_inverse_hessian():
    assert sandwich.cov_inverse_hessian(A) == pytest.approx(BREAD, rel=1e-12)


def test_robust_is_the_sum_of_row_products():
    crossproduct = sandwich.score_crossproduct(X, SCORE)
    expected = BREAD @ sum(np.outer(s, s) for s in ROWS) @ BREAD
    assert sandwich.cov_robust(crossproduct, A) == pytest.approx(expected, rel=1e-11)


def test_cluster_sums_scores_first():
    totals = sandwich.score_totals(X, SCORE, CODES, 30)
    sums = [ROWS[np.flatnonzero(g == CODES)].sum(axis=0) for g in range(30)]
    assert totals == pytest.approx(np.array(sums), rel=1e-12, abs=1e-13)
    expected = 30 / 29 * BREAD @ sum(np.outer(s, s) for s in sums) @ BREAD
    assert sandwich.cov_cluster(totals, A) == pytest.approx(expected, rel=1e-11)


def test_clusters_of_one_row_are_robust_times_n_over_n_minus_1():
    totals = sandwich.score_totals(X, SCORE, np.arange(120), 120)
    robust = sandwich.cov_robust(sandwich.score_crossproduct(X, SCORE), A)
    assert sandwich.cov_cluster(totals, A) == pytest.approx(120 / 119 * robust, rel=1e-12)


def test_labels_of_clusters_do_not_matter():
    relabelled = np.random.default_rng(6).permutation(30)[CODES]
    first = sandwich.cov_cluster(sandwich.score_totals(X, SCORE, CODES, 30), A)
    second = sandwich.cov_cluster(sandwich.score_totals(X, SCORE, relabelled, 30), A)
    assert second == pytest.approx(first, rel=1e-12)


def test_empty_groups_have_total_0():
    totals = sandwich.score_totals(X, SCORE, CODES, 35)
    assert (totals[30:] == 0).all()


def test_linearised_uses_the_covariance_given():
    v = np.diag([1.0, 2.0, 3.0])
    assert sandwich.cov_linearised(v, A) == pytest.approx(BREAD @ v @ BREAD, rel=1e-11)


def test_one_cluster_and_singular_information_raise():
    with pytest.raises(EstimationError, match="one cluster"):
        sandwich.cov_cluster(np.ones((1, 3)), A)
    with pytest.raises(EstimationError, match="singular"):
        sandwich.cov_inverse_hessian(np.ones((2, 2)))
    with pytest.raises(EstimationError, match="not positive definite"):
        sandwich.cov_inverse_hessian(np.diag([1.0, 0.0]))


@pytest.mark.parametrize("name", sorted(LINKS))
def test_clustered_intervals_cover_the_truth_and_classic_ones_do_not(name):
    """1,000 seeded samples of 100 clusters of 4 rows that share a covariate, two of them the outcome as well."""
    rng, link, truth, draws = np.random.default_rng(11), LINKS[name], np.array([-0.9, 0.6]), 1000
    codes, covered = np.repeat(np.arange(100), 4), np.zeros(2)
    for _ in range(draws):
        x = np.column_stack([np.ones(400), np.repeat(rng.normal(size=100), 4)])
        y = rng.random(400) < link.inverse(x @ truth)
        y[1::4] = y[::4]
        fit = fit_binary(y, x, link)
        clustered = sandwich.cov_cluster(sandwich.score_totals(x, fit.score, codes, 100), fit.information)
        for i, cov in enumerate((clustered, sandwich.cov_inverse_hessian(fit.information))):
            covered[i] += abs(fit.params[1] - truth[1]) <= 1.959964 * np.sqrt(cov[1, 1])
    share = covered / draws
    assert abs(share[0] - 0.95) <= 3 * np.sqrt(0.0475 / draws)
    assert share[1] < 0.92
