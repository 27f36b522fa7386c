"""Spain's survey of living conditions: the statistical office's published poverty figures, from the raw files.

The line is 60 % of the median of equivalent income over persons (household weight times size): the smallest income with
more than half of the persons at or below it. No household stands at the line, so strict or not makes no difference.
"""

from __future__ import annotations

import numpy as np
import pytest

import fanpin as fp

pytestmark = pytest.mark.shared
PRINTED = {2013: (20.4, 8114), 2015: (22.1, 8011)}  # at-risk-of-poverty rate in per cent, line in euros
SOURCES = {  # household columns whose sum is disposable income, with their sign
    1: ["income_wage", "income_in_kind", "income_operating", "income_private_pension", "income_unemployment", "income_pension",
        "income_survivor_pension", "income_sickness", "income_disability", "income_scholarship", "income_property",
        "income_family_benefit", "income_social_assistance", "income_housing_benefit", "income_private_transfer",
        "income_of_children"],
    -1: ["tax_wealth", "tax_adjustment", "transfers_paid"],
}  # fmt: skip


@pytest.fixture(scope="module")
def spain(shared):
    return fp.harmonise("eu-silc", shared / "data" / "ecv-spain")


@pytest.fixture(scope="module")
def households(spain):
    return spain.household_wave.assign(equivalent_income=lambda d: d["income_total"] / d["equivalent_size"])


def test_rows_of_the_outer_merge_become_households_and_persons(spain):
    assert spain.household_wave.groupby("wave").size().to_dict() == {2013: 12_139, 2015: 12_367}
    assert spain.person_wave.groupby("wave").size().to_dict() == {2013: 26_883, 2015: 27_215}
    assert set(spain.person_wave["household_id"]) == set(spain.household_wave["household_id"])
    left = spain.issues[spain.issues["action"] == "left out"].groupby(["file", "table"])["rows"].sum().to_dict()
    assert left == {
        ("ecv_2013.gz", "household_wave"): 38_809 - 12_139, ("ecv_2013.gz", "person_wave"): 38_809 - 26_883,
        ("ecv_2015.gz", "household_wave"): 39_337 - 12_367, ("ecv_2015.gz", "person_wave"): 39_337 - 27_215,
    }  # fmt: skip


@pytest.mark.parametrize("year", PRINTED)
def test_published_rate_and_line(households, year):
    rate, line = PRINTED[year]
    one = households[households["wave"] == year]
    found = {
        strict: fp.poverty(
            one, welfare="equivalent_income", line=fp.Line.relative(0.6), size="household_size", strict=strict,
            design=fp.Design(weight="weight", stratum="stratum", psu="psu"),
        )
        for strict in (True, False)
    }  # fmt: skip
    assert round(100 * found[True].params["headcount"], 1) == rate
    assert found[True].params["headcount"] == found[False].params["headcount"]
    status = fp.poverty_status(
        one.assign(persons=one["weight"] * one["household_size"]), welfare="equivalent_income", line=fp.Line.relative(0.6),
        unit="household_id", time="wave", weight="persons",
    )  # fmt: skip
    assert status["line"].nunique() == 1 and round(status["line"].iloc[0]) == line
    assert (
        status["is_poor"].to_numpy() == one["is_poor_official"].to_numpy()
    ).all()  # the office's own flag, every household


def test_published_means_of_2015(households):
    one = households[households["wave"] == 2015]
    assert round(np.average(one["income_total"], weights=one["weight"])) == 26_092
    persons = (one["weight"] * one["household_size"]).sum()
    assert round((one["income_total"] * one["weight"]).sum() / persons) == 10_419


def test_income_by_source_adds_up_to_disposable_income_in_every_household(households):
    total = sum(sign * households[c] for sign, columns in SOURCES.items() for c in columns)
    assert np.abs(total - households["income_total"]).max() < 0.06  # components are rounded to cents


def test_property_income_is_its_parts_and_identifiers_carry_the_year(households):
    parts = households["income_rent"] + households["income_interest"]
    assert np.allclose(households["income_property"], parts, rtol=0, atol=1e-9)
    assert households["household_id"].str[:4].astype(int).equals(households["wave"])


def test_flags_give_reasons(spain):
    persons = spain.person_wave
    level = persons[persons["education_level"].isna()].groupby("wave")["education_level__missing"].value_counts()
    assert level.to_dict() == {
        (2013, "not_applicable"): 1329, (2013, "lost_in_coding"): 448, (2015, "lost_in_coding"): 307,
    }  # fmt: skip
    imputed = spain.household_wave.groupby("wave")["income_imputed"].sum().to_dict()
    assert imputed == {2013: 1338, 2015: 1465}
