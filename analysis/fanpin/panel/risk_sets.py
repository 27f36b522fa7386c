"""Who is at risk of relapse, of first entry and of exit, a row a unit, spell and wave at risk."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.arguments import as_names, check_table
from fanpin.core.errors import InputError, require_columns
from fanpin.core.options import LeftCensored, check_option
from fanpin.panel import checks
from fanpin.panel.engine import Data, closed, opened
from fanpin.panel.linked import check_request, linked_rows


def relapse_risk_set(
    data: Data,
    *,
    unit: str,
    time: str,
    poor: str,
    max_gap: int | None = 1,
    min_escape: int = 1,
    left_censored: LeftCensored = "drop",
    lagged: tuple[str, ...] | list[str] = (),
) -> Data:
    """The person-period file of units that escaped poverty, up to their relapse.

    A unit escapes when it is poor at one wave and not poor at the next, within max_gap. It is at risk of relapse from
    the wave after its min_escape-th wave out of poverty, up to the wave of relapse or the last one linked.
    First entries into poverty of units never observed poor are not here; see `entry_risk_set`.

    Parameters
    ----------
    data
        one row a unit and wave. A pandas frame gives a frame, an Ibis table gives an Ibis table.
    unit, time
        the key; `time` is an ordered integer, the year or 4 x year + quarter.
    poor
        0/1. Rows where it is missing count as waves at which the unit was not observed.
    max_gap
        largest step of `time` between two waves of a unit that keeps a spell together; None for any step.
    min_escape
        waves out of poverty that make an escape. A unit poor again before that has not escaped.
    left_censored
        "drop" keeps dated escapes only. "flag" adds, with left_censored=True, the spells out of poverty
        that begin after a gap (a step above max_gap) in units observed poor at some earlier wave: the wave of the last
        escape is not known, so duration counts from the spell's first wave.
    lagged
        columns to add as `x_before_escape`, their value at the unit's last poor wave before the spell. Income
        shares belong there: those of the wave of escape share their noise with the escape itself.

    Returns
    -------
    One row a unit, spell and wave at risk, ordered by unit and time; in front

    the unit's column, `spell` (the number of the spell out of poverty in `spells`), the time's column;
    duration : time since the wave of escape (the spell's first wave), so 1 at the next wave of a yearly panel.
    entry : duration already survived when the risk begins; 0 with min_escape=1. The first row covers the steps
        from `entry` (excluded) to `duration`.
    relapse : 1 if poor at this wave, else 0.
    gap : time since the unit's previous wave.
    left_censored : the escape is not dated.

    and then every other column of the data at that wave. A column `gap` of the data, the poverty gap of
    `poverty_status`, becomes `poverty_gap`.

    Raises
    ------
    UnknownNameError, InputError : a column or option does not exist, or a column has a name the result needs.
    DataError : no rows; duplicate (unit, time); a missing or non-integer time; poor neither 0 nor 1; no two waves of
        a unit within max_gap (the message lists the steps observed).

    Warns
    -----
    DroppedRowsWarning : rows whose `poor` is missing, counted by time.
    """
    check_option("left_censored", left_censored, LeftCensored)
    checks.check_whole("min_escape", min_escape)
    return _risk_set(
        data, unit=unit, time=time, poor=poor, max_gap=max_gap, state=0, event="relapse", least=min_escape,
        select=lambda rows: rows.dated__ | rows.was_poor__ if left_censored == "flag" else rows.dated__,
        lagged=as_names("lagged", lagged), suffix="before_escape",
    )  # fmt: skip


def exit_risk_set(
    data: Data,
    *,
    unit: str,
    time: str,
    poor: str,
    max_gap: int | None = 1,
    left_censored: LeftCensored = "drop",
    lagged: tuple[str, ...] | list[str] = (),
) -> Data:
    """The person-period file of poor units, up to their exit from poverty.

    Parameters
    ----------
    data, unit, time, poor, max_gap
        as in `relapse_risk_set`.
    left_censored
        "drop" keeps the poverty spells that began with an observed transition. "flag" adds, with
        left_censored=True, those in progress at the unit's first wave or at its first wave after a gap; their duration
        counts from the first wave seen. Dropping them removes many of the long-term poor.
    lagged
        columns to add as `x_before_entry`, their value at the unit's last wave out of poverty before the spell;
        missing where there is none.

    Returns
    -------
    As `relapse_risk_set`, with the event in `exit` (1 if not poor at this wave); `spell` is the number of the poverty
    spell in `spells`, duration counts from its first wave, and `entry` is 0.

    Raises, Warns
    -------------
    As `relapse_risk_set`.
    """
    check_option("left_censored", left_censored, LeftCensored)
    return _risk_set(
        data, unit=unit, time=time, poor=poor, max_gap=max_gap, state=1, event="exit", least=1,
        select=lambda rows: ibis.literal(True) if left_censored == "flag" else rows.dated__,
        lagged=as_names("lagged", lagged), suffix="before_entry",
    )  # fmt: skip


def entry_risk_set(data: Data, *, unit: str, time: str, poor: str, max_gap: int | None = 1) -> Data:
    """The person-period file of units never observed poor, up to their first observed poverty.

    Such spells have no observed beginning: they start with the unit's first wave (or its first wave after a gap), so
    every row is left-censored and duration is time under observation, not time out of poverty. Whether a unit was poor
    before its first wave is unknown; with few waves some of these entries are returns.

    Parameters
    ----------
    data, unit, time, poor, max_gap
        as in `relapse_risk_set`.

    Returns
    -------
    As `relapse_risk_set`, with the event in `entry` (1 if poor at this wave), which therefore is not the delayed entry
    of the other risk sets: here there is none. Together with `relapse_risk_set(left_censored="flag")` it holds
    every pair of linked waves whose first is out of poverty, once.

    Raises, Warns
    -------------
    As `relapse_risk_set`.
    """
    return _risk_set(
        data, unit=unit, time=time, poor=poor, max_gap=max_gap, state=0, event="entry", least=1,
        select=lambda rows: ~rows.was_poor__, lagged=(), suffix="",
    )  # fmt: skip


def _risk_set(
    data: Data, *, unit: str, time: str, poor: str, max_gap: int | None, state: int, event: str, least: int,
    select: Any, lagged: tuple[str, ...], suffix: str,
) -> Data:  # fmt: skip
    """Rows at risk of leaving `state`, after `least` waves in it, of the spells that `select` picks."""
    where = f"{event}_risk_set"
    computed = list(dict.fromkeys(["spell", "duration", "entry", event, "gap", "left_censored"]))
    check_table(data, where=where)
    before = {f"{name}_{suffix}": name for name in lagged}
    renamed = {"gap": "poverty_gap"} if "gap" in data.columns else {}
    reserved = [c for c in (*computed, *before) if c != "gap"] + list(renamed.values())
    check_request(data, unit=unit, time=time, poor=poor, max_gap=max_gap, reserved=reserved, where=where)
    if "gap" in (unit, time, poor):
        raise InputError("column 'gap' has a name that the result needs", where=where, next_step="rename the column")
    require_columns(data.columns, lagged, where=f"lagged= of {where}")
    with opened(data, [unit, time, poor, *lagged]) as table:
        rows = linked_rows(table, unit=unit, time=time, poor=poor, max_gap=max_gap)
        risk = _at_risk(rows, unit=unit, time=time, state=state, event=event, least=least, select=select)
        if lagged:
            risk = _with_lagged(risk, rows, unit=unit, before=before)
        carried = [c for c in table.columns if c not in (unit, time, "gap", *computed)]
        first = [unit, "spell", time, *(c for c in computed if c != "spell"), *before]
        poverty_gap = {"poverty_gap": risk["gap__of_data"]} if "gap" in table.columns else {}
        chosen = risk.select(*first, *carried, **poverty_gap).order_by([unit, time])
        return closed(chosen, data, new=[*computed, *before], first=first, renamed=renamed)


def _at_risk(rows: ir.Table, *, unit: str, time: str, state: int, event: str, least: int, select: Any) -> ir.Table:
    """Each linked row whose previous wave was the `least`-th or a later one of a chosen spell in `state`."""
    spell = ibis.window(group_by=[unit, "spell__"])
    other = ibis.window(group_by=unit, order_by=time, preceding=None, following=0)
    known = rows.mutate(
        chosen__=select(rows),
        reached__=rows.time__.min(where=rows.place__ >= least).over(spell),
        last_other__=rows.time__.max(where=rows.state__ != state).over(other),
    )
    ordered = ibis.window(group_by=unit, order_by=time)
    names = ["state__", "spell__", "start__", "place__", "dated__", "chosen__", "reached__", "last_other__"]
    lagged = known.mutate(**{f"previous_{n}": known[n].lag().over(ordered) for n in names})
    risk = lagged.filter(
        lagged.linked__ & lagged.previous_chosen__ & (lagged.previous_state__ == state)
        & (lagged.previous_place__ >= least)
    )  # fmt: skip
    if "gap" in risk.columns:
        risk = risk.rename(gap__of_data="gap")
    columns = {
        "spell": risk.previous_spell__,
        "duration": risk.time__ - risk.previous_start__,
        "entry": risk.previous_reached__ - risk.previous_start__,
        "gap": risk.step__,
        "left_censored": ~risk.previous_dated__,
        event: (risk.state__ != state).cast("int64"),  # in entry_risk_set the event takes the place of delayed entry
    }
    return risk.mutate(**columns)


def _with_lagged(risk: ir.Table, rows: ir.Table, *, unit: str, before: dict[str, str]) -> ir.Table:
    """Add the values at the unit's last wave in the other state before the spell."""
    values = rows.select(unit__lag=rows[unit], time__lag=rows.time__, **{new: rows[old] for new, old in before.items()})
    joined = risk.left_join(values, [risk[unit] == values.unit__lag, risk.previous_last_other__ == values.time__lag])
    return joined.drop("unit__lag", "time__lag")
