"""Each word of the grammar, on a made-up survey."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from made_up_survey import HOMES, PEOPLE, same

from fanpin.core.engine import fetch_frame

nan = np.nan


def test_every_raw_row_becomes_a_row_ordered_by_key(plain):
    assert plain.household_wave[["household_id", "wave"]].to_numpy().tolist() == [["a", 2020], ["a", 2021], ["b", 2020]]
    assert plain.person_wave["person_id"].tolist() == ["a|1", "a|1", "a|2", "a|2", "b|1"]
    assert plain.place_wave is None
    assert plain.rows_read == {"homes.csv": 3, "people.tsv": 5}
    assert plain.issues.empty
    assert plain.source == "made-up"


def test_values_recodes_factor_constant_and_reasons(plain):
    homes = plain.household_wave
    assert same(homes["region"], ["north", "south", nan])
    assert same(homes["region__missing"], [nan, nan, "dont_know"])
    assert same(homes["income_total"], [1206.0, nan, nan])
    assert same(homes["income_total__missing"], [nan, "refused", nan])  # an empty field has no reason of its own
    assert homes["interviewed"].tolist() == [1, 1, 1]
    assert "household_size__missing" not in homes
    assert {c: str(homes[c].dtype) for c in ("wave", "household_size", "income_total", "household_id")} == {
        "wave": "int64", "household_size": "int64", "income_total": "float64", "household_id": "str",
    }  # fmt: skip


def test_persons_replace_other_codes_and_what_an_empty_field_means(plain):
    people = plain.person_wave
    assert people["relation"].tolist() == ["head", "head", "other", "other", "head"]
    assert same(people["age"], [40, 41, 0, 1, nan])
    assert same(people["age__missing"], [nan, nan, nan, nan, "refused"])
    assert same(people["health_insured"], [1, 1, 0, nan, nan])


def test_derived_columns_know_what_they_do_not_know(plain):
    homes = plain.household_wave
    assert same(homes["head_age"], [40, 41, nan])
    assert same(homes["head_age__missing"], [nan, nan, "refused"])
    # a 2020: one member is uninsured; a 2021: of one it is not known; b 2020: does not apply, so nobody
    assert same(homes["any_uninsured"], [1, nan, 0])
    assert same(homes["any_uninsured__missing"], [nan, "dont_know", nan])


def test_empty_value_range_and_year_quarter(survey):
    survey.edit(
        "first.toml",
        'household_size = { from = "SIZE",',
        'household_size = { from = "SIZE", empty = { value = 1 }, range = [1, 1],',
    )
    survey.edit("first.toml", 'wave = { from = "YEAR"', 'wave = { year_quarter = ["YEAR", "Q"]')
    survey.edit("first.toml", "waves = [2020, 2021]", "waves = [8082, 8085]")
    survey.write("homes.csv", "HH,YEAR,Q,REG,SIZE,INC\na,2020,2,1,,1\na,2021,1,1,7,1\n")
    survey.write("people.tsv", "HH\tYEAR\tQ\tLINE\tREL\tAGE\tINS\na\t2020\t2\t1\t1\t40\t1\na\t2021\t1\t1\t1\t40\t1\n")
    made = survey.harmonise()
    assert made.household_wave["wave"].tolist() == [8082, 8085]
    assert made.household_wave["household_size"].tolist() == [1, 7]
    assert made.issues[["column", "rule", "rows", "action"]].to_numpy().tolist() == [
        ["household_size", "above 1", 1, "kept"]
    ]


def test_a_reason_that_stands_in_another_variable(survey):
    survey.edit(
        "first.toml",
        "factor = 12,",
        'factor = 12, missing_if = [{ variable = "SIZE", codes = [2], reason = "not_asked" }],',
    )
    homes = survey.harmonise().household_wave
    assert same(homes["income_total"], [nan, nan, nan])
    assert same(homes["income_total__missing"], ["not_asked", "not_asked", nan])


def test_codes_are_compared_as_numbers_where_they_are_numbers(survey):
    survey.write("homes.csv", HOMES.replace("2020,1,2", "2020,01,2").replace("2021,2,2", "2021, 2.0 ,2"))
    assert same(survey.harmonise().household_wave["region"], ["north", "south", nan])


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("HOMES.CSV.gz", HOMES, "utf-8"),
        ("homes.csv", HOMES.replace("HH,YEAR", "hh,Year"), "utf-8"),
        ("homes.csv", "\ufeff" + HOMES, "utf-8"),
        ("homes.csv", HOMES.replace("\n", "\r\n"), "utf-8"),
        ("homes.csv", HOMES.replace("\na,", '\n"a",').replace("INC", "INC,NOTE").replace(".5", '.5,"x, ""y"""')
         .replace("-9", "-9,").replace("NA", "NA,"), "utf-8"),
    ],
    ids=["gz and upper case", "header in another case", "byte-order mark", "windows line ends", "quoted fields"],
)  # fmt: skip
def test_ways_a_file_may_be_written(survey, plain, name, text, encoding):
    (survey.raw / "homes.csv").unlink()
    survey.write(name, text, encoding=encoding)
    pd.testing.assert_frame_equal(survey.harmonise().household_wave, plain.household_wave)


