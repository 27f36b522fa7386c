"""Study files: the real ones are sound, and a wrong one is answered by section, key and closest name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import FanpinError, InapplicableError, StudyError, UnknownNameError
from fanpin.pipeline.study import study_names
from fanpin.pipeline.study_file import read_study_file

MINIMAL = 'title = { en = "t", zh = "t" }\nsummary = { en = "s", zh = "s" }\n'
PANEL = '[panel]\ntable = "person_wave"\nunit = "person_id"\n'


@pytest.mark.parametrize("name", ["cfps", "city-c", "gsoep", "eph"])
def test_real_studies_load_and_their_parts_exist(name: str, root: Path) -> None:
    study = fp.load_study(name, root=root)
    assert study.title("en") != study.title("zh")
    assert all(path.is_file() for path in study.notebooks)
    assert study.tables
    assert study.models


def test_the_studies_are_these(root: Path) -> None:
    assert study_names(root) == ["cfps", "city-c", "eph", "gsoep"]


def test_an_unknown_study_answers_with_the_closest(root: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'gsoep'"):
        fp.load_study("gseop", root=root)


ONE = '{ title = { en = "a", zh = "a" }, results = ["x"] }'
TWO = '{ title = { en = "b", zh = "b" }, results = ["x", "y"] }'
WRONG = {
    "not toml": ("title = ", "not TOML"),
    "no title": ("summary = { en = 's', zh = 's' }", r"must contain \['title'\]"),
    "unknown section": (MINIMAL + "[pannel]\n", "did you mean 'panel'"),
    "unknown panel key": (MINIMAL + PANEL + 'welfaer = "x"\n', "did you mean 'welfare'"),
    "panel without line": (MINIMAL + PANEL, "unknown kind of line 'None'"),
    "unknown line": (MINIMAL + PANEL + '[line]\nkind = "relativ"\n', "did you mean 'relative'"),
    "impossible line": (MINIMAL + PANEL + '[line]\nkind = "relative"\nshare = -0.6\n', "impossible"),
    "percent as share": (MINIMAL + PANEL + '[line]\nkind = "relative"\nshare = 60\n', "divide a percentage by 100"),
    "line without amount": (MINIMAL + PANEL + '[line]\nkind = "absolute"\n', "not complete"),
    "unknown official year": (
        MINIMAL + PANEL + '[line]\nkind = "official"\nname = "cn-rural"\nyear = 1999\n',
        "unknown year",
    ),
    "wrong singleton": (MINIMAL + '[design]\nsingleton = "center"\n', "unknown value for singleton"),
    "unknown design key": (MINIMAL + '[design]\ncluster = "psu"\n', "unknown key 'cluster'"),
    "model without kind": (MINIMAL + '[[models]]\nid = "a"\n', r"must contain \['kind'\]"),
    "id twice": (
        MINIMAL + '[[models]]\nid = "a"\nkind = "hazard"\n[[measures]]\nid = "a"\nkind = "poverty"\n',
        "used twice",
    ),
    "id with a path": (MINIMAL + '[[models]]\nid = "../a"\nkind = "hazard"\n', "cannot name a file"),
    "table of nothing": (MINIMAL + '[[tables]]\nid = "t"\ntitle = { en = "t", zh = "t" }\n', "made of results"),
    "uneven panels": (
        MINIMAL + '[[tables]]\nid = "t"\ntitle = { en = "t", zh = "t" }\nof = [' + ONE + ", " + TWO + "]\n",
        "numbers of results",
    ),
    "notebooks as text": ('notebooks = "x"\n' + MINIMAL, "mine.toml notebooks"),
    "title as text": ('title = "t"\nsummary = { en = "s", zh = "s" }\n', "mine.toml title"),
    "title without Chinese": (
        'title = { en = "t" }\nsummary = { en = "s", zh = "s" }\n',
        r"must contain \['zh'\]",
    ),
    "label as text": (MINIMAL + '[labels]\nx = "y"\n', r"labels\.x"),
    "panel as number": ("panel = 3\n" + MINIMAL, "mine.toml panel"),
    "negative gap": (MINIMAL + "[spells]\nmax_gap = -1\n", r"spells\.max_gap"),
    "gap in words": (MINIMAL + '[spells]\nmax_gap = "two"\n', r"spells\.max_gap"),
    "cause without columns": (MINIMAL + "[causes]\nillness = {}\n", r"causes\.illness"),
    "formula as list": (MINIMAL + '[[models]]\nid = "a"\nkind = "hazard"\nformula = ["x"]\n', r"models a\.formula"),
    "table of a number": (MINIMAL + '[[tables]]\nid = "t"\ntitle = { en = "t", zh = "t" }\nof = 5\n', r"tables t\.of"),
    "extract without files": (MINIMAL + '[extracts.a]\nsource = "gsoep"\n', r"extracts\.a"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_study_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FanpinError, match=message) as caught:
        read_study_file(path)
    assert "mine.toml" in str(caught.value)


def test_raw_files_outside_the_manifest_stop_the_study(project: Path) -> None:
    (project / "data/raw/city-c/table2_mine.csv").write_text("a\n1\n")
    path = project / "analysis/studies/city-c.toml"
    path.write_text(path.read_text().replace("city-c/table2.csv", "city-c/table2*.csv"))
    with pytest.raises(StudyError, match=r"table2_mine\.csv"):
        fp.load_study("city-c", root=project).raw_files()


def test_raw_files_outside_the_raw_folder_are_refused(project: Path) -> None:
    path = project / "analysis/studies/city-c.toml"
    path.write_text(path.read_text().replace("data/raw/city-c/table1.csv", "notebooks/*.csv"))
    with pytest.raises(StudyError, match="raw files outside data/raw"):
        fp.load_study("city-c", root=project).raw_files()


def test_a_study_without_panel_says_so(project: Path) -> None:
    (project / "analysis/studies/mine.toml").write_text(MINIMAL, "utf-8")
    with pytest.raises(InapplicableError, match="has no panel"):
        fp.load_study("mine", root=project).panel()


BAD_MODELS = {
    "unknown kind": ('kind = "hazzard"\nformula = "relapse ~ age"', "did you mean 'hazard'"),
    "unknown argument": (
        'kind = "hazard"\nformula = "relapse ~ age"\nlinks = "logit"',
        "unknown argument of hazard 'links'",
    ),
    "unknown link": ('kind = "hazard"\nformula = "relapse ~ age"\nlink = "cloglgo"', "did you mean 'cloglog'"),
    "unknown column": ('kind = "hazard"\nformula = "relapse ~ agee"', "did you mean 'age'"),
    "unknown data set": ('kind = "hazard"\nformula = "relapse ~ age"\non = "rissk"', "did you mean 'risk'"),
    "effects of nothing": ('kind = "average_effects"', "names the model"),
    "effects of an unknown model": ('kind = "average_effects"\nof = "clolog"', "did you mean 'cloglog'"),
}


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.TiesAtLineWarning")
@pytest.mark.parametrize(("spec", "message"), BAD_MODELS.values(), ids=BAD_MODELS.keys())
def test_a_model_that_cannot_be_built_is_named(spec: str, message: str, project: Path) -> None:
    path = project / "analysis/studies/gsoep.toml"
    path.write_text(path.read_text() + f'\n[[models]]\nid = "mine"\n{spec}\n')
    with pytest.raises(FanpinError, match=message):
        fp.load_study("gsoep", root=project).result("mine")
    assert not (project / "reports/out/gsoep/estimates/mine.json").exists()


def test_an_unknown_model_or_table_answers_with_the_closest(root: Path) -> None:
    study = fp.load_study("gsoep", root=root)
    with pytest.raises(UnknownNameError, match="did you mean 'cloglog'"):
        study.result("cloglogg")
    with pytest.raises(UnknownNameError, match="did you mean 'relapse-models'"):
        study.table("relapse-model")
    with pytest.raises(UnknownNameError, match="data set"):
        study.dataset("pannel")


BAD_DECLARATIONS = {
    "hazard without formula": ('[[models]]\nid = "mine"\nkind = "hazard"\n', "hazard needs formula"),
    "joint test without columns": (
        '[[models]]\nid = "mine"\nkind = "joint_test"\nof = "cloglog"\n',
        "joint_test needs columns",
    ),
    "effects of effects": (
        '[[models]]\nid = "mine"\nkind = "average_effects"\nof = "effects-logit"\n',
        "names no model",
    ),
    "design with an unknown key": (
        '[[measures]]\nid = "mine"\nkind = "survival"\ndesign = { psus = "x" }\n',
        "did you mean 'psu'",
    ),
    "differences of a model": (
        '[[measures]]\nid = "mine"\nkind = "differences"\nof = "cloglog"\nover = "wave"\n',
        "holds no measures",
    ),
    "differences over an unknown column": (
        '[[measures]]\nid = "mine"\nkind = "differences"\nof = "poverty"\nover = "wvae"\n',
        "did you mean 'wave'",
    ),
    "a wave that is not selected": (
        '[[measures]]\nid = "mine"\nkind = "lorenz"\nby = "wave"\nselect = { wave = 2020 }\n',
        "no measure has",
    ),
    "a contrast of an unknown row": (
        '[[measures]]\nid = "mine"\nkind = "contrast"\nof = "poverty"\ncombinations = { a = { "headcount[wave=1983]" = 1 } }\n',
        "unknown measure",
    ),
    "design in words": ('[[measures]]\nid = "mine"\nkind = "survival"\ndesign = "psu"\n', "neither false nor a table"),
}


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.TiesAtLineWarning")
@pytest.mark.parametrize(("text", "message"), BAD_DECLARATIONS.values(), ids=BAD_DECLARATIONS.keys())
def test_an_incomplete_declaration_is_named(text: str, message: str, project: Path) -> None:
    path = project / "analysis/studies/gsoep.toml"
    path.write_text(path.read_text("utf-8") + "\n" + text, "utf-8")
    with pytest.raises(FanpinError, match=message):
        fp.load_study("gsoep", root=project).result("mine")


def test_a_tolerance_and_a_poverty_measure_do_not_make_two_definitions(project: Path) -> None:
    path = project / "analysis/studies/gsoep.toml"
    path.write_text(path.read_text("utf-8").replace("[panel]\n", "[panel]\ntolerance = 1e-6\n"), "utf-8")
    with pytest.raises(StudyError, match="two definitions"):
        fp.load_study("gsoep", root=project).result("poverty")


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.FanpinWarning")
def test_rows_selected_and_what_follows_a_measure_are_those_of_the_whole(project: Path) -> None:
    path = project / "analysis/studies/gsoep.toml"
    added = """
