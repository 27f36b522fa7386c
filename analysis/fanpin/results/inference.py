"""Test statistics, p-values and confidence limits from estimates and their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fanpin.core.options import Interval, check_level

Array = NDArray[np.float64]


def reference_distribution(df: float | Array | None) -> Any:
    """Student's t with `df` degrees of freedom, one or one an estimate, or the standard normal when df is None."""
    return stats.norm if df is None else stats.t(df)


def two_sided_pvalues(statistics: Array, df: float | Array | None) -> Array:
    """P(|T| >= |t|); missing statistics stay missing."""
    return np.asarray(2.0 * reference_distribution(df).sf(np.abs(statistics)), dtype=float)


def confidence_limits(
    estimate: Array,
    std_error: Array,
    *,
    level: float,
    df: float | Array | None,
    interval: Interval = "wald",
    n: Array | None = None,
) -> tuple[Array, Array]:
    """Lower and upper limits.

    "wald" is estimate ± q·se. "logit" and "loglog" do so for ln(p/(1-p)) and ln(-ln p) and transform back, which
    keeps shares inside (0, 1) (as R's `svyciprop(method="logit")` and `survfit(conf.type="log-log")`); where the
    estimate is 0 or 1 the transformation is undefined and both limits are missing. "wilson" is Wilson's (1927)
    score interval for a share of `n` independent trials.
    """
    level = check_level(level)
    q = reference_distribution(df).ppf(0.5 + level / 2)
    p, se = np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float)
    if interval == "wald":
        return p - q * se, p + q * se
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "logit":
            centre, half = np.log(p / (1 - p)), q * se / (p * (1 - p))
            low, high = 1 / (1 + np.exp(half - centre)), 1 / (1 + np.exp(-half - centre))
        elif interval == "loglog":
            half = q * se / (p * np.abs(np.log(p)))
            low, high = p ** np.exp(half), p ** np.exp(-half)
        else:
            size = np.asarray(n, dtype=float)
            centre = (p + q**2 / (2 * size)) / (1 + q**2 / size)
            half = q * np.sqrt(p * (1 - p) / size + q**2 / (4 * size**2)) / (1 + q**2 / size)
            return centre - half, centre + half
    undefined = ~((p > 0) & (p < 1))
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
