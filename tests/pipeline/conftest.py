"""A small project in a temporary folder: the real study files, a manifest, and raw files that fit it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """A copy of the project's studies, raw files that ship, and notebooks."""
    for part in ("analysis/studies", "data/raw", "notebooks"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("*.tsv.gz", ".ipynb_checkpoints"))
    return tmp_path
