"""Relapse-free shares with replicate weights, weighted counts, and visits after a longer escape."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import InputError
from fanpin.measure import survival
from fanpin.panel import relapse_risk_set

DESIGN = Design(weight="w", psu="area")


@pytest.fixture
def risk(gsoep_risk):
    rng = np.random.default_rng(8)
    return gsoep_risk.assign(area=gsoep_risk["id"] % 30, w=rng.uniform(1, 3, len(gsoep_risk)))


def test_jackknife_replicates_are_curves_taken_anew(risk):
    made, full = survival(risk, design=DESIGN.replicates("jkn")), survival(risk, design=DESIGN)
    left = (
        np.array([survival(risk[risk["area"] != a], design=DESIGN).params for a in range(30)]) - full.params.to_numpy()
    )
    np.testing.assert_allclose(made.cov, 29 / 30 * left.T @ left, rtol=1e-9)
    assert (made.cov_type, made.df_resid, made.counts) == ("jkn", full.df_resid, full.counts)
    assert any("delete-one jackknife" in n for n in made.notes)


def test_bootstrap_is_near_the_linearised_error(risk):
    made = survival(risk, by="female", design=DESIGN.replicates("bootstrap", 300, seed=4))
    linear = survival(risk, by="female", design=DESIGN)
    known = made.std_errors.notna()
    assert known.sum() >= 4
    np.testing.assert_allclose(made.std_errors[known], linear.std_errors[known], rtol=0.25)


def test_weighted_counts_give_the_hazards(risk):
    rows = survival(risk, design=DESIGN).rows
    hazard = rows["weighted_events"] / rows["weighted_at_risk"]
    np.testing.assert_allclose(np.cumprod(1 - hazard), rows["estimate"], rtol=1e-12)
    by_hand = risk.groupby("duration")["w"].sum()
    np.testing.assert_allclose(rows["weighted_at_risk"], by_hand, rtol=1e-12)
    plain = survival(risk).rows
    np.testing.assert_allclose(plain["weighted_events"], plain["events"], rtol=1e-12)


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.DesignWarning")
def test_visits_begin_where_the_escape_is_complete():
    """With min_escape=2 the first row at risk is the second visit after the wave of escape."""
    panel = pd.DataFrame({
        "id": np.repeat(["a", "b", "c"], 5), "year": np.tile([0, 1, 4, 5, 9], 3),
        "poor": [1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1],
    })  # fmt: skip
    made = relapse_risk_set(panel, unit="id", time="year", poor="poor", min_escape=2, max_gap=None)
    rows = survival(made, unit="id", scale="visits", min_escape=2).rows
    assert list(rows["duration"]) == [2, 3]
    assert list(rows["at_risk"]) == [2, 1]
    np.testing.assert_allclose(rows["estimate"], [0.5, 0.0])
    with pytest.raises(InputError, match="made with another min_escape"):
        survival(made, unit="id", scale="visits")
    once = relapse_risk_set(panel, unit="id", time="year", poor="poor", max_gap=None)
    with pytest.raises(InputError, match="made with another min_escape"):
        survival(once, unit="id", scale="visits", min_escape=2)
    assert list(survival(once, unit="id", scale="visits").rows["duration"]) == [1, 2, 3]


def test_visits_are_time_where_every_step_is_one(gsoep):
    for least in (1, 2):
        risk = relapse_risk_set(gsoep, unit="id", time="year", poor="is_poor", min_escape=least)
        by_time, by_visit = survival(risk, unit="id"), survival(risk, unit="id", scale="visits", min_escape=least)
        pd.testing.assert_frame_equal(by_visit.tidy(), by_time.tidy())


def test_min_escape_is_for_visits(risk):
    with pytest.raises(InputError, match="min_escape is for visits"):
        survival(risk, min_escape=2)
    with pytest.raises(InputError, match="min_escape"):
        survival(risk, unit="id", scale="visits", min_escape=0)
