"""Income from its components, and one series out of several."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.errors import ComparabilityWarning, DataError, InputError
from fanpin.panel.frames import check_new, check_times, checked_frame, numbers

PASSED = ("not_applicable", "not_asked")  # reasons for which a component counts as 0, as in a row total


def income_components(data: pd.DataFrame, *, sources: Sequence[str], out: str = "income_from_sources") -> pd.DataFrame:
    """Add up a household's income, with losses kept and marked.

    A component that does not apply or was not asked, according to its column `x__missing`, counts as 0. One that is missing
    for another reason, or without one, leaves the total missing. Negative components are losses, not missing values.

    Parameters
    ----------
    data
        rows with money per year.
    sources
        the components, at least two.
    out
        name of the total.

    Returns
    -------
    The data with

    out : the sum.
    negative_sources : number of components below 0.
    dominant_source : the component with the largest absolute amount (the first of equals); missing if all are 0 or
        missing.
    dominant_negative : 1 if that one is a loss, so that shares of income mean little; else 0.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, a result's name is taken, or fewer than two sources.
    DataError : a component is text or infinite.
    """
    where = "income_components"
    names = _named(sources, where)
    checked_frame(data, names, where=where)
    check_new(data, [out, "negative_sources", "dominant_source", "dominant_negative"], where=where)
    amounts = _amounts(data, names, where)
    size = np.where(np.isnan(amounts), -1.0, np.abs(amounts))
    place = size.argmax(axis=1)
    rows = np.arange(len(data))
    some = size[rows, place] > 0
    dominant = pd.Series(np.where(some, np.array(names, dtype=object)[place], None), index=data.index, dtype="str")
    return data.assign(**{
        out: amounts.sum(axis=1), "negative_sources": (amounts < 0).sum(axis=1), "dominant_source": dominant,
        "dominant_negative": (some & (amounts[rows, place] < 0)).astype("int64"),
    })  # fmt: skip


def income_total_check(
    data: pd.DataFrame, *, sources: Sequence[str], total: str, tolerance: float = 1.0,
    key: Sequence[str] = ("household_id", "wave"),
) -> pd.DataFrame:  # fmt: skip
    """List the rows whose delivered total is not the sum of its components.

    Parameters
    ----------
    data
        rows with money per year.
    sources, total
        the components (see `income_components` for missing ones), and the delivered total.
    tolerance
        the largest difference that counts as rounding, in the unit of the money.
    key
        columns that say which row it is.

    Returns
    -------
    The rows that disagree, largest difference first: the key, `total`, `from_sources`, `difference` (total less sum),
    `ratio` (total over sum) and `reason`: "differs", "total missing" (components add up), "component missing" (the total is
    there) . Rows where both are missing agree.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, or the tolerance is negative.
    DataError : a column of money is text or infinite.
    """
    where = "income_total_check"
    names = _named(sources, where)
    if isinstance(tolerance, bool) or not tolerance >= 0:
        raise InputError(f"tolerance={tolerance!r} is no amount of money", expected="0 or more", where=where)
    checked_frame(data, [*names, total, *key], where=where)
    summed, given = _amounts(data, names, where).sum(axis=1), numbers(data, total, where=where)
    difference = given - summed
    reason = np.select(
        [np.isnan(summed) & ~np.isnan(given), np.isnan(given) & ~np.isnan(summed), np.abs(difference) > tolerance],
        ["component missing", "total missing", "differs"], "",
    )  # fmt: skip
    ratio = np.divide(given, summed, out=np.full(len(data), np.nan), where=summed != 0)
    listed = data[list(key)].assign(total=given, from_sources=summed, difference=difference, ratio=ratio, reason=reason)
    listed = listed[reason != ""].assign(size=lambda d: -d["difference"].abs())
    return listed.sort_values(["size", *key]).drop(columns="size").reset_index(drop=True)


def chain_income(
    data: pd.DataFrame, *, series: Mapping[int, str] | Sequence[str], time: str = "wave", out: str = "income_chained"
) -> pd.DataFrame:
    """Choose, wave by wave, which of several income series is used, and say so in each row.

    Surveys that change their definition deliver comparable series for some waves only (CFPS has none after 2018). Within
    a wave all rows use the same series; where that one is missing the row has no income.

    Parameters
    ----------
    data
        rows with the series as columns.
    series
        {wave: column}, or columns in order of preference: each wave takes the first that has any value in it.
    time
        the wave.
    out
        name of the result.

    Returns
    -------
    The data with `out` and `<out>_series`, the column each row's wave uses.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, or a result's name is taken.
    DataError : waves without a series, by name.

    Warns
    -----
    ComparabilityWarning : the series changes between two waves; changes over that break are also changes of definition.
    """
    where = "chain_income"
    columns = tuple(series.values()) if isinstance(series, Mapping) else as_names("series", series)
    if not columns:
        raise InputError("no series to choose from", expected="{wave: column}, or columns in order", where=where)
    checked_frame(data, [time, *columns], where=where)
    check_times(data, time, where=where)
    check_new(data, [out, f"{out}_series"], where=where)
    held = {c: pd.Series(numbers(data, c, where=where), index=data.index) for c in dict.fromkeys(columns)}
    times = data[time].astype("int64")
    chosen = _chosen(series, held, times)
    used = times.map(chosen)
    value = pd.Series(np.nan, index=data.index)
    for name, values in held.items():
        value = value.where(used != name, values)
    _warn_of_breaks(chosen, time)
    return data.assign(**{out: value}).assign(**{f"{out}_series": used.astype("str")})


def _chosen(series: Mapping[int, str] | Sequence[str], held: dict[str, pd.Series], times: pd.Series) -> dict[int, str]:
    waves = sorted(times.unique().tolist())
    if isinstance(series, Mapping):
        chosen = {w: series[w] for w in waves if w in series}
    else:
        some = {name: set(times[values.notna()].tolist()) for name, values in held.items()}
        chosen = {w: next(n for n in some if w in some[n]) for w in waves if any(w in s for s in some.values())}
    bare = [str(w) for w in waves if w not in chosen]
    if bare:
        raise DataError(f"no income series for wave {', '.join(bare)}", where="chain_income",
                        next_step="name a column for these waves in series=, or leave them out")  # fmt: skip
    return chosen


def _warn_of_breaks(chosen: dict[int, str], time: str) -> None:
    waves = sorted(chosen)
    breaks = [f"{a} ({chosen[a]}) and {b} ({chosen[b]})" for a, b in pairwise(waves)
              if chosen[a] != chosen[b]]  # fmt: skip
    if breaks:
        warnings.warn(
            f"the income series changes between {time} {'; '.join(breaks)}", ComparabilityWarning, stacklevel=3
        )


def _named(sources: Sequence[str], where: str) -> list[str]:
    names = as_names("sources", sources)
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError("income needs two or more different sources", got=", ".join(names), where=where)
    return list(names)


def _amounts(data: pd.DataFrame, names: list[str], where: str) -> np.ndarray:
    """(rows, sources) amounts, 0 where a component does not apply or was not asked."""
    columns = []
    for name in names:
        values = numbers(data, name, where=where)
        reason = f"{name}__missing"
        if reason in data.columns:
            values = np.where(np.isnan(values) & data[reason].isin(PASSED).to_numpy(), 0.0, values)
        columns.append(values)
    return np.column_stack(columns)
