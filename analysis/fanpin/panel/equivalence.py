"""Income of a household on the footing of one adult living alone."""

from __future__ import annotations

import tomllib
import warnings
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import ComparabilityWarning, DataError, InputError
from fanpin.core.options import EquivalenceScale, check_option
from fanpin.panel.frames import check_new, check_same_kind, check_unique, checked_frame, numbers

WHERE = "equivalise"
ADULT_AGE = 14
OECD = {"oecd": (0.7, 0.5), "modified_oecd": (0.5, 0.3)}  # further adults, children


def equivalise(
    data: pd.DataFrame,
    *,
    income: str,
    scale: EquivalenceScale = "per_capita",
    size: str | None = "household_size",
    adults: str | None = None,
    children: str | None = None,
    persons: pd.DataFrame | None = None,
    unit: str = "household_id",
    time: str = "wave",
) -> pd.DataFrame:
    """Divide a household's income by its number of equivalent adults.

    "per_capita" : n persons. "square_root" : √n. "oecd" (Oxford) : 1 + 0.7 (adults - 1) + 0.5 children. "modified_oecd" :
    1 + 0.5 (adults - 1) + 0.3 children. Children are under 14. A household without adults counts its oldest child as the
    first adult. "ar_adult_equivalent" : the sum over the members of INDEC's units by age and sex, a man of 30 to 60 being 1;
    INDEC compares household income with the basket of one adult equivalent times this sum, which is the same as comparing
    income per equivalent adult with the basket.

    Parameters
    ----------
    data
        one row a household and wave.
    income
        household money per year.
    scale
        one of the above.
    size
        persons; for "per_capita" and "square_root". For the other scales it is compared with the members counted, where it is
        there.
    adults, children
        columns of persons of 14 and over, and under 14; for the OECD scales, unless `persons` are given.
    persons
        person_wave with `age` (and `female` for "ar_adult_equivalent"), matched by `unit` and `time`.
    unit, time
        the key.

    Returns
    -------
    The data with `equivalent_adults` and `<income>_equivalised`; both missing for households with a member of unknown age
    (or sex, where it matters) or without members.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, or the scale needs one that is not given.
    DataError : sizes below 1, negative counts, duplicate keys, text for numbers.

    Warns
    -----
    ComparabilityWarning : households without equivalent adults, and households whose size is not the number of members
        counted.

    References
    ----------
    OECD (1982), The OECD List of Social Indicators. Hagenaars, de Vos & Zaidi (1994), Poverty Statistics in the Late
    1980s, Eurostat. INDEC (2020), see `fanpin/core/adult_equivalents.toml`, from the second quarter of 2016; poverty
    figures before were published with an older table.
    """
    check_option("scale", scale, EquivalenceScale)
    by_size = scale in ("per_capita", "square_root")
    if by_size and size is None:
        raise InputError(f"scale={scale!r} needs size", expected="a column of persons", where=WHERE)
    known_size = size if by_size or size in getattr(data, "columns", ()) else None
    checked_frame(data, [income, known_size, adults, children], where=WHERE)
    new = ["equivalent_adults", f"{income}_equivalised"]
    check_new(data, new, where=WHERE)
    if by_size:
        counted = _at_least(data, str(size), 1)
        units = counted if scale == "per_capita" else np.sqrt(counted)
    else:
        units, counted = _from_members(
            data, scale, adults=adults, children=children, persons=persons, unit=unit, time=time
        )
        _warn_of_size(data, known_size, counted)
    money = numbers(data, income, where=WHERE)
    _warn_of_missing(units)
    return data.assign(**{new[0]: units, new[1]: money / units})


@cache
def adult_equivalents() -> dict[str, Any]:
    """The table of adult equivalents by age and sex, with source and status."""
    return tomllib.loads(files("fanpin.core").joinpath("adult_equivalents.toml").read_text("utf-8"))


