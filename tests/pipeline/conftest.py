"""A small project in a temporary folder: the real study files, a manifest, and raw files that fit it."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest


def copy_project(root: Path, target: Path) -> Path:
    """A copy of the project's studies, raw files that ship, and notebooks."""
    for part in ("analysis/studies", "data/raw", "notebooks"):
        shutil.copytree(root / part, target / part, ignore=shutil.ignore_patterns("*.tsv.gz", ".ipynb_checkpoints"))
    return target


def shrink(text: str) -> str:
    """The study of City C with few simulated households in two waves."""
    small = text.replace(
        "households = 3000\nwaves = [2014, 2016, 2018, 2020, 2022]", "households = 120\nwaves = [2020, 2022]"
    )
    assert small != text
    return small


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """A project of one's own to alter."""
    return copy_project(root, tmp_path)


@pytest.fixture(scope="session")
def simulated(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose study City C has few simulated households, harmonised with its own catalogue; not to be altered."""
    import fanpin as fp
    from fanpin.pipeline import data_stages

    folder = copy_project(root, tmp_path_factory.mktemp("simulated"))
    path = folder / "analysis/studies/city-c.toml"
    path.write_text(shrink(path.read_text("utf-8")), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_stages.harmonise(fp.load_study("city-c", root=folder), accept=True)
    return folder
