"""Mapped columns as Ibis expressions over a raw table whose columns are all text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.harmonise.mapping import OTHER, ColumnMap, FileRole, TableMap
from fanpin.harmonise.read import FILE

TYPES = {"string": "string", "integer": "int64", "float": "float64", "boolean": "int64"}
BIG = 1e15  # whole numbers below it are exact as integers and as doubles


def mapped_table(raw: ir.Table, table: TableMap, role: FileRole) -> ir.Table:
    """The canonical columns of one table, each with `x__missing` (a reason) and `x__bad` (text not understood).

    A value is there, or has a reason, or has text that is not understood, or its field is empty: exactly one of these.
    """
    cells = _cells(raw, table, role)
    columns: dict[str, ir.Value] = {FILE: cells[FILE]}
    for mapped in table.columns.values():
        value, reason, bad = _column(cells, mapped)
        columns |= {mapped.name: value, f"{mapped.name}__missing": reason, f"{mapped.name}__bad": bad}
    return cells.select(**columns)


def storable(mapped: ir.Table, table: TableMap) -> ir.Table:
    """The mapped columns without what is not understood, and with reasons only where the mapping can give one."""
    reasons = [f"{c.name}__missing" for c in table.columns.values() if c.missing or c.missing_if or c.empty_reason]
    return mapped.select(FILE, *table.columns, *reasons)


def reason_of(rows: ir.Table, name: str) -> ir.StringValue:
    """The column of reasons for missing, all NULL where the mapping gives none."""
    return rows[f"{name}__missing"] if f"{name}__missing" in rows.columns else ibis.null("string")


def _cells(raw: ir.Table, table: TableMap, role: FileRole) -> ir.Table:
    """Each variable as text (an empty field is missing), and as a number where it is one."""
    variables = list(dict.fromkeys(v for c in table.columns.values() for v in c.needed))
    empty = ["", *role.null]
    blanked = {f"{v}__text": ibis.ifelse(raw[v].isin(empty), ibis.null("string"), raw[v]) for v in variables}
    trimmed = raw.select(FILE, **blanked)
    return trimmed.mutate(**{f"{v}__number": _number(trimmed[f"{v}__text"]) for v in variables})


def _number(text: ir.StringValue) -> ir.FloatingValue:
    number = text.try_cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def _has_code(cells: ir.Table, variable: str, codes: Iterable[str]) -> ir.BooleanValue:
    """Whether a variable has one of the codes: as a number where the code is a number, so that 8, 08 and 8.0 are one."""
    numbers = [float(c) for c in codes if _is_number(c)]
    words = [c for c in codes if not _is_number(c)]
    tests = [cells[f"{variable}__number"].isin(numbers)] if numbers else []
    return ibis.or_(*tests, *([cells[f"{variable}__text"].isin(words)] if words else []))


def _is_number(code: str) -> bool:
    try:
        return math.isfinite(float(code))
    except ValueError:
        return False


def _column(cells: ir.Table, mapped: ColumnMap) -> tuple[ir.Value, ir.StringValue, ir.StringValue]:
    """Value, reason for missing, and the text that the mapping does not understand."""
    present, value = _origin(cells, mapped)
    reason = _reason(cells, mapped, present)
    kind = TYPES[mapped.column.dtype]
    there = ibis.ifelse(reason.isnull() & present, value, ibis.null(kind)).cast(kind)
    bad = ibis.ifelse(reason.isnull() & present & there.isnull(), _text(cells, mapped), ibis.null("string"))
    if mapped.empty_value is not None:
        there = ibis.ifelse(present | reason.notnull(), there, ibis.literal(mapped.empty_value).cast(kind))
    return there, reason, bad


def _origin(cells: ir.Table, mapped: ColumnMap) -> tuple[ir.BooleanValue, ir.Value]:
    """Whether every variable has text, and the value it stands for (missing where it is not understood)."""
    if mapped.origin == "constant":
        return ibis.literal(True), ibis.literal(mapped.constant)
    present = ibis.and_(*[cells[f"{v}__text"].notnull() for v in mapped.variables])
    if mapped.origin == "join":
        return present, _text(cells, mapped)
    if mapped.origin == "year_quarter":
        year, quarter = (_whole(cells[f"{v}__number"]) for v in mapped.variables)
        return present, ibis.ifelse(quarter.between(1, 4), 4 * year + quarter, ibis.null("int64"))
    return present, _single(cells, mapped)


def _text(cells: ir.Table, mapped: ColumnMap) -> ir.StringValue:
    if not mapped.variables:
        return ibis.literal("")
    return ibis.literal("|").join([cells[f"{v}__text"] for v in mapped.variables])


def _single(cells: ir.Table, mapped: ColumnMap) -> ir.Value:
    variable = mapped.variables[0]
    if mapped.recode:
        return _recoded(cells, mapped)
    if mapped.column.dtype == "string":
        return cells[f"{variable}__text"]
    number = cells[f"{variable}__number"]
    if mapped.replace:
        new = [(_has_code(cells, variable, [o]), ibis.literal(float(v), "float64")) for o, v in mapped.replace.items()]
        number = ibis.cases(*new, else_=number)
    if mapped.factor is not None:
        number = number * ibis.literal(float(mapped.factor), "float64")
    if mapped.column.dtype == "float":
        return number
    whole = _whole(number)
    return whole if mapped.column.dtype == "integer" else ibis.ifelse(whole.isin([0, 1]), whole, ibis.null("int64"))


def _recoded(cells: ir.Table, mapped: ColumnMap) -> ir.Value:
    """The new value of each code; codes not in the table are missing, unless it has an entry for any other."""
    kind, table = TYPES[mapped.column.dtype], mapped.recode
    old_by_new: dict[Any, list[str]] = {}
    for old, new in table.items():
        if old != OTHER:
            old_by_new.setdefault(new, []).append(old)
    branches = [
        (_has_code(cells, mapped.variables[0], codes), ibis.literal(new).cast(kind))
        for new, codes in old_by_new.items()
    ]
    other = ibis.literal(table[OTHER]).cast(kind) if OTHER in table else ibis.null(kind)
    return ibis.cases(*branches, else_=other) if branches else other


def _whole(number: ir.FloatingValue) -> ir.IntegerValue:
    return ibis.ifelse((number == number.floor()) & (number.abs() < BIG), number, ibis.null("float64")).cast("int64")


def _reason(cells: ir.Table, mapped: ColumnMap, present: ir.BooleanValue) -> ir.StringValue:
    branches = [(_has_code(cells, m.variable, m.codes), m.reason) for m in mapped.missing_if]
    branches += [(_has_code(cells, mapped.variables[0], [old]), reason) for old, reason in mapped.missing.items()]
    if mapped.empty_reason is not None:
        branches.append((~present, mapped.empty_reason))
    return ibis.cases(*branches, else_=ibis.null("string")) if branches else ibis.null("string")
