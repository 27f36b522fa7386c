"""CFPS from raw files to canonical tables, on made-up files of a few households."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_cfps import write

import fanpin as fp
from fanpin.core.errors import UnverifiedMappingWarning

nan = np.nan
POSITIVE = dict.fromkeys(["food", "dress", "house", "daily", "med", "trco", "eec", "other"], 100.0)


def wave_2010(folder):
    homes = [
        {"fid": 110001, "psu": 7, "subpopulation": 6, "provcd": 41, "urban": 0, "faminc": 30000, "faminc_net": -500, "finc": 900,
         "tb7": 1, "fe2_s_1": 2, "fe2_s_2": 1, "fe2_s_3": -8, "fe201": 3, "fh309": 50, "resivalue_new": 80000, "fk1": 5,
         "fswt_nat": 1.5, "familysize": 2, "welfare": 0, "pce": 800, **POSITIVE},
        {"fid": 110002, "psu": 9, "subpopulation": 1, "provcd": 31, "urban": 1, "faminc": nan, "faminc_net": nan, "finc": -1,
         "tb7": 2, "fe2_s_1": 78, "fe2_s_2": -8, "fe2_s_3": -8, "fk1": 1, "welfare": 700, "ff401": 500, "pce": 5000, **POSITIVE},
    ]  # fmt: skip
    write(folder, 2010, "famecon", homes, labels={"finc": "工资性收入"}, values={"fb2": {1: "柴草"}})
    roster = [
        {"pid": 110001101, "fid": 110001, "co_p": 1, "code_a_p": 101, "tb1y_a_p": 1950, "tb2_a_p": 1, "tb4_a_p": 2, "alive_a_p": 1},
        {"pid": 110001102, "fid": 110001, "co_p": 1, "code_a_p": 102, "tb1y_a_p": 2003, "tb2_a_p": 0, "tb4_a_p": 1, "alive_a_p": 1},
        {"pid": 110001103, "fid": 110001, "co_p": 0, "code_a_p": 103, "tb1y_a_p": 1980, "tb2_a_p": 0, "tb4_a_p": 3, "alive_a_p": 1},
        {"pid": 110002101, "fid": 110002, "co_p": 1, "code_a_p": 101, "tb1y_a_p": 1970, "tb2_a_p": 0, "tb4_a_p": 4, "alive_a_p": 1},
    ]  # fmt: skip
    write(folder, 2010, "famconf", roster)
    adults = [
        {"pid": 110001101, "qa1age": 60, "gender": 1, "qa5code": 1, "qa2": 1, "qe1_best": 5, "cfps2010edu_best": 3, "qp3": 2, "qp5": 1,
         "qp6": 1, "qp605_a_1": 900, "qp605_a_2": 100, "qp605_a_3": -8, "qp608": 400, "qj3_s_1": 6, "qj3_s_2": 5, "qg3": 5,
         "cfps2010eduy_best": 9, "income": 1000},
        {"pid": 110009999, "qj3_s_1": 78, "qj3_s_2": -8, "qp605_a_1": -8, "qp605_a_2": -8, "qp605_a_3": -8},
    ]  # fmt: skip
    write(folder, 2010, "person", adults)
    write(folder, 2010, "child", [{"pid": 110001102, "wa1age": 7, "rswt_nat": 2}])


def wave_2018(folder):
    homes = [
        {"fid18": 110001, "fid10": 110001, "psu": nan, "subpopulation": 6, "provcd18": 41, "urban18": -9, "fincome1": 12000,
         "fwage_1": 9000, "foperate_1": 0, "fproperty_1": 0, "ftransfer_1": 0, "felse_1": 0, "finc": 12000, "fincome2": 11000,
         "fwage_2": 9000, "foperate_2": 1000, "fproperty_2": 0, "ftransfer_2": 1000, "felse_2": 0, "fm4": -2000000, "fl9": 1000,
         "total_asset": -9, "resivalue": 50, "company": 2, "fixed_asset": 21000, "agrimachine": 1000, "fp407": 100, "fn100": 5, "fn201": 1000,
         "fo101": 1, "fa4": 6, "resp1pid": 110001101, "fswt_natcs18n": 0.8, "familysize18": 1, "pce": 800, **POSITIVE},
        {"fid18": 180001, "fid10": 110001, "psu": nan, "subpopulation": 6, "provcd18": 65, "urban18": 1, "fincome1": 50000,
         "fwage_1": 9000, "foperate_1": 0, "fproperty_1": 0, "ftransfer_1": 0, "felse_1": 0, "finc": -1, "resp1pid": 180001101,
         "fm4": -1, "fn100": 1, "fn101": 300, "pce": 900, **POSITIVE},
        {"fid18": 180002, "fid10": 0, "psu": nan, "subpopulation": nan, "provcd18": 31, "urban18": 0, "fincome1": 100,
         "fwage_1": 10, "foperate_1": 0, "fproperty_1": 30, "ftransfer_1": 40, "felse_1": 50, "finc": 60, "resp1pid": 180002109},
    ]  # fmt: skip
    write(folder, 2018, "famecon", homes, labels={"finc": "过去12个月总收入（元）", "fp510": "保健支出"})
    roster = [
        {"pid": 110001101, "fid18": 110001, "fid10": 110001, "co_a18_p": 1, "tb1y_a_p": 1950, "tb2_a_p": 1, "tb4_a18_p": 2,
         "hukou_a18_p": 3, "tb6_a18_p": 1, "alive_a18_p": 1},
        {"pid": 180001101, "fid18": 180001, "fid10": 110001, "co_a18_p": 1, "tb1y_a_p": 1980, "tb2_a_p": 0, "tb4_a18_p": 6,
         "hukou_a18_p": 1, "tb6_a18_p": 0, "alive_a18_p": 1, "pid_a_f": 110001101},
        {"pid": 180001102, "fid18": 180001, "fid10": 110001, "co_a18_p": 1, "tb1y_a_p": 2014, "tb2_a_p": 1, "tb4_a18_p": 1,
         "hukou_a18_p": 79, "tb6_a18_p": 1, "alive_a18_p": 1},
        {"pid": 180002101, "fid18": 180002, "fid10": 0, "co_a18_p": 1, "tb1y_a_p": 1990, "tb2_a_p": 1, "tb4_a18_p": -8,
         "hukou_a18_p": 1, "tb6_a18_p": 1, "alive_a18_p": 1},
        {"pid": 180001103, "fid18": 180001, "fid10": 110001, "co_a18_p": 0, "tb1y_a_p": 1975, "tb2_a_p": 1, "alive_a18_p": 0},
    ]  # fmt: skip
    write(folder, 2018, "famconf", roster)
    people = [
        {"pid": 110001101, "age": 68, "gender": 1, "qa701code": -8, "qa301": -9, "cfps2018edu": 3, "cfps2018eduy": 9, "qp201": 5,
         "qp401": 1, "qc401": 1, "qc701": 500, "qp605_s_1": 4, "qp605_s_2": 5, "employ": 3, "income": -8},
        {"pid": 180001101, "age": 38, "gender": 0, "qa701code": 6, "qa301": 1, "cfps2018edu": nan, "cfps2018eduy": nan, "qp201": 1,
         "qp401": 0, "qc401": 0, "qc701": 20, "qp605_s_1": 78, "qp605_s_2": -8, "employ": 1, "income": 40000},
    ]  # fmt: skip
    write(folder, 2018, "person", people)
    write(folder, 2018, "child", [{"pid": 180001102, "age": 4, "wc401": 1, "wc701": 80, "wp605_s_1": 5}])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Both waves; their names are confirmed, so there is no warning, which would be an error here."""
    folder = tmp_path_factory.mktemp("cfps")
    wave_2010(folder)
    wave_2018(folder)
    return fp.harmonise("cfps", folder)


