"""The real risk set of the embedded panel, rebuilt independently of the panel room."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def gsoep_risk_set(root) -> pd.DataFrame:
    """GSOEP persons who were seen leaving poverty, one row a consecutive year at risk: 493 rows, 97 relapses."""
    panel = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz").sort_values(["id", "year"], ignore_index=True)
    poor = panel["hhninc"] < 0.6 * panel.groupby("year")["hhninc"].transform("median")
    follows = (panel["id"].diff() == 0) & (panel["year"].diff() == 1)
    rows = []
    for i in np.flatnonzero(follows & poor.shift(fill_value=False) & ~poor):
        duration, j = 0, i
        while j + 1 < len(panel) and follows[j + 1]:
            duration, j = duration + 1, j + 1
            rows.append({"row": j, "spell": i, "duration": duration, "relapse": int(poor[j])})
            if poor[j]:
                break
    at_risk = pd.DataFrame(rows)
    return pd.concat([panel.loc[at_risk["row"]].reset_index(drop=True), at_risk.drop(columns="row")], axis=1)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Simulated person-periods: 150 units, up to 4 periods, text, truth values, a weight and a cluster."""
    rng = np.random.default_rng(20)
    frame = pd.DataFrame({"id": np.repeat(np.arange(150), 4), "duration": np.tile([1, 2, 3, 4], 150)})
    n = len(frame)
    frame["x"] = rng.normal(size=n)
    frame["trained"] = rng.integers(0, 2, n).astype(bool)
    frame["region"] = np.repeat(rng.choice(["east", "north", "west"], 150), 4)
    frame["age"] = np.repeat(rng.integers(20, 70, 150), 4)
    frame["village"] = np.repeat(np.arange(150) % 50, 4)
    frame["weight"] = np.repeat(rng.integers(1, 4, 150), 4).astype(float)
    eta = -1.2 + 0.5 * frame["x"] - 0.4 * frame["trained"] + 0.01 * (frame["age"] - 45) - 0.2 * frame["duration"]
    frame["relapse"] = (rng.random(n) < 1 - np.exp(-np.exp(eta))).astype(int)
    earlier = frame.groupby("id")["relapse"].cumsum() - frame["relapse"]
    return frame[earlier == 0].reset_index(drop=True)
