"""Replicate weights against R survey, against linearised errors, and against what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, InapplicableError, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.kernels.replicates import replicate_covariance, replicate_factors
from fanpin.measure import poverty
from fanpin.results.codec import from_json, to_json

FULL = Design(weight="rb050", stratum="db040", psu="db030")
EUROS = Line.absolute(10859.24, currency="EUR", year=2006)
FIRST_TWO = ("headcount", "gap")


@pytest.fixture(scope="module")
def expected(golden):
    return golden("eusilc_replicates")


@pytest.fixture(scope="module")
def halves(eusilc):
    """The 40 strata of two clusters that the R script forms."""
    return eusilc.assign(stratum=(eusilc.db030 // 2) % 40, half=eusilc.db030 % 2)


@pytest.mark.shared
def test_the_jackknife_is_that_of_r(eusilc, expected):
    made = poverty(eusilc, welfare="eqIncome", line=EUROS, indices=FIRST_TWO, design=FULL.replicates("jkn"))
    np.testing.assert_allclose(made.std_errors, list(expected["JKn_mseTRUE"]["se"].values()), rtol=1e-10)
    assert made.cov_type == "jkn"
    assert "delete-one jackknife" in " ".join(made.notes)


@pytest.mark.shared
def test_the_jackknife_takes_the_line_anew(eusilc, expected):
    grouped = eusilc.assign(group=eusilc.db030 % 30)
    design = Design(weight="rb050", psu="group").replicates("jkn")
    made = poverty(grouped, welfare="eqIncome", line=Line.relative(0.6), indices="headcount", design=design)
    golden = expected["JK1_30groups_ARPR_reestimated_line"]
    assert made.params.iloc[0] == pytest.approx(golden["est"], rel=1e-12)
    assert made.std_errors.iloc[0] == pytest.approx(_about_full_sample(grouped, golden["se"]), rel=1e-8)
    assert "inconsistent" in " ".join(made.notes)


def _about_full_sample(grouped: pd.DataFrame, about_mean: float) -> float:
    """The golden's standard error, whose deviations are from the mean of the replicates, as one about the full sample."""
    rates = []
    for left_out in [None, *range(30)]:
        part = grouped[grouped.group != left_out]
        rates.append(poverty(part, welfare="eqIncome", line=Line.relative(0.6), indices="headcount",
                             design=Design(weight="rb050")).params.iloc[0])  # fmt: skip
    return float(np.sqrt(about_mean**2 + 29 * (np.mean(rates[1:]) - rates[0]) ** 2))


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["br", "fay"])
def test_given_factors_give_the_covariance_of_r(halves, expected, kind, shared):
    facts = expected[f"{kind}_40strata_mseTRUE"]
    factors = pd.read_csv(shared / f"golden/imputations/repfactors_{kind}.csv.gz")
    pairs = halves[["stratum", "half"]]
    by_pair = factors.set_index(list(factors.columns[:2]))
    matrix = by_pair.loc[list(zip(*pairs.to_numpy().T, strict=True))].to_numpy(dtype=float)
    poor = (halves.eqIncome < 10859.24).to_numpy()
    weights = halves.rb050.to_numpy()[:, None] * matrix
    replicates = (poor @ weights / weights.sum(axis=0))[:, None]
    cov = replicate_covariance(replicates, np.array([facts["est"]["poor"]]), np.full(44, facts["scale"]))
    np.testing.assert_allclose(np.sqrt(cov[0, 0]), facts["se"]["poor"], rtol=1e-10)


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["bootstrap", "subbootstrap"])
def test_given_bootstrap_factors_give_the_covariance_of_r(eusilc, expected, kind, shared):
    facts = expected[f"{kind}200_mseTRUE"]
    factors = pd.read_csv(shared / f"golden/imputations/repfactors_{kind}.csv.gz").set_index("db030")
    weights = eusilc.rb050.to_numpy()[:, None] * factors.loc[eusilc.db030].to_numpy(dtype=float)
    short = np.maximum(10859.24 - eusilc.eqIncome.to_numpy(), 0.0) / 10859.24
    values = np.array([eusilc.eqIncome < 10859.24, short])
    replicates = (values @ weights / weights.sum(axis=0)).T
    cov = replicate_covariance(replicates, np.array(list(facts["est"].values())), np.full(200, facts["scale"]))
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), list(facts["se"].values()), rtol=1e-10)


