"""Rubin's rules: R's mice, limits, problems by name."""

from __future__ import annotations

import dataclasses
import doctest
import sys

import numpy as np
import pandas as pd
import pytest

from fanpin.core.errors import InapplicableError, InputError, UnknownNameError
from fanpin.models import average_effects, hazard, pool, pooled_test
from fanpin.results import Estimates, from_json, to_json


def _fit(coef, cov, df=None, **fields) -> Estimates:
    names = list(coef)
    return Estimates(
        params=pd.Series(list(coef.values()), index=names, dtype=float),
        cov=pd.DataFrame(np.atleast_2d(cov), index=names, columns=names),
        **{"nobs": 100, "cov_type": "classic", "kind": "hazard", "df_resid": df, **fields},
    )


def _golden_fits(block):
    terms = block["term"]
    return [_fit({t: fit["coef"][t] for t in terms}, np.diag([fit["se"][t] ** 2 for t in terms]), block["dfcom"])
            for fit in block["per_imputation"]]  # fmt: skip


@pytest.mark.parametrize("name", ["lm", "logit", "few_rows"])
def test_it_equals_mice(golden, name):
    block = golden("h_mi")[name]
    result = pool(_golden_fits(block))
    tidy = result.tidy()
    assert tidy["estimate"].tolist() == pytest.approx(block["estimate"], rel=1e-12)
    assert tidy["std_error"].tolist() == pytest.approx(block["se"], rel=1e-12)
    assert result.df_terms.tolist() == pytest.approx(block["df_barnard_rubin"], rel=1e-12)
    assert list(result.options["fmi"].values()) == pytest.approx(block["fmi"], rel=1e-12)
    assert list(result.options["riv"].values()) == pytest.approx(block["riv"], rel=1e-12)
    assert tidy["p_value"].tolist() == pytest.approx(block["p"], rel=1e-10, abs=1e-300)
    assert tidy["conf_low"].tolist() == pytest.approx(block["lo"], rel=1e-10)
    assert tidy["conf_high"].tolist() == pytest.approx(block["hi"], rel=1e-10)
    assert result.counts["imputations"] == len(block["per_imputation"])
    assert result.diagnostics["largest_fmi"] == max(result.options["fmi"].values())


@pytest.mark.parametrize(("complete", "key"), [(3009.0, "df"), (None, "df_rubin1987_ninf")])
def test_a_mean_equals_mice_with_and_without_degrees_of_freedom(golden, complete, key):
    block = golden("h_mi")["scalar"]
    fits = [_fit({"mean": q}, u) for q, u in zip(block["Q"], block["U"], strict=True)]
    result = pool(fits, df_complete=complete)
    assert result.params["mean"] == pytest.approx(block["qbar"], rel=1e-12)
    assert result.cov.iloc[0, 0] == pytest.approx(block["t"], rel=1e-12)
    assert result.df_terms["mean"] == pytest.approx(block[key], rel=1e-12)


@pytest.fixture(scope="module")
def completed(shared) -> list[pd.DataFrame]:
    return [pd.read_csv(shared / f"golden/imputations/card_imp{i}.csv.gz") for i in range(1, 6)]


@pytest.mark.shared
def test_fits_of_completed_data_equal_mice(completed, golden):
    block = golden("h_mi")["logit"]
    fits = [hazard(block["formula"], data, link="logit", cov="classic") for data in completed]
    result = pool(fits, df_complete=block["dfcom"])
    assert result.params.tolist() == pytest.approx(block["estimate"], rel=1e-10)
    assert result.std_errors.tolist() == pytest.approx(block["se"], rel=1e-7)  # R stops one step short of ours
    assert result.df_terms.tolist() == pytest.approx(block["df_barnard_rubin"], rel=1e-7)
    assert (result.kind, result.link, result.nobs) == ("pooled", "logit", 3010)
    effects = pool([average_effects(fit) for fit in fits])
    assert effects.params["educ"] == pytest.approx(
        np.mean([average_effects(f).params["educ"] for f in fits]), rel=1e-12
    )


@pytest.mark.shared
def test_the_joint_test_equals_the_formula(completed, golden):
    known = golden("h_mi")
    names = known["lm"]["term"]
    fits = []
    for data in completed:
        x = np.column_stack([np.ones(len(data)), *(data[name] for name in names[1:])])
        b, rest, _, _ = np.linalg.lstsq(x, data["lwage"])
        cov = rest[0] / (len(data) - len(names)) * np.linalg.inv(x.T @ x)
        fits.append(_fit(dict(zip(names, b, strict=True)), cov, len(data) - len(names)))
    test = pooled_test(fits, ["IQ", "KWW", "fatheduc", "motheduc", "married"])
    assert test.stat == pytest.approx(known["joint"]["F"], rel=1e-9)
    assert (test.df, test.df_denom) == (5, pytest.approx(known["joint"]["df2"], rel=1e-8))
    assert test.details["riv"] == pytest.approx(known["joint"]["riv"], rel=1e-8)
    assert test.pvalue == pytest.approx(known["joint"]["p"], rel=1e-6)


