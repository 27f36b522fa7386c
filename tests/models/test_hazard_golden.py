"""Hazards against R: glm polished by Newton steps, sandwich, survey."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.kernels.glm import expected_information
from fanpin.kernels.links import LINKS
from fanpin.kernels.sandwich import cov_cluster, cov_inverse_hessian, cov_linearised, score_totals
from fanpin.kernels.variance import design_covariance
from fanpin.models import average_effects, hazard
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.formula import parse_formula

FORMULA = "relapse ~ C(duration) + age + educ + kids + outwork + docvis + hospvis"
LINK_NAMES = ["cloglog", "logit", "probit"]


@pytest.fixture
def expected(golden):
    return golden("c_hazard")


def _values(block: dict[str, float]) -> np.ndarray:
    return np.array(list(block.values()))


def test_the_risk_set_has_the_golden_counts(gsoep_risk_set, expected):
    counts = expected["counts"]
    assert len(gsoep_risk_set) == counts["person_periods"] == 493
    assert gsoep_risk_set["relapse"].sum() == counts["relapses"] == 97
    assert gsoep_risk_set["id"].nunique() == counts["persons"] == 315
    assert gsoep_risk_set["spell"].nunique() == counts["spells_at_risk"] == 320


@pytest.mark.parametrize("link", LINK_NAMES)
def test_coefficients_likelihood_and_clustered_errors(gsoep_risk_set, expected, link):
    result = hazard(FORMULA, gsoep_risk_set, link=link, unit="id")
    reference = expected[f"hazard_{link}"]
    assert result.params.to_numpy() == pytest.approx(_values(reference["coef"]), rel=1e-10)
    assert result.loglik == pytest.approx(reference["logLik"], rel=1e-12)
    errors = _values(reference["se_CL_observed_bread_G_over_Gm1_stata_convention"])
    assert result.std_errors.to_numpy() == pytest.approx(errors, rel=1e-10)
    assert result.counts == {"units": 315, "spells": 320, "events": 97, "clusters": 315}
    assert result.nobs == 493


@pytest.mark.parametrize("link", LINK_NAMES)
def test_classic_errors_use_observed_information(gsoep_risk_set, expected, link):
    result = hazard(FORMULA, gsoep_risk_set, link=link, cov="classic")
    errors = _values(expected[f"hazard_{link}"]["se_model_observed_info"])
    assert result.std_errors.to_numpy() == pytest.approx(errors, rel=1e-10)
    assert result.cov_type == "classic"


@pytest.mark.parametrize("link", LINK_NAMES)
def test_expected_information_gives_the_errors_of_r(gsoep_risk_set, expected, link):
    result = hazard(FORMULA, gsoep_risk_set, link=link, unit="id")
    matrix = DesignMatrix.learn(parse_formula(FORMULA, gsoep_risk_set.columns), gsoep_risk_set)
    x, b = matrix.build(gsoep_risk_set), result.params.to_numpy()
    information = expected_information(x, b, LINKS[link])
    reference = expected[f"hazard_{link}"]
    errors = np.sqrt(np.diag(cov_inverse_hessian(information)))
    assert errors == pytest.approx(_values(reference["se_model_expected_info"]), rel=1e-10)
    score = LINKS[link].terms(gsoep_risk_set["relapse"].to_numpy() == 1, x @ b).score
    codes, persons = pd.factorize(gsoep_risk_set["id"])
    clustered = cov_cluster(score_totals(x, score, codes, len(persons)), information)
    assert np.sqrt(np.diag(clustered)) == pytest.approx(_values(reference["se_CL_HC0_cadjust"]), rel=1e-10)


@pytest.mark.parametrize("link", LINK_NAMES)
def test_discrete_average_effect(gsoep_risk_set, expected, link):
    effects = average_effects(hazard(FORMULA, gsoep_risk_set, link=link, unit="id"))
    assert effects.params["outwork"] == pytest.approx(expected[f"hazard_{link}"]["AME_outwork_discrete"], rel=1e-12)


@pytest.mark.parametrize("link", LINK_NAMES)
def test_likelihood_ratio_of_the_covariates(gsoep_risk_set, expected, link):
    full = hazard(FORMULA, gsoep_risk_set, link=link, unit="id")
    test = full.lr_test(hazard("relapse ~ C(duration)", gsoep_risk_set, link=link, unit="id"))
    reference = expected[f"hazard_{link}"]["LR_covariates"]
    assert (test.stat, test.df) == (pytest.approx(reference["chi2"], rel=1e-9), reference["df"])
    assert test.pvalue == pytest.approx(reference["p"], rel=1e-8)


@pytest.mark.shared
def test_the_risk_set_equals_the_file_of_the_golden_script(gsoep_risk_set, shared):
    file = pd.read_csv(shared / "golden/data/relapse_person_period.csv.gz").rename(columns={"dur": "duration"})
    key = ["id", "year"]
    ours, theirs = (f.sort_values(key, ignore_index=True) for f in (gsoep_risk_set, file))
    columns = [*key, "duration", "relapse", "age", "educ", "kids", "outwork", "docvis", "hospvis"]
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], check_dtype=False)


@pytest.fixture(scope="session")
def eusilc(shared) -> pd.DataFrame:
    file = shared / "golden/data/eusilc_min.csv.gz"
    if not file.exists():
        pytest.skip("the synthetic EU-SILC of R laeken is not in the folder of goldens")
    frame = pd.read_csv(file)
    frame["poor"] = (frame["eqIncome"] < 10859.24).astype(int)
    frame["age10"] = frame["age"] / 10
    activity = frame["pl030"].fillna(0)
    frame["parttime"], frame["unemp"] = (activity == 2).astype(int), (activity == 3).astype(int)
    frame["retired"], frame["other_inactive"] = (activity == 5).astype(int), activity.isin([4, 6, 7]).astype(int)
    frame["foreign"] = (frame["pb220a"].notna() & (frame["pb220a"] != "AT")).astype(int)
    frame["adult"] = (frame["age"] >= 16) & frame["pl030"].notna()
    return frame


@pytest.fixture(scope="session")
def svyglm(shared) -> dict:
    return json.loads((shared / "golden/b_svyglm.json").read_text("utf-8"))


DESIGN = Design(weight="rb050", stratum="db040", psu="db030")
M1 = "poor ~ hsize + age10 + I(age10**2) + female + db040"
M2 = "poor ~ hsize + age10 + I(age10**2) + female + parttime + unemp + retired + other_inactive + foreign"


@pytest.mark.shared
@pytest.mark.parametrize("link", LINK_NAMES)
def test_survey_design_coefficients_and_errors(eusilc, svyglm, link):
    result = hazard(M1, eusilc, link=link, design=DESIGN)
    reference = svyglm["M1_full_sample"][link]
    assert result.params.to_numpy() == pytest.approx(_values(reference["coef"]), rel=1e-6)
    assert result.df_resid == reference["degf_design"]
    assert (result.counts["psus"], result.counts["strata"]) == (6000, 9)
    assert result.options["pseudo_likelihood"] is True
    # svyglm's bread is the expected information: equal to ours for the logit only
    x = DesignMatrix.from_options(result.options["model_matrix"]).build(eusilc)
    b, w = result.params.to_numpy(), eusilc["rb050"].to_numpy()
    score = LINKS[link].terms(eusilc["poor"].to_numpy() == 1, x @ b).score
    strata, psus = (pd.factorize(eusilc[c])[0] for c in ("db040", "db030"))
    filling = design_covariance(x * score[:, None], weight=w, stratum=strata, psu=psus).cov
    theirs = np.array(reference["vcov"]["data"])
    expected_bread = cov_linearised(filling, expected_information(x, b, LINKS[link], weight=w))
    assert expected_bread == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    errors = _values(reference["se"])
    assert result.std_errors.to_numpy() == pytest.approx(errors, rel=1e-7 if link == "logit" else 0.03)


@pytest.mark.shared
def test_rows_with_a_missing_outcome_are_outside_the_domain(eusilc, svyglm):
    frame = eusilc.assign(poor=eusilc["poor"].where(eusilc["adult"]))
    with pytest.warns(match="2,720 of 14,827 rows"):
        result = hazard(M2, frame, link="logit", design=DESIGN)
    reference = svyglm["M2_adults_domain_of_full_design"]["logit"]
    assert result.nobs == reference["n"] == 12107
    assert result.params.to_numpy() == pytest.approx(_values(reference["coef"]), rel=1e-8)
    assert result.std_errors.to_numpy() == pytest.approx(_values(reference["se"]), rel=1e-9)


@pytest.mark.shared
def test_weighted_average_effect_and_its_error(eusilc, svyglm):
    effects = average_effects(hazard(M1, eusilc, link="logit", design=DESIGN))
    reference = svyglm["M1_logit_AME_female_discrete"]  # from a fit stopped at R's default tolerance
    assert effects.params["female"] == pytest.approx(reference["est"], rel=1e-7)
    assert effects.std_errors["female"] == pytest.approx(reference["se_delta_conditional_on_X"], rel=1e-4)


@pytest.mark.shared
def test_wald_test_of_the_regions(eusilc, svyglm):
    result = hazard(M1, eusilc, link="logit", design=DESIGN)
    test = result.wald_test([name for name in result.params.index if name.startswith("db040")])
    reference = svyglm["M1_regTermTest_region_logit"]  # from a fit stopped at R's default tolerance
    assert test.stat == pytest.approx(reference["F"], rel=2e-4)
    assert test.df == reference["df"]


@pytest.mark.shared
def test_published_discrete_time_hazards_of_singer_and_willett(shared):
    """Applied Longitudinal Data Analysis (2003), table 11.3: grade of first intercourse, 180 boys."""
    boys = pd.read_csv(shared / "data/public/first_sex/first_sex.csv.gz")
    rows = boys.loc[boys.index.repeat(boys["grade"] - 6)]
    rows = rows.assign(period=rows.groupby("id").cumcount() + 7)
    rows["event"] = (rows["period"] == rows["grade"]) & (rows["censor"] == 0)
    fits = [hazard(f"event ~ 0 + C(period){more}", rows, link="logit", cov="classic")
            for more in ("", " + parental_transition", " + parental_antisociality")]  # fmt: skip
    assert [round(-2 * fit.loglik, 2) for fit in fits] == [651.96, 634.66, 637.17]
    assert round(fits[1].params["parental_transition"], 4) == 0.8736
    assert round(fits[1].std_errors["parental_transition"], 4) == 0.2174