def _from_members(
    data: pd.DataFrame, scale: str, *, adults: str | None, children: str | None, persons: pd.DataFrame | None, unit: str,
    time: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Equivalent adults and members of each household."""
    if persons is not None:
        return _from_persons(data, scale, persons, unit=unit, time=time)
    if scale not in OECD or adults is None or children is None:
        expected = "persons with age and female" if scale not in OECD else "adults= and children=, or persons="
        raise InputError(f"scale={scale!r} needs the members", expected=expected, where=WHERE)
    old, young = _at_least(data, adults, 0), _at_least(data, children, 0)
    return _oecd(scale, old, young), old + young


def _from_persons(
    data: pd.DataFrame, scale: str, persons: pd.DataFrame, *, unit: str, time: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    by_sex = scale not in OECD
    checked_frame(persons, [unit, time, "age", "female" if by_sex else None], where="persons of equivalise")
    checked_frame(data, [unit, time], where=WHERE)
    check_unique(data, [unit, time], where=WHERE)
    check_same_kind(data[unit], persons[unit], where="persons of equivalise")
    age = _at_least(persons, "age", 0)
    member = persons[[unit, time]].assign(n=1.0)
    if by_sex:
        member["units"] = _units(age, numbers(persons, "female", where=WHERE))
    else:
        member["old"] = np.where(np.isnan(age), np.nan, age >= ADULT_AGE)
        member["young"] = 1.0 - member["old"]
    unknown = member.isna().any(axis=1).groupby([member[unit], member[time]]).any()
    totals = member.groupby([unit, time]).sum()
    totals[unknown.reindex(totals.index)] = np.nan
    counted = totals.reindex(pd.MultiIndex.from_frame(data[[unit, time]]))
    n = counted["n"].to_numpy()
    if by_sex:
        return counted["units"].to_numpy(), n
    return _oecd(scale, counted["old"].to_numpy(), counted["young"].to_numpy()), n


def _oecd(scale: str, adults: NDArray[np.float64], children: NDArray[np.float64]) -> NDArray[np.float64]:
    further, child = OECD[scale]
    first = (adults + children >= 1).astype(float)
    none = (adults == 0) & (children >= 1)
    units = first + further * np.maximum(adults - 1, 0) + child * (children - none)
    return np.where(first == 1, units, np.nan)


def _units(age: NDArray[np.float64], female: NDArray[np.float64]) -> NDArray[np.float64]:
    table = np.array(adult_equivalents()["ar_adult_equivalent"]["units"])
    place = np.clip(np.searchsorted(table[:, 0], age, side="right") - 1, 0, len(table) - 1)
    units = np.where(female == 1, table[place, 1], table[place, 2])
    same = table[place, 1] == table[place, 2]  # the sex of small children does not matter
    return np.where(np.isnan(age) | (np.isnan(female) & ~same), np.nan, units)


def _at_least(data: pd.DataFrame, name: str, least: int) -> NDArray[np.float64]:
    values = numbers(data, name, where=WHERE)
    low = values < least
    if low.any():
        raise DataError(
            f"{name!r} is below {least}", got=f"{int(low.sum())} rows such as {values[low][0]:g}", where=WHERE
        )
    return values


def _warn_of_size(data: pd.DataFrame, size: str | None, counted: NDArray[np.float64]) -> None:
    if size is None:
        return
    said = numbers(data, size, where=WHERE)
    differ = ~np.isnan(said) & ~np.isnan(counted) & (said != counted)
    if differ.any():
        warnings.warn(f"{int(differ.sum())} of {len(data)} households count other members than {size!r} says; the scale "
                      "uses the members counted", ComparabilityWarning, stacklevel=3)  # fmt: skip


def _warn_of_missing(units: NDArray[np.float64]) -> None:
    lost = int(np.isnan(units).sum())
    if lost:
        warnings.warn(f"{lost} of {len(units)} households have no equivalent adults: members, their age or their sex are not "
                      "known", ComparabilityWarning, stacklevel=3)  # fmt: skip