def value(frame, name, key, wave, by="household_id"):
    """One cell, or its reason for missing in brackets."""
    row = frame[(frame[by] == str(key)) & (frame["wave"] == wave)].squeeze(axis=0)
    reason = row.get(f"{name}__missing")
    if pd.isna(row[name]):
        return f"({reason})" if isinstance(reason, str) else None
    assert not isinstance(reason, str), (name, reason)
    return row[name]


def test_households_of_both_waves(made):
    homes = made.household_wave
    keys = homes[["household_id", "wave"]].to_numpy().tolist()
    assert keys == [["110001", 2010], ["110001", 2018], ["110002", 2010], ["180001", 2018], ["180002", 2018]]
    assert homes["origin_household_id"].fillna("-").tolist() == ["110001", "110001", "110002", "110001", "-"]
    assert value(homes, "origin_household_id", 180002, 2018) == "(not_applicable)"
    assert value(homes, "urban", 110001, 2018) == "(lost_in_coding)"
    assert value(homes, "province", 180001, 2018) == "65"


def test_psu_is_carried_from_the_household_of_origin(made):
    homes, people = made.household_wave, made.person_wave
    assert [value(homes, "psu", h, w) for h, w in ((110001, 2010), (110001, 2018), (180001, 2018))] == ["7", "7", "7"]
    assert value(homes, "psu", 180002, 2018) is None
    assert value(people, "psu", 180001102, 2018, by="person_id") == "7"


