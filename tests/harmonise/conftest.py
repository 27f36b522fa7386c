"""The made-up survey as fixtures."""

from __future__ import annotations

import pytest
from made_up_survey import Survey, make_survey


@pytest.fixture
def survey(tmp_path) -> Survey:
    return make_survey(tmp_path)


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """The survey as it is, harmonised once."""
    return make_survey(tmp_path_factory.mktemp("survey")).harmonise()
