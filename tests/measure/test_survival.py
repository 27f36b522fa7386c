"""Relapse-free shares: R survival on real spells, delayed entry and gaps by hand, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.measure import survival
from fanpin.panel import relapse_risk_set


@pytest.fixture(scope="module")
def expected(golden):
    return golden("gsoep_survival")


def spell(unit, rows):
    return [{"id": unit, "duration": d, "gap": g, "relapse": r} for d, g, r in rows]


def test_kaplan_meier_with_greenwood_and_loglog_limits(gsoep_risk, expected):
    result, golden = survival(gsoep_risk), expected["loglog"]
    assert list(result.rows["duration"]) == golden["time"]
    assert list(result.rows["at_risk"]) == golden["n_risk"]
    assert list(result.rows["events"]) == golden["n_event"]
    np.testing.assert_allclose(result.params, golden["surv"], rtol=1e-12)
    np.testing.assert_allclose(result.std_errors, golden["greenwood_se"], rtol=1e-12)
    np.testing.assert_allclose(result.conf_int(), np.transpose([golden["lower"], golden["upper"]]), rtol=1e-12)
    assert (result.cov_type, result.interval, result.df_resid) == ("greenwood", "loglog", None)


def test_clustered_by_person(gsoep_risk, expected):
    """R survival's robust variance has no G/(G - 1); the variance engine, like survey, has it."""
    result = survival(gsoep_risk, unit="id")
    persons = result.counts["psus"]
    golden = np.array(expected["cluster_id_robust"]["std_err"]) * np.sqrt(persons / (persons - 1))
    np.testing.assert_allclose(result.std_errors, golden, rtol=1e-12)
    assert (persons, result.df_resid) == (315, 314)


def test_by_a_state_at_the_escape(gsoep, gsoep_risk, expected):
    golden = expected["by_outwork_at_exit"]
    escape = gsoep[["id", "year", "outwork"]].rename(columns={"outwork": "at_exit"})
    risk = gsoep_risk.assign(escaped=gsoep_risk["year"] - gsoep_risk["duration"])
    risk = risk.merge(escape, left_on=["id", "escaped"], right_on=["id", "year"], validate="many_to_one")
    result = survival(risk, by="at_exit")
    assert list(result.rows["at_risk"]) == golden["n_risk"]
    np.testing.assert_allclose(result.params, golden["surv"], rtol=1e-12)
    np.testing.assert_allclose(result.std_errors, golden["se"], rtol=1e-12)
    assert list(result.keys[[0, 5]]) == [
        "relapse_free[at_exit=0,duration=1]", "relapse_free[at_exit=1,duration=3]",
    ]  # fmt: skip


def test_an_ibis_risk_set_gives_the_same(gsoep, gsoep_risk, as_table):
    table = relapse_risk_set(as_table(gsoep), unit="id", time="year", poor="is_poor")
    pd.testing.assert_frame_equal(survival(table, unit="id").tidy(), survival(gsoep_risk, unit="id").tidy())


def test_steps_of_several_waves_are_at_risk_in_between():
    """A unit seen at 1 and 4 is at risk at 2, 3 and 4; its relapse stands at 4."""
    risk = pd.DataFrame(
        spell("a", [(1, 1, 0), (4, 3, 1)]) + spell("b", [(1, 1, 0), (2, 1, 1)]) + spell("c", [(3, 3, 0)])
    )
    rows = survival(risk).rows
    assert list(rows["duration"]) == [1, 2, 3, 4]
    assert list(rows["at_risk"]) == [3, 3, 2, 1]
    assert list(rows["events"]) == [0, 1, 0, 1]
    np.testing.assert_allclose(rows["estimate"], [1, 2 / 3, 2 / 3, 0])


def test_delayed_entry_is_conditional_on_having_come_so_far():
    panel = pd.DataFrame({
        "id": np.repeat(["a", "b", "c"], 5), "year": np.tile(np.arange(5), 3),
        "poor": [1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1],
    })  # fmt: skip
    risk = relapse_risk_set(panel, unit="id", time="year", poor="poor", min_escape=2)
    rows = survival(risk).rows
    assert list(rows["duration"]) == [2, 3]  # b was poor again after one wave and has not escaped
    assert list(rows["at_risk"]) == [2, 1]
    np.testing.assert_allclose(rows["estimate"], [0.5, 0.0])


def test_weights_are_repetitions():
    rng = np.random.default_rng(3)
    n = 300
    risk = pd.DataFrame(
        {"id": np.arange(n), "duration": 1, "relapse": rng.integers(0, 2, n), "w": rng.integers(1, 4, n)}
    )
    later = risk[risk["relapse"] == 0].assign(duration=2, relapse=lambda d: d["id"] % 3 == 0)
    both = pd.concat([risk, later], ignore_index=True)
    weighted = survival(both, unit="id", design=Design(weight="w"))
    repeated = survival(both.loc[both.index.repeat(both["w"])], unit="id")
    np.testing.assert_allclose(weighted.params, repeated.params, rtol=1e-12)
    np.testing.assert_allclose(weighted.std_errors, repeated.std_errors, rtol=1e-12)  # the copies keep their unit


