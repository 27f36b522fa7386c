"""Poverty lines on a panel, and who falls below them."""

from __future__ import annotations

import warnings

import ibis
import ibis.expr.types as ir

from fanpin.core.arguments import check_columns_named, check_flag, check_table
from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, InputError, TiesAtLineWarning, require_columns
from fanpin.core.line import Line
from fanpin.panel import checks
from fanpin.panel.engine import Data, closed, opened

NEW = ["line", "is_poor", "gap"]
NEAR = 1e-6  # relative distance from the line within which stored incomes are suspected of being equal to it
EVEN = 1e-12  # relative rounding of a sum of weights, within which F(y) counts as equal to 1/2


def poverty_status(
    data: Data,
    *,
    welfare: str,
    line: Line,
    unit: str,
    time: str,
    weight: str | None = None,
    strict: bool = True,
    tolerance: float = 0.0,
) -> Data:
    """Add the poverty line, the poverty status and the poverty gap to each row of a panel.

    A relative line is taken within each value of `time` (and of `line.by`), weighted by `weight`; the median is the
    smallest y with F(y) > 1/2, and the mean of the two values where F(y) = 1/2. Numbers are compared as stored, the
    line being `share` times the statistic in double precision.

    Parameters
    ----------
    data
        one row a unit and wave. A pandas frame gives a frame, an Ibis table gives an Ibis table.
    welfare
        income or consumption per **year** in the unit of the line, any finite number.
    line
        an absolute, official, international, relative, by-time or column line.
    unit, time
        the key; `time` is an ordered integer, the year or 4 x year + quarter.
    weight
        positive weights of the distribution that a relative line is taken from; persons are weighted by survey
        weight x household size. Absolute and column lines do not use it.
    strict
        True: poor if y < z (Foster, Greer & Thorbecke); False: y <= z (Eurostat).
    tolerance
        welfare within tolerance x z of the line z counts as lying on it: not poor if strict, else poor.

    Returns
    -------
    The data, with `line` (z), `is_poor` (0/1) and `gap` ((z - y)/z of the poor, 0 for others); columns of these names
    are replaced. A frame comes back ordered by unit and time with a new index. Rows whose welfare is missing have no
    status and are left out, before the line is taken.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : the line is no Line, or the tolerance is no small number.
    DataError : no rows; duplicate (unit, time); a missing or non-integer time; welfare that is not numeric or not
        finite; weights that are missing, zero or negative; a line that is missing, zero or negative, or that has no
        amount for a wave.

    Warns
    -----
    DroppedRowsWarning : rows without welfare, counted by time.
    TiesAtLineWarning : tolerance is 0 and welfare lies within 1e-6 of the line without being equal to it, so that the
        status depends on how numbers are stored; see `ties_at_line`.

    References
    ----------
    Foster, Greer & Thorbecke (1984), Econometrica 52:761-766, doi:10.2307/1913475.
    """
    used = _check_request(
        data, welfare=welfare, line=line, unit=unit, time=time, weight=weight, strict=strict, tolerance=tolerance
    )
    with opened(data, used) as table:
        checks.check_rows(table)
        checks.check_key(table, unit=unit, time=time)
        checks.check_number(table, welfare, role="welfare")
        rows = checks.without_missing(table, welfare, time=time)
        if weight is not None:
            checks.check_positive(rows, weight, role="weight")
        lined = _with_line(rows, welfare=welfare, line=line, time=time, weight=weight)
        _check_line(lined, time=time)
        if tolerance == 0:
            _warn_of_ties(lined, welfare=welfare, time=time)
        judged = _judged(lined, welfare=welfare, strict=strict, tolerance=tolerance)
        return closed(judged.order_by([unit, time]), data, new=NEW, first=[], renamed={})


