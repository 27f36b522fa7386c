"""Who is poor: complementary log-log hazards of relapse, escape and first entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

CAUSES = ("income_hhi", "trained", "illness", "school_gap")
HORIZON = 3  # waves


def stepped(households: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """The households a wave later: `poor`, `ever_poor`, the wave the spell began, and the hazard they faced.

    The hazard is h = 1 - exp(-exp(eta)), eta = intercept + log_duration ln(waves in the spell, this one counted)
    + coefficients x causes at the wave before + the household's own effect.
    """
    frame = households.copy()
    frame["steps"] += 1
    frame["hazard_kind"] = np.select([frame["poor"], frame["ever_poor"]], ["escape", "relapse"], "entry")
    frame["hazard"] = 0.0
    for kind in ("escape", "relapse", "entry"):
        at = frame["hazard_kind"] == kind
        frame.loc[at, "hazard"] = hazard(linear(kind, frame[at], year, p))
    moves = rng.random(len(frame)) < frame["hazard"]
    frame["poor"] = frame["poor"] ^ moves
    frame["ever_poor"] |= frame["poor"]
    frame.loc[moves, "spell_start"] = year
    frame.loc[moves, "steps"] = 0
    return frame


def linear(kind: str, rows: pd.DataFrame, year: int, p: Mapping[str, Any]) -> pd.Series:
    """The eta of the hazard `kind` for each row; `steps` is 1 at the first wave after the spell's first."""
    b = p[kind]
    eta = b["intercept"] + sum(b[c] * rows[c].astype(float) for c in CAUSES)
    if "log_duration" in b:
        eta = eta + b["log_duration"] * np.log(rows["steps"].astype(float))
    if kind == "escape":
        return eta + p["escape_wave"][str(year)] + rows["u_escape"]
    return eta + rows["u_relapse"]


def hazard(eta: pd.Series) -> pd.Series:
    """The complementary log-log hazard."""
    return -np.expm1(-np.exp(eta))


def attributable_shares(households: pd.DataFrame, p: Mapping[str, Any]) -> pd.DataFrame:
    """The share of relapses within three waves of an escape that would not happen without each cause.

    Over the households at escape, with their causes then and their own effect: 1 - mean(risk without) / mean(risk).
    Without: income_hhi at most reference_income_hhi, everyone trained, nobody ill, no gap in schooling.
    """
    at_escape = households[(households["hazard_kind"] == "escape") & ~households["poor"]]
    without: dict[str, Any] = {
        "income_hhi": at_escape["income_hhi"].clip(upper=p["reference_income_hhi"]), "trained": True, "illness": False,
        "school_gap": 0.0,
    }  # fmt: skip
    risk = _risk(at_escape, p)
    rows = [{"cause": c, "share": 1 - _risk(at_escape.assign(**{c: without[c]}), p) / risk} for c in CAUSES]
    rows.append({"cause": "all four", "share": 1 - _risk(at_escape.assign(**without), p) / risk})
    return pd.DataFrame(rows).assign(risk=risk, households=len(at_escape))


def _risk(rows: pd.DataFrame, p: Mapping[str, Any]) -> float:
    if rows.empty:
        return float("nan")
    cumulative = sum(np.exp(linear("relapse", rows.assign(steps=s), 0, p)) for s in range(1, HORIZON + 1))
    return float(np.mean(-np.expm1(-cumulative)))
