"""What persons go through in a wave, and what that makes of their households."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.demography import by_age

LEVELS = ("township", "county", "city", "region")
SCHOOL_FROM, COMPULSORY = 6, 9  # age at entry; years everyone has to stay
ADULT = 16


def lived(people: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """The people with their age, schooling, health and costs of the wave: yuan of the last 12 months."""
    frame = people.copy()
    age = (year - frame["birth_year"]).to_numpy()
    reached = np.clip(age - SCHOOL_FROM, 0, None)
    frame["age"] = age
    frame["schooling_years"] = np.minimum(reached, frame["schooling_end"])
    frame["enrolled"] = (age >= SCHOOL_FROM) & (reached < frame["schooling_end"])
    frame["out_of_school"] = (age >= SCHOOL_FROM) & (age < ADULT - 1) & ~frame["enrolled"]
    price = p["rural_prices"][str(year)]
    _health(frame, p, price, rng)
    cost = p["schooling_cost"]
    stage = [frame["schooling_years"] < 6, frame["schooling_years"] < 9, frame["schooling_years"] < 12]
    amount = np.select(stage, [cost["primary"], cost["junior"], cost["senior"]], cost["college"])
    spread = rng.lognormal(0, 0.4, len(frame))
    frame["schooling_cost"] = np.rint(np.where(frame["enrolled"], amount * price * spread, 0)).astype(np.int64)
    works = (
        (age >= ADULT)
        & (age < 75)
        & ~frame["enrolled"]
        & (rng.random(len(frame)) < np.interp(age, [20, 60, 75], [0.95, 0.85, 0.4]))
    )
    frame["works"] = works
    frame["away"] = works & (age < 50) & (rng.random(len(frame)) < 0.25) & (frame["relation"] != "head")
    return frame


def _health(frame: pd.DataFrame, p: Mapping[str, Any], price: float, rng: np.random.Generator) -> None:
    n, chances, cost = len(frame), p["hospitalised"], p["hospital_cost"]
    more = np.where(frame["chronic"], chances["chronic"], 1.0)
    stay = rng.random(n) < np.minimum(by_age(frame["age"].to_numpy(), chances) * more, 0.95)
    level = rng.choice(len(LEVELS), n, p=[p["hospital_level"][k] for k in LEVELS])
    medians = np.array([cost[k] for k in LEVELS])[level]
    noise = np.exp(cost["log_sd"] * rng.standard_normal((2, n)))
    bill = np.rint(np.where(stay, medians * price * noise[0], 0)).astype(np.int64)
    adult = (frame["age"] >= ADULT).to_numpy()
    sees_doctor = adult & (frame["chronic"].to_numpy() | (rng.random(n) < 0.25))
    other = np.rint(
        np.where(sees_doctor, cost["outpatient"] * price * noise[1] * np.where(frame["chronic"], 1.0, 0.3), 0)
    )
    own = np.array([1 - p["reimbursed"][k] for k in LEVELS])[level]
    frame["hospitalised"], frame["hospital_cost"], frame["other_cost"] = stay, bill, other.astype(np.int64)
    frame["hospital_level"] = np.where(stay, np.array(LEVELS, dtype=object)[level], "")
    frame["oop_medical"] = np.rint(own * (bill + other)).astype(np.int64)
    worse = 1.2 * frame["chronic"] + 1.3 * stay + frame["age"] / 60
    frame["health_now"] = np.clip(np.rint(1.6 + worse + rng.normal(0, 0.7, n)), 1, 5).astype(int)


def of_households(households: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The households with their size, causes and costs, from the members."""
    members = people[people["member"]]
    adults = members[members["age"] >= ADULT]
    by, adult_by = members.groupby("household"), adults.groupby("household")
    taken = pd.DataFrame({
        "size": by.size(), "adults": adult_by.size(),
        "trained": (members["trained_since"] > 0).groupby(members["household"]).any(),
        "illness": adult_by["hospitalised"].any(),
        "school_gap": np.maximum(COMPULSORY - adult_by["schooling_years"].mean(), 0.0),
        "oop_medical": by["oop_medical"].sum(), "schooling_cost": by["schooling_cost"].sum(),
        "children": (members["age"] < ADULT).groupby(members["household"]).sum(),
        "out_of_school": by["out_of_school"].sum(), "workers": by["works"].sum(), "away": by["away"].any(),
    })  # fmt: skip
    kept = [c for c in households.columns if c not in taken.columns]
    return households[kept].merge(taken, left_on="household", right_index=True, how="left", validate="1:1")


def with_wages(people: pd.DataFrame, households: pd.DataFrame, column: str = "income_wage") -> pd.Series:
    """Each member's wage: the household's, shared among those who work by skill, in whole yuan that add up.

    Where nobody works the oldest member who left school is the earner.
    """
    share = people["skill"].where(people["member"] & people["works"], 0.0)
    none = share.groupby(people["household"]).transform("sum") == 0
    adult = people["member"] & (people["age"] >= ADULT) & none
    oldest = people[adult].sort_values(["household", "birth_year", "pid"]).drop_duplicates("household").index
    share[oldest] = 1.0
    total = people["household"].map(households.set_index("household")[column]).fillna(0).to_numpy()
    part = np.floor(total * share / share.groupby(people["household"]).transform("sum").replace(0, 1)).astype(np.int64)
    order = people.assign(part=part, share=share).sort_values(
        ["household", "share", "pid"], ascending=[True, False, True]
    )
    first = order[order["share"] > 0].drop_duplicates("household").index
    rest = total - part.groupby(people["household"]).transform("sum")
    part[first] += rest[first].astype(np.int64)
    return part


def earner_concentration(people: pd.DataFrame, households: pd.DataFrame) -> np.ndarray:
    """Sum of squared shares of the household's wage by earner; missing where nobody has a wage."""
    wage = people["wage"].where(people["member"], 0).astype(float)
    total = wage.groupby(people["household"]).sum()
    squares = (wage**2).groupby(people["household"]).sum()
    return (squares / total.where(total > 0) ** 2).reindex(households["household"]).to_numpy()
