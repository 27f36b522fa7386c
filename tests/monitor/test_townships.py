"""Township rates against R lme4-independent likelihood, Wilson's limits, and closed forms; bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from fanpin.core.errors import DataError, EstimationError, InputError, UnknownNameError
from fanpin.monitor import township_rates
from fanpin.results import from_json, to_json


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The paper's table of 13 townships and 1,404 households."""
    return pd.DataFrame({
        "town": list("ABCDEFGHIJKLM"),
        "rec": [113, 51, 12, 55, 57, 28, 14, 28, 29, 78, 52, 59, 45],
        "indiv": [12, 3, 1, 3, 5, 7, 0, 4, 4, 2, 5, 4, 4],
        "total": [308, 118, 26, 100, 125, 61, 40, 55, 64, 161, 115, 108, 123],
    })  # fmt: skip


def rates(frame, **options):
    return township_rates(frame, **{"count": "rec", "total": "total", "by": "town", **options})


def test_wilson_limits(table, golden):
    expected = golden("townships")["rates"]
    result = rates(table)
    assert list(result.rows["town"]) == expected["town"]
    np.testing.assert_allclose(result.params, expected["rate"], rtol=1e-14)
    np.testing.assert_allclose(
        result.conf_int(), np.transpose([expected["wilson_lo"], expected["wilson_hi"]]), rtol=1e-12
    )


@pytest.mark.parametrize("which", ["rec", "rec_or_indiv"])
def test_random_intercept_and_shrunken_rates(table, golden, which):
    expected = golden("townships")[f"glmm_{which}"]
    frame = table if which == "rec" else table.assign(rec=table["rec"] + table["indiv"])
    result = rates(frame)
    found = result.diagnostics
    assert found["intercept"] == pytest.approx(expected["intercept"], rel=1e-8)
    assert found["sigma"] == pytest.approx(expected["sigma_u"], rel=1e-8)
    assert found["intercept_std_error"] == pytest.approx(expected["se"], rel=1e-7)
    assert found["sigma_std_error"] == pytest.approx(expected["se_sigma"], rel=1e-7)
    assert found["loglik"] == pytest.approx(expected["logLik_bernoulli"], abs=1e-8)
    assert found["loglik_pooled"] == pytest.approx(expected["pooled_logLik_bernoulli"], abs=1e-8)
    assert found["lr"] == pytest.approx(expected["LR_chibar2"], rel=1e-8)
    assert found["lr_p_value"] == pytest.approx(expected["p_half"], rel=1e-8)
    np.testing.assert_allclose(result.rows["shrunken"], expected["eb_posterior_mean_rate"], rtol=1e-9)


def test_small_townships_are_pulled_in_most(table):
    result = rates(table)
    rows, level = result.rows, special.expit(result.diagnostics["intercept"])
    kept = (rows["shrunken"] - level) / (rows["estimate"] - level)
    far = (rows["estimate"] - level).abs() > 0.01  # elsewhere the ratio is noise
    assert stats.spearmanr(rows["n"][far], kept[far]).statistic > 0.95
    assert ((rows["shrunken_low"] < rows["shrunken"]) & (rows["shrunken"] < rows["shrunken_high"])).all()


def test_funnel_limits_around_the_overall_rate(table):
    rows = rates(table).rows
    assert list(rows.loc[~rows["estimate"].between(rows["funnel_low"], rows["funnel_high"]), "town"]) == ["A", "D", "L"]
    assert rows["estimate"].between(rows["funnel_low_998"], rows["funnel_high_998"]).all()


def test_no_more_spread_than_chance():
    equal = pd.DataFrame({"town": list("abc"), "rec": [10, 20, 40], "total": [20, 40, 80]})
    result = rates(equal)
    assert (result.diagnostics["sigma"], result.diagnostics["lr"], result.diagnostics["lr_p_value"]) == (0.0, 0.0, 1.0)
    assert np.isnan(result.diagnostics["sigma_std_error"])
    np.testing.assert_allclose(result.rows["shrunken"], 0.5)
    assert any("likelihood is highest at sigma = 0" in n for n in result.notes)


def test_rates_of_zero_and_one_have_limits_and_are_shrunken():
    frame = pd.DataFrame({"town": list("abcd"), "rec": [0, 5, 8, 30], "total": [6, 5, 20, 60]})
    result = rates(frame)
    assert result.conf_int()["conf_low"].iloc[0] == pytest.approx(0.0, abs=1e-12)
    assert 0 < result.rows["shrunken"][0] < result.rows["shrunken"][1] < 1


def test_several_columns_name_a_township_and_the_result_is_stored(table):
    frame = table.assign(county=["x"] * 7 + ["y"] * 6)
    result = rates(frame, by=["county", "town"])
    assert result.keys[0] == "rate[county=x,town=A]"
    again = from_json(to_json(result))
    pd.testing.assert_frame_equal(again.tidy(), result.tidy())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(rec=d["rec"].where(d["town"] != "C", 27)), "'rec' exceeds 'total'.*\n.*town=C"),
        (lambda d: d.assign(total=d["total"].where(d["town"] != "C", 0)), "total column 'total' is 0"),
        (lambda d: d.assign(rec=-d["rec"]), "count column 'rec' has negative values"),
        (lambda d: d.assign(rec=d["rec"] + 0.5), "count column 'rec' has fractional values"),
        (lambda d: d.assign(rec=d["rec"].where(d["town"] != "C")), "count column 'rec' has missing values"),
        (lambda d: d.assign(rec=d["rec"].astype(str)), "count column 'rec' is not numeric"),
        (lambda d: pd.concat([d, d.iloc[[3]]]), "a township stands in two rows"),
        (lambda d: d.assign(town=d["town"].where(d["town"] != "C", None)), "a township has no name"),
        (lambda d: d.iloc[:1], "fewer than two townships"),
        (lambda d: d.iloc[:0], "fewer than two townships"),
    ],
)
def test_counts_that_cannot_be(table, change, message):
    with pytest.raises(DataError, match=message):
        rates(change(table))


@pytest.mark.parametrize("share", [0, 1])
def test_all_or_none_concerned(table, share):
    with pytest.raises(EstimationError, match="overall rate is 0 or 1"):
        rates(table.assign(rec=table["total"] * share))


def test_names_that_cannot_be(table):
    with pytest.raises(UnknownNameError, match="did you mean 'total'"):
        rates(table, total="totals")
    with pytest.raises(UnknownNameError, match="unknown column 'village'"):
        rates(table, by="village")
    with pytest.raises(InputError, match="data is no table"):
        rates([1])
    with pytest.raises(InputError, match="no column names the townships"):
        rates(table, by=[])
    with pytest.raises(InputError, match="'n' has a name that the result needs"):
        rates(table.rename(columns={"town": "n"}), by="n")
