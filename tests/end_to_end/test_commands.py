"""Every verb answers --help with an example, and every command that the documents show exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fanpin.pipeline.cli import app

VERBS = ("study", "harmonise", "panel", "estimate", "table", "report", "fetch", "trace", "doctor")


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
