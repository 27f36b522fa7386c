"""Hazards with mass points: what they reduce to, invariances, weights, designs, boundaries, bad input."""

from __future__ import annotations

import doctest
import warnings

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DesignWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import average_effects, discrete_frailty, hazard
from fanpin.models.discrete_frailty import discrete_hazard
from fanpin.results import from_json, to_json


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Simulated: 600 households, 7 waves, two classes; the slope of x is 0.7."""
    rng = np.random.default_rng(8)
    n = 600 * 7
    frame = pd.DataFrame({"id": np.repeat(np.arange(600), 7), "wave": np.tile(np.arange(7), 600)})
    frame["x"] = rng.normal(size=n)
    frame["weight"] = np.repeat(rng.integers(1, 4, 600), 7).astype(float)
    frame["village"] = frame["id"] % 60
    eta = -0.4 + 0.7 * frame["x"] + np.where(rng.random(600) < 0.5, 0.0, -2.2)[frame["id"]]
    frame["relapse"] = (rng.random(n) < 1 - np.exp(-np.exp(eta))).astype(int)
    return frame


def test_slope_is_recovered_where_the_pooled_one_is_too_small(panel):
    found, plain = discrete_hazard("relapse ~ x", panel, unit="id"), hazard("relapse ~ x", panel, unit="id")
    assert abs(found.params["x"] - 0.7) < 3 * found.std_errors["x"]
    assert plain.params["x"] < 0.6
    assert found.loglik > plain.loglik + 50
    assert found.diagnostics["loglik_pooled"] == pytest.approx(plain.loglik, rel=1e-12)
    assert found.diagnostics["starts_at_maximum"] == found.diagnostics["starts"] == 8
    assert found.diagnostics["gradient_norm"] < 1e-8
    shares = [found.diagnostics["share 1"], found.diagnostics["share 2"]]
    assert sum(shares) == pytest.approx(1)
    spread = abs(found.params["mass 2"]) * np.sqrt(shares[0] * shares[1])
    assert found.diagnostics["sd_log_frailty"] == pytest.approx(spread, rel=1e-10)


@pytest.mark.parametrize("design", [None, Design(weight="weight", psu="village")])
def test_one_point_is_the_hazard_without_frailty(panel, design):
    found = discrete_hazard("relapse ~ x + C(wave)", panel, unit="id", masses=1, design=design)
    plain = hazard("relapse ~ x + C(wave)", panel, unit="id", design=design)
    assert found.params.to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-8, abs=1e-10)
    assert found.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert found.std_errors.to_numpy() == pytest.approx(plain.std_errors.to_numpy(), rel=1e-7)
    assert found.df_resid == plain.df_resid


def test_order_labels_and_scale_do_not_matter(panel):
    rng = np.random.default_rng(4)
    labels = pd.Series(rng.permutation(10_000)[:600].astype(str))
    moved = panel.assign(id=panel["id"].map(labels), x=panel["x"] * 100 + 5).sample(frac=1, random_state=2)
    first = discrete_hazard("relapse ~ x", panel, unit="id", starts=3)
    second = discrete_hazard("relapse ~ x", moved, unit="id", starts=3)
    assert second.loglik == pytest.approx(first.loglik, rel=1e-11)
    assert second.params["x"] * 100 == pytest.approx(first.params["x"], rel=1e-6)
    assert second.params["mass 2"] == pytest.approx(first.params["mass 2"], rel=1e-6)
    assert second.std_errors["x"] * 100 == pytest.approx(first.std_errors["x"], rel=1e-6)


def test_points_are_added_until_none_raises_the_likelihood(panel):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DesignWarning)  # that few starts agree is said of more points than there are
        found = discrete_hazard("relapse ~ x", panel, unit="id", masses="auto", starts=4)
    assert 2 <= found.counts["masses"] <= 6
    assert found.loglik >= discrete_hazard("relapse ~ x", panel, unit="id").loglik - 1e-6
    assert found.diagnostics["gateaux_derivative"] < 1e-3 or "another gains" in " ".join(found.notes)


def test_no_heterogeneity_is_said_and_the_pooled_fit_given(panel):
    rng = np.random.default_rng(0)
    for _ in range(20):  # a simulated sample whose heterogeneity is estimated at its boundary
        rows = panel.assign(relapse=(rng.random(len(panel)) < 0.3).astype(int))
        found = discrete_hazard("relapse ~ x", rows, unit="id", starts=3)
        if found.counts["masses"] == 1:
            break
    assert found.counts["masses"] == 1
    assert any("coincide" in note for note in found.notes)
    assert found.loglik == pytest.approx(hazard("relapse ~ x", rows, unit="id").loglik, rel=1e-10)


def test_result_is_stored_and_read(panel):
    found = discrete_hazard("relapse ~ x", panel, unit="id", starts=2)
    assert from_json(to_json(found)).params.equals(found.params)


def test_bad_requests_are_named(panel):
    with pytest.raises(InputError, match="masses=0"):
        discrete_hazard("relapse ~ x", panel, unit="id", masses=0)
    with pytest.raises(InputError, match="starts=True"):
        discrete_hazard("relapse ~ x", panel, unit="id", starts=True)
    with pytest.raises(InputError, match="intercept"):
        discrete_hazard("relapse ~ 0 + x", panel, unit="id")
    with pytest.raises(UnknownNameError, match="household"):
        discrete_hazard("relapse ~ x", panel, unit="household")
    with pytest.raises(UnknownNameError, match="gompertz"):
        discrete_hazard("relapse ~ x", panel, unit="id", link="gompertz")
    with pytest.raises(EstimationError, match="constant"):
        discrete_hazard("relapse ~ x + z", panel.assign(z=1.0), unit="id")


def test_weights_and_psus_belong_to_units(panel):
    varying = panel.assign(weight=panel["weight"] + panel["wave"])
    with pytest.raises(DataError, match="'weight' varies within 600 units"):
        discrete_hazard("relapse ~ x", varying, unit="id", design=Design(weight="weight"))
    with pytest.raises(DataError, match="'wave' varies within 600 units"):
        discrete_hazard("relapse ~ x", panel, unit="id", design=Design(psu="wave"))


def test_example():
    assert doctest.testmod(discrete_frailty).failed == 0


def test_marginal_effects_without_the_mixture_are_refused(panel):
    found = discrete_hazard("relapse ~ x", panel, unit="id", masses=1)
    with pytest.raises(InapplicableError, match="no marginal effects"):
        average_effects(found)


def test_hazard_hands_over_to_it(panel):
    asked = {"link": "cloglog", "unit": "id"}
    made = hazard("relapse ~ x", panel, frailty="discrete", **asked)
    pd.testing.assert_series_equal(made.params, discrete_hazard("relapse ~ x", panel, **asked).params)
    with pytest.raises(InapplicableError, match="mass points"):
        made.lr_test(hazard("relapse ~ x", panel, **asked))
    for wrong, words in (({"cov": "robust"}, "clustered by unit"), ({"points": 12}, "leave points out")):
        with pytest.raises(InputError, match=words):
            hazard("relapse ~ x", panel, frailty="discrete", **asked, **wrong)
    with pytest.raises(InputError, match='frailty="discrete"'):
        hazard("relapse ~ x", panel, masses=3, **asked)
