"""The household questionnaire (famecon) of every wave, under our own names and in the survey's codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.incomes import reported
from fanpin.simulate.spending import COSTS, TEN_THOUSAND, farm_accounts, owned, spent, transfer_accounts

PROVINCE, COUNTY, STRATUM = 45, 170, 6
NOT_APPLICABLE = -8
FIRST_SINGLE_FIGURE = 2014  # since then the household is also asked for its income in one figure
FARM = [*COSTS, "farm_output", "farm_own_use"]
DERIVED = ("income_1", "income_2", "income_1_pc", "income_2_pc", "income_group", "income_2_adjusted")


def famecon(
    households: pd.DataFrame, people: pd.DataFrame, p: Mapping[str, Any], rngs: Mapping[str, np.random.Generator]
) -> pd.DataFrame:
    """A row a household and wave. Amounts are yuan a year; what does not apply is -8, derived totals are then 0."""
    rows = households.assign(has_elderly=_has(people, households, people["member"] & (people["age"] >= 60)))
    said = reported(rows, p, rngs["misreport"])
    frame = pd.concat([_place(rows), _answers(rows, people, said, rngs["spending"])], axis=1)
    frame = pd.concat([frame, spent(rows, p, rngs["spending"]), owned(rows, p, rngs["spending"])], axis=1)
    frame = _derived(frame, said)
    lost = rngs["missing"].random(len(frame)) < p["income_missing"]
    frame.loc[lost, [c for c in DERIVED if c in frame]] = np.nan
    frame.loc[lost, "self_reported"] = -1
    frame["income_lost"] = lost
    return in_wave_codes(frame)


def _has(people: pd.DataFrame, households: pd.DataFrame, which: pd.Series) -> np.ndarray:
    found = people.loc[which, ["household", "wave"]].drop_duplicates().assign(found=True)
    return households[["household", "wave"]].merge(found, how="left")["found"].notna().to_numpy()


def _place(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "wave": rows["wave"], "household_id": rows["household"], "origin": rows["origin"], "province": PROVINCE,
        "county": COUNTY, "community": community(rows["township"]), "urban": rows["urban"].astype(int),
        "psu": rows["township"], "stratum": STRATUM, "resampled": 1, "size": rows["size"], "size_loaded": rows["size"],
    })  # fmt: skip


def community(township: pd.Series) -> pd.Series:
    """The survey's pseudo code of a township."""
    return 9100 + township


