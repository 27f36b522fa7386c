"""Every verb answers --help with an example, and every command that the documents show exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fanpin.pipeline.cli import app

VERBS = (
    "study", "simulate", "harmonise", "panel", "estimate", "table", "report", "codebook", "sources", "fetch", "trace", "doctor",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example(verb: str) -> None:
    said = CliRunner().invoke(app, [verb, "--help"])
    assert said.exit_code == 0
    assert f"Example: fanpin {verb}" in re.sub(r"\s+", " ", said.output)


def test_the_verbs_are_these() -> None:
    assert {c.callback.__name__ for c in app.registered_commands if c.callback} == set(VERBS)


def test_commands_in_the_documents_exist(root: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    texts = [
        root / "README.md",
        root / "CONTRIBUTING.md",
        *(root / "docs").glob("*.md"),
        *(root / "data/raw").glob("*/README.md"),
    ]
    for path in texts:
        text = path.read_text("utf-8")
        for line in re.findall(r"(?:^    |`)(?:\.venv/bin/)?fanpin ([a-z][^`\n#]*)", text, re.MULTILINE):
            assert shlex.split(line)[0] in VERBS, f"{path.name}: fanpin {line}"
        for line in re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE):
            assert line in targets, f"{path.name}: make {line}"


def test_sources_are_listed_with_what_confirms_them() -> None:
    said = CliRunner().invoke(app, ["sources"])
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert any(re.match(r"cfps +\S+ +2018 +\d+ verified +\d+ script only +\d+ unverified", line) for line in lines)
    assert {line.split()[0] for line in lines} >= {"cfps", "gsoep", "eph", "register", "ipums", "places"}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one study that simulates a little and nothing else."""
    folder = tmp_path / "analysis/studies"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'title = { en = "t", zh = "t" }\nsummary = { en = "s", zh = "s" }\n'
        '[simulate]\nkind = "city-c"\nhouseholds = 26\nwaves = [2016]\nseed = 1\n', "utf-8",
    )  # fmt: skip
    (folder / "plain.toml").write_text('title = { en = "t", zh = "t" }\nsummary = { en = "s", zh = "s" }\n', "utf-8")
    monkeypatch.setenv("FANPIN_ROOT", str(tmp_path))
    return tmp_path


def test_simulate_writes_files_that_say_what_they_are(elsewhere: Path) -> None:
    said = CliRunner().invoke(app, ["simulate", "mine"])
    assert said.exit_code == 0, said.output
    assert re.search(r"\[mine\] simulate: files \d+", said.output)
    folder = elsewhere / "data/processed/mine/simulated"
    assert list(folder.glob("cfps/cfps2016famecon*.dta"))
    assert (folder / "README.txt").read_text("utf-8").startswith("SIMULATED data")
    refused = CliRunner().invoke(app, ["simulate", "plain"])
    assert "simulates nothing" in str(refused.exception)


def test_codebook_writes_a_page_and_markdown_in_either_language(elsewhere: Path) -> None:
    for lang, ending in (("en", ""), ("zh", ".zh")):
        said = CliRunner().invoke(app, ["codebook", "gsoep", "--lang", lang])
        assert said.exit_code == 0, said.output
        for suffix in ("html", "md"):
            path = elsewhere / f"reports/out/codebooks/gsoep{ending}.{suffix}"
            assert f"[codebook] reports/out/codebooks/{path.name}" in said.output
            assert "hhninc" in path.read_text("utf-8")
    assert "did you mean 'gsoep'" in str(CliRunner().invoke(app, ["codebook", "gsoeb"]).exception)
    assert "unknown value for lang" in str(CliRunner().invoke(app, ["codebook", "gsoep", "--lang", "de"]).exception)
