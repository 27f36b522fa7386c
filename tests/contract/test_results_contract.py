"""Every result that a public function returns keeps the same promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.models import joint_test
from fanpin.monitor import compare_totals, heterogeneity
from fanpin.results import Estimates, HypothesisTest, Measures, from_json, to_json

FIRST = ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """A made-up panel: 300 units, 6 waves, incomes that persist, two strata of villages."""
    rng = np.random.default_rng(1)
    units, waves = 300, 6
    own = rng.normal(0, 0.5, units)
    frame = pd.DataFrame({"unit": np.repeat(np.arange(units), waves), "time": np.tile(np.arange(waves), units)})
    frame["x"] = rng.normal(size=len(frame))
    frame["sex"] = np.repeat(rng.integers(0, 2, units), waves)
    frame["income"] = np.exp(own[frame["unit"]] + 0.3 * frame["x"] + rng.normal(0, 0.5, len(frame)))
    frame["village"] = frame["unit"] // 10
    frame["stratum"] = frame["village"] % 2
    frame["w"] = 1.0 + frame["unit"] % 3
    return fp.poverty_status(frame, welfare="income", line=fp.Line.relative(0.6), unit="unit", time="time")


@pytest.fixture(scope="module")
def risk(panel: pd.DataFrame) -> pd.DataFrame:
    return fp.relapse_risk_set(panel, unit="unit", time="time", poor="is_poor")


def halves(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with income in two sources, and medical spending."""
    share = 0.2 + 0.6 * (panel["unit"] % 7) / 6
    return panel.assign(wage=panel.income * share, farm=panel.income * (1 - share), medical=panel.income * share * 0.7)


TOWNS = pd.DataFrame({"town": list("ABCD"), "yes": [30, 12, 9, 40], "no": [50, 20, 40, 22], "all": [80, 32, 49, 62]})
PRINTED = pd.DataFrame({"quantity": ["yes", "no", "all"], "value": [91, 132, 223], "share_percent": [40.8, 59.2, None]})
DESIGN = fp.Design(weight="w", stratum="stratum", psu="village")
FORMULA = "relapse ~ duration + x + sex"
Make = Callable[[pd.DataFrame, pd.DataFrame], Any]
MAKERS: dict[str, Make] = {
    "poverty": lambda p, r: fp.poverty(p, welfare="income", line=fp.Line.column("line"), by=("sex",), design=DESIGN),
    "poverty estimated line": lambda p, r: fp.poverty(p, welfare="income", line=fp.Line.relative(0.6)),
    "poverty replicates": lambda p, r: fp.poverty(
        p,
        welfare="income",
        line=fp.Line.relative(0.6),
        indices=("headcount", "watts"),
        design=DESIGN.replicates("bootstrap", 20, 1),
    ),
    "inequality": lambda p, r: fp.inequality(
        p, welfare="income", indices=("gini", "ge:2", "qsr"), by="sex", design=DESIGN
    ),
    "inequality decomposition": lambda p, r: fp.inequality_decomposition(
        p, welfare="income", group="sex", design=DESIGN
    ),
    "income sources": lambda p, r: fp.income_sources(halves(p), sources=["wage", "farm"], by="sex", design=DESIGN),
    "concentration": lambda p, r: fp.concentration(p, outcome="is_poor", rank="income", kind="wagstaff", design=DESIGN),
    "concentration decomposition": lambda p, r: fp.concentration_decomposition(
        p, outcome="is_poor", rank="income", determinants=["x", "sex"], design=DESIGN
    ),
    "multidimensional": lambda p, r: fp.multidimensional(
        p, indicators=["is_poor", "sex"], weights="equal", cutoff=[0.5, 1.0], by="time", design=DESIGN
    ),
    "health burden": lambda p, r: fp.health_burden(
        halves(p), oop="medical", capacity="income", welfare="income", line=fp.Line.column("line"), design=DESIGN
    ),
    "poverty change": lambda p, r: fp.poverty_change(
        p, welfare="income", line=fp.Line.column("line"), time="time", first=0, second=5, index="gap", design=DESIGN
    ),
    "chronic poverty": lambda p, r: fp.chronic_poverty(
        p, unit="unit", time="time", welfare="income", line=fp.Line.column("line"), design=DESIGN
    ),
    "lorenz": lambda p, r: fp.lorenz(p, welfare="income", by="sex", design=DESIGN),
    "tip": lambda p, r: fp.tip(p, welfare="income", line=fp.Line.column("line"), design=DESIGN),
    "contrast": lambda p, r: fp.contrast(
        fp.poverty(p, welfare="income", line=fp.Line.column("line"), by="sex", design=DESIGN),
        {"gap between": {"gap[sex=1]": 1, "gap[sex=0]": -1}, "ratio": lambda e: e["gap[sex=1]"] / e["gap[sex=0]"]},
    ),
    "differences": lambda p, r: fp.differences(
        fp.poverty(p, welfare="income", line=fp.Line.column("line"), by="time", design=DESIGN), over="time", base=0
    ),
    "transitions": lambda p, r: fp.transitions(p, unit="unit", time="time", poor="is_poor", by=("sex",)),
    "survival": lambda p, r: fp.survival(r, unit="unit"),
    "hazard clustered": lambda p, r: fp.hazard(FORMULA, r, unit="unit"),
    "hazard robust": lambda p, r: fp.hazard(FORMULA, r, link="logit", cov="robust"),
    "hazard classic": lambda p, r: fp.hazard(FORMULA, r, link="probit", cov="classic"),
    "hazard design": lambda p, r: fp.hazard(FORMULA, r, design=DESIGN),
    "average effects": lambda p, r: fp.average_effects(fp.hazard(FORMULA, r, unit="unit")),
    "average effects by": lambda p, r: fp.average_effects(fp.hazard(FORMULA, r, unit="unit"), by="sex"),
    "fixed effects logit": lambda p, r: fp.fixed_effects_logit("is_poor ~ x", p, unit="unit", cov="cluster"),
    "survey glm": lambda p, r: fp.survey_glm("is_poor ~ x + sex", p, link="probit", design=DESIGN),
    "survey linear": lambda p, r: fp.survey_glm("income ~ x", p, family="gaussian", design=DESIGN),
    "pooled": lambda p, r: fp.pool([fp.hazard(FORMULA, d, cov="robust") for d in (r, r[r["duration"] < 4])]),
    "linear panel": lambda p, r: fp.linear_panel("income ~ x", p, unit="unit", time="time"),
    "linear panel design": lambda p, r: fp.linear_panel("income ~ x", p, unit="unit", time="time", design=DESIGN),
    "random effects, linear": lambda p, r: fp.linear_panel("income ~ x", p, unit="unit", time="time", effects="random"),
    "instrumented": lambda p, r: fp.instrumented("income ~ time", p, endogenous="x", instruments=["sex", "w"]),
    "mundlak test": lambda p, r: fp.mundlak_test("income ~ x", p, unit="unit", time="time"),
    "township rates": lambda p, r: fp.township_rates(TOWNS, count="yes", total="all", by="town"),
    "totals": lambda p, r: compare_totals(TOWNS, columns=("yes", "no"), total="all", printed=PRINTED),
    "heterogeneity": lambda p, r: heterogeneity(TOWNS, columns=["yes", "no"], by="town"),
    "joint test": lambda p, r: joint_test(fp.hazard(FORMULA, r, unit="unit"), columns=["x", "sex"]),
}


