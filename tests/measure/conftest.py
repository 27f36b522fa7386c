"""Real panels and samples, and a small simulated clustered sample."""

from __future__ import annotations

import warnings

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fanpin.core.engine import quiet
from fanpin.core.errors import TiesAtLineWarning
from fanpin.core.line import Line
from fanpin.panel import poverty_status, relapse_risk_set


@pytest.fixture(scope="session")
def eusilc(shared) -> pd.DataFrame:
    """Synthetic EU-SILC of R laeken, full precision."""
    file = shared / "golden/data/eusilc_min.csv.gz"
    if not file.exists():
        pytest.skip("the synthetic EU-SILC of R laeken is not in the folder of goldens")
    return pd.read_csv(file)


@pytest.fixture(scope="session")
def gsoep(root) -> pd.DataFrame:
    """The GSOEP extract with poverty at 60 % of each year's median."""
    raw = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TiesAtLineWarning)
        return poverty_status(raw, welfare="hhninc", line=Line.relative(0.6), unit="id", time="year")


@pytest.fixture(scope="session")
def gsoep_risk(gsoep) -> pd.DataFrame:
    return relapse_risk_set(gsoep, unit="id", time="year", poor="is_poor")


@pytest.fixture
def sample() -> pd.DataFrame:
    """1,200 households in 60 villages of 4 regions, incomes alike within villages."""
    rng = np.random.default_rng(2024)
    village = np.repeat(np.arange(60), 20)
    return pd.DataFrame({
        "income": np.exp(rng.normal(0, 0.3, 60)[village] + rng.normal(0, 0.5, 1200)).round(3) * 100,
        "weight": rng.uniform(1, 5, 1200).round(2),
        "region": np.array(["north", "south", "east", "west"])[village % 4],
        "village": village,
        "members": rng.integers(1, 7, 1200),
        "female": rng.integers(0, 2, 1200),
        "own_line": 60.0 + 40.0 * (village % 2),
    })  # fmt: skip


@pytest.fixture
def as_table():
    """Makes an Ibis table of a frame, on a DuckDB of its own."""

    def make(frame: pd.DataFrame) -> ibis.Table:
        with quiet():
            return ibis.duckdb.connect().create_table("d", pa.Table.from_pandas(frame, preserve_index=False))

    return make