@pytest.mark.shared
@pytest.mark.parametrize(("kind", "name"), [("brr", "br"), ("fay", "fay")])
def test_balanced_halves_agree_with_another_hadamard_matrix(halves, expected, kind, name):
    design = Design(weight="rb050", stratum="stratum", psu="half").replicates(kind)
    made = poverty(halves, welfare="eqIncome", line=EUROS, indices=FIRST_TWO, design=design)
    for of in (expected[f"{name}_40strata_mseTRUE"], expected["linearised_same_40strata_design"]):
        np.testing.assert_allclose(made.std_errors, list(of["se"].values()), rtol=0.005)


def test_replicates_of_a_mean_have_the_variance_they_promise():
    """For a total, jackknife and balanced halves give the linearised variance exactly, the bootstrap in the mean."""
    rng = np.random.default_rng(3)
    stratum, totals = np.repeat(np.arange(6), 2), rng.normal(size=(12, 2))
    exact = sum(np.outer(d, d) for d in totals[::2] - totals[1::2])
    for kind, extra, tolerance in (("jkn", {}, 1e-12), ("brr", {}, 1e-12), ("fay", {"rho": 0.3}, 1e-12),
                                   ("bootstrap", {"n": 20_000, "seed": 1}, 0.05)):  # fmt: skip
        made = replicate_factors(kind, stratum=stratum, n_psu=12, **extra)
        taken = np.array([column @ totals for column in made.columns])
        np.testing.assert_allclose(replicate_covariance(taken, totals.sum(axis=0), made.scale), exact,
                                   atol=tolerance * np.trace(exact))  # fmt: skip


def test_a_finite_population_shrinks_jackknife_and_bootstrap():
    totals, fpc = np.arange(10.0)[:, None], np.full(10, 40.0)
    free = {"n_psu": 10, "stratum": None}
    for kind, extra in (("jkn", {}), ("bootstrap", {"n": 4000, "seed": 2})):
        variances = [
            float(replicate_covariance(np.array([c @ totals for c in made.columns]), totals.sum(axis=0), made.scale)[0, 0])
            for made in (replicate_factors(kind, fpc=fpc, **free, **extra), replicate_factors(kind, **free, **extra))
        ]  # fmt: skip
        assert variances[0] / variances[1] == pytest.approx(0.75, rel=1e-9 if kind == "jkn" else 1e-6)


def test_the_bootstrap_is_repeatable_and_close_to_linearised(sample):
    design = Design(weight="weight", stratum="region", psu="village")
    line = Line.relative(0.6)
    once, again, other = (
        poverty(sample, welfare="income", line=line, by="region", design=design.replicates("bootstrap", 200, seed))
        for seed in (1, 1, 2)
    )
    linear = poverty(sample, welfare="income", line=line, by="region", design=design)
    pd.testing.assert_series_equal(once.params, linear.params)
    pd.testing.assert_frame_equal(once.cov, again.cov)
    assert not np.allclose(once.cov, other.cov)
    assert np.median(once.std_errors / linear.std_errors) == pytest.approx(1.0, abs=0.15)
    assert once.df_resid == linear.df_resid == 56


def test_a_design_with_replicates_survives_storing(sample):
    design = Design(weight="weight", psu="village").replicates("bootstrap", 20, seed=5)
    made = poverty(sample, welfare="income", line=Line.column("own_line"), design=design)
    assert from_json(to_json(made)).design == design


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("jackknife",), UnknownNameError, "jkn"),
        (("bootstrap",), InputError, "needs n and seed"),
        (("bootstrap", 1, 3), InputError, "needs n and seed"),
        (("jkn", 5), InputError, "takes no n"),
        (("brr", None, 5), InputError, "takes no n or seed"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        Design().replicates(*arguments)
    with pytest.raises(InputError, match="rho"):
        Design().replicates("brr", rho=0.5)


def test_designs_that_cannot_be_replicated_so_are_refused(sample):
    line = Line.column("own_line")
    with pytest.raises(DataError, match="4 strata have not two PSUs"):
        poverty(sample, welfare="income", line=line, design=Design(stratum="region", psu="village").replicates("brr"))
    with pytest.raises(InapplicableError, match="centre"):
        poverty(sample, welfare="income", line=line,
                design=Design(psu="village", singleton="centre").replicates("jkn"))  # fmt: skip
    pairs = sample.assign(stratum=sample.village // 2, count=10)
    with pytest.raises(InapplicableError, match="finite population"):
        design = Design(stratum="stratum", psu="village", fpc="count").replicates("brr")
        poverty(pairs, welfare="income", line=line, design=design)
