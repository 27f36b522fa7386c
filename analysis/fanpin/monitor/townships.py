"""Rates of townships: how sure each is, how much they differ, and which stand out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from fanpin.core.arguments import as_names
from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.core.numbers import count_rows, number_column
from fanpin.kernels.funnel import funnel_limits
from fanpin.kernels.random_intercept import RandomInterceptFit, fit_random_intercept, posterior_rates
from fanpin.results import Measures
from fanpin.results.measures import RESERVED, measure_key

WHERE = "fp.township_rates"
CONTEXT = ("count", "shrunken", "shrunken_sd", "shrunken_low", "shrunken_high",
           "funnel_low", "funnel_high", "funnel_low_998", "funnel_high_998")  # fmt: skip


def township_rates(data: pd.DataFrame, *, count: str, total: str, by: str | Sequence[str]) -> Measures:
    """Rate of each township with its Wilson interval, its shrunken rate, and funnel limits.

    Small townships have extreme rates by chance. The shrunken rate is the posterior mean of the rate under
    logit p_i = mu + sigma v_i, v_i ~ N(0, 1), with mu and sigma estimated by maximum likelihood (empirical Bayes, see
    `fanpin.kernels.random_intercept`): it is pulled to the overall level, the more the smaller the township. The model
    assumes that townships differ at random, without trend in their size, and that households within one are alike.

    Parameters
    ----------
    data : DataFrame
        One row a township.
    count, total : str
        Columns of households concerned and of all households, whole numbers.
    by : str or sequence of str
        Columns that name the township; no name twice.

    Returns
    -------
    Measures
        Kind "township_rates": term `rate` with Wilson's interval (`n` is the total), and columns `count`; `shrunken`,
        `shrunken_sd`, `shrunken_low`, `shrunken_high` (posterior mean, standard deviation, 2.5 and 97.5 % quantiles, mu and
        sigma taken as known); `funnel_low`, `funnel_high` and `funnel_low_998`, `funnel_high_998` (95 and 99.8 % binomial
        limits around the overall rate). Diagnostics: `intercept`, `sigma`, their standard errors, `loglik` and
        `loglik_pooled` of the single households, `lr` and `lr_p_value` of sigma = 0 (half a chi-squared with 1 df).

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : no by column, or one whose name the result needs.
    DataError : fewer than two townships; one named twice or not at all; counts missing, negative, not whole or above
        their total; a total of 0.
    EstimationError : no household, or every household, is concerned.

    References
    ----------
    Wilson (1927), JASA 22:209-212. Spiegelhalter (2005), Statistics in Medicine 24:1185-1202, doi:10.1002/sim.1970.
    Self & Liang (1987), JASA 82:605-610, for the test on the boundary.
    """
    names = as_names("by", by)
    y, n = _checked(data, count=count, total=total, by=names)
    fit = fit_random_intercept(y, n)
    rate = y / n
    rows = data[list(names)].reset_index(drop=True).assign(term="rate", estimate=rate, n=n.astype(np.int64),
                                                           count=y.astype(np.int64), **_shrunken(y, n, fit), **_funnel(y, n))  # fmt: skip
    keys = pd.Index([measure_key("rate", {b: row[b] for b in names}) for row in rows.to_dict("records")])
    return Measures(
        rows=rows, cov=pd.DataFrame(np.diag(rate * (1 - rate) / n), index=keys, columns=keys), by=names,
        kind="township_rates", cov_type="binomial", interval="wilson",
        counts={"rows": len(rows), "households": float(n.sum()), "events": float(y.sum())},
        diagnostics=_diagnostics(fit), options={"count": count, "total": total, "by": list(names)}, notes=_notes(fit),
    )  # fmt: skip


def _checked(data: pd.DataFrame, *, count: str, total: str, by: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(data, pd.DataFrame):
        raise InputError("data is no table", expected="a pandas DataFrame", got=type(data).__name__, where=WHERE)
    if not by:
        raise InputError("no column names the townships", expected="by=, one column or several", where=WHERE)
    require_columns(data.columns, [count, total, *by], where=WHERE)
    taken = [b for b in by if b in (*RESERVED, *CONTEXT)]
    if taken:
        raise InputError(f"by column {taken[0]!r} has a name that the result needs", where=WHERE,
                         next_step="rename the column")  # fmt: skip
    if len(data) < 2:
        raise DataError("fewer than two townships", got=f"{len(data)} rows", expected="one row a township", where=WHERE)
    labels = data[list(by)]
    if labels.isna().any(axis=None):
        raise DataError("a township has no name", got=count_rows(labels.isna().any(axis=1).to_numpy()), where=WHERE)
    if labels.duplicated().any():
        twice = labels[labels.duplicated()].iloc[0].to_dict()
        raise DataError("a township stands in two rows", got=", ".join(f"{k}={v}" for k, v in twice.items()),
                        expected="one row a township", where=WHERE, next_step="add the rows up, or name more by columns")  # fmt: skip
    y, n = (whole_counts(data, name, role=role, where=WHERE) for name, role in ((count, "count"), (total, "total")))
    for problem, bad in ((f"total column {total!r} is 0", n == 0), (f"{count!r} exceeds {total!r}", y > n)):
        if bad.any():
            first = labels[bad].iloc[0].to_dict()
            raise DataError(
                problem, got=f"{count_rows(bad)}: " + ", ".join(f"{k}={v}" for k, v in first.items()), where=WHERE
            )
    return y, n


def whole_counts(data: pd.DataFrame, name: str, *, role: str, where: str) -> np.ndarray:
    """A column of counts as floats: whole numbers of 0 or more, none missing."""
    values = number_column(data, name, role=role, where=where)
    for problem, bad in (
        ("missing", np.isnan(values)),
        ("negative", values < 0),
        ("fractional", values != np.floor(values)),
    ):
        if bad.any():
            raise DataError(f"{role} column {name!r} has {problem} values", expected="whole numbers of 0 or more",
                            got=count_rows(bad), where=where)  # fmt: skip
    return values


def _shrunken(y: np.ndarray, n: np.ndarray, fit: RandomInterceptFit) -> dict[str, np.ndarray]:
    posterior = posterior_rates(y, n, intercept=fit.intercept, sigma=fit.sigma)
    return {
        "shrunken": posterior.mean,
        "shrunken_sd": posterior.sd,
        "shrunken_low": posterior.low,
        "shrunken_high": posterior.high,
    }


def _funnel(y: np.ndarray, n: np.ndarray) -> dict[str, np.ndarray]:
    overall = float(y.sum() / n.sum())
    limits: dict[str, np.ndarray] = {}
    for suffix, level in (("", 0.95), ("_998", 0.998)):
        limits[f"funnel_low{suffix}"], limits[f"funnel_high{suffix}"] = funnel_limits(n, rate=overall, level=level)
    return limits


def _diagnostics(fit: RandomInterceptFit) -> dict[str, float]:
    lr = max(2 * (fit.loglik - fit.pooled_loglik), 0.0)
    errors = np.sqrt(np.diag(fit.cov))
    return {
        "intercept": fit.intercept, "intercept_std_error": float(errors[0]), "sigma": fit.sigma,
        "sigma_std_error": float(errors[1]), "loglik": fit.loglik, "loglik_pooled": fit.pooled_loglik, "lr": lr,
        "lr_p_value": 1.0 if fit.boundary else 0.5 * float(stats.chi2.sf(lr, 1)), "points": float(fit.points),
    }  # fmt: skip


def _notes(fit: RandomInterceptFit) -> tuple[str, ...]:
    notes = ["intervals of the rates are Wilson's; shrunken rates are posterior means under a logit-normal model of townships",
             "intervals of shrunken rates take the model's mean and spread as known, so they are somewhat short"]  # fmt: skip
    if fit.boundary:
        notes.append(
            "the likelihood is highest at sigma = 0: no more spread than chance, and every shrunken rate is the overall one"
        )
    return tuple(notes)