[[measures]]
id = "whole"
kind = "lorenz"
by = ["wave"]
design = { psu = "person_id" }

[[measures]]
id = "change"
kind = "contrast"
of = "poverty"
combinations = { change = { "headcount[wave=1988]" = 1, "headcount[wave=1984]" = -1 } }
"""
    path.write_text(path.read_text("utf-8") + added, "utf-8")
    study = fp.load_study("gsoep", root=project)
    ends = study.result("lorenz")
    assert set(ends.rows["wave"]) == {1984, 1988}
    whole = study.result("whole").select(wave=[1984, 1988])
    pd.testing.assert_frame_equal(ends.cov, whole.cov)
    changes = study.result("poverty-changes")
    assert set(changes.rows["wave"]) == {f"{w} - 1984" for w in range(1985, 1989)}
    one = study.result("change")
    assert one.std_errors["change"] == pytest.approx(changes.std_errors["headcount[wave=1988 - 1984]"])


@pytest.mark.parametrize("files", ["../x.csv", "/etc/passwd"])
def test_paths_that_leave_the_project_are_refused(files: str, project: Path) -> None:
    path = project / "analysis/studies/city-c.toml"
    path.write_text(path.read_text("utf-8").replace("data/raw/city-c/table1.csv", files), "utf-8")
    with pytest.raises(StudyError, match="leaves the project"):
        fp.load_study("city-c", root=project).raw_files()


def test_a_study_in_another_encoding_or_with_a_blank_in_its_name_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes('title = { en = "t", zh = "返贫" }'.encode("gb18030"))
    with pytest.raises(StudyError, match="not TOML in UTF-8"):
        read_study_file(path)
    blank = tmp_path / "my city.toml"
    blank.write_text(MINIMAL, "utf-8")
    with pytest.raises(StudyError, match="cannot name a study"):
        read_study_file(blank)


def test_a_study_of_printed_tables_has_nothing_to_harmonise(project: Path) -> None:
    from fanpin.pipeline import data_stages

    text = MINIMAL + '[extracts.table1]\nfiles = "data/raw/city-c/table1.csv"\n'
    (project / "analysis/studies/mine.toml").write_text(text, "utf-8")
    with pytest.raises(InapplicableError, match="nothing to harmonise"):
        data_stages.harmonise(fp.load_study("mine", root=project))


def test_panel_and_poverty_table_count_the_same_poor(project: Path) -> None:
    import warnings

    study = fp.load_study("gsoep", root=project)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        panel, measured = study.panel(), study.result("poverty").rows
    headcount = measured[measured["term"] == "headcount"].set_index("wave")["estimate"]
    pd.testing.assert_series_equal(
        panel.groupby("wave")["is_poor"].mean(),
        headcount,
        check_names=False,
        check_dtype=False,
        rtol=1e-12,
        check_index_type=False,
    )
