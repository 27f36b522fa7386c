"""Tests of whether unit effects are correlated with the covariates: Hausman's, and Mundlak's by regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import InapplicableError, InputError
from fanpin.core.options import UnitCovariance
from fanpin.models.checks import first_dependent
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.formula import parse_formula
from fanpin.models.linear_panel import linear_panel
from fanpin.models.sample import as_frame, column_names, complete_rows
from fanpin.results import Estimates, HypothesisTest

Array = NDArray[np.float64]
LEAST_EIGENVALUE = 1e-10  # of the difference of covariances, both scaled by the consistent fit's standard errors
LEAST_VARIATION = 1e-12  # of squares about the unit's mean, in proportion to squares


def hausman(consistent: Estimates, efficient: Estimates) -> HypothesisTest:
    r"""Hausman's test that two estimators agree: :math:`d'(V_1 - V_2)^{-1} d` with d the difference of common coefficients.

    Parameters
    ----------
    consistent : Estimates
        Holds under both hypotheses: fixed effects (`linear_panel`, `fixed_effects_logit`).
    efficient : Estimates
        Efficient under the null hypothesis, inconsistent otherwise: random effects.

    Returns
    -------
    HypothesisTest : chi-squared with one degree of freedom a common term.

    Raises
    ------
    InputError : the fits have other outcomes or no term in common.
    InapplicableError : a covariance is not classic, or the difference of covariances is not positive definite; both with the
        reason. `mundlak_test` needs neither.

    References
    ----------
    Hausman (1978), Econometrica 46:1251-1271, doi:10.2307/1913827.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3, 4, 4], "year": [1, 2] * 4, "x": [0, 1, 0, 3, 1, 2, 4, 1],
    ...                      "y": [1, 3, 4, 6, 2, 3, 5, 5]})
    >>> fits = [linear_panel("y ~ x", rows, unit="id", time="year", effects=e, cov="classic") for e in ("unit", "random")]
    >>> round(hausman(*fits).stat, 3)
    2.119
    """
    for fit in (consistent, efficient):
        if not isinstance(fit, Estimates):
            raise InputError(f"a {type(fit).__name__} is no fitted model", expected="Estimates")
        if fit.cov_type != "classic":
            raise InapplicableError(
                f"the variance of the difference is the difference of variances only if one fit is efficient; "
                f"with a {fit.cov_type!r} covariance it is not known", expected="cov='classic' in both fits",
                next_step="fp.mundlak_test allows clusters and designs",
            )  # fmt: skip
    if consistent.outcome != efficient.outcome:
        raise InputError("the two fits have other outcomes", expected=consistent.outcome, got=efficient.outcome)
    terms = [t for t in consistent.params.index if t in efficient.params.index and t != "Intercept"]
    if not terms:
        raise InputError("the two fits have no term in common", got=", ".join(efficient.params.index))
    gap = (consistent.params[terms] - efficient.params[terms]).to_numpy(dtype=float)
    variance = (consistent.cov.loc[terms, terms] - efficient.cov.loc[terms, terms]).to_numpy(dtype=float)
    scale = 1.0 / consistent.std_errors[terms].to_numpy()
    scaled = variance * np.outer(scale, scale)
    smallest = float(np.linalg.eigvalsh(scaled).min())
    if smallest < LEAST_EIGENVALUE:
        raise InapplicableError(
            "the difference of the covariances is not positive definite, so that the statistic has no distribution",
            expected="a smallest eigenvalue above 0, in squared standard errors", got=f"{smallest:.2g}",
            next_step="fp.mundlak_test is the same hypothesis without this difference",
        )  # fmt: skip
    stat = float((gap * scale) @ np.linalg.solve(scaled, gap * scale))
    return HypothesisTest(name="Hausman test", stat=stat, distribution="chi2", df=len(terms),
                          null=f"both estimators agree on {', '.join(terms)}",
                          simulated=consistent.simulated or efficient.simulated)  # fmt: skip


def mundlak_test(
    formula: str, data: Any, *, unit: str, time: str, cov: UnitCovariance = "cluster", cluster: str | None = None
) -> HypothesisTest:
    r"""Test of random against fixed effects by regression: unit means of the covariates added to the random-effects model.

    With :math:`y_{it} = x_{it}'\beta + \bar x_i'\xi + a_i + e_{it}` unit effects are uncorrelated with x when :math:`\xi = 0`.
    Unlike Hausman's test it allows heteroskedasticity and dependence within clusters.

    Parameters
    ----------
    formula, data, unit, time, cov, cluster : as for `fanpin.linear_panel`.

    Returns
    -------
    HypothesisTest : chi-squared (F with cov="classic"); `details` count the means tested.

    Raises
    ------
    InapplicableError : no column varies both within and between units.
    FanpinError : as for `fanpin.linear_panel`.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.

    References
    ----------
    Mundlak (1978), Econometrica 46:69-85. Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 10.7.3.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3, 4, 4], "year": [1, 2] * 4, "x": [0, 1, 0, 3, 1, 2, 4, 1],
    ...                      "y": [1, 3, 4, 6, 2, 3, 5, 5]})
    >>> mundlak_test("y ~ x", rows, unit="id", time="year", cov="classic").df
    1
    """
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables]
    others = [unit, time, *([cluster] if cluster is not None else [])]
    frame = as_frame(data, [*variables, *others])
    sample = complete_rows(frame, variables, where=f"mundlak_test({formula!r})", present=others)
    matrix = DesignMatrix.learn(parsed, sample.frame)
    x = matrix.build(sample.frame)
    means = np.asarray(pd.DataFrame(x).groupby(sample.frame[unit].to_numpy()).transform("mean"))
    kept = _informative(x, means, has_intercept=matrix.names[0] == "Intercept")
    if not kept:
        raise InapplicableError("no column varies both within and between units", got=formula,
                                expected="a column whose unit means differ and that changes over time")  # fmt: skip
    added = {f"unit_mean_{j}": means[:, j] for j in kept}
    wider = f"{formula} + {' + '.join(added)}"
    fit = linear_panel(wider, sample.frame.assign(**added), unit=unit, time=time, effects="random", cov=cov,
                       cluster=cluster)  # fmt: skip
    wald = fit.wald_test(list(added))
    named = ", ".join(matrix.names[j] for j in kept)
    return HypothesisTest(name="Mundlak test", stat=wald.stat, distribution=wald.distribution, df=wald.df,
                          df_denom=wald.df_denom, null=f"unit effects are uncorrelated with the unit means of {named}",
                          details={"means": float(len(kept))}, notes=(*sample.notes, fit.notes[-1]))  # fmt: skip


def _informative(x: Array, means: Array, *, has_intercept: bool) -> list[int]:
    """Columns that vary within units and whose unit means are no combination of the columns and of other means."""
    within = np.einsum("ij,ij->j", x - means, x - means)
    candidates = [int(j) for j in np.flatnonzero(within > LEAST_VARIATION * np.einsum("ij,ij->j", x, x))]
    kept: list[int] = []
    for j in candidates:
        if np.ptp(means[:, j]) <= 1e-9 * np.abs(means[:, j]).max():
            continue
        if first_dependent(np.column_stack([x, means[:, [*kept, j]]]), has_intercept) is None:
            kept.append(j)
    return kept
