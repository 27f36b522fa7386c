"""The manifest: every shipped file is described, and a changed or missing one stops with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanpin.core.errors import RawFileError, StudyError, UnknownNameError
from fanpin.pipeline.raw import check_raw, load_manifest


def test_every_shipped_file_is_in_the_manifest_and_unchanged(root: Path) -> None:
    manifest = load_manifest(root)
    shipped = [f for f in manifest.files.values() if f.url is None]
    check_raw(manifest, shipped)
    on_disk = {p.relative_to(root / "data/raw").as_posix() for p in (root / "data/raw").rglob("*.csv*")}
    assert on_disk == {f.path for f in shipped}


def test_every_source_has_origin_licence_and_citation(root: Path) -> None:
    manifest = load_manifest(root)
    assert set(manifest.sources) == {"city-c", "gsoep-rwm", "eph"}
    assert all(len(s.citation) > 20 and len(s.licence) > 3 and s.origin for s in manifest.sources.values())
    assert "not MIT" in manifest.sources["gsoep-rwm"].licence


def test_a_changed_file_is_named(project: Path) -> None:
    path = project / "data/raw/city-c/table2.csv"
    path.write_text(path.read_text().replace("113", "114"))
    manifest = load_manifest(project)
    with pytest.raises(RawFileError, match=r"1 raw file\(s\) changed: city-c/table2.csv"):
        check_raw(manifest, manifest.of_source("city-c"))


def test_a_missing_file_is_named_with_the_way_to_get_it(project: Path) -> None:
    manifest = load_manifest(project)
    with pytest.raises(RawFileError, match="fanpin fetch eph"):
        check_raw(manifest, manifest.of_source("eph"))
    (project / "data/raw/city-c/table1.csv").unlink()
    with pytest.raises(RawFileError, match="git checkout"):
        check_raw(manifest, manifest.of_source("city-c"))


def test_an_unknown_source_answers_with_the_closest(root: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'gsoep-rwm'"):
        load_manifest(root).of_source("gsoep-rmw")


def test_a_source_without_licence_is_refused(project: Path) -> None:
    path = project / "data/raw/MANIFEST.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith('licence = "reuse')]
    path.write_text("\n".join(lines))
    with pytest.raises(StudyError, match="'eph' lacks licence"):
        load_manifest(project)


def test_a_manifest_that_is_not_toml_is_named(project: Path) -> None:
    (project / "data/raw/MANIFEST.toml").write_text("[[files]\n")
    with pytest.raises(RawFileError, match="manifest of raw files cannot be read"):
        load_manifest(project)
