"""The households' lives from 2010 to the last wave asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.errors import InputError
from fanpin.simulate import demography, exposures, incomes, poverty_process
from fanpin.simulate.population import made_households, made_persons
from fanpin.simulate.truth import WAVES

LEFT = ["household", "wave", "why"]


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """A row a household and wave observed, a row a person and wave, and the households that left the survey."""

    households: pd.DataFrame
    persons: pd.DataFrame
    left: pd.DataFrame


def lived_through(
    n: int, waves: tuple[int, ...], p: Mapping[str, Any], rngs: Mapping[str, np.random.Generator]
) -> History:
    """Simulate all survey years from 2010 to the last wave; keep what is observed at the waves.

    Before the first wave the households' members stay as they are at that wave, and nobody leaves the survey: the
    years from 2010 on only give each household its past in and out of poverty.
    """
    first = waves[0]
    households = made_households(n, p, rngs["households"])
    people = made_persons(households, first, p, rngs["people"])
    kept: dict[str, list[pd.DataFrame]] = {"households": [], "persons": [], "left": []}
    moved = ended = people.iloc[:0]
    next_fid = int(households["household"].max()) + 1
    for year in (y for y in WAVES if y <= waves[-1]):
        if year > first:
            households, people, gone, last = _survivors(households, people, year, p, rngs)
            kept["left"].append(gone)
            ended = pd.concat([ended, last], ignore_index=True)
            people, households, now = demography.split(people, households, year, next_fid, p, rngs["people"])
            next_fid += int((now["relation"] == "child").sum())
            moved = pd.concat([moved, now], ignore_index=True)
        demography.train(people, households, year, p)
        households, persons = _wave(households, people, year, first, p, rngs)
        if year in waves:
            kept["households"].append(households.assign(wave=year))
            moved = moved[moved["household"].isin(households["household"])]
            seen = pd.concat(kept["households"])["household"]
            absent = pd.concat([moved, ended[ended["household"].isin(seen)]], ignore_index=True)
            kept["persons"] += [persons.assign(wave=year), _absent(absent, persons, year).assign(wave=year)]
            ended = ended.iloc[:0]
    return History(
        households=_stacked(kept["households"]), persons=_stacked(kept["persons"]), left=_stacked(kept["left"])
    )


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [f for f in frames if len(f)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=LEFT)


def _absent(moved: pd.DataFrame, persons: pd.DataFrame, year: int) -> pd.DataFrame:
    """Those who moved out, or whose household ended, in the columns of the others: nothing is known of them here."""
    nothing = {"b": False, "i": 0, "u": 0, "f": 0.0}
    frame = moved.assign(age=year - moved["birth_year"])
    for name in persons.columns.difference(frame.columns):
        frame[name] = nothing.get(persons[name].dtype.kind, "")
    return frame[list(persons.columns)]


def _survivors(
    households: pd.DataFrame,
    people: pd.DataFrame,
    year: int,
    p: Mapping[str, Any],
    rngs: Mapping[str, np.random.Generator],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Who is still there two years later, the households that are not, and what the survey learns of their people.

    A household without adults has died if all its members did, moved if all the living went away for work, and else
    dissolved. Of those that refused nothing is learnt.
    """
    people = demography.aged(people, year, p, rngs["people"])
    adults = people.loc[people["member"] & (year - people["birth_year"] >= exposures.ADULT), "household"]
    b, draw = p["attrition"], rngs["attrition"].random((2, len(households)))
    times = np.exp(b["on_poverty"] * households["poor"].to_numpy())
    why = np.select(
        [~households["household"].isin(adults), draw[0] < b["moved"] * times, draw[1] < b["refused"] * times],
        ["ended", "moved", "refused"], "",
    )  # fmt: skip
    gone = pd.DataFrame({"household": households["household"], "wave": year, "why": why})[why != ""]
    last = _last_people(people, gone, year)
    gone["why"] = gone["why"].where(gone["why"] != "ended", gone["household"].map(_how_ended(last, year)))
    stay = households[why == ""].reset_index(drop=True)
    if stay.empty:
        raise InputError(
            f"no household is left in {year}", where="truth= of simulate_city_c",
            next_step="lower attrition or mortality, or ask for more households",
        )  # fmt: skip
    return stay, people[people["household"].isin(stay["household"])].reset_index(drop=True), gone, last


def _last_people(people: pd.DataFrame, gone: pd.DataFrame, year: int) -> pd.DataFrame:
    """The people of households that ended or moved, all absent now; with a household that moves all the living move."""
    why = people["household"].map(gone.set_index("household")["why"])
    last, why = people[why.isin(["ended", "moved"])].copy(), why[why.isin(["ended", "moved"])]
    living = (last["left_wave"] == year) & (last["left_reason"] != demography.DIED) | last["member"]
    last.loc[last["member"], "left_reason"] = demography.UNKNOWN
    last.loc[living & (why == "moved"), "left_reason"] = demography.WORK
    last.loc[last["member"], "left_wave"] = year
    return last.assign(member=False)


def _how_ended(last: pd.DataFrame, year: int) -> pd.Series:
    """By household: died, moved or dissolved, from what became of those who were members two years before."""
    now = last[last["left_wave"] == year]
    all_in = (now["left_reason"] == demography.DIED).groupby(now["household"]).all()
    away = now["left_reason"].isin([demography.DIED, demography.WORK]).groupby(now["household"]).all()
    return pd.Series(np.select([all_in, away], ["died", "moved"], "dissolved"), index=all_in.index)


def _wave(
    households: pd.DataFrame, people: pd.DataFrame, year: int, first: int, p: Mapping[str, Any],
    rngs: Mapping[str, np.random.Generator],
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """One survey year: who is poor now, what the members live through, and the incomes that go with it."""
    before: dict[str, Any] = {f"{c}_before": np.nan for c in poverty_process.CAUSES}
    if year > WAVES[0]:
        households = poverty_process.stepped(households, year, p, rngs["poverty"])
        before = {f"{c}_before": households[c] for c in poverty_process.CAUSES}
    else:
        households = households.assign(hazard_kind="", hazard=np.nan)
    persons = exposures.lived(people, max(year, first), p, rngs["exposures"])
    households = exposures.of_households(households.assign(**before), persons)
    money = incomes.received(households, year, p, rngs["incomes"])
    households = pd.concat([households.drop(columns=[c for c in money if c in households]), money], axis=1)
    persons = persons.assign(wage=exposures.with_wages(persons, households))
    return households.assign(earner_hhi=exposures.earner_concentration(persons, households)), persons
