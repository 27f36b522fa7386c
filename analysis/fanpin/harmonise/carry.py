"""Values carried from one wave to another, such as the sampling unit of a household's first wave."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS
from fanpin.harmonise.mapping import TableMap


def carried_columns(tables: list[TableMap]) -> dict[str, str]:
    """The columns of a table that are carried, and the column that says within what."""
    return {c.name: c.carried_by for t in tables for c in t.columns.values() if c.carried_by}


def carried_values(rows: ir.Table, table: str, carried: dict[str, str]) -> ir.Table:
    """The key and, for each carried column, the value of the last earlier wave, else of the next later one.

    Where a unit has several values in the wave that is carried, the smallest is taken.
    """
    keys = list(KEYS[table])
    values = rows
    for name, by in carried.items():
        values = _filled(values, name, by)
    return values.select(**{f"{k}__c": values[k] for k in keys}, **{f"{n}__carried": values[n] for n in carried})


def _filled(rows: ir.Table, name: str, by: str) -> ir.Table:
    known = rows.filter(rows[name].notnull(), rows[by].notnull())
    known = known.group_by([by, "wave"]).agg(value__=known[name].min()).rename(by__=by, wave__="wave")
    wave = ibis.ifelse(rows[name].notnull(), rows.wave, ibis.null("int64"))
    before = wave.max().over(ibis.window(group_by=by, order_by="wave", range=(None, 0)))
    after = wave.min().over(ibis.window(group_by=by, order_by="wave", range=(0, None)))
    marked = rows.mutate(from__=ibis.coalesce(before, after))
    joined = marked.left_join(known, [marked[by] == known.by__, marked.from__ == known.wave__])
    return joined.mutate(**{name: ibis.coalesce(joined[name], joined.value__)}).select(rows.columns)


def with_carried(rows: ir.Table, values: ir.Table, table: str, carried: dict[str, str]) -> ir.Table:
    """The rows with their carried columns filled; a value that is carried has no reason for missing."""
    joined = rows.left_join(values, [rows[k] == values[f"{k}__c"] for k in KEYS[table]])
    changed: dict[str, ir.Value] = {}
    for name in carried:
        changed[name] = joined[f"{name}__carried"]
        if f"{name}__missing" in rows.columns:
            there = joined[f"{name}__carried"].notnull()
            changed[f"{name}__missing"] = ibis.ifelse(there, ibis.null("string"), joined[f"{name}__missing"])
    return joined.select(**{c: changed.get(c, joined[c]) for c in rows.columns})
