"""The truth as tables a researcher can compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.poverty_process import CAUSES

EQUATIONS = ("relapse", "escape", "entry")


def true_households(households: pd.DataFrame, monitored: pd.DataFrame) -> pd.DataFrame:
    """A row a household and wave: ids as text, state, spell, the hazard faced, causes, incomes, need and monitoring."""
    frame = households.merge(monitored, on=["household", "wave"], validate="1:1")
    frame["duration"] = frame["wave"] - frame["spell_start"]
    frame["is_poor"] = frame.pop("poor").astype(int)
    frame["relapse"] = ((frame["hazard_kind"] == "relapse") & (frame["is_poor"] == 1)).astype(int)
    for flag in ("trained", "illness", "trained_before", "illness_before"):
        frame[flag] = frame[flag].astype(float)
    frame["income_pc"] = frame["income_total"] / frame["size"]
    frame = frame.rename(
        columns={"household": "household_id", "origin": "origin_household_id", "size": "household_size"}
    )
    frame = _texts(frame, "household_id", "origin_household_id")
    first = [
        "household_id",
        "wave",
        "origin_household_id",
        "township",
        "is_poor",
        "ever_poor",
        "relapse",
        "duration",
        "spell_start",
    ]
    scratch = {"training_rank", "income_rank", "land", "business_part", "steps", "away"}
    rest = [c for c in frame.columns if c not in first and c not in scratch and not c.startswith("share_")]
    return frame[first + rest].sort_values(["household_id", "wave"], ignore_index=True)


def true_persons(people: pd.DataFrame) -> pd.DataFrame:
    """A row a person and wave, members and those who left; ids as text, no parent or spouse is an empty text."""
    frame = people.rename(columns={"pid": "person_id", "household": "household_id", "origin": "origin_household_id"})
    frame = _texts(frame, "person_id", "household_id", "origin_household_id", "father", "mother", "spouse")
    for link in ("father", "mother", "spouse"):
        frame[link] = frame[link].where(frame[link] != "0", "")
    return frame.drop(columns=["skill", "schooling_end"]).sort_values(
        ["person_id", "wave", "household_id"], ignore_index=True
    )


def true_spells(households: pd.DataFrame) -> pd.DataFrame:
    """A row a household and spell: poor or not, the wave it began (2010 at the earliest), its last wave, how it ended.

    `ended_by` is "transition", or "end" where the household was not seen to leave the state.
    """
    rows = households.sort_values(["household", "wave"])
    grouped = rows.groupby(["household", "spell_start"], sort=False)
    spells = grouped.agg(poor=("poor", "first"), first_seen=("wave", "min"), end=("wave", "max")).reset_index()
    last = spells["household"] != spells["household"].shift(-1)
    spells["ended_by"] = np.where(last, "end", "transition")
    spells["spell"] = spells.groupby("household").cumcount() + 1
    spells = spells.rename(columns={"household": "household_id", "spell_start": "start"})
    spells["state"] = spells.pop("poor").astype(int)
    columns = ["household_id", "spell", "state", "start", "first_seen", "end", "ended_by"]
    return _texts(spells, "household_id")[columns]


def coefficients(p: Mapping[str, Any]) -> pd.DataFrame:
    """The hazards' coefficients: equation, term, value; terms of causes are the causes at the wave before."""
    rows = [(e, t if t not in CAUSES else f"{t}_before", v) for e in EQUATIONS for t, v in p[e].items()]
    rows += [("escape", f"wave_{w}", v) for w, v in p["escape_wave"].items()]
    rows += [(e, "sigma", p["frailty"][e]) for e in ("relapse", "escape")]
    rows.append(("relapse, escape", "correlation", p["frailty"]["correlation"]))
    return pd.DataFrame(rows, columns=["equation", "term", "value"])


def _texts(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].astype("int64").astype(str) for name in names})
