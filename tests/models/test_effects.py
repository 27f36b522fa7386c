"""Average effects against differences of predicted probabilities, computed by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InapplicableError, InputError, UnknownNameError
from fanpin.kernels.delta import delta_method
from fanpin.kernels.links import LINKS
from fanpin.models import average_effects, hazard
from fanpin.models.design_matrix import DesignMatrix
from fanpin.results import from_json, to_json

FORMULA = "relapse ~ x*trained + I(age**2) + age + log(age):x + region + C(duration)"
LINK_NAMES = sorted(LINKS)


def _by_hand(result, frame, weight=None):
    """Every effect of FORMULA as a function of the coefficients; derivatives by central differences of the mean."""
    h, inverse = 1e-4, LINKS[result.link].inverse
    matrix = DesignMatrix.from_options(result.options["model_matrix"])
    changes = {
        "x": ({"x": frame["x"] + h}, {"x": frame["x"] - h}, 2 * h),
        "trained": ({"trained": True}, {"trained": False}, 1),
        "age": ({"age": frame["age"] + h}, {"age": frame["age"] - h}, 2 * h),
        **{f"region[T.{r}]": ({"region": r}, {"region": "east"}, 1) for r in ("north", "west")},
        **{f"C(duration)[T.{d}]": ({"duration": d}, {"duration": 1}, 1) for d in (2, 3, 4)},
    }
    built = {
        term: (matrix.build(frame.assign(**high)), matrix.build(frame.assign(**low)), width)
        for term, (high, low, width) in changes.items()
    }

    def effects(params):
        return {
            term: np.average(inverse(high @ params) - inverse(low @ params), weights=weight) / width
            for term, (high, low, width) in built.items()
        }

    return effects


@pytest.mark.parametrize("link", LINK_NAMES)
@pytest.mark.parametrize("design", [None, Design(weight="weight", psu="id")])
def test_effects_follow_interactions_powers_and_factors(rows, link, design):
    result = hazard(FORMULA, rows, link=link, unit="id", design=design)
    weight = None if design is None else rows["weight"]
    effects = average_effects(result)
    b = result.params.to_numpy()
    by_hand = _by_hand(result, rows, weight)
    assert effects.params.to_dict() == pytest.approx(by_hand(b), rel=1e-6, abs=1e-9)
    delta = delta_method(lambda p: list(by_hand(p).values()), b, result.cov.to_numpy())
    errors = dict(zip(by_hand(b), np.sqrt(np.diag(delta.cov)), strict=True))
    assert effects.std_errors.to_dict() == pytest.approx(errors, rel=1e-4)
    assert (effects.kind, effects.cov_type, effects.df_resid) == ("average_effects", result.cov_type, result.df_resid)
    assert effects.nobs == len(rows)


def test_closed_form_of_a_logit_with_one_covariate(rows):
    result = hazard("relapse ~ x", rows, link="logit", cov="classic")
    (a, b), x = result.params, rows["x"]
    p = 1 / (1 + np.exp(-(a + b * x)))
    effects = average_effects(result)
    assert effects.params["x"] == pytest.approx((p * (1 - p) * b).mean(), rel=1e-11)
    slope = p * (1 - p) * (1 - 2 * p)
    jacobian = np.array([(slope * b).mean(), (slope * b * x + p * (1 - p)).mean()])
    assert effects.std_errors["x"] == pytest.approx(np.sqrt(jacobian @ result.cov.to_numpy() @ jacobian), rel=1e-10)


def test_at_holds_columns_at_values(rows):
    result = hazard(FORMULA, rows, unit="id")
    held = average_effects(result, at={"age": 40, "region": "west"})
    frame = rows.assign(age=40, region="west")
    by_hand = _by_hand(result, frame)(result.params.to_numpy())
    assert held.params[list(by_hand)].to_dict() == pytest.approx(by_hand, rel=1e-6)
    assert held.options["at"] == {"age": 40, "region": "west"}


def test_by_gives_one_effect_a_group(rows):
    result = hazard(FORMULA, rows, unit="id")
    grouped = average_effects(result, by="trained")
    for value in (False, True):
        part = average_effects(result, rows[rows["trained"] == value])
        assert grouped.params[f"x[trained={value}]"] == pytest.approx(part.params["x"], rel=1e-10)
        assert grouped.std_errors[f"x[trained={value}]"] == pytest.approx(part.std_errors["x"], rel=1e-9)
    two = average_effects(result, by=["region", "trained"])
    assert "age[region=north,trained=True]" in two.params.index
    assert len(two.params) == 6 * len(average_effects(result).params)


def test_by_numbers_are_written_as_they_are(rows):
    result = hazard("relapse ~ x", rows.assign(female=rows["trained"].astype(int)), unit="id")
    assert list(average_effects(result, by="female").params.index) == ["x[female=0]", "x[female=1]"]


def test_counts_with_more_than_two_values_are_differentiated(rows):
    frame = rows.assign(children=rows["age"] % 4)
    effects = average_effects(hazard("relapse ~ children", frame, unit="id"), frame.assign(children=1))
    x = hazard("relapse ~ children", frame, unit="id").params
    rate = np.exp(x["Intercept"] + x["children"])
    assert effects.params["children"] == pytest.approx(rate * np.exp(-rate) * x["children"], rel=1e-10)


def test_other_reference_level(rows):
    frame = rows
    result = hazard('relapse ~ C(region, Treatment("west"))', frame, unit="id")
    effects = average_effects(result)
    shares = frame.groupby("region")["relapse"].mean()
    assert effects.params["C(region, Treatment('west'))[T.north]"] == pytest.approx(
        shares["north"] - shares["west"], rel=1e-9
    )


def test_offset_enters_the_probability(rows):
    frame = rows.assign(log_gap=np.log1p(rows["duration"] % 2))
    result = hazard("relapse ~ x", frame, unit="id", offset="log_gap")
    a, b = result.params
    rate = np.exp(a + b * frame["x"] + frame["log_gap"])
    assert average_effects(result).params["x"] == pytest.approx((rate * np.exp(-rate) * b).mean(), rel=1e-10)
    rate = np.exp(a + b * frame["x"])
    assert average_effects(result, at={"log_gap": 0}).params["x"] == pytest.approx(
        (rate * np.exp(-rate) * b).mean(), rel=1e-10
    )


def test_blocks_of_rows_do_not_matter(rows, monkeypatch):
    result = hazard(FORMULA, rows, unit="id")
    whole = average_effects(result, by="region")
    monkeypatch.setattr("fanpin.models.design_matrix.BLOCK", 57)
    parts = average_effects(result, by="region")
    assert parts.params.to_numpy() == pytest.approx(whole.params.to_numpy(), rel=1e-12)
    assert parts.cov.to_numpy() == pytest.approx(whole.cov.to_numpy(), rel=1e-10)


@pytest.mark.parametrize("design", [None, Design(weight="weight", psu="id")])
def test_effects_of_a_stored_result(rows, design):
    result = hazard(FORMULA, rows, link="probit", unit="id", design=design)
    stored = from_json(to_json(result))
    with pytest.raises(InapplicableError, match="does not carry its data"):
        average_effects(stored)
    again = average_effects(stored, data=rows)
    pd.testing.assert_frame_equal(again.tidy(), average_effects(result).tidy())
    assert from_json(to_json(again)).params.to_dict() == again.params.to_dict()


def test_missing_values_in_other_data(rows):
    result = hazard("relapse ~ x + age", rows, unit="id")
    with pytest.warns(DroppedRowsWarning, match="x 1"):
        effects = average_effects(result, rows.assign(x=rows["x"].where(rows.index != 0)))
    assert effects.nobs == len(rows) - 1


def test_problems_are_named(rows):
    result = hazard("relapse ~ x + region + sqrt(z)", rows.assign(z=rows["age"] - rows["age"].min()), unit="id")
    with pytest.raises(UnknownNameError, match="unknown column to hold at a value 'ages'"):
        average_effects(result, at={"ages": 1})
    with pytest.raises(UnknownNameError, match=r"unknown level of 'region' 'south'[\s\S]*east, north, west"):
        average_effects(result, at={"region": "south"})
    with pytest.raises(InputError, match="'x' cannot be held at 'high'"):
        average_effects(result, at={"x": "high"})
    with pytest.raises(InputError, match="cannot be held at nan"):
        average_effects(result, at={"x": float("nan")})
    with pytest.raises(UnknownNameError, match="unknown column 'sex'"):
        average_effects(result, by="sex")
    with pytest.raises(DataError, match="effect of 'z' is not finite"):
        average_effects(result)
    with pytest.raises(UnknownNameError, match="unknown column 'x'"):
        average_effects(result, rows.drop(columns="x").assign(z=1.0))
    with pytest.raises(UnknownNameError, match="unknown column 'weight'"):
        weighted = hazard("relapse ~ x", rows, design=Design(weight="weight", psu="id"))
        average_effects(weighted, rows.drop(columns="weight"))
    with pytest.raises(InapplicableError, match="no covariate"):
        average_effects(hazard("relapse ~ 1", rows, unit="id"))
    with pytest.raises(InapplicableError, match="kind 'average_effects' has no marginal effects"):
        average_effects(average_effects(hazard("relapse ~ x", rows, unit="id")))
