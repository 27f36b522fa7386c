"""Small made-up extracts in the layout of each source other than CFPS, from file to canonical table."""

from __future__ import annotations

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from made_up_survey import same

import fanpin as fp
from fanpin.harmonise.failures import ExtractError

nan = np.nan


def write_csv(path, rows, encoding="utf-8"):
    pd.DataFrame(rows).to_csv(path, index=False, encoding=encoding)


def write_xlsx(path, rows):
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(path)


# --- IPUMS ---------------------------------------------------------------------------------------------------------

CENSUS = [
    # sample, serial, pernum, year, geo2, perwt, relate, sex, age, edattain, empstat, urban, electric
    ("156200001", 1, 1, 2000, 156011001, 10, 1, 1, 40, 3, 1, 2, 1),
    ("156200001", 1, 2, 2000, 156011001, 10, 2, 2, 38, 2, 3, 2, 1),
    ("156200001", 1, 3, 2000, 156011001, 20, 3, 2, 10, 0, 0, 2, 1),
    ("156200001", 2, 1, 2000, 156011001, 10, 1, 2, 70, 1, 3, 1, 2),
    ("156200001", 2, 2, 2000, 156011001, 10, 3, 9, 30, 9, 2, 1, 9),
    ("156200001", 3, 1, 2000, 156045002, 5, 1, 1, 999, 4, 9, 9, 0),
]
NAMES = [
    "SAMPLE",
    "SERIAL",
    "PERNUM",
    "YEAR",
    "GEO2_CN",
    "PERWT",
    "RELATE",
    "SEX",
    "AGE",
    "EDATTAIN",
    "EMPSTAT",
    "URBAN",
    "ELECTRIC",
]
EDUCATION = ["secondary", "primary", None, "less than primary", None, "university"]


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_a_census_extract_gives_persons_and_places(tmp_path, ending):
    rows = pd.DataFrame(CENSUS, columns=NAMES).assign(MARST=2, GEO1_CN=lambda d: d["GEO2_CN"] // 1000)
    path = tmp_path / f"ipumsi_00001.{ending}"
    rows.to_csv(path, index=False) if ending == "csv.gz" else rows.astype({"SAMPLE": int}).to_parquet(path)
    made = fp.harmonise("ipums", path)
    persons, places = made.person_wave, made.place_wave
    assert persons["person_id"].tolist()[:2] == ["156200001|1|1", "156200001|1|2"]
    assert persons["province"].tolist() == ["11"] * 5 + ["45"]
    assert same(persons["age"], [40, 38, 10, 70, 30, nan])
    assert [None if pd.isna(e) else e for e in persons["education_level"]] == EDUCATION
    assert persons["education_level__missing"].tolist()[2] == "not_applicable"
    assert persons["education_level__missing"].tolist()[4] == "dont_know"
    assert "has_piped_water" in persons and persons["has_piped_water"].isna().all()
    assert set(persons["has_piped_water__missing"]) == {"not_asked"}
    first, second = places.set_index("place_id").loc["156011001"], places.set_index("place_id").loc["156045002"]
    assert first["population"] == 60 and first["persons_counted"] == 5 and second["population"] == 5
    assert first["mean_household_size"] == 60 / 20
    assert first["dependency_ratio"] == 30 / 30
    assert (first["child_dependency_ratio"], first["old_age_dependency_ratio"]) == (20 / 30, 10 / 30)
    assert first["share_female"] == 40 / 50  # one person's sex is unknown
    assert first["share_urban"] == 40 / 60
    assert first["school_gap"] == 0
    assert first["share_adults_below_primary"] == 10 / 30  # of four adults the level of one is unknown
    assert first["share_adults_secondary"] == 10 / 30
    assert first["employment_rate"] == 10 / 30
    assert first["share_with_electricity"] == 40 / 50
    assert pd.isna(first["share_with_piped_water"]) and first["share_with_piped_water__missing"] == "not_asked"
    assert pd.isna(second["dependency_ratio"])


WIDTHS = {"YEAR": 4, "SAMPLE": 9, "SERIAL": 6, "PERNUM": 2, "PERWT": 6, "GEO2_CN": 9, "RELATE": 1, "SEX": 1, "AGE": 3,
          "MARST": 1, "EDATTAIN": 1}  # fmt: skip


def test_a_fixed_width_extract_has_its_decimals_from_the_codebook(tmp_path):
    start, entries = 1, []
    for name, width in WIDTHS.items():
        decimals = ' dcml="2"' if name == "PERWT" else ""
        place = f'<location StartPos="{start}" EndPos="{start + width - 1}" width="{width}"/>'
        entries.append(f'<var name="{name}"{decimals}>{place}<labl>{name}</labl></var>')
        start += width
    codebook = f'<codeBook xmlns="ddi:codebook:2_5"><dataDscr>{"".join(entries)}</dataDscr></codeBook>'
    (tmp_path / "ipumsi_00002.xml").write_text(codebook, "utf-8")
    lines = ["1982156198201000001010010251560110011104022", "1982156198201000001020010251560110012203821"]
    (tmp_path / "ipumsi_00002.dat").write_text("\n".join(lines) + "\n", "ascii")
    made = fp.harmonise("ipums", tmp_path)
    assert made.person_wave["weight"].tolist() == [10.25, 10.25]
    assert made.person_wave["age"].tolist() == [40, 38]
    assert made.person_wave["education_level"].tolist() == ["primary", "less than primary"]
    place = made.place_wave.iloc[0]
    assert (place["place_id"], place["wave"], place["population"]) == ("156011001", 1982, 20.5)
    assert (place["school_gap"], place["mean_household_size"], place["share_female"]) == (0.5, 2, 0.5)


# --- monitoring register ----------------------------------------------------------------------------------------------

HOUSEHOLD = {
    "户编号": "0450100001", "年度": 2022, "乡": "甲镇", "家庭人口数": "4", "户类型": "脱贫户", "监测对象类别": "脱贫不稳定户",
    "致贫/返贫风险1": "因病", "致贫/返贫风险2": "因自然灾害", "风险是否已消除": "否", "风险消除方式": "", "风险识别时间": "202208.0",
    "人均纯收入（元）": "9000", "纯收入": "36000", "工资性收入": "20000", "生产经营性收入": "15000", "生产经营性支出": "5000",
    "财产性收入": "1000", "转移性收入": "5000", "享受低保政策情况": "农村低保", "产业帮扶": "发展养殖",
}  # fmt: skip
ORDINARY = {
    **HOUSEHOLD, "户编号": "0450100002", "户类型": "一般农户", "监测对象类别": "", "致贫/返贫风险1": "", "致贫/返贫风险2": "",
    "风险是否已消除": "", "风险识别时间": "", "享受低保政策情况": "", "产业帮扶": "", "转移性收入": "4000",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["xlsx", "utf-8", "gb18030"])
def test_a_register_export_of_households(tmp_path, kind):
    path = tmp_path / ("监测户信息_2022.xlsx" if kind == "xlsx" else "监测户信息_2022.csv")
    rows = [HOUSEHOLD, ORDINARY]
    write_xlsx(path, rows) if kind == "xlsx" else write_csv(path, rows, kind)
    made = fp.harmonise("register", path)
    households = made.household_wave.set_index("household_id")
    first, second = households.loc["0450100001"], households.loc["0450100002"]
    assert (first["wave"], first["place_id"], first["household_size"]) == (2022, "甲镇", 4)
    assert (first["monitoring_category"], second["monitoring_category"]) == ("unstable", "not monitored")
    assert (first["is_monitored"], second["is_monitored"]) == (1, 0)
    assert (first["risk_1"], first["risk_2"]) == ("illness", "disaster")
    assert (first["cause_illness"], first["cause_disaster"], first["cause_schooling"]) == (1, 1, 0)
    assert pd.isna(second["cause_illness"]) and second["cause_illness__missing"] == "not_applicable"
    assert first["risk_identified_month"] == 202208 and first["risk_removed"] == 0
    assert second["risk_removed__missing"] == "not_applicable"
    assert (first["income_pc"], first["income_operating"], first["income_transfer"]) == (9000, 10000, 5000)
    assert (first["receives_dibao"], second["receives_dibao"], first["help_industry"], second["help_industry"]) == (
        1,
        0,
        1,
        0,
    )
    broken = made.issues[made.issues["rule"].str.startswith("breaks")]
    assert broken["rows"].tolist() == [1]  # the second household's sources are 1,000 yuan short of its income


def test_a_register_export_of_persons_gives_their_households(tmp_path):
    persons = [
        {
            **HOUSEHOLD,
            "人编号": "01",
            "与户主关系": "户主",
            "文化程度": "小学",
            "健康状况": "患有大病",
            "务工时间（月）": "3",
        },
        {**HOUSEHOLD, "人编号": "02", "与户主关系": "之女", "文化程度": "", "健康状况": "健康", "务工时间（月）": ""},
    ]
    write_xlsx(tmp_path / "监测户成员信息.xlsx", persons)
    made = fp.harmonise("register", tmp_path)
    assert made.household_wave["household_id"].tolist() == ["0450100001"]
    assert made.household_wave["income_total"].tolist() == [36000]
    assert made.person_wave["relation"].tolist() == ["head", "child"]
    assert made.person_wave["health_status"].tolist() == ["serious illness", "healthy"]
    assert same(made.person_wave["work_months"], [3, nan])


def test_an_unknown_cause_stops_the_build_with_its_wording(tmp_path):
    write_xlsx(tmp_path / "监测户信息.xlsx", [{**HOUSEHOLD, "致贫/返贫风险2": "因婚"}])
    with pytest.raises(ExtractError) as caught:
        fp.harmonise("register", tmp_path)
    assert caught.value.issues["column"].tolist() == ["risk_2"]
    assert "因婚" in caught.value.issues["examples"].tolist()[0]


# --- administrative places ---------------------------------------------------------------------------------------------


def test_place_tables_with_chinese_and_english_headings(tmp_path):
    write_xlsx(tmp_path / "乡镇统计2020.xlsx", [
        {"乡镇": "甲镇", "年度": 2020, "学校数": 3, "在校学生数": 2000, "多媒体教室数": 33, "专任教师数": 100, "硬化路覆盖率（%）": 98},
        {"乡镇": "乙乡", "年度": 2020, "学校数": 1, "在校学生数": 500, "多媒体教室数": "", "专任教师数": 40, "硬化路覆盖率（%）": 50},
    ])  # fmt: skip
    write_csv(tmp_path / "places2021.csv", [
        {"name": "甲镇", "year": 2021, "pupils": 2000, "multimedia_classrooms": 33, "multimedia_per_10000_pupils": 190},
    ])  # fmt: skip
    made = fp.harmonise("places", tmp_path)
    places = made.place_wave.set_index(["place_id", "wave"])
    assert places.loc[("甲镇", 2020), "multimedia_per_10000_pupils"] == 165
    assert pd.isna(places.loc[("乙乡", 2020), "multimedia_per_10000_pupils"])
    assert places.loc[("甲镇", 2021), "multimedia_per_10000_pupils"] == 190
    assert places.loc[("甲镇", 2020), "road_coverage"] == 0.98
    assert places.loc[("甲镇", 2020), "pupils_per_teacher"] == 20
    broken = made.issues[made.issues["rule"].str.startswith("breaks")]
    assert broken[["file", "rows"]].to_numpy().tolist() == [["places2021.csv", 1]]


# --- Harmonized CHARLS ---------------------------------------------------------------------------------------------------


def test_the_wide_charls_file_gives_a_row_a_wave_with_reasons(tmp_path):
    wide = pd.DataFrame({
        "ID": ["010101001001", "010101001002"], "householdID": ["0101010010"] * 2, "communityID": ["0101010"] * 2,
        "ragender": [1.0, 2.0], "raeduc_c": [1.0, 3.0], "inw1": [1.0, 1.0], "inw2": [1.0, 0.0], "inw3": [0.0, 0.0],
        "inw4": [0.0, 1.0], "r1agey": [50.0, 49.0], "r2agey": [52.0, nan], "r4agey": [nan, 56.0],
        "r1wtresp": [100.0, 120.0], "h1rural": [1.0, 1.0], "h2rural": [1.0, nan], "hh1itot": [30000.0, 30000.0],
        "hh2itot": pd.Series(["d", "m"], dtype=object), "hh1cfood": [70.0, 70.0], "hh1atotb": [5000.0, 5000.0],
        "h4atotb": [nan, 9000.0], "r1hibpe": [0.0, 1.0], "r1diabe": [0.0, 0.0], "r1higov": [1.0, 0.0],
        "r1hipriv": [0.0, 0.0], "r1hiothp": [0.0, 0.0], "r1oopdoc1m": [10.0, 0.0],
    })  # fmt: skip
    pyreadstat.write_dta(
        wide, str(tmp_path / "H_CHARLS_D_Data.dta"), missing_user_values={"hh2itot": ["d", "m"]},
        variable_value_labels={"raeduc_c": {1: "1 No formal education", 3: "3 Elementary school"}},
    )  # fmt: skip
    made = fp.harmonise("charls", tmp_path / "H_CHARLS_D_Data.dta")
    persons = made.person_wave.set_index(["person_id", "wave"])
    assert sorted(persons.index) == [
        ("010101001001", 2011), ("010101001001", 2013), ("010101001002", 2011), ("010101001002", 2018),
    ]  # fmt: skip
    assert same(persons["age"].sort_index(), [50, 52, 49, 56])
    assert persons.loc[("010101001002", 2011), "education_level"] == "3 Elementary school"
    assert (persons.loc[("010101001001", 2011), "chronic"], persons.loc[("010101001002", 2011), "chronic"]) == (0, 1)
    assert persons.loc[("010101001001", 2011), "oop_doctor"] == 120
    households = made.household_wave.set_index("wave")
    assert households.loc[2011, "income_total"] == 30000 and households.loc[2011, "urban"] == 0
    assert pd.isna(households.loc[2013, "income_total"])
    assert households.loc[2013, "income_total__missing"] == "dont_know"
    assert households.loc[2011, "consumption_food"] == pytest.approx(70 * 365 / 7)
    assert (households.loc[2011, "wealth_net"], households.loc[2018, "wealth_net"]) == (5000, 9000)


# --- CHNS ----------------------------------------------------------------------------------------------------------------


def chns_files(folder):
    write_csv(folder / "hhinc_10.csv", [
        {"hhid": 1, "WAVE": 2006, "hhsize": 2, "HHINC": 4000, "hhinc_cpi": 6000, "hhincpc_cpi": 3000},
        {"hhid": 1, "WAVE": 2009, "hhsize": 2, "HHINC": -9, "hhinc_cpi": -12, "hhincpc_cpi": -6},
    ])  # fmt: skip
    write_csv(folder / "surveys_pub_12.csv", [
        {"Idind": i, "hhid": 1, "wave": w, "commid": 211101, "t1": 21} for w in (2006, 2009) for i in (11, 12)
    ])  # fmt: skip
    write_csv(folder / "mast_pub_12.csv", [
        {"Idind": 11, "GENDER": 1, "WEST_DOB_Y": 1960}, {"Idind": 12, "GENDER": 2, "WEST_DOB_Y": -9},
    ])  # fmt: skip
    write_csv(folder / "rst_12.csv", [{"idind": 11, "wave": 2006, "t2": 2}])
    write_csv(folder / "educ_12.csv", [
        {"IDind": 11, "WAVE": 2006, "A11": 23, "A12": 2}, {"IDind": 12, "WAVE": 2006, "A11": -9, "A12": 9},
    ])  # fmt: skip


def test_chns_files_are_joined_by_lookups_whatever_their_case(tmp_path):
    chns_files(tmp_path)
    made = fp.harmonise("chns", tmp_path)
    households = made.household_wave.set_index("wave")
    assert households["income_total"].tolist() == [4000, -9]  # minus nine yuan are an amount here
    assert households["income_pc"].tolist() == [2000, -4.5]
    assert households["income_pc_real_2015"].tolist() == [3000, -6]
    assert households["province"].tolist() == ["21", "21"]
    assert "weight" not in households
    persons = made.person_wave.set_index(["person_id", "wave"])
    assert same(persons["schooling_years"].sort_index(), [9, nan, nan, nan])
    assert persons.loc[("12", 2006), "schooling_years__missing"] == "lost_in_coding"
    assert persons.loc[("11", 2006), "education_level"] == "lower secondary"
    assert persons.loc[("12", 2006), "education_level__missing"] == "dont_know"
    assert persons["female"].sort_index().tolist() == [0, 0, 1, 1]
    assert persons.loc[("11", 2009), "age_by_birth_year"] == 49
    assert persons.loc[("11", 2006), "urban"] == 0
    assert set(persons["at_work__missing"]) == {"not_asked"}  # no jobs file was given


# --- CHIP ------------------------------------------------------------------------------------------------------------------


def test_chip_2013_keeps_leading_zeros_and_labels(tmp_path):
    pyreadstat.write_dta(
        pd.DataFrame({"hhcode": ["011"], "coun": [110101.0], "f01_1": [50000.0], "f02_1": [-1.0], "l01_1": [3.0]}),
        str(tmp_path / "CHIP2013_rural_household_f_income_asset.dta"),
    )
    pyreadstat.write_dta(
        pd.DataFrame({
            "hhcode": ["011", "011"], "person": [1.0, 2.0], "coun": [110101.0] * 2, "a02": [1.0, 2.0], "a03": [2.0, 1.0],
            "a04_1": [1963.0, 1960.0], "a05": [1.0, 1.0], "a06": [1.0, 3.0], "a07_1": [4.0, 1.0], "a13_1": [2.0, 3.0],
            "a13_2": [5.0, -1.0], "a16_1": [1.0, 2.0], "a19": [1.0, 2.0], "c05_1": [0.0, 20000.0],
        }),
        str(tmp_path / "CHIP2013_rural_person.dta"),
        variable_value_labels={"a13_1": {2: "Primary school", 3: "Junior middle school"}},
    )  # fmt: skip
    made = fp.harmonise("chip", tmp_path)
    household = made.household_wave.iloc[0]
    assert (household["household_id"], household["wave"], household["income_total"]) == ("011", 2013, 50000)
    assert pd.isna(household["operating_costs"]) and household["operating_costs__missing"] == "lost_in_coding"
    assert (household["household_size"], household["head_female"], household["head_age"]) == (2, 1, 50)
    assert household["head_education"] == "Primary school"
    assert same(made.person_wave["schooling_years"], [5, nan])
    assert made.person_wave["ethnicity"].tolist() == ["Han", "other"]


def test_chip_2018_has_names_in_capitals_and_income_in_a_third_file(tmp_path):
    write_csv(tmp_path / "chip2018_rural_household.csv", [{"HHCODE": "0021"}, {"HHCODE": "0022"}])
    write_csv(tmp_path / "chip2018_income_consumption.csv", [{"hhcode": "0021", "n3701": 60000, "n4202": 30000}])
    write_csv(tmp_path / "chip2018_rural_person.csv", [
        {"hhcode": h, "idcode": 1, "A03": 1, "A04_1": 1970, "A05": 2, "A06": 1, "A07_1": 4, "A08_1": 1, "A13_1": 3, "A13_3": y,
         "A16_1": 2, "A20": 1, "C03_3": 1, "C03_4": 5, "C05_1": 12000}
        for h, y in (("0021", 9), ("0022", -99))
    ])  # fmt: skip
    made = fp.harmonise("chip", tmp_path)
    assert same(made.household_wave["income_total"], [60000, nan])
    assert same(made.person_wave["schooling_years"], [9, nan])
    assert made.person_wave["schooling_years__missing"].tolist()[1] == "lost_in_coding"


# --- World Bank ------------------------------------------------------------------------------------------------------------


def test_gmd_persons_give_households_with_welfare_per_person(tmp_path):
    write_csv(tmp_path / "PAK_2018_HIES_v01_M_v01_A_GMD_ALL.csv", [
        {"countrycode": "PAK", "year": 2018, "hhid": "7", "pid": p, "wgt": 2.5, "hsize": 2, "urban": 1, "welfare": 90000,
         "welfaretype": "CONS", "cpi2017_v09": 1.05, "ppp_2017": 40.1, "educat4": e, "educy": y, "lstatus": s}
        for p, e, y, s in ((1, 2, 5, 1), (2, 4, 16, 3))
    ])  # fmt: skip
    made = fp.harmonise("gmd", tmp_path)
    household = made.household_wave.iloc[0]
    assert household["household_id"] == "PAK|2018|7" and len(made.household_wave) == 1
    assert (household["weight"], household["welfare_pc"], household["welfare_type"]) == (2.5, 90000, "consumption")
    assert household["cpi_2017"] == 1.05 and household["household_size"] == 2
    assert made.person_wave["education_level"].tolist() == ["primary", "tertiary"]
    assert made.person_wave["out_of_work"].tolist() == [0, 1]


def test_lsms_households_are_followed_by_their_merged_identifier(tmp_path):
    write_csv(tmp_path / "Household_dataset.csv", [
        {"country": "Ethiopia", "wave": w, "year": y, "hh_id_merge": "E1", "pw": 12.5, "strataid": 3, "ea_id_merge": 9, "urban": 0,
         "hh_size": 5, "totcons_LCU": 8000, "hh_shock": 1, "drought_shock": 0, "HDDS": 6}
        for w, y in ((1, 2012), (2, 2014))
    ])  # fmt: skip
    made = fp.harmonise("lsms-isa", tmp_path)
    households = made.household_wave
    assert households["household_id"].tolist() == ["Ethiopia|E1"] * 2 and households["wave"].tolist() == [2012, 2014]
    assert households["survey_round"].tolist() == ["Ethiopia|1", "Ethiopia|2"]
    assert households["consumption_pc"].tolist() == [8000, 8000]
    assert households[["any_shock", "shock_drought", "urban"]].to_numpy().tolist() == [[1, 0, 0]] * 2
