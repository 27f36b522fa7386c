"""Random effects and normal frailty against R: independent adaptive quadrature, lme4, and known limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.errors import QuadratureWarning
from fanpin.kernels.random_effects.modes import mode_nodes
from fanpin.kernels.random_effects.posterior import loglikelihood
from fanpin.kernels.random_effects.rule import normal_rule
from fanpin.models import average_effects, frailty_test, hazard, quadrature_check, random_effects
from fanpin.models.random_effects_after import rebuilt_panel

TEEN = "pov ~ mother + spouse + inschool + hours10 + C(year) + agec + black"
RWM = "poor ~ agec + I(agec**2) + educc + female + married + kids + outwork + doc10 + hospvis + C(year)"
RELAPSE = "relapse ~ C(duration) + agec + educc + kids + outwork + doc10 + hospvis"


@pytest.fixture(scope="module")
def goldens(golden):
    return golden("random_effects")


@pytest.fixture(scope="module")
def teen(shared):
    frame = pd.read_csv(shared / "data/public/teen_poverty/teen_poverty_long.csv.gz")
    return frame.assign(hours10=frame["hours"] / 10, agec=frame["age"] - 16)


def assert_equal(result, reference):
    """Log-likelihood to 1e-5, coefficients to 1e-5 relative, standard errors to 1e-4."""
    assert result.loglik == pytest.approx(reference["logLik"], abs=1e-5)
    names = [name for name in result.params.index if name not in ("sigma", "rho")]
    coef, errors = ([v for k, v in reference[part].items() if k != "log_sigma"] for part in ("coef", "se"))
    assert result.params[names].to_numpy() == pytest.approx(np.array(coef), rel=1e-5)
    assert result.std_errors[names].to_numpy() == pytest.approx(np.array(errors), rel=1e-4)
    assert result.params["sigma"] == pytest.approx(reference["sigma_u"], rel=1e-5)
    assert result.std_errors["sigma"] == pytest.approx(reference["se_sigma"], rel=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("points", [51, "auto"])
def test_teenage_poverty(teen, goldens, link, points):
    reference = goldens["teen_poverty"][link]["independent_AGHQ51"]
    result = random_effects(TEEN, teen, unit="id", link=link, points=points)
    assert_equal(result, reference)
    assert result.params["rho"] == pytest.approx(reference["rho"], rel=1e-6)
    test = frailty_test(result)
    assert test.stat == pytest.approx(reference["LR_sigma0"]["chibar2"], abs=1e-4)
    assert test.pvalue == pytest.approx(reference["LR_sigma0"]["p"], rel=1e-3)


@pytest.mark.shared
def test_mode_adapted_points_have_the_likelihood_of_lme4(teen, goldens):
    reference = goldens["teen_poverty"]["logit"]["glmer_nAGQ12"]
    result = random_effects(TEEN, teen, unit="id", points=12, adaptive="mode")
    assert result.loglik == pytest.approx(reference["logLik"], abs=1e-8)
    assert result.params.to_numpy()[:-2] == pytest.approx(np.array(list(reference["coef"].values())), rel=1e-3)


@pytest.mark.shared
@pytest.mark.parametrize("link", ["logit", "probit"])
def test_mundlak_terms(teen, goldens, link):
    means = {f"{v}_m": teen.groupby("id")[v].transform("mean") for v in ("mother", "spouse", "inschool", "hours10")}
    formula = ("pov ~ mother + spouse + inschool + hours10 + mother_m + spouse_m + inschool_m + hours10_m + C(year)"
               " + agec + black")  # fmt: skip
    result = random_effects(formula, teen.assign(**means), unit="id", link=link, points=25)
    assert_equal(result, goldens["teen_mundlak"][link]["independent_AGHQ25"])


@pytest.mark.shared
@pytest.mark.parametrize("name", ["frail_normal", "frail_multi"])
@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_simulated_hazards(shared, goldens, name, link):
    rows = pd.read_csv(shared / f"golden/data/{name}.csv.gz")
    rows["duration"] = rows["dur"].clip(upper=6)
    formula = "y ~ C(duration) + x" + (" + z" if name == "frail_normal" else "")
    result = hazard(formula, rows, unit="id", link=link, frailty="normal", points=51, cov="classic")
    assert_equal(result, goldens[name][link]["independent_AGHQ51"])
    assert_equal(hazard(formula, rows, unit="id", link=link, frailty="normal", cov="classic"),
                 goldens[name][link]["independent_AGHQ51"])  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("link", ["logit", "probit"])
def test_simulated_panels(shared, goldens, link):
    rows = pd.read_csv(shared / f"golden/data/re_small_{link}.csv.gz")
    result = random_effects("y ~ x1 + x2 + x3 + x4 + x5", rows, unit="id", link=link, points=51)
    assert_equal(result, goldens[f"re_small_{link}"][link]["independent_AGHQ51"])


@pytest.mark.shared
def test_one_point_is_wrong_for_hazards(shared, goldens):
    """At lme4's Laplace estimates the converged likelihood is far below its maximum, and sigma far off."""
    rows = pd.read_csv(shared / "golden/data/frail_multi.csv.gz")
    rows["duration"] = rows["dur"].clip(upper=6)
    result = hazard("y ~ C(duration) + x", rows, unit="id", frailty="normal", cov="classic")
    laplace = goldens["frail_multi"]["cloglog"]["glmer_nAGQ1"]
    panel, _, _, back, _ = rebuilt_panel(result, None)
    theirs = np.linalg.solve(back, np.append(list(laplace["coef"].values()), laplace["sigma_u"]))
    nodes = mode_nodes(panel, theirs, np.zeros(panel.units))
    one = loglikelihood(panel, theirs, normal_rule(1), nodes)[0]
    assert one == pytest.approx(laplace["logLik_observed_curvature_at_same_params"], abs=1e-4)
    many = loglikelihood(panel, theirs, normal_rule(60), nodes)[0]
    assert one > many + 3  # where their estimates stand, one point errs by three
    assert many < result.loglik - 6
    assert laplace["sigma_u"] < result.params["sigma"] - 0.2


