"""Rubin's rules: one set of estimates from fits to several completed (multiply imputed) data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import EstimationError, InapplicableError, InputError, unknown_name
from fanpin.results import Estimates, HypothesisTest

Array = NDArray[np.float64]
KIND = "pooled"
SAME = ("kind", "formula", "outcome", "link", "cov_type")


@dataclass(frozen=True, slots=True)
class _Parts:
    """Moments over m completed data sets, k terms.

    `mean` (k,) of estimates, `within` (k, k) mean covariance, `between` (k, k) covariance of the estimates.
    """

    m: int
    mean: Array
    within: Array
    between: Array

    @property
    def total(self) -> Array:
        return self.within + (1.0 + 1.0 / self.m) * self.between


def pool(results: Sequence[Estimates], *, df_complete: float | None = None) -> Estimates:
    r"""Pool the fits of one model to m completed data sets.

    With estimates :math:`\hat Q_l` and covariances :math:`U_l`, the pooled estimate is the mean :math:`\bar Q` and its
    covariance :math:`T = \bar U + (1 + 1/m) B`, with :math:`\bar U` the mean of the covariances and B the covariance of the
    estimates. Each term has its own degrees of freedom (Barnard & Rubin): with
    :math:`\lambda = (1 + 1/m) B / T`, the share of the variance due to missing values,

    .. math:: 1/\nu = \lambda^2 / (m - 1) + \Big[\frac{\nu_c + 1}{\nu_c + 3} \nu_c (1 - \lambda)\Big]^{-1},

    :math:`\nu_c` being the degrees of freedom there would be without missing values.

    Parameters
    ----------
    results : sequence of Estimates
        Two or more fits of one model: same kind, formula and terms. Average effects may be pooled too.
    df_complete : float, optional
        :math:`\nu_c`; by default that of the results, infinite where they use the normal distribution.

    Returns
    -------
    Estimates
        kind "pooled", `df_terms` by term. `options` hold by term the fraction of missing information (`fmi`) and the relative
        increase in variance (`riv`); `diagnostics` the largest fraction.

    Raises
    ------
    InputError : fewer than two results, results of different models, a `df_complete` that is not positive.

    Notes
    -----
    Imputations are assumed to be proper and to include the outcome and, for survey data, the design. The likelihoods of the
    completed data sets have no pooled value. `pooled_test` tests several terms at once.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3. Barnard & Rubin (1999), Biometrika 86:948-955,
    doi:10.1093/biomet/86.4.948.

    Examples
    --------
    >>> import pandas as pd
    >>> from fanpin.models import hazard
    >>> rows = pd.DataFrame({"x": [0, 1] * 20, "event": [0, 1, 0, 0, 1, 1, 0, 1] * 5})
    >>> other = rows.assign(x=rows["x"].where(rows.index != 4, 1))
    >>> fits = [hazard("event ~ x", data, link="logit", cov="robust") for data in (rows, other)]
    >>> pool(fits).params.round(4).to_dict()
    {'Intercept': -1.2102, 'x': 2.3411}
    """
    fits = _checked(results)
    complete = _complete(fits, df_complete)
    parts, terms = _parts(fits), list(fits[0].params.index)
    df, riv, fmi = _uncertainty(parts, complete)
    first = fits[0]
    return Estimates(
        params=pd.Series(parts.mean, index=terms, name="estimate"),
        cov=pd.DataFrame(parts.total, index=terms, columns=terms),
        nobs=min(fit.nobs for fit in fits),
        cov_type=first.cov_type,
        kind=KIND,
        df_terms=pd.Series(df, index=terms, name="df"),
        outcome=first.outcome,
        formula=first.formula,
        link=first.link,
        counts={"imputations": float(parts.m), **_shared(fits)},
        diagnostics={"largest_fmi": float(fmi.max())},
        options={"of": first.kind, "df_complete": complete, "fmi": dict(zip(terms, fmi.tolist(), strict=True)),
                 "riv": dict(zip(terms, riv.tolist(), strict=True)), "cluster": first.options.get("cluster")},
        notes=(f"pooled over {parts.m} completed data sets (Rubin's rules, Barnard-Rubin degrees of freedom)",
               *_different_rows(fits), *dict.fromkeys(note for fit in fits for note in fit.notes)),
        simulated=any(fit.simulated for fit in fits),
        design=first.design,
    )  # fmt: skip


def pooled_test(results: Sequence[Estimates], terms: Sequence[str]) -> HypothesisTest:
    """Joint test that several terms are 0 in fits to completed data sets ("D1").

    The between-imputation covariance of q terms is poorly known with few data sets; the test takes it to be in proportion to
    the within covariance, with the factor r that the traces give.

    Parameters
    ----------
    results : sequence of Estimates
        As for `pool`.
    terms : sequence of str
        Terms of the model.

    Returns
    -------
    HypothesisTest : F with the degrees of freedom of Li, Raghunathan & Rubin; `details` has riv, the increase in variance.

    Raises
    ------
    InputError, UnknownNameError : as for `pool`; a term that is not in the model.
    InapplicableError : no more than four terms times data sets, for which the degrees of freedom are not defined; a singular
        covariance.

    References
    ----------
    Li, Raghunathan & Rubin (1991), JASA 86:1065-1073, doi:10.1080/01621459.1991.10475152.
    """
    fits, names = _checked(results), list(dict.fromkeys(terms))
    for name in names:
        if name not in fits[0].params.index:
            raise unknown_name("term", name, fits[0].params.index)
    positions = fits[0].params.index.get_indexer(pd.Index(names))
    parts, q = _parts(fits), len(names)
    mean, within = parts.mean[positions], parts.within[np.ix_(positions, positions)]
    between = parts.between[np.ix_(positions, positions)]
    free = q * (parts.m - 1)
    if free <= 4:
        raise InapplicableError(f"a joint test of {q} terms needs more data sets", expected="terms x (sets - 1) above 4",
                                got=free, next_step="use more imputations, or test one term with pool(...).wald_test")  # fmt: skip
    if np.linalg.matrix_rank(within) < q:
        raise InapplicableError(f"the covariance of {q} terms is singular", next_step="test fewer terms at once")
    riv = (1.0 + 1.0 / parts.m) * float(np.trace(np.linalg.solve(within, between))) / q
    stat = float(mean @ np.linalg.solve(within, mean)) / (q * (1.0 + riv))
    df_denom = math.inf if riv == 0.0 else 4.0 + (free - 4.0) * (1.0 + (1.0 - 2.0 / free) / riv) ** 2
    null = ", ".join(names) + (" is 0" if q == 1 else " are all 0")
    return HypothesisTest(name="Pooled Wald test (D1)", stat=stat, null=null, distribution="F", df=q, df_denom=df_denom,
                          details={"riv": riv}, simulated=any(fit.simulated for fit in fits))  # fmt: skip


def _checked(results: Any) -> list[Estimates]:
    """The results as a list; raises unless they are fits of one model."""
    if isinstance(results, Estimates) or not isinstance(results, Sequence):
        raise InputError(
            f"a {type(results).__name__} is no list of results", expected="a list of two or more Estimates"
        )
    fits = list(results)
    for fit in fits:
        if not isinstance(fit, Estimates):
            raise InputError(f"a {type(fit).__name__} cannot be pooled", expected="Estimates, such as of fp.hazard")
    if len(fits) < 2:
        raise InputError("pooling needs fits to several completed data sets", expected="two or more", got=len(fits))
    first = fits[0]
    for i, fit in enumerate(fits[1:], start=2):
        for name in SAME:
            if getattr(fit, name) != getattr(first, name):
                raise InputError(f"result {i} is of another model than the first: its {name} differs",
                                 expected=getattr(first, name), got=getattr(fit, name))  # fmt: skip
        if set(fit.params.index) != set(first.params.index):
            odd = sorted(set(fit.params.index) ^ set(first.params.index))
            raise InputError(f"result {i} has other terms than the first", got=", ".join(odd), expected="the same terms",
                             next_step="give factors the same levels in every completed data set")  # fmt: skip
        if fit.design != first.design:
            raise InputError(f"result {i} has another design than the first", expected=first.design, got=fit.design)
    if any(fit.df_terms is not None for fit in fits):
        raise InputError("results with degrees of freedom by term cannot be pooled", got=first.kind)
    return fits


def _complete(fits: list[Estimates], asked: float | None) -> float:
    """The degrees of freedom without missing values."""
    if asked is None:
        return min(math.inf if fit.df_resid is None else float(fit.df_resid) for fit in fits)
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or not asked > 0.0:
        raise InputError(f"df_complete={asked!r} is no number of degrees of freedom", expected="a positive number")
    return float(asked)


def _parts(fits: list[Estimates]) -> _Parts:
    terms = list(fits[0].params.index)
    estimates = np.array([fit.params[terms].to_numpy(dtype=float) for fit in fits])
    within = np.mean([fit.cov.loc[terms, terms].to_numpy(dtype=float) for fit in fits], axis=0)
    if not (np.isfinite(estimates).all() and np.isfinite(within).all() and (np.diag(within) > 0.0).all()):
        raise EstimationError(
            "an estimate or its variance is missing or 0 in some result", expected="positive variances"
        )
    deviations = estimates - estimates.mean(axis=0)
    between = deviations.T @ deviations / (len(fits) - 1)
    return _Parts(len(fits), estimates.mean(axis=0), (within + within.T) / 2.0, between)


def _uncertainty(parts: _Parts, complete: float) -> tuple[Array, Array, Array]:
    """Degrees of freedom, relative increase in variance and fraction of missing information, each (k,)."""
    extra = (1.0 + 1.0 / parts.m) * np.diag(parts.between)
    within = np.diag(parts.within)
    share, riv = extra / (within + extra), extra / within
    inverse = share**2 / (parts.m - 1)
    if math.isfinite(complete):
        inverse = inverse + 1.0 / ((complete + 1.0) / (complete + 3.0) * complete * (1.0 - share))
    df = np.divide(1.0, inverse, out=np.full_like(inverse, math.inf), where=inverse > 0.0)
    return df, riv, (riv + 2.0 / (df + 3.0)) / (riv + 1.0)


def _shared(fits: list[Estimates]) -> dict[str, float]:
    """Counts that are the same in all results."""
    first = fits[0].counts
    return {name: value for name, value in first.items() if all(fit.counts.get(name) == value for fit in fits)}


def _different_rows(fits: list[Estimates]) -> tuple[str, ...]:
    rows = sorted({fit.nobs for fit in fits})
    return () if len(rows) == 1 else (f"the completed data sets give {rows[0]:,} to {rows[-1]:,} rows",)
