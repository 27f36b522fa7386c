"""A panel's rows linked to the unit's previous wave, cut into spells: the ground of spells and risk sets."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fanpin.core.arguments import check_columns_named, check_table
from fanpin.core.errors import InputError, require_columns
from fanpin.panel import checks
from fanpin.panel.engine import Data


def check_request(
    data: Data, *, unit: str, time: str, poor: str, max_gap: int | None, reserved: list[str], where: str
) -> None:
    """Raise for unknown columns, columns whose names the result needs, or an impossible max_gap."""
    check_table(data, where=where)
    check_columns_named(where, unit=unit, time=time, poor=poor)
    checks.check_whole("max_gap", max_gap, none=True)
    require_columns(data.columns, [unit, time, poor], where=where)
    taken = [c for c in data.columns if c in reserved]
    if taken:
        raise InputError(
            f"column {taken[0]!r} has a name that the result needs", where=where,
            got=", ".join(taken), next_step="rename or drop the column",
        )  # fmt: skip


def linked_rows(table: ir.Table, *, unit: str, time: str, poor: str, max_gap: int | None) -> ir.Table:
    """Check the panel and add to each row what it needs to know of the unit's other rows.

    Returns
    -------
    The table's columns and, with two trailing underscores:

    state__ : 0/1, `poor` of the row.
    step__ : time since the unit's previous wave; missing at the first.
    linked__ : the previous wave lies within max_gap.
    spell__ : number of the spell in the unit, from 1; a spell ends with a change of state and with a gap.
    start__ : time of the spell's first wave.
    place__ : position of the wave in its spell, from 1.
    dated__ : the spell began with an observed transition.
    was_poor__ : the unit was observed poor at an earlier wave.
    """
    checks.check_rows(table)
    checks.check_key(table, unit=unit, time=time)
    checks.check_state(table, poor)
    rows = checks.without_missing(table, poor, time=time)
    ordered = ibis.window(group_by=unit, order_by=time)
    whole_time = rows[time].cast("int64")
    stepped = rows.mutate(state__=rows[poor].cast("int64"), time__=whole_time).mutate(
        step__=whole_time - whole_time.lag().over(ordered)
    )
    checks.check_steps(stepped.select(step=stepped.step__), max_gap=max_gap)
    near = stepped.step__.notnull() if max_gap is None else stepped.step__.fill_null(max_gap + 1) <= max_gap
    earlier = ibis.window(group_by=unit, order_by=time, preceding=None, following=0)
    linked = stepped.mutate(linked__=near, changed__=stepped.state__ != stepped.state__.lag().over(ordered))
    begun = linked.mutate(begins__=~linked.linked__ | linked.changed__.fill_null(True))
    numbered = begun.mutate(
        spell__=begun.begins__.cast("int64").sum().over(earlier).cast("int64"),
        was_poor__=(begun.state__.max().over(earlier) == 1),
    )
    inside = ibis.window(group_by=[unit, "spell__"], order_by=time)
    return numbered.mutate(
        start__=numbered.time__.first().over(inside),
        place__=(ibis.row_number().over(inside) + 1).cast("int64"),
        dated__=(numbered.begins__ & numbered.linked__).first().over(inside),
    ).drop("begins__", "changed__")