def ties_at_line(status: Data, *, welfare: str, time: str, tolerance: float = NEAR) -> Data:
    """Count, for each wave, the observations so near the line that rounding decides on their status.

    Parameters
    ----------
    status
        what `poverty_status` returned.
    welfare, time
        the columns it was called with.
    tolerance
        welfare within tolerance x z of the line z is a tie.

    Returns
    -------
    One row a wave: `time`, `line` (missing where rows have different lines), `rows`, `ties`, `poor_below` (poor and
    no tie), `poor_on_line` (ties that `is_poor` calls poor). The number of poor is poor_below + poor_on_line; with
    this tolerance poverty_status(strict=True) calls only poor_below poor.
    """
    _check_tolerance(tolerance)
    require_columns(status.columns, [welfare, time, "line", "is_poor"], where="the result of poverty_status")
    with opened(status, [welfare, time, "line", "is_poor"]) as table:
        tie = _near(table[welfare], table["line"], tolerance)
        poor = table["is_poor"] == 1
        counted = table.group_by(time).agg(
            line=ibis.ifelse(table["line"].min() == table["line"].max(), table["line"].min(), ibis.null("float64")),
            rows=table.count(),
            ties=tie.cast("int64").sum().cast("int64"),
            poor_below=(poor & ~tie).cast("int64").sum().cast("int64"),
            poor_on_line=(poor & tie).cast("int64").sum().cast("int64"),
        )
        ordered = counted.order_by(time)
        return ordered if isinstance(status, ir.Table) else fetch_frame(ordered)


def _check_request(
    data: Data, *, welfare: str, line: Line, unit: str, time: str, weight: str | None, strict: bool, tolerance: float
) -> list[str | None]:
    if not isinstance(line, Line):
        raise InputError("line is not a Line", got=repr(line), next_step="use Line.relative(0.6) or Line.absolute(…)")
    check_table(data, where="poverty_status")
    check_columns_named("poverty_status", welfare=welfare, unit=unit, time=time)
    _check_tolerance(tolerance)
    check_flag("strict", strict)
    used = [unit, time, welfare, weight, line.name, *line.by]
    require_columns(data.columns, used, where="poverty_status")
    taken = [c for c in (unit, time, welfare, weight) if c in NEW]
    if taken:
        raise InputError(f"column {taken[0]!r} would be replaced by a result", next_step="rename the column")
    return used


def _check_tolerance(tolerance: float) -> None:
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 0.5:
        raise InputError(
            f"tolerance {tolerance!r} is not a share of the line", expected="0 <= tolerance < 0.5, such as 1e-6"
        )


def _with_line(rows: ir.Table, *, welfare: str, line: Line, time: str, weight: str | None) -> ir.Table:
    if line.kind == "absolute":
        return rows.mutate(line=ibis.literal(line.amount, "float64"))
    if line.kind == "by_time":
        return _with_line_by_time(rows, line, time)
    if line.kind == "column":
        checks.check_number(rows, str(line.name), role="line")
        return rows.mutate(line=rows[line.name].cast("float64"))
    groups = list(dict.fromkeys([time, *line.by]))
    for name in line.by:
        if missing := checks.count_where(rows, checks.is_missing(rows[name])):
            raise DataError(f"the line is taken within {name!r}, which is missing", got=f"{missing} rows without it")
    centre = _weighted_median if line.of == "median" else _weighted_mean
    weighed = rows.select(
        *groups,
        y__=rows[welfare].cast("float64"),
        w__=rows[weight].cast("float64") if weight else ibis.literal(1.0, "float64"),
    )
    lines = centre(weighed, groups)
    lines = lines.select(
        **{f"{g}__of_line": lines[g] for g in groups}, line=ibis.literal(line.share, "float64") * lines.centre
    )
    kept = rows.drop("line") if "line" in rows.columns else rows
    joined = kept.join(lines, [kept[g] == lines[f"{g}__of_line"] for g in groups])
    return joined.drop(*[f"{g}__of_line" for g in groups])


