"""The roster (famconf) and the questionnaires of persons and children, in our names and the survey's codes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fanpin.simulate.cfps_households import COUNTY, NOT_APPLICABLE, PROVINCE, STRATUM, community
from fanpin.simulate.exposures import ADULT

HAN, ZHUANG = 1, 8
RURAL_SCHEME, UNINSURED = 5, 78
LEAVERS_TWICE = 2014  # until then who set up a new household also stands in the roster of the old one
SELF_REPORT_AGE = 10  # from 2018 persons of this age have a questionnaire of their own


def roster(people: pd.DataFrame, households: pd.DataFrame) -> pd.DataFrame:
    """A row a person listed and wave: members, and those who left, died, or set up a household of their own.

    Those of a household that ended are listed once more, at the next wave; of one that refused nobody is.
    """
    rows = people[people["member"] | (people["left_reason"] != 16) | (people["wave"] <= LEAVERS_TWICE)]
    rows = _placed(rows.sort_values(["wave", "household", "code"], ignore_index=True), households)
    member, dead = rows["member"].to_numpy(bool), (rows["left_reason"] == 1).to_numpy()
    frame = _ids(rows)
    frame["code"] = rows["code"]
    frame["co"] = member.astype(int)
    home = member & ~rows["away"].fillna(False).to_numpy(bool)
    frame["at_home"] = home.astype(int)
    frame["birth_year"], frame["roster_male"] = rows["birth_year"], rows["male"].astype(int)
    frame["roster_education"] = education_level(rows["schooling_years"].fillna(0))
    frame["roster_hukou"] = np.where(rows["urban_hukou"], 3, 1)
    frame["alive"] = (~dead).astype(int)
    frame["death_cause"] = np.where(dead, 1 + rows["pid"] % 20, NOT_APPLICABLE)
    frame["left_reason"] = np.select([home, member], [NOT_APPLICABLE, 11], rows["left_reason"])
    frame["death_year"] = np.where(dead, rows["left_wave"] - 1, NOT_APPLICABLE)
    frame["death_month"] = np.where(dead, 1 + rows["pid"] % 12, NOT_APPLICABLE)
    for parent in ("father", "mother"):
        frame[parent] = rows[parent].where(rows[parent] > 0, NOT_APPLICABLE)
    return frame


def interviews(people: pd.DataFrame, households: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A row a member and wave: answers to the questionnaires of persons and of children."""
    rows = people[people["member"]].sort_values(["wave", "household", "code"], ignore_index=True)
    rows = _placed(rows, households)
    n = len(rows)
    frame = _ids(rows)
    late = (rows["wave"] >= 2018).to_numpy()
    frame["psu"], frame["stratum"] = rows["township"], STRATUM
    frame["age"], frame["male"] = rows["age"], rows["male"].astype(int)
    frame["ethnicity"] = _ethnicity(rows)
    frame["hukou"] = np.where(rows["urban_hukou"], 3, 1)
    frame["marital"] = np.where(rows["spouse"] > 0, 2, np.where(rows["relation"].isin(["head", "parent"]), 5, 1))
    frame["education_level"] = education_level(rows["schooling_years"])
    frame["schooling_years"] = rows["schooling_years"]
    frame["health"] = np.where(rows["wave"] == 2010, (rows["health_now"] - 1).clip(1, 5), rows["health_now"])
    no = np.where(late, 0, 5)
    frame["chronic"], frame["hospitalised"] = np.where(rows["chronic"], 1, no), np.where(rows["hospitalised"], 1, no)
    frame["hospital_cost"] = rows["hospital_cost"].where(rows["hospitalised"].astype(bool), NOT_APPLICABLE)
    frame["other_cost"] = rows["other_cost"]
    frame["medical_cost"] = rows["hospital_cost"] + rows["other_cost"]
    frame["medical_oop"] = rows["oop_medical"]
    frame["insurance"] = np.where(rng.random(n) < 0.93, RURAL_SCHEME, UNINSURED)
    _work(frame, rows, late)
    times = 1 + rows["pid"] % 3
    trained = (rows["trained_since"] > 0).to_numpy()
    frame["training"] = np.where(rows["wave"] == 2016, np.where(trained, 1, 5), np.where(trained, times, 0))
    frame["person_weight"] = 100.0 * rng.lognormal(0, 0.25, n)
    frame["person_weight_panel"] = frame["person_weight"] * rng.lognormal(0.05, 0.1, n)
    for name in ("person_weight", "person_weight_panel"):
        mean = frame.groupby("wave")[name].transform("mean")
        frame[name] = frame[name].where(~late, frame[name] / mean)
    return frame


