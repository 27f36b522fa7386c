"""A study of one's own files: what it asks for while they are missing, and what it builds once they are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import fanpin as fp
from fanpin.core.errors import RawFileError
from fanpin.pipeline import data_stages, rules
from fanpin.pipeline.own_files import own_files
from fanpin.pipeline.report_stages import notices
from fanpin.pipeline.study import Study

pytestmark = pytest.mark.xdist_group("simulated")
WANTED = r"put your files into data/raw/cfps/ .*2010 to 2016: cfps<wave>famecon\*.*2018 to 2022: .*cfps<wave>person\*"


def test_without_files_the_study_is_left_out_with_one_sentence(project: Path) -> None:
    _, left_out = rules.prepare(project, [])
    mine = [sentence for sentence in left_out if sentence.startswith("cfps: ")]
    assert len(mine) == 1
    assert "\n" not in mine[0]
    assert len(mine[0]) < 450
    assert fp.load_study("cfps", root=project).wanted_files() in mine[0]


def test_asked_for_by_name_it_says_which_files_go_where(project: Path) -> None:
    with pytest.raises(RawFileError, match=WANTED):
        rules.prepare(project, ["cfps"])
    with pytest.raises(RawFileError, match=WANTED):
        data_stages.harmonise(fp.load_study("cfps", root=project))


def test_the_page_that_tells_how_to_get_them_is_no_raw_file(project: Path) -> None:
    study = fp.load_study("cfps", root=project)
    assert (project / "data/raw/cfps/README.md").is_file()
    (project / "data/raw/cfps/cfps-notes").mkdir()
    assert (
        study.extract_paths(study.file.extracts["survey"]) == [project / "data/raw/cfps/cfps-notes"]
        or study.wanted_files()
    )


def test_names_of_other_sources_are_given_too() -> None:
    assert own_files("gsoep") == "rwm5yr.csv*"
    assert own_files("register").count(";") == 0


@pytest.mark.filterwarnings("ignore::fanpin.core.errors.FanpinWarning")
def test_with_files_it_builds_the_panel_without_a_committed_catalogue(project: Path, simulated: Path) -> None:
    given = simulated / "data/processed/city-c/simulated/cfps"
    for path in given.glob("*.dta"):
        shutil.copy(path, project / "data/raw/cfps" / path.name)
    study = fp.load_study("cfps", root=project)
    assert study.wanted_files() == ""
    assert [s.id for s in rules.prepare(project, ["cfps"])[0]] == ["cfps"]
    _check_panel(study, fp.load_study("city-c", root=simulated))


def _check_panel(study: Study, same: Study) -> None:
    """The same files give the same panel; only one of the two is called simulated."""
    panel, other = study.panel(), same.panel()
    assert panel.drop(columns="line").equals(other.drop(columns="line"))
    assert not study.is_simulated("panel")
    assert same.is_simulated("panel")
    assert notices(study) == ["The data of this report are real; none is simulated."]
    assert set(study.dataset("catalogue")["source"]) == {"cfps", "cfps-former"}
