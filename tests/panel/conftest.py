"""A real panel with its poverty status, shared by the tests of this room."""

from __future__ import annotations

import warnings

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from fanpin.core.engine import quiet
from fanpin.core.errors import TiesAtLineWarning
from fanpin.core.line import Line
from fanpin.panel import poverty_status


@pytest.fixture(scope="session")
def gsoep(root) -> pd.DataFrame:
    return pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")


@pytest.fixture(scope="session")
def gsoep_status(gsoep) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TiesAtLineWarning)
        return poverty_status(gsoep, welfare="hhninc", line=Line.relative(0.6), unit="id", time="year")


@pytest.fixture
def as_table():
    """Makes an Ibis table of a frame, on a DuckDB of its own."""

    def make(frame: pd.DataFrame) -> ibis.Table:
        with quiet():
            return ibis.duckdb.connect().create_table("d", pa.Table.from_pandas(frame, preserve_index=False))

    return make
