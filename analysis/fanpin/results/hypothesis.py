"""A hypothesis test: statistic, null hypothesis in words, distribution, p-value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import stats

from fanpin.core.errors import InapplicableError


@dataclass(frozen=True, kw_only=True)
class HypothesisTest:
    """The outcome of a test.

    Attributes
    ----------
    stat : the test statistic.
    null : the null hypothesis in words.
    distribution : "chi2", "F", "normal", "t", or "permutation" (then `pvalue_exact` is given).
    df, df_denom : degrees of freedom where the distribution has them.
    name : the test's name.
    pvalue_exact : a p-value not computed from the distribution (exact or Monte Carlo).
    details : further numbers by name, such as an effect size.
    notes : sentences on assumptions and limits.
    simulated : the data are simulated.
    """

    name: str
    stat: float
    null: str
    distribution: Literal["chi2", "F", "normal", "t", "permutation"]
    df: float | None = None
    df_denom: float | None = None
    pvalue_exact: float | None = None
    details: dict[str, float] | None = None
    notes: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def pvalue(self) -> float:
        """Probability under the null of a statistic at least as extreme."""
        if self.pvalue_exact is not None:
            return self.pvalue_exact
        if self.distribution == "chi2":
            return float(stats.chi2.sf(self.stat, self.df))
        if self.distribution == "F":
            return float(stats.f.sf(self.stat, self.df, self.df_denom))
        if self.distribution == "normal":
            return float(2 * stats.norm.sf(abs(self.stat)))
        if self.distribution == "t":
            return float(2 * stats.t.sf(abs(self.stat), self.df))
        raise InapplicableError(
            f"the p-value of {self.name!r} cannot be computed from its statistic",
            next_step="give pvalue_exact with the permutation p-value",
        )

    def tidy(self) -> pd.DataFrame:
        """One row: term, estimate, std_error, statistic, p_value, conf_low, conf_high, df and the details."""
        nan = float("nan")
        row = {
            "term": self.name, "estimate": nan, "std_error": nan, "statistic": self.stat, "p_value": self.pvalue,
            "conf_low": nan, "conf_high": nan, "df": nan if self.df is None else self.df, **(self.details or {}),
        }  # fmt: skip
        return pd.DataFrame([row])

    def glance(self) -> pd.DataFrame:
        """One row of what the test is: name, null hypothesis, distribution."""
        return pd.DataFrame([{"name": self.name, "null": self.null, "distribution": self.distribution}])

    def summary(self) -> str:
        """The test in plain text."""
        df = (
            ""
            if self.df is None
            else f" ({self.df:g} df)"
            if self.df_denom is None
            else f" ({self.df:g}, {self.df_denom:g} df)"
        )
        lines = [f"{self.name}", f"  null hypothesis: {self.null}",
                 f"  {self.distribution}{df} = {self.stat:.4f}, p = {self.pvalue:.4f}"]  # fmt: skip
        lines += [f"  {k} = {v:.4f}" for k, v in (self.details or {}).items()]
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])
