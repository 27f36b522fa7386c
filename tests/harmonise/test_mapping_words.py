"""The words of the grammar that join, compute, select and carry, each on a small made-up source."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_survey import same

import fanpin as fp
from fanpin.core.errors import StudyError, UnknownNameError, UnverifiedMappingWarning
from fanpin.harmonise.failures import ExtractError

nan = np.nan
HEAD = 'currency = "XXX"\ntitle = { en = "Made up", zh = "虚构" }\n'


def source(folder, text, files, *, name="made", waves="waves = [2020]\n"):
    """A mapping and its raw files, harmonised."""
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "one.toml").write_text(waves + HEAD + text, "utf-8")
    for file, content in files.items():
        (folder / file).write_text(content, "utf-8")
    return lambda **options: fp.harmonise(folder / name, [folder / f for f in files], **options)


PEOPLE = """
[files.roster]
pattern = "roster.csv"
missing = { -1 = "dont_know", -2 = "refused", -8 = "not_applicable" }
[files.adult]
pattern = "adult.csv"
missing = { -1 = "dont_know", -8 = "not_applicable" }
key = ["pid"]
optional = true
[tables.person_wave]
from = "roster"
lookup = { adult = ["pid"] }
keep = [{ variable = "in", codes = [1] }]
[tables.person_wave.columns]
person_id = { from = "pid", evidence = "verified" }
household_id = { from = "fid", evidence = "verified" }
wave = { constant = 2020, evidence = "verified" }
age = { from = ["adult.age", "age"], evidence = "verified" }
income_person = { compute = "rowtotal(adult.wage, adult.other)", evidence = "verified" }
health_insured = { any = ["adult.ins_*"], codes = [1, 5], evidence = "verified" }
"""
ROSTER = "pid,fid,in,age\n01,a,1,40\n02,a,1,-1\n03,b,0,9\n04,b,1,8\n"
ADULT = """pid,age,wage,other,ins_1,ins_2
01,41,100,-8,78,
02,-1,-1,5,2,5
09,30,1,1,1,
"""


@pytest.fixture
def people(tmp_path):
    return source(tmp_path, PEOPLE, {"roster.csv": ROSTER, "adult.csv": ADULT})


def test_rows_look_up_others_and_say_what_was_left(people):
    made = people()
    persons = made.person_wave
    assert persons["person_id"].tolist() == ["01", "02", "04"]
    assert same(persons["age"], [41, nan, 8])
    assert same(persons["age__missing"], [nan, "dont_know", nan])
    assert made.issues[["file", "column", "rule", "rows", "examples", "action"]].to_numpy().tolist() == [
        ["adult.csv", "pid", "no row of roster has this pid", 1, "09 (1)", "not used"],
        ["roster.csv", "in", "in is not 1", 1, "0 (1)", "left out"],
    ]
    assert made.rows_read["roster.csv"] == len(persons) + 1


def test_row_totals_pass_over_what_does_not_apply_and_nothing_else(people):
    persons = people().person_wave
    assert same(persons["income_person"], [100, nan, nan])
    assert same(persons["income_person__missing"], [nan, "dont_know", nan])  # person 04 has no row to look up


def test_answers_in_order_of_mention(people):
    assert same(people().person_wave["health_insured"], [0, 1, nan])


def test_an_optional_file_that_is_not_given_was_not_asked(tmp_path):
    persons = source(tmp_path, PEOPLE, {"roster.csv": ROSTER})().person_wave
    assert same(persons["age"], [40, nan, 8])
    assert set(persons["income_person__missing"]) == set(persons["health_insured__missing"]) == {"not_asked"}


def test_looked_up_rows_must_be_single(tmp_path):
    harmonise = source(tmp_path, PEOPLE, {"roster.csv": ROSTER, "adult.csv": ADULT + "01,50,1,1,1,\n"})
    with pytest.raises(ExtractError, match=r"pid: 1 duplicate keys of the adult file in 2 rows[\s\S]*01 \(2\)"):
        harmonise()


def test_bad_values_may_become_missing_and_are_listed(tmp_path):
    files = {"roster.csv": ROSTER + ",c,1,3\n05,c,1,x\n", "adult.csv": ADULT}
    harmonise = source(tmp_path, PEOPLE, files)
    with pytest.raises(ExtractError, match=r"not a whole number[\s\S]*key missing"):
        harmonise()
    made = harmonise(bad_values="missing")
    assert made.person_wave["person_id"].tolist() == ["01", "02", "04", "05"]
    assert made.person_wave["age__missing"].tolist()[-1] == "lost_in_coding"
    found = made.issues.query("file == 'roster.csv'")[["column", "rows", "action"]].to_numpy().tolist()
    assert sorted(found) == [["age", 1, "set missing"], ["in", 1, "left out"], ["person_id", 1, "left out"]]


HOMES = """
[files.homes]
pattern = "homes.csv"
aliases = { inc = ["income (yuan)"] }
[[files.homes.checks]]
rule = "inc = rowmax(wage + farm, reported)"
tolerance = 1
[tables.household_wave]
from = "homes"
[tables.household_wave.columns]
household_id = { from = "fid", evidence = "verified" }
wave = { from = "year", evidence = "verified" }
income_total = { from = "inc", factor = 10000, note = "in 10,000", evidence = "verified" }
psu = { from = "psu", optional = true, carried_by = "region", evidence = "verified" }
region = { from = "origin", evidence = "verified" }
household_size = { compute = "hid // 100 + 1", evidence = "unverified" }
"""
ROWS = """fid,year,Income (yuan),wage,farm,reported,origin,psu,hid
a,2020,3,1,2,,k,7,305
b,2020,9,1,2,4,,8,99
"""
LATER = "fid,year,inc,wage,farm,reported,origin,hid\na,2021,3,1,2,3,k,1\nb,2021,9,5,4,1,,2\n"


def homes(folder, rows=ROWS):
    return source(folder, HOMES, {"homes.csv": rows}, waves="waves = [2020, 2021]\n")


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.UnverifiedMappingWarning")
def test_aliases_rules_and_whole_number_division(tmp_path):
    made = homes(tmp_path)()
    assert made.household_wave["income_total"].tolist() == [30000, 90000]
    assert made.household_wave["household_size"].tolist() == [4, 1]
    broken = made.issues.iloc[0]
    assert (broken["column"], broken["rows"], broken["examples"], broken["action"]) == (
        "inc",
        1,
        "9.0 against 4.0 (1)",
        "kept",
    )
    assert "breaks inc = rowmax(wage + farm, reported)" in broken["rule"]


def test_what_nobody_could_confirm_is_named(tmp_path):
    with pytest.warns(UnverifiedMappingWarning, match=r"household_wave\.household_size \(hid\)"):
        homes(tmp_path)()


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.UnverifiedMappingWarning")
def test_values_are_carried_to_the_waves_that_lack_them(tmp_path):
    text = HOMES.replace('pattern = "homes.csv"', 'pattern = "homes*.csv"')
    rows = source(
        tmp_path, text, {"homes.csv": ROWS, "homes2.csv": LATER}, waves="waves = [2020, 2021]\n"
    )().household_wave
    assert rows["household_id"].tolist() == ["a", "a", "b", "b"]
    assert same(rows["psu"], ["7", "7", "8", nan])  # b has no origin to carry by
    assert same(rows["psu__missing"], [nan, nan, nan, "not_asked"])


PLACES = """
[files.persons]
pattern = "persons.csv"
[tables.person_wave]
from = "persons"
[tables.person_wave.columns]
person_id = { join = ["hh", "n"], evidence = "verified" }
household_id = { from = "hh", evidence = "verified" }
wave = { from = "year", evidence = "verified" }
place_id = { from = "place", evidence = "verified" }
age = { from = "age", missing = { 999 = "dont_know" }, evidence = "verified" }
schooling_years = { from = "school", missing = { 99 = "not_applicable" }, evidence = "verified" }
weight = { from = "w", evidence = "verified" }
[tables.household_wave]
from = "persons"
collapse = true
[tables.household_wave.columns]
household_id = { from = "hh", evidence = "verified" }
wave = { from = "year", evidence = "verified" }
place_id = { from = "place", evidence = "verified" }
weight = { from = "w", evidence = "verified" }
[tables.place_wave]
from_table = "person_wave"
[tables.place_wave.derived]
population = { aggregate = "count", weighted = true, evidence = "verified" }
mean_schooling_years = { aggregate = "mean", of = "schooling_years", where = { age = { above = 14 } }, weighted = true, evidence = "verified" }
child_dependency_ratio = { aggregate = "ratio", where = { age = { below = 15 } }, among = { age = { between = [15, 64] } }, weighted = true, evidence = "verified" }
"""
PERSONS = """hh,n,year,place,age,school,w
1,1,2020,X,40,6,2
1,2,2020,X,10,99,2
2,1,2020,X,30,12,1
2,2,2020,X,999,3,1
3,1,2020,Y,20,9,5
3,2,2020,Y,21,9,4
"""


def test_places_are_made_from_their_persons_and_households_collapse(tmp_path):
    made = source(tmp_path, PLACES, {"persons.csv": PERSONS})()
    places = made.place_wave.set_index("place_id")
    assert places["population"].to_dict() == {"X": 6, "Y": 9}
    assert places["mean_schooling_years"].to_dict() == {"X": (2 * 6 + 12) / 3, "Y": 9}
    assert places["child_dependency_ratio"].to_dict() == {"X": 2 / 3, "Y": 0}
    assert made.household_wave["household_id"].tolist() == ["1", "2", "3"]
    assert made.household_wave["weight"].tolist() == [2, 1, 4]
    listed = made.issues[["table", "column", "rule", "rows", "action"]].to_numpy().tolist()
    assert ["household_wave", "household_id|wave", "rows joined to one a key", 3, "joined"] in listed
    assert ["household_wave", "weight", "differs within a key; the smallest value is taken", 1, "kept"] in listed


def test_the_first_member_who_has_the_value(tmp_path):
    text = PLACES.replace(
        "[tables.place_wave]",
        """[tables.household_wave.derived]