@pytest.fixture(scope="module", params=MAKERS.values(), ids=MAKERS.keys())
def result(request: pytest.FixtureRequest, panel: pd.DataFrame, risk: pd.DataFrame) -> Any:
    return request.param(panel, risk)


def test_tidy_starts_with_the_same_columns(result: Any) -> None:
    tidy = result.tidy()
    assert list(tidy.columns[:7]) == FIRST
    assert len(tidy) == (1 if isinstance(result, HypothesisTest) else len(result.params))


def test_standard_errors_follow_from_a_symmetric_covariance(result: Any) -> None:
    if isinstance(result, HypothesisTest):
        assert 0 <= result.pvalue <= 1
        return
    cov = result.cov.to_numpy()
    assert np.allclose(cov, cov.T, atol=1e-12)
    assert np.allclose(result.std_errors**2, np.diag(cov))
    assert np.linalg.eigvalsh(cov).min() > -1e-10
    limits = result.conf_int()
    inside = (limits["conf_low"] <= result.params + 1e-12) & (result.params <= limits["conf_high"] + 1e-12)
    assert (inside | limits["conf_low"].isna()).all()
    wider = result.conf_int(0.99)
    assert ((wider["conf_high"] >= limits["conf_high"]) | limits["conf_high"].isna()).all()


def test_it_is_frozen(result: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.kind = "other"


def test_it_survives_json_to_the_last_digit_without_its_data(result: Any) -> None:
    text = to_json(result)
    back = from_json(text)
    assert to_json(back) == text
    pd.testing.assert_frame_equal(back.tidy(), result.tidy(), check_exact=True, check_dtype=False)
    assert getattr(back, "frame", None) is None


def test_it_describes_itself(result: Any) -> None:
    assert len(result.glance()) == 1
    assert len(result.summary().splitlines()) >= 3
    if isinstance(result, (Estimates, Measures)):
        assert result.nobs > 0
        assert result.kind
        assert result.cov_type
        assert not hasattr(result, "bse")
        assert not result.simulated


def test_it_prints_as_a_table_with_the_same_numbers(result: Any) -> None:
    table = fp.table(result)
    values = {c.value for row in table.rows for c in row.cells if c.value is not None}
    numbers = result.tidy()["statistic" if isinstance(result, HypothesisTest) else "estimate"]
    assert set(numbers.astype(float)) <= values
    assert "<table" in table.to_html()
    assert r"\toprule" in table.to_latex()
