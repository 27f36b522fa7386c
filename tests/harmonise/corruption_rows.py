"""Corruptions of rows and cells: keys, codes, numbers, dates, totals, and households and persons that do not fit."""

from __future__ import annotations

import pandas as pd
from corruptions import (
    ANY,
    BOTH,
    CENSUS,
    CENSUS_FILES,
    FAMCONF,
    FAMECON,
    FIXED,
    FIXED_FILES,
    HOMES,
    HOMES_2016,
    HOMES_CSV,
    HOUSEHOLDS,
    PEOPLE,
    PLACE_FILES,
    PLACES,
    REGISTER,
    ROSTER,
    Case,
    as_csv,
    book,
    both,
    cell,
    field_of,
    line,
    stata,
    stata_cell,
    text,
)

from fanpin.harmonise.failures import ExtractError

MISSING = 'bad_values="missing" reads the rest'


def place(name, variable, value, **facts):
    """A field of the first row of the places."""
    return Case(name=name, source="places", files=PLACE_FILES, spoil=field_of(PLACES, 1, variable, value), **facts)


def person(name, variable, value, **facts):
    """A field of the first person of the census."""
    return Case(name=name, source="ipums", files=CENSUS_FILES, spoil=field_of(CENSUS, 1, variable, value), **facts)


def home(name, variable, value, **facts):
    """A cell of the first household of the register."""
    return Case(name=name, source="register", files=REGISTER, spoil=cell(HOMES, 2, variable, value), **facts)


def famecon(name, variable, value, **facts):
    """A cell of the third household of the survey."""
    return Case(name=name, source="cfps", files=HOUSEHOLDS, spoil=stata_cell(FAMECON, 2, variable, value), **facts)


def no_number(name, value, step, variable="人口", canonical="population"):
    """Text in a column of numbers of the places."""
    got = value.strip('"')
    return place(name, variable, value, error=ExtractError, column=canonical, rows=1, rule=f"not a number in {variable}",
                 got=got, expected="a number", step=step, reads={"place_wave": {canonical: 1}})  # fmt: skip


def repeated(row):
    """A row of a Stata file once more at its end."""
    return lambda frame, _: pd.concat([frame, frame.iloc[[row]]], ignore_index=True)


def without_first_household(frame, _):
    return frame[frame["fid18"] != frame["fid18"].iloc[0]].reset_index(drop=True)


def words_in_numbers(frame, _):
    known = ["" if v != v else f"{v:g}" for v in frame["pce"]]
    return frame.assign(pce=["x", *known[1:]])


def unnamed_missing(frame, _):
    return frame.assign(fwage_1=["z", *frame["fwage_1"].tolist()[1:]])


def other_label(_, meta):
    meta["labels"]["fp511"] = "每月房租"


def other_value_labels(_, meta):
    meta["values"]["urban18"] = {0: "城镇", 1: "乡村"}


def total_row(*cells):
    """A last row that adds the others up, in text of the places."""
    return text(PLACES, lambda t: t + ",".join(cells) + "\n")


