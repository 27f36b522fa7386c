"""The variance engine against the formula written out, published totals, and its own rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fanpin.core.errors import DataError, UnknownNameError
from fanpin.kernels.variance import design_covariance, totals_covariance


@pytest.fixture
def sample():
    """300 rows in 60 PSUs of 5 strata, rows in no order."""
    rng = np.random.default_rng(7)
    psu = rng.permutation(np.repeat(np.arange(60), 5))
    return {"influence": rng.normal(size=(300, 3)), "weight": rng.uniform(1, 4, 300), "stratum": psu % 5, "psu": psu}


def written_out(influence, weight, stratum, psu, share=None):
    """The formula as a double loop."""
    cov = np.zeros((influence.shape[1],) * 2)
    for h in np.unique(stratum):
        totals = [(influence * weight[:, None])[psu == c].sum(axis=0) for c in np.unique(psu[stratum == h])]
        n, centre = len(totals), np.mean(totals, axis=0)
        f = 0.0 if share is None else share[h]
        cov += (1 - f) * n / (n - 1) * sum(np.outer(t - centre, t - centre) for t in totals)
    return cov


def test_equals_the_formula_written_out(sample):
    result = design_covariance(**sample)
    np.testing.assert_allclose(result.cov, written_out(**sample), rtol=1e-12)
    assert (result.n_psu, result.n_strata, result.df, result.lonely) == (60, 5, 55, 0)


def test_population_counts_and_shares_are_the_same_correction(sample):
    share = np.array([0.1, 0.2, 0.3, 0.4, 1.0])
    counts = 12 / share
    of_rows = share[sample["stratum"]]
    expected = written_out(**sample, share=share)
    np.testing.assert_allclose(design_covariance(**sample, fpc=of_rows).cov, expected, rtol=1e-12)
    np.testing.assert_allclose(design_covariance(**sample, fpc=counts[sample["stratum"]]).cov, expected, rtol=1e-12)


def test_without_psu_or_stratum_it_is_the_textbook_variance_of_a_mean():
    y = np.random.default_rng(1).normal(size=50)
    result = design_covariance((y - y.mean()) / 50)
    assert result.cov[0, 0] == pytest.approx(y.var(ddof=1) / 50, rel=1e-12)
    assert result.df == 49


def test_codes_may_have_gaps_and_any_order(sample):
    spread = {**sample, "psu": sample["psu"] * 10**7 + 3, "stratum": sample["stratum"] * 4 + 1}
    np.testing.assert_allclose(design_covariance(**spread).cov, design_covariance(**sample).cov, rtol=1e-13)


def test_rows_outside_a_domain_still_count_as_sampled(sample):
    outside = np.arange(300) >= 40
    sample["influence"][outside] = 0.0
    result = design_covariance(**sample)
    assert result.n_psu == 60
    np.testing.assert_allclose(result.cov, written_out(**sample), rtol=1e-12)


@pytest.mark.parametrize("linear", [None, np.array([[1.0, -1.0, 0.0], [0.5, 0.5, 2.0]])])
@pytest.mark.parametrize("with_fpc", [False, True])
def test_sparse_totals_give_what_dense_ones_give(linear, with_fpc):
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(200, 3)) * (rng.uniform(size=(200, 3)) < 0.2)
    stratum = np.r_[np.arange(199) % 9, 9]  # stratum 9 has one PSU
    options = {"stratum": stratum, "singleton": "centre", "linear": linear}
    options |= {"fpc": np.where(stratum == 9, 50.0, 0.25)} if with_fpc else {}
    thick = totals_covariance(dense, **options)
    thin = totals_covariance(sparse.csr_array(dense), **options)
    np.testing.assert_allclose(thin.cov, thick.cov, rtol=1e-11, atol=1e-13)
    assert thin.lonely == thick.lonely == 1


def test_linear_maps_the_covariance(sample):
    totals = np.stack([np.bincount(sample["psu"], sample["weight"] * u) for u in sample["influence"].T], axis=1)
    m = np.array([[1.0, 2.0, -1.0]])
    plain = totals_covariance(totals, stratum=np.arange(60) % 5)
    mapped = totals_covariance(totals, stratum=np.arange(60) % 5, linear=m)
    np.testing.assert_allclose(mapped.cov, m @ plain.cov @ m.T, rtol=1e-12)


def test_equal_totals_have_no_variance_in_either_form():
    t = np.full((6, 2), 1 / 3)
    assert (totals_covariance(t, stratum=np.arange(6) % 2).cov == 0).all()
    assert (totals_covariance(sparse.csr_array(t), stratum=np.arange(6) % 2).cov.diagonal() >= 0).all()


def test_lonely_psus():
    u, stratum = np.array([1.0, 3.0, 7.0]), np.array([0, 0, 5])
    with pytest.raises(DataError, match="1 strata have a single PSU") as caught:
        design_covariance(u, stratum=stratum)
    assert "code 5" in str(caught.value)
    certain = design_covariance(u, stratum=stratum, singleton="certainty")
    centred = design_covariance(u, stratum=stratum, singleton="centre")
    assert certain.cov[0, 0] == pytest.approx(2 * ((1 - 2) ** 2 + (3 - 2) ** 2))
    assert centred.cov[0, 0] == pytest.approx(certain.cov[0, 0] + (7 - 11 / 3) ** 2)
    assert certain.lonely == centred.lonely == 1
    assert design_covariance(u, stratum=stratum, fpc=[0.5, 0.5, 1.0]).lonely == 0  # sampled in full


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.ones(3)}, "weight does not fit"),
        ({"weight": np.full(300, np.nan)}, "weight is missing"),
        ({"stratum": np.full(300, 0.5)}, "stratum codes do not fit"),
        ({"psu": np.full(300, -1)}, "psu has negative codes"),
        ({"psu": np.zeros(300, dtype=int)}, "a PSU lies in two strata"),
        ({"fpc": np.arange(300) + 100.0}, "fpc varies within a PSU"),
        ({"fpc": np.full(300, 3.0)}, "smaller than the number of PSUs"),
        ({"fpc": np.full(300, -0.5)}, "fpc is not positive"),
    ],
)
def test_input_that_cannot_be(sample, change, message):
    with pytest.raises(DataError, match=message):
        design_covariance(**{**sample, **change})


def test_unknown_rule_and_no_rows():
    with pytest.raises(UnknownNameError, match="singleton"):
        totals_covariance(np.ones((2, 1)), singleton="center")
    with pytest.raises(DataError, match="at least one sampled row"):
        totals_covariance(np.ones((0, 1)))
    with pytest.raises(DataError, match="one PSU in all"):
        design_covariance(np.ones(3), psu=np.zeros(3, dtype=int))


@pytest.mark.shared
def test_published_cluster_sample_with_fpc(shared):
    """R survey vignette, apiclus1: mean of api00 644.17 (23.542), total enrolment 3404940 (932235)."""
    file = shared / "data/public/survey_api/apiclus1.csv.gz"
    if not file.exists():
        pytest.skip("apiclus1 is not in the folder of public data")
    d = pd.read_csv(file)
    w, y = d["pw"].to_numpy(), d["api00"].to_numpy(dtype=float)
    mean = w @ y / w.sum()
    u = np.column_stack([(y - mean) / w.sum(), d["enroll"]])
    result = design_covariance(u, weight=w, psu=pd.factorize(d["dnum"])[0], fpc=d["fpc"].to_numpy())
    se = np.sqrt(np.diag(result.cov))
    assert (round(mean, 2), round(se[0], 3), round(se[1])) == (644.17, 23.542, 932235)
