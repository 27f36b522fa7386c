"""Everything that can be wrong with raw files and mappings is named; nothing is made of half of them."""

from __future__ import annotations

import gzip

import pytest
from made_up_survey import HOMES, PEOPLE

import fanpin as fp
from fanpin.core.errors import DataError, RawFileError, StudyError, UnknownNameError
from fanpin.harmonise.failures import ExtractError

# --- files -------------------------------------------------------------------------------------------------------


def test_missing_column_is_named_with_file_and_closest_name(survey):
    path = survey.write("homes.csv", HOMES.replace("SIZE", "SIZES"))
    with pytest.raises(UnknownNameError, match=r"no column 'SIZE'[\s\S]*did you mean 'SIZES'") as caught:
        survey.harmonise()
    assert str(path) in str(caught.value)
    assert "5 columns: HH, YEAR, REG, SIZES, INC" in str(caught.value)


def test_truncated_gzip(survey):
    (survey.raw / "homes.csv").unlink()
    data = gzip.compress(HOMES.encode() * 500)
    (survey.raw / "homes.csv.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(RawFileError, match=r"cannot be unpacked[\s\S]*homes\.csv\.gz[\s\S]*fetch the file again"):
        survey.harmonise()


def test_file_that_is_not_compressed_as_its_name_says(survey):
    (survey.raw / "homes.csv").rename(survey.raw / "homes.csv.gz")
    with pytest.raises(RawFileError, match=r"cannot be unpacked[\s\S]*Not a gzipped file[\s\S]*homes\.csv\.gz"):
        survey.harmonise()


@pytest.mark.parametrize("text", ["", "\n", HOMES.splitlines()[0] + "\n"])
def test_empty_file(survey, text):
    survey.write("homes.csv", text)
    with pytest.raises(RawFileError, match=r"(is empty|no rows|no column names)[\s\S]*homes\.csv"):
        survey.harmonise()


def test_rows_of_unequal_length(survey):
    survey.write("homes.csv", HOMES + "c,2020,1\n")
    with pytest.raises(RawFileError, match=r"do not all have the columns[\s\S]*Expected 5 columns, got 3: c,2020,1"):
        survey.harmonise()


def test_text_in_another_encoding(survey):
    survey.write("homes.csv", HOMES.replace("a,", "ñ,"), encoding="latin-1")
    with pytest.raises(RawFileError, match=r"cannot be read as utf-8[\s\S]*homes\.csv"):
        survey.harmonise()


def test_no_file_matches(survey):
    with pytest.raises(RawFileError, match="no file here"):
        survey.harmonise(survey.raw / "absent.csv")
    with pytest.raises(RawFileError, match="no file here"):
        survey.harmonise(f"{survey.raw}/*.dta")
    with pytest.raises(RawFileError, match="no file was given"):
        survey.harmonise([])
    other = survey.write("other.csv", HOMES)
    with pytest.raises(RawFileError, match=r"no file of 'made-up'[\s\S]*homes\*\.csv\*"):
        survey.harmonise([other, survey.raw / "homes.csv"])


def test_a_role_or_a_wave_has_files_missing(survey):
    with pytest.raises(RawFileError, match=r"no people file of 'made-up'[\s\S]*people\*\.tsv\*"):
        survey.harmonise(survey.raw / "homes.csv")
    survey.write("people.tsv", "".join(line for line in PEOPLE.splitlines(True) if "2021" not in line))
    with pytest.raises(RawFileError, match=r"wave 2021 has no rows of person_wave"):
        survey.harmonise()


def test_name_that_meets_two_patterns_and_two_files_of_one_name(survey):
    (survey.mapping / "second.toml").write_text((survey.mapping / "first.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(RawFileError, match=r"meets several patterns[\s\S]*first: homes[\s\S]*second: homes"):
        survey.harmonise()
    (survey.mapping / "second.toml").unlink()
    (survey.raw / "again").mkdir()
    survey.write("again/homes.csv", HOMES)
    with pytest.raises(RawFileError, match=r"two files are called 'homes\.csv'"):
        survey.harmonise([survey.raw, survey.raw / "again"])


# --- rows --------------------------------------------------------------------------------------------------------

STOPS = [
    ("homes.csv", "2020,1,2", "2020,5,2", r"household_wave\.region: unknown code in REG in 1 rows", "one of 1, 2, 9", "5 (1)"),
    ("homes.csv", "100.5", "1O0.5", r"income_total: not a number in INC", "a number or one of -9", "1O0.5 (1)"),
    ("homes.csv", "100.5", "nan", r"income_total: not a number in INC", "a number", "nan (1)"),
    ("homes.csv", "1,2,100.5", "1,2.5,100.5", r"household_size: not a whole number in SIZE", "a whole number", "2.5 (1)"),
    ("homes.csv", "b,2020", ",2020", r"household_id: key missing in 1 rows", "a value in every row", "household_id=empty wave=2020 (1)"),
    ("homes.csv", "b,2020", "b,1999", r"wave: unknown wave in 1 rows", "first.toml: 2020, 2021", "1999 (1)"),
    ("homes.csv", "a,2021", "a,2020", r"household_id\|wave: 1 duplicate keys in 2 rows", "one row a key", "household_id=a, wave=2020: 2 rows"),
    ("people.tsv", "40\t1", "40\t2", r"health_insured: unknown code in INS", "one of 0, 1, 7, 8", "2 (1)"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "problem", "expected", "got"), STOPS)
def test_broken_promises_stop_the_build(survey, file, old, new, problem, expected, got):
    survey.edit(file, old, new)
    with pytest.raises(ExtractError, match=problem) as caught:
        survey.harmonise()
    error = caught.value
    assert isinstance(error, DataError)
    assert (expected in str(error.expected), error.got, error.where) == (True, got, file)
    assert error.issues.loc[0, "action"] == "stopped"


def test_no_quarter(survey):
    survey.edit("first.toml", 'wave = { from = "YEAR"', 'wave = { year_quarter = ["YEAR", "SIZE"]')
    survey.write("homes.csv", "HH,YEAR,REG,SIZE,INC\na,2020,1,5,1\n")
    survey.write("people.tsv", "HH\tYEAR\tSIZE\tLINE\tREL\tAGE\tINS\na\t2020\t1\t1\t1\t40\t1\n")
    with pytest.raises(ExtractError, match=r"wave: no year and quarter in YEAR\|SIZE[\s\S]*2020\|5 \(1\)"):
        survey.harmonise()


def test_all_failures_are_told_at_once(survey):
    survey.edit("homes.csv", "2020,1,2", "2020,5,2")
    survey.edit("homes.csv", "2021,2,2", "2021,6,x")
    survey.edit("people.tsv", "40\t1", "forty\t1")
    with pytest.raises(ExtractError, match=r"further failures:[\s\S]*household_size[\s\S]*person_wave\.age") as caught:
        survey.harmonise()
    issues = caught.value.issues
    assert issues[["file", "column", "rule", "rows", "examples"]].to_numpy().tolist() == [
        ["homes.csv", "region", "unknown code in REG", 2, "5 (1), 6 (1)"],
        ["homes.csv", "household_size", "not a whole number in SIZE", 1, "x (1)"],
        ["people.tsv", "age", "not a whole number in AGE", 1, "forty (1)"],
    ]


def test_what_only_the_survey_can_judge_is_kept_and_listed(survey):
    survey.edit("homes.csv", "1,2,100.5", "1,99,100.5")
    survey.edit("people.tsv", "a\t2020\t2\t3\t-1", "a\t2020\t2\t1\t-3")
    survey.edit("people.tsv", "b\t2020", "c\t2020")
    made = survey.harmonise()
    assert made.issues[["file", "table", "column", "rule", "rows", "examples", "action"]].to_numpy().tolist() == [
        ["homes.csv", "household_wave", "household_size", "above 60", 1, "99 (1)", "kept"],
        ["people.tsv", "person_wave", "age", "below 0", 1, "-3 (1)", "kept"],
        ["people.tsv", "person_wave", "household_id", "household not in household_wave", 1, "c (1)", "kept"],
        ["homes.csv", "household_wave", "household_id", "household without persons", 1, "b (1)", "kept"],
        ["homes.csv", "household_wave", "head_age", "several with relation=head", 1, "a (1)", "kept"],
    ]
    assert len(made.person_wave) == 5
    assert made.person_wave["age"].min() == -3
    assert made.household_wave.loc[0, "head_age"] == 40  # the first by person_id


def test_a_household_without_a_head_is_listed(survey):
    survey.edit("people.tsv", "b\t2020\t1\t1", "b\t2020\t1\t4")
    made = survey.harmonise()
    assert made.issues[["column", "rule", "examples"]].to_numpy().tolist() == [
        ["head_age", "no person with relation=head", "b (1)"]
    ]
    assert made.household_wave["head_age"].isna().tolist() == [False, False, True]


# --- mappings and arguments --------------------------------------------------------------------------------------

GRAMMAR = [
    ('household_size = {', "houshold_size = {", UnknownNameError, "did you mean 'household_size'"),
    ('from = "SIZE"', 'form = "SIZE"', UnknownNameError, "unknown entry 'form'"),
    ('from = "SIZE"', 'from = "SIZE", constant = 1', StudyError, "a column has one origin"),
    ('from = "SIZE", ', "", StudyError, "a column has one origin"),
    ('evidence = "script only"', 'evidence = "rumour"', UnknownNameError, "unknown evidence 'rumour'"),
    ('note = "a month", ', "", StudyError, "a factor needs a note"),
    ('-9 = "refused"', '-9 = "shy"', UnknownNameError, "unknown reason for missing 'shy'"),
    ('1 = "north"', "1 = 1", StudyError, "code '1' becomes 1, which is no string"),
    ('replace = { -1 = 0 }', 'replace = { -1 = 0 }, recode = { 1 = 1 }', StudyError, "replace is for numbers"),
    ('[tables.person_wave]\nfrom = "people"', '[tables.person_wave]\nfrom = "peple"', UnknownNameError, "did you mean 'people'"),
    ("[tables.person_wave]", "[tables.persons]", UnknownNameError, "unknown canonical table 'persons'"),
    ('person_id = { join = ["HH", "LINE"], evidence = "verified" }\n', "", StudyError, "no key column 'person_id'"),
    ('aggregate = "any"', 'aggregate = "most"', UnknownNameError, "unknown aggregate 'most'"),
    ('aggregate = "any", where', 'aggregate = "sum", where', StudyError, "needs of="),
    ('of = "age"', 'of = "ages"', UnknownNameError, "did you mean 'age'"),
    ('any_uninsured = {', 'region = {', StudyError, "both mapped and derived"),
    ('currency = "XXX"\n', "", StudyError, "no 'currency'"),
    ('pattern = "homes*.csv*"\n', "", StudyError, "a file needs a pattern"),
    ("waves = [2020, 2021]", 'extends = "zero"\nwaves = [2020, 2021]', UnknownNameError, "unknown mapping file to extend"),
    ("waves = [2020, 2021]", 'extends = "first"\nwaves = [2020, 2021]', StudyError, "in a circle"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "error", "message"), GRAMMAR)
def test_mapping_files_are_checked(survey, old, new, error, message):
    survey.edit("first.toml", old, new)
    with pytest.raises(error, match=message) as caught:
        survey.harmonise()
    assert "first" in str(caught.value)


def test_a_known_source_is_not_mistaken_for_a_folder_of_the_same_name(root, tmp_path, monkeypatch):
    (tmp_path / "gsoep").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(fp.harmonise("gsoep", root / "data/raw/gsoep-rwm/rwm5yr.csv.gz").person_wave) == 19609


def test_unknown_source_engine_and_empty_folder(survey, tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown source 'gseop'[\s\S]*'gsoep'"):
        fp.harmonise("gseop", survey.raw)
    with pytest.raises(UnknownNameError, match="duckdb"):
        fp.harmonise(str(survey.mapping), survey.raw, engine="sparks")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(StudyError, match="no mapping file here"):
        fp.harmonise(str(tmp_path / "nothing"), survey.raw)
