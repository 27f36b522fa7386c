"""Inequality and poverty indices against R laeken, convey and vardpoor, and against published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DroppedRowsWarning
from fanpin.core.line import Line
from fanpin.measure import inequality, poverty

pytestmark = pytest.mark.shared
RTOL = 1e-10
FULL = Design(weight="rb050", stratum="db040", psu="db030")
AS_PUBLISHED = Design(weight="rb050", stratum="db040", psu="rb030")
RELATIVE = {"welfare": "eqIncome", "line": Line.relative(0.6), "strict": False, "bandwidth": "convey"}


@pytest.fixture(scope="module")
def expected(golden):
    return golden("eusilc_inequality")


@pytest.fixture(scope="module")
def published(golden):
    return golden("published/eusilc_inequality")


@pytest.fixture(scope="module")
def persons(shared) -> pd.DataFrame:
    file = shared / "data/public/eusilc/eusilc.csv.gz"
    if not file.exists():
        pytest.skip("eusilc is not in the folder of public data")
    return pd.read_csv(file)


def euros(amount):
    return Line.absolute(amount, currency="EUR", year=2006)


def assert_equal(found, estimates, errors):
    np.testing.assert_allclose(found.params, estimates, rtol=RTOL)
    np.testing.assert_allclose(found.std_errors, errors, rtol=RTOL)


def test_gini_and_quintile_share_ratio(eusilc, expected):
    exact = expected["exact"]
    found = inequality(eusilc, welfare="eqIncome", indices=["gini", "qsr"], design=FULL)
    assert_equal(found, [exact["gini"]["est"], exact["qsr"]["est"]], [exact["gini"]["se"], exact["qsr"]["se"]])
    assert 100 * found.params["gini"] == pytest.approx(expected["vardpoor"]["gini"]["value"]["Gini_eu"], rel=RTOL)
    regions = inequality(eusilc, welfare="eqIncome", design=FULL, by="db040")
    by_region = exact["gini"]["by_region"]
    assert list(regions.rows["db040"]) == by_region["region"]
    assert_equal(regions, by_region["est"], by_region["se"])


def test_laeken_unweighted_and_by_region(eusilc, expected):
    laeken = expected["laeken"]
    plain = inequality(eusilc, welfare="eqIncome", indices=["gini", "qsr"]).params
    assert 100 * plain["gini"] == pytest.approx(laeken["unweighted"]["gini_pct"], rel=1e-12)
    assert plain["qsr"] == pytest.approx(laeken["unweighted"]["qsr"], rel=1e-12)
    gap = poverty(eusilc, welfare="eqIncome", line=Line.relative(0.6), indices="rmpg")
    assert 100 * gap.params["rmpg"] == pytest.approx(laeken["unweighted"]["rmpg_pct"], rel=1e-12)
    found = inequality(eusilc, welfare="eqIncome", indices=["gini", "qsr"], design=FULL, by="db040")
    assert 100 * found.select(term="gini").params.to_numpy() == pytest.approx(
        list(laeken["gini_pct"]["by_region"].values()), rel=1e-12
    )
    assert found.select(term="qsr").params.to_numpy() == pytest.approx(
        list(laeken["qsr"]["by_region"].values()), rel=1e-12
    )


def test_quintile_share_ratio_of_convey_and_vardpoor(eusilc, expected):
    found = inequality(eusilc, welfare="eqIncome", indices="qsr", design=FULL, bandwidth="convey")
    assert_equal(found, [expected["convey"]["qsr"]["est"]], [expected["convey"]["qsr"]["se"]])
    assert found.std_errors["qsr"] == pytest.approx(expected["vardpoor"]["qsr"]["se"], rel=RTOL)
    regions = inequality(eusilc, welfare="eqIncome", indices="qsr", design=FULL, bandwidth="convey", by="db040")
    assert_equal(regions, expected["convey"]["qsr_by_region"]["est"], expected["convey"]["qsr_by_region"]["se"])


def test_gini_of_convey_is_another_convention(eusilc, expected):
    """Theirs is ours plus Sum w (w - 1) y/(N T); the standard errors are those of two indices, 3e-5 apart."""

    def difference(rows):
        w, y = rows["rb050"].to_numpy(), rows["eqIncome"].to_numpy()
        return (w * (w - 1)) @ y / (w.sum() * (w @ y))

    ours = inequality(eusilc, welfare="eqIncome", design=FULL)
    theirs = expected["convey"]["gini"]
    assert ours.params["gini"] + difference(eusilc) == pytest.approx(theirs["est"], rel=1e-12)
    assert 100 * theirs["est"] == pytest.approx(expected["vardpoor"]["gini"]["value"]["Gini"], rel=1e-12)
    assert ours.std_errors["gini"] == pytest.approx(theirs["se"], rel=5e-5)
    regions = inequality(eusilc, welfare="eqIncome", design=FULL, by="db040").params.to_numpy()
    added = [difference(rows) for _, rows in eusilc.groupby("db040")]
    assert regions + added == pytest.approx(expected["convey"]["gini_by_region"]["est"], rel=1e-12)


def test_relative_median_gap(eusilc, expected):
    found = poverty(eusilc, indices="rmpg", design=FULL, **RELATIVE)
    assert_equal(found, [expected["convey"]["rmpg"]["est"]], [expected["convey"]["rmpg"]["se"]])
    assert 100 * found.std_errors["rmpg"] == pytest.approx(expected["vardpoor"]["rmpg"]["se"], rel=RTOL)
    regions = poverty(eusilc, indices="rmpg", design=FULL, by="db040", **RELATIVE)
    by_region = expected["convey"]["rmpg_by_region"]
    assert list(regions.rows["db040"]) == by_region["region"]
    assert_equal(regions, by_region["est"], by_region["se"])
    assert 100 * regions.params.to_numpy() == pytest.approx(
        list(expected["laeken"]["rmpg_pct"]["by_region"].values()), rel=1e-12
    )


@pytest.mark.parametrize("line", ["z10859.24", "z_arpt_exact", "z8000"])
def test_income_gap_ratio(eusilc, expected, line):
    golden = expected["exact"]["income_gap_ratio"][line]
    found = poverty(eusilc, welfare="eqIncome", line=euros(golden["z"]), indices="income_gap_ratio", design=FULL)
    assert_equal(found, [golden["est"]], [golden["se"]])


def test_income_gap_ratio_beside_the_headcount(eusilc, expected):
    """One joint covariance, as in convey's decomposition of the severity."""
    golden = expected["convey"]["income_gap_ratio"]
    found = poverty(
        eusilc, welfare="eqIncome", line=euros(10859.24), indices=["headcount", "income_gap_ratio"], design=FULL
    )
    assert found.params["income_gap_ratio"] == pytest.approx(golden["est"], rel=RTOL)
    assert found.cov.iloc[1, 1] == pytest.approx(golden["var"], rel=RTOL)
    assert found.cov.iloc[0, 1] == pytest.approx(golden["cov_headcount"], rel=1e-9)