@pytest.mark.shared
def test_german_panel_needs_many_points(shared, goldens):
    rows = pd.read_csv(shared / "golden/data/rwm5yr.csv.gz")
    rows = rows.assign(agec=(rows["age"] - 43) / 10, educc=rows["educ"] - 11, doc10=rows["docvis"] / 10)
    reference = goldens["rwm5yr"]["logit"]["independent_AGHQ25"]
    with pytest.warns(QuadratureWarning, match="still moves by 0.0058 from 25 to 50 quadrature points"):
        fixed = random_effects(RWM, rows, unit="id", points=25, adaptive="mode")
    assert fixed.loglik == pytest.approx(reference["logLik"], abs=1e-5)
    panel, _, _, back, _ = rebuilt_panel(
        fixed, None
    )  # their 25-point likelihood at their estimates, which do not solve the score
    theirs = np.linalg.solve(
        back, np.append([v for k, v in reference["coef"].items() if k != "log_sigma"], reference["sigma_u"])
    )
    nodes = mode_nodes(panel, theirs, np.zeros(panel.units))
    assert loglikelihood(panel, theirs, normal_rule(25), nodes)[0] == pytest.approx(reference["logLik"], abs=1e-7)
    assert fixed.params["sigma"] == pytest.approx(reference["sigma_u"], rel=1e-4)
    with pytest.warns(QuadratureWarning, match="12 quadrature points were too few") as caught:
        result = random_effects(RWM, rows, unit="id", points=12)
    assert caught[0].filename == __file__
    assert result.loglik == pytest.approx(-5258.836144, abs=1e-5)  # with 101 points elsewhere
    assert result.diagnostics["points"] >= 48


def test_frailty_of_variance_zero_is_reported_as_boundary(gsoep_risk_set):
    rows = gsoep_risk_set
    rows = rows.assign(agec=(rows["age"] - 43) / 10, educc=rows["educ"] - 11, doc10=rows["docvis"] / 10)
    pooled = hazard(RELAPSE, rows, unit="id")
    result = hazard(RELAPSE, rows, unit="id", frailty="normal")
    assert result.params["sigma"] == 0.0
    assert np.isnan(result.std_errors["sigma"])
    assert result.loglik == pytest.approx(-235.44470318647, abs=1e-9)
    assert result.options["boundary"] is True
    assert any("sigma is at its boundary 0: the log-likelihood falls there" in note for note in result.notes)
    assert result.params.drop("sigma").to_numpy() == pytest.approx(pooled.params.to_numpy(), rel=1e-9)
    assert result.std_errors.drop("sigma").to_numpy() == pytest.approx(pooled.std_errors.to_numpy(), rel=1e-9)
    test = frailty_test(result)
    assert (test.stat, test.pvalue) == (0.0, 1.0)
    effects, plain = average_effects(result), average_effects(pooled)
    assert effects.params.to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-9)
    assert effects.std_errors.to_numpy() == pytest.approx(plain.std_errors.to_numpy(), rel=1e-9)


@pytest.mark.shared
def test_quadrature_check_shows_what_other_points_give(teen):
    check = quadrature_check(random_effects(TEEN, teen, unit="id", points=12), points=(7, 48))
    assert list(check["points"]) == [7, 48]
    assert check["converged"].all()
    assert check["loglik_change"].abs().tolist()[1] < 1e-3
    assert check["loglik"].iloc[1] == pytest.approx(-3403.7654986, abs=1e-6)
    assert abs(check["largest_change"].iloc[1]) < 0.01


@pytest.mark.shared
def test_participation_of_women_needs_hundreds_of_points(shared):
    """Correlated random effects probit of SIPP women (Wooldridge 2010, ch. 15), every fifth: twelve points are far off.

    All 5,663 women take twenty seconds and give sigma 4.0426, log-likelihood -8634.8997, with 384 points.
    """
    rows = pd.read_csv(shared / "data/public/lfp/lfp.csv.gz")
    rows = rows[rows["id"] % 5 == 0]
    means = {f"{v}_m": rows.groupby("id")[v].transform("mean") for v in ("kids", "lhinc")}
    formula = "lfp ~ kids + lhinc + kids_m + lhinc_m + educ + black + age + I(age**2) + C(period)"
    with pytest.warns(QuadratureWarning, match="12 quadrature points were too few"):
        result = random_effects(formula, rows.assign(**means), unit="id", link="probit", points=12)
    assert result.diagnostics["points"] >= 96
    assert abs(result.diagnostics["quadrature_loglik"]) < 1e-6
    assert 3.5 < result.params["sigma"] < 4.5
