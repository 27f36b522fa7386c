"""The survey's files by wave, in its names, with the answers that are missing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.cfps_households import NOT_APPLICABLE, without_unanswered
from fanpin.simulate.cfps_persons import asked_adults, asked_children
from fanpin.simulate.extracts import SIMULATED, Extract
from fanpin.simulate.truth import WAVES

RAW_ITEMS = {
    "famecon": (
        "self_reported",
        "medical_item",
        "schooling_item",
        "gifts",
        "commercial_insurance",
        "farm_own_use",
        "bank_loan",
    ),
    "person": ("health", "chronic", "hospitalised", "medical_oop", "employed", "training", "hukou"),
    "child": ("hukou",),
}
CODES = {"dont_know": -1, "refused": -2, "missing": -9}
REASONS = {"dont_know": "dont_know", "refused": "refused", "missing": "lost_in_coding"}
VALUES = {
    "urban": "urban", "water": "water", "fuel": "fuel", "toilet": "toilet", "farms": "yes_no", "has_business": "yes_no",
    "migrates": "yes_no", "male": "sex", "roster_male": "sex", "education_level": "education_level",
    "roster_education": "education_level", "hukou": "hukou", "roster_hukou": "hukou", "marital": "marital",
    "job_class": "job_class", "farm_job": "farm_job", "insurance": "insurance", "left_reason": "left_reason",
    "ethnicity": "ethnicity", "co": "yes_no_zero", "at_home": "yes_no_zero", "alive": "yes_no_zero",
}  # fmt: skip


@cache
def names() -> dict[str, Any]:
    """Variable names, labels, file names and value labels."""
    return tomllib.loads(files("fanpin.simulate").joinpath("cfps_names.toml").read_text("utf-8"))


def survey_files(
    tables: Mapping[str, pd.DataFrame], waves: tuple[int, ...], p: Mapping[str, Any], rng: np.random.Generator
) -> tuple[list[Extract], pd.DataFrame]:
    """The files of all waves, and the answers replaced by missing codes.

    Parameters
    ----------
    tables
        famecon, famconf and interviews under our own names, all waves in one.
    """
    roles = {
        "famecon": tables["famecon"], "famconf": tables["famconf"],
        "person": tables["interviews"][asked_adults(tables["interviews"])],
        "child": tables["interviews"][asked_children(tables["interviews"])],
    }  # fmt: skip
    extracts, planted = [], []
    for role, rows in roles.items():
        holed, holes = with_missing(rows, role, p["item_missing"], rng)
        planted += [*holes, *_lost_totals(holed)]
        holed = without_unanswered(holed) if role == "famecon" else holed
        extracts += [_file(role, wave, holed[holed["wave"] == wave]) for wave in waves]
    return extracts, pd.concat(planted, ignore_index=True) if planted else pd.DataFrame(columns=PLANTED)


PLANTED = ["extract", "variable", "wave", "household", "pid", "code", "reason"]


def with_missing(
    rows: pd.DataFrame, role: str, rates: Mapping[str, float], rng: np.random.Generator
) -> tuple[pd.DataFrame, Iterator[pd.DataFrame]]:
    """Raw answers that apply, some of them replaced by -1, -2 or -9; and the list of these."""
    rows = rows.copy()
    holes = []
    limits = np.cumsum([rates[k] for k in CODES])
    for item in RAW_ITEMS.get(role, ()):
        drawn = np.searchsorted(limits, rng.random(len(rows)), side="right")
        for kind, (reason, code) in enumerate(CODES.items()):
            name = pd.Series("", index=rows.index) if item not in rows else _name(role, item, rows["wave"])
            at = (drawn == kind) & (rows[item] >= 0).to_numpy() & (name != "").to_numpy()
            rows.loc[at, item] = code
            gone = rows.loc[at, [c for c in ("wave", "household_id", "pid") if c in rows]]
            holes.append(gone.rename(columns={"household_id": "household"}).assign(
                extract=_release(role, gone["wave"]), variable=name[at], code=code, reason=REASONS[reason],
            ))  # fmt: skip
    return rows, (h for h in holes if len(h))


def _lost_totals(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The households without income totals: the totals are empty, the single figure is not known."""
    if "income_lost" not in rows or not rows["income_lost"].any():
        return
    lost = rows.loc[rows["income_lost"], ["wave", "household_id"]].rename(columns={"household_id": "household"})
    for item, code, reason in (("income_1", np.nan, "lost_in_coding"), ("self_reported", -1.0, "dont_know")):
        name = _name("famecon", item, lost["wave"])
        gaps = lost.assign(extract=_release("famecon", lost["wave"]), variable=name, code=code, reason=reason)
        yield gaps[name != ""]


def _name(role: str, item: str, waves: pd.Series) -> pd.Series:
    """The item's name in each row's wave, an empty text where it is not asked."""
    known = names()[role].get(item, {"names": {}})["names"]
    return waves.map({w: known.get(str(w), "") for w in WAVES})


def _release(role: str, waves: pd.Series) -> pd.Series:
    return waves.map({w: names()["releases"][role][str(w)] for w in WAVES})


def _file(role: str, wave: int, rows: pd.DataFrame) -> Extract:
    """One file: our columns that have a name in the wave, each name once, the household's earlier numbers first."""
    listed = {**names()["every"], **names()[role]}
    columns, labels, values = {}, {}, {}
    for earlier in (w for w in WAVES if w < wave and f"household_id_{w}" in rows):
        columns[f"fid{earlier % 100}"] = rows[f"household_id_{earlier}"]
        labels[f"fid{earlier % 100}"] = f"{earlier}年家庭样本编码"
    for key, entry in listed.items():
        name = entry["names"].get(str(wave))
        if name is None or name in columns:
            continue
        columns[name] = rows[key] if key in rows else pd.Series(NOT_APPLICABLE, index=rows.index)
        labels[name] = _label(entry["labels"], wave)
        values[name] = _values(key, wave, role)
    frame = pd.DataFrame(columns).reset_index(drop=True)
    return Extract(
        path=f"cfps/{names()['releases'][role][str(wave)]}.dta", kind="dta", frame=_narrow(frame), labels=labels,
        values={k: v for k, v in values.items() if v}, title=f"{SIMULATED}; CFPS {wave} layout",
    )  # fmt: skip


def _label(labels: Mapping[str, str], wave: int) -> str:
    return labels[max((w for w in labels if int(w) <= wave), default=min(labels))]


def _values(key: str, wave: int, role: str) -> dict[int, str]:
    named = VALUES.get(key)
    if key in ("chronic", "hospitalised"):
        named = "yes_no_zero" if wave >= 2018 else "yes_no"
    elif key == "mode":
        named = "mode_2012" if wave == 2012 else "mode"
    elif key == "training" and wave == 2016:
        named = "yes_no"
    elif key == "employed":
        named = "yes_no" if wave == 2010 else "employed"
    elif key in ("subsidy_any", "dibao"):
        named = "subsidy_type" if key == "dibao" or wave in (2012, 2014) else "yes_no"
    lists = names()["values"]
    raw = key in RAW_ITEMS.get(role, ())
    words = {**(lists[named] if named else {}), **(lists["missing"] if named or raw else {})}
    return {int(k): v for k, v in words.items()}


def _narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers as integers, so that value labels hold; with gaps they stay floats."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype == float and column.notna().all() and (column == column.round()).all():
            frame[name] = column.astype(np.int64)
    return frame
