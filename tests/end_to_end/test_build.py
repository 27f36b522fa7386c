"""The whole path in a temporary folder: built twice to the same bytes, incremental, traceable, nothing half-written."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fanpin.pipeline.provenance import read_record

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("build")]
FANPIN = Path(sys.executable).with_name("fanpin")
ENVIRONMENT = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "315532800", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}


SIMULATED = ("[simulate]", "[extracts.survey]", "[extracts.former]", "[extracts.register]", "[extracts.census]", "[extracts.places]", "[design]",
             '[[tables]]\nid = "monitored"', '[[tables]]\nid = "offices"', '[[tables]]\nid = "census"')  # fmt: skip


def copy_project(root: Path, target: Path) -> Path:
    """The project with City C's own tables only; its simulated part has tests of its own."""
    for part in ("analysis/studies", "data/raw", "notebooks"):
        shutil.copytree(root / part, target / part, ignore=shutil.ignore_patterns("*.tsv.gz", ".ipynb_checkpoints"))
    path = target / "analysis/studies/city-c.toml"
    blocks = path.read_text("utf-8").replace('extends = "cfps"\n', "").split("\n\n")
    text = "\n\n".join(b for b in blocks if not b.startswith(SIMULATED))
    path.write_text(re.sub(r"(?m)^notebooks = .*$", 'notebooks = ["01-paper-tables"]', text), "utf-8")
    path.with_suffix(".catalogue.csv").unlink()
    return target


def fanpin(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **ENVIRONMENT, "FANPIN_ROOT": str(project)}
    return subprocess.run([FANPIN, *words], cwd=project, env=environment, capture_output=True, text=True, check=False)


def make_report(project: Path, *studies: str) -> str:
    """What `make report STUDY=…` does once the environment is there; returns what make printed."""
    prepared = fanpin(project, "study", "--make-rules", *studies)
    assert prepared.returncode == 0, prepared.stderr
    command = ["make", "--no-print-directory", "--jobs=2", "--file=.build/report.mk", f"FANPIN={FANPIN}", "report"]
    environment = {**os.environ, **ENVIRONMENT, "FANPIN_ROOT": str(project)}
    environment.pop("MAKEFLAGS", None)
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built_bytes(project: Path) -> dict[str, str]:
    """Every built file with its hash; records name the commit, which a copy without git does not have."""
    folders = (project / "data/processed", project / "reports/out")
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return {p.relative_to(project).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(root, tmp_path_factory.mktemp("project"))
    make_report(folder)
    return folder


def test_every_study_whose_files_are_there_is_built(project: Path) -> None:
    out = project / "reports/out"
    assert {p.parent.name for p in out.glob("*/report.html")} == {"city-c", "gsoep"}
    assert {p.parent.name for p in out.glob("*/report.docx")} == {"city-c", "gsoep"}
    page = (out / "index.html").read_text("utf-8")
    assert "city-c/report.html" in page
    assert "gsoep/report.docx" in page
    assert "codebooks/gsoep.html" in page
    assert {p.name for p in (out / "codebooks").iterdir()} == {"gsoep.html", "gsoep.md"}
    assert not list(project.rglob(".*.tmp"))


def test_a_second_report_does_nothing(project: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in project.rglob("*") if p.is_file()}
    said = make_report(project)
    assert "fanpin" not in said
    assert {p: p.stat().st_mtime_ns for p in project.rglob("*") if p.is_file()} == before


def test_a_second_build_gives_the_same_bytes(project: Path, root: Path, tmp_path: Path) -> None:
    again = copy_project(root, tmp_path)
    make_report(again, "gsoep", "city-c")
    first, second = built_bytes(project), built_bytes(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_pages_need_no_network_and_say_what_is_real(project: Path) -> None:
    for study in ("city-c", "gsoep"):
        page = (project / f"reports/out/{study}/report.html").read_text("utf-8")
        assert not re.search(r"""(src|href)=["']https?://[^"']*\.(js|css)""", page)
        assert "<script" not in page
        assert "real" in page


def test_editing_one_model_refits_that_model_only(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)  # keeps times of change: nothing is out of date
    path = folder / "analysis/studies/gsoep.toml"
    text = path.read_text("utf-8")
    changed = text.replace(
        'id = "probit"\nkind = "hazard"\nlink = "probit"',
        'id = "probit"\nkind = "hazard"\nlink = "probit"\ncov = "robust"',
    )
    assert changed != text
    path.write_text(changed, "utf-8")
    said = make_report(folder, "gsoep")
    assert set(re.findall(r"\] (estimate \S+|harmonise|panel)(?=:)", said)) == {
        "estimate probit",
        "estimate effects-probit",
    }
    assert "[gsoep] report:" in said


def test_a_removed_or_altered_output_is_built_again(project: Path) -> None:
    page = project / "reports/out/gsoep/report.html"
    original = page.read_bytes()
    page.write_text("altered")
    make_report(project)
    assert page.read_bytes() == original


def test_a_changed_raw_file_stops_the_build(root: Path, tmp_path: Path) -> None:
    folder = copy_project(root, tmp_path)
    raw = folder / "data/raw/gsoep-rwm/rwm5yr.csv.gz"
    raw.write_bytes(raw.read_bytes() + b"\0")
    stopped = fanpin(folder, "study", "--make-rules")
    assert stopped.returncode == 1
    assert "1 raw file(s) changed: gsoep-rwm/rwm5yr.csv.gz" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not (folder / "reports").exists()


def test_a_changed_catalogue_stops_the_build(root: Path, tmp_path: Path) -> None:
    folder = copy_project(root, tmp_path)
    catalogue = folder / "analysis/studies/gsoep.catalogue.csv"
    lines = catalogue.read_text("utf-8").splitlines()
    catalogue.write_text("\n".join([*lines[:-1]]) + "\n", "utf-8")
    stopped = fanpin(folder, "harmonise", "gsoep")
    assert stopped.returncode == 1
    assert "the variable catalogue changed" in stopped.stderr
    assert "--accept-catalogue" in stopped.stderr
    assert not (folder / "data/processed").exists()
    assert fanpin(folder, "harmonise", "gsoep", "--accept-catalogue").returncode == 0
    assert catalogue.read_text("utf-8").splitlines() == lines


def test_a_broken_study_does_not_stop_the_others(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    (folder / "analysis/studies/broken.toml").write_text("title = ", "utf-8")
    (folder / "reports/out/index.html").unlink()
    prepared = fanpin(folder, "study", "--make-rules")
    assert prepared.returncode == 0
    assert "left out broken: a study file is not TOML in UTF-8" in prepared.stdout
    said = make_report(folder)
    assert "[index]" in said
    assert "gsoep/report.html" in (folder / "reports/out/index.html").read_text("utf-8")
    assert fanpin(folder, "study", "--make-rules", "broken").returncode == 1
    assert fanpin(folder, "trace", "paper-table-2:A:recommended").stdout.startswith("city-c:paper-table-2")


def test_a_table_taken_from_a_study_leaves_its_chapters(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    path = folder / "analysis/studies/gsoep.toml"
    blocks = path.read_text("utf-8").split("\n\n")
    path.write_text("\n\n".join(b for b in blocks if not b.startswith('[[tables]]\nid = "joint-tests"')), "utf-8")
    assert fanpin(folder, "study", "--make-rules", "gsoep").returncode == 0
    assert not list((folder / "reports/out/gsoep/notebooks").glob("*.provenance.json"))
    assert (folder / "reports/out/gsoep/tables/poverty.provenance.json").is_file()


def test_a_codebook_taken_away_is_written_again(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    (folder / "reports/out/codebooks/gsoep.html").unlink()
    assert "[index]" in make_report(folder)
    assert (folder / "reports/out/codebooks/gsoep.html").is_file()


def test_an_asked_for_study_without_files_says_how_to_get_them(project: Path) -> None:
    stopped = fanpin(project, "study", "--make-rules", "eph")
    assert stopped.returncode == 1
    assert "fanpin fetch eph" in stopped.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "gsoep:relapse-models:schooling_years:cloglog",
            ["estimates/cloglog.json", "rwm5yr.csv.gz", "rows used    rows 493"],
        ),
        ("gsoep:counts:relapses:value", ["printed      97", "counts.parquet", "rwm5yr.csv.gz"]),
        ("paper-table-2:A:recommended", ["printed      113", "city-c/table2.csv"]),
        ("townships:rate[township=A]:estimate", ["estimates/townships.json", "city-c/table2.csv"]),
    ],
)
def test_every_kind_of_number_can_be_traced_to_raw_files(project: Path, address: str, expected: list[str]) -> None:
    said = fanpin(project, "trace", address)
    assert said.returncode == 0, said.stderr
    for words in expected:
        assert words in said.stdout
    assert "licence" in said.stdout
    assert "numpy" in said.stdout


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("gsoep:relapse-model:age:cloglog", "did you mean 'relapse-models'"),
        ("relapse-models:agee:cloglog", "several studies have a table"),
        ("gsoep:relapse-models:agee:cloglog", "did you mean 'age'"),
        ("gsoep:relapse-models:age:clolog", "did you mean 'cloglog'"),
        ("gsoep:relapse-models", "not the address of a number"),
        ("eph:counts:relapses:value", "has not been built"),
    ],
)
def test_a_wrong_address_is_answered(project: Path, address: str, message: str) -> None:
    said = fanpin(project, "trace", address)
    assert said.returncode == 1
    assert message in said.stderr
    assert "Traceback" not in said.stderr