def _with_line_by_time(rows: ir.Table, line: Line, time: str) -> ir.Table:
    """Each wave's own amount; a wave without one is an error that names it."""
    amounts = dict(line.amounts)
    waves = fetch_frame(rows.select(time).distinct().order_by(time))[time].tolist()
    unknown = [str(w) for w in waves if w not in amounts]
    if unknown:
        raise DataError(
            f"the line has no amount for {time} {', '.join(unknown)}", where=line.source,
            expected=f"one of {', '.join(map(str, amounts))}",
            next_step="give the amounts: Line.by_time({time: amount}, currency=…), or leave these waves out",
        )  # fmt: skip
    by_wave = ibis.cases(*[(rows[time] == w, ibis.literal(amounts[w], "float64")) for w in waves])
    return rows.mutate(line=by_wave)


def _weighted_median(weighed: ir.Table, groups: list[str]) -> ir.Table:
    """The smallest y with F(y) > 1/2, or the mean with the smallest y with F(y) = 1/2 where there is one."""
    distinct = weighed.group_by([*groups, "y__"]).agg(w__=weighed.w__.sum())
    inside = ibis.window(group_by=groups, order_by="y__", preceding=None, following=0)
    summed = distinct.mutate(
        below=distinct.w__.sum().over(inside), whole=distinct.w__.sum().over(ibis.window(group_by=groups))
    )
    return summed.group_by(groups).agg(
        centre=(
            summed.y__.min(where=2 * summed.below >= (1 - EVEN) * summed.whole)
            + summed.y__.min(where=2 * summed.below > (1 + EVEN) * summed.whole)
        )
        / 2
    )


def _weighted_mean(weighed: ir.Table, groups: list[str]) -> ir.Table:
    return weighed.group_by(groups).agg(centre=(weighed.w__ * weighed.y__).sum() / weighed.w__.sum())


def _check_line(lined: ir.Table, *, time: str) -> None:
    bad = lined.filter(checks.is_missing(lined.line) | (lined.line <= 0))
    found = fetch_frame(bad.group_by(time).agg(rows=bad.count(), lowest=bad.line.min()).order_by(time).limit(5))
    if len(found):
        listed = "; ".join(f"{time}={r[time]}: {r['lowest']} for {r['rows']} rows" for r in found.to_dict("records"))
        raise DataError("the poverty line is not positive", expected="z > 0 in every row", got=listed)


def _near(welfare: ir.Value, line: ir.Value, tolerance: float) -> ir.BooleanValue:
    return (welfare - line).abs() <= ibis.literal(float(tolerance), "float64") * line


def _warn_of_ties(lined: ir.Table, *, welfare: str, time: str) -> None:
    y = lined[welfare]
    near = lined.filter(_near(y, lined.line, NEAR) & (y != lined.line))
    found = near.group_by(time).agg(rows=near.count(), below=(near[welfare] < near.line).cast("int64").sum())
    ties = fetch_frame(found.order_by(time))
    if len(ties):
        listed = ", ".join(f"{t}: {int(n)}" for t, n in zip(ties[time], ties["rows"], strict=True))
        warnings.warn(
            f"{int(ties['rows'].sum())} observations lie within one millionth of the line without being equal to it, "
            f"{int(ties['below'].sum())} of them below ({time} {listed}); "
            f"tolerance={NEAR:g} would count them as on the line",
            TiesAtLineWarning, stacklevel=3,
        )  # fmt: skip


def _judged(lined: ir.Table, *, welfare: str, strict: bool, tolerance: float) -> ir.Table:
    y, z = lined[welfare].cast("float64"), lined.line
    if tolerance == 0:
        poor = y < z if strict else y <= z
    else:
        on_line = _near(y, z, tolerance)
        poor = (y < z) & ~on_line if strict else (y < z) | on_line
    short = ibis.greatest((z - y) / z, ibis.literal(0.0, "float64"))
    return lined.mutate(is_poor=poor.cast("int64"), gap=ibis.ifelse(poor, short, ibis.literal(0.0, "float64")))
