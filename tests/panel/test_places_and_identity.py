"""Places joined to households, and persons who change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import DataError, InputError, LinkWarning, UnknownNameError

PLACES = pd.DataFrame(
    {"place_id": ["p", "p", "q"], "wave": [1990, 2000, 2000], "schools": [3, 4, 9], "place_urban": [0, 1, 1]}
)
HOMES = pd.DataFrame({"household_id": list("abcd"), "place_id": ["p", "q", "p", "q"], "wave": [2000, 2000, 1990, 2000]})


def test_places_of_the_same_wave_are_attached():
    found = fp.join_places(HOMES, PLACES)
    assert found["place_schools"].tolist() == [4, 9, 3, 9]
    assert found["place_urban"].tolist() == [1, 1, 0, 1]
    assert found["place_wave"].tolist() == [2000, 2000, 1990, 2000]
    assert set(found["place_match"]) == {"matched"}
    assert found[HOMES.columns.tolist()].equals(HOMES)
    assert "place_urban" not in fp.join_places(HOMES, PLACES, columns="schools")


def test_the_latest_census_is_never_a_later_one():
    homes = HOMES.assign(wave=[2010, 1995, 1999, 2000]).sample(frac=1, random_state=np.random.default_rng(0))
    with pytest.warns(LinkWarning, match="1 no wave: q"):
        found = fp.join_places(homes, PLACES, wave="latest").set_index("household_id")
    assert found["place_schools"].reindex(list("abcd")).tolist() == pytest.approx([4, np.nan, 3, 9], nan_ok=True)
    assert found["place_wave"].reindex(list("acd")).tolist() == [2000, 1990, 2000]
    assert found.loc["b", "place_match"] == "no wave"


def test_unmatched_households_stay_with_the_reason():
    homes = HOMES.assign(place_id=["p", "r", None, "q"], wave=[1999, 2000, 2000, 2000])
    with pytest.warns(LinkWarning, match="1 no place; 1 unknown place: r; 1 no wave: p"):
        found = fp.join_places(homes, PLACES)
    assert found["place_match"].tolist() == ["no wave", "unknown place", "no place", "matched"]
    assert len(found) == 4


def test_bad_places_are_named():
    with pytest.raises(DataError, match=r"duplicate key \(place_id, wave\)"):
        fp.join_places(HOMES, pd.concat([PLACES, PLACES]))
    with pytest.raises(UnknownNameError, match="unknown column 'clinics'"):
        fp.join_places(HOMES, PLACES, columns="clinics")
    with pytest.raises(UnknownNameError, match="value for wave="):
        fp.join_places(HOMES, PLACES, wave="next")
    with pytest.raises(InputError, match="'place_schools' has a name that the result needs"):
        fp.join_places(HOMES.assign(place_schools=1), PLACES)
    with pytest.raises(InputError, match="years in one table and quarters in the other"):
        fp.join_places(HOMES.assign(wave=8015), PLACES, wave="latest")
    with pytest.raises(DataError, match="in one table and"):
        fp.join_places(HOMES.assign(place_id=1), PLACES)
    with pytest.raises(UnknownNameError, match="unknown column 'town'"):
        fp.join_places(HOMES, PLACES, on="town")


PEOPLE = pd.DataFrame(
    [
        ("1", "a", 2010, 0, 30, 1980, "head"), ("1", "a", 2014, 1, 34, 1980, "spouse"),
        ("2", "a", 2010, 1, 28, 1982, "spouse"), ("2", "a", 2014, 1, 35, 1979, "head"),
        ("3", "b", 2010, 1, 50, 1960, "head"), ("3", "b", 2014, 1, 56, 1960, "head"),
        ("4", "b", 2010, 1, np.nan, 1960, "child"),
    ],
    columns=["person_id", "household_id", "wave", "female", "age", "birth_year", "relation"],
)  # fmt: skip


def test_persons_and_heads_that_change_are_listed():
    found = fp.identity_checks(PEOPLE)
    assert found[["check", "household", "person", "before", "after"]].to_numpy().tolist() == [
        ["age", "a", "2", "28", "35"],  # seven years older after four; six after four is within two
        ["birth_year", "a", "2", "1982", "1979"],
        ["head", "a", "2", "1", "2"],
        ["sex", "a", "1", "0", "1"],
    ]
    assert found.loc[0, "drift"] == 3
    assert found["from_wave"].tolist() == [2010] * 4
    strict = fp.identity_checks(PEOPLE, age_tolerance=1)
    assert strict[strict["check"] == "age"]["person"].tolist() == ["2", "3"]
    shuffled = fp.identity_checks(PEOPLE.sample(frac=1, random_state=np.random.default_rng(2)))
    pd.testing.assert_frame_equal(found, shuffled)


def test_quarters_count_as_quarters_and_what_is_absent_is_not_checked():
    people = PEOPLE[["person_id", "household_id", "age"]].assign(wave=[8040, 8044, 8040, 8044, 8040, 8044, 8040])
    found = fp.identity_checks(people, period="quarter")
    assert found[["check", "person"]].to_numpy().tolist() == [["age", "1"], ["age", "2"], ["age", "3"]]
    with pytest.raises(InputError, match="nothing to compare"):
        fp.identity_checks(people.drop(columns="age"), period="quarter")
    with pytest.raises(InputError, match="not of period 'year'"):
        fp.identity_checks(people)
    with pytest.raises(DataError, match="duplicate key"):
        fp.identity_checks(pd.concat([PEOPLE, PEOPLE]))
    with pytest.raises(DataError, match="'age' is not numeric"):
        fp.identity_checks(PEOPLE.assign(age="thirty"))
