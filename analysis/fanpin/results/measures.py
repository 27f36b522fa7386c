"""Estimated measures (rates, indices, curves), a row each, with their joint covariance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.design import Design
from fanpin.core.errors import DataError, InapplicableError, InputError, unknown_name
from fanpin.core.options import Interval
from fanpin.results.inference import confidence_limits, two_sided_pvalues

RESERVED = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n")


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """Frozen measures.

    Attributes
    ----------
    rows : frame with `term` (the index measured), the `by` columns, `estimate`, `n` (rows behind the estimate) and,
        where they were asked for, further columns of context such as the number at risk.
    cov : joint covariance of the estimates, (rows, rows); rows are the keys on both axes.
    by : names of the columns that, with `term`, identify a row.
    kind : what was measured, such as "poverty" or "survival".
    cov_type : how the covariance was estimated: "design", "binomial", "model" …
    df_resid : degrees of freedom of the t distribution behind intervals; None uses the normal.
    interval : how confidence limits are formed, see `results.inference.confidence_limits`.
    counts, diagnostics, options, notes, simulated, design, digest : as in `Estimates`.
    """

    rows: pd.DataFrame
    cov: pd.DataFrame
    by: tuple[str, ...]
    kind: str
    cov_type: str
    df_resid: float | None = None
    interval: Interval = "wald"
    counts: dict[str, float] = field(default_factory=dict)
    diagnostics: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    simulated: bool = False
    design: Design | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        for name in ("term", *self.by, "estimate", "n"):
            if name not in self.rows:
                raise unknown_name("column of a measure", name, self.rows.columns)
        clash = set(self.by) & set(RESERVED)
        if clash:
            raise InputError(f"by columns {sorted(clash)} have reserved names", next_step="rename the columns")
        keys = self.keys
        if keys.has_duplicates:
            raise DataError("two measures share a key", got=list(keys[keys.duplicated()][:3]))
        if list(self.cov.index) != list(keys) or list(self.cov.columns) != list(keys):
            raise InputError("rows and cov name different measures", expected=list(keys), got=list(self.cov.index))

    @property
    def keys(self) -> pd.Index:
        """The unique key of each row, such as `headcount[region=Tyrol,wave=2016]`."""
        return pd.Index(
            [measure_key(row["term"], {b: row[b] for b in self.by}) for row in self.rows.to_dict("records")]
        )

    @property
    def params(self) -> pd.Series:
        """Estimates by key."""
        return pd.Series(self.rows["estimate"].to_numpy(dtype=float), index=self.keys, name="estimate")

    @property
    def nobs(self) -> int:
        """Rows of data behind the measures, each counted once."""
        return int(self.counts.get("rows", self.rows["n"].max() if len(self.rows) else 0))

    @property
    def std_errors(self) -> pd.Series:
        """Square roots of the covariance's diagonal."""
        return pd.Series(np.sqrt(np.diag(self.cov.to_numpy(dtype=float))), index=self.keys, name="std_error")

    @property
    def tstats(self) -> pd.Series:
        """Estimate over standard error; missing where the standard error is 0."""
        se = self.std_errors
        return (self.params / se.where(se > 0)).rename("statistic")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the hypothesis that the measure is 0."""
        return pd.Series(two_sided_pvalues(self.tstats.to_numpy(), self.df_resid), index=self.keys, name="p_value")

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence limits by key, columns conf_low and conf_high."""
        low, high = confidence_limits(
            self.params.to_numpy(), self.std_errors.to_numpy(), level=level, df=self.df_resid,
            interval=self.interval, n=self.rows["n"].to_numpy(dtype=float),
        )  # fmt: skip
        return pd.DataFrame({"conf_low": low, "conf_high": high}, index=self.keys)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row a measure: term … conf_high as for every result, then the `by` columns, n and context columns."""
        limits = self.conf_int(level)
        first = {"term": self.rows["term"].to_numpy(), "estimate": self.params.to_numpy(),
                 "std_error": self.std_errors.to_numpy(), "statistic": self.tstats.to_numpy(),
                 "p_value": self.pvalues.to_numpy(), "conf_low": limits["conf_low"].to_numpy(),
                 "conf_high": limits["conf_high"].to_numpy()}  # fmt: skip
        rest = self.rows.drop(columns=["term", "estimate"]).reset_index(drop=True)
        ordered = [*self.by, *(c for c in rest.columns if c not in self.by)]
        return pd.concat([pd.DataFrame(first), rest[ordered]], axis=1)

    def glance(self) -> pd.DataFrame:
        """One row on the measures as a whole."""
        return pd.DataFrame([{"kind": self.kind, "nobs": self.nobs, "cov_type": self.cov_type, "df_resid": self.df_resid,
                              "interval": self.interval, **self.counts, **self.diagnostics, "simulated": self.simulated}])  # fmt: skip

    def select(self, **where: Any) -> Measures:
        """The rows whose `term` or `by` columns equal the given values, with their joint covariance."""
        keep = np.ones(len(self.rows), dtype=bool)
        for name, value in where.items():
            if name not in ("term", *self.by):
                raise unknown_name("column to select by", name, ("term", *self.by))
            keep &= self.rows[name].isin(value if isinstance(value, (list, tuple, set)) else [value]).to_numpy()
        if not keep.any():
            raise InapplicableError(f"no measure has {where}", expected=", ".join(self.keys[:20]))
        return replace(self, rows=self.rows[keep].reset_index(drop=True), cov=self.cov.loc[keep, keep])

    def summary(self) -> str:
        """The measures in plain text."""
        body = self.tidy().to_string(index=False, float_format=lambda x: f"{x:.4f}")
        facts = ", ".join(f"{k} {v:,.0f}" for k, v in self.counts.items())
        return "\n".join(
            [f"{self.kind}; covariance: {self.cov_type}; {facts}", body, *(f"note: {n}" for n in self.notes)]
        )


def measure_key(term: str, by: dict[str, Any]) -> str:
    """`term[column=value,…]`, or `term` alone without `by` columns."""
    inside = ",".join(f"{name}={value}" for name, value in by.items())
    return f"{term}[{inside}]" if inside else str(term)
