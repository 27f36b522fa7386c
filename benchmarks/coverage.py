"""Coverage of 95 % intervals, and standard errors with an estimated line, by simulation.

python benchmarks/coverage.py [--draws N]

Samples are drawn from a simulated population of 400,000 households in 10,000 clusters of 20 strata: clusters with replacement,
15 of 40 households in each, with rates that differ between strata. The true values are those of the population.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

import fanpin as fp
from fanpin.results import Measures

STRATA, CLUSTERS, HOUSEHOLDS, TAKEN = 20, 500, 40, 15
DESIGN = fp.Design(weight="weight", stratum="stratum", psu="psu")
FIXED = fp.Line.absolute(6000, currency="CNY", year=2010)
HALF = fp.Line.relative(0.6)
POVERTY = ("headcount", "gap", "severity", "watts", "sen_shorrocks_thon", "income_gap_ratio", "rmpg")
INEQUALITY = ("gini", "theil_l", "theil_t", "ge:2", "atkinson:1", "qsr", "palma")
Measure = Callable[[pd.DataFrame, fp.Design | None], Measures]


def population(rng: np.random.Generator) -> pd.DataFrame:
    """Households with income by source, medical spending and deprivations, alike within clusters."""
    n = STRATA * CLUSTERS * HOUSEHOLDS
    psu = np.repeat(np.arange(STRATA * CLUSTERS), HOUSEHOLDS)
    stratum = psu // CLUSTERS
    level = rng.normal(0, 0.25, STRATA * CLUSTERS)[psu] + rng.normal(0, 0.2, STRATA)[stratum]
    income = np.exp(9.2 + level + rng.normal(0, 0.6, n))
    share = rng.beta(2, 2, n)
    return pd.DataFrame({
        "income": income, "wage": income * share, "farm": income * (1 - share), "stratum": stratum, "psu": psu,
        "household": np.tile(np.arange(HOUSEHOLDS), STRATA * CLUSTERS), "spending": 0.8 * income,
        "medical": income * rng.beta(1, 9, n), "ill": rng.random(n) < 0.2, "unschooled": rng.random(n) < 1 / (1 + income / 8000),
        "small": stratum == 3, "first_line": np.full(n, 6000.0),
    })  # fmt: skip


def drawn(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A sample: 6 to 25 clusters a stratum with replacement, households without."""
    parts = []
    for h in range(STRATA):
        m = 6 + h
        for k, cluster in enumerate(rng.integers(0, CLUSTERS, m)):
            start = (h * CLUSTERS + cluster) * HOUSEHOLDS
            rows = start + rng.permutation(HOUSEHOLDS)[:TAKEN]
            parts.append((rows, np.full(TAKEN, h * 100 + k), np.full(TAKEN, CLUSTERS / m * HOUSEHOLDS / TAKEN)))
    rows, psu, weight = (np.concatenate(p) for p in zip(*parts, strict=True))
    return frame.iloc[rows].assign(psu=psu, weight=weight).reset_index(drop=True)


MEASURES: dict[str, Measure] = {
    "fixed line": lambda d, s: fp.poverty(d, welfare="income", line=FIXED, indices=POVERTY, design=s),
    "60 % of the median": lambda d, s: fp.poverty(d, welfare="income", line=HALF, indices=POVERTY, design=s),
    "one stratum, 60 % of the national median": lambda d, s: fp.poverty(
        d, welfare="income", line=HALF, by="small", design=s).select(small=True),
    "inequality": lambda d, s: fp.inequality(d, welfare="income", indices=INEQUALITY, design=s),
    "income sources": lambda d, s: fp.income_sources(d, sources=["wage", "farm"], design=s),
    "concentration": lambda d, s: fp.concentration(d, outcome="medical", rank="income", design=s),
    "deprivation": lambda d, s: fp.multidimensional(
        d, indicators=["ill", "unschooled"], weights="equal", cutoff=0.5, design=s),
    "health burden": lambda d, s: fp.health_burden(d, oop="medical", capacity="spending", welfare="income", line=FIXED,
                                                   design=s),
}  # fmt: skip


def coverage(draws: int, seed: int = 1) -> pd.DataFrame:
    """A row a measure: its true value, mean and spread of estimates, mean standard error, share of intervals that hold it."""
    rng = np.random.default_rng(seed)
    whole = population(rng)
    truth = {name: measure(whole, None).params for name, measure in MEASURES.items()}
    found: dict[str, list[np.ndarray]] = {name: [] for name in MEASURES}
    for _ in range(draws):
        sample = drawn(whole, rng)
        for name, measure in MEASURES.items():
            made = measure(sample, DESIGN)
            limits = made.conf_int()
            held = (limits.conf_low <= truth[name]) & (truth[name] <= limits.conf_high)
            found[name].append(np.column_stack([made.params, made.std_errors, held]))
    rows = [
        {"measure": name, "term": term, "true": value, "mean": part[:, 0].mean(), "sd": part[:, 0].std(ddof=1),
         "mean_se": part[:, 1].mean(), "coverage": part[:, 2].mean()}
        for name, draws_of in found.items()
        for term, value, part in zip(truth[name].index, truth[name], np.array(draws_of).transpose(1, 0, 2), strict=True)
    ]  # fmt: skip
    limit = 3 * np.sqrt(0.0475 / draws)
    return pd.DataFrame(rows).assign(honest=lambda d: (d["coverage"] - 0.95).abs() <= limit)


def estimated_lines(draws: int, seed: int = 2) -> pd.DataFrame:
    """Monte Carlo spread of the headcount below 60 % of the median, with and without the line's own sampling error."""
    rng = np.random.default_rng(seed)
    cases = {"lognormal, sigma 0.3": (0.3, 2000, 1.0), "lognormal, sigma 0.8": (0.8, 2000, 1.0),
             "domain of 5 % of the rows, sigma 0.5": (0.5, 4000, 0.05)}  # fmt: skip
    rows = []
    for case, (sigma, n, share) in cases.items():
        found = np.array([_one_line(rng, sigma, n, share) for _ in range(draws)])
        rows.append(
            {
                "case": case,
                "sd": found[:, 0].std(ddof=1),
                "linearised": found[:, 1].mean(),
                "line taken as fixed": found[:, 2].mean(),
            }
        )
    return pd.DataFrame(rows)


def _one_line(rng: np.random.Generator, sigma: float, n: int, share: float) -> tuple[float, float, float]:
    frame = pd.DataFrame({"income": np.exp(9 + rng.normal(0, sigma, n)), "small": np.arange(n) < share * n})
    made = fp.poverty(frame, welfare="income", line=HALF, indices="headcount", by="small").select(small=True)
    line = fp.Line.absolute(made.diagnostics.get("line", 0.6 * frame.income.median()), currency="CNY", year=2010)
    fixed = fp.poverty(frame, welfare="income", line=line, indices="headcount", by="small").select(small=True)
    return float(made.params.iloc[0]), float(made.std_errors.iloc[0]), float(fixed.std_errors.iloc[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    asked = parser.parse_args()
    print(estimated_lines(asked.draws).to_string(index=False, float_format="{:.5f}".format))
    print(coverage(asked.draws).to_string(index=False, float_format="{:.4f}".format))
