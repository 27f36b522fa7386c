"""Households that ended between two waves, told by a roster that lists who no longer belongs to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fanpin.core.errors import DataError
from fanpin.panel.frames import check_same_kind, check_unique, checked_frame
from fanpin.panel.links import INTERVIEWED
from fanpin.panel.states import REASON

WHERE = "with_left_households"
CODES = {"1": "died", "11": "moved"}  # the codes of CFPS that matter; any other reason is one of the living


def with_left_households(
    households: pd.DataFrame,
    *,
    persons: pd.DataFrame,
    former: pd.DataFrame,
    unit: str = "household_id",
    time: str = "wave",
    person: str = "person_id",
    reason: str = "leaving_reason",
    codes: Mapping[str, str] = CODES,
) -> pd.DataFrame:
    """Add a row, not interviewed, for each household that ended by the wave after its last interview, with the reason.

    Where a survey gives no reason for a household, the roster of the next wave tells what became of the members of the
    last interview. Only if every one of them is listed there as no longer belonging to the household it is

    "died" if all of them died,
    "out_of_scope" if all the living went away for work,
    "dissolved" otherwise.

    A household of whose members one is not listed gets no row: it refused or was not found, as far as the data say. Nor
    does one of whose members one is then a member of another household: `link_panel` follows it there, or says "merged".

    Parameters
    ----------
    households
        household_wave, one row a household and wave.
    persons
        person_wave, the members.
    former
        one row a person who no longer belongs to the household and wave, such as person_wave of the source "cfps-former".
    unit, time, person
        household, wave and person, in all three tables.
    reason
        the column of `former` with the reason; missing counts as living elsewhere for reasons unknown.
    codes
        which of its values mean "died" and "moved".

    Returns
    -------
    The rows of `households` with `interviewed` (1) and `left_reason` (missing), and those added (0), ordered as before.

    Raises
    ------
    UnknownNameError : a column does not exist.
    DataError : no rows; duplicate keys; keys of different types; codes that mean neither died nor moved.

    Notes
    -----
    The rule is ours, not the survey's. That a household which leaves for work leaves the population of the survey is an
    assumption: CFPS follows those who move within China, and a household found again has its own row.
    """
    if odd := sorted(set(codes.values()) - {"died", "moved"}):
        raise DataError(f"the code's meaning {odd[0]!r} is not known", expected="died or moved", where=WHERE)
    checked_frame(households, [unit, time], where=WHERE)
    checked_frame(persons, [person, unit, time], where=f"{WHERE}, persons")
    checked_frame(former, [person, unit, time, reason], where=f"{WHERE}, former")
    check_unique(households, [unit, time], where=WHERE)
    check_unique(persons, [person, time], where=f"{WHERE}, persons")
    check_unique(former, [person, unit, time], where=f"{WHERE}, former")
    for other in (persons, former):
        check_same_kind(households[unit], other[unit], where=WHERE)
    check_same_kind(persons[person], former[person], where=WHERE)
    last = _last_members(households, persons, unit, time, person)
    added = _reasons(last, persons, former, [person, unit, time, reason], codes)
    rows = households.copy()
    rows[INTERVIEWED] = rows[INTERVIEWED].fillna(1) if INTERVIEWED in rows else 1
    if REASON not in rows:
        rows[REASON] = pd.Series(pd.NA, index=rows.index, dtype="string")
    return rows if added.empty else pd.concat([rows, added], ignore_index=True)


def _last_members(households: pd.DataFrame, persons: pd.DataFrame, unit: str, time: str, person: str) -> pd.DataFrame:
    """The members at each household's last row, with the wave that follows in the data."""
    waves = np.sort(households[time].unique())
    last = households.groupby(unit)[time].max().reset_index()
    last = last[last[time] < waves[-1]]
    members = persons[[person, unit, time]].merge(last, on=[unit, time])
    return members.assign(**{time: waves[np.searchsorted(waves, members[time].to_numpy()) + 1]})


def _reasons(
    last: pd.DataFrame, persons: pd.DataFrame, former: pd.DataFrame, columns: list[str], codes: Mapping[str, str]
) -> pd.DataFrame:
    person, unit, time, reason = columns
    listed = last.merge(former[columns].assign(listed__=True), on=columns[:3], how="left")
    elsewhere = listed[[person, time]].merge(persons[[person, time]].assign(now__=True), how="left")["now__"].notna()
    meaning = listed[reason].astype("string").map(codes)
    died = (meaning == "died").fillna(False).astype(bool)
    marks = pd.DataFrame({
        unit: listed[unit], time: listed[time], "known": listed["listed__"].notna() & ~elsewhere, "died": died,
        "moved": died | (meaning == "moved").fillna(False).astype(bool),
    })  # fmt: skip
    found = marks.groupby([unit, time]).all().reset_index()
    words = np.select([found["died"], found["moved"]], ["died", "out_of_scope"], "dissolved")
    rows = found[[unit, time]].copy()
    rows[INTERVIEWED] = 0
    rows[REASON] = pd.Series(words, index=rows.index, dtype="string")
    return rows[found["known"].to_numpy(bool)]
