"""Whether persons and heads are the same from wave to wave: listed, never mended."""

from __future__ import annotations

import pandas as pd

from fanpin.core.errors import InputError
from fanpin.core.options import WavePeriod, check_option
from fanpin.panel.frames import check_period, check_unique, checked_frame, numbers

WHERE = "identity_checks"


def identity_checks(
    persons: pd.DataFrame,
    *,
    person: str = "person_id",
    unit: str = "household_id",
    time: str = "wave",
    period: WavePeriod = "year",
    age_tolerance: float = 2.0,
) -> pd.DataFrame:
    """List persons whose sex, age or year of birth, and households whose head, do not fit the wave before.

    Each person is compared with the last earlier wave at which the value is known. What is found is only listed: a
    different sex or an age that drifts may be a slip, or another person under the same number.

    Parameters
    ----------
    persons
        person_wave; of the columns `female`, `age`, `birth_year` and `relation` those that are there are checked.
    person, unit, time
        person, household and wave.
    period
        of `time`: "year", or "quarter" for 4 x year + quarter.
    age_tolerance
        years by which the change of age may differ from the time between the waves.

    Returns
    -------
    One row a finding, ordered by check, household, person and wave:

    check : "sex", "age", "birth_year" or "head" (another person heads a household that kept its number).
    household, person, from_<time>, <time> : where and when; `person` is the later one.
    before, after : the two values, as text.
    drift : change of age less time elapsed, in years; of "birth_year" the change; else missing.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : none of the four columns is there; years said to be quarters.
    DataError : duplicate (person, time); an age that is not numeric.
    """
    check_option("period", period, WavePeriod)
    checked_frame(persons, [person, unit, time], where=WHERE)
    check_unique(persons, [person, time], where=WHERE)
    check_period(persons[time], period, where=WHERE)
    held = [c for c in ("female", "age", "birth_year", "relation") if c in persons.columns]
    if not held:
        raise InputError("nothing to compare", expected="a column female, age, birth_year or relation", where=WHERE)
    found = []
    for name in held:
        if name == "relation":
            found.append(_heads(persons, person=person, unit=unit, time=time))
        else:
            found.append(
                _changes(persons, name, person=person, unit=unit, time=time, period=period, tolerance=age_tolerance)
            )
    listed = pd.concat(found, ignore_index=True).sort_values(["check", "household", "person", time])
    return listed.reset_index(drop=True)


def _changes(
    persons: pd.DataFrame, name: str, *, person: str, unit: str, time: str, period: str, tolerance: float
) -> pd.DataFrame:
    values = pd.Series(numbers(persons, name, where=WHERE), index=persons.index)
    known = persons[[person, unit, time]].assign(value=values)[values.notna()].sort_values([person, time])
    by = known.groupby(person)
    pairs = known.assign(before=by["value"].shift(), since=by[time].shift())
    pairs = pairs[pairs["before"].notna()]
    change = pairs["value"] - pairs["before"]
    elapsed = (pairs[time] - pairs["since"]) / (4 if period == "quarter" else 1)
    drift = change - elapsed if name == "age" else change
    # A person's last birthday is at most a year off at either wave, so whole years of age may differ by one without error.
    odd = drift.abs() > tolerance if name == "age" else change != 0
    return _listed(
        pairs[odd], "sex" if name == "female" else name, person=person, unit=unit, time=time,
        drift=drift[odd] if name != "female" else None,
    )  # fmt: skip


def _heads(persons: pd.DataFrame, *, person: str, unit: str, time: str) -> pd.DataFrame:
    heads = persons[persons["relation"] == "head"][[person, unit, time]].sort_values([unit, time, person])
    heads = heads.drop_duplicates([unit, time]).assign(value=lambda h: h[person])
    by = heads.groupby(unit)
    pairs = heads.assign(before=by["value"].shift(), since=by[time].shift())
    pairs = pairs[pairs["before"].notna()]
    return _listed(pairs[pairs["before"] != pairs["value"]], "head", person=person, unit=unit, time=time, drift=None)


def _listed(
    pairs: pd.DataFrame, check: str, *, person: str, unit: str, time: str, drift: pd.Series | None
) -> pd.DataFrame:
    def text(values: pd.Series) -> pd.Series:
        whole = pd.api.types.is_numeric_dtype(values) and (values == values.round()).all()
        return (values.astype("int64") if whole else values).astype(str)

    return pd.DataFrame({
        "check": check, "household": pairs[unit], "person": pairs[person], f"from_{time}": pairs["since"].astype("int64"),
        time: pairs[time].astype("int64"), "before": text(pairs["before"]), "after": text(pairs["value"]),
        "drift": drift.astype("float64") if drift is not None else float("nan"),
    })  # fmt: skip
