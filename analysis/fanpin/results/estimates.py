"""Coefficients of a fitted model, or quantities derived from one, with their covariance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.errors import InapplicableError, InputError, unknown_name
from fanpin.results.hypothesis import HypothesisTest
from fanpin.results.inference import confidence_limits, two_sided_pvalues


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimates:
    """Frozen estimates; names follow linearmodels.

    Attributes
    ----------
    params : estimates by term.
    cov : covariance matrix, same terms on both axes.
    nobs : rows used.
    cov_type : "classic", "robust", "cluster" or "design".
    kind : what was estimated, such as "hazard" or "average_effects".
    df_resid : degrees of freedom of t and F reference distributions; None uses the normal.
    df_terms : degrees of freedom of each term where they differ (completed data sets pooled, few clusters); they then
        take the place of `df_resid`.
    outcome, formula, link : what the model says, where it has them.
    loglik : maximised log-likelihood (weighted where there are weights), or None where there is none.
    counts : numbers worth a row under a table: units, spells, events, clusters, strata …
    diagnostics : iterations, gradient norm, condition number …
    options : the request, as given.
    notes : sentences a reader must see: rows dropped, conventions, limits.
    simulated : the data are simulated.
    design : the survey design, if one was used.
    digest : fingerprint of the estimation sample, so that a stored result can be matched with its data.
    frame : the estimation sample, in memory only, never stored.
    """

    params: pd.Series
    cov: pd.DataFrame
    nobs: int
    cov_type: str
    kind: str
    df_resid: float | None = None
    df_terms: pd.Series | None = None
    outcome: str | None = None
    formula: str | None = None
    link: str | None = None
    loglik: float | None = None
    counts: dict[str, float] = field(default_factory=dict)
    diagnostics: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    simulated: bool = False
    design: Design | None = None
    digest: str | None = None
    frame: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        terms = list(self.params.index)
        if terms != list(self.cov.index) or terms != list(self.cov.columns):
            raise InputError("params and cov name different terms", expected=terms, got=list(self.cov.index))
        if self.df_terms is not None and list(self.df_terms.index) != terms:
            raise InputError("params and df_terms name different terms", expected=terms, got=list(self.df_terms.index))

    @property
    def std_errors(self) -> pd.Series:
        """Square roots of the covariance's diagonal."""
        variances = np.diag(self.cov.to_numpy())
        return pd.Series(
            np.sqrt(np.where(variances >= 0, variances, np.nan)), index=self.params.index, name="std_error"
        )

    @property
    def tstats(self) -> pd.Series:
        """Estimate over standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.params / self.std_errors).rename("statistic")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the hypothesis that the estimate is 0."""
        return pd.Series(two_sided_pvalues(self.tstats.to_numpy(), self._df), index=self.params.index, name="p_value")

    @property
    def _df(self) -> float | NDArray[np.float64] | None:
        return self.df_resid if self.df_terms is None else self.df_terms.to_numpy(dtype=float)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence limits by term, columns conf_low and conf_high."""
        low, high = confidence_limits(
            self.params.to_numpy(dtype=float), self.std_errors.to_numpy(), level=level, df=self._df
        )
        return pd.DataFrame({"conf_low": low, "conf_high": high}, index=self.params.index)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row a term: term, estimate, std_error, statistic, p_value, conf_low, conf_high."""
        columns = {"term": list(self.params.index), "estimate": self.params.to_numpy(dtype=float),
                   "std_error": self.std_errors.to_numpy(), "statistic": self.tstats.to_numpy(),
                   "p_value": self.pvalues.to_numpy()}  # fmt: skip
        limits = self.conf_int(level)
        return pd.DataFrame(
            {**columns, "conf_low": limits["conf_low"].to_numpy(), "conf_high": limits["conf_high"].to_numpy()}
        )

    def glance(self) -> pd.DataFrame:
        """One row on the fit as a whole."""
        row: dict[str, Any] = {"kind": self.kind, "outcome": self.outcome, "link": self.link, "nobs": self.nobs,
                               "cov_type": self.cov_type, "df_resid": self.df_resid, "loglik": self.loglik}  # fmt: skip
        if self.loglik is not None:
            k = self._free_params
            row |= {"aic": 2 * k - 2 * self.loglik, "bic": k * np.log(self.nobs) - 2 * self.loglik}
        return pd.DataFrame([{**row, **self.counts, **self.diagnostics, "simulated": self.simulated}])

    def wald_test(self, terms: list[str]) -> HypothesisTest:
        """Joint test that the named terms are all 0: chi-squared, or F when df_resid is given."""
        for name in terms:
            if name not in self.params.index:
                raise unknown_name("term", name, self.params.index)
        df_denom = self.df_resid if self.df_terms is None else float(self.df_terms[terms[0]])
        if self.df_terms is not None and len(terms) > 1:
            raise InapplicableError("the terms have degrees of freedom of their own", expected="one term",
                                    next_step="after fp.pool, fanpin.models.pooled_test tests several terms")  # fmt: skip
        b, v = self.params[terms].to_numpy(dtype=float), self.cov.loc[terms, terms].to_numpy()
        rank = int(np.linalg.matrix_rank(v))
        if rank < len(terms):
            raise InapplicableError(
                f"the covariance of {len(terms)} terms has rank {rank}",
                expected="full rank",
                next_step="test fewer terms at once, or use more clusters",
            )
        stat = float(b @ np.linalg.solve(v, b))
        null = ", ".join(terms) + (" is 0" if len(terms) == 1 else " are all 0")
        if df_denom is None:
            return HypothesisTest(name="Wald test", stat=stat, null=null, distribution="chi2", df=len(terms))
        return HypothesisTest(name="Wald test", stat=stat / len(terms), null=null, distribution="F",
                              df=len(terms), df_denom=df_denom)  # fmt: skip

    def lr_test(self, restricted: Estimates) -> HypothesisTest:
        """Likelihood-ratio test of this fit against a nested one on the same rows."""
        if self.loglik is None or restricted.loglik is None:
            raise InapplicableError("a likelihood-ratio test needs two log-likelihoods", next_step="use wald_test")
        if self.options.get("pseudo_likelihood") or restricted.options.get("pseudo_likelihood"):
            raise InapplicableError("weighted fits have a pseudo-likelihood, whose ratio is not chi-squared",
                                    next_step="use wald_test")  # fmt: skip
        if self.nobs != restricted.nobs:
            raise InapplicableError("the two fits use different rows", expected=self.nobs, got=restricted.nobs)
        if "boundary" in self.options and "boundary" not in restricted.options:
            raise InapplicableError("the two fits differ in a variance, whose null lies on the boundary",
                                    next_step="use frailty_test")  # fmt: skip
        if self.options.get("masses") != restricted.options.get("masses"):
            raise InapplicableError("the two fits differ in their mass points: the ratio has no chi-squared law",
                                    next_step="compare coefficients and information criteria")  # fmt: skip
        df = self._free_params - restricted._free_params
        if df < 1:
            raise InapplicableError("the second fit is not smaller than the first", expected="a nested fit")
        return HypothesisTest(name="Likelihood-ratio test", stat=2 * (self.loglik - restricted.loglik),
                              null="the restricted model holds", distribution="chi2", df=df)  # fmt: skip

    @property
    def _free_params(self) -> int:
        """Number of terms, those computed from others (as rho is from sigma) not counted."""
        return len(self.params) - len(self.options.get("derived", ()))

    def summary(self) -> str:
        """The estimates in plain text."""
        head = " ".join(str(x) for x in (self.kind, self.link, self.formula) if x)
        numbers = {"rows": self.nobs, **self.counts}
        body = self.tidy().set_index("term").to_string(float_format=lambda x: f"{x:.4f}")
        facts = ", ".join(f"{k} {v:,.0f}" for k, v in numbers.items())
        fit = "" if self.loglik is None else f"\nlog-likelihood {self.loglik:.4f}"
        return "\n".join(
            [head, f"covariance: {self.cov_type}; {facts}{fit}", body, *(f"note: {n}" for n in self.notes)]
        )

    def detached(self) -> Estimates:
        """A copy without the estimation sample, as it is after saving and loading."""
        return replace(self, frame=None)

    def estimation_frame(self, data: pd.DataFrame | None) -> pd.DataFrame:
        """The sample to compute on: `data` if given, else the one in memory; raises when there is neither."""
        if data is not None:
            return data
        if self.frame is None:
            raise InapplicableError(
                "this result was loaded from a file and does not carry its data",
                next_step="pass the data: data=study.risk_set()",
            )
        return self.frame

    # maketables finds these by name and then treats the result like a supported model.
    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        names = {
            "estimate": "b",
            "std_error": "se",
            "statistic": "t",
            "p_value": "p",
            "conf_low": "ci95l",
            "conf_high": "ci95u",
        }
        return self.tidy().set_index("term").rename(columns=names)[list(names.values())].rename_axis("Coefficient")

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome or self.kind

    @property
    def __maketables_vcov_info__(self) -> dict[str, Any]:
        return {"vcov_type": self.cov_type, "clustervar": self.options.get("cluster")}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return ["N", *(["ll"] if self.loglik is not None else []), "se_type"]

    def __maketables_stat__(self, key: str) -> Any:
        """A statistic by maketables' name for it (`N`, `ll`, `n_clusters`, `se_type` …) or ours; None when unknown."""
        row = self.glance().iloc[0].to_dict()
        ours = {"N": "nobs", "ll": "loglik", "n_clusters": "clusters", "se_type": "cov_type"}.get(key, key)
        return row.get(ours)
