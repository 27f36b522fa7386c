"""Simulated studies shared by the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_settings import EXACT, WAVES

import fanpin as fp
from fanpin.simulate import SimulatedStudy


@pytest.fixture(scope="session")
def study() -> SimulatedStudy:
    """600 households as reported, with errors and missing answers."""
    return fp.simulate_city_c(households=600, waves=WAVES, seed=7)


@pytest.fixture(scope="session")
def exact() -> SimulatedStudy:
    """The same households with incomes reported as they are and every question answered."""
    return fp.simulate_city_c(households=600, waves=WAVES, seed=7, truth=EXACT)


@pytest.fixture(scope="session")
def all_waves() -> SimulatedStudy:
    """120 households at every wave since 2010."""
    return fp.simulate_city_c(households=120, waves=(2010, 2012, *WAVES), seed=3)


@pytest.fixture(scope="session")
def folder(study: SimulatedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `study`."""
    target = tmp_path_factory.mktemp("simulated") / "city-c"
    study.write(target)
    return target
