"""Two-stage least squares: R's ivreg, published numbers, weak instruments, designs, problems by name."""

from __future__ import annotations

import doctest
import math
import sys

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import card
from scipy import stats

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DroppedRowsWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import anderson_rubin_set, instrument_tests, instrumented, linear_panel
from fanpin.models.instrumented_fit import IvArrays, anderson_rubin, reduced_form, two_stage
from fanpin.results import from_json, to_json

REGIONS = " + ".join(f"reg66{i}" for i in range(1, 9))
FORMULA = f"lwage ~ exper + expersq + black + south + smsa + {REGIONS} + smsa66"
SHIPPED = 1e-6  # linearmodels ships the wages in single precision


@pytest.fixture(scope="module")
def men() -> pd.DataFrame:
    return card.load()


@pytest.mark.parametrize(
    ("name", "instruments"),
    [("card_2sls_nearc4", "nearc4"), ("card_2sls_nearc4_nearc2_overid", ["nearc4", "nearc2"])],
)
def test_schooling_equals_ivreg(men, golden, name, instruments):
    known = golden("g_linear")["card"][name]
    order = [term.replace("(Intercept)", "Intercept") for term in known["coef"]]
    classic = instrumented(FORMULA, men, endogenous="educ", instruments=instruments, cov="classic")
    assert classic.params[order].to_numpy() == pytest.approx(list(known["coef"].values()), rel=SHIPPED, abs=1e-7)
    assert classic.std_errors[order].to_numpy() == pytest.approx(list(known["se"].values()), rel=SHIPPED)
    assert classic.df_resid == 3010 - 16
    robust = instrumented(FORMULA, men, endogenous="educ", instruments=instruments)
    expected = np.array(list(known["HC1"].values())) * np.sqrt((3010 - 16) / 3010)
    assert robust.std_errors[order].to_numpy() == pytest.approx(expected, rel=SHIPPED)
    tests, table = instrument_tests(classic), known["diagnostics"]
    names = {"first_stage:educ": "Weak instruments", "exogeneity": "Wu-Hausman", "overidentification": "Sargan"}
    assert ("overidentification" in tests) == (name != "card_2sls_nearc4")
    for ours, theirs in names.items():
        if ours in tests:
            assert tests[ours].stat == pytest.approx(table["stat"][theirs], rel=1e-5)
            assert tests[ours].pvalue == pytest.approx(table["p"][theirs], rel=1e-5)
            assert tests[ours].df == table["df1"][theirs]
            assert tests[ours].df_denom == table["df2"][theirs]


def test_schooling_equals_the_published_numbers(men, golden):
    known = golden("published/card_schooling")
    result = instrumented(FORMULA, men, endogenous="educ", instruments="nearc4", cov="classic")
    assert [round(result.params["educ"], 3), round(result.std_errors["educ"], 3)] == [0.132, 0.055]
    form = result.options["reduced_form"]
    assert [round(form["estimates"][1], 3), round(math.sqrt(form["cov"][1][1]), 3)] == known["first_stage"]["nearc4"]
    assert known["two_stage"]["educ"] == [0.132, 0.055]


def test_one_instrument_is_the_ratio_of_reduced_forms_and_inverts_its_test(men):
    result = instrumented(FORMULA, men, endogenous="educ", instruments="nearc4", cov="classic")
    form = result.options["reduced_form"]
    estimates, cov = np.array(form["estimates"]), np.array(form["cov"])
    assert result.params["educ"] == pytest.approx(estimates[0] / estimates[1], rel=1e-9)
    ((low, high),) = anderson_rubin_set(result)
    assert (result.diagnostics["ar_low"], result.diagnostics["ar_high"]) == (low, high)
    assert low < result.conf_int().loc["educ", "conf_high"] < high
    for end in (low, high):
        # least squares of y - end x on the instrument, the test that the set inverts
        adjusted = men.assign(gap=men["lwage"] - end * men["educ"], row=range(3010), t=1)
        panel = linear_panel(FORMULA.replace("lwage", "gap") + " + nearc4", adjusted, unit="row", time="t",
                             effects="pooled", cov="classic")  # fmt: skip
        assert panel.pvalues["nearc4"] == pytest.approx(0.05, rel=1e-6)
    ((inner_low, inner_high),) = anderson_rubin_set(result, level=0.8)
    assert low < inner_low < result.params["educ"] < inner_high < high
    assert anderson_rubin(estimates, cov, result.params["educ"]) == pytest.approx(0, abs=1e-12)
    zero = instrument_tests(result)["anderson_rubin"]
    assert zero.stat == pytest.approx(estimates[0] ** 2 / cov[0, 0], rel=1e-12)


