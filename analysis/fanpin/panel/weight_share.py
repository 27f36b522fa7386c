"""Weights of later waves' households, from those of the first wave's."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from fanpin.core.errors import DataError, LinkWarning
from fanpin.core.options import WavePeriod, check_option
from fanpin.panel.frames import check_new, check_period, check_same_kind, check_unique, checked_frame, numbers

WHERE = "shared_weights"


def shared_weights(
    waves: pd.DataFrame,
    *,
    persons: pd.DataFrame,
    unit: str = "household_id",
    time: str = "wave",
    person: str = "person_id",
    weight: str = "weight",
    period: WavePeriod = "year",
) -> pd.DataFrame:
    """Weight the households of every wave by the weight share method.

    A household at wave t can enter the panel through any of its members who belonged to the population at the first wave.
    With N of them, of whom person i lived then in a household of weight w_i (0 if that was not in the sample), its weight is
    Σ_i w_i / N. Totals and means of the households of wave t are then unbiased where nobody was lost; those who were lost
    need `staying_weights` as well. Where a household split without anybody joining, each branch keeps the full weight,
    unlike under `link_panel(splits="branch_weight")`, which divides it.

    Members too young to have been born by the first wave count neither above nor below. Everybody else is taken to have been
    in the population, so immigrants of full age lower the weight of the households they join.

    Parameters
    ----------
    waves
        household_wave of one sample, drawn at the first wave; later refreshment samples have no place here.
    persons
        person_wave of the same waves; with `age`, members born later are told apart.
    unit, time, person
        household, wave and person.
    weight
        column of weights; those of the first wave count.
    period
        of `time`: "year", or "quarter" for 4 x year + quarter.

    Returns
    -------
    The data with `shared_weight`; missing for households none of whose members could have been in the population at the first
    wave, or that have no persons.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, or has a name the result needs; years said to be quarters.
    DataError : duplicate keys; weights of the first wave missing or negative; keys of different types.

    Warns
    -----
    LinkWarning : households without a weight.

    References
    ----------
    Ernst (1989), in Kasprzyk et al., Panel Surveys, 139-159. Lavallée (2007), Indirect Sampling, Springer,
    doi:10.1007/978-0-387-70782-2.
    """
    check_option("period", period, WavePeriod)
    checked_frame(waves, [unit, time, weight], where=WHERE)
    checked_frame(persons, [person, unit, time], where="persons of shared_weights")
    check_unique(waves, [unit, time], where=WHERE)
    check_unique(persons, [person, time], where="persons of shared_weights")
    check_same_kind(waves[unit], persons[unit], where="persons of shared_weights")
    check_period(waves[time], period, where=WHERE)
    check_new(waves, ["shared_weight"], where=WHERE)
    first = waves[time].min()
    base = _base_weights(waves, persons, first, unit=unit, time=time, person=person, weight=weight)
    since = (persons[time] - first) / (4 if period == "quarter" else 1)
    age = numbers(persons, "age", where=WHERE) if "age" in persons.columns else np.full(len(persons), np.nan)
    counts = np.isnan(age) | (age >= since.to_numpy()) | persons[person].isin(base.index).to_numpy()
    brought = persons[person].map(base).fillna(0.0).astype(float)
    by = brought[counts].groupby([persons.loc[counts, unit], persons.loc[counts, time]])
    shared = by.mean().reindex(pd.MultiIndex.from_frame(waves[[unit, time]])).to_numpy()
    bare = int(np.isnan(shared).sum())
    if bare:
        warnings.warn(f"{bare} of {len(waves)} households have nobody who could have been in the population at {time} {first}",
                      LinkWarning, stacklevel=2)  # fmt: skip
    return waves.assign(shared_weight=shared)


def _base_weights(
    waves: pd.DataFrame, persons: pd.DataFrame, first: int, *, unit: str, time: str, person: str, weight: str
) -> pd.Series:
    """The weight each person brings: that of the household of the first wave."""
    households = waves[waves[time] == first]
    own = numbers(households, weight, where=WHERE)
    bad = ~(own >= 0)
    if bad.any():
        raise DataError(f"weight {weight!r} of the first wave is missing or negative", got=f"{int(bad.sum())} households",
                        where=WHERE)  # fmt: skip
    members = persons[persons[time] == first]
    brought = members[unit].map(pd.Series(own, index=households[unit].to_numpy()))
    return pd.Series(brought.to_numpy(), index=members[person].to_numpy()).dropna()
