"""What happens to the people of a household between two waves: births, deaths, weddings, leaving, and splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.population import SOURCES, base_shares, finished

DIED, WORK, SCHOOL, MARRIAGE, SPLIT = 1, 11, 12, 14, 16  # reasons for leaving, as the survey codes them
UNKNOWN = -9  # the survey's missing code: why a child left without adults is not recorded


def aged(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """The people of all households two years later, splits apart: `member` is False for those who left or died."""
    people = people.copy()
    _deaths(people, year, p, rng)
    _leaving(people, year, p, rng)
    heads = _new_heads(people)
    people = pd.concat([heads, _newcomers(heads, year, p, rng)], ignore_index=True)
    _fall_ill(people, year, p, rng)
    return people


def _age(people: pd.DataFrame, year: int) -> np.ndarray:
    return (year - people["birth_year"]).to_numpy()


def _gone(people: pd.DataFrame, who: np.ndarray, year: int, reason: int | np.ndarray) -> None:
    people.loc[who, "member"] = False
    people.loc[who, "left_wave"] = year
    people.loc[who, "left_reason"] = reason if isinstance(reason, int) else reason[who]


def _deaths(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> None:
    yearly = np.interp(_age(people, year), [0, 1, 20, 50, 65, 80, 95], [0.004, 0.0005, 0.001, 0.004, 0.014, 0.07, 0.25])
    chance = 1 - (1 - np.minimum(yearly * p["demography"]["mortality"], 1)) ** 2
    died = (rng.random(len(people)) < chance) & people["member"].to_numpy()
    _gone(people, died, year, DIED)
    widowed = people["member"] & people["spouse"].isin(people.loc[died, "pid"])
    people.loc[widowed, "spouse"] = 0


def _leaving(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> None:
    age, male = _age(people, year), people["male"].to_numpy()
    single = people["relation"].isin(["child", "grandchild"]) & (people["spouse"] == 0) & people["member"]
    chance = np.where((age >= 18) & (age <= 28), p["demography"]["leaving"] * np.where(male, 0.8, 2.0), 0)
    leaves = (rng.random(len(people)) < chance) & single.to_numpy()
    reason = np.where(age < 22, SCHOOL, np.where(male, WORK, MARRIAGE))
    _gone(people, leaves, year, reason)


def _new_heads(people: pd.DataFrame) -> pd.DataFrame:
    """The spouse, else the oldest adult, follows a head who is gone."""
    at_home = people[people["member"]]
    without = ~at_home["household"].isin(at_home.loc[at_home["relation"] == "head", "household"])
    order = at_home[without].assign(first=(at_home["relation"] != "spouse").astype(int))
    chosen = order.sort_values(["household", "first", "birth_year", "pid"]).drop_duplicates("household")
    people.loc[people["pid"].isin(chosen["pid"]), "relation"] = "head"
    return people


def _newcomers(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    age, members = _age(people, year), people["member"].to_numpy()
    chance = p["demography"]
    draw = rng.random(len(people))
    groom = (
        members
        & people["male"].to_numpy()
        & (people["relation"] == "child").to_numpy()
        & (people["spouse"] == 0).to_numpy()
    )
    groom &= (age >= 22) & (age <= 34) & (draw < chance["marriage"])
    weds = people[groom].drop_duplicates("household")
    fertile = members & ~people["male"].to_numpy() & (people["spouse"] > 0).to_numpy() & (age >= 20) & (age <= 38)
    mothers = people[fertile & (draw < chance["birth"])].drop_duplicates("household")
    of_head = mothers["relation"].isin(["head", "spouse"]).to_numpy()
    wives = _arrivals(weds, "child_in_law", weds["birth_year"] + 1, np.zeros(len(weds), bool))
    babies = _arrivals(mothers, np.where(of_head, "child", "grandchild"), year, rng.random(len(mothers)) < 0.53)
    wives["spouse"] = weds["pid"].to_numpy()
    babies["mother"], babies["father"] = mothers["pid"].to_numpy(), mothers["spouse"].to_numpy()
    new = pd.concat([wives, babies], ignore_index=True)
    # branches of one origin share its codes, so that a person keeps the number through splits
    last = people.groupby("origin")["code"].max()
    new["code"] = last.reindex(new["origin"]).to_numpy() + 1 + new.groupby("origin").cumcount().to_numpy()
    new["pid"] = new["origin"] * 1000 + new["code"]
    people.loc[weds.index, "spouse"] = new["pid"].to_numpy()[: len(weds)]
    return finished(new, p, rng, year)


def _arrivals(
    beside: pd.DataFrame, relation: str | np.ndarray, born: int | pd.Series, male: np.ndarray
) -> pd.DataFrame:
    """Someone new in the household of each row of `beside`."""
    return pd.DataFrame({
        "origin": beside["origin"], "household": beside["household"], "relation": relation, "birth_year": born,
        "male": male, "spouse": 0, "father": 0, "mother": 0,
    })  # fmt: skip


def _fall_ill(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> None:
    age = _age(people, year)
    chance = by_age(age, p["chronic"])
    people["chronic"] |= people["member"].to_numpy() & (rng.random(len(people)) < chance)


def by_age(age: np.ndarray, chance: Mapping[str, float]) -> np.ndarray:
    """The chance at 16-44, at 45-64 and from 65 on; 0 below 16."""
    return np.select([age < 16, age < 45, age < 65], [0.0, chance["young"], chance["middle"]], chance["old"])


def train(people: pd.DataFrame, households: pd.DataFrame, year: int, p: Mapping[str, Any]) -> None:
    """Train the youngest adult from 18 on of each household whose turn has come, until 2016."""
    span = p["trained_share"]
    share = np.interp(year, [2010, 2016], [span["2010"], span["2016"]])
    if year > 2016:
        return
    turn = households.loc[households["training_rank"] <= share, "household"]
    done = people.loc[people["trained_since"] > 0, "origin"].unique()
    age = _age(people, year)
    able = people["member"] & people["household"].isin(turn) & ~people["origin"].isin(done) & (age >= 18)
    chosen = (
        people[able]
        .sort_values(["origin", "birth_year", "pid"], ascending=[True, False, True])
        .drop_duplicates("origin")
    )
    people.loc[chosen.index, "trained_since"] = year


def split(
    people: pd.DataFrame,
    households: pd.DataFrame,
    year: int,
    next_fid: int,
    p: Mapping[str, Any],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Married sons who set up their own household with wife and children.

    Returns
    -------
    The people, those who moved now in their new household; the households with the new ones, which start with all
    that the old one had; and the rows of the movers as they left the old one.
    """
    son = people[people["member"] & (people["relation"] == "child") & (people["spouse"] > 0)].drop_duplicates(
        "household"
    )
    son = son[rng.random(len(son)) < p["demography"]["split"]]
    new = pd.Series(next_fid + np.arange(len(son)), son["household"].to_numpy())
    family = people["member"] & (
        people["pid"].isin(son["pid"]) | people["pid"].isin(son["spouse"])
        | people["father"].isin(son["pid"]) & (people["relation"] == "grandchild")
    )  # fmt: skip
    left = people[family].copy()
    left["member"], left["left_wave"], left["left_reason"] = False, year, SPLIT
    people.loc[family, "household"] = new.reindex(people.loc[family, "household"]).to_numpy()
    for old, now in (("child", "head"), ("child_in_law", "spouse"), ("grandchild", "child")):
        people.loc[family & (people["relation"] == old), "relation"] = now
    branch = households.set_index("household").loc[new.index].reset_index()
    branch["household"] = new.to_numpy()
    branch["income_rank"] = rng.standard_normal(len(branch))
    branch["land"] = branch["land"] / 2
    branch[[f"share_{s}" for s in SOURCES]] = base_shares(len(branch), p, rng)
    return people, pd.concat([households, branch], ignore_index=True), left