def test_equal_fits_pool_to_themselves():
    fit = _fit({"a": 1.0, "b": 2.0}, [[4.0, 1.0], [1.0, 9.0]])
    result = pool([fit, fit, fit])
    assert result.cov.to_numpy().tolist() == fit.cov.to_numpy().tolist()
    assert np.isinf(result.df_terms).all()
    # the normal is t with infinite degrees of freedom
    assert result.pvalues.tolist() == pytest.approx(fit.pvalues.tolist(), rel=1e-14)
    assert list(result.options["fmi"].values()) == [0.0, 0.0]
    assert from_json(to_json(result)).tidy().equals(result.tidy())


def test_order_of_results_and_of_terms_does_not_matter():
    one, two = (
        _fit({"a": 1.0, "b": 2.0}, [[4.0, 1.0], [1.0, 9.0]]),
        _fit({"b": 3.0, "a": 0.0}, [[9.0, 1.0], [1.0, 5.0]]),
    )
    first, second = pool([one, two]), pool([two, one])
    assert first.params.to_dict() == second.params.to_dict() == {"a": 0.5, "b": 2.5}
    assert first.cov.loc["a", "b"] == second.cov.loc["b", "a"] == 1.0 - 1.5 * 0.5
    assert first.df_terms["b"] == second.df_terms["b"]


def test_tests_of_pooled_terms():
    one, two = (
        _fit({"a": 1.0, "b": 2.0}, [[4.0, 1.0], [1.0, 9.0]]),
        _fit({"a": 0.5, "b": 2.5}, [[4.0, 1.0], [1.0, 9.0]]),
    )
    result = pool([one, two])
    single = result.wald_test(["a"])
    assert single.pvalue == pytest.approx(result.pvalues["a"], rel=1e-12)
    with pytest.raises(InapplicableError, match="degrees of freedom of their own"):
        result.wald_test(["a", "b"])
    with pytest.raises(InapplicableError, match="needs more data sets"):
        pooled_test([one, two], ["a", "b"])
    with pytest.raises(InapplicableError, match="two log-likelihoods"):
        result.lr_test(result)
    with pytest.raises(UnknownNameError, match="unknown term 'c'"):
        pooled_test([one, two], ["c"])
    with pytest.raises(InapplicableError, match="singular"):
        flat = _fit({"a": 1.0, "b": 2.0}, [[1.0, 1.0], [1.0, 1.0]])
        pooled_test([flat] * 4, ["a", "b"])


def test_degrees_of_freedom_name_the_terms():
    with pytest.raises(InputError, match="params and df_terms name different terms"):
        _fit({"a": 1.0}, 1.0, df_terms=pd.Series([3.0], index=["b"]))


def test_different_rows_are_noted():
    fit = _fit({"a": 1.0}, 1.0)
    result = pool([fit, dataclasses.replace(fit, nobs=90)])
    assert result.nobs == 90
    assert "the completed data sets give 90 to 100 rows" in result.notes


FIT = _fit({"a": 1.0}, 1.0, formula="y ~ a")


@pytest.mark.parametrize(
    ("results", "options", "words"),
    [
        (FIT, {}, "is no list of results"),
        ([FIT], {}, "several completed data sets"),
        ([FIT, "text"], {}, "a str cannot be pooled"),
        ([FIT, dataclasses.replace(FIT, formula="y ~ b")], {}, "its formula differs"),
        ([FIT, dataclasses.replace(FIT, cov_type="robust")], {}, "its cov_type differs"),
        ([FIT, _fit({"b": 1.0}, 1.0, formula="y ~ a")], {}, "other terms than the first"),
        ([FIT, FIT], {"df_complete": 0}, "no number of degrees of freedom"),
        ([FIT, FIT], {"df_complete": float("nan")}, "no number of degrees of freedom"),
        ([dataclasses.replace(pool([FIT, FIT]))] * 2, {}, "degrees of freedom by term"),
    ],
)
def test_problems_are_named(results, options, words):
    with pytest.raises(InputError, match=words):
        pool(results, **options)


def test_the_example():
    outcome = doctest.testmod(sys.modules["fanpin.models.pool"])
    assert (outcome.failed, outcome.attempted) == (0, 6)
