"""Hausman and Mundlak tests: R's plm, agreement with each other, size and power, reasons when there is no statistic."""

from __future__ import annotations

import dataclasses
import doctest
import sys

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import wage_panel

from fanpin.core.errors import DroppedRowsWarning, InapplicableError, InputError, UnknownNameError
from fanpin.models import fixed_effects_logit, hausman, linear_panel, mundlak_test

WAGES = "lwage ~ expersq + married + union + hours"


def _fits(formula, data, **keys):
    return [linear_panel(formula, data, effects=e, cov="classic", **keys) for e in ("unit", "random")]


def _panel(correlated: float, seed: int = 71) -> pd.DataFrame:
    """Simulated: 200 units, 4 waves; x is correlated with the unit effect or not."""
    rng = np.random.default_rng(seed)
    own = np.repeat(rng.normal(size=200), 4)
    frame = pd.DataFrame({"id": np.repeat(np.arange(200), 4), "wave": np.tile(np.arange(4), 200)})
    frame["x"] = rng.normal(size=800) + correlated * own
    frame["female"], frame["village"] = np.repeat(rng.integers(0, 2, 200), 4), frame["id"] // 5
    frame["y"] = own + 0.5 * frame["x"] + 0.2 * frame["female"] + rng.normal(size=800)
    return frame


def test_hausman_equals_plm(golden):
    known = golden("g_linear")["hausman"]
    test = hausman(*_fits(WAGES, wage_panel.load(), unit="nr", time="year"))
    assert test.stat == pytest.approx(known["chisq"], rel=1e-5)
    assert (test.df, test.pvalue) == (known["df"], pytest.approx(known["p"], rel=1e-4))


@pytest.mark.parametrize("correlated", [0.0, 0.5])
def test_both_tests_find_correlation_where_there_is_some(correlated):
    frame = _panel(correlated)
    keys = {"unit": "id", "time": "wave"}
    first = hausman(*_fits("y ~ x", frame, **keys))
    second = mundlak_test("y ~ x + female + C(wave)", frame, **keys)
    assert (second.df, second.details) == (1, {"means": 1.0})  # wave dummies have one mean, female no variation
    for test in (first, second):
        assert test.pvalue < 1e-6 if correlated else test.pvalue > 0.05


def test_mundlak_with_one_covariate_and_classic_errors_is_near_hausman():
    frame = _panel(0.1)
    keys = {"unit": "id", "time": "wave"}
    wald = mundlak_test("y ~ x", frame, cov="classic", **keys)
    assert wald.distribution == "F"
    assert wald.stat == pytest.approx(hausman(*_fits("y ~ x", frame, **keys)).stat, rel=0.1)
    clustered = mundlak_test("y ~ x", frame, cluster="village", **keys)
    assert (clustered.distribution, clustered.notes[-1][:34]) == ("chi2", "standard errors clustered by villa")


def test_missing_values_are_counted():
    frame = _panel(0.0)
    frame.loc[3, "x"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="x 1"):
        test = mundlak_test("y ~ x", frame, unit="id", time="wave")
    assert "x 1" in test.notes[0]


def test_hausman_says_why_it_cannot_be_computed():
    frame = _panel(0.0)
    fixed, random = _fits("y ~ x", frame, unit="id", time="wave")
    with pytest.raises(InapplicableError, match="not positive definite"):
        hausman(random, fixed)
    with pytest.raises(InapplicableError, match="only if one fit is efficient"):
        hausman(linear_panel("y ~ x", frame, unit="id", time="wave"), random)
    with pytest.raises(InputError, match="no term in common"):
        hausman(linear_panel("y ~ C(wave)", frame, unit="id", time="wave", effects="unit", cov="classic"), random)
    with pytest.raises(InputError, match="other outcomes"):
        hausman(fixed, dataclasses.replace(random, outcome="z"))
    with pytest.raises(InputError, match="is no fitted model"):
        hausman(fixed, "random")
    logit = fixed_effects_logit("poor ~ x", frame.assign(poor=frame["y"] > 0), unit="id", cov="cluster")
    with pytest.raises(InapplicableError, match="'cluster' covariance"):
        hausman(logit, random)


def test_mundlak_needs_columns_that_vary_within_and_between():
    with pytest.raises(InapplicableError, match="varies both within and between"):
        mundlak_test("y ~ female + C(wave)", _panel(0.0), unit="id", time="wave")
    with pytest.raises(UnknownNameError, match="unknown column 'q'"):
        mundlak_test("y ~ q", _panel(0.0), unit="id", time="wave")


def test_the_examples():
    outcome = doctest.testmod(sys.modules["fanpin.models.linear_panel_tests"])
    assert (outcome.failed, outcome.attempted) == (0, 7)
