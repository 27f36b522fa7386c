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


TOWNS = pd.DataFrame({"town": list("ABCD"), "yes": [30, 12, 9, 40], "no": [50, 20, 40, 22], "all": [80, 32, 49, 62]})
PRINTED = pd.DataFrame({"quantity": ["yes", "no", "all"], "value": [91, 132, 223], "share_percent": [40.8, 59.2, None]})
DESIGN = fp.Design(weight="w", stratum="stratum", psu="village")
FORMULA = "relapse ~ duration + x + sex"
Make = Callable[[pd.DataFrame, pd.DataFrame], Any]
MAKERS: dict[str, Make] = {
    "poverty": lambda p, r: fp.poverty(p, welfare="income", line=fp.Line.column("line"), by=("sex",), design=DESIGN),
    "poverty estimated line": lambda p, r: fp.poverty(p, welfare="income", line=fp.Line.relative(0.6)),
    "transitions": lambda p, r: fp.transitions(p, unit="unit", time="time", poor="is_poor", by=("sex",)),
    "survival": lambda p, r: fp.survival(r, unit="unit"),
    "hazard clustered": lambda p, r: fp.hazard(FORMULA, r, unit="unit"),
    "hazard robust": lambda p, r: fp.hazard(FORMULA, r, link="logit", cov="robust"),
    "hazard classic": lambda p, r: fp.hazard(FORMULA, r, link="probit", cov="classic"),
    "hazard design": lambda p, r: fp.hazard(FORMULA, r, design=DESIGN),
    "average effects": lambda p, r: fp.average_effects(fp.hazard(FORMULA, r, unit="unit")),
    "average effects by": lambda p, r: fp.average_effects(fp.hazard(FORMULA, r, unit="unit"), by="sex"),
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