def _draw(strength: float, n: int = 800, seed: int = 61) -> pd.DataFrame:
    """Simulated: x depends on z with the given strength and on the error of y."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["w", "z", "z2"])
    error = rng.normal(size=n)
    frame["x"] = strength * (frame["z"] + frame["z2"]) + 0.5 * frame["w"] + error + rng.normal(size=n)
    frame["y"] = 1 + 0.5 * frame["x"] + frame["w"] + error
    frame["village"], frame["stratum"] = np.arange(n) // 10, np.arange(n) // 10 % 4
    frame["weight"] = rng.integers(1, 4, n).astype(float)
    return frame


def test_it_recovers_what_least_squares_misses():
    frame = _draw(1.0, n=4000)
    result = instrumented("y ~ w", frame, endogenous="x", instruments="z")
    assert abs(result.params["x"] - 0.5) < 3 * result.std_errors["x"] < 0.1
    biased = np.linalg.lstsq(np.column_stack([np.ones(4000), frame[["w", "x"]]]), frame["y"])[0][2]
    assert biased > 0.6
    assert instrument_tests(result)["exogeneity"].pvalue < 1e-6


def test_weak_instruments_are_noted_and_their_set_is_unbounded():
    result = instrumented("y ~ w", _draw(0.0), endogenous="x", instruments="z")
    assert result.diagnostics["first_stage_f"] < 3.84
    parts = anderson_rubin_set(result)
    assert math.inf in (abs(end) for part in parts for end in part)
    assert any("weak instruments" in note for note in result.notes)
    again = from_json(to_json(result))
    assert anderson_rubin_set(again) == parts
    assert to_json(again) == to_json(result)


def test_instruments_that_disagree_are_found():
    frame = _draw(1.0, n=4000)
    frame["y"] += 0.3 * frame["z2"]
    for cov in ("classic", "robust"):
        result = instrumented("y ~ w", frame, endogenous="x", instruments=["z", "z2"], cov=cov)
        assert instrument_tests(result)["overidentification"].pvalue < 1e-6
    assert anderson_rubin_set(result) == []
    agree = instrumented("y ~ w", _draw(1.0), endogenous="x", instruments=["z", "z2"])
    assert instrument_tests(agree)["overidentification"].pvalue > 0.01


def test_clusters_designs_and_weights():
    frame = _draw(1.0)
    options = {"endogenous": "x", "instruments": ["z", "z2"]}
    robust = instrumented("y ~ w", frame, **options)
    single = instrumented("y ~ w", frame.assign(row=range(800)), **options, cov="cluster", cluster="row")
    assert single.cov.to_numpy() == pytest.approx(robust.cov.to_numpy() * 800 / 799, rel=1e-10)
    clustered = instrumented("y ~ w", frame, **options, cov="cluster", cluster="village")
    design = instrumented("y ~ w", frame, **options, design=Design(psu="village"))
    assert design.cov.to_numpy() == pytest.approx(clustered.cov.to_numpy(), rel=1e-9)
    assert (design.df_resid, clustered.df_resid, clustered.counts["clusters"]) == (79, None, 80)
    weighted = instrumented("y ~ w", frame, **options, design=Design(weight="weight", psu="village"))
    copies = frame.loc[np.repeat(frame.index, frame["weight"].astype(int))].sample(frac=1, random_state=1)
    repeated = instrumented("y ~ w", copies, **options, cov="cluster", cluster="village")
    assert weighted.params.to_numpy() == pytest.approx(repeated.params.to_numpy(), rel=1e-9)
    assert weighted.cov.to_numpy() == pytest.approx(repeated.cov.to_numpy(), rel=1e-8)


def test_two_endogenous_columns_have_no_interval_each():
    frame = _draw(1.0)
    frame["x2"] = frame["x"] ** 2 / 5 + frame["z2"] + frame["w"]
    result = instrumented("y ~ w", frame, endogenous=["x", "x2"], instruments=["z", "z2"])
    assert {"first_stage:x", "first_stage:x2", "anderson_rubin"} <= set(instrument_tests(result))
    with pytest.raises(InapplicableError, match="joint confidence set"):
        anderson_rubin_set(result)


def test_missing_values_are_counted():
    frame = _draw(1.0)
    frame.loc[:9, "z"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="z 10"):
        assert instrumented("y ~ w", frame, endogenous="x", instruments="z").nobs == 790


@pytest.mark.parametrize(
    ("change", "formula", "options", "error", "words"),
    [
        ({}, "y ~ w", {"instruments": []}, InputError, "instruments= names no column"),
        ({}, "y ~ w", {"endogenous": ["x", "w"]}, InputError, "1 instruments cannot identify 2"),
        ({}, "y ~ w", {"instruments": "x"}, InputError, "endogenous and an instrument at once"),
        ({}, "y ~ w + x", {}, InputError, "in the formula and endogenous at once"),
        ({}, "y ~ w + z", {}, InputError, "in the formula and an instrument at once"),
        ({}, "y ~ w", {"instruments": "q"}, UnknownNameError, "unknown column 'q'"),
        ({}, "y ~ w", {"instruments": ["z", "z"]}, InputError, "names a column twice"),
        ({}, "y ~ w", {"cov": "hac"}, UnknownNameError, "value for cov="),
        ({}, "y ~ w", {"cluster": "village"}, InputError, "together"),
        ({}, "y ~ w", {"cov": "classic", "design": Design(psu="village")}, InputError, "its own covariance"),
        ({"z": 1.0}, "y ~ w", {}, EstimationError, "column 'z' is a combination of others"),
        ({"x": 1.0}, "y ~ w", {}, EstimationError, "column 'x' is a combination of others"),
        ({"y": 1.0}, "y ~ w", {}, EstimationError, "is 1 in every row"),
        ({"x": np.inf}, "y ~ w", {}, DataError, "infinite values"),
        ({"x": "a"}, "y ~ w", {}, DataError, "not numeric"),
        ({"village": None}, "y ~ w", {"cov": "cluster", "cluster": "village"}, DataError, "missing values"),
        ({"code": range(800)}, "y ~ C(code)", {}, InputError, "factor 'code' has 800 levels"),
        ({}, "y ~ open('f')", {}, UnknownNameError, "formula function"),
    ],
)
def test_problems_are_named(change, formula, options, error, words):
    with pytest.raises(error, match=words):
        instrumented(formula, _draw(1.0).assign(**change), **{"endogenous": "x", "instruments": "z", **options})


def test_an_instrument_that_moves_nothing_and_too_few_rows_are_named():
    balanced = pd.DataFrame({"z": [0, 0, 1, 1] * 5, "x": [0, 1] * 10, "y": np.arange(20.0)})
    with pytest.raises(EstimationError, match="do not identify the coefficient of 'x'"):
        instrumented("y ~ 1", balanced, endogenous="x", instruments="z")
    with pytest.raises(EstimationError, match="3 rows cannot determine 3 coefficients"):
        instrumented("y ~ 1", balanced.head(3), endogenous="x", instruments="z")
    with pytest.raises(InapplicableError, match="has no instruments"):
        instrument_tests(
            linear_panel(
                "y ~ x", balanced.assign(t=1, id=range(20)), unit="id", time="t", effects="pooled", cov="robust"
            )
        )


def test_the_example():
    outcome = doctest.testmod(sys.modules["fanpin.models.instrumented"])
    assert (outcome.failed, outcome.attempted) == (0, 4)


def test_the_anderson_rubin_set_covers_with_weak_instruments_where_the_wald_interval_does_not():
    rng = np.random.default_rng(81)
    draws, n, covered, usual = 1000, 100, 0, 0
    for _ in range(draws):
        z, error = rng.normal(size=(n, 3)), rng.normal(size=n)
        x = z @ [0.08, 0.08, 0.08] + 0.95 * error + 0.3 * rng.normal(size=n)
        columns = IvArrays(0.5 * x + error, np.ones((n, 1)), x[:, None], z, np.ones(n))
        form = reduced_form(columns)
        covered += anderson_rubin(form.params, form.classic, 0.5) <= 3 * stats.f.ppf(0.95, 3, form.df_resid)
        fitted = z @ np.linalg.lstsq(z, x - x.mean())[0]
        slope = (fitted - fitted.mean()) @ columns.y / ((fitted - fitted.mean()) @ x)
        second = two_stage(columns, np.array([columns.y.mean() - slope * x.mean(), slope]))
        usual += abs(slope - 0.5) <= 1.96 * math.sqrt(second.classic[1, 1])
    assert abs(covered / draws - 0.95) <= 3 * math.sqrt(0.0475 / draws)
    assert usual / draws < 0.8
