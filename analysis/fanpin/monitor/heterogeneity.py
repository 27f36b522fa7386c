"""Whether townships differ in how their households are classed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.monitor.townships import whole_counts
from fanpin.results import HypothesisTest

WHERE = "fanpin.monitor.heterogeneity"
RESAMPLES = 99_999
REST = "rest"  # the class of households in none of the columns
BATCH = 5_000_000  # counts drawn at a time, which bounds memory


def heterogeneity(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    by: str | Sequence[str],
    total: str | None = None,
    rng: np.random.Generator | None = None,
) -> HypothesisTest:
    """Pearson's chi-squared test that all townships have the same distribution over the classes.

    Parameters
    ----------
    data : DataFrame
        One row a township, one column of counts a class.
    columns : sequence of str
        The classes, at least two; one is enough with `total`.
    by : str or sequence of str
        Columns that name the township; rows of one township are added up.
    total : str or None
        Column of all households of a row: those in none of the classes become a further class.
    rng : Generator or None
        For the Monte Carlo p-value; None uses a generator of its own, always with the same seed.

    Returns
    -------
    HypothesisTest
        Chi-squared with (townships - 1)(classes - 1) degrees of freedom. Details: `cramers_v`; `cramers_v_corrected`
        (Bergsma 2013); `dispersion` (Pearson chi-squared over its degrees of freedom, 1 under the null); `expected_below_5`,
        the number of expected counts below 5; and where there are any, `p_monte_carlo`, the share of 99,999 tables with the
        same margins whose chi-squared is at least as large, which then deserves more trust than the p-value.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : fewer than two classes, or one named twice.
    DataError : counts missing, negative or not whole; a township without a name; fewer than two townships with
        households, or fewer than two classes that occur.

    References
    ----------
    Bergsma (2013), Journal of the Korean Statistical Society 42:323-328. Patefield (1981), Applied Statistics 30:91-97.
    """
    if total is not None:
        require_columns(data.columns, [*columns, total], where=WHERE)
        data, columns = data.assign(**{REST: data[total] - data[list(columns)].sum(axis=1)}), [*columns, REST]
    table = _table(data, columns=tuple(columns), by=(by,) if isinstance(by, str) else tuple(by))
    chi2, _, df, expected = stats.chi2_contingency(table, correction=False)
    small = int((expected < 5).sum())
    details = {**_effect_sizes(table, float(chi2)), "dispersion": float(chi2 / df), "expected_below_5": float(small)}
    notes: tuple[str, ...] = ()
    if small:
        p = _monte_carlo(table, expected, float(chi2), rng or np.random.default_rng(20131))
        details["p_monte_carlo"] = p
        notes = (f"{small} of {expected.size} expected counts are below 5: trust the Monte Carlo p-value, {p:.4f} "
                 f"({RESAMPLES:,} tables with the same margins), rather than the chi-squared one",)  # fmt: skip
    return HypothesisTest(
        name="Pearson chi-squared test of homogeneity", stat=float(chi2), df=float(df), distribution="chi2",
        null="all townships have the same distribution over " + ", ".join(columns), details=details, notes=notes,
    )  # fmt: skip


def _table(data: pd.DataFrame, *, columns: tuple[str, ...], by: tuple[str, ...]) -> NDArray[np.int64]:
    """Counts by township and class; townships and classes without a household are left out."""
    if not isinstance(data, pd.DataFrame):
        raise InputError("data is no table", expected="a pandas DataFrame", got=type(data).__name__, where=WHERE)
    require_columns(data.columns, [*columns, *by], where=WHERE)
    if len(columns) < 2 or len(set(columns)) < len(columns) or not by:
        raise InputError("a test of homogeneity needs two classes or more and a township", expected="different columns",
                         got=f"columns={list(columns)}, by={list(by)}", where=WHERE)  # fmt: skip
    if data[list(by)].isna().any(axis=None):
        raise DataError("a township has no name", where=WHERE)
    counts = pd.DataFrame({c: whole_counts(data, c, role="count", where=WHERE) for c in columns}, index=data.index)
    table = counts.groupby([data[b] for b in by], observed=True).sum().to_numpy().astype(np.int64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        raise DataError("nothing to compare", got=f"{table.shape[0]} townships and {table.shape[1]} classes with households",
                        expected="at least two of each", where=WHERE)  # fmt: skip
    return table


def _effect_sizes(table: NDArray[np.int64], chi2: float) -> dict[str, float]:
    """Cramér's V, and Bergsma's correction of its upward bias."""
    n, (r, k) = table.sum(), table.shape
    phi2 = max(0.0, chi2 / n - (r - 1) * (k - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return {
        "cramers_v": float(stats.contingency.association(table, method="cramer")),
        "cramers_v_corrected": float(np.sqrt(phi2 / (min(rows, columns) - 1))),
    }


def _monte_carlo(
    table: NDArray[np.int64], expected: NDArray[np.float64], chi2: float, rng: np.random.Generator
) -> float:
    """(1 + tables at least as extreme) / (1 + tables), among random tables with the same margins."""
    law = stats.random_table(table.sum(axis=1), table.sum(axis=0))
    batch, extreme = max(1, BATCH // table.size), 0
    for start in range(0, RESAMPLES, batch):
        drawn = law.rvs(min(batch, RESAMPLES - start), random_state=rng)
        values = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2))
        extreme += int((values >= chi2 * (1 - 1e-12)).sum())
    return (1 + extreme) / (1 + RESAMPLES)
