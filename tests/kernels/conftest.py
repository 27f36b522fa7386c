"""Real microdata that are not part of the project."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def eusilc(shared) -> pd.DataFrame:
    file = shared / "golden/data/eusilc_min.csv.gz"
    if not file.exists():
        pytest.skip("the synthetic EU-SILC of R laeken is not in the folder of goldens")
    return pd.read_csv(file)
