"""Hazard of a million person-periods with 20 covariates and clustered standard errors: fanpin beside its peers.

    python benchmarks/hazard.py --rows 1000000

Each program runs in a process of its own on the same simulated data, after a small fit that takes imports out of the
time. Seconds are those of the fit with its clustered covariance; memory is the peak of the whole process, data included.
glum has no complementary log-log.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

COVARIATES = 20
PERIODS = 5  # rows of a cluster
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, str], tuple[np.ndarray, np.ndarray]]


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


def fanpin_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    from fanpin.kernels.glm import fit_binary
    from fanpin.kernels.links import LINKS
    from fanpin.kernels.sandwich import cov_cluster, score_totals

    fit = fit_binary(y, x, LINKS[link])
    cov = cov_cluster(score_totals(x, fit.score, cluster, int(cluster[-1]) + 1), fit.information)
    return fit.params, np.sqrt(np.diag(cov))


def statsmodels_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    import statsmodels.api as sm

    links = {"logit": sm.families.links.Logit(), "cloglog": sm.families.links.CLogLog()}
    model = sm.GLM(y, x, family=sm.families.Binomial(links[link]))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster})
    return np.asarray(fit.params), np.asarray(fit.bse)


def glum_arrays(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(family="binomial", link=link, alpha=0, fit_intercept=True)
    covariates = x[:, 1:]
    model.fit(covariates, y)
    errors = model.std_errors(X=covariates, y=y, clusters=cluster)
    return np.concatenate([[model.intercept_], model.coef_]), np.asarray(errors)


def _frame(y: np.ndarray, x: np.ndarray, cluster: np.ndarray) -> Any:
    import pandas as pd

    return pd.DataFrame({f"x{j}": x[:, j] for j in range(1, x.shape[1])}).assign(event=y, id=cluster)


def _formula(x: np.ndarray) -> str:
    return "event ~ " + " + ".join(f"x{j}" for j in range(1, x.shape[1]))


def fanpin_formula(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Callable[[], Any]:
    from fanpin.models import hazard

    frame, formula = _frame(y, x, cluster), _formula(x)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        result = hazard(formula, frame, link=link, unit="id")
        return result.params.to_numpy(), result.std_errors.to_numpy()

    return fit


def statsmodels_formula(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, link: str) -> Callable[[], Any]:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    frame, formula = _frame(y, x, cluster), _formula(x)
    links = {"logit": sm.families.links.Logit(), "cloglog": sm.families.links.CLogLog()}

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = smf.glm(formula, frame, family=sm.families.Binomial(links[link]))
        result = model.fit(cov_type="cluster", cov_kwds={"groups": frame["id"]})
        return result.params.to_numpy(), result.bse.to_numpy()

    return fit


FROM_ARRAYS: dict[str, Fit] = {"fanpin": fanpin_arrays, "statsmodels GLM": statsmodels_arrays, "glum": glum_arrays}
FROM_FORMULA = {"fanpin": fanpin_formula, "statsmodels GLM": statsmodels_formula}
JOBS = [
    *(("arrays", link, program) for link in ("logit", "cloglog") for program in FROM_ARRAYS),
    *(("formula", link, program) for link in ("logit", "cloglog") for program in FROM_FORMULA),
]
JOBS.remove(("arrays", "cloglog", "glum"))


def run(source: str, link: str, program: str, rows: int) -> dict[str, Any]:
    """One program in this process: seconds, peak memory, coefficients and standard errors."""
    y, x, cluster = simulate(rows, link)
    few = slice(0, 2000)
    if source == "arrays":
        FROM_ARRAYS[program](y[few], x[few], cluster[few], link)
        fit = lambda: FROM_ARRAYS[program](y, x, cluster, link)  # noqa: E731
    else:
        FROM_FORMULA[program](y[few], x[few], cluster[few], link)()
        fit = FROM_FORMULA[program](y, x, cluster, link)
        del x
    start = time.perf_counter()
    params, errors = fit()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mib": peak, "params": params.tolist(), "errors": errors.tolist()}


def main(rows: int) -> list[dict[str, Any]]:
    """Run every job; a row each with job, program, seconds, peak_mib. Raises where programs disagree."""
    table, reference = [], {}
    for source, link, program in JOBS:
        command = [sys.executable, str(Path(__file__).resolve()), "--one", source, link, program, "--rows", str(rows)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        answer = json.loads(done.stdout)
        params, errors = (np.array(answer.pop(key)) for key in ("params", "errors"))
        first, scale = reference.setdefault(link, (params, errors))
        if np.abs((params - first) / scale).max() > 0.05 or np.abs(errors / scale - 1).max() > 0.02:
            raise RuntimeError(f"{program} ({source}, {link}) disagrees with fanpin")
        job = (
            f"{link}, {rows:,} x {COVARIATES}, clustered errors, from {'arrays' if source == 'arrays' else 'a formula'}"
        )
        table.append({"job": job, "program": program, **answer})
    return table


def show(table: list[dict[str, Any]]) -> str:
    """The table with ratios to fanpin, in plain text."""
    own = {row["job"]: row for row in table if row["program"] == "fanpin"}
    lines = [f"{'job':62} {'program':16} {'seconds':>8} {'MiB':>7} {'time':>7} {'memory':>7}"]
    for row in table:
        ours = own[row["job"]]
        time_ratio, memory_ratio = row["seconds"] / ours["seconds"], row["peak_mib"] / ours["peak_mib"]
        lines.append(f"{row['job']:62} {row['program']:16} {row['seconds']:8.2f} {row['peak_mib']:7.0f} "
                     f"{time_ratio:6.1f}x {memory_ratio:6.1f}x")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=3, metavar=("SOURCE", "LINK", "PROGRAM"), help="run one job in this process")
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run(*asked.one, asked.rows)))
    else:
        print(show(main(asked.rows)))
