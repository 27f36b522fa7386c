"""Design-based generalised linear models: R's survey package, published numbers, invariances, problems by name."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DroppedRowsWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.kernels.glm import expected_information
from fanpin.kernels.links import link_by_name
from fanpin.models import average_effects, hazard, survey_glm
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.formula import parse_formula
from fanpin.results import from_json, to_json

EUSILC = Design(weight="rb050", stratum="db040", psu="db030")
FORMULA = "poor ~ hsize + age10 + I(age10**2) + female + C(db040)"


@pytest.fixture(scope="module")
def eusilc(shared) -> pd.DataFrame:
    frame = pd.read_csv(shared / "golden/data/eusilc_min.csv.gz")
    return frame.assign(poor=(frame["eqIncome"] < 10859.24).astype(float), age10=frame["age"] / 10)


def _values(block):
    return np.array(list(block.values()))


@pytest.mark.shared
@pytest.mark.parametrize(("link", "tolerance"), [("logit", 1e-8), ("probit", 1e-6), ("cloglog", 1e-6)])
def test_eusilc_equals_svyglm(eusilc, golden, link, tolerance):
    known = golden("eusilc_survey_glm")
    result = survey_glm(FORMULA, eusilc, link=link, design=EUSILC)
    assert result.params.to_numpy() == pytest.approx(_values(known[link]["coef"]), rel=tolerance)
    assert (result.df_resid, result.counts) == (known["degf"], {"psus": 6000, "strata": 9})
    # R's bread is the expected information, which is ours for the logit only; A and V being known, R's follows from ours
    x = DesignMatrix.learn(parse_formula(FORMULA, eusilc.columns), eusilc).build(eusilc)
    weight, b, chosen = eusilc["rb050"].to_numpy(), result.params.to_numpy(), link_by_name(link)
    terms = chosen.terms(eusilc["poor"].to_numpy() == 1, x @ b)
    observed = (x * (weight * terms.curvature)[:, None]).T @ x
    turn = np.linalg.solve(expected_information(x, b, chosen, weight=weight), observed)
    expected = np.sqrt(np.diag(turn @ result.cov.to_numpy() @ turn.T))
    assert expected == pytest.approx(_values(known[link]["se"]), rel=2e-6)
    gap = np.abs(result.std_errors.to_numpy() / _values(known[link]["se"]) - 1).max()
    assert gap < 2e-8 if link == "logit" else 0.01 < gap < 0.03


@pytest.mark.shared
def test_average_effects_follow(eusilc, golden):
    known = golden("eusilc_survey_glm")
    result = survey_glm(FORMULA, eusilc, design=EUSILC)
    effect = average_effects(result)
    # R stopped at its default deviance tolerance there: 1e-8 in the estimate, 1e-5 in the standard error
    assert effect.params["female"] == pytest.approx(known["ame_female"]["est"], rel=1e-7)
    assert effect.std_errors["female"] == pytest.approx(known["ame_female"]["se_delta_conditional_on_X"], rel=1e-4)
    regions = [name for name in result.params.index if name.startswith("C(db040)")]
    wald = result.wald_test(regions)
    assert wald.stat == pytest.approx(known["region_wald"]["F"], rel=1e-4)
    assert wald.df == known["region_wald"]["df"]


@pytest.mark.shared
def test_linear_model_equals_svyglm(eusilc, golden):
    known = golden("eusilc_survey_glm")["gaussian"]
    formula = "eqIncome ~ hsize + age10 + I(age10**2) + female + C(db040)"
    result = survey_glm(formula, eusilc, family="gaussian", design=EUSILC)
    assert result.params.to_numpy() == pytest.approx(_values(known["coef"]), rel=1e-10)
    assert result.std_errors.to_numpy() == pytest.approx(_values(known["se"]), rel=1e-10)
    assert result.loglik is None


@pytest.mark.shared
def test_a_domain_keeps_the_psus_it_loses(eusilc, golden):
    known = golden("eusilc_survey_glm")["unemployed"]
    inside = eusilc["pl030"] == 3
    formula = "poor ~ hsize + I(age / 10) + female"
    with pytest.warns(DroppedRowsWarning):
        domain = survey_glm(formula, eusilc.assign(poor=eusilc["poor"].where(inside)), design=EUSILC)
    rebuilt = survey_glm(formula, eusilc[inside], design=EUSILC)
    for result, name in ((domain, "domain"), (rebuilt, "rebuilt")):
        assert result.params.to_numpy() == pytest.approx(_values(known[name]["coef"]), rel=1e-8)
        assert result.std_errors.to_numpy() == pytest.approx(_values(known[name]["se"]), rel=1e-8)


@pytest.mark.shared
def test_participation_equals_the_published_probits(shared, golden):
    frame = pd.read_csv(shared / "data/public/lfp/lfp.csv.gz")
    means = frame.groupby("id")[["kids", "lhinc"]].transform("mean").rename(columns="{}bar".format)
    known = golden("published/participation")
    rest = "educ + black + age + agesq + C(period)"
    pooled = survey_glm(f"lfp ~ kids + lhinc + {rest}", frame, link="probit", design=Design(psu="id"))
    cre = survey_glm(f"lfp ~ kids + lhinc + kidsbar + lhincbar + {rest}", frame.join(means), link="probit",
                     design=Design(psu="id"))  # fmt: skip
    for result, name in ((pooled, "pooled_probit"), (cre, "cre_pooled_probit")):
        for term, (estimate, std_error) in known[name].items():
            assert round(result.params[term], 3) == estimate
            assert round(result.std_errors[term], 3) == std_error


@pytest.fixture
def survey() -> pd.DataFrame:
    """Simulated: 60 villages in 4 strata, 10 households each."""
    rng = np.random.default_rng(41)
    frame = pd.DataFrame({"village": np.repeat(np.arange(60), 10), "stratum": np.repeat(np.arange(60) % 4, 10)})
    frame["w"] = rng.integers(1, 5, 600).astype(float)
    frame["x"] = rng.normal(size=600)
    frame["trained"] = rng.integers(0, 2, 600)
    frame["poor"] = (0.4 * frame["x"] - 0.5 * frame["trained"] + rng.logistic(size=600) > 0).astype(int)
    frame["spells"] = rng.poisson(np.exp(0.3 * frame["x"]))
    frame["income"] = 5 + frame["x"] + rng.normal(size=600)
    return frame


DESIGN = Design(weight="w", stratum="stratum", psu="village")
FITS = [("poor", "binomial", "logit"), ("poor", "binomial", "cloglog"), ("spells", "poisson", "log"),
        ("income", "gaussian", "identity")]  # fmt: skip


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_binary_fits_are_those_of_the_hazard(survey, link):
    ours, other = (
        survey_glm("poor ~ x + trained", survey, link=link, design=DESIGN),
        hazard("poor ~ x + trained", survey, link=link, design=DESIGN),
    )
    assert ours.params.to_numpy() == pytest.approx(other.params.to_numpy(), rel=1e-12)
    assert ours.cov.to_numpy() == pytest.approx(other.cov.to_numpy(), rel=1e-12)


@pytest.mark.parametrize(("outcome", "family", "link"), FITS)
def test_integer_weights_equal_repeated_rows_and_order_does_not_matter(survey, outcome, family, link):
    formula = f"{outcome} ~ x + trained"
    result = survey_glm(formula, survey, family=family, link=link, design=DESIGN)
    repeated = survey.loc[np.repeat(survey.index, survey["w"].astype(int))].sample(frac=1, random_state=3)
    plain = survey_glm(formula, repeated, family=family, design=Design(stratum="stratum", psu="village"), link=link)
    assert plain.params.to_numpy() == pytest.approx(result.params.to_numpy(), rel=1e-9)
    assert plain.std_errors.to_numpy() == pytest.approx(result.std_errors.to_numpy(), rel=1e-8)
    assert result.diagnostics["gradient_norm"] < 1e-9


@pytest.mark.parametrize(("outcome", "family", "link"), [fit for fit in FITS if fit[2] != "cloglog"])
def test_canonical_fits_have_the_weighted_mean_of_the_outcome(survey, outcome, family, link):
    result = survey_glm(f"{outcome} ~ x", survey, family=family, link=link, design=DESIGN)
    eta = result.params["Intercept"] + result.params["x"] * survey["x"]
    mean = {"logit": 1 / (1 + np.exp(-eta)), "log": np.exp(eta), "identity": eta}[link]
    assert np.average(survey[outcome] - mean, weights=survey["w"]) == pytest.approx(0, abs=1e-9)


def test_counts_give_the_mean_of_each_group(survey):
    result = survey_glm("spells ~ C(trained)", survey, family="poisson", design=DESIGN)
    means = survey.groupby("trained")[["spells", "w"]].apply(lambda d: np.average(d["spells"], weights=d["w"]))
    assert np.exp(result.params["Intercept"]) == pytest.approx(means[0], rel=1e-9)
    assert np.exp(result.params.sum()) == pytest.approx(means[1], rel=1e-9)


def test_likelihoods_are_pseudo_and_effects_are_of_probabilities(survey):
    full, part = (survey_glm(f"poor ~ {rhs}", survey, design=DESIGN) for rhs in ("x + trained", "x"))
    with pytest.raises(InapplicableError, match="pseudo-likelihood"):
        full.lr_test(part)
    with pytest.raises(InapplicableError, match="no marginal effects"):
        average_effects(survey_glm("income ~ x", survey, family="gaussian", design=DESIGN))
    again = from_json(to_json(full))
    assert average_effects(again, survey).params.to_dict() == average_effects(full).params.to_dict()


@pytest.mark.parametrize(
    ("change", "formula", "options", "error", "words"),
    [
        ({}, "poor ~ x", {"design": None}, InputError, "needs its design"),
        ({}, "poor ~ x", {"design": "w"}, InputError, "design is a str"),
        ({}, "poor ~ x", {"design": DESIGN.replicates("jkn")}, InapplicableError, "no replicate standard errors"),
        ({}, "poor ~ x", {"family": "gamma"}, UnknownNameError, "value for family="),
        ({}, "poor ~ x", {"link": "log"}, InputError, "does not fit family='binomial'"),
        ({}, "poor ~ x", {"link": "loglog"}, UnknownNameError, "value for link="),
        ({"code": range(600)}, "poor ~ C(code)", {}, InputError, "factor 'code' has 600 levels"),
        ({}, "poor ~ z", {}, UnknownNameError, "unknown column 'z'"),
        ({}, "poor ~ open('f')", {}, UnknownNameError, "formula function"),
        ({"poor": 2}, "poor ~ x", {}, DataError, "is not 0/1"),
        ({"poor": 1}, "poor ~ x", {}, EstimationError, "is 1 in all 600 rows"),
        ({"x": 3.0}, "poor ~ x", {}, EstimationError, "column 'x' is constant"),
        ({"x": np.inf}, "poor ~ x", {}, DataError, "infinite values"),
        ({"w": -1.0}, "poor ~ x", {}, DataError, "weight column 'w' has negative values"),
        ({"stratum": None}, "poor ~ x", {}, DataError, "stratum column 'stratum' has missing values"),
        ({}, "poor ~ x + I(2*x)", {}, EstimationError, "combination of others"),
        ({"spells": -1}, "spells ~ x", {"family": "poisson"}, DataError, "negative values"),
        ({"spells": 0}, "spells ~ x", {"family": "poisson"}, EstimationError, "is 0 in all 600 rows"),
        ({"income": 5.0}, "income ~ x", {"family": "gaussian"}, EstimationError, "is 5 in all 600 rows"),
        ({}, "income ~ x + I(2*x)", {"family": "gaussian"}, EstimationError, "combination of others"),
        ({"income": "a"}, "income ~ x", {"family": "gaussian"}, DataError, "not numeric"),
    ],
)
def test_problems_are_named(survey, change, formula, options, error, words):
    with pytest.raises(error, match=words):
        survey_glm(formula, survey.assign(**change), **{"design": DESIGN, **options})


def test_separation_is_named(survey):
    known = survey.assign(known=survey["poor"])
    with pytest.raises(EstimationError, match="known predicts poor perfectly"):
        survey_glm("poor ~ x + known", known, design=DESIGN)
    never = survey.assign(poor=survey["poor"].where(survey["stratum"] != 2, 0))
    with pytest.raises(EstimationError, match=r"C\(stratum\)\[T.2\] predicts poor perfectly"):
        survey_glm("poor ~ x + C(stratum)", never, design=DESIGN)
    idle = survey.assign(spells=survey["spells"].where(survey["trained"] == 1, 0))
    with pytest.raises(EstimationError, match="trained leaves only zero counts of spells"):
        survey_glm("spells ~ x + trained", idle, family="poisson", design=DESIGN)


def test_the_example():
    outcome = doctest.testmod(sys.modules["fanpin.models.survey_glm"])
    assert (outcome.failed, outcome.attempted) == (0, 5)