head_schooling_years = { aggregate = "first", of = "schooling_years", where = { schooling_years = { known = true } }, evidence = "verified" }
[tables.place_wave]""",
    )
    rows = PERSONS.replace("2,1,2020,X,30,12,1", "2,1,2020,X,30,99,1").replace(
        "2,2,2020,X,999,3,1", "2,2,2020,X,999,99,1"
    )
    made = source(
        tmp_path,
        text,
        {"persons.csv": rows.replace("1,1,2020,X,40,6,2", "1,1,2020,X,40,99,2").replace("10,99,2", "10,4,2")},
    )()
    assert same(made.household_wave["head_schooling_years"], [4, nan, 9])
    assert not made.issues["rule"].str.contains("several with").any()


WIDE = """
[files.wide]
pattern = "wide.csv"
[tables.person_wave]
from = "wide"
keep = [{ variable = "inw{w}", codes = [1] }]
[tables.person_wave.columns]
person_id = { from = "id", evidence = "verified" }
wave = { constant = "{wave}", evidence = "verified" }
age = { from = "r{w}age", evidence = "verified" }
"""


def test_wide_files_are_read_once_a_wave(tmp_path):
    harmonise = source(
        tmp_path, WIDE, {"wide.csv": "id,inw1,r1age,inw2,r2age\na,1,50,1,52\nb,1,60,0,\n"},
        waves="for_each = { w = { 1 = 2011, 2 = 2013 } }\n",
    )  # fmt: skip
    made = harmonise()
    assert made.person_wave[["person_id", "wave", "age"]].to_numpy().tolist() == [
        ["a", 2011, 50],
        ["a", 2013, 52],
        ["b", 2011, 60],
    ]
    assert made.issues[["rule", "action"]].to_numpy().tolist() == [["inw2 is not 1", "left out"]]


GRAMMAR = [
    (HOMES, 'compute = "hid // 100 + 1"', 'compute = "hid ** 2"', StudyError, "a formula has a part it cannot have"),
    (HOMES, 'compute = "hid // 100 + 1"', 'compute = "hid +"', StudyError, "a formula cannot be read"),
    (HOMES, "inc = rowmax(wage + farm, reported)", "inc", StudyError, "a rule has two sides"),
    (HOMES, 'carried_by = "region"', 'carried_by = "regions"', UnknownNameError, "did you mean 'region'"),
    (HOMES, 'from = "fid"', "from = 3", StudyError, "household_id.from"),
    (PEOPLE, "codes = [1, 5], ", "", StudyError, "codes stand beside any"),
    (PEOPLE, 'from = ["adult.age", "age"]', 'from = ["adults.age", "age"]', UnknownNameError, "did you mean 'adult'"),
    (PEOPLE, 'lookup = { adult = ["pid"] }', 'lookup = { adults = ["pid"] }', UnknownNameError, "did you mean 'adult'"),
    (PEOPLE, ", codes = [1] }]", " }]", StudyError, "a row is kept for its codes"),
    (PLACES, ', among = { age = { between = [15, 64] } }', "", StudyError, "among stands beside share and ratio"),
    (PLACES, "between =", "beside =", UnknownNameError, "unknown comparison 'beside'"),
    (PLACES, 'from_table = "person_wave"', 'from_table = "place_wave"', StudyError, "cannot be derived from itself"),
    (PLACES, 'place_id = { from = "place", evidence = "verified" }\nage', "age", StudyError, "no column 'place_id' to join by"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "error", "message"), GRAMMAR)
def test_the_words_are_checked(tmp_path, text, old, new, error, message):
    assert old in text
    harmonise = source(tmp_path, text.replace(old, new), {"homes.csv": ROWS})
    with pytest.raises(error, match=message):
        harmonise()