def asked_adults(rows: pd.DataFrame) -> pd.Series:
    """Who answers for oneself: from 16 on, from 2018 from 10 on."""
    return rows["age"] >= np.where(rows["wave"] >= 2018, SELF_REPORT_AGE, ADULT)


def asked_children(rows: pd.DataFrame) -> pd.Series:
    """For whom a parent answers: below 16."""
    return rows["age"] < ADULT


def education_level(years: pd.Series) -> np.ndarray:
    """The survey's levels: 1 none, 2 primary, 3 junior, 4 senior secondary, 5 college, 6 bachelor."""
    return 1 + np.searchsorted([6, 9, 12, 15, 16], years.to_numpy(), side="right")


def _placed(rows: pd.DataFrame, households: pd.DataFrame) -> pd.DataFrame:
    place = households[["household", "township", "urban"]].drop_duplicates("household")  # the same in all waves
    placed = rows.merge(place, on="household", how="left", validate="m:1")
    return placed.assign(urban_hukou=placed["urban"].astype(bool) & (placed["pid"] % 3 == 0))


def _ids(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "wave": rows["wave"],
            "pid": rows["pid"],
            "household_id": rows["household"],
            "origin": rows["origin"],
            "province": PROVINCE,
            "county": COUNTY,
            "community": community(rows["township"]),
            "urban": rows["urban"].astype(int),
        }
    )


def _ethnicity(rows: pd.DataFrame) -> np.ndarray:
    """Asked of everyone until 2016, later of those met for the first time."""
    seen_before = rows["wave"] > rows.groupby("pid")["wave"].transform("min")
    code = np.where(rows["han"], HAN, ZHUANG)
    return np.where((rows["wave"] >= 2018) & seen_before, NOT_APPLICABLE, code)


def _work(frame: pd.DataFrame, rows: pd.DataFrame, late: np.ndarray) -> None:
    """Job, and the wage; in 2018 the wage does not apply to farmers and the self-employed."""
    wage = rows["wage"].to_numpy()
    works = rows["works"].to_numpy(bool) | (wage > 0)
    in_2010 = (rows["wave"] == 2010).to_numpy()
    frame["employed"] = np.where(works, 1, np.where(in_2010, 5, np.where(rows["age"] < 60, 0, 3)))
    job = np.where(wage > 0, 4, np.where(rows["pid"] % 5 == 0, 2, 1))
    frame["job_class"] = np.where(works, job, NOT_APPLICABLE)
    frame["farm_job"] = np.where(works, np.where(job == 1, 1, 5), NOT_APPLICABLE)
    frame["wage"] = np.where((rows["wave"] == 2018) & (wage == 0), NOT_APPLICABLE, wage)


def with_earlier_ids(frame: pd.DataFrame, people: pd.DataFrame, waves: tuple[int, ...], key: str) -> pd.DataFrame:
    """Add `household_id_<wave>` for earlier waves: where the person then was a member (-8: nowhere).

    Before the first wave simulated that is the household of 2010.
    """
    members = people[people["member"]]
    wide = members.pivot_table(index="pid", columns="wave", values="household", aggfunc="first")
    found = wide.reindex(frame[key]).set_axis(frame.index)
    born = people.drop_duplicates("pid").set_index("pid")["birth_year"].reindex(frame[key]).to_numpy()
    for wave in waves:
        values = found[wave] if wave in found else frame["origin"].where(born <= wave)
        frame[f"household_id_{wave}"] = values.where(frame["wave"] > wave).fillna(NOT_APPLICABLE).astype(np.int64)
    return frame
