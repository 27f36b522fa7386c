"""Incomes: a total on the right side of the line, its sources, and what the household says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.population import OLDEST_WAVE, SOURCES, dirichlet

LOSSES = 0.04  # share of households out of poverty whose business lost money
PARTS = ("wage", "farm", "business", "property", "transfer", "other")


def line_of(year: int, p: Mapping[str, Any]) -> float:
    """The national rural line of 2010 at the year's prices, yuan per person and year."""
    return p["line_2010"] * p["rural_prices"][str(year)]


def received(households: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """The incomes of the year in whole yuan, by source; with them the total, the concentration and the line.

    The poor lie below the line and the others above it, both in the total and without the profit of a business and
    the compensation for land, which the series comparable with 2010 leaves out.
    """
    size = households["size"].to_numpy()
    clear = p["clear_of_line"]
    line = line_of(year, p) * size
    total = line * np.where(households["poor"], _below(households, clear, rng), _above(households, clear, p, rng))
    base = households[[f"share_{s}" for s in SOURCES]].to_numpy()
    shares = _raked(dirichlet(p["share_concentration"]["within"] * base, rng), total, p)
    amount = dict(zip(SOURCES, (shares * total[:, None]).T, strict=True))
    floor = np.where(households["poor"], 0.0, line * (1 + clear))
    spare = np.maximum(total - floor, 0)
    business = np.minimum(amount["operating"] * households["business_part"].to_numpy(), spare)
    loses = ~households["poor"].to_numpy() & (rng.random(len(size)) < LOSSES)
    business = np.where(loses, -business, business)  # the farm makes up for it: the total stays
    land = np.minimum(
        amount["property"] * (rng.random(len(size)) < 0.1) * rng.uniform(0.2, 0.8, len(size)), spare - np.abs(business)
    )
    parts = {
        "wage": amount["wage"],
        "farm": amount["operating"] - business,
        "business": business,
        "property": amount["property"],
        "transfer": amount["transfer"],
        "other": amount["other"],
        "land_compensation": land,
    }
    frame = pd.DataFrame({f"income_{k}": np.rint(v).astype(np.int64) for k, v in parts.items()}, index=households.index)
    return with_totals(frame, np.full(len(frame), year)).assign(line=line_of(year, p))


def _raked(shares: np.ndarray, total: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    """The shares, moved so that each source has its share of all households' income (proportional fitting)."""
    wanted = np.array([p["income_shares"][s] for s in SOURCES])
    for _ in range(50):
        found = total @ shares / total.sum()
        shares = shares * np.divide(wanted, found, out=np.ones_like(wanted), where=found > 0)
        shares = shares / shares.sum(axis=1, keepdims=True)
    return shares


def _below(households: pd.DataFrame, clear: float, rng: np.random.Generator) -> np.ndarray:
    return 0.25 + (1 - clear - 0.25) * rng.beta(3.0, 1.4, len(households))


def _above(households: pd.DataFrame, clear: float, p: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Multiples of the line: 1 + clear + a lognormal, part of which stays with the household."""
    b = p["income_nonpoor"]
    own, now = households["income_rank"].to_numpy(), rng.standard_normal(len(households))
    rank = b["persistence"] * own + np.sqrt(max(1 - b["persistence"] ** 2, 0)) * now
    return 1 + 1.5 * clear + np.exp(b["log_mean"] + b["log_sd"] * rank + b["on_frailty"] * households["u_relapse"])


def _no_small_losses(frame: pd.DataFrame) -> pd.DataFrame:
    """Move losses below 20 yuan to the farm, so that none reads as one of the survey's missing codes."""
    small = frame["income_business"].between(-20, -1)
    frame.loc[small, "income_farm"] += frame.loc[small, "income_business"]
    frame.loc[small, "income_business"] = 0
    return frame


def with_totals(frame: pd.DataFrame, wave: np.ndarray) -> pd.DataFrame:
    """Add operating income, both totals and the concentration of the five sources (sum of squared shares).

    The comparable total leaves out the compensation for land, and after 2010 the profit of a business.
    """
    frame = _no_small_losses(frame.copy())
    frame["income_operating"] = frame["income_farm"] + frame["income_business"]
    sources = frame[[f"income_{s}" for s in SOURCES]].to_numpy(float)
    total = sources.sum(axis=1)
    frame["income_total"] = total.astype(np.int64)
    frame["income_comparable"] = frame["income_total"] - frame["income_land_compensation"]
    frame["income_comparable"] -= frame["income_business"].where(wave > OLDEST_WAVE, 0)
    frame["income_hhi"] = np.divide(
        (sources**2).sum(axis=1), total**2, out=np.full(len(frame), np.nan), where=total > 0
    )
    return frame


def reported(true: pd.DataFrame, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """The same incomes as the household reports them, and the total it gives when asked for one number.

    Each wave's error is one factor a household and wave, exp(misreport_sd z), and another for the single number; some
    round to 100 yuan.
    """
    n = len(true)
    factor = np.exp(p["misreport_sd"] * rng.standard_normal(n))
    heaps = rng.random(n) < p["heaping_share"]
    columns = [f"income_{k}" for k in (*PARTS, "land_compensation")]
    said = true[columns].to_numpy(float) * factor[:, None]
    said = np.where(heaps[:, None], np.rint(said / 100) * 100, np.rint(said)).astype(np.int64)
    frame = pd.DataFrame(said, columns=columns, index=true.index)
    frame["income_land_compensation"] = np.minimum(frame["income_land_compensation"], frame["income_property"])
    frame = with_totals(frame, true["wave"].to_numpy())
    single = frame["income_total"] * np.exp(p["misreport_sd"] * rng.standard_normal(n))
    frame["self_reported"] = np.where(heaps, np.floor(single / 1000) * 1000, np.rint(single)).astype(np.int64)
    frame["income_total"] = np.maximum(frame["income_total"], frame["self_reported"])
    return frame
