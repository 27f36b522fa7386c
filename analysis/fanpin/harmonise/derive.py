"""Columns derived from another table's rows, households from persons and places from both, with three-valued logic."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS
from fanpin.harmonise.expressions import TYPES
from fanpin.harmonise.formulas import first_known
from fanpin.harmonise.mapping import DerivedMap

HOUSEHOLD = list(KEYS["household_wave"])


def with_derived(target: ir.Table, sources: dict[str, ir.Table], derived: list[DerivedMap], name: str) -> ir.Table:
    """Add each derived column and its reason for missing to a table of households or places.

    A condition on a row is true, false, or unknown where the row's column is missing. "Does not apply" is false, not
    unknown: a child without labour status is nobody out of work. One person who meets the condition makes `any` true
    whatever is unknown of the others; `count`, `sum`, `max` and `min` are missing as soon as one row's part in them is
    unknown. `first` is the value of the first row, by key, that meets the condition. `mean`, `share` and `ratio` are of
    the rows whose part is known.

    Parameters
    ----------
    target : the table to add to.
    sources : the tables aggregated, by name.
    derived : the columns to add.
    name : the target's name, which gives the key to group by.
    """
    keys = list(KEYS[name])
    for source in dict.fromkeys(d.table for d in derived):
        maps = [d for d in derived if d.table == source]
        target = _joined(target, sources[source], maps, keys, KEYS[source][0])
    return target


def _joined(target: ir.Table, rows: ir.Table, derived: list[DerivedMap], keys: list[str], first_by: str) -> ir.Table:
    rows = _with_reasons(rows, derived)
    marks: dict[str, ir.Value] = {}
    for d in derived:
        met, unknown, reason = _condition(rows, d.where)
        marks |= {f"{d.name}__meets": met, f"{d.name}__unknown": unknown, f"{d.name}__why": reason}
        if d.among:
            marks[f"{d.name}__among"] = _condition(rows, d.among)[0]
    marked = rows.mutate(**marks)
    aggregates = {k: v for d in derived for k, v in _aggregates(marked, d).items()}
    joined = left_join(target, marked.group_by(keys).agg(**aggregates), keys)
    firsts: dict[str, list[DerivedMap]] = {}
    for d in derived:
        if d.aggregate == "first":
            firsts.setdefault(str(d.where), []).append(d)  # those that look for the same row are found together
    for maps in firsts.values():
        joined = _with_firsts(joined, rows, maps, keys, first_by)
    return joined


def left_join(target: ir.Table, other: ir.Table, keys: list[str]) -> ir.Table:
    """The rows of a table with the columns of another that has one row a key."""
    keyed = other.rename({f"{k}__p": k for k in keys})
    joined = target.left_join(keyed, [target[k] == keyed[f"{k}__p"] for k in keys])
    return joined.drop(*[f"{k}__p" for k in keys])


def _with_firsts(target: ir.Table, rows: ir.Table, maps: list[DerivedMap], keys: list[str], first_by: str) -> ir.Table:
    """The values of the first row, by key, that meets the condition these columns share."""
    found = rows.filter(_condition(rows, maps[0].where)[0])
    first = found.group_by(keys).agg(first__=found[first_by].min())
    first = first.rename({f"{k}__f": k for k in keys})
    one = found.inner_join(first, [found[k] == first[f"{k}__f"] for k in keys] + [found[first_by] == first["first__"]])
    columns = {d.name: one[str(d.of)].cast(TYPES[d.column.dtype]) for d in maps}
    columns |= {f"{d.name}__found": one[f"{d.of}__missing"] for d in maps}
    one = one.select(**{k: one[k] for k in keys}, here__=ibis.literal(True), **columns)
    joined = left_join(target, one, keys)
    changed = {
        f"{d.name}__missing": ibis.ifelse(
            joined.here__.notnull(), joined[f"{d.name}__found"], joined[f"{d.name}__missing"]
        )
        for d in maps
    }
    return joined.mutate(**changed).drop("here__", *[f"{d.name}__found" for d in maps])


def _with_reasons(rows: ir.Table, derived: list[DerivedMap]) -> ir.Table:
    used = {c for d in derived for c in (*d.where, *d.among, *([d.of] if d.of else []))}
    lacking = {f"{c}__missing": ibis.null("string") for c in sorted(used) if f"{c}__missing" not in rows.columns}
    return rows.mutate(**lacking) if lacking else rows


def _condition(rows: ir.Table, where: dict[str, Any]) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.StringValue]:
    """Whether a row meets the conditions, whether that is unknown, and the reason."""
    parts = [_part(rows, name, wanted) for name, wanted in where.items()]
    if not parts:
        return ibis.literal(True), ibis.literal(False), ibis.null("string")
    met = ibis.and_(*[p[0] for p in parts])
    fails = ibis.or_(*[~p[0] & ~p[1] for p in parts])
    unknown = ibis.or_(*[p[1] for p in parts]) & ~fails
    why = ibis.coalesce(*[ibis.ifelse(p[1], p[2], ibis.null("string")) for p in parts])
    return met, unknown, ibis.ifelse(unknown, why, ibis.null("string"))


def _part(rows: ir.Table, name: str, wanted: Any) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.StringValue]:
    column, reason = rows[name], rows[f"{name}__missing"]
    unknown = column.isnull() & (reason.fill_null("") != "not_applicable")
    return meets(column, wanted), unknown, reason


def meets(column: ir.Value, wanted: Any) -> ir.BooleanValue:
    """Whether a value meets one condition of a mapping file; a missing value does not."""
    if isinstance(wanted, dict):
        tests = {
            "above": lambda v: column > v, "below": lambda v: column < v,
            "between": lambda v: column.between(*v), "outside": lambda v: ~column.between(*v),
        }  # fmt: skip
        return ibis.and_(*[tests[comparison](value) for comparison, value in wanted.items()]).fill_null(False)
    return column.isin(wanted if isinstance(wanted, list) else [wanted]).fill_null(False)


def _aggregates(marked: ir.Table, derived: DerivedMap) -> dict[str, ir.Value]:
    """The value of a group and its reason for missing; of a first row, the reason where there is none."""
    met, unknown = marked[f"{derived.name}__meets"], marked[f"{derived.name}__unknown"]
    certain = not derived.where  # every row meets no condition
    doubts = ibis.literal(0) if certain else marked.count(where=unknown)
    why = ibis.null("string") if certain else marked[f"{derived.name}__why"].min()
    number, nothing = marked.count() if certain else marked.count(where=met), ibis.null("string")
    if derived.aggregate == "first":
        return {f"{derived.name}__missing": why}
    if derived.aggregate == "any":
        value = ibis.cases((number > 0, 1), (doubts > 0, ibis.null("int64")), else_=0).cast("int64")
        reason = ibis.ifelse((number == 0) & (doubts > 0), why, nothing)
    elif derived.aggregate == "count":
        total = _weight(marked, derived).sum(where=met).fill_null(0.0) if derived.weighted else number
        value = ibis.ifelse(doubts > 0, ibis.null(total.type()), total)
        reason = ibis.ifelse(doubts > 0, why, nothing)
    elif derived.aggregate in ("mean", "share", "ratio"):
        value, reason = _relative(marked, derived, why)
    else:
        value, reason = _summary(marked, derived, doubts, why)
    return {derived.name: value.cast(TYPES[derived.column.dtype]), f"{derived.name}__missing": reason}


def _weight(marked: ir.Table, derived: DerivedMap) -> ir.FloatingValue:
    return marked["weight"] if derived.weighted else ibis.literal(1.0, "float64")


def _total(number: ir.FloatingValue, rows: ir.BooleanColumn) -> ir.FloatingScalar:
    """The sum over some rows; a constant is summed once a row."""
    return ibis.ifelse(rows, number, ibis.null("float64")).sum()


def _relative(marked: ir.Table, derived: DerivedMap, why: ir.StringValue) -> tuple[ir.Value, ir.StringValue]:
    """A mean, share or ratio over the rows whose part is known."""
    met, weight = marked[f"{derived.name}__meets"], _weight(marked, derived)
    if derived.aggregate == "mean":
        of = marked[str(derived.of)]
        known = met & of.notnull()
        above, below = _total(weight * of, known), _total(weight, known)
        why = ibis.coalesce(why, marked[f"{derived.of}__missing"].min(where=met))
    else:
        among = marked[f"{derived.name}__among"]
        if derived.aggregate == "share":
            among = among & ~marked[f"{derived.name}__unknown"]
            met = met & among
        above, below = _total(weight, met).fill_null(0.0), _total(weight, among)
    value = above / below.nullif(0.0)
    return value, ibis.ifelse(value.isnull(), ibis.coalesce(why, ibis.literal("not_applicable")), ibis.null("string"))


def _summary(
    marked: ir.Table, derived: DerivedMap, doubts: ir.IntegerValue, why: ir.StringValue
) -> tuple[ir.Value, ir.StringValue]:
    of, of_reason = marked[str(derived.of)], marked[f"{derived.of}__missing"]
    met = marked[f"{derived.name}__meets"]
    hidden = met & of.isnull() & (of_reason.fill_null("") != "not_applicable")
    unclear = doubts + marked.count(where=hidden) > 0
    weighed = of * marked["weight"] if derived.weighted else of
    pick = {"sum": weighed.sum, "max": weighed.max, "min": weighed.min}[derived.aggregate]
    value = pick() if not derived.where else pick(where=met)
    reason = first_known(why, of_reason.min(where=hidden))
    kind = TYPES[derived.column.dtype]
    return ibis.ifelse(unclear, ibis.null(kind), value.cast(kind)), ibis.ifelse(unclear, reason, ibis.null("string"))
