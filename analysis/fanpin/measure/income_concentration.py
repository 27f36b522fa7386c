"""How far a household's income rests on few sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named
from fanpin.core.options import check_option
from fanpin.kernels.cell_means import Array
from fanpin.measure.source_amounts import REASON, named_sources, source_amounts
from fanpin.panel.frames import check_new, checked_frame

WHERE = "fp.income_hhi"
Losses = Literal["floor", "drop"]
ShareMeasure = Literal["hhi", "entropy", "dominant_share"]
NO_INCOME, LOSS, UNKNOWN = "no_income", "negative_source", "source_missing"


def hhi(shares: Array) -> Array:
    """(n,) sums of squared shares (n, K)."""
    return np.asarray((shares**2).sum(axis=1))


def entropy(shares: Array) -> Array:
    """(n,) - Sum_k s_k ln s_k, with 0 ln 0 = 0."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=1)) + 0.0  # no minus zero


def dominant_share(shares: Array) -> Array:
    """(n,) largest shares."""
    return np.asarray(shares.max(axis=1))


MEASURES: dict[str, Callable[[Array], Array]] = {"hhi": hhi, "entropy": entropy, "dominant_share": dominant_share}


def income_hhi(
    data: pd.DataFrame,
    *,
    sources: Sequence[str],
    losses: Losses = "floor",
    out: str = "income_hhi",
    measure: ShareMeasure = "hhi",
) -> pd.DataFrame:
    """Add to each row how concentrated its income is on few sources.

    With s_k the share of source k in the row's income: the Herfindahl-Hirschman index ``Sum_k s_k^2``, from 1/K for K equal
    sources to 1 for a single one; the entropy ``- Sum_k s_k ln s_k``, from ln K to 0; or the dominant share ``max_k s_k``.

    Parameters
    ----------
    data : DataFrame
        A row per household and wave; it is not changed.
    sources : sequence of str
        Two or more columns of income in one unit. Where a column `x__missing` says that source x does not apply or was not
        asked, it counts as 0.
    losses : {"floor", "drop"}
        What a negative source does: "floor" counts it as 0, so that shares are those of the positive sources and sum to 1;
        "drop" leaves the row missing.
    out : str
        Name of the new column.
    measure : {"hhi", "entropy", "dominant_share"}
        Which measure.

    Returns
    -------
    DataFrame
        The data with `out` and `<out>__missing`, the reason where it is missing: that of the first source missing, by its
        column `x__missing` ("source_missing" where that gives none); "negative_source" (a loss, under "drop"); "no_income"
        (no source above 0, so that shares do not exist).

    Notes
    -----
    The measure depends on the scale of no row and on the order of no sources, but on how finely sources are told apart:
    compare only over the same list. Taken from the income that also decides who is poor, it shares that income's errors;
    as an exposure use an earlier wave's.

    Raises
    ------
    UnknownNameError : a column does not exist, or a word for losses or measure.
    InputError : no DataFrame; fewer than two sources or one named twice; a name of the result that the data have.
    DataError : no rows; a source that is not numeric or infinite.

    References
    ----------
    Theil (1967), Economics and Information Theory, ch. 8-9, on the entropy and the sum of squared shares.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"wage": [10.0, 5.0, 0.0], "farm": [0.0, 5.0, 0.0]})
    >>> fp.income_hhi(homes, sources=["wage", "farm"])["income_hhi"].tolist()
    [1.0, 0.5, nan]
    """
    check_option("losses", losses, Losses)
    check_option("measure", measure, ShareMeasure)
    names = named_sources(sources, where=WHERE)
    check_columns_named(WHERE, out=out)
    checked_frame(data, names, where=WHERE)
    check_new(data, [out, f"{out}{REASON}"], where=WHERE)
    amounts = np.column_stack(list(source_amounts(data, names, where=WHERE).values()))
    reason = _reasons(data, names, amounts, losses)
    usable = reason.isna().to_numpy()
    positive = np.maximum(amounts[usable], 0.0)
    positive = positive / positive.max(axis=1, keepdims=True)  # sums of huge amounts stay finite
    values = np.full(len(data), np.nan)
    values[usable] = MEASURES[measure](positive / positive.sum(axis=1, keepdims=True))
    return data.assign(**{out: values}).assign(**{f"{out}{REASON}": reason})


def _reasons(data: pd.DataFrame, names: tuple[str, ...], amounts: Array, losses: Losses) -> pd.Series:
    """Why each row has no measure, missing where it has one; what is missing in the data comes before what they say."""
    missing = np.isnan(amounts)
    held = np.where(missing, 0.0, amounts)
    reason = np.full(len(data), None, dtype=object)
    reason[~np.any(held > 0, axis=1)] = NO_INCOME
    if losses == "drop":
        reason[np.any(held < 0, axis=1)] = LOSS
    for k in reversed(range(len(names))):  # the first source missing has the last word
        reason[missing[:, k]] = _given(data, names[k])[missing[:, k]]
    return pd.Series(reason, index=data.index, dtype="str")


def _given(data: pd.DataFrame, name: str) -> NDArray[np.object_]:
    column = f"{name}{REASON}"
    if column not in data.columns:
        return np.full(len(data), UNKNOWN, dtype=object)
    return data[column].astype("str").fillna(UNKNOWN).to_numpy(dtype=object)
