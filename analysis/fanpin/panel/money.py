"""Money at the prices of one year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.errors import DataError, InputError
from fanpin.core.options import WavePeriod, check_option
from fanpin.core.prices import price_levels
from fanpin.panel.frames import check_new, check_period, check_times, checked_frame, numbers, years_of

WHERE = "deflate"
INDEX = "index"


def deflate(
    data: pd.DataFrame,
    *,
    columns: str | Sequence[str],
    time: str,
    base_year: int,
    prices: str | pd.DataFrame = "cn-rural-cpi",
    by: str | Sequence[str] | None = None,
    period: WavePeriod = "year",
) -> pd.DataFrame:
    """Add money columns at the prices of `base_year`: x_real = x · P(base) / P(t), Laspeyres-type consumer prices P.

    Parameters
    ----------
    data
        rows with nominal money per year.
    columns
        the money columns; missing values stay missing.
    time, base_year
        the wave, and the year whose prices are used.
    prices
        a series that comes with the toolkit, "cn-rural-cpi" or "cn-cpi" (2007 to 2024; `fanpin.core.prices.price_series()`
        gives their source and status), or a frame with `index`, the price level on any base, by `year` or by the column
        `time`. With an index by quarter the base is its mean over the quarters of base_year.
    by
        columns of the frame and of the data within which prices differ, such as the province; all levels are then set to 1
        in the base year, so differences of level between places are not deflated.
    period
        of `time`: "year", or "quarter" for 4 x year + quarter; yearly prices are then those of the quarter's year.

    Returns
    -------
    The data with `x_real_<base_year>` for each column.

    Raises
    ------
    UnknownNameError : a column or price series does not exist.
    InputError : no year and no time in the price table; `by` with a series of the toolkit; times of another period.
    DataError : years or groups without a price, by name; duplicate, missing or non-positive prices; text for money.
    """
    check_option("period", period, WavePeriod)
    money, groups = as_names("columns", columns), as_names("by", by)
    if not money:
        raise InputError("no column to deflate", expected="columns='income_total' or a list", where=WHERE)
    checked_frame(data, [*money, time, *groups], where=WHERE)
    check_times(data, time, where=WHERE)
    check_period(data[time], period, where=WHERE)
    names = [f"{c}_real_{base_year}" for c in money]
    check_new(data, names, where=WHERE)
    factor = _factor(data, _table(prices, groups, time), groups, time=time, base_year=base_year, period=period)
    real = {new: numbers(data, old, where=WHERE) * factor for old, new in zip(money, names, strict=True)}
    return data.assign(**real)


def _table(prices: str | pd.DataFrame, groups: tuple[str, ...], time: str) -> pd.DataFrame:
    """Price levels by year or time and group, checked."""
    if isinstance(prices, str):
        if groups:
            raise InputError(f"the series {prices!r} does not differ by {', '.join(groups)}", where=WHERE,
                             next_step="give a frame of prices with these columns")  # fmt: skip
        levels = price_levels(prices)
        return pd.DataFrame({"year": list(levels), INDEX: list(levels.values())})
    table = checked_frame(prices, [INDEX, *groups], where="the table of prices")
    key = time if time in table.columns else "year"
    if key not in table.columns:
        raise InputError("the table of prices has neither a year nor a time", expected=f"a column 'year' or {time!r}",
                         got=", ".join(map(str, table.columns)), where=WHERE)  # fmt: skip
    check_times(table, key, where="the table of prices")
    if table.duplicated([*groups, key]).any():
        raise DataError("the table of prices has several rows for one key", expected=f"one row by {', '.join([*groups, key])}",
                        where=WHERE)  # fmt: skip
    if not (numbers(table, INDEX, where="the table of prices") > 0).all():
        raise DataError("a price level is missing, zero or negative", expected="positive numbers", where=WHERE)
    return table[[*groups, key, INDEX]]


def _factor(
    data: pd.DataFrame, table: pd.DataFrame, groups: tuple[str, ...], *, time: str, base_year: int, period: str
) -> np.ndarray:
    by_time = time in table.columns
    when = data[time].astype("int64") if by_time else years_of(data[time], period)
    key = time if by_time else "year"
    years = years_of(table[key], period) if by_time else table[key].astype("int64")
    level = table[INDEX].astype("float64")
    inside = [table[g] for g in groups] or [pd.Series(0, index=table.index)]
    base = level.where(years == base_year).groupby(inside).transform("mean")
    if base.isna().any():
        lost = table.loc[base.isna(), list(groups)].drop_duplicates().head(3).to_dict("records") if groups else ""
        raise DataError(f"the prices have no base year {base_year}", got=f"years {years.min()} to {years.max()}",
                        where=f"{WHERE} {lost}".strip())  # fmt: skip
    factors = table[[*groups, key]].assign(factor__=base / level)
    asked = data[list(groups)].reset_index(drop=True).assign(**{key: when.to_numpy()})
    found = asked.merge(factors, on=[*groups, key], how="left")["factor__"]
    if found.isna().any():
        bare = asked[found.isna()].drop_duplicates().sort_values([key, *groups])
        said = "; ".join(" ".join(map(str, row)) for row in bare[[key, *groups]].head(10).to_numpy().tolist())
        raise DataError(f"no price for {key} {', '.join(groups)}".rstrip() + f": {said}", where=WHERE,
                        got=f"{int(found.isna().sum())} rows", next_step="add these to the table of prices")  # fmt: skip
    return found.to_numpy()
