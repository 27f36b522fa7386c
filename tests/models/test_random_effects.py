"""Random effects and normal frailty: invariances, weights and designs, bad input, what follows a fit."""

from __future__ import annotations

import doctest
import importlib
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fanpin as fp
from fanpin.core.design import Design
from fanpin.core.errors import (
    DesignWarning,
    DroppedRowsWarning,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import (
    average_effects,
    frailty_test,
    hazard,
    posterior_effects,
    quadrature_check,
    random_effects,
    unit_probabilities,
)
from fanpin.results import from_json, to_json

FORMULA = "y ~ x + region"
LINKS = ["logit", "probit", "cloglog"]


def simulated(units=200, sigma=1.2, seed=11):
    """Simulated units of 2 to 6 rows with a normal effect, weights, villages of ten units and two strata."""
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 7, units)
    frame = pd.DataFrame({"id": np.repeat(np.arange(units), size)})
    frame["x"] = rng.normal(size=len(frame))
    frame["region"] = np.repeat(rng.choice(["east", "north", "west"], units), size)
    frame["village"] = frame["id"] // 5
    frame["stratum"] = frame["village"] % 2
    frame["w"] = np.repeat(rng.integers(1, 4, units), size).astype(float)
    eta = -0.4 + 0.7 * frame["x"] + 0.3 * (frame["region"] == "west") + np.repeat(sigma * rng.normal(size=units), size)
    frame["y"] = (rng.random(len(frame)) < special.expit(eta)).astype(int)
    return frame


@pytest.fixture(scope="module")
def panel():
    return simulated()


@pytest.fixture(scope="module")
def fit(panel):
    return random_effects(FORMULA, panel, unit="id")


def test_result_names_what_it_estimates(panel, fit):
    assert list(fit.params.index) == ["Intercept", "x", "region[T.north]", "region[T.west]", "sigma", "rho"]
    assert (fit.kind, fit.link, fit.cov_type, fit.nobs) == ("random_effects", "logit", "classic", len(panel))
    assert fit.counts == {"units": 200, "events": panel["y"].sum()}
    assert fit.diagnostics["gradient_norm"] < 1e-9
    assert fit.diagnostics["condition_number"] > 1
    assert fit.diagnostics["iterations"] >= 1
    assert abs(fit.diagnostics["quadrature_loglik"]) < 1e-6
    sigma, se = fit.params["sigma"], fit.std_errors["sigma"]
    v = np.pi**2 / 3
    assert fit.params["rho"] == pytest.approx(sigma**2 / (sigma**2 + v))
    assert fit.std_errors["rho"] == pytest.approx(se * 2 * sigma * v / (sigma**2 + v) ** 2)


@pytest.mark.parametrize("link", LINKS)
def test_hazard_with_normal_frailty_is_the_same_model(panel, link):
    first = random_effects(FORMULA, panel, unit="id", link=link, cov="cluster")
    second = hazard(FORMULA, panel, unit="id", link=link, frailty="normal")
    assert list(second.params.index) == list(first.params.index[:-1])
    assert second.params.to_numpy() == pytest.approx(first.params.to_numpy()[:-1], rel=1e-10)
    assert second.std_errors.to_numpy() == pytest.approx(first.std_errors.to_numpy()[:-1], rel=1e-10)
    assert (second.kind, second.options["frailty"], second.options["cluster"]) == ("hazard", "normal", "id")


@pytest.mark.parametrize("link", LINKS)
def test_order_of_rows_and_labels_of_units_do_not_matter(panel, link):
    labels = pd.Series(np.random.default_rng(1).permutation(10_000)[:200].astype(str))
    moved = panel.assign(id=panel["id"].map(labels)).sample(frac=1, random_state=3)
    first, second = (random_effects(FORMULA, frame, unit="id", link=link, cov="robust") for frame in (panel, moved))
    assert second.params.to_numpy() == pytest.approx(first.params.to_numpy(), rel=1e-7)
    assert second.std_errors.to_numpy() == pytest.approx(first.std_errors.to_numpy(), rel=1e-6)
    assert second.loglik == pytest.approx(first.loglik, abs=1e-8)


def test_units_of_measurement_scale_coefficients(panel, fit):
    moved = random_effects(FORMULA, panel.assign(x=1000 * panel["x"] + 2000), unit="id")
    assert moved.params["x"] * 1000 == pytest.approx(fit.params["x"], rel=1e-7)
    assert moved.std_errors["x"] * 1000 == pytest.approx(fit.std_errors["x"], rel=1e-7)
    assert moved.params["sigma"] == pytest.approx(fit.params["sigma"], rel=1e-7)
    assert moved.loglik == pytest.approx(fit.loglik, abs=1e-8)


