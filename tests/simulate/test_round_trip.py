"""Simulated files through harmonise and back to the truth: values, states, reasons, coefficients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.harmonise.harmonised import Harmonised
from fanpin.simulate import SimulatedStudy
from fanpin.simulate.cfps_files import names

HONEST = {"misreport_sd": 0, "heaping_share": 0}
ALL = (2010, 2012, 2014, 2016, 2018, 2020, 2022)


@pytest.fixture(scope="module")
def honest() -> SimulatedStudy:
    """All seven waves, incomes reported as they are, some answers missing."""
    return fp.simulate_city_c(households=250, waves=ALL, seed=21, truth=HONEST)


@pytest.fixture(scope="module")
def honest_folder(honest: SimulatedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("round-trip") / "city-c"
    honest.write(target)
    return target


@pytest.fixture(scope="module")
def cfps(honest_folder: Path) -> Harmonised:
    with pytest.warns(UserWarning, match="not confirmed by any codebook"):
        return fp.harmonise("cfps", honest_folder / "cfps")


def _texts(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """The keys as plain text, as the truth has them."""
    return frame.assign(**{k: frame[k].astype(float).astype("int64").astype(str) for k in keys})


def _beside_truth(made: pd.DataFrame, true: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    both = _texts(made, *[k for k in keys if k != "wave"]).merge(
        true, on=keys, how="outer", suffixes=("", "_true"), indicator=True, validate="1:1"
    )
    assert (both["_merge"] == "both").all(), both["_merge"].value_counts().to_dict()
    return both


@pytest.fixture(scope="module")
def households(cfps: Harmonised, honest: SimulatedStudy) -> pd.DataFrame:
    return _beside_truth(cfps.household_wave, honest.truth.households, ["household_id", "wave"])


@pytest.fixture(scope="module")
def persons(cfps: Harmonised, honest: SimulatedStudy) -> pd.DataFrame:
    true = honest.truth.persons.query("member")
    return _beside_truth(cfps.person_wave, true, ["person_id", "wave"])


def _same(made: pd.Series, true: pd.Series, *, within: float = 0.0) -> None:
    """Equal wherever the survey has a value, and it has one for most."""
    known = made.notna()
    assert known.mean() > 0.9
    gap = (made[known].astype(float) - true[known].astype(float)).abs()
    assert gap.max() <= within, gap.nlargest(3).to_dict()


# --- households -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("source", ["wage", "property", "transfer", "other"])
def test_incomes_by_source_are_the_true_ones(households: pd.DataFrame, source: str) -> None:
    true = households[f"income_{source}_true"]
    if source == "property":  # without compensation for land in 2010
        true = true - households["income_land_compensation"].where(households["wave"] == 2010, 0)
    _same(households[f"income_{source}"], true)


@pytest.mark.slow
def test_totals_are_the_true_ones(households: pd.DataFrame) -> None:
    later = households[households["wave"] > 2010]  # 2010 is gross
    _same(later["income_total"], later["income_total_true"])
    _same(later["income_operating"], later["income_operating_true"])
    both = households[households["wave"].between(2010, 2018)]
    _same(both["income_comparable"], both["income_comparable_true"])


@pytest.mark.slow
def test_size_place_and_origin_are_the_true_ones(households: pd.DataFrame) -> None:
    _same(households["household_size"], households["household_size_true"])
    _same(households["members_listed"], households["household_size_true"])
    _same(households["community"], 9100 + households["township"])
    _same(households["psu"], households["township"])
    _same(households["urban"], households["urban_true"])
    _same(households["origin_household_id"], households["origin_household_id_true"])
    assert (households["province"].astype(float) == 45).all()


@pytest.mark.slow
def test_spending_is_the_true_one(households: pd.DataFrame) -> None:
    _same(households["spending_medical"], households["oop_medical_true"])
    _same(households["spending_education"], households["schooling_cost"])


@pytest.mark.slow
def test_a_researchers_panel_has_the_simulated_states(cfps: Harmonised, honest: SimulatedStudy) -> None:
    """Deflated to 2010 and compared with 2,300 yuan, the files show who was poor when, and who fell back."""
    rows = cfps.household_wave
    total = rows["income_total"].where(rows["wave"] > 2010, rows["income_comparable"])  # the total of 2010 is gross
    rows = rows.assign(welfare=(total / rows["household_size"]).astype(float)).dropna(subset=["welfare"])
    real = fp.deflate(rows, columns="welfare", time="wave", base_year=2010)
    line = fp.Line.absolute(2300, currency="CNY", year=2010)
    status = fp.poverty_status(
        _texts(real, "household_id"), welfare="welfare_real_2010", line=line, unit="household_id", time="wave"
    )
    both = status.merge(honest.truth.households, on=["household_id", "wave"], suffixes=("", "_true"), validate="1:1")
    assert len(both) == len(status) > 1200
    assert (both["is_poor"] == both["is_poor_true"]).all()


# --- persons --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_persons_are_the_members_and_keep_what_does_not_change(persons: pd.DataFrame) -> None:
    _same(persons["birth_year"], persons["birth_year_true"])
    _same(persons["female"], ~persons["male"])
    assert (persons["household_id"].astype(float) == persons["household_id_true"].astype(float)).all()
    for parent in ("father", "mother"):
        known = persons[f"{parent}_id"].notna()
        assert known.sum() > 500
        made = persons.loc[known, f"{parent}_id"].astype(float).astype("int64").astype(str)
        assert (made == persons.loc[known, parent]).all()
        assert (persons.loc[~known, parent] == "").all()


@pytest.mark.slow
def test_adults_answers_are_the_true_ones(persons: pd.DataFrame) -> None:
    adults = persons[persons["age_true"] >= 16]
    _same(adults["age"], adults["age_true"])
    _same(adults["schooling_years"], adults["schooling_years_true"])
    _same(adults["chronic"], adults["chronic_true"])
    _same(adults["hospitalised"], adults["hospitalised_true"])
    _same(adults["oop_medical"], adults["oop_medical_true"])
    asked = adults[adults["wave"].isin([2012, 2014, 2016])]
    _same(asked["trained"], asked["trained_since"] > 0)


@pytest.mark.slow
def test_the_causes_can_be_made_from_the_files(persons: pd.DataFrame, honest: SimulatedStudy) -> None:
    """The gap in schooling and illness by household, from the persons of 16 and over."""
    adults = persons[persons["age_by_birth_year"].astype(float) >= 16]
    grouped = adults.groupby([adults["household_id"].astype(float).astype("int64").astype(str), "wave"])
    gap = (9 - grouped["schooling_years"].mean().astype(float)).clip(lower=0)
    complete = grouped["hospitalised"].apply(lambda x: x.notna().all())
    ill = grouped["hospitalised"].max().astype(float)
    true = honest.truth.households.set_index(["household_id", "wave"])
    np.testing.assert_allclose(gap, true.loc[gap.index, "school_gap"])
    known = complete[complete].index
    assert len(known) > 0.8 * len(complete)
    assert (ill.loc[known] == true.loc[known, "illness"]).all()


# --- reasons --------------------------------------------------------------------------------------------------------

MAPPED = {  # our item -> table and canonical column
    "self_reported": ("household_wave", "income_reported"), "medical_item": ("household_wave", "spending_medical"),
    "schooling_item": ("household_wave", "spending_education"), "gifts": ("household_wave", "spending_gifts"),
    "farm_own_use": ("household_wave", "farm_own_consumption"), "bank_loan": ("household_wave", "debt_bank"),
    "health": ("person_wave", "self_rated_health"), "chronic": ("person_wave", "chronic"),
    "hospitalised": ("person_wave", "hospitalised"), "medical_oop": ("person_wave", "oop_medical"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("item", sorted(MAPPED))
def test_reasons_are_the_planted_ones(cfps: Harmonised, honest: SimulatedStudy, item: str) -> None:
    table, column = MAPPED[item]
    key, role = ("household_id", "famecon") if table == "household_wave" else ("person_id", "person")
    made: Any = _texts(getattr(cfps, table), key).set_index([key, "wave"])[f"{column}__missing"]
    made = made[made.isin(["dont_know", "refused", "lost_in_coding"])]
    holes = honest.truth.planted
    variables = names()[role][item]["names"]
    holes = holes[(holes["variable"] == holes["wave"].astype(str).map(variables)) & holes["code"].notna()]
    holes = holes[holes["extract"].str.contains("famecon" if role == "famecon" else "adult|person")]
    number = holes["household" if role == "famecon" else "pid"].astype("int64").astype(str)
    expected = {(n, w): r for n, w, r in zip(number, holes["wave"], holes["reason"], strict=True)}
    if key == "person_id":  # for those of 10 to 15 a parent has answered too, and that answer counts
        ages = honest.truth.persons.query("member").set_index(["person_id", "wave"])["age"]
        made = made[ages.loc[made.index] >= 16]
        expected = {k: r for k, r in expected.items() if ages[k] >= 16}
    assert len(expected) >= 5
    assert made.to_dict() == expected


@pytest.mark.slow
def test_the_surveys_own_rules_hold_and_only_leavers_are_left_out(cfps: Harmonised) -> None:
    rules = cfps.issues.loc[~cfps.issues["rule"].str.contains("is not 1|several with"), ["file", "rule", "rows"]]
    assert rules.to_dict("records") == []


# --- register, census, places ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_register_comes_back(honest: SimulatedStudy, honest_folder: Path) -> None:
    made = fp.harmonise("register", sorted((honest_folder / "register").glob("*2020.xlsx")))
    rows = made.household_wave
    number = rows["household_id"].str.lstrip("0")
    true = honest.truth.households.query("wave == 2020").set_index("household_id").loc[number]
    assert len(rows) == honest.truth.households.query("wave == 2020")["listed"].sum()
    np.testing.assert_allclose(rows["income_total"].astype(float), true["income_total"])
    np.testing.assert_allclose(rows["income_pc"].astype(float), true["income_pc"], atol=0.01)
    kinds = {
        "脱贫不稳定户": "unstable",
        "边缘易致贫户": "marginal",
        "突发严重困难户": "sudden hardship",
        "": "not monitored",
    }
    assert (rows["monitoring_category"].to_numpy() == true["category"].map(kinds).to_numpy()).all()
    people = made.person_wave
    members = honest.truth.persons.query("member and wave == 2020").set_index("person_id")
    there = members.loc[people["person_id"].str.lstrip("0")]
    assert (people["enrolled"].astype(bool).to_numpy() == there["enrolled"].to_numpy()).all()
    assert (
        (people["labour_ability"] == "skilled").to_numpy()
        == ((there["trained_since"] > 0) & (there["age"] >= 16)).to_numpy()
    ).all()


@pytest.mark.slow
def test_the_census_and_the_places_come_back(honest: SimulatedStudy, honest_folder: Path) -> None:
    table = honest.extracts["ipumsi_00001"].frame
    by_csv = fp.harmonise("ipums", honest_folder / "census")
    fixed = fp.harmonise("ipums", honest_folder / "census-fixed-width")
    assert len(by_csv.person_wave) == len(fixed.person_wave) == len(table)
    assert by_csv.place_wave["population"].sum() == pytest.approx(table["PERWT"].sum())
    pd.testing.assert_series_equal(by_csv.place_wave["population"], fixed.place_wave["population"])
    places = fp.harmonise("places", honest_folder / "places")
    assert places.issues.empty
    assert set(places.place_wave["place_id"].astype(float)) == {9100.0 + k for k in range(1, 14)}
    assert places.place_wave["wave"].nunique() == len(ALL)


# --- the coefficients ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_relapse_hazard_is_recovered_where_there_is_no_frailty() -> None:
    """A complementary log-log model of the states gives back the coefficients they were drawn with."""
    drawn = fp.simulate_city_c(
        households=12_000, waves=ALL[2:], seed=5, truth={**HONEST, "frailty": {"relapse": 0, "escape": 0}}
    )  # fmt: skip
    panel = drawn.truth.households.drop(columns=["relapse", "duration"])
    risk = fp.relapse_risk_set(panel, unit="household_id", time="wave", poor="is_poor", max_gap=2)
    risk["log_duration"] = np.log(risk["duration"] / 2)
    causes = ["income_hhi_before", "trained_before", "illness_before", "school_gap_before"]
    fitted = (
        fp.hazard(f"relapse ~ log_duration + {' + '.join(causes)}", risk, unit="household_id").tidy().set_index("term")
    )
    true = (
        drawn.truth.coefficients.query("equation == 'relapse'")
        .set_index("term")["value"]
        .rename({"intercept": "Intercept"})
    )
    away = (fitted["estimate"] - true[fitted.index]) / fitted["std_error"]
    assert risk["relapse"].sum() > 700
    assert (away.abs() < 3).all(), away.to_dict()
    strong = fitted.loc[causes, "estimate"].abs() / fitted.loc[causes, "std_error"]
    assert (strong > 4).all()  # the draw is large enough to tell each effect from none
