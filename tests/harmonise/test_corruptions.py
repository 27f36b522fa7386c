"""Simulated extracts, spoilt in one way each: every fault is named, and nothing is lost in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import corruption_files
import corruption_rows
import pandas as pd
import pytest
from corruptions import ANY, Case

import fanpin as fp
from fanpin.core.columns import KEYS
from fanpin.core.errors import FanpinError
from fanpin.harmonise.failures import ExtractError
from fanpin.harmonise.harmonised import Harmonised

CASES: list[Case] = [
    *corruption_files.NAMES, *corruption_files.FORMATS, *corruption_files.ENCODINGS, *corruption_files.HEADINGS,
    *corruption_rows.KEYS, *corruption_rows.CODES, *corruption_rows.NUMBERS, *corruption_rows.PERSONS,
]  # fmt: skip
STOPS = [c for c in CASES if c.error is not None]
GOES = [c for c in CASES if c.error is None]
READS = [c for c in STOPS if c.reads is not None]
FEEDS = {  # which files, by a part of their names, give the rows of a table
    ("cfps", "household_wave"): "famecon", ("cfps", "person_wave"): "famconf", ("ipums", "person_wave"): "ipumsi",
    ("places", "place_wave"): "places", ("register", "household_wave"): "监测", ("register", "person_wave"): "人员信息",
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::fanpin.core.errors.UnverifiedMappingWarning")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> dict[str, Path]:
    """The files of 40 simulated households, by name."""
    folder = tmp_path_factory.mktemp("city-c") / "files"
    fp.simulate_city_c(households=40, waves=[2016, 2018], seed=5).write(folder)
    return {p.name: p for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def good(simulated, tmp_path_factory):
    """What the good files give, harmonised once for each set of files."""
    known: dict[tuple[str, ...], Harmonised] = {}

    def get(case: Case) -> Harmonised:
        key = (case.source, *case.files)
        if key not in known:
            folder = tmp_path_factory.mktemp("good")
            copy(case, simulated, folder)
            known[key] = fp.harmonise(case.source, folder)
        return known[key]

    return get


def copy(case: Case, simulated: dict[str, Path], folder: Path) -> None:
    for name in case.files:
        shutil.copy(simulated[name], folder / name)


@pytest.fixture
def spoilt(simulated, tmp_path):
    """A case's files in a folder of their own, spoilt."""

    def make(case: Case) -> Path:
        folder = tmp_path / "case"
        folder.mkdir()
        copy(case, simulated, folder)
        case.spoil(folder)
        return folder

    return make


def name(case: Case) -> str:
    return f"{case.source}: {case.name}"


def test_there_are_many_cases_and_each_has_its_own_name():
    assert len(CASES) >= 60
    assert len({name(c) for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", STOPS, ids=name)
def test_a_fault_that_stops_is_named_with_file_column_rows_and_next_step(case, spoilt):
    with pytest.raises(FanpinError) as caught:
        fp.harmonise(case.source, spoilt(case))
    error, message = caught.value, str(caught.value)
    assert type(error) is case.error, message
    for fact, part in {"expected": case.expected, "got": case.got, "next_step": case.step}.items():
        assert part in str(getattr(error, fact)), message
    assert case.expected and case.step, "a case tells what was expected, and the next step"
    for part in (case.file or case.files[0], case.column, case.rule):
        assert part in message, message
    if isinstance(error, ExtractError):
        assert f"in {case.rows} rows" in error.problem, message
        stops = error.issues[error.issues["action"] == "stopped"]
        assert case.column in set(stops["column"]) and (stops["rows"] > 0).all()


@pytest.mark.parametrize("case", GOES, ids=name)
def test_a_fault_that_does_not_stop_is_listed_and_the_rest_is_as_before(case, spoilt, good):
    made = fp.harmonise(case.source, spoilt(case))
    before = good(case)
    if case.action:
        assert_listed(case, made.issues)
    else:
        assert made.issues["rule"].tolist() == before.issues["rule"].tolist()
    assert_differs(before, made, case.differs)
    assert_rows_accounted_for(case, made)


@pytest.mark.parametrize("case", READS, ids=name)
def test_what_stops_can_be_read_without_it(case, spoilt, good):
    made = fp.harmonise(case.source, spoilt(case), bad_values="missing")
    listed = made.issues[made.issues["action"].isin(["set missing", "left out"])]
    assert case.column in set(listed["column"]) and case.rows in set(listed["rows"])
    assert_differs(good(case), made, case.reads)
    assert_rows_accounted_for(case, made)


def assert_listed(case: Case, issues: pd.DataFrame) -> None:
    """One row of the issues names all that the case does."""
    found = issues[
        (issues["file"] == (case.file or case.files[0])) & (issues["action"] == case.action)
        & issues["rule"].str.contains(case.rule, regex=False) & issues["examples"].str.contains(case.got, regex=False)
    ]  # fmt: skip
    if case.column != "*":
        found = found[found["column"] == case.column]
    assert len(found), issues.to_string()
    assert case.rows is None or set(found["rows"]) == {case.rows}, found.to_string()


def assert_differs(before: Harmonised, made: Harmonised, expected: dict[str, dict[str, int]]) -> None:
    """The tables are the good ones but for the cells expected."""
    assert set(made.tables) == set(before.tables)
    for table in KEYS:
        if table in made.tables:
            found = differences(getattr(before, table), getattr(made, table), list(KEYS[table]))
            wanted = expected.get(table, {})
            if "" in wanted:  # any column
                found = {c: n for c, n in found.items() if c in wanted or c in ("gone", "new")}
            assert set(found) == {c for c in wanted if c}, (table, found)
            assert all(wanted[c] in (ANY, n) for c, n in found.items()), (table, found)


def differences(before: pd.DataFrame, made: pd.DataFrame, keys: list[str]) -> dict[str, int]:
    """How many cells of each column differ in rows that both have, and how many rows are gone and new."""
    one, other = before.set_index(keys), made.set_index(keys)
    both = one.index.intersection(other.index)
    counts = {"gone": len(one) - len(both), "new": len(other) - len(both)}
    for column in one.columns.union(other.columns):
        if not column.endswith("__missing"):
            a, b = (f.reindex(columns=[column]).loc[both, column] for f in (one, other))
            counts[column] = int(len(both) - ((a == b) | (a.isna() & b.isna())).fillna(False).sum())
    return {c: n for c, n in counts.items() if n}


def assert_rows_accounted_for(case: Case, made: Harmonised) -> None:
    """Rows read = rows of the table + rows listed as left out or joined, for each table that rows are read into."""
    for table in made.tables:
        part = FEEDS.get((case.source, table))
        if part is None:
            continue
        read = sum(n for file, n in made.rows_read.items() if part in file.lower())
        listed = made.issues[
            made.issues["action"].isin(["left out", "joined"]) & made.issues["table"].isin(["", table])
            & made.issues["file"].str.lower().str.contains(part, regex=False)
        ].drop_duplicates(["file", "rule", "rows"])  # fmt: skip
        assert read == len(getattr(made, table)) + listed["rows"].sum(), (table, read, listed.to_string())
