"""The parameters of the simulation, and what it really did."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from numbers import Real
from types import MappingProxyType
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError, unknown_name
from fanpin.core.prices import price_levels

Value = float | Mapping[str, float]
WAVES = (2010, 2012, 2014, 2016, 2018, 2020, 2022)
CHANCES = {  # entries of mixed tables that are shares
    "attrition": ("refused", "moved"),
    "demography": ("birth", "marriage", "leaving", "split"),
    "monitoring": ("undercoverage", "not_in_need"),
    "income_nonpoor": ("persistence",),
    "hospitalised": ("young", "middle", "old"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What the simulated households really are, and the parameters behind them.

    Attributes
    ----------
    parameters : every parameter by name: a number, or numbers by name.
    households : a row a household and wave observed: state, causes and incomes as they are, before any misreport.
    persons : a row a member (or former member) and wave.
    spells : a row a household and spell in or out of poverty, with the wave it really began.
    coefficients : equation, term, value.
    attributable : a row a cause, the share of relapses within three waves of an escape that its absence prevents.
    planted : a row an answer replaced by a missing code: extract, key, variable, code, reason.
    left : a row a household that left the survey: wave, why (died, dissolved, moved, refused).
    """

    parameters: Mapping[str, Value]
    households: pd.DataFrame
    persons: pd.DataFrame
    spells: pd.DataFrame
    coefficients: pd.DataFrame
    attributable: pd.DataFrame
    planted: pd.DataFrame
    left: pd.DataFrame


@cache
def declared() -> dict[str, dict[str, Any]]:
    """Every parameter with its value, unit, source and limits."""
    entries = tomllib.loads(files("fanpin.simulate").joinpath("truth.toml").read_text("utf-8"))
    prices = price_levels(entries["rural_prices"]["value"]["from"])
    entries["rural_prices"]["value"] = {str(w): prices[w] / prices[WAVES[0]] for w in WAVES}
    return entries


def parameters(overrides: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The parameters, with those named in `overrides` replaced; tables may be given in part.

    Raises
    ------
    UnknownNameError : no parameter, or no entry of it, has that name.
    InputError : the overrides are no mapping; a value is no number, or outside its limits; shares do not add to one.
    """
    if overrides is not None and not isinstance(overrides, Mapping):
        raise InputError(f"truth is a {type(overrides).__name__}", expected="a mapping of parameter names to values")
    known = declared()
    given = dict(overrides or {})
    for name in given:
        if name not in known:
            raise unknown_name("parameter of the simulation", name, known, where="truth=")
    merged = {name: _merged(name, entry, given.get(name)) for name, entry in known.items()}
    _check_together(merged)
    return MappingProxyType(merged)


def _merged(name: str, entry: Mapping[str, Any], given: Any) -> Value:
    base, within = entry["value"], entry["within"]
    if not isinstance(base, Mapping):
        return float(base) if given is None else _number(name, given, within)
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InputError(
            f"{name} is a table of numbers",
            got=repr(given),
            where="truth=",
            next_step=f"give some of {', '.join(base)}",
        )
    for key in given:
        if str(key) not in base:
            raise unknown_name(f"entry of {name}", key, base, where="truth=")
    values = {str(k): _number(f"{name}.{k}", v, within) for k, v in given.items()}
    return MappingProxyType({k: values.get(k, float(v)) for k, v in base.items()})


def _number(name: str, value: Any, within: list[float]) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise InputError(f"{name} is no number", got=repr(value), where="truth=")
    if not within[0] <= float(value) <= within[1]:
        raise InputError(
            f"{name} is out of range", expected=f"{within[0]:g} to {within[1]:g}", got=value, where="truth="
        )
    return float(value)


def _check_together(merged: Mapping[str, Any]) -> None:
    for name in ("income_shares", "hospital_level"):
        total = sum(merged[name].values())
        if abs(total - 1) > 1e-6:
            raise InputError(f"the shares of {name} do not add to one", got=f"{total:g}", where="truth=")
    if sum(merged["township_households"].values()) <= 0:
        raise InputError("no township has households", where="truth=")
    if not -1 <= merged["frailty"]["correlation"] <= 1 or min(merged["frailty"].values()) < -1:
        raise InputError("the correlation of the frailties is not between -1 and 1", where="truth=")
    if min(merged["frailty"]["relapse"], merged["frailty"]["escape"]) < 0:
        raise InputError("a standard deviation of frailty is negative", where="truth=")
    for name, entries in CHANCES.items():
        for entry in entries:
            if not 0 <= merged[name][entry] <= 1:
                raise InputError(
                    f"{name}.{entry} is no share", expected="0 to 1", got=merged[name][entry], where="truth="
                )