@pytest.mark.parametrize("link", LINKS)
def test_integer_weights_equal_repeated_units_that_keep_their_psu(panel, link):
    weighted = random_effects(FORMULA, panel, unit="id", link=link, design=Design(weight="w", psu="village"))
    copies = [panel[panel["w"] >= c].assign(copy=panel["id"] * 10 + c) for c in (1, 2, 3)]
    repeated = pd.concat(copies, ignore_index=True)
    plain = random_effects(FORMULA, repeated, unit="copy", link=link, cov="cluster", cluster="village")
    assert weighted.params.to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-6)
    assert weighted.loglik == pytest.approx(plain.loglik, abs=1e-6)
    assert weighted.std_errors.to_numpy() == pytest.approx(plain.std_errors.to_numpy(), rel=1e-6)
    assert (weighted.cov_type, weighted.df_resid) == ("design", 39.0)
    assert weighted.diagnostics["lr_statistic"] == pytest.approx(plain.diagnostics["lr_statistic"], rel=1e-4)


def test_scale_of_weights_does_not_matter(panel):
    first, second = (
        random_effects(FORMULA, panel.assign(w=panel["w"] * scale), unit="id", design=Design(weight="w", psu="village"))
        for scale in (1.0, 1e4)
    )
    assert second.params.to_numpy() == pytest.approx(first.params.to_numpy(), rel=1e-6)
    assert second.std_errors.to_numpy() == pytest.approx(first.std_errors.to_numpy(), rel=1e-6)
    assert frailty_test(second).stat == pytest.approx(frailty_test(first).stat, rel=1e-4)
    assert any("divided by" in note for note in frailty_test(first).notes)


def test_a_design_without_psus_takes_units(panel):
    units = random_effects(FORMULA, panel, unit="id", design=Design(weight="w", stratum="stratum"))
    named = random_effects(FORMULA, panel, unit="id", design=Design(weight="w", stratum="stratum", psu="id"))
    assert units.std_errors.to_numpy() == pytest.approx(named.std_errors.to_numpy(), rel=1e-12)
    assert (units.counts["psus"], units.counts["strata"], units.df_resid) == (200, 2, 198)


def test_a_psu_that_loses_all_rows_still_counts(panel):
    frame = panel.assign(x=panel["x"].where(panel["village"] != 3))
    with pytest.warns(DroppedRowsWarning):
        result = random_effects("y ~ x", frame, unit="id", design=Design(psu="village"))
    assert result.counts["psus"] == 40


def test_robust_equals_clusters_of_units(panel):
    robust = random_effects(FORMULA, panel, unit="id", cov="robust")
    clustered = random_effects(FORMULA, panel, unit="id", cov="cluster")
    assert clustered.cov.to_numpy() == pytest.approx(robust.cov.to_numpy() * 200 / 199, rel=1e-9)
    with pytest.warns(DesignWarning, match="only 2 clusters") as caught:
        random_effects(FORMULA, panel, unit="id", cov="cluster", cluster="stratum")
    assert caught[0].filename == __file__


def test_recovery_on_a_simulated_panel():
    result = random_effects(FORMULA, simulated(units=3000, seed=4), unit="id")
    truth = pd.Series({"Intercept": -0.4, "x": 0.7, "region[T.north]": 0.0, "region[T.west]": 0.3, "sigma": 1.2})
    away = (result.params[truth.index] - truth) / result.std_errors[truth.index]
    assert away.abs().max() < 3


def test_weights_recover_what_informative_sampling_hides():
    """Simulated units sampled the more often, the larger their effect."""
    rng = np.random.default_rng(7)
    v, x = rng.normal(size=12_000), rng.normal(size=(12_000, 5))
    share = np.clip(0.12 * np.exp(0.8 * v), 0, 1)
    event = rng.random(x.shape) < -np.expm1(-np.exp(-0.8 + 0.6 * x + v[:, None]))
    taken = np.repeat(rng.random(12_000) < share, 5)
    frame = pd.DataFrame({"id": np.repeat(np.arange(12_000), 5), "x": x.ravel(), "y": event.ravel(),
                          "w": np.repeat(1 / share, 5)})[taken]  # fmt: skip
    plain = random_effects("y ~ x", frame, unit="id", link="cloglog")
    weighted = random_effects("y ~ x", frame, unit="id", link="cloglog", design=Design(weight="w"))
    truth = np.array([-0.8, 0.6, 1.0])
    away = (weighted.params.to_numpy()[:3] - truth) / weighted.std_errors.to_numpy()[:3]
    assert np.abs(away).max() < 2.5
    assert plain.params["Intercept"] > -0.8 + 10 * plain.std_errors["Intercept"]


