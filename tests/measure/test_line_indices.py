"""Watts, Sen-Shorrocks-Thon, income-gap ratio and relative median gap in `poverty`, with fixed and estimated lines."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, InapplicableError
from fanpin.core.line import Line
from fanpin.measure import poverty

FULL = Design(weight="rb050", stratum="db040", psu="db030")
EUROS = Line.absolute(10859.24, currency="EUR", year=2006)
EVERY = ("watts", "headcount", "sen_shorrocks_thon", "gap", "income_gap_ratio", "rmpg")
DESIGN = Design(weight="weight", stratum="region", psu="village")


@pytest.fixture(scope="module")
def expected(golden):
    return golden("eusilc_line_indices")


@pytest.mark.shared
def test_relative_median_gap_is_that_of_convey(eusilc, expected):
    asked = {"welfare": "eqIncome", "line": Line.relative(0.6), "indices": "rmpg", "design": FULL, "strict": False}
    made = poverty(eusilc, **asked, bandwidth="convey")
    np.testing.assert_allclose([made.params.iloc[0], made.std_errors.iloc[0]],
                               [expected["rmpg"]["est"], expected["rmpg"]["se"]], rtol=1e-10)  # fmt: skip
    regions = poverty(eusilc, **asked, by="db040", bandwidth="convey")
    np.testing.assert_allclose(regions.params, expected["rmpg_by_region"]["est"], rtol=1e-10)


@pytest.mark.shared
def test_watts_is_that_of_convey_on_positive_incomes(eusilc, expected):
    positive = eusilc.assign(income=eusilc.eqIncome.where(eusilc.eqIncome > 0))
    with pytest.warns(match="rows left out for missing values"):
        made = poverty(positive, welfare="income", line=EUROS, indices="watts", design=FULL)
    golden = expected["watts_abs"]
    np.testing.assert_allclose(
        [made.params.iloc[0], made.std_errors.iloc[0]], [golden["est"], golden["se"]], rtol=1e-10
    )


@pytest.mark.shared
def test_income_gap_ratio_is_that_of_convey(eusilc, expected):
    made = poverty(
        eusilc, welfare="eqIncome", line=EUROS, indices=("headcount", "gap", "income_gap_ratio"), design=FULL
    )
    assert made.params["income_gap_ratio"] == pytest.approx(expected["fgtdec_g2_abs"]["est"]["igr"], rel=1e-12)
    names = expected["fgtdec_g2_abs"]["vcov"]["rownames"]
    golden = np.array(expected["fgtdec_g2_abs"]["vcov"]["data"])
    at = [names.index(n) for n in ("fgt0", "fgt1", "igr")]
    np.testing.assert_allclose(made.cov.to_numpy(), golden[np.ix_(at, at)], rtol=1e-8)


@pytest.mark.parametrize("line", [Line.relative(0.6), Line.relative(0.5, of="mean"), Line.column("own_line")])
def test_indices_keep_their_order_and_the_covariance_of_each_alone(sample, line):
    together = poverty(sample, welfare="income", line=line, indices=EVERY, by="female", design=DESIGN)
    assert list(together.rows["term"]) == [t for t in EVERY for _ in (0, 1)]
    for index in EVERY:
        alone = poverty(sample, welfare="income", line=line, indices=index, by="female", design=DESIGN)
        one = together.select(term=index)
        np.testing.assert_allclose(one.params, alone.params, rtol=1e-12)
        np.testing.assert_allclose(one.cov, alone.cov, rtol=1e-9, atol=1e-16)


def test_a_mean_line_moves_its_indices_as_the_jackknife_says(sample):
    """A line at a share of the mean is smooth, and so are these indices: the delete-one jackknife is an independent check."""
    asked = {
        "welfare": "income",
        "line": Line.relative(0.6, of="mean"),
        "indices": ("watts", "sen_shorrocks_thon", "gap"),
    }
    linear = poverty(sample, **asked, design=DESIGN)
    jackknife = poverty(sample, **asked, design=DESIGN.replicates("jkn"))
    np.testing.assert_allclose(linear.std_errors, jackknife.std_errors, rtol=0.02)
    fixed = poverty(sample, **{**asked, "line": Line.absolute(linear.diagnostics["line"], currency="CNY", year=2010)},
                    design=DESIGN)  # fmt: skip
    assert (abs(fixed.std_errors / linear.std_errors - 1) > 0.1).all()  # the line's own error is no trifle here


def test_closed_forms(sample):
    everyone = sample.assign(income=50.0)
    made = poverty(everyone, welfare="income", line=Line.absolute(100, currency="CNY", year=2010), indices=EVERY)
    np.testing.assert_allclose(made.params, [np.log(2), 1, 0.5, 0.5, 0.5, 0.5], rtol=1e-12)


def test_nobody_poor_leaves_ratios_undefined_by_name(sample):
    line = Line.absolute(1e-3, currency="CNY", year=2010)
    made = poverty(sample, welfare="income", line=line, indices=("watts", "income_gap_ratio"), design=DESIGN)
    assert made.params["watts"] == 0
    assert np.isnan(made.params["income_gap_ratio"]) and np.isnan(made.std_errors["income_gap_ratio"])
    assert "1 estimates are not defined: income_gap_ratio" in made.notes


def test_bad_input_is_named(sample):
    with pytest.raises(DataError, match=r"watts is not defined[\s\S]*3 of 1200 rows"):
        low = sample.assign(income=sample["income"].where(sample.index > 2, 0.0))
        poverty(low, welfare="income", line=Line.column("own_line"), indices=("headcount", "watts"))
    with pytest.raises(InapplicableError, match="meets 4 estimated lines"):
        poverty(sample, welfare="income", line=Line.relative(0.6, by="region"), indices="watts", design=DESIGN)
