"""How much each income source adds to inequality, with design-based standard errors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named
from fanpin.core.design import Design
from fanpin.core.errors import ComparabilityWarning, InputError
from fanpin.core.numbers import number_column
from fanpin.kernels.cell_means import Array
from fanpin.kernels.indices.lerman_yitzhaki import PARTS, LermanYitzhaki
from fanpin.measure.cells import By
from fanpin.measure.described import described
from fanpin.measure.indices import measure_indices
from fanpin.measure.requested import requested
from fanpin.measure.source_amounts import REASON, named_sources, passed_over, source_amounts
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.income_sources"
STACK = 2  # frames between the engine and the user's call
ROUNDING = 1e-9  # a total that differs from its sources by less, as a share of the largest, agrees with them
SUM = "total"  # the name of a total that is the sum of the sources


def income_sources(
    data: pd.DataFrame | ir.Table,
    *,
    sources: Sequence[str],
    total: str | None = None,
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
) -> Measures:
    """The Gini index by income source: share, Gini index, Gini correlation, contribution and elasticity of each.

    With F the fractional rank, weighted means and covariances, and y the total of the sources y_k::

        share         S_k = mean y_k / mean y
        gini          G_k = 2 cov(y_k, F(y_k)) / mean y_k
        correlation   R_k = cov(y_k, F(y)) / cov(y_k, F(y_k))
        contribution  S_k G_k R_k / G                                sums to 1
        elasticity    S_k G_k R_k / G - S_k                          sums to 0; % of G for 1 % more of the source

    so that ``G = Sum_k S_k G_k R_k`` with G the Gini index of `fp.inequality`, to rounding. F are mid-ranks: the weight below a
    row plus half the weight tied with it, over all weight. Contribution over share, G_k R_k / G, is the elasticity of a source
    that some programs print: above 1 where the source adds to inequality.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design.
    sources : sequence of str
        Two or more columns of income, all in one unit. Where a column `x__missing` says that source x does not apply or was
        not asked, it counts as 0; a row in which a source is missing otherwise is left out and counted.
    total : str or None
        Column of total income, by which rows are ranked and to which shares refer; None adds up the sources. Where a given
        total is not the sum, contributions do not sum to 1; the difference is warned of and noted.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc, replicates; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight.

    Returns
    -------
    Measures
        Kind "income_sources"; terms `share`, `gini`, `correlation`, `contribution`, `elasticity`, told apart by the column
        `source`; the Gini index of the total is the `gini` of the source named as the total, "total" for the sum.

    Notes
    -----
    Influence functions are exact, ties included. Sources may be negative: their rows are counted in the notes, and a G_k
    outside [-1, 1] or a negative mean is named there, since neither is then a Gini index in the usual sense, while the
    decomposition still holds. R_k is not defined for a source that is constant in its group, G_k where its mean is 0, and
    nothing that refers to the total unless its mean is positive: these are missing, and named.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : fewer than two sources, one named twice, the total among them, or one named "total" without a total.
    DataError : no rows; columns that are not numeric or infinite; weights, sizes, strata, PSUs or fpc that cannot be (see
        `fanpin.core.design_arrays`).

    Warns
    -----
    ComparabilityWarning : the total given is not the sum of the sources.
    DroppedRowsWarning : rows with missing values or group, counted by column; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Lerman & Yitzhaki (1985), Review of Economics and Statistics 67:151-156, doi:10.2307/1928447.
    Stark, Taylor & Yitzhaki (1986), Economic Journal 96:722-740, doi:10.2307/2232987.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"wage": [0.0, 10.0, 20.0], "farm": [10.0, 10.0, 10.0]})
    >>> float(fp.income_sources(homes, sources=["wage", "farm"]).params["contribution[source=wage]"])
    1.0
    """
    names = named_sources(sources, where=WHERE)
    label = _total_name(names, total)
    reasons = [f"{n}{REASON}" for n in names]
    asked = requested(data, [*names, total], by=by, design=design, size=size, context=("population", "source"),
                      where=WHERE, beside=reasons)  # fmt: skip
    amounts = source_amounts(asked.frame, names, where=WHERE)
    x = {**amounts, label: _total(asked.frame, amounts, total)}
    said = (f"sources of {label}; ranks are weighted mid-ranks", *_notes(asked.frame, amounts),
            *_warn_of_total(amounts, x[label], total, stacklevel=STACK))  # fmt: skip
    measures = measure_indices(
        asked.frame, x, [LermanYitzhaki(names, label)], by=asked.by, design=design, size=size, kind="income_sources",
        options={"sources": list(names), "total": total, "by": list(asked.by), "size": size}, notes=said,
        where=WHERE, stacklevel=STACK,
    )  # fmt: skip
    terms = [(part, name) for part in PARTS for name in names] + [("gini", label)]
    return _flagged(described(measures, pd.DataFrame(terms, columns=["term", "source"]), by=("source",)))


def _total_name(names: tuple[str, ...], total: str | None) -> str:
    if total is None:
        if SUM in names:
            raise InputError(f"a source is named {SUM!r}, as the sum of the sources would be", where=WHERE,
                             next_step="rename the column, or name the column of total income with total=")  # fmt: skip
        return SUM
    check_columns_named(WHERE, total=total)
    if total in names:
        raise InputError("the total is one of its sources", got=repr(total), where=WHERE)
    return total


def _total(frame: pd.DataFrame, amounts: Mapping[str, Array], total: str | None) -> Array:
    """The total given, or the sum over the sources there are: rows without one are left out for that source."""
    if total is None:
        return np.asarray(np.nansum(np.column_stack(list(amounts.values())), axis=1))
    return number_column(frame, total, role="total", where=WHERE)


def _notes(frame: pd.DataFrame, amounts: Mapping[str, Array]) -> tuple[str, ...]:
    negative = {n: int((v < 0).sum()) for n, v in amounts.items() if (v < 0).any()}
    said = (("rows with negative values, kept: ", negative),
            ("rows in which a source does not apply or was not asked, and counts as 0: ", passed_over(frame, tuple(amounts))))  # fmt: skip
    return tuple(words + ", ".join(f"{n} {count}" for n, count in c.items()) for words, c in said if c)


def _warn_of_total(
    amounts: Mapping[str, Array], given: Array, total: str | None, *, stacklevel: int
) -> tuple[str, ...]:
    """Warn where the total given is not the sum of its sources; returns the sentence as a note."""
    if total is None:
        return ()
    rest = given - np.column_stack(list(amounts.values())).sum(axis=1)
    known = ~np.isnan(rest)
    off = known & (np.abs(rest) > ROUNDING * np.abs(given[known]).max(initial=0.0))
    if not off.any():
        return ()
    share = 100 * rest[known].sum() / given[known].sum() if given[known].sum() else np.nan
    text = (f"{total} is not the sum of its sources in {int(off.sum())} of {int(known.sum())} rows: larger by "
            f"{rest[known].mean():.6g} on average ({share:.3g} % of its sum, unweighted), by {np.abs(rest[off]).max():.6g} "
            "in size at most; contributions do not sum to 1")  # fmt: skip
    warnings.warn(text, ComparabilityWarning, stacklevel=stacklevel + 1)
    return (text,)


def _flagged(measures: Measures) -> Measures:
    """The measures, with the Gini indices and shares named that negative values take out of their usual range."""
    rows, keys = measures.rows, measures.keys
    beyond = (rows["term"] == "gini") & (rows["estimate"].abs() > 1)
    below = (rows["term"] == "share") & (rows["estimate"] < 0)
    said = []
    if beyond.any():
        said.append("Gini indices beyond 1 in size, since values are negative: " + ", ".join(keys[beyond]))
    if below.any():
        said.append("sources with a negative mean, whose Gini index is negative: " + ", ".join(keys[below]))
    return replace(measures, notes=(*measures.notes, *said))
