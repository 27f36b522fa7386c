"""Fixtures shared by all tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).resolve().parent / "golden"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the project that holds real microdata and further goldens; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"real data folder {folder.name!r} is not beside the project; see data/raw/*/README.md")
    return folder


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Any]:
    """Reads a golden JSON of tests/golden by name."""
    return lambda name: json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
