"""Fetching from a server on this machine and from a folder: checked, resumed, never half-written."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fanpin.core.errors import RawFileError, StudyError
from fanpin.pipeline.fetch import fetch
from fanpin.pipeline.raw import Manifest, load_manifest


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    (folder / "hogar").mkdir(parents=True)
    for name in ("a.tsv.gz", "b.tsv.gz"):
        (folder / "hogar" / name).write_bytes(name.encode() * 1000)
    return folder


@pytest.fixture
def server(origin: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(origin))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def manifest(tmp_path: Path, origin: Path, server: str) -> Manifest:
    raw = tmp_path / "project/data/raw"
    raw.mkdir(parents=True)
    lines = [f'[sources.survey]\ntitle = "t"\norigin = "o"\nlicence = "l"\ncitation = "c"\nbase_url = "{server}"']
    for path in sorted((origin / "hogar").iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(
            f'[[files]]\npath = "survey/{path.name}"\nsource = "survey"\nurl = "hogar/{path.name}"\nsha256 = "{digest}"'
        )
    (raw / "MANIFEST.toml").write_text("\n".join(lines))
    return load_manifest(tmp_path / "project")


def silent(_: str) -> None:
    """Say nothing."""


def test_files_come_from_the_server_and_are_not_fetched_twice(manifest: Manifest, origin: Path) -> None:
    said: list[str] = []
    paths = fetch(manifest, "survey", say=said.append)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in sorted((origin / "hogar").iterdir())]
    assert said == ["[fetch] 1/2 survey/a.tsv.gz", "[fetch] 2/2 survey/b.tsv.gz"]
    fetch(manifest, "survey", say=said.append)
    assert len(said) == 2


def test_files_come_from_a_folder(manifest: Manifest, origin: Path) -> None:
    paths = fetch(manifest, "survey", folder=origin / "hogar", say=silent)
    assert all(p.is_file() for p in paths)


def test_a_damaged_file_is_refused_and_leaves_nothing(manifest: Manifest, origin: Path) -> None:
    (origin / "hogar/b.tsv.gz").write_bytes(b"other")
    with pytest.raises(RawFileError, match=r"b\.tsv\.gz is not the file the manifest describes"):
        fetch(manifest, "survey", say=silent)
    folder = manifest.root / "data/raw/survey"
    assert [p.name for p in folder.iterdir()] == ["a.tsv.gz"]


def test_a_file_that_is_there_and_differs_is_not_overwritten(manifest: Manifest) -> None:
    mine = manifest.root / "data/raw/survey/a.tsv.gz"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(RawFileError, match="move it away"):
        fetch(manifest, "survey", say=silent)
    assert mine.read_bytes() == b"mine"


def test_an_absent_file_and_an_unreachable_address_are_named(manifest: Manifest, origin: Path, tmp_path: Path) -> None:
    (origin / "hogar/a.tsv.gz").unlink()
    with pytest.raises(RawFileError, match="could not be downloaded"):
        fetch(manifest, "survey", say=silent)
    with pytest.raises(RawFileError, match=r"expected: a.tsv.gz"):
        fetch(manifest, "survey", folder=origin / "hogar", say=silent)
    with pytest.raises(RawFileError, match="cannot be trusted"):
        fetch(manifest, "survey", base_url="file:///etc", say=silent)


def test_a_source_that_ships_has_no_address(root: Path) -> None:
    with pytest.raises(StudyError, match="'city-c' has no public address"):
        fetch(load_manifest(root), "city-c", say=silent)
