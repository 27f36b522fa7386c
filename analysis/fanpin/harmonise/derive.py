"""Columns derived from another table's rows, households from persons and places from both, with three-valued logic."""

from __future__ import annotations

from typing import Any, get_args

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS
from fanpin.core.options import MissingReason
from fanpin.harmonise.expressions import TYPES
from fanpin.harmonise.mapping import DerivedMap

HOUSEHOLD = list(KEYS["household_wave"])
CODES = {why: code for code, why in enumerate(sorted(set(get_args(MissingReason)) - {"not_applicable"}))}
UNEXPLAINED = len(CODES)  # missing without a reason; a reason counts first


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
    rows = _with_codes(rows, derived)
    marks: dict[str, ir.Value] = {}
    for d in derived:
        met, doubt = _condition(rows, d.where)
        if d.of and d.aggregate != "first":
            hidden = ibis.ifelse(met, rows[f"{d.of}__code"], ibis.null("int8"))
            doubt = ibis.coalesce(doubt, hidden) if d.where else hidden
        marks |= {f"{d.name}__meets": met, f"{d.name}__doubt": doubt}
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


def _with_codes(rows: ir.Table, derived: list[DerivedMap]) -> ir.Table:
    """For each column used, what hides its value, as a small number: aggregating numbers is many times faster than text.

    It is NULL where the value is there or does not apply.
    """
    used = sorted({c for d in derived for c in (*d.where, *d.among, *([d.of] if d.of else []))})
    codes: dict[str, ir.Value] = {}
    for name in used:
        if f"{name}__missing" in rows.columns:
            reason = rows[f"{name}__missing"]
            hidden = ibis.cases(
                (rows[name].notnull(), ibis.null("int8")), (reason == "not_applicable", ibis.null("int8")),
                *[(reason == why, ibis.literal(code, "int8")) for why, code in CODES.items()],
                else_=ibis.literal(UNEXPLAINED, "int8"),
            )  # fmt: skip
        else:
            hidden = ibis.ifelse(rows[name].notnull(), ibis.null("int8"), ibis.literal(UNEXPLAINED, "int8"))
            codes[f"{name}__missing"] = ibis.null("string")
        codes[f"{name}__code"] = hidden
    return rows.mutate(**codes) if codes else rows


def _reason(code: ir.IntegerValue) -> ir.StringValue:
    return code.cases(*[(n, why) for why, n in CODES.items()])


def _condition(rows: ir.Table, where: dict[str, Any]) -> tuple[ir.BooleanValue, ir.IntegerValue]:
    """Whether a row meets the conditions, and the code of what hides that."""
    if not where:
        return ibis.literal(True), ibis.null("int8")
    parts = [(meets(rows[name], wanted), rows[f"{name}__code"]) for name, wanted in where.items()]
    met = ibis.and_(*[p[0] for p in parts])
    if len(parts) == 1:
        return met, parts[0][1]
    fails = ibis.or_(*[~m & code.isnull() for m, code in parts])
    return met, ibis.ifelse(fails, ibis.null("int8"), ibis.coalesce(*[code for _, code in parts]))


def meets(column: ir.Value, wanted: Any) -> ir.BooleanValue:
    """Whether a value meets one condition of a mapping file; a missing value does not."""
    if isinstance(wanted, dict):
        tests = {
            "above": lambda v: column > v, "below": lambda v: column < v,
            "between": lambda v: column.between(*v), "outside": lambda v: ~column.between(*v),
            "known": lambda _: column.notnull(),
        }  # fmt: skip
        return ibis.and_(*[tests[comparison](value) for comparison, value in wanted.items()]).fill_null(False)
    return column.isin(wanted if isinstance(wanted, list) else [wanted]).fill_null(False)


def _aggregates(marked: ir.Table, derived: DerivedMap) -> dict[str, ir.Value]:
    """The value of a group and its reason for missing; of a first row, the reason where there is none."""
    met, doubt = marked[f"{derived.name}__meets"], marked[f"{derived.name}__doubt"].min()
    number = (
        met.cast("int64").sum().cast("int64") if derived.where else marked.count()
    )  # a conditional count is NULL on Spark
    if derived.aggregate == "first":
        return {f"{derived.name}__missing": _reason(doubt)}
    reason = _reason(doubt)
    if derived.aggregate == "any":
        value = ibis.cases((number > 0, 1), (doubt.notnull(), ibis.null("int64")), else_=0).cast("int64")
        reason = ibis.ifelse(number > 0, ibis.null("string"), reason)
    elif derived.aggregate in ("mean", "share", "ratio"):
        value = _relative(marked, derived)
        why = ibis.coalesce(reason, ibis.literal("not_applicable"))
        reason = ibis.ifelse(value.isnull(), why, ibis.null("string"))
    else:
        total = _count(marked, derived, number) if derived.aggregate == "count" else _summary(marked, derived)
        value = ibis.ifelse(doubt.notnull(), ibis.null(total.type()), total)
    return {derived.name: value.cast(TYPES[derived.column.dtype]), f"{derived.name}__missing": reason}


def _count(marked: ir.Table, derived: DerivedMap, number: ir.IntegerScalar) -> ir.NumericScalar:
    if not derived.weighted:
        return number
    return _total(marked["weight"], marked[f"{derived.name}__meets"]).fill_null(0.0)


def _weight(marked: ir.Table, derived: DerivedMap) -> ir.FloatingValue:
    return marked["weight"] if derived.weighted else ibis.literal(1.0, "float64")


def _total(number: ir.FloatingValue, rows: ir.BooleanColumn) -> ir.FloatingScalar:
    """The sum over some rows; a constant is summed once a row."""
    return ibis.ifelse(rows, number, ibis.null("float64")).sum()


def _relative(marked: ir.Table, derived: DerivedMap) -> ir.FloatingScalar:
    """A mean, share or ratio over the rows whose part is known."""
    met, weight = marked[f"{derived.name}__meets"], _weight(marked, derived)
    if derived.aggregate == "mean":
        of = marked[str(derived.of)]
        known = met & of.notnull()
        return _total(weight * of, known) / _total(weight, known).nullif(0.0)
    among = marked[f"{derived.name}__among"]
    if derived.aggregate == "share":
        among = among & marked[f"{derived.name}__doubt"].isnull()
        met = met & among
    return _total(weight, met).fill_null(0.0) / _total(weight, among).nullif(0.0)


def _summary(marked: ir.Table, derived: DerivedMap) -> ir.NumericScalar:
    of = marked[str(derived.of)]
    weighed = of * marked["weight"] if derived.weighted else of
    pick = {"sum": weighed.sum, "max": weighed.max, "min": weighed.min}[derived.aggregate]
    return pick(where=marked[f"{derived.name}__meets"]) if derived.where else pick()