def _answers(rows: pd.DataFrame, people: pd.DataFrame, said: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n = len(rows)
    frame = farm_accounts(said["income_farm"], rng)
    frame["farm_net"] = said["income_farm"]
    farms = said["income_farm"] > 0
    frame.loc[~farms, FARM] = NOT_APPLICABLE
    frame["farms"] = np.where(farms, 1, 5)
    has_business = said["income_business"] != 0
    frame["has_business"] = np.where(has_business, 1, 5)
    frame["business_profit"] = said["income_business"].where(has_business, NOT_APPLICABLE)
    transfers = transfer_accounts(rows, said["income_transfer"], rng)
    frame["dibao_receipt"] = transfers.pop("dibao")
    frame = pd.concat([frame, transfers], axis=1)
    away = rows["away"].to_numpy(bool) & (said["income_wage"] > 0).to_numpy()
    frame["migrates"] = np.where(away, 1, 5)
    frame["migrant_wage"] = np.where(away, (0.7 * said["income_wage"]).round(), NOT_APPLICABLE).astype(np.int64)
    frame["mode"] = np.where(rng.random(n) < 0.05, 2, 1)
    frame["water"] = rng.choice([1, 2, 3, 4], n, p=[0.05, 0.25, 0.65, 0.05])
    frame["fuel"] = rng.choice([1, 2, 3, 6], n, p=[0.35, 0.05, 0.30, 0.30])
    frame["toilet"] = rng.choice([1, 3, 5], n, p=[0.3, 0.3, 0.4])
    frame["weight"] = 25.0 * rng.lognormal(0, 0.25, n)
    frame["weight_panel"] = frame["weight"] * rng.lognormal(0.05, 0.1, n)
    heads = people[people["member"] & (people["relation"] == "head")].set_index(["household", "wave"])
    at = pd.MultiIndex.from_frame(rows[["household", "wave"]])
    frame["respondent"], frame["respondent_code"] = (
        heads["pid"].loc[at].to_numpy(),
        heads["code"].loc[at].to_numpy() - 100,
    )
    return frame


def _derived(frame: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """The survey's own totals, by its documented rules."""
    made = {
        "wage_1": said["income_wage"], "wage_2": said["income_wage"], "operating_1": said["income_operating"],
        "operating_2": said["income_farm"], "property_1": said["income_property"],
        "property_2": said["income_property"] - said["income_land_compensation"], "transfer_1": said["income_transfer"],
        "transfer_2": said["income_transfer"], "other_1": said["income_other"], "other_2": said["income_other"],
        "income_1": said["income_total"].astype(float), "income_2": said["income_comparable"].astype(float),
        "self_reported": said["self_reported"],
    }  # fmt: skip
    frame = pd.concat([frame, pd.DataFrame(made)], axis=1)
    parts = frame[["wage_1", "operating_1", "property_1", "transfer_1", "other_1"]].sum(axis=1)
    frame["income_1"] = frame["income_1"].where(frame["wave"] >= FIRST_SINGLE_FIGURE, parts)
    frame["operating_gross"] = (
        frame["farm_output"].clip(lower=0) + frame["farm_own_use"].clip(lower=0) + said["income_business"]
    )
    for total in ("income_1", "income_2"):
        frame[f"{total}_pc"] = frame[total] / frame["size"]
    rank = frame.groupby("wave")["income_1_pc"].rank(pct=True)
    frame["income_group"] = np.ceil(rank * 4).clip(1, 4)
    frame["income_2_adjusted"] = frame["income_2"].where(frame["income_2"] > 0, frame["consumption"])
    return frame


def without_unanswered(frame: pd.DataFrame) -> pd.DataFrame:
    """Total income where the single figure is not answered: the sum of the components, as in the survey's rule."""
    frame = frame.copy()
    parts = frame[["wage_1", "operating_1", "property_1", "transfer_1", "other_1"]].sum(axis=1)
    at = (frame["self_reported"] < 0) & ~frame["income_lost"] & (frame["wave"] >= FIRST_SINGLE_FIGURE)
    frame.loc[at, "income_1"] = parts[at]
    frame.loc[at, "income_1_pc"] = parts[at] / frame.loc[at, "size"]
    return frame


def in_wave_codes(frame: pd.DataFrame) -> pd.DataFrame:
    """Where a question, its codes or its unit differ between waves."""
    frame = frame.copy()
    wave = frame["wave"]
    yes_no = np.where(frame["subsidy"] > 0, 1, 5)
    named = np.select([frame["dibao_receipt"], frame["subsidy"] > 0], [1, 3], 78)
    frame["subsidy_any"] = np.where(wave.isin([2012, 2014]), named, yes_no)
    in_2010 = wave == 2010
    frame.loc[in_2010, "subsidy_any"] = np.where(frame.loc[in_2010, "transfer_1"] > 0, 1, 5)
    frame["dibao"] = np.where(frame["dibao_receipt"], 1, 78)
    frame["poverty_cause"] = np.where(frame["dibao_receipt"], 3, NOT_APPLICABLE)
    for amount in ("subsidy", "pension", "donations"):
        frame[amount] = frame[amount].where(frame[amount] > 0, NOT_APPLICABLE)
    _in_2010(frame, in_2010)
    _in_2012(frame, wave == 2012)
    for value, first in (("dwelling", 2014), ("other_house", 2014), ("company", 2014)):
        frame[value] = frame[value].astype(float).where(wave < first, frame[value] / TEN_THOUSAND)
    for name in ("weight", "weight_panel"):
        mean = frame.groupby("wave")[name].transform("mean")
        frame[name] = frame[name].where(wave < 2018, frame[name] / mean)
    early = wave < 2014
    frame["respondent"] = frame["respondent"].where(~early, frame["respondent_code"])
    frame["mode"] = frame["mode"].where(wave != 2012, frame["mode"] - 1)
    return frame


def _in_2010(frame: pd.DataFrame, at: pd.Series) -> None:
    """2010: one question for all transfers, no compensation for land; farm output and total income are gross."""
    frame.loc[at, ["subsidy", "pension"]] = frame.loc[at, ["transfer_1", "transfer_1"]].to_numpy()
    frame.loc[at, "property_1"] = frame.loc[at, "property_2"]
    frame.loc[at, "operating_2"] = frame.loc[at, "operating_1"]
    gross = frame.loc[at, "operating_gross"] - frame.loc[at, "operating_1"]
    frame.loc[at, "income_1"] = frame.loc[at, "income_2"] + gross
    frame.loc[at, "income_1_pc"] = frame.loc[at, "income_1"] / frame.loc[at, "size"]
    frame.loc[at, "farm_output"] = frame.loc[at, "farm_output"].clip(lower=0) + frame.loc[at, "farm_own_use"].clip(
        lower=0
    )
    frame.loc[at, "operating_1"] = frame.loc[at, "operating_gross"]
    frame.loc[at, "business_profit"] = frame.loc[at, "business_profit"].where(frame.loc[at, "has_business"] == 1, 0)


def _in_2012(frame: pd.DataFrame, at: pd.Series) -> None:
    """2012: output with what is eaten, in three parts; nine items of cost are eight."""
    whole = frame["farm_output"] + frame["farm_own_use"]
    farms = frame["farms"] == 1
    frame["livestock_output"] = (0.3 * whole).round().astype(np.int64).where(farms, NOT_APPLICABLE)
    frame["byproduct_output"] = (0.05 * whole).round().astype(np.int64).where(farms, NOT_APPLICABLE)
    crops = whole - frame["livestock_output"] - frame["byproduct_output"]
    frame.loc[at & farms, "farm_output"] = crops[at & farms]
    for rest, into in (("farm_cost_rest", "farm_cost_water"), ("stock_cost_rest", "stock_cost_labour")):
        frame.loc[at & farms, into] = frame.loc[at & farms, into] + frame.loc[at & farms, rest]
