"""Poverty indices against R survey, convey and laeken, and against published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.line import Line
from fanpin.measure import poverty

pytestmark = pytest.mark.shared
RTOL = 1e-10
FULL = Design(weight="rb050", stratum="db040", psu="db030")
DESIGNS = {
    "full": FULL,
    "nocluster_strata": Design(weight="rb050", stratum="db040"),
    "cluster_nostrata": Design(weight="rb050", psu="db030"),
    "srs_weights": Design(weight="rb050"),
}


@pytest.fixture(scope="module")
def expected(golden):
    return golden("eusilc_poverty")


def euros(amount):
    return Line.absolute(amount, currency="EUR", year=2006)


@pytest.mark.parametrize("line", ["z10859.24", "z_arpt_exact", "z8000"])
@pytest.mark.parametrize("design", DESIGNS)
def test_fgt_with_standard_errors_and_covariance(eusilc, expected, line, design):
    golden = expected["fgt"][line]
    result = poverty(eusilc, welfare="eqIncome", line=euros(golden["z"]), design=DESIGNS[design])
    np.testing.assert_allclose(result.params, list(golden[design]["est"].values()), rtol=RTOL)
    np.testing.assert_allclose(result.std_errors, list(golden[design]["se"].values()), rtol=RTOL)
    np.testing.assert_allclose(result.cov, golden[design]["vcov"], rtol=RTOL)
    np.testing.assert_allclose(result.conf_int(), golden[design]["ci_t_degf"], rtol=RTOL)


@pytest.mark.parametrize("line", ["z10859.24", "z_arpt_exact", "z8000"])
def test_fgt_by_region_and_sex(eusilc, expected, line):
    golden = expected["fgt"][line]
    result = poverty(eusilc, welfare="eqIncome", line=euros(golden["z"]), design=FULL, by="db040")
    assert list(result.rows["db040"][:9]) == golden["by_region"]["region"]
    np.testing.assert_allclose(result.params, np.transpose(golden["by_region"]["est"]).ravel(), rtol=RTOL)
    np.testing.assert_allclose(result.std_errors, np.transpose(golden["by_region"]["se"]).ravel(), rtol=RTOL)
    sexes = poverty(eusilc, welfare="eqIncome", line=euros(golden["z"]), design=FULL, by="rb090", indices="headcount")
    assert list(sexes.rows["rb090"]) == golden["by_sex"]["level"]
    np.testing.assert_allclose(sexes.params, golden["by_sex"]["est"], rtol=RTOL)
    np.testing.assert_allclose(sexes.cov, golden["by_sex"]["vcov"], rtol=RTOL)


def test_fgt_by_region_and_sex_together(eusilc, expected):
    golden = expected["fgt"]["z10859.24"]["by_region_sex"]
    result = poverty(
        eusilc, welfare="eqIncome", line=euros(10859.24), design=FULL, by=["rb090", "db040"], indices="headcount"
    )
    assert list(result.rows["db040"]) == golden["region"]
    np.testing.assert_allclose(result.params, golden["est"], rtol=RTOL)
    np.testing.assert_allclose(result.std_errors, golden["se"], rtol=RTOL)


def test_engine_gives_the_numbers_of_survey(eusilc, expected, as_table):
    golden = expected["fgt"]["z10859.24"]
    table = as_table(eusilc)
    result = poverty(table, welfare="eqIncome", line=euros(10859.24), design=FULL)
    np.testing.assert_allclose(result.cov, golden["full"]["vcov"], rtol=RTOL)
    regions = poverty(table, welfare="eqIncome", line=euros(10859.24), design=FULL, by="db040")
    np.testing.assert_allclose(regions.std_errors, np.transpose(golden["by_region"]["se"]).ravel(), rtol=RTOL)


def test_estimated_line_with_the_bandwidth_of_convey(eusilc, expected):
    result = poverty(eusilc, welfare="eqIncome", line=Line.relative(0.6), strict=False, design=FULL, bandwidth="convey")
    for index, power in (("headcount", 0), ("gap", 1), ("severity", 2)):
        golden = expected["convey"][f"fgt{power}_relq60"]
        assert result.params[index] == pytest.approx(golden["est"], rel=RTOL)
        assert result.std_errors[index] == pytest.approx(golden["se"], rel=RTOL)
    assert result.std_errors["headcount"] == pytest.approx(expected["linearised"]["arpr"]["se"], rel=RTOL)
    assert result.diagnostics["line"] == pytest.approx(expected["linearised"]["arpt"]["est"], rel=1e-14)
    assert result.diagnostics["line_std_error"] == pytest.approx(expected["linearised"]["arpt"]["se"], rel=RTOL)


def test_line_at_half_the_mean(eusilc, expected):
    result = poverty(
        eusilc, welfare="eqIncome", line=Line.relative(0.5, of="mean"), strict=False, design=FULL, bandwidth="convey"
    )
    for index, power in (("headcount", 0), ("gap", 1), ("severity", 2)):
        golden = expected["convey"][f"fgt{power}_relm50"]
        assert (result.params[index], result.std_errors[index]) == pytest.approx(
            (golden["est"], golden["se"]), rel=RTOL
        )


def test_estimated_national_line_by_region(eusilc, expected):
    result = poverty(
        eusilc, welfare="eqIncome", line=Line.relative(0.6), strict=False, design=FULL, by="db040", bandwidth="convey"
    )
    for index, power in (("headcount", 0), ("gap", 1), ("severity", 2)):
        golden = expected["convey"][f"fgt{power}_relq60_by_region"]
        chosen = result.select(term=index)
        assert list(chosen.rows["db040"]) == golden["region"]
        np.testing.assert_allclose(chosen.params, golden["est"], rtol=RTOL)
        np.testing.assert_allclose(chosen.std_errors, golden["se"], rtol=RTOL)


def test_default_bandwidth_is_close_to_convey_and_ignores_the_scale_of_weights(eusilc):
    options = {"welfare": "eqIncome", "line": Line.relative(0.6), "design": FULL, "indices": "headcount"}
    ours = poverty(eusilc, **options)
    theirs = poverty(eusilc, bandwidth="convey", **options)
    assert ours.std_errors.iloc[0] == pytest.approx(theirs.std_errors.iloc[0], rel=0.02)
    scaled = poverty(eusilc.assign(rb050=eusilc["rb050"] / 1000), **options)
    np.testing.assert_allclose(scaled.std_errors, ours.std_errors, rtol=1e-10)


@pytest.mark.parametrize("share", ["0.4", "0.5", "0.7"])
def test_at_risk_of_poverty_rates_of_laeken(eusilc, expected, share):
    result = poverty(eusilc, welfare="eqIncome", line=Line.relative(float(share)), design=FULL, indices="headcount")
    assert 100 * result.params.iloc[0] == pytest.approx(expected["arpr_percent"][share], rel=1e-12)


@pytest.fixture(scope="module")
def persons(shared) -> pd.DataFrame:
    file = shared / "data/public/eusilc/eusilc.csv.gz"
    if not file.exists():
        pytest.skip("eusilc is not in the folder of public data")
    return pd.read_csv(file)


AS_PUBLISHED = Design(weight="rb050", stratum="db040", psu="rb030")


def test_published_fgt_at_10000(persons):
    """R survey on the design of the convey book: .114440129 (.0026767872), .032085418 (.0010501904), .016189353 (...)."""
    result = poverty(persons, welfare="eqIncome", line=euros(10_000), design=AS_PUBLISHED)
    np.testing.assert_allclose(result.params, [0.114440129, 0.032085418, 0.016189353], atol=5e-10)
    np.testing.assert_allclose(result.std_errors, [0.0026767872, 0.0010501904, 0.00073542434], rtol=1e-7)


def test_published_at_risk_of_poverty_rate(persons):
    """Jacob, Pessoa & Damico, the convey book: line 10859.24, rate 14.44422 % (.2756769)."""
    result = poverty(persons, welfare="eqIncome", line=Line.relative(0.6), strict=False, design=AS_PUBLISHED, bandwidth="convey",
                     indices="headcount")  # fmt: skip
    assert round(result.diagnostics["line"], 2) == 10859.24
    assert round(100 * result.params.iloc[0], 5) == 14.44422
    assert round(100 * result.std_errors.iloc[0], 7) == 0.2756769
