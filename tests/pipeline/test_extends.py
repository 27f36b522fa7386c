"""A study that extends another: what is laid over what, and what cannot be extended."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanpin.core.errors import FanpinError, StudyError, UnknownNameError
from fanpin.pipeline.study_file import StudyFile, read_study_file

BASE = """
title = { en = "base", zh = "底" }
summary = { en = "s", zh = "s" }

[extracts.survey]
source = "cfps"
files = "data/raw/cfps/*"
own = true

[panel]
table = "household_wave"
unit = "panel_id"
welfare = "income_pc"

[line]
kind = "official"
name = "cn-rural"
year = 2010

[spells]
max_gap = 2
lagged = ["any_chronic"]

[labels]
x = { en = "of the base", zh = "x" }
y = { en = "of the base", zh = "y" }

[[measures]]
id = "poverty"
kind = "poverty"

[[models]]
id = "fit"
kind = "hazard"
formula = "relapse ~ head_age"

[[tables]]
id = "a"
title = { en = "a of the base", zh = "a" }
of = "poverty"

[[tables]]
id = "b"
title = { en = "b of the base", zh = "b" }
of = "fit"
"""


def read(folder: Path, own: str, base: str = BASE) -> StudyFile:
    (folder / "base.toml").write_text(base, "utf-8")
    (folder / "mine.toml").write_text('extends = "base"\n' + own, "utf-8")
    return read_study_file(folder / "mine.toml")


def test_what_is_not_said_comes_from_the_base(tmp_path: Path) -> None:
    made = read(tmp_path, 'title = { en = "mine", zh = "我" }\n')
    assert made.id == "mine"
    assert made.title["en"] == "mine"
    assert made.summary["en"] == "s"
    assert made.panel is not None
    assert made.panel.welfare == "income_pc"
    assert list(made.tables) == ["a", "b"]


def test_sections_are_laid_over_key_by_key(tmp_path: Path) -> None:
    made = read(
        tmp_path,
        '[panel]\nwelfare = "income_total"\n[extracts.survey]\nown = false\nfiles = "x/*"\n'
        '[labels]\nx = { en = "mine", zh = "x" }\n',
    )
    assert made.panel is not None
    assert (made.panel.welfare, made.panel.unit) == ("income_total", "panel_id")
    survey = made.extracts["survey"]
    assert (survey.source, survey.files, survey.own) == ("cfps", ("x/*",), False)
    assert made.labels["x"]["en"] == "mine"
    assert made.labels["y"]["en"] == "of the base"


def test_the_line_is_replaced_whole(tmp_path: Path) -> None:
    made = read(tmp_path, '[line]\nkind = "relative"\nshare = 0.6\n')  # name and year of the base would not fit
    assert made.line is not None
    assert made.line.kind == "relative"


def test_lists_of_the_base_are_replaced(tmp_path: Path) -> None:
    assert read(tmp_path, '[spells]\nlagged = ["any_trained"]\n').spells.lagged == ("any_trained",)


def test_own_entries_stand_first_and_replace_those_of_the_same_id(tmp_path: Path) -> None:
    made = read(
        tmp_path,
        '[[tables]]\nid = "c"\ntitle = { en = "c", zh = "c" }\nof = "fit"\n'
        '[[tables]]\nid = "b"\ntitle = { en = "mine", zh = "b" }\nof = "poverty"\n'
        '[[models]]\nid = "fit"\nkind = "hazard"\nformula = "relapse ~ household_size"\n',
    )
    assert list(made.tables) == ["c", "b", "a"]
    assert made.tables["b"].of == "poverty"
    assert made.analyses["fit"].options["formula"] == "relapse ~ household_size"


def test_a_base_may_extend_another(tmp_path: Path) -> None:
    (tmp_path / "root.toml").write_text(BASE, "utf-8")
    made = read(tmp_path, '[panel]\nweight = "weight"\n', base='extends = "root"\n[panel]\nwelfare = "income_total"\n')
    assert made.panel is not None
    assert (made.panel.table, made.panel.welfare, made.panel.weight) == ("household_wave", "income_total", "weight")


@pytest.mark.parametrize(
    ("own", "base", "message"),
    [
        ('extends = "bass"\n', BASE, "unknown study to extend 'bass'.*did you mean 'base'"),
        ('extends = "mine"\n', BASE, "unknown study to extend 'mine'"),
        ('extends = "base"\n', 'extends = "mine"\n' + BASE, "unknown study to extend 'mine'"),
        ('extends = "base"\n', "title = ", "not TOML"),
    ],
    ids=["unknown", "itself", "circle", "broken base"],
)
def test_what_cannot_be_extended_is_named(own: str, base: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(base, "utf-8")
    (tmp_path / "mine.toml").write_text(own, "utf-8")
    with pytest.raises(FanpinError, match=f"(?s){message}"):
        read_study_file(tmp_path / "mine.toml")


SIMULATE = '[simulate]\nkind = "city-c"\nhouseholds = 60\nwaves = [2014, 2016]\nseed = 1\n'


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (SIMULATE.replace("city-c", "city-d"), "unknown value for kind"),
        (SIMULATE.replace("seed = 1\n", ""), "seed"),
        (SIMULATE.replace("60", "0"), r"simulate\.households"),
        (SIMULATE.replace("[2014, 2016]", "[]"), r"simulate\.waves"),
        (SIMULATE.replace("[2014, 2016]", '["2014"]'), r"simulate\.waves"),
        (SIMULATE + "sead = 2\n", "unknown key 'sead'.*did you mean 'seed'"),
        ("[extracts.survey]\nsimulated = true\n", r"expected: a \[simulate\] section"),
        ('[link]\nsplits = "largestt"\n', "did you mean 'largest'"),
        ('[link]\nweights = "given"\n', "unknown value for weights"),
        ('[prices]\nseries = "cn-rural-cpi"\n', "lacks|must contain"),
    ],
)
def test_a_wrong_new_section_is_named(own: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(FanpinError, match=f"(?s){message}") as caught:
        read(tmp_path, own)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_base_is_an_unknown_name_and_wrong_sections_study_errors(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "base"\n', "utf-8")
    with pytest.raises(UnknownNameError):
        read_study_file(tmp_path / "mine.toml")
    with pytest.raises(StudyError):
        read(tmp_path, SIMULATE.replace("city-c", "city-d"))