def test_effects_are_averaged_over_the_unit_effect(panel):
    result = random_effects(FORMULA, panel, unit="id", link="probit")
    effect = average_effects(result)
    b, sigma = result.params, result.params["sigma"]
    west, north = panel["region"] == "west", panel["region"] == "north"
    eta = b["Intercept"] + b["x"] * panel["x"] + b["region[T.west]"] * west + b["region[T.north]"] * north
    scale = np.sqrt(1 + sigma**2)
    assert effect.params["x"] == pytest.approx((stats.norm.pdf(eta / scale) * b["x"] / scale).mean(), rel=1e-9)
    base = eta - b["region[T.west]"] * west - b["region[T.north]"] * north
    change = stats.norm.cdf((base + b["region[T.west]"]) / scale) - stats.norm.cdf(base / scale)
    assert effect.params["region[T.west]"] == pytest.approx(change.mean(), rel=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_errors_of_average_effects_follow_from_all_parameters(panel, link):
    """The gradient against differences of effects at moved parameters, sigma among them."""
    result = random_effects(FORMULA, panel, unit="id", link=link)
    names = [name for name in result.params.index if name != "rho"]
    gradient = []
    for name in names:
        moved = []
        for h in (1e-5, -1e-5):
            params = result.params.copy()
            params[name] += h
            moved.append(average_effects(with_params(result, params)).params.to_numpy())
        gradient.append((moved[0] - moved[1]) / 2e-5)
    jacobian = np.array(gradient).T
    variance = np.diag(jacobian @ result.cov.loc[names, names].to_numpy() @ jacobian.T)
    assert average_effects(result).std_errors.to_numpy() == pytest.approx(np.sqrt(variance), rel=1e-5)


def with_params(result, params):
    import dataclasses

    return dataclasses.replace(result, params=params)


def test_a_constant_alone_is_the_grouped_binomial(panel):
    """Against the kernel that integrates counts, written apart."""
    from fanpin.kernels.random_intercept import fit_random_intercept

    counts = panel.groupby("id")["y"].agg(["sum", "size"]).to_numpy(dtype=float)
    grouped = fit_random_intercept(counts[:, 0], counts[:, 1])
    result = random_effects("y ~ 1", panel, unit="id")
    assert result.params[["Intercept", "sigma"]].to_numpy() == pytest.approx(
        [grouped.intercept, grouped.sigma], rel=1e-6
    )
    assert result.cov.iloc[:2, :2].to_numpy() == pytest.approx(grouped.cov, rel=1e-5)
    assert result.loglik == pytest.approx(grouped.loglik, abs=1e-6)


def test_posterior_effects_lean_the_way_outcomes_do(panel, fit):
    effects = posterior_effects(fit)
    assert list(effects.columns) == ["id", "rows", "events", "mean", "sd"]
    assert len(effects) == 200
    assert (effects["sd"] < fit.params["sigma"]).all()
    always, never = effects["events"] == effects["rows"], effects["events"] == 0
    assert effects.loc[always, "mean"].min() > 0 > effects.loc[never, "mean"].max()
    assert abs(effects["mean"].mean()) < 0.1
    loaded = from_json(to_json(fit))
    again = posterior_effects(loaded, panel.sample(frac=1, random_state=1)).set_index("id")["mean"]
    assert again[effects["id"]].to_numpy() == pytest.approx(effects["mean"].to_numpy(), abs=1e-6)


def test_probabilities_with_and_without_the_effect(panel, fit):
    integrated, zero, own = (unit_probabilities(fit, effect=e) for e in ("integrated", "zero", "posterior"))
    assert integrated["probability"].mean() == pytest.approx(panel["y"].mean(), abs=0.01)
    assert ((integrated["probability"] - 0.5).abs() <= (zero["probability"] - 0.5).abs() + 1e-12).all()
    assert (own["probability"] * panel["y"]).sum() > (integrated["probability"] * panel["y"]).sum()
    assert own["probability"].mean() == pytest.approx(panel["y"].mean(), abs=1e-6)  # the intercept's score is 0
    assert own["std_error"].isna().all()
    inside = (integrated["conf_low"] < integrated["probability"]) & (
        integrated["probability"] < integrated["conf_high"]
    )
    assert inside.all()
    shuffled = panel.sample(frac=1, random_state=2)
    assert unit_probabilities(fit, shuffled, effect="posterior")["probability"].sort_index().to_numpy() == pytest.approx(
        own["probability"].to_numpy(), abs=1e-8)  # fmt: skip
    with pytest.raises(UnknownNameError, match="none"):
        unit_probabilities(fit, effect="none")


def test_errors_of_probabilities_follow_from_all_parameters(panel, fit):
    row = panel.iloc[[0]].assign(region="west")
    h = 1e-5
    names = [name for name in fit.params.index if name != "rho"]
    gradient = []
    for name in names:
        moved = []
        for step in (h, -h):
            params = fit.params.copy()
            params[name] += step
            moved.append(unit_probabilities(with_params(fit, params), row)["probability"].iloc[0])
        gradient.append((moved[0] - moved[1]) / (2 * h))
    variance = np.array(gradient) @ fit.cov.loc[names, names].to_numpy() @ np.array(gradient)
    assert unit_probabilities(fit, row)["std_error"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_rho_is_no_parameter_of_its_own(panel, fit):
    smaller = random_effects("y ~ x", panel, unit="id")
    assert fit.lr_test(smaller).df == 2
    assert fit.glance()["aic"].iloc[0] == pytest.approx(2 * 5 - 2 * fit.loglik)
    with pytest.raises(InapplicableError, match="use frailty_test"):
        fit.lr_test(hazard("y ~ x", panel, link="logit", unit="id"))


def test_what_follows_needs_a_unit_effect(panel):
    plain = hazard(FORMULA, panel, unit="id")
    for follow in (frailty_test, quadrature_check, posterior_effects):
        with pytest.raises(InapplicableError, match="has no normal unit effect"):
            follow(plain)
    with pytest.raises(InputError, match="not a fitted model"):
        frailty_test(panel)


def test_quadrature_check_refuses_what_it_cannot_do(fit):
    with pytest.raises(InputError, match="lists no numbers"):
        quadrature_check(fit, points=12)
    with pytest.raises(InputError, match="points=3 is no number"):
        quadrature_check(fit, points=(3,))
    with pytest.raises(InapplicableError, match="does not carry its data"):
        quadrature_check(from_json(to_json(fit)))
    assert list(quadrature_check(fit)["points"]) == [fit.diagnostics["points"] // 2, fit.diagnostics["points"] * 2]


def test_boundary_survives_storage_and_says_why():
    alike = pd.DataFrame({"id": np.repeat(np.arange(60), 4), "y": np.tile([0, 1, 1, 0], 60)})
    alike["x"] = np.random.default_rng(2).normal(size=240)
    result = random_effects("y ~ x", alike, unit="id")
    assert result.params[["sigma", "rho"]].tolist() == [0.0, 0.0]
    assert result.std_errors[["sigma", "rho"]].isna().all()
    assert result.std_errors[["Intercept", "x"]].notna().all()
    assert "log-likelihood falls there" in result.notes[-1]
    assert to_json(from_json(to_json(result))) == to_json(result)
    assert "sigma" in fp.table(result).to_html() or "σ" in fp.table(result).to_html()
    assert posterior_effects(result)["mean"].abs().max() == 0.0
    with pytest.raises(InapplicableError, match="boundary"):
        quadrature_check(result)


def test_offset_has_coefficient_one(panel):
    frame = panel.assign(known=0.5 * panel["x"])
    free = hazard("y ~ x", panel, unit="id", frailty="normal")
    fixed = hazard("y ~ x", frame, unit="id", frailty="normal", offset="known")
    assert fixed.params["x"] == pytest.approx(free.params["x"] - 0.5, rel=1e-6)
    assert fixed.loglik == pytest.approx(free.loglik, abs=1e-7)


@pytest.mark.parametrize("name", ["fanpin.models.random_effects", "fanpin.models.random_effects_after"])
def test_examples_in_the_documentation(name):
    importlib.import_module(name)
    results = doctest.testmod(sys.modules[name])
    assert results.attempted > 0
    assert results.failed == 0
