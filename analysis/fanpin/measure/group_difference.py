"""An unweighted comparison of two groups: Welch's test and the size of the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named, check_table
from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.core.numbers import number_column
from fanpin.results import HypothesisTest

WHERE = "fp.group_difference"


def group_difference(
    data: pd.DataFrame, *, column: str, group: str, at: Mapping[str, Any] | None = None
) -> HypothesisTest:
    """Welch's t-test of a column between two groups, with Hedges' g: a description of the sample, unweighted.

    ``t = (mean_2 - mean_1)/sqrt(s_1^2/n_1 + s_2^2/n_2)``; g is the difference over the pooled standard deviation, corrected
    for small samples. Rows are taken as independent, without weights, strata or clusters: for the population use measures
    with a design. The computation is pingouin's (Vallat 2018).

    Parameters
    ----------
    data : DataFrame
        Rows of two groups; where households are seen again, choose one wave with `at`.
    column : str
        What is compared, numbers.
    group : str
        Column with two values; the first in order is group 1.
    at : mapping of column to value, or None
        Only rows with these values are compared.

    Returns
    -------
    HypothesisTest
        Details: `mean_1`, `mean_2`, `hedges_g` and its 95 % limits `hedges_low`, `hedges_high`.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : data is no DataFrame, or no row has the values of `at`.
    DataError : the column is not numeric; not two groups; a group of fewer than two values, or both without spread.

    References
    ----------
    Welch (1947), Biometrika 34:28-35. Hedges (1981), Journal of Educational Statistics 6:107-128.
    Vallat (2018), Journal of Open Source Software 3(31):1026, doi:10.21105/joss.01026.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"size": [2.0, 3, 4, 5, 6, 7], "is_poor": [0, 0, 0, 1, 1, 1]})
    >>> round(fp.group_difference(homes, column="size", group="is_poor").details["hedges_g"], 2)
    2.4
    """
    first, second, names = _two_groups(data, column, group, dict(at or {}))
    import pingouin  # slow to load

    found = pingouin.ttest(second, first, paired=False, correction=True).iloc[0]
    g = float(pingouin.compute_effsize(second, first, paired=False, eftype="hedges"))
    low, high = pingouin.compute_esci(stat=g, nx=len(second), ny=len(first), paired=False, eftype="cohen", decimals=10)
    chosen = "".join(f", {name} = {value}" for name, value in (at or {}).items())
    return HypothesisTest(
        name="Welch's t-test", stat=float(found["T"]), df=float(found["dof"]), distribution="t",
        null=f"the mean of {column} is the same in both groups",
        details={"mean_1": float(first.mean()), "mean_2": float(second.mean()), "hedges_g": g, "hedges_low": float(low),
                 "hedges_high": float(high)},
        notes=(f"group 1: {group} = {names[0]}, group 2: {group} = {names[1]}{chosen}",
               "unweighted, rows taken as independent: a description of the sample, no estimate for the population"),
    )  # fmt: skip


def _two_groups(
    data: Any, column: str, group: str, at: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, tuple[Any, Any]]:
    """Known values of the column in both groups, and the groups' values."""
    check_table(data, where=WHERE)
    check_columns_named(WHERE, column=column, group=group)
    if not isinstance(data, pd.DataFrame):
        raise InputError(
            "an unweighted test takes a frame", expected="a pandas DataFrame", got=type(data).__name__, where=WHERE
        )
    require_columns(data.columns, [column, group, *at], where=WHERE)
    chosen = data
    for name, value in at.items():
        chosen = chosen[chosen[name] == value]
    if chosen.empty:
        raise InputError(f"no row has {', '.join(f'{k} = {v}' for k, v in at.items()) or 'values'}", where=WHERE)
    values = number_column(chosen, column, role="compared", where=WHERE)
    known = chosen[group].notna().to_numpy() & ~np.isnan(values)
    labels = chosen[group][known]
    names = sorted(labels.unique())
    if len(names) != 2:
        raise DataError(f"{group!r} has {len(names)} values with {column!r} known", expected="two groups", where=WHERE,
                        got=", ".join(map(str, names[:5])))  # fmt: skip
    first, second = (values[known][(labels == n).to_numpy()] for n in names)
    if min(len(first), len(second)) < 2 or np.ptp(first) == np.ptp(second) == 0:
        raise DataError("a group is too small, or nothing varies", expected="two groups of two or more different values",
                        got=f"{len(first)} and {len(second)} values of {column!r}", where=WHERE)  # fmt: skip
    return first, second, (names[0], names[1])