def test_linearised_error_matches_a_jackknife_by_hand(gsoep_risk):
    rng = np.random.default_rng(8)
    risk = gsoep_risk.assign(area=gsoep_risk["id"] % 50, w=rng.uniform(1, 3, len(gsoep_risk)))
    design = Design(weight="w", psu="area")
    replicates = np.array([survival(risk[risk["area"] != a], design=design).params for a in range(50)])
    spread = np.sqrt(49 / 50 * ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(survival(risk, design=design).std_errors, spread, rtol=0.03)


def test_nobody_and_everybody_relapses():
    nobody = survival(pd.DataFrame(spell("a", [(1, 1, 0), (2, 1, 0)]) + spell("b", [(1, 1, 0)])))
    assert list(nobody.params) == [1.0, 1.0]
    assert list(nobody.std_errors) == [0.0, 0.0]
    everybody = survival(pd.DataFrame(spell("a", [(1, 1, 1)]) + spell("b", [(1, 1, 1)])))
    assert list(everybody.params) == [0.0]
    assert everybody.conf_int().isna().to_numpy().all()


def test_undated_escapes_are_announced(gsoep, as_table):
    risk = relapse_risk_set(gsoep, unit="id", time="year", poor="is_poor", left_censored="flag")
    flagged = int(risk["left_censored"].sum())
    for data in (risk, as_table(risk)):
        assert any(f"{flagged} rows belong to spells whose escape is not dated" in n for n in survival(data).notes)


def test_missing_groups_are_counted(gsoep_risk):
    risk = gsoep_risk.assign(kind=gsoep_risk["female"].astype(float).where(np.arange(len(gsoep_risk)) > 4))
    with pytest.warns(DroppedRowsWarning, match="kind 5") as caught:
        survival(risk, by="kind")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": 0}, "duration column 'duration' has zero values"),
        ({"duration": 1.5}, "no whole number"),
        ({"duration": np.nan}, "missing values"),
        ({"gap": 9}, "gap is longer than duration"),
        ({"gap": -1}, "gap column 'gap' has negative values"),
        ({"relapse": 2}, "relapse is neither 0 nor 1"),
        ({"relapse": np.nan}, "relapse is neither 0 nor 1"),
        ({"relapse": "yes"}, "'relapse' is not numeric"),
        ({"w": 0.0}, "weight column 'w' has zero values"),
        ({"w": -1.0}, "weight column 'w' has negative values"),
        ({"id": 1}, "one PSU in all"),
    ],
)
def test_values_that_cannot_be(gsoep_risk, change, message):
    risk = gsoep_risk.assign(w=1.0).assign(**change)
    with pytest.raises(DataError, match=message):
        survival(risk, design=Design(weight="w", psu="id"))


def test_names_and_options_that_cannot_be(gsoep_risk):
    with pytest.raises(UnknownNameError, match="unknown column 'relapse'"):
        survival(gsoep_risk.drop(columns="relapse"))
    with pytest.raises(UnknownNameError, match="unknown column 'person'"):
        survival(gsoep_risk, unit="person")
    with pytest.raises(InputError, match="'duration' has a name that the result needs"):
        survival(gsoep_risk, by="duration")
    with pytest.raises(InputError, match="design without psu needs unit"):
        survival(gsoep_risk.assign(w=1.0), design=Design(weight="w"))
    with pytest.raises(InputError, match="data is no table"):
        survival([1])
    with pytest.raises(DataError, match="no rows"):
        survival(gsoep_risk.iloc[:0])
    with pytest.raises(DataError, match="no row is left"):
        survival(gsoep_risk.assign(kind=np.nan), by="kind")


def test_a_curve_over_uneven_visits_says_that_relapses_are_dated_late():
    rows = pd.DataFrame({"duration": [1, 3, 3], "relapse": [0, 1, 0], "gap": [1, 2, 3]})
    assert any("2 of 3 rows follow a step of more than one" in note for note in survival(rows).notes)
    assert not any("step of more than one" in note for note in survival(rows.assign(gap=1, duration=1)).notes)


def test_visits_count_observed_waves_and_not_time():
    rows = pd.DataFrame({"u": [1, 1, 2, 3, 4, 4], "spell": 2, "duration": [1, 4, 3, 3, 1, 4], "gap": [1, 3, 3, 3, 1, 3],
                         "relapse": [0, 1, 1, 0, 0, 0]})  # fmt: skip
    curve = survival(rows, unit="u", scale="visits")
    assert curve.rows["duration"].tolist() == [1, 2]
    assert curve.rows["at_risk"].tolist() == [4, 2]
    assert curve.rows["estimate"].tolist() == pytest.approx([3 / 4, 3 / 8])
    with pytest.raises(InputError, match="visits are counted within spells"):
        survival(rows, scale="visits")
    with pytest.raises(UnknownNameError, match="scale"):
        survival(rows, unit="u", scale="waves")
