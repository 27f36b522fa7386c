"""Household columns derived from the household's persons, with three-valued logic."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.harmonise.expressions import TYPES, reason_of
from fanpin.harmonise.mapping import DerivedMap

HOUSEHOLD = ["household_id", "wave"]


def with_derived(households: ir.Table, persons: ir.Table, derived: list[DerivedMap]) -> ir.Table:
    """Add each derived column and its reason for missing to the household table.

    A condition on a person is true, false, or unknown where the person's column is missing. "Does not apply" is false,
    not unknown: a child without labour status is nobody out of work. One person who meets the condition makes `any`
    true whatever is unknown of the others; `count`, `sum`, `max` and `min` are missing as soon as one person's part in
    them is unknown. `first` is the value of the first person, by person_id, who meets the condition.
    """
    if not derived:
        return households
    marked = persons = _with_reasons(persons, derived)
    for d in derived:
        met, unknown, reason = _condition(persons, d)
        marked = marked.mutate(**{f"{d.name}__meets": met, f"{d.name}__unknown": unknown, f"{d.name}__why": reason})
    household = ibis.window(group_by=HOUSEHOLD)
    firsts = {
        f"{d.name}__first": marked.person_id.min(where=marked[f"{d.name}__meets"]).over(household)
        for d in derived
        if d.aggregate == "first"
    }
    marked = marked.mutate(**firsts) if firsts else marked
    summed = marked.group_by(HOUSEHOLD).agg(**{k: v for d in derived for k, v in _aggregates(marked, d).items()})
    keyed = summed.rename(household_id__p="household_id", wave__p="wave")
    joined = households.left_join(
        keyed, [households.household_id == keyed.household_id__p, households.wave == keyed.wave__p]
    )
    return joined.drop("household_id__p", "wave__p")


def _with_reasons(persons: ir.Table, derived: list[DerivedMap]) -> ir.Table:
    used = {c for d in derived for c in (*d.where, *([d.of] if d.of else []))}
    return persons.mutate(**{f"{c}__missing": reason_of(persons, c) for c in sorted(used)})


def _condition(persons: ir.Table, derived: DerivedMap) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.StringValue]:
    """Whether a person meets `where`, whether that is unknown, and the reason."""
    parts = [_part(persons, name, wanted) for name, wanted in derived.where.items()]
    if not parts:
        return ibis.literal(True), ibis.literal(False), ibis.null("string")
    met = ibis.and_(*[p[0] for p in parts])
    fails = ibis.or_(*[~p[0] & ~p[1] for p in parts])
    unknown = ibis.or_(*[p[1] for p in parts]) & ~fails
    why = ibis.coalesce(*[ibis.ifelse(p[1], p[2], ibis.null("string")) for p in parts])
    return met, unknown, ibis.ifelse(unknown, why, ibis.null("string"))


def _part(persons: ir.Table, name: str, wanted: Any) -> tuple[ir.BooleanValue, ir.BooleanValue, ir.StringValue]:
    column, reason = persons[name], persons[f"{name}__missing"]
    unknown = column.isnull() & (reason.fill_null("") != "not_applicable")
    return meets(column, wanted), unknown, reason


def meets(column: ir.Value, wanted: Any) -> ir.BooleanValue:
    """Whether a value meets one condition of a mapping file; a missing value does not."""
    if isinstance(wanted, dict):
        return (column > wanted["above"]).fill_null(False)
    return column.isin(wanted if isinstance(wanted, list) else [wanted]).fill_null(False)


def _aggregates(marked: ir.Table, derived: DerivedMap) -> dict[str, ir.Value]:
    """The household's value and its reason for missing."""
    met, unknown = marked[f"{derived.name}__meets"], marked[f"{derived.name}__unknown"]
    number, doubts = met.cast("int64").sum().cast("int64"), unknown.cast("int64").sum()
    why, nothing = marked[f"{derived.name}__why"].min(), ibis.null("string")
    if derived.aggregate == "any":
        value = ibis.cases((number > 0, 1), (doubts > 0, ibis.null("int64")), else_=0).cast("int64")
        reason = ibis.ifelse((number == 0) & (doubts > 0), why, nothing)
    elif derived.aggregate == "count":
        value = ibis.ifelse(doubts > 0, ibis.null("int64"), number)
        reason = ibis.ifelse(doubts > 0, why, nothing)
    elif derived.aggregate == "first":
        value, reason = _first(marked, derived, why)
    else:
        value, reason = _summary(marked, derived, doubts, why)
    return {derived.name: value.cast(TYPES[derived.column.dtype]), f"{derived.name}__missing": reason}


def _first(marked: ir.Table, derived: DerivedMap, why: ir.StringValue) -> tuple[ir.Value, ir.StringValue]:
    first = marked.person_id == marked[f"{derived.name}__first"]
    value = marked[str(derived.of)].max(where=first)  # one person, so the largest is the value itself
    found = first.cast("int64").sum() > 0
    return value, ibis.ifelse(found, marked[f"{derived.of}__missing"].max(where=first), why)


def _summary(
    marked: ir.Table, derived: DerivedMap, doubts: ir.IntegerValue, why: ir.StringValue
) -> tuple[ir.Value, ir.StringValue]:
    of, of_reason = marked[str(derived.of)], marked[f"{derived.of}__missing"]
    hidden = marked[f"{derived.name}__meets"] & of.isnull() & (of_reason.fill_null("") != "not_applicable")
    unclear = doubts + hidden.cast("int64").sum() > 0
    pick = {"sum": of.sum, "max": of.max, "min": of.min}[derived.aggregate]
    value = pick(where=marked[f"{derived.name}__meets"])
    reason = ibis.coalesce(why, of_reason.min(where=hidden))
    kind = TYPES[derived.column.dtype]
    return ibis.ifelse(unclear, ibis.null(kind), value.cast(kind)), ibis.ifelse(unclear, reason, ibis.null("string"))