def test_entropy_atkinson_and_watts_of_positive_incomes(eusilc, expected):
    golden = expected["convey_positive"]
    names = {
        "theil_l": "gei0",
        "theil_t": "gei1_theil",
        "ge:2": "gei2",
        "ge:-1": "gei_m1",
        "atkinson:0.5": "atk0.5",
        "atkinson:1": "atk1",
    }
    positive = eusilc.assign(income=eusilc["eqIncome"].where(eusilc["eqIncome"] > 0))
    with pytest.warns(DroppedRowsWarning, match="income 3"):
        found = inequality(positive, welfare="income", indices=list(names), design=FULL)
    assert_equal(found, [golden[k]["est"] for k in names.values()], [golden[k]["se"] for k in names.values()])
    with pytest.warns(DroppedRowsWarning, match="income 3"):
        found = poverty(positive, welfare="income", line=euros(10859.24), indices="watts", design=FULL)
    assert_equal(found, [golden["watts_abs"]["est"]], [golden["watts_abs"]["se"]])


def test_watts_with_an_estimated_line(eusilc, expected):
    """The line belongs to all incomes, the index to the positive ones."""
    golden = expected["convey_positive"]["watts_relq"]
    grouped = eusilc.assign(positive=np.where(eusilc["eqIncome"] > 0, 1.0, np.nan))
    with pytest.warns(DroppedRowsWarning, match="positive 3"):
        found = poverty(grouped, indices="watts", by="positive", design=FULL, **RELATIVE)
    assert_equal(found, [golden["est"]], [golden["se"]])


def test_published_gap_ratio_and_gini(persons, published):
    gap = poverty(persons, indices="rmpg", design=AS_PUBLISHED, **RELATIVE).params["rmpg"]
    assert round(100 * gap, 4) == published["relative_median_gap_percent"]["estimate"]
    found = inequality(persons, welfare="eqIncome", indices=["gini", "qsr"], design=AS_PUBLISHED).params
    assert round(found["qsr"], 6) == published["quintile_share_ratio"]["estimate"]
    w, y = persons["rb050"].to_numpy(), persons["eqIncome"].to_numpy()
    convention = (w * (w - 1)) @ y / (w.sum() * (w @ y))
    assert round(100 * found["gini"], 5) == 26.48962
    assert round(100 * (found["gini"] + convention), 5) == published["gini_percent"]["estimate"]


def test_published_indices_of_a_population(shared, published):
    file = shared / "data/public/eusilc/eusilcP_eqIncome.csv.gz"
    if not file.exists():
        pytest.skip("eusilcP is not in the folder of public data")
    incomes = pd.read_csv(file)
    printed = published["fgt_of_the_pseudo_population"]
    found = poverty(incomes, welfare="eqIncome", line=euros(printed["line"])).params
    assert list(found.round(8)) == printed["estimates"]
    printed = published["watts_of_the_pseudo_population"]
    positive = incomes.query("eqIncome > 0")
    found = poverty(positive, welfare="eqIncome", line=euros(printed["line"]), indices="watts").params
    assert round(found["watts"], 8) == printed["estimate"]