def test_income_series(made):
    homes = made.household_wave
    assert value(homes, "income_total", 110001, 2010) == 30000
    assert value(homes, "income_comparable", 110001, 2010) == -500  # a genuine negative
    assert value(homes, "income_comparable", 110001, 2018) == 11000
    assert value(homes, "income_wage", 110001, 2010) == 900
    assert value(homes, "income_wage", 110002, 2010) == "(dont_know)"
    assert value(homes, "income_reported", 110001, 2010) == "(not_asked)"
    assert value(homes, "income_reported", 110001, 2018) == 12000
    assert value(homes, "income_reported", 180001, 2018) == "(dont_know)"
    assert value(homes, "income_total", 110002, 2010) is None  # empty in the file, without a reason


def test_units_negatives_and_codes(made):
    homes = made.household_wave
    assert value(homes, "business_profit", 110001, 2018) == -2_000_000
    assert value(homes, "business_profit", 180001, 2018) == "(dont_know)"
    assert value(homes, "wealth_net", 110001, 2018) == -9  # derived: no codes, so nine yuan of debt
    assert value(homes, "asset_dwelling", 110001, 2018) == 500_000
    assert value(homes, "asset_dwelling", 110001, 2010) == 80_000
    assert value(homes, "asset_business", 110001, 2018) == 20_000
    assert value(homes, "rent_paid", 110001, 2018) == 1200
    assert value(homes, "rent_paid", 110001, 2010) == 600
    assert value(homes, "receives_subsidy", 110001, 2018) == 0
    assert value(homes, "income_subsidy", 110001, 2018) == "(not_applicable)"
    assert value(homes, "income_subsidy", 180001, 2018) == 300
    assert value(homes, "cooking_fuel", 110001, 2018) == "electricity"


def test_answers_in_order_of_mention(made):
    homes, people = made.household_wave, made.person_wave
    assert value(homes, "receives_dibao", 110001, 2010) == 1  # the second mention
    assert value(homes, "receives_dibao", 110002, 2010) == 0
    assert value(homes, "receives_dibao", 110001, 2018) == "(not_asked)"
    assert value(homes, "poverty_cause_stated", 110001, 2010) == "illness or injury"
    insured = {p: value(people, "health_insured", p, w, by="person_id")
               for p, w in ((110001101, 2018), (180001101, 2018), (180001102, 2018), (180002101, 2018))}  # fmt: skip
    assert insured == {110001101: 1, 180001101: 0, 180001102: 1, 180002101: "(not_asked)"}
    assert value(people, "health_insured", 110001101, 2010, by="person_id") == 1


def test_only_members_are_persons_and_the_others_are_counted(made):
    people = made.person_wave
    assert len(people) == 7
    assert {"110001103", "180001103"}.isdisjoint(people["person_id"])
    left = made.issues[made.issues["action"] == "left out"]
    assert left[["column", "rows"]].to_numpy().tolist() == [["co_p", 1], ["co_a18_p", 1]]


def test_persons_take_the_better_of_two_sources(made):
    people = made.person_wave

    def of(name, pid, wave=2018):
        return value(people, name, pid, wave, by="person_id")

    assert (of("education_level", 110001101), of("education_level", 180001101)) == ("junior secondary", "bachelor")
    assert (of("education_rank", 110001101), of("education_rank", 180002101)) == (3, "(not_applicable)")
    assert (of("hukou", 110001101), of("hukou", 180001102)) == ("non-agricultural", "(not_applicable)")
    assert (of("age", 180001102), of("age", 180002101), of("age_by_birth_year", 180002101)) == (4, "(not_asked)", 28)
    assert (of("female", 180001101), of("female", 180001102)) == (1, 0)
    assert of("father_id", 180001101) == "110001101"
    assert of("age", 110001102, 2010) == 7


def test_ethnicity_is_carried_by_the_person(made):
    people = made.person_wave
    assert value(people, "ethnicity", 110001101, 2018, by="person_id") == "1"  # asked in 2010 only
    assert value(people, "ethnicity", 180001101, 2018, by="person_id") == "6"


