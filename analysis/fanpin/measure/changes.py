"""The change of poverty between two waves, taken apart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named, check_design, check_flag
from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError, unknown_name
from fanpin.core.line import Line
from fanpin.core.numbers import number_column
from fanpin.core.options import ChangeMethod, FgtIndex, ReferenceWave, check_option
from fanpin.kernels.density import row_density
from fanpin.kernels.index import Index
from fanpin.kernels.indices.poverty_change import GroupParts, GrowthRedistribution
from fanpin.kernels.poverty import POWERS
from fanpin.measure.cells import by_columns
from fanpin.measure.described import described
from fanpin.measure.indices import measure_indices
from fanpin.measure.known_line import check_known_line, line_of_rows
from fanpin.panel.frames import check_times, checked_frame
from fanpin.results import Measures

WHERE = "fp.poverty_change"
STACK = 2
ALL = "all groups"


def poverty_change(
    data: Any,
    *,
    welfare: str,
    line: Line,
    time: str,
    first: int,
    second: int,
    index: FgtIndex = "headcount",
    method: ChangeMethod = "shapley",
    reference: ReferenceWave = "first",
    by_group: str | None = None,
    strict: bool = True,
    design: Design | None = None,
    size: str | None = None,
) -> Measures:
    """Growth and redistribution, or groups and their shares, in the change of poverty between two waves.

    Without `by_group`, P(m, L) is the index of a distribution with mean m and Lorenz curve L. At the reference wave r,
    growth is ``P(m_2, L_r) - P(m_1, L_r)``, redistribution ``P(m_r, L_2) - P(m_r, L_1)``, and the residual the rest of
    ``P(m_2, L_2) - P(m_1, L_1)`` (Datt & Ravallion 1992); "shapley" is the mean over both references, without residual
    (Shorrocks 2013). With shares s_g and poverty P_g of groups, ``Sum_g s_g1 (P_g2 - P_g1)`` is the change within groups,
    ``Sum_g (s_g2 - s_g1) P_g1`` that of their shares, and ``Sum_g (s_g2 - s_g1)(P_g2 - P_g1)`` the interaction (Ravallion &
    Huppi 1991); "shapley" weighs with the means of both waves, without interaction. The components are accounting, not
    effects.

    Standard errors are linearised, or from the design's replicates. Rows of both waves stand in one design: where PSUs, or
    households named as `psu`, are seen at both waves, their covariance counts.

    Parameters
    ----------
    data : DataFrame
        A row per household or person and wave; only rows of the two waves are used.
    welfare : str
        Income or consumption at constant prices, or at each wave's prices with a line to match.
    line : Line
        Absolute, by time (also official), or a column; taken as known. Means and Lorenz curves are those of welfare over
        the line.
    time : str
        Column of the waves, whole numbers.
    first, second : int
        The two waves.
    index : {"headcount", "gap", "severity"}
        The index.
    method : {"shapley", "datt_ravallion", "ravallion_huppi"}
        "datt_ravallion" is for growth and redistribution, "ravallion_huppi" for groups.
    reference : {"first", "second"}
        Reference wave of "datt_ravallion".
    by_group : str or None
        Column of groups, such as the sector, each with rows at both waves.
    strict : bool
        Poor if y < z; False: y <= z.
    design : Design or None
        Weights, strata, PSUs, fpc; None takes the rows as a simple random sample.
    size : str or None
        Column of persons a row stands for: multiplies the weight.

    Returns
    -------
    Measures
        Kind "poverty_change": terms `first`, `second` (levels), `change`, then `growth`, `redistribution` (and `residual`), or
        `within`, `shift` (and `interaction`), by group and for all groups; `n` counts the rows of both waves.

    Raises
    ------
    UnknownNameError : a column, option or wave does not exist.
    InputError : the method does not fit `by_group`; first and second are one wave; a relative line.
    DataError : mean welfare of a wave is not positive; a group without rows at a wave; welfare that is no number; weights,
        sizes, strata, PSUs or fpc that cannot be.

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare, line or group, counted.

    Notes
    -----
    The headcount's slope in the mean is a density, estimated on ln y (`fanpin.kernels.density`); gap and severity need none.

    References
    ----------
    Datt & Ravallion (1992), Journal of Development Economics 38:275-295, doi:10.1016/0304-3878(92)90001-P.
    Ravallion & Huppi (1991), World Bank Economic Review 5:57-82, doi:10.1093/wber/5.1.57.
    Shorrocks (2013), Journal of Economic Inequality 11:99-126, doi:10.1007/s10888-011-9214-z.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> panel = pd.DataFrame({"wave": [1] * 4 + [2] * 4, "y": [5.0, 9, 20, 30, 15, 8, 25, 40]})
    >>> line = fp.Line.absolute(10, currency="CNY", year=2010)
    >>> fp.poverty_change(panel, welfare="y", line=line, time="wave", first=1, second=2, index="gap").params.round(4).to_dict()
    {'first': 0.15, 'second': 0.05, 'change': -0.1, 'growth': -0.0632, 'redistribution': -0.0368}
    """
    _check(data, welfare=welfare, line=line, time=time, first=first, second=second, index=index, method=method,
           reference=reference, by_group=by_group, strict=strict, design=design, size=size)  # fmt: skip
    rows = data[data[time].isin([first, second])].reset_index(drop=True)
    relative = number_column(rows, welfare, role="welfare", where=WHERE) / line_of_rows(
        rows, line, time=time, where=WHERE
    )
    x = {welfare: relative, time: (rows[time] == second).to_numpy(dtype=float)}
    asked: Index
    if by_group is None:
        _check_means(rows, relative, time=time, welfare=welfare)
        asked = GrowthRedistribution(POWERS[index], method, reference, strict, partial(row_density, rule="n"))
    else:
        x[by_group], names = _groups(rows, relative, time=time, by_group=by_group)
        asked = GroupParts(POWERS[index], method, strict, names)
    options = {"welfare": welfare, "line": line.describe(), "time": time, "first": first, "second": second, "index": index,
               "method": method, "reference": reference, "by_group": by_group, "strict": strict, "size": size}  # fmt: skip
    made = measure_indices(rows, x, [asked], by=(), design=design, size=size, kind="poverty_change", options=options,
                           notes=_notes(options), where=WHERE, stacklevel=STACK)  # fmt: skip
    made = replace(made, rows=made.rows.drop(columns="population"))  # a sum over both waves, which is no population
    return made if by_group is None else described(made, _split(asked.terms, by_group), by=(by_group,))


def _split(terms: tuple[str, ...], by_group: str) -> pd.DataFrame:
    """Terms such as `within:rural` as a term and a group."""
    parts = [t.split(":", 1) for t in terms]
    return pd.DataFrame({"term": [p[0] for p in parts], by_group: [p[1] if len(p) > 1 else ALL for p in parts]})


def _check(
    data: Any, *, welfare: str, line: Line, time: str, first: int, second: int, index: FgtIndex, method: ChangeMethod,
    reference: ReferenceWave, by_group: str | None, strict: bool, design: Design | None, size: str | None,
) -> None:  # fmt: skip
    check_design(design)
    check_flag("strict", strict)
    check_option("index", index, FgtIndex)
    check_option("method", method, ChangeMethod)
    check_option("reference", reference, ReferenceWave)
    check_known_line(line, where=WHERE)
    check_columns_named(WHERE, welfare=welfare, time=time)
    checked_frame(data, [welfare, time, line.name, by_group, size, *(design.columns if design else ())], where=WHERE)
    by_columns(by_group, data.columns, context=(), where=WHERE)
    fits = ("shapley", "datt_ravallion") if by_group is None else ("shapley", "ravallion_huppi")
    if method not in fits:
        raise InputError(f"method {method!r} is not for {'growth and redistribution' if by_group is None else 'groups'}",
                         expected=" or ".join(fits), where=WHERE,
                         next_step="give by_group=" if by_group is None else "leave by_group= out")  # fmt: skip
    if reference != "first" and method != "datt_ravallion":
        raise InputError(f"method {method!r} has no reference wave", expected='method="datt_ravallion" with reference=')
    check_times(data, time, where=WHERE)
    waves = sorted(int(t) for t in data[time].unique())
    for name, wave in (("first", first), ("second", second)):
        if wave not in waves:
            raise unknown_name(f"wave {name}=", wave, waves, where=WHERE)
    if first == second:
        raise InputError("first and second are one wave", expected="two waves", got=first, where=WHERE)


def _check_means(rows: pd.DataFrame, relative: np.ndarray, *, time: str, welfare: str) -> None:
    """Raise where a wave has no welfare, or sums to nothing: it has no Lorenz curve."""
    means = pd.Series(relative).groupby(rows[time].to_numpy()).mean()
    low = means[~(means > 0)]
    if len(low):
        raise DataError(f"mean {welfare!r} is not positive at wave {low.index[0]}", expected="a positive mean at both waves",
                        got="no value" if np.isnan(low.iloc[0]) else f"{low.iloc[0]:g} of the line", where=WHERE)  # fmt: skip


def _groups(
    rows: pd.DataFrame, relative: np.ndarray, *, time: str, by_group: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number of each row's group, missing where it has none, and the groups' names."""
    label = rows[by_group]
    codes, names = pd.factorize(label, sort=True)
    known = (codes >= 0) & ~np.isnan(relative)
    seen = pd.crosstab(codes[known], rows.loc[known, time])
    once = [str(name) for code, name in enumerate(names) if code not in seen.index or (seen.loc[code] == 0).any()]
    if len(names) == 0 or seen.shape[1] < 2 or once:
        raise DataError(f"{len(once)} groups of {by_group!r} have no rows at one of the waves", got=", ".join(once[:10]),
                        expected="every group at both waves", where=WHERE,
                        next_step="join such groups with others")  # fmt: skip
    return np.where(codes >= 0, codes, np.nan).astype(float), tuple(str(n) for n in names)


def _notes(options: dict[str, Any]) -> tuple[str, ...]:
    relation = "below" if options["strict"] else "at or below"
    where = f", reference wave {options[options['reference']]}" if options["method"] == "datt_ravallion" else ""
    return (
        f"{options['index']}; poor: {options['welfare']} {relation} the line of {options['line']}",
        f"waves {options['first']} and {options['second']}; method {options['method']}{where}",
        "components are accounting parts of the change, not effects",
    )