def test_text_is_read_in_the_encoding_of_the_mapping(survey):
    survey.edit("first.toml", 'pattern = "homes*.csv*"', 'pattern = "homes*.csv*"\nencoding = "latin-1"')
    survey.write("homes.csv", HOMES.replace("a,", "ñ,"), encoding="latin-1")
    survey.write("people.tsv", PEOPLE.replace("a\t", "ñ\t"))
    made = survey.harmonise()
    assert made.household_wave["household_id"].tolist() == ["b", "ñ", "ñ"]
    assert same(made.household_wave["head_age"], [nan, 40, 41])


def test_files_may_be_a_folder_a_pattern_a_path_or_a_list(survey, plain):
    for files in (f"{survey.raw}/*.?sv", [survey.raw / "homes.csv", str(survey.raw / "people.tsv")]):
        pd.testing.assert_frame_equal(survey.harmonise(files).person_wave, plain.person_wave)


def test_files_that_no_pattern_meets_are_listed(survey):
    survey.write("notes.md", "not data")
    survey.write("other.csv", "a\n1\n")
    issues = survey.harmonise().issues
    assert issues[["file", "action"]].to_numpy().tolist() == [["other.csv", "not read"]]


def test_rows_split_over_files_and_their_order_do_not_matter(survey, plain):
    lines = HOMES.splitlines()
    survey.write("homes.csv", "\n".join([lines[0], lines[3], lines[2]]) + "\n")
    survey.write("homes_2.csv", "\n".join([lines[0], lines[1]]) + "\n")
    split = survey.harmonise()
    pd.testing.assert_frame_equal(split.household_wave, plain.household_wave)
    pd.testing.assert_frame_equal(split.catalogue, plain.catalogue)
    assert split.rows_read == {"homes.csv": 2, "homes_2.csv": 1, "people.tsv": 5}


def test_a_layout_may_extend_another_and_columns_it_lacks_were_not_asked(survey):
    (survey.mapping / "later.toml").write_text(
        'extends = "first"\nwaves = [2022]\n'
        '[files.homes]\npattern = "h2022.csv"\n[files.people]\npattern = "p2022.tsv"\n'
        '[tables.household_wave.columns]\nregion = false\nhousehold_size.from = "NUM"\n'
        'household_size.evidence = "verified"\n[tables.household_wave.derived]\nany_uninsured = false\n',
        "utf-8",
    )
    survey.write("h2022.csv", "HH,YEAR,NUM,INC\na,2022,3,1\n")
    survey.write("p2022.tsv", "HH\tYEAR\tLINE\tREL\tAGE\tINS\na\t2022\t1\t1\t42\t1\n")
    made = survey.harmonise()
    homes = made.household_wave
    assert homes["wave"].tolist() == [2020, 2021, 2022, 2020]
    assert same(homes["household_size"], [2, 2, 3, 1])
    assert same(homes["region__missing"], [nan, nan, "not_asked", "dont_know"])
    assert same(homes["any_uninsured__missing"], [nan, "dont_know", "not_asked", nan])
    catalogue = made.catalogue.set_index(["table", "column", "wave"])
    assert ("household_wave", "region", 2022) not in catalogue.index
    assert catalogue.loc[("household_wave", "household_size", 2022), "variables"] == "NUM"
    assert catalogue.loc[("household_wave", "household_size", 2020), "variables"] == "SIZE"


def test_catalogue_says_where_columns_come_from_and_why_they_miss(plain):
    catalogue = plain.catalogue
    assert list(catalogue.columns) == ["source", "table", "column", "wave", "variables", "rows", "share_missing",
                                       "reasons", "evidence", "note"]  # fmt: skip
    at = catalogue.set_index(["table", "column", "wave"])
    income = at.loc[("household_wave", "income_total", 2021)]
    assert income[["source", "variables", "rows", "share_missing", "reasons", "evidence", "note"]].tolist() == [
        "made-up", "INC", 1, 1.0, "refused 1", "verified", "a month",
    ]  # fmt: skip
    assert at.loc[("household_wave", "income_total", 2020), ["share_missing", "reasons"]].tolist() == [0.5, ""]
    assert at.loc[("household_wave", "head_age", 2020), "variables"] == "first person_wave.age where relation = head"
    assert at.loc[("person_wave", "age", 2020), ["share_missing", "reasons"]].tolist() == [0.333333, "refused 0.333333"]


def test_tables_are_ibis_tables_with_the_same_rows(plain):
    assert isinstance(plain.tables["person_wave"], ibis.Table)
    frame = fetch_frame(plain.tables["person_wave"].order_by(["person_id", "wave"]))
    pd.testing.assert_frame_equal(frame, plain.person_wave)