KEYS = [
    Case(name="a person twice", source="cfps", files=ROSTER, spoil=stata(FAMCONF, repeated(0)), error=ExtractError,
         file=FAMCONF, column="person_id|wave", rows=2, rule="1 duplicate keys", got="2 rows", expected="one row a key",
         step="keep one row for each key"),
    Case(name="a household twice", source="cfps", files=HOUSEHOLDS, spoil=stata(FAMECON, repeated(0)), error=ExtractError,
         column="fid18", rows=2, rule="1 duplicate keys of the famecon file", got="(2)", expected="one row a key",
         step="correct the mapping or the file"),
    Case(name="PERNUM repeated", source="ipums", files=CENSUS_FILES, spoil=field_of(CENSUS, 2, "PERNUM", "1"),
         error=ExtractError, column="person_id|wave", rows=2, rule="1 duplicate keys", got="2 rows", expected="one row a key",
         step="keep one row for each key"),
    Case(name="a household twice in the register", source="register", files=REGISTER,
         spoil=book(HOMES, lambda sheet: sheet.append([c.value for c in sheet[2]])), column="household_id|wave", rows=1,
         rule="rows joined to one a key", action="joined"),
    Case(name="a household twice, with two incomes", source="register", files=REGISTER, column="income_total", rows=1,
         spoil=book(HOMES, lambda sheet: sheet.append([9e6 if c.column_letter == "U" else c.value for c in sheet[2]])),
         rule="differs within a key; the smallest value is taken", action="kept"),
    place("no year", "年度", "", error=ExtractError, column="wave", rows=1, rule="key missing", got="place_id=9101 wave=empty",
          expected="a value in every row", step="fill the key in", reads={"place_wave": {"gone": 1}}),
    person("no household number", "SERIAL", "", error=ExtractError, column="person_id", rows=1, rule="key missing",
           got="person_id=empty wave=2000", expected="a value in every row", step="take the rows out",
           reads={"person_wave": {"gone": 1}, "place_wave": {"": ANY}}),
    place("year in words", "年度", "二〇一六年", error=ExtractError, column="wave", rows=1, rule="not a whole number in 年度",
          got="二〇一六年", expected="a whole number", step=MISSING, reads={"place_wave": {"gone": 1}}),
    person("a year without a census", "YEAR", "2005", error=ExtractError, column="wave", rows=1, rule="unknown wave", got="2005",
           expected="1982, 1990, 2000", step=MISSING, reads={"person_wave": {"gone": 1}, "place_wave": {"": ANY}}),
    place("a year far off", "年度", "20166", column="year", rows=1, rule="above 2100", got="20166", action="kept",
          differs={"place_wave": {"gone": 1, "new": 1}}),
    Case(name="numbers of households with lost digits, in text", source="register", files=REGISTER, file=HOMES_CSV,
         spoil=both(as_csv(HOMES, HOMES_CSV), field_of(HOMES_CSV, 1, "户编号", "4.50003E+17")), error=ExtractError,
         column="household_id", rows=1, rule="no identifier in 户编号", got="4.50003E+17", expected="all their digits",
         step="export identifiers as text"),
    home("numbers of households with lost digits, in a workbook", "户编号", 450003000000450003, error=ExtractError,
         column="household_id", rows=1, rule="no identifier in 户编号", got="E+17", expected="all their digits",
         step="export identifiers as text"),
    person("a part of a key with lost digits", "SAMPLE", "1.562E+08", error=ExtractError, column="person_id", rows=1,
           rule="no identifier in SAMPLE|SERIAL|PERNUM", got="1.562E+08", expected="all their digits", step="as text"),
    Case(name="a row of totals", source="places", files=PLACE_FILES, spoil=total_row("合计", "", "2018", *["1"] * 16),
         error=ExtractError, column="place_id", rows=1, rule="no identifier in 地区代码|地区名称", got="合计",
         expected="no row of totals", step="take rows of totals out", reads={}),
    Case(name="a row of totals in the register", source="register", files=REGISTER, error=ExtractError,
         spoil=book(HOMES, lambda sheet: sheet.append(["合计"])), column="household_id", rows=1, rule="no identifier",
         got="合计", expected="no row of totals", step="take rows of totals out"),
    Case(name="blank rows within a workbook", source="register", files=REGISTER, rows=3, rule="row without any value",
         spoil=book(HOMES, lambda sheet: sheet.insert_rows(5, 3)), action="left out"),
    Case(name="rows of separators in text", source="places", files=PLACE_FILES, rows=2, rule="row without any value",
         spoil=text(PLACES, lambda t: t.replace("\n9103", "\n" + "," * 18 + "\n9103", 1) + "," * 18 + "\n"), action="left out"),
    Case(name="empty lines in text", source="places", files=PLACE_FILES, spoil=line(PLACES, 4, lambda t: t + "\n\n")),
]  # fmt: skip

CODES = [
    famecon("a negative code outside the list", "urban18", -7, error=ExtractError, column="urban", rows=1, got="-7",
            rule="unknown code in urban18", expected="one of 0, 1", step=MISSING),
    famecon("a negative number like a code", "fincome1", -7, column="income_total", rows=1, got="-7", action="kept",
            rule="looks like a code that the mapping does not have", differs={"household_wave": {"income_total": 1}}),
    person("a code outside the list", "SEX", "3", error=ExtractError, column="female", rows=1, rule="unknown code in SEX",
           got="3 (1)", expected="one of 1, 2, 9", step=MISSING,
           reads={"person_wave": {"female": 1}, "place_wave": {"": ANY}}),
    home("a category the register does not know", "监测对象类别", "严重困难户", error=ExtractError, rows=1, got="严重困难户",
         column="monitoring_category", rule="unknown code in 监测对象类别", expected="突发严重困难户", step=MISSING,
         reads={"household_wave": {"monitoring_category": 1, "is_monitored": 1}}),
    Case(name="an education the register does not know", source="register", files=(PEOPLE,), error=ExtractError,
         spoil=cell(PEOPLE, 2, "文化程度", "博士后"), column="education_level", rows=1, rule="unknown code in 文化程度",
         got="博士后", expected="one of 文盲或半文盲", step=MISSING),
    Case(name="an extended missing value without a meaning", source="cfps", files=HOUSEHOLDS, column="income_wage", rows=1,
         spoil=stata(FAMECON, unnamed_missing, missing_user_values={"fwage_1": ["z"]}), got=".z", action="set missing",
         rule="a missing value of fwage_1 that the mapping does not name", differs={"household_wave": {"income_wage": 1}}),
    Case(name="a label that speaks of something else", source="cfps", files=HOUSEHOLDS, spoil=stata(FAMECON, other_label),
         rows=0, rule="the label of fp511 speaks of something else", got="每月房租", action="kept", column="*"),
    Case(name="value labels swapped", source="cfps", files=HOUSEHOLDS, spoil=stata(FAMECON, other_value_labels),
         column="urban", rows=0, rule="the value label of urban18 = 1 speaks of something else", got="乡村", action="kept"),
]  # fmt: skip

