"""The households as they are: states, incomes, people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated_settings import EXACT, WAVES

import fanpin as fp
from fanpin.simulate import SimulatedStudy
from fanpin.simulate.poverty_process import CAUSES


@pytest.fixture(scope="module")
def calibrated() -> SimulatedStudy:
    return fp.simulate_city_c(households=3000, waves=WAVES, seed=1)


def test_townships_have_the_shares_of_the_papers_table_2(calibrated: SimulatedStudy) -> None:
    first = calibrated.truth.households.query("wave == 2014")
    counts = first["township"].value_counts().sort_index()
    printed = np.array([308, 118, 26, 100, 125, 61, 40, 55, 64, 161, 115, 108, 123])
    assert len(first) == 3000
    assert np.abs(counts.to_numpy() - 3000 * printed / 1404).max() < 1


def test_income_comes_from_the_sources_the_paper_names(calibrated: SimulatedStudy) -> None:
    rows = calibrated.truth.households.query("wave == 2022")
    total = rows["income_total"].sum()
    assert rows["income_operating"].sum() / total == pytest.approx(0.3463, abs=5e-4)
    assert rows["income_farm"].sum() / rows["income_operating"].sum() > 0.60


def test_rates_are_those_the_study_is_meant_to_have(calibrated: SimulatedStudy) -> None:
    rows = calibrated.truth.households
    at_risk = rows[rows["hazard_kind"] == "relapse"]
    by_wave = at_risk.groupby("wave")["relapse"].mean()
    assert by_wave.between(0.08, 0.20).all()
    assert at_risk["relapse"].sum() > 400
    assert rows.query("wave == 2020")["is_poor"].mean() == pytest.approx(0.055, abs=0.02)
    assert rows.groupby("wave")["trained"].mean().max() < 0.20


def test_the_state_is_what_income_and_line_say(study: SimulatedStudy) -> None:
    rows = study.truth.households
    for total in ("income_total", "income_comparable"):
        assert ((rows[total] / rows["household_size"] < rows["line"]) == (rows["is_poor"] == 1)).all()
    away = (rows["income_pc"] / rows["line"] - 1).abs()
    assert away.min() > 0.015


def test_the_line_is_2300_yuan_of_2010(all_waves: SimulatedStudy) -> None:
    by_wave = all_waves.truth.households.groupby("wave")["line"].agg(["min", "max"])
    assert (by_wave["min"] == by_wave["max"]).all()
    assert by_wave.loc[2010, "min"] == 2300
    assert by_wave.loc[2012, "min"] == pytest.approx(2300 * 1.058 * 1.025)


def test_the_hazard_is_the_documented_one(study: SimulatedStudy) -> None:
    rows = study.truth.households.query("hazard_kind == 'relapse'")
    p = study.truth.parameters["relapse"]
    before = rows["spell_start"].where(
        rows["relapse"] == 0
    )  # a relapse starts a new spell: its escape is not in this row
    seen = rows[before.notna()]
    steps = (seen["wave"] - seen["spell_start"]) / 2
    eta = p["intercept"] + p["log_duration"] * np.log(steps) + seen["u_relapse"]
    eta += sum(p[c] * seen[f"{c}_before"] for c in CAUSES)
    np.testing.assert_allclose(seen["hazard"], 1 - np.exp(-np.exp(eta)), rtol=1e-12)


def test_causes_before_are_those_of_the_wave_before(exact: SimulatedStudy) -> None:
    rows = exact.truth.households.sort_values(["household_id", "wave"])
    last = rows.groupby("household_id")[["wave", *CAUSES]].shift(1)
    linked = last["wave"].notna()
    for cause in CAUSES:
        np.testing.assert_array_equal(rows.loc[linked, f"{cause}_before"], last.loc[linked, cause])


def test_concentration_is_the_sum_of_squared_shares(study: SimulatedStudy) -> None:
    rows = study.truth.households
    sources = rows[["income_wage", "income_operating", "income_property", "income_transfer", "income_other"]]
    shares = sources.div(sources.sum(axis=1), axis=0)
    np.testing.assert_allclose(rows["income_hhi"], (shares**2).sum(axis=1))


def test_concentration_over_earners_is_between_one_over_their_number_and_one(exact: SimulatedStudy) -> None:
    rows = exact.truth.households.set_index(["household_id", "wave"])
    wages = exact.truth.persons.query("member and wage > 0").groupby(["household_id", "wave"])["wage"]
    known = rows["earner_hhi"].dropna()
    expected = wages.apply(lambda w: ((w / w.sum()) ** 2).sum())
    np.testing.assert_allclose(known.sort_index(), expected.sort_index())
    assert known.index.sort_values().equals(expected.index.sort_values())


def test_spells_are_those_of_the_states(all_waves: SimulatedStudy) -> None:
    """Where all waves are observed, spells follow from the states alone."""
    rows = all_waves.truth.households.query("household_id == origin_household_id")
    mine = all_waves.truth.spells
    mine = mine[mine["household_id"].isin(rows["household_id"])]
    made = fp.spells(
        rows[["household_id", "wave", "is_poor"]], unit="household_id", time="wave", poor="is_poor", max_gap=2
    )
    joined = made.merge(mine, on=["household_id", "spell"], suffixes=("", "_true"), validate="1:1")
    assert len(joined) == len(made) == len(mine)
    for column in ("state", "start", "end"):
        assert (joined[column] == joined[f"{column}_true"]).all()


def test_what_is_reported_does_not_change_what_is(study: SimulatedStudy, exact: SimulatedStudy) -> None:
    pd.testing.assert_frame_equal(study.truth.households, exact.truth.households)
    pd.testing.assert_frame_equal(study.truth.persons, exact.truth.persons)
    assert not study.extracts["cfps2018famecon_202101"].frame.equals(exact.extracts["cfps2018famecon_202101"].frame)


def test_without_frailty_the_effects_are_zero_and_with_it_they_correlate() -> None:
    none = fp.simulate_city_c(households=100, waves=(2014,), seed=1, truth={"frailty": {"relapse": 0, "escape": 0}})
    assert (none.truth.households[["u_relapse", "u_escape"]] == 0).all().all()
    some = fp.simulate_city_c(
        households=2000, waves=(2014,), seed=1, truth={"frailty": {"relapse": 1, "correlation": -0.8}}
    )
    frame = some.truth.households
    assert frame["u_relapse"].std() == pytest.approx(1, abs=0.06)
    assert np.corrcoef(frame["u_relapse"], frame["u_escape"])[0, 1] == pytest.approx(-0.8, abs=0.05)


def test_training_can_be_selected_on_frailty() -> None:
    chosen = fp.simulate_city_c(
        households=2000, waves=(2016,), seed=1, truth={"training_on_frailty": 2.0}
    ).truth.households
    assert chosen.groupby("trained")["u_relapse"].mean().diff().iloc[-1] < -0.3


def test_persons_are_one_a_wave_and_keep_sex_and_birth(study: SimulatedStudy) -> None:
    people = study.truth.persons
    members = people[people["member"]]
    assert not members.duplicated(["person_id", "wave"]).any()
    assert (people.groupby("person_id")[["male", "birth_year", "origin_household_id"]].nunique() == 1).all().all()
    size = members.groupby(["household_id", "wave"]).size()
    rows = study.truth.households.set_index(["household_id", "wave"])["household_size"]
    pd.testing.assert_series_equal(size.sort_index(), rows.sort_index(), check_names=False)
    heads = members[members["relation"] == "head"].groupby(["household_id", "wave"]).size()
    assert len(heads) == len(rows)
    assert (heads == 1).all()


def test_couples_point_at_each_other_and_parents_are_older(study: SimulatedStudy) -> None:
    people = study.truth.persons.query("member and wave == 2018").set_index("person_id")
    married = people[people["spouse"].isin(people.index)]
    assert (people.loc[married["spouse"], "spouse"].to_numpy() == married.index.to_numpy()).all()
    for parent in ("father", "mother"):
        known = people[people[parent].isin(people.index)]
        assert len(known) > 200
        assert (known["birth_year"].to_numpy() - people.loc[known[parent], "birth_year"].to_numpy() >= 15).all()


def test_branches_descend_from_a_household_and_start_where_it_stood(study: SimulatedStudy) -> None:
    rows = study.truth.households
    branches = rows[rows["household_id"] != rows["origin_household_id"]]
    assert branches["household_id"].nunique() > 20
    assert branches["origin_household_id"].isin(rows["household_id"]).all()
    assert (branches.groupby("household_id")["wave"].min() > 2014).all()


def test_households_leave_for_three_reasons_and_do_not_come_back(study: SimulatedStudy) -> None:
    left = study.truth.left
    assert set(left["why"]) - {"dissolved"} == {"refused", "moved", "died"}  # a few dissolve
    last = study.truth.households.groupby("household_id")["wave"].max()
    gone = left.assign(last=left["household"].astype(str).map(last))
    assert (gone["last"] < gone["wave"]).all()


def test_a_subset_of_waves_is_the_same_process(study: SimulatedStudy) -> None:
    fewer = fp.simulate_city_c(households=600, waves=(2014, 2018, 2022), seed=7).truth.households
    whole = study.truth.households
    shared = whole[whole["wave"].isin([2014, 2018, 2022])].reset_index(drop=True)
    columns = ["household_id", "wave", "is_poor", "income_total", "household_size", "illness"]
    pd.testing.assert_frame_equal(fewer[columns], shared[columns])


def test_attributable_shares_vanish_without_effects() -> None:
    flat = {"relapse": {"income_hhi": 0, "trained": 0, "illness": 0, "school_gap": 0}}
    shares = fp.simulate_city_c(households=300, waves=(2014, 2016), seed=1, truth=flat).truth.attributable
    np.testing.assert_allclose(shares["share"], 0, atol=1e-12)


def test_attributable_shares_of_the_causes(calibrated: SimulatedStudy) -> None:
    shares = calibrated.truth.attributable.set_index("cause")["share"]
    assert (shares > 0.01).all()
    assert shares["all four"] > shares.drop("all four").max()


def test_exact_reports_are_the_incomes(exact: SimulatedStudy) -> None:
    assert set(EXACT) <= set(exact.truth.parameters)
    for wave, name in ((2014, "cfps2014famecon_201906"), (2018, "cfps2018famecon_202101")):
        frame = exact.extracts[name].frame
        true = exact.truth.households.query("wave == @wave").set_index("household_id")
        there = true.loc[frame[f"fid{wave % 100}"].astype(str)]
        assert (frame["fincome1"].to_numpy() == there["income_total"].to_numpy()).all()
        assert (frame["fincome2"].to_numpy() == there["income_comparable"].to_numpy()).all()