def test_health_on_scales_that_differ(made):
    people = made.person_wave
    raw = [value(people, "self_rated_health", 110001101, w, by="person_id") for w in (2010, 2018)]
    common = [value(people, "health_level", 110001101, w, by="person_id") for w in (2010, 2018)]
    assert (raw, common) == ([2, 5], ["fair", "unhealthy"])
    assert value(people, "chronic", 110001101, 2010, by="person_id") == 1
    assert value(people, "chronic", 180001101, 2018, by="person_id") == 0
    assert (
        value(people, "hospital_cost", 110001101, 2010, by="person_id") == 1000
    )  # two stays, the third does not apply
    assert value(people, "out_of_work", 110001101, 2010, by="person_id") == 1


def test_what_households_take_from_their_persons(made):
    homes = made.household_wave

    def of(name, household, wave=2018):
        return value(homes, name, household, wave)

    assert (of("head_age", 110001), of("head_female", 180001), of("head_out_of_work", 110001)) == (68, 1, 1)
    assert of("head_age", 110001, 2010) == 60  # by the number on the roster
    assert of("head_age", 180002) is None  # who answered is not on the roster
    assert (of("members_listed", 180001), of("children_0_15", 180001), of("members_65_plus", 110001)) == (2, 1, 1)
    assert of("dependency_ratio", 180001) == 1.0
    assert (of("any_hospitalised", 110001), of("any_chronic", 110001), of("oop_medical", 110001)) == (1, 1, 500)
    # of members of 16 or over in every wave: the child in hospital is in the persons only
    assert (of("any_hospitalised", 180001), of("any_chronic", 180001), of("oop_medical", 180001)) == (0, 0, 20)
    assert value(made.person_wave, "hospitalised", 180001102, 2018, by="person_id") == 1
    assert of("max_education_rank", 180001) == 6
    assert of("oop_medical", 110001, 2010) == 400
    assert of("any_chronic", 180002) == "(not_asked)"  # its one member had no interview


def test_broken_rules_are_listed_and_kept(made):
    issues = made.issues
    broken = issues[issues["rule"].str.startswith("breaks ")]
    found = [(f[4:8], rule.split()[1], rows) for f, rule, rows in broken[["file", "rule", "rows"]].to_numpy().tolist()]
    assert sorted(found) == [("2010", "pce", 1), ("2010", "welfare", 1), ("2018", "fincome1", 1), ("2018", "pce", 1)]
    examples = dict(zip(broken["column"], broken["examples"], strict=True))
    assert examples["fincome1"] == "100.0 against 130.0 (1)"
    assert value(made.household_wave, "income_total", 180002, 2018) == 100  # listed, not changed
    assert not issues["action"].isin(["not checked", "stopped"]).any()


def test_a_label_that_speaks_of_something_else_is_named(made):
    odd = made.issues[made.issues["rule"].str.contains("speaks of something else")]
    assert odd[["column", "examples"]].to_numpy().tolist() == [["spending_education", "保健支出"]]


@pytest.mark.slow
def test_famecon_alone_gives_a_household_panel(tmp_path):
    wave_2010(tmp_path)
    for path in tmp_path.iterdir():
        if "famecon" not in path.name:
            path.unlink()
    made = fp.harmonise("cfps", tmp_path)
    assert made.person_wave is None
    assert value(made.household_wave, "income_comparable", 110001, 2010) == -500
    assert value(made.household_wave, "psu", 110002, 2010) == "9"
    assert "head_age" not in made.household_wave


@pytest.mark.slow
def test_2020_takes_the_psu_from_its_persons_and_warns_of_unconfirmed_names(tmp_path):
    write(
        tmp_path,
        2020,
        "famecon",
        [{"fid20": 1, "fid10": -8, "fincome1": 5, "fm4": -70}],
        name="ECFPS2020FAMECON_202306.DTA",
    )
    roster = [
        {"pid": 11, "fid20": 1, "fid10": -8, "co_a20_p": 1, "tb1y_a_p": 1950, "tb2_a_p": 1},
        {"pid": 12, "fid20": 1, "fid10": -8, "co_a20_p": 1, "tb1y_a_p": 1955, "tb2_a_p": 0},
    ]
    write(tmp_path, 2020, "famconf", roster)
    write(tmp_path, 2020, "person", [{"pid": 12, "psu": 33, "subpopulation": 5, "age": 65, "gender": 0}])
    with pytest.warns(UnverifiedMappingWarning, match=r"household_wave\.business_profit \(fm4\)"):
        made = fp.harmonise("cfps", tmp_path)
    homes = made.household_wave
    assert (value(homes, "psu", 1, 2020), value(homes, "stratum", 1, 2020)) == ("33", "5")
    assert value(homes, "business_profit", 1, 2020) == -70
    assert value(homes, "rent_paid", 1, 2020) == "(not_asked)"  # an unconfirmed name that this file does not have
    assert "income_comparable" not in homes
