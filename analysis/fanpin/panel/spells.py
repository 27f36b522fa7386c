"""Spells of poverty and of being out of it, with how each begins and ends."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fanpin.core.engine import fetch_frame
from fanpin.panel.engine import Data, opened
from fanpin.panel.linked import check_request, linked_rows


def spells(data: Data, *, unit: str, time: str, poor: str, max_gap: int | None = 1) -> Data:
    """Cut each unit's observed waves into spells of one state.

    Parameters
    ----------
    data
        one row a unit and wave. A pandas frame gives a frame, an Ibis table gives an Ibis table.
    unit, time
        the key; `time` is an ordered integer, the year or 4 x year + quarter.
    poor
        0/1. Rows where it is missing count as waves at which the unit was not observed.
    max_gap
        largest step of `time` between two waves of a unit that keeps a spell together: 1 for consecutive waves
        only, None for any step. Two observations further apart belong to different spells.

    Returns
    -------
    One row a unit and spell, ordered by both:

    the unit's column, by its own name.
    spell : number of the spell in the unit, from 1.
    state : 1 poor, 0 not poor.
    start, end : `time` of the first and the last wave of the spell.
    duration : end - start + 1, in units of `time`. For a spell that began and ended with a transition in consecutive
        waves this is its length; otherwise it is the least it can have lasted.
    left_censored : the spell did not begin with an observed transition: it was in progress at the unit's first wave,
        or at its first wave after a gap.
    right_censored : the spell did not end with an observed transition.
    ended_by : "transition": the next wave, within max_gap, shows the other state. "gap": the unit's next wave is
        further away than max_gap, whatever its state. "end": the unit's last row is at the panel's last wave.
        "attrition": the unit's last row is earlier than that.

    An observed escape from poverty is a spell with state 0 that is not left-censored; there are more of them than
    spells at risk of relapse, since a spell whose escape wave is the last one linked is never at risk again.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist or has a name the result needs; max_gap is no step.
    DataError : no rows; duplicate (unit, time); a missing or non-integer time; poor neither 0 nor 1; no two waves of
        a unit within max_gap (the message lists the steps observed).

    Warns
    -----
    DroppedRowsWarning : rows whose `poor` is missing, counted by time.
    """
    reserved = ["state", "start", "end", "spell", "left_censored", "right_censored", "ended_by", "duration"]
    named = [c for c in (unit, time, poor) if c in reserved]
    check_request(
        data, unit=unit, time=time, poor=poor, max_gap=max_gap, reserved=named, where="spells"
    )  # other columns of the data are not carried, so their names do not matter
    with opened(data, [unit, time, poor]) as table:
        rows = linked_rows(table, unit=unit, time=time, poor=poor, max_gap=max_gap)
        found = _summed(rows, unit=unit).order_by([unit, "spell"])
        return found if isinstance(data, ir.Table) else fetch_frame(found)


def _summed(rows: ir.Table, *, unit: str) -> ir.Table:
    summed = rows.group_by([unit, "spell__"]).agg(
        state=rows.state__.max(), start=rows.time__.min(), end=rows.time__.max(), dated=rows.dated__.max()
    )
    followed = ibis.window(group_by=unit, order_by="spell__")
    last = rows.aggregate(panel_end=rows.time__.max()).as_scalar()
    # The next spell tells how this one ended: it begins with a transition, or it does not and there was a gap.
    ended = summed.mutate(next_dated=summed.dated.lead().over(followed))
    ended_by = ibis.cases(
        (ended.next_dated.isnull() & (ended.end == last), "end"),
        (ended.next_dated.isnull(), "attrition"),
        (ended.next_dated, "transition"),
        else_="gap",
    )
    whole = ended.mutate(ended_by=ended_by)
    return whole.select(
        unit,
        "state",
        "start",
        "end",
        "ended_by",
        spell=whole.spell__,
        duration=whole.end - whole.start + 1,
        left_censored=~whole.dated,
        right_censored=whole.ended_by != "transition",
    )[[unit, "spell", "state", "start", "end", "duration", "left_censored", "right_censored", "ended_by"]]
