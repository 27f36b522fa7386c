"""Weights of later households: by hand, in a census, and without bias over samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_households import HOUSEHOLDS, PERSONS

import fanpin as fp
from fanpin.core.errors import DataError, InputError, LinkWarning


def test_shares_by_hand():
    with pytest.warns(LinkWarning, match="nobody who could have been in the population at wave 1"):
        found = fp.shared_weights(HOUSEHOLDS, persons=PERSONS.assign(age=np.where(PERSONS["person_id"] == "x", 0, 30)))
    weight = found.set_index(["household_id", "wave"])["shared_weight"]
    assert weight["A", 1] == 2
    assert weight["B", 2] == 2  # two members of A: the full weight, not half of it
    assert weight["A", 2] == (2 + 0) / 2  # n is of full age here, so was somewhere at wave 1
    assert weight["B", 3] == pytest.approx((2 + 2 + 0) / 3)
    assert weight["E", 3] == pytest.approx((3 + 3 + 5) / 3)  # a merger
    assert np.isnan(weight["C", 2])
    young = PERSONS.assign(age=np.where(PERSONS["person_id"].isin(["n", "x"]), 0, 30))
    with pytest.warns(LinkWarning):
        born = fp.shared_weights(HOUSEHOLDS, persons=young).set_index(["household_id", "wave"])["shared_weight"]
    assert born["A", 2] == 2


def population(seed=5):
    """100 households of which members move among each other's and into new ones: all persons at two waves."""
    rng = np.random.default_rng(seed)
    first = pd.DataFrame({"person_id": np.arange(300), "household_id": rng.integers(0, 100, 300), "wave": 1})
    moved = np.where(rng.random(300) < 0.3, rng.integers(0, 150, 300), first["household_id"])
    return first, first.assign(household_id=moved, wave=2)


def observed(sample, first, second):
    """What a panel that follows everybody it once sampled sees, with all who live with them."""
    start = first[first["household_id"].isin(sample)]
    later = second[
        second["household_id"].isin(second.loc[second["person_id"].isin(start["person_id"]), "household_id"])
    ]
    persons = pd.concat([start, later])
    return persons[["household_id", "wave"]].drop_duplicates().assign(weight=5.0), persons


def test_a_census_gives_every_later_household_the_weight_one():
    persons = pd.concat(population())
    waves = persons[["household_id", "wave"]].drop_duplicates().assign(weight=1.0)
    assert fp.shared_weights(waves, persons=persons)["shared_weight"].tolist() == pytest.approx([1.0] * len(waves))


def test_totals_of_later_households_are_unbiased_over_samples():
    first, second = population()
    homes = first["household_id"].unique()
    truth = second["household_id"].nunique()
    rng = np.random.default_rng(8)
    totals = []
    for _ in range(300):
        waves, persons = observed(homes[rng.random(len(homes)) < 0.2], first, second)
        found = fp.shared_weights(waves, persons=persons)
        totals.append(found.loc[found["wave"] == 2, "shared_weight"].sum())
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - truth) < 3 * error
    assert error < 0.03 * truth


def test_bad_input_is_named():
    with pytest.raises(DataError, match="first wave is missing or negative"):
        fp.shared_weights(HOUSEHOLDS.assign(weight=-1.0), persons=PERSONS)
    with pytest.raises(InputError, match="not of period 'quarter'"):
        fp.shared_weights(HOUSEHOLDS, persons=PERSONS, period="quarter")
    with pytest.raises(DataError, match=r"duplicate key \(person_id, wave\)"):
        fp.shared_weights(HOUSEHOLDS, persons=pd.concat([PERSONS, PERSONS]))
