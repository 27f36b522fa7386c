"""Functions of measures: closed forms on overlapping households, the delta method, what cannot be combined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import EstimationError, InapplicableError, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.measure import chronic_poverty, contrast, differences, poverty
from fanpin.report.table import table
from fanpin.results.codec import from_json, to_json

LINE = Line.absolute(100, currency="CNY", year=2010)
CHANGE = {"headcount[wave=2]": 1, "headcount[wave=1]": -1}


@pytest.fixture
def panel():
    """300 households at two waves, each with one weight, in 30 villages."""
    rng = np.random.default_rng(12)
    tendency = rng.normal(0, 0.4, 300) + rng.normal(0, 0.3, 30)[np.arange(300) % 30]
    waves = [pd.DataFrame({"id": np.arange(300), "wave": t, "village": np.arange(300) % 30, "w": 1.0 + np.arange(300) % 5,
                           "north": np.arange(300) % 2,
                           "y": 120 * np.exp(tendency + 0.1 * t + rng.normal(0, 0.3, 300))}) for t in (1, 2)]  # fmt: skip
    return pd.concat(waves, ignore_index=True)


def measured(panel, design, by="wave"):
    return poverty(panel, welfare="y", line=LINE, by=by, design=design)


@pytest.mark.parametrize("psu", ["id", "village"])
def test_change_of_a_balanced_panel_is_the_mean_of_differences(panel, psu):
    made = contrast(measured(panel, Design(weight="w", psu=psu)), {"change": CHANGE})
    one = panel[panel.wave == 1].assign(poor=lambda d: d.y < 100)
    d = (panel[panel.wave == 2].y.to_numpy() < 100).astype(float) - one.poor.to_numpy()
    w = one.w.to_numpy()
    mean = w @ d / w.sum()
    totals = pd.Series(w * (d - mean) / w.sum()).groupby(one[psu].to_numpy()).sum()
    g = len(totals)
    assert made.params["change"] == pytest.approx(mean, rel=1e-12)
    assert made.std_errors["change"] == pytest.approx(np.sqrt(g / (g - 1) * (totals**2).sum()), rel=1e-12)
    assert made.df_resid == g - 1


def test_overlap_matters(panel):
    together = contrast(measured(panel, Design(psu="id")), {"change": CHANGE}).std_errors.iloc[0]
    apart = contrast(measured(panel, None), {"change": CHANGE}).std_errors.iloc[0]
    assert together < 0.85 * apart


def test_linear_combination_is_a_v_a(panel):
    base = measured(panel, Design(psu="village"))
    a = np.array([1.0, 0, -2.5, 0, 0.25, 0])
    made = contrast(base, {"mix": dict(zip(base.keys, a, strict=True))})
    assert made.params["mix"] == pytest.approx(a @ base.params, rel=1e-14)
    assert made.std_errors["mix"] == pytest.approx(np.sqrt(a @ base.cov.to_numpy() @ a), rel=1e-12)


def test_smooth_functions_by_the_delta_method(panel):
    base = measured(panel, Design(psu="village"))
    one, two = base.params["headcount[wave=1]"], base.params["headcount[wave=2]"]
    made = contrast(base, {
        "ratio": lambda p: p["headcount[wave=2]"] / p["headcount[wave=1]"],
        "log": lambda p: np.log(p["headcount[wave=2]"]) - np.log(p["headcount[wave=1]"]),
        "linear": lambda p: p["headcount[wave=2]"] - p["headcount[wave=1]"],
        "exact": CHANGE,
    })  # fmt: skip
    v = base.cov.loc[["headcount[wave=1]", "headcount[wave=2]"], ["headcount[wave=1]", "headcount[wave=2]"]].to_numpy()
    gradient = np.array([-1 / one, 1 / two])
    assert made.std_errors["log"] == pytest.approx(np.sqrt(gradient @ v @ gradient), rel=1e-8)
    assert made.std_errors["ratio"] == pytest.approx(two / one * made.std_errors["log"], rel=1e-8)
    np.testing.assert_allclose(made.cov.loc["linear"], made.cov.loc["exact"], rtol=1e-8)


def test_small_shares_are_differentiated_in_proportion(panel):
    base = measured(panel.assign(y=panel.y + 70), Design(psu="village"))
    key = "severity[wave=2]"
    assert base.params[key] < 1e-4
    made = contrast(base, {"log": lambda p: np.log(p[key])})
    assert made.std_errors["log"] == pytest.approx(base.std_errors[key] / base.params[key], rel=1e-8)


def test_the_result_is_one_to_print_and_to_store(panel):
    base = measured(panel, Design(psu="village"))
    made = contrast(base, {"change": CHANGE, "my ratio": lambda p: p.iloc[1] / p.iloc[0]})
    assert (made.kind, made.cov_type, made.df_resid, made.by) == ("poverty", "design", 29, ())
    assert "change = headcount[wave=2] - headcount[wave=1]" in made.notes
    assert set(base.notes) <= set(made.notes)
    assert list(made.rows["n"]) == [600, 600]
    pd.testing.assert_frame_equal(from_json(to_json(made)).tidy(), made.tidy())
    assert [row.label for row in table(made, id="changes").rows] == ["Change", "my ratio"]


def test_replicates_and_linearised_contrasts_agree(panel):
    design = Design(weight="w", psu="village")
    linear = contrast(measured(panel, design), {"c": CHANGE}).std_errors["c"]
    replicated = contrast(measured(panel, design.replicates("jkn")), {"c": CHANGE})
    assert replicated.std_errors["c"] == pytest.approx(linear, rel=0.03)  # they differ to second order
    assert replicated.cov_type == "jkn"


def test_differences_of_every_pair_and_from_a_base(panel):
    later = panel[panel.wave == 2].assign(wave=3, y=lambda d: d.y * 1.1)
    three = measured(pd.concat([panel, later], ignore_index=True), Design(psu="village"), by=["north", "wave"])
    made = differences(three, over="wave")
    assert made.by == ("north", "wave")
    assert list(made.select(term="headcount", north=0).rows["wave"]) == ["2 - 1", "3 - 1", "3 - 2"]
    expected = contrast(three, {"c": {"gap[north=1,wave=3]": 1, "gap[north=1,wave=1]": -1}})
    one = made.select(term="gap", north=1, wave="3 - 1")
    assert one.params.iloc[0] == pytest.approx(expected.params["c"], rel=1e-14)
    assert one.std_errors.iloc[0] == pytest.approx(expected.std_errors["c"], rel=1e-12)
    based = differences(three, over="wave", base=2)
    assert list(based.select(term="headcount", north=0).rows["wave"]) == ["1 - 2", "3 - 2"]
    assert set(based.select(term="headcount").rows["n"]) == {300}


def test_differences_of_differences(panel):
    by_wave = differences(measured(panel, Design(psu="village"), by=["north", "wave"]), over="wave")
    twice = differences(by_wave, over="north").select(term="headcount")
    assert twice.keys[0] == "headcount[wave=2 - 1,north=1 - 0]"
    p = poverty(panel, welfare="y", line=LINE, by=["north", "wave"]).params
    key = "headcount[north={},wave={}]".format
    assert twice.params.iloc[0] == pytest.approx(p[key(1, 2)] - p[key(1, 1)] - p[key(0, 2)] + p[key(0, 1)])


def test_rows_without_psu_are_said_to_count_as_independent(panel):
    assert any("count as independent" in n for n in differences(measured(panel, None), over="wave").notes)
    assert not any(
        "count as independent" in n for n in differences(measured(panel, Design(psu="id")), over="wave").notes
    )


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.DesignWarning")
def test_only_what_rests_on_an_unknown_error_has_none(panel):
    few = panel.assign(group=np.where(panel.village == 0, "alone", panel.north.astype(str)))
    base = measured(few, Design(psu="village"), by="group")
    made = contrast(base, {"known": {"gap[group=1]": 1, "gap[group=0]": -1}, "unknown": {"gap[group=alone]": 1}})
    assert list(made.std_errors.isna()) == [False, True]


def test_measures_that_are_not_defined():
    nobody = pd.DataFrame({"id": [1, 1, 2, 2], "wave": [1, 2] * 2, "y": 500.0})
    base = chronic_poverty(nobody, unit="id", time="wave", welfare="y", line=LINE)
    made = contrast(base, {"part": {"chronic": 1, "total": -1}, "share": {"chronic_share": 100}})
    assert list(made.params.isna()) == list(made.std_errors.isna()) == [False, True]
    assert "1 estimates are not defined: share" in made.notes
    with pytest.raises(EstimationError, match="'log' is not finite"):
        contrast(base, {"log": lambda p: np.log(p["chronic_share"])})


def test_a_list_of_results_has_no_joint_covariance(panel):
    apart = [measured(panel[panel.wave == t], None, by=None) for t in (1, 2)]
    with pytest.raises(InputError, match=r"no joint covariance[\s\S]*stack the waves"):
        contrast(apart, {"c": {"headcount": 1}})
    with pytest.raises(InputError, match="no joint covariance"):
        differences({"a": apart[0], "b": apart[1]}, over="wave")
    with pytest.raises(InputError, match="a DataFrame holds no measures"):
        contrast(panel, {"c": {"headcount": 1}})


@pytest.mark.parametrize(
    ("combination", "error", "message"),
    [
        ({}, InputError, "no combination"),
        ("headcount", InputError, "no combination"),
        ({"c": {}}, InputError, "neither coefficients nor a function"),
        ({"c": 3}, InputError, "neither coefficients nor a function"),
        ({"c": {"headcount[wave=3]": 1}}, UnknownNameError, "did you mean 'headcount\\[wave=[12]\\]'"),
        ({"c": lambda p: p["headcount[wave=9]"]}, UnknownNameError, "unknown measure 'headcount\\[wave=9\\]'"),
        ({"c": {"headcount[wave=1]": "1"}}, InputError, "no finite number"),
        ({"c": {"headcount[wave=1]": np.nan}}, InputError, "no finite number"),
        ({"c": {"headcount[wave=1]": 0}}, InputError, "are 0"),
        ({"c": lambda p: p}, InputError, "does not return a number"),
        ({"c": lambda p: 1.0}, InputError, "depends on no measure"),
        ({"c": lambda p: np.log(p.iloc[0] - 1)}, EstimationError, "'c' is not finite"),
        ({"c": lambda p: 1 / 0}, EstimationError, "'c' is not finite"),
    ],
)
def test_combinations_that_cannot_be(panel, combination, error, message):
    with pytest.raises(error, match=message):
        contrast(measured(panel, None), combination)


def test_differences_that_cannot_be(panel):
    base = measured(panel, None)
    with pytest.raises(UnknownNameError, match="unknown by column 'year'"):
        differences(base, over="year")
    with pytest.raises(UnknownNameError, match="unknown value of 'wave' '7'"):
        differences(base, over="wave", base=7)
    with pytest.raises(InapplicableError, match="nothing is measured at two values"):
        differences(base.select(wave=1), over="wave")


def test_lines_are_compared_on_stacked_rows(sample):
    """The share between two lines has the standard error of the indicator "between"; two independent samples would not."""
    copies = pd.concat(
        [sample.assign(z=z, line=name) for name, z in (("low", 60.0), ("high", 100.0))], ignore_index=True
    )
    design = Design(weight="weight", stratum="region", psu="village")
    made = poverty(copies, welfare="income", line=Line.column("z"), by="line", indices="headcount", design=design)
    between = contrast(made, {"between": {"headcount[line=high]": 1, "headcount[line=low]": -1}})
    own = sample.assign(flag=100.0 - 90.0 * ((sample.income >= 60) & (sample.income < 100)))
    direct = poverty(
        own, welfare="flag", line=Line.absolute(50, currency="CNY", year=2010), indices="headcount", design=design
    )
    np.testing.assert_allclose(between.params, direct.params, rtol=1e-12)
    np.testing.assert_allclose(between.std_errors, direct.std_errors, rtol=1e-10)
