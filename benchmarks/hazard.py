"""Hazard of a million person-periods with 20 covariates and clustered standard errors: fanpin beside its peers.

    python benchmarks/hazard.py --rows 1000000

Each program runs in a process of its own, on one thread, on the same simulated data, after a small fit that takes imports
out of the time. Seconds are CPU seconds of the fit with its clustered covariance; memory is the peak of the whole process,
data included. Programs must agree on coefficients and standard errors. glum has no complementary log-log.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import measured

COVARIATES = 20
PERIODS = 5  # rows of a cluster
Fit = Callable[[], tuple[np.ndarray, np.ndarray]]  # coefficients and standard errors
Prepare = Callable[[np.ndarray, np.ndarray, np.ndarray, str], Fit]


def simulate(rows: int, link: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, design matrix with an intercept, and cluster of each row."""
    from fanpin.kernels.links import LINKS

    rng = np.random.default_rng(20)
    x = np.empty((rows, COVARIATES + 1))
    x[:, 0] = 1.0
    for j in range(1, COVARIATES + 1):
        x[:, j] = rng.standard_normal(rows) if j % 2 else rng.random(rows) < 0.3
    coefficients = np.concatenate([[-2.0], np.linspace(-0.3, 0.3, COVARIATES)])
    y = rng.random(rows) < LINKS[link].inverse(x @ coefficients)
    return y.astype(float), x, np.arange(rows) // PERIODS


def fanpin_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Fit:
    from fanpin.kernels.glm import fit_binary
    from fanpin.kernels.links import LINKS
    from fanpin.kernels.sandwich import cov_cluster, score_totals

    def fit() -> tuple[np.ndarray, np.ndarray]:
        result = fit_binary(y, x, LINKS[link])
        cov = cov_cluster(score_totals(x, result.score, cluster, int(cluster[-1]) + 1), result.information)
        return result.params, np.sqrt(np.diag(cov))

    return fit


def statsmodels_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Fit:
    import statsmodels.api as sm

    links = {"logit": sm.families.links.Logit(), "cloglog": sm.families.links.CLogLog()}

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = sm.GLM(y, x, family=sm.families.Binomial(links[link]))
        result = model.fit(cov_type="cluster", cov_kwds={"groups": cluster})
        return np.asarray(result.params), np.asarray(result.bse)

    return fit


def glum_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Fit:
    from glum import GeneralizedLinearRegressor

    covariates = np.asfortranarray(x[:, 1:])  # the layout it works in, so that it need not copy

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = GeneralizedLinearRegressor(family="binomial", link=link, alpha=0, fit_intercept=True)
        model.fit(covariates, y)
        errors = model.std_errors(X=covariates, y=y, clusters=cluster)
        return np.concatenate([[model.intercept_], model.coef_]), np.asarray(errors)

    return fit


def _frame(y: np.ndarray, x: np.ndarray, cluster: np.ndarray) -> Any:
    import pandas as pd

    return pd.DataFrame({f"x{j}": x[:, j] for j in range(1, x.shape[1])}).assign(event=y, id=cluster)


def _formula(x: np.ndarray) -> str:
    return "event ~ " + " + ".join(f"x{j}" for j in range(1, x.shape[1]))


def fanpin_formula(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Fit:
    from fanpin.models import hazard

    frame, formula = _frame(y, x, cluster), _formula(x)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        result = hazard(formula, frame, link=link, unit="id")
        return result.params.to_numpy(), result.std_errors.to_numpy()

    return fit


def statsmodels_formula(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Fit:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    frame, formula = _frame(y, x, cluster), _formula(x)
    links = {"logit": sm.families.links.Logit(), "cloglog": sm.families.links.CLogLog()}

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = smf.glm(formula, frame, family=sm.families.Binomial(links[link]))
        result = model.fit(cov_type="cluster", cov_kwds={"groups": frame["id"]})
        return result.params.to_numpy(), result.bse.to_numpy()

    return fit


PROGRAMS: dict[tuple[str, str], Prepare] = {
    ("arrays", "fanpin"): fanpin_arrays,
    ("arrays", "statsmodels GLM"): statsmodels_arrays,
    ("arrays", "glum"): glum_arrays,
    ("a formula", "fanpin"): fanpin_formula,
    ("a formula", "statsmodels GLM"): statsmodels_formula,
}


def run(source: str, link: str, program: str, rows: int) -> dict[str, Any]:
    """One program in this process: seconds, coefficients and standard errors."""
    y, x, cluster = simulate(rows, link)
    prepare, few = PROGRAMS[source, program], slice(0, 2000)
    prepare(y[few], x[few], cluster[few], link)()
    fit = prepare(y, x, cluster, link)
    del x  # programs that hold the data in another form should not be charged for this one
    start = time.process_time()
    params, errors = fit()
    seconds = time.process_time() - start
    return {"seconds": seconds, "params": params.tolist(), "errors": errors.tolist()}


def main(rows: int) -> list[dict[str, Any]]:
    """Run every job; a row each with job, program, seconds, peak_mib. Raises where programs disagree."""
    table: list[dict[str, Any]] = []
    reference: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    jobs = [(source, link, program) for link in ("logit", "cloglog") for source, program in PROGRAMS]
    for source, link, program in jobs:
        if (program, link) == ("glum", "cloglog"):
            continue
        job = f"{link}, {rows:,} x {COVARIATES}, clustered errors, from {source}"
        words = ("--one", source, link, program, "--rows", str(rows))
        row: dict[str, Any] = measured.run(job, program, Path(__file__).resolve(), *words, runs=2)
        params, errors = (np.array(row["facts"].pop(key)) for key in ("params", "errors"))
        first, scale = reference.setdefault(link, (params, errors))
        if np.abs((params - first) / scale).max() > 0.05 or np.abs(errors / scale - 1).max() > 0.02:
            raise RuntimeError(f"{program} ({job}) disagrees with fanpin")
        table.append(row)
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=3, metavar=("SOURCE", "LINK", "PROGRAM"), help="run one job in this process")
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run(*asked.one, asked.rows)))
    else:
        measured.show(main(asked.rows))