NUMBERS = [
    Case(name="words in a column of numbers", source="cfps", files=HOUSEHOLDS, spoil=stata(FAMECON, words_in_numbers),
         error=ExtractError, column="consumption_total", rows=1, rule="not a number in pce", got="x", expected="a number",
         step=MISSING),
    no_number("thousands separators", '"29,003"', "take thousands separators out"),
    no_number("full-width digits", "２９００３", "digits 0 to 9"),
    no_number("a decimal comma", '"29,4"', "decimal point", "到县城距离", "distance_county_seat"),
    no_number("a per cent sign", "82%", "take percent signs out", "硬化路覆盖率", "road_coverage"),
    no_number("a formula in text", "=1+1", "calculated values in place of formulas"),
    no_number("an error of a formula in text", "#DIV/0!", "mend the formulas"),
    no_number("not a number in words", "NaN", MISSING),
    no_number("infinity in words", "inf", MISSING),
    place("half a year", "年度", "2016.5", error=ExtractError, column="wave", rows=1, rule="not a whole number in 年度",
          got="2016.5", expected="a whole number", step=MISSING, reads={"place_wave": {"gone": 1}}),
    home("an error of a formula in a workbook", "纯收入", "#REF!", error=ExtractError, column="income_total", rows=1,
         rule="not a number in 纯收入", got="#REF!", expected="a number", step="mend the formulas"),
    place("population 1e18", "人口", "1e18", column="population", rows=1, rule="above 1e+15", got="1e+18", action="kept",
          differs={"place_wave": {"population": 1}}),
    home("income 1e18", "纯收入", 1e18, column="income_total", rows=1, rule="above 1e+15, where numbers lose digits",
         got="1e+18", action="kept", differs={"household_wave": {"income_total": 1}}),
    person("age 240", "AGE", "240", column="age", rows=1, rule="above 120", got="240", action="kept",
           differs={"person_wave": {"age": 1}, "place_wave": {"": ANY}}),
    person("a negative weight", "PERWT", "-10.0", column="weight", rows=1, rule="below 0", got="-10", action="kept",
           differs={"person_wave": {"weight": 1}, "place_wave": {"": ANY}}),
    Case(name="a household of 300 in two waves", source="register", files=(HOMES, HOMES_2016), column="household_size", rows=1,
         spoil=both(cell(HOMES, 2, "家庭人口数", 300), cell(HOMES_2016, 2, "家庭人口数", 300)), rule="above 60", got="300",
         action="kept", differs={"household_wave": {"household_size": 2}}),
    home("a month 13", "识别监测时间", "202213", column="risk_identified_month", rows=1, rule="no month of a year",
         got="202213", action="kept", differs={"household_wave": {"risk_identified_month": 1}}),
    place("a delivered rate that breaks its definition", "每万名学生多媒体教室数", "99.0", column="每万名学生多媒体教室数", rows=1,
          rule="breaks 每万名学生多媒体教室数 =", got="99.0 against", action="kept",
          differs={"place_wave": {"multimedia_per_10000_pupils": 1}}),
    home("a delivered total that breaks its derivation", "纯收入", 123456.0, column="纯收入", rows=1, rule="breaks 纯收入 =",
         got="123456.0 against", action="kept", differs={"household_wave": {"income_total": 1}}),
    Case(name="letters within digits of fixed width", source="ipums", files=FIXED_FILES, error=ExtractError,
         spoil=text(FIXED, lambda t: t[: t.index("\n") - 1] + "x" + t[t.index("\n") :]), column="hukou", rows=1,
         rule="unknown code in CN2000A_REGTYPE", got="x", expected="one of 1, 2", step=MISSING),
]  # fmt: skip

PERSONS = [
    Case(name="a person without a household", source="cfps", files=ROSTER, file=FAMCONF, column="household_id",
         spoil=stata(FAMECON, without_first_household), rule="household not in household_wave", action="kept",
         differs={"household_wave": {"gone": 1}, "person_wave": {"": ANY}}),
    Case(name="a household without persons", source="cfps", files=ROSTER, column="household_id", rows=1,
         spoil=stata(FAMCONF, without_first_household), rule="household without persons", action="kept",
         differs={"household_wave": {"": ANY}, "person_wave": {"gone": ANY}}),
    Case(name="a household of the register without its persons", source="register", files=BOTH, column="household_id", rows=1,
         spoil=cell(HOMES, 2, "户编号", "000000999999"), rule="household without persons", got="000000999999", action="kept",
         differs={"household_wave": {"new": 1, "": ANY}}),
]  # fmt: skip