def test_every_cell_of_every_table_has_a_source_that_exists(project: Path) -> None:
    from fanpin.report.content import Table

    for path in sorted((project / "reports/out").glob("*/tables/*.json")):
        if path.name.endswith(".provenance.json"):
            continue
        table = Table.from_json(path.read_text("utf-8"))
        record = read_record(path.with_name(f"{path.stem}.provenance.json"))
        assert record is not None
        known = {Path(p).stem for p in record.inputs}
        for row in table.rows:
            for cell in row.cells:
                assert cell.source is None or cell.source.result in known, cell.id
                assert cell.value is None or cell.source is not None, cell.id


def test_doctor_finds_everything_in_place(project: Path) -> None:
    said = fanpin(project, "doctor")
    assert said.returncode == 0, said.stdout
    assert "PROBLEM" not in said.stdout
    (project / "data/raw/city-c/statistics.csv").rename(project / "data/raw/city-c/moved")
    try:
        said = fanpin(project, "doctor")
        assert said.returncode == 1
        assert "PROBLEM  raw files of city-c" in said.stdout
    finally:
        (project / "data/raw/city-c/moved").rename(project / "data/raw/city-c/statistics.csv")


def test_a_raw_file_that_changed_without_a_later_time_is_built_anew(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    raw, manifest = folder / "data/raw/city-c/table2.csv", folder / "data/raw/MANIFEST.toml"
    before = raw.stat()
    old = hashlib.sha256(raw.read_bytes()).hexdigest()
    raw.write_text(raw.read_text("utf-8").replace("Township A", "Township AA"), "utf-8")
    os.utime(raw, ns=(before.st_atime_ns, before.st_mtime_ns))
    manifest.write_text(manifest.read_text("utf-8").replace(old, hashlib.sha256(raw.read_bytes()).hexdigest()), "utf-8")
    make_report(folder, "city-c")
    assert "Township AA" in (folder / "reports/out/city-c/report.html").read_text("utf-8")
