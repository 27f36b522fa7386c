"""Extreme values: winsorised, trimmed or only marked, with counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.errors import DataError, InputError
from fanpin.core.options import TailMethod, check_option
from fanpin.kernels.quantile import weighted_quantile
from fanpin.panel.frames import check_new, checked_frame, numbers

WHERE = "top_bottom_code"
ADDED = {"winsorise": "winsorised", "trim": "trimmed"}


def top_bottom_code(
    data: pd.DataFrame,
    *,
    column: str,
    lower: float | None = None,
    upper: float | None = None,
    by: str | Sequence[str] | None = None,
    method: TailMethod = "winsorise",
    weight: str | None = None,
    imputed: str | None = None,
) -> pd.DataFrame:
    """Set extreme values to a quantile (winsorise), to missing (trim), or only mark them (flag).

    Parameters
    ----------
    data
        any rows.
    column
        a number; missing values stay missing.
    lower, upper
        quantiles such as 0.01 and 0.99; None leaves that tail alone. Values beyond them are extreme, values equal to them are
        not. The quantile is the smallest y with F(y) > p, the mean of both values where F(y) = p.
    by
        columns within which quantiles are taken, such as the wave.
    method
        what becomes of extreme values.
    weight
        positive weights of the distribution.
    imputed
        a flag, 1 where the value is imputed: such values are coded like the others, but the quantiles are those of the values
        observed.

    Returns
    -------
    The data with `<column>_tail` (-1 below, 1 above, 0 within; missing where the value is) and, unless method="flag",
    `<column>_winsorised` or `<column>_trimmed`. `tail_counts` counts them.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist or has a name the result needs; no quantile, or one outside (0, 1)
        or out of order.
    DataError : the column is text; weights missing, zero or negative; a group without any observed value.

    References
    ----------
    Cowell & Victoria-Feser (1996), Econometrica 64:77-101, doi:10.2307/2171925, on what extreme incomes do to measures of
    inequality.
    """
    check_option("method", method, TailMethod)
    groups = as_names("by", by)
    checked_frame(data, [column, *groups, weight, imputed], where=WHERE)
    _check_quantiles(lower, upper)
    new = [f"{column}_tail", *([f"{column}_{ADDED[method]}"] if method != "flag" else [])]
    check_new(data, new, where=WHERE)
    values = numbers(data, column, where=WHERE)
    low, high = _bounds(data, values, groups, lower=lower, upper=upper, weight=weight, imputed=imputed, column=column)
    tail = np.where(np.isnan(values), np.nan, (values > high).astype(float) - (values < low))
    coded = data.assign(**{new[0]: tail})
    if method == "winsorise":
        return coded.assign(**{new[1]: np.clip(values, low, high)})
    return coded if method == "flag" else coded.assign(**{new[1]: np.where(tail == 0, values, np.nan)})


def tail_counts(
    coded: pd.DataFrame, *, column: str, by: str | Sequence[str] | None = None, imputed: str | None = None
) -> pd.DataFrame:
    """Count what `top_bottom_code` coded.

    Returns
    -------
    One row a group of `by` (one row in all without it): `rows`, `missing`, `below`, `above`, `share_coded` of the rows with a
    value, `largest` and `smallest` value left uncoded, and, with `imputed`, `coded_imputed`.

    Raises
    ------
    UnknownNameError : a column does not exist; `<column>_tail` is made by `top_bottom_code`.
    """
    groups = as_names("by", by)
    tail_name = f"{column}_tail"
    checked_frame(coded, [column, tail_name, *groups, imputed], where="tail_counts")
    tail = coded[tail_name]
    within = coded[column].astype("float64").where(tail == 0)
    key = [coded[g] for g in groups] or [pd.Series(0, index=coded.index)]
    found = pd.DataFrame({
        "rows": tail.groupby(key).size(), "missing": tail.isna().groupby(key).sum(),
        "below": (tail == -1).groupby(key).sum(), "above": (tail == 1).groupby(key).sum(),
        "smallest": within.groupby(key).min(), "largest": within.groupby(key).max(),
    })  # fmt: skip
    found["share_coded"] = (found["below"] + found["above"]) / (found["rows"] - found["missing"])
    if imputed is not None:
        found["coded_imputed"] = (
            (tail.abs().eq(1) & (numbers(coded, imputed, where="tail_counts") == 1)).groupby(key).sum()
        )
    return found.reset_index(drop=not groups)


def _check_quantiles(lower: float | None, upper: float | None) -> None:
    given = [p for p in (lower, upper) if p is not None]
    if not given or not all(isinstance(p, float) and 0 < p < 1 for p in given) or given != sorted(set(given)):
        raise InputError(f"lower={lower!r}, upper={upper!r} are no quantiles", where=WHERE,
                         expected="0 < lower < upper < 1, such as lower=0.01 and upper=0.99, or one of them")  # fmt: skip


def _bounds(
    data: pd.DataFrame, values: np.ndarray, groups: tuple[str, ...], *, lower: float | None, upper: float | None,
    weight: str | None, imputed: str | None, column: str,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    observed = ~np.isnan(values)
    if imputed is not None:
        observed &= numbers(data, imputed, where=WHERE) != 1
    weights = np.ones(len(data)) if weight is None else numbers(data, weight, where=WHERE)
    if not (weights[observed] > 0).all():
        raise DataError(
            f"weight {weight!r} must be positive", got=f"{int((~(weights[observed] > 0)).sum())} rows", where=WHERE
        )
    low, high = np.full(len(data), -np.inf), np.full(len(data), np.inf)
    places = (
        data.groupby(list(groups), sort=False, dropna=False).indices if groups else {"all rows": np.arange(len(data))}
    )
    for name, rows in places.items():
        known = rows[observed[rows]]
        if not len(known):
            if np.isnan(values[rows]).all():
                continue
            raise DataError(f"{column!r} has imputed values only", where=f"{WHERE} {', '.join(groups)} {name}")
        if lower is not None:
            low[rows] = weighted_quantile(values[known], weights[known], lower)
        if upper is not None:
            high[rows] = weighted_quantile(values[known], weights[known], upper)
    return low, high
