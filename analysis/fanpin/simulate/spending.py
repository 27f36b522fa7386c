"""What the households spend, own and owe: in whole yuan, so that every total is the sum of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

GROUPS = ("food", "clothing", "housing", "goods", "medical", "transport", "education", "other_consumption")
COSTS = {
    "farm_cost_seed": 0.34,
    "farm_cost_labour": 0.08,
    "farm_cost_machines": 0.12,
    "farm_cost_water": 0.05,
    "farm_cost_rest": 0.03,
    "stock_cost_young": 0.10,
    "stock_cost_feed": 0.20,
    "stock_cost_vet": 0.04,
    "stock_cost_labour": 0.02,
    "stock_cost_rest": 0.02,
}
TEN_THOUSAND = 10_000


def spent(households: pd.DataFrame, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Consumption by group, other spending, and their totals, a row a household and wave."""
    n = len(households)
    price = households["wave"].astype(str).map(p["rural_prices"]).to_numpy()
    income, size = households["income_total"].to_numpy(float), households["size"].to_numpy()
    level = (0.55 * income + 900 * price * size) * rng.lognormal(0, 0.25, n)
    part = {
        "food": 0.40,
        "clothing": 0.05,
        "housing": 0.12,
        "goods": 0.06,
        "transport": 0.10,
        "other_consumption": 0.02,
    }
    frame = pd.DataFrame(
        {k: whole(level * s * rng.lognormal(0, 0.3, n)) for k, s in part.items()}, index=households.index
    )
    frame["medical_item"] = households["oop_medical"].to_numpy()
    frame["health_care_item"] = whole(np.where(rng.random(n) < 0.2, 300 * price * rng.lognormal(0, 0.6, n), 0))
    frame["medical"] = frame["medical_item"] + frame["health_care_item"]
    frame["schooling_item"] = households["schooling_cost"].to_numpy()
    frame["education"] = frame["schooling_item"] + whole(0.01 * level * rng.lognormal(0, 0.6, n))
    frame["gifts"] = whole(0.06 * level * rng.lognormal(0, 0.6, n))
    frame["commercial_insurance"] = whole(np.where(rng.random(n) < 0.15, 500 * price * rng.lognormal(0, 0.5, n), 0))
    frame["transfers_paid"] = frame["gifts"] + whole(0.01 * level)
    frame["insurance_paid"] = frame["commercial_insurance"] + whole(120 * price * size)
    frame["mortgage_paid"] = whole(np.where(rng.random(n) < 0.03, 3000 * price * rng.lognormal(0, 0.5, n), 0))
    frame["rent"] = whole(np.where(rng.random(n) < 0.02, 250 * price, 0))
    frame["consumption"] = frame[list(GROUPS)].sum(axis=1)
    frame["expenditure"] = frame[["consumption", "transfers_paid", "insurance_paid", "mortgage_paid"]].sum(axis=1)
    return frame


def owned(households: pd.DataFrame, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Assets and debts; the values the survey asks in 10,000 yuan are in whole hundreds of yuan."""
    n = len(households)
    price = households["wave"].astype(str).map(p["rural_prices"]).to_numpy()
    income = households["income_total"].to_numpy(float)
    own = np.exp(0.5 * households["income_rank"].to_numpy())
    hundreds = {
        "dwelling": 60_000 * price * own * rng.lognormal(0, 0.2, n),
        "other_house": np.where(rng.random(n) < 0.05, 50_000 * price * own, 0),
        "company": np.where(households["income_business"] > 0, 2.0 * households["income_business"], 0),
    }
    frame = pd.DataFrame({k: 100 * whole(v / 100) for k, v in hundreds.items()}, index=households.index)
    debt = np.where(rng.random(n) < 0.25, 20_000 * price * rng.lognormal(0, 0.9, n), 0)
    others = {
        "land_asset": households["land"].to_numpy() * price,
        "farm_machines": np.where(rng.random(n) < 0.3, 2500 * price, 0),
        "durables": 0.3 * income * rng.lognormal(0, 0.5, n),
        "savings": np.where(rng.random(n) < 0.6, 0.4 * income, 300),
        "financial_products": np.where((rng.random(n) < 0.02) & (households["wave"] != 2016), 0.2 * income, 0),
        "lent": np.where(rng.random(n) < 0.08, 0.3 * income, 0),
        "house_debt": np.where(rng.random(n) < 0.06, 0.5 * frame["dwelling"] * rng.lognormal(0, 0.6, n), 0),
        "bank_loan": 0.6 * debt,
        "friends_loan": 0.4 * debt,
    }
    for name, values in others.items():
        frame[name] = whole(np.asarray(values))
    frame["house_gross"] = frame["dwelling"] + frame["other_house"]
    frame["house_net"] = frame["house_gross"] - frame["house_debt"]
    frame["financial_asset"] = frame[["savings", "financial_products", "lent"]].sum(axis=1)
    frame["fixed_asset"] = frame["company"] + frame["farm_machines"]
    frame["other_debt"] = frame["bank_loan"] + frame["friends_loan"]
    parts = ["land_asset", "house_net", "financial_asset", "fixed_asset", "durables"]
    frame["total_asset"] = frame[parts].sum(axis=1) - frame["other_debt"]
    return frame


def farm_accounts(farm: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Output sold and eaten less ten items of cost; what is left is the net farm income given."""
    n = len(farm)
    cost = farm.to_numpy(float) * rng.uniform(0.3, 0.8, n)
    frame = pd.DataFrame({k: whole(cost * s) for k, s in COSTS.items()}, index=farm.index)
    gross = farm + frame.sum(axis=1)
    frame["farm_own_use"] = whole(0.25 * gross.to_numpy(float))
    frame["farm_output"] = gross - frame["farm_own_use"]
    return frame


def transfer_accounts(households: pd.DataFrame, transfer: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Transfers received, as government subsidies, pensions and donations; dibao among the poor."""
    n = len(transfer)
    total = transfer.to_numpy(float)
    pension = whole(np.where(households["has_elderly"], total * rng.uniform(0.3, 0.8, n), 0))
    donation = whole(np.where(rng.random(n) < 0.05, total * 0.1, 0))
    frame = pd.DataFrame({"pension": pension, "donations": donation}, index=transfer.index)
    frame["subsidy"] = transfer - pension - donation
    frame["dibao"] = (frame["subsidy"] > 0) & (rng.random(n) < np.where(households["poor"], 0.45, 0.04))
    return frame


def whole(values: np.ndarray) -> np.ndarray:
    """Rounded to whole yuan."""
    return np.rint(values).astype(np.int64)
