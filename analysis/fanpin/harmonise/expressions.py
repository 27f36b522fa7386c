"""Mapped columns as Ibis expressions over raw cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.engine import stacked
from fanpin.core.options import BadValues
from fanpin.harmonise.cells import Cells, RawCell, is_number, table_cells
from fanpin.harmonise.formulas import evaluate, first_known, is_null
from fanpin.harmonise.mapping import OTHER, ColumnMap, TableMap
from fanpin.harmonise.raw import RawRole
from fanpin.harmonise.read import FILE

TYPES = {"string": "string", "integer": "int64", "float": "float64", "boolean": "int64"}
TOTALS = ["合计", "总计", "小计", "共计", "总和", "total", "Total", "TOTAL", "sum", "Sum", "SUM"]  # no identifier
BIG = 1e15  # whole numbers below it are exact as integers and as doubles

Parts = tuple[ir.Value, ir.StringValue, ir.StringValue]  # value, reason for missing, text that is not understood


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """The canonical columns of one table as expressions over the rows of each of its files.

    A value is there, or has a reason, or has text that is not understood, or its field is empty: exactly one of these.
    """

    parts: tuple[tuple[Cells, dict[str, Parts]], ...]

    def stored(self, bad_values: BadValues) -> ir.Table:
        """Values with their reasons for missing, if they can have any; text not understood may become such a reason."""
        with_reasons = {
            name for _, columns in self.parts for name, (_, reason, _) in columns.items()
            if bad_values == "missing" or not is_null(reason)
        }  # fmt: skip
        tables = [
            cells.rows.select(**_stored(cells, columns, with_reasons, bad_values)) for cells, columns in self.parts
        ]
        return stacked(tables)

    def of(self, names: Iterable[str]) -> ir.Table:
        """Some columns with their text not understood, as x__bad."""
        wanted = list(names)
        tables = [
            cells.rows.select(**{
                FILE: cells.rows[FILE],
                **{k: v for n in wanted for k, v in {n: columns[n][0], f"{n}__bad": columns[n][2]}.items()},
            })
            for cells, columns in self.parts
        ]  # fmt: skip
        return stacked(tables)


def _stored(
    cells: Cells, columns: dict[str, Parts], with_reasons: set[str], bad_values: BadValues
) -> dict[str, ir.Value]:
    stored: dict[str, ir.Value] = {FILE: cells.rows[FILE]}
    for name, (value, reason, bad) in columns.items():
        stored[name] = value
        if name in with_reasons:
            lost = ibis.ifelse(bad.notnull(), ibis.literal("lost_in_coding"), ibis.null("string"))
            stored[f"{name}__missing"] = first_known(reason, lost) if bad_values == "missing" else reason
    return stored


def mapped_table(table: TableMap, roles: dict[str, RawRole]) -> Mapped:
    """The columns of a table as expressions over the raw rows of its files."""
    every = [table_cells(table, role, roles) for role in table.roles if role in roles]
    return Mapped(parts=tuple((cells, {m.name: _column(cells, m) for m in table.columns.values()}) for cells in every))


def reason_of(rows: ir.Table, name: str) -> ir.StringValue:
    """The column of reasons for missing, all NULL where the mapping gives none."""
    return rows[f"{name}__missing"] if f"{name}__missing" in rows.columns else ibis.null("string")


def _column(cells: Cells, mapped: ColumnMap) -> Parts:
    """Value, reason for missing, and the text that the mapping does not understand."""
    kind = TYPES[mapped.column.dtype]
    if mapped.origin == "constant":
        return ibis.literal(mapped.constant).cast(kind), ibis.null("string"), ibis.null("string")
    if mapped.origin == "carried_by":
        return ibis.null(kind), ibis.literal("not_asked"), ibis.null("string")
    value, reason, bad, there = _origin(cells, mapped, kind)
    conditions = [
        (found[0].has(m.codes), ibis.literal(m.reason)) for m in mapped.missing_if if (found := cells.find(m.variable))
    ]
    if conditions:
        other = ibis.cases(*conditions, else_=ibis.null("string"))
        value, bad = (ibis.ifelse(other.isnull(), part, ibis.null(part.type())) for part in (value, bad))
        reason = first_known(other, reason)
    if mapped.empty_reason is not None:
        reason = first_known(reason, ibis.ifelse(there, ibis.null("string"), ibis.literal(mapped.empty_reason)))
    if mapped.empty_value is not None:
        filled = ibis.literal(mapped.empty_value).cast(kind)
        value = ibis.ifelse(there | reason.notnull(), value, filled)
    return value.cast(kind), reason, bad


def _origin(
    cells: Cells, mapped: ColumnMap, kind: str
) -> tuple[ir.Value, ir.StringValue, ir.StringValue, ir.BooleanValue]:
    """Value, reason and text not understood by the column's own rule, and whether there is something in its fields."""
    if mapped.origin == "compute":
        return _computed(cells, mapped, kind)
    found = _found(cells, mapped)
    if not found or (mapped.origin in ("join", "year_quarter") and len(found) < len(mapped.variables)):
        return ibis.null(kind), ibis.literal("not_asked"), ibis.null("string"), ibis.literal(False)
    if mapped.origin == "any":
        return _any(found, mapped)
    if mapped.origin == "from":
        return _first(found, mapped, kind)
    reasons = first_known(*[c.reason(_missing(c, mapped), as_text=mapped.as_text) for c in found])
    there = ibis.and_(*[c.there for c in found])
    text = ibis.literal("|").join([c.text for c in found]) if len(found) > 1 else found[0].text
    value = _joined(found, mapped) if mapped.origin == "join" else _quarter(found)
    value = ibis.ifelse(reasons.isnull() & there, value, ibis.null(value.type())).cast(kind)
    bad = ibis.ifelse(reasons.isnull() & there & value.isnull(), text, ibis.null("string"))
    return value, reasons, bad, there


def _found(cells: Cells, mapped: ColumnMap) -> list[RawCell]:
    return [cell for variable in mapped.variables for cell in cells.find(variable)]


def _missing(cell: RawCell, mapped: ColumnMap) -> dict[str, Any]:
    return {} if mapped.missing is None else {**cell.role.missing, **mapped.missing}


def _quarter(found: list[RawCell]) -> ir.IntegerValue:
    year, quarter = (_whole(c.number) for c in found)
    return ibis.ifelse(quarter.between(1, 4), 4 * year + quarter, ibis.null("int64"))


def _any(found: list[RawCell], mapped: ColumnMap) -> tuple[ir.Value, ir.StringValue, ir.StringValue, ir.BooleanValue]:
    reasons = [c.reason(_missing(c, mapped), mapped.codes) for c in found]
    hit = ibis.or_(*[c.has(mapped.codes) for c in found])
    there = ibis.or_(*[c.there for c in found])
    answered = ibis.or_(*[c.there & r.isnull() for c, r in zip(found, reasons, strict=True)])
    value = ibis.cases((hit, ibis.literal(1, "int64")), (answered, ibis.literal(0, "int64")), else_=ibis.null("int64"))
    why = first_known(*reasons)
    reason = why if is_null(why) else ibis.ifelse(answered | hit, ibis.null("string"), why)
    return value, reason, ibis.null("string"), there


def _first(
    found: list[RawCell], mapped: ColumnMap, kind: str
) -> tuple[ir.Value, ir.StringValue, ir.StringValue, ir.BooleanValue]:
    """The value of the first variable that has one."""
    parts = []
    for cell in found:
        reason = cell.reason(_missing(cell, mapped), mapped.recode, as_text=mapped.as_text)
        value = ibis.ifelse(reason.isnull() & cell.there, _single(cell, mapped), ibis.null(kind)).cast(kind)
        bad = ibis.ifelse(reason.isnull() & cell.there & value.isnull(), cell.text, ibis.null("string"))
        parts.append((value, reason, bad))
    there = ibis.or_(*[c.there for c in found])
    if len(parts) == 1:
        return (*parts[0], there)
    value, bad = ibis.coalesce(*[p[0] for p in parts]), ibis.coalesce(*[p[2] for p in parts])
    why = first_known(*[p[1] for p in parts])
    reason = why if is_null(why) else ibis.ifelse(value.isnull() & bad.isnull(), why, ibis.null("string"))
    return value, reason, bad, there


def _computed(
    cells: Cells, mapped: ColumnMap, kind: str
) -> tuple[ir.Value, ir.StringValue, ir.StringValue, ir.BooleanValue]:
    assert mapped.formula is not None
    number, reason = evaluate(mapped.formula, cells.formula_cells)
    found = _found(cells, mapped)
    there = ibis.and_(ibis.literal(True), *[c.there for c in found])
    codes = [
        (number == float(code), ibis.literal(why)) for code, why in (mapped.missing or {}).items() if is_number(code)
    ]
    if codes:
        reason = first_known(reason, ibis.cases(*codes, else_=ibis.null("string")))
    value = _recoded_number(number, mapped, kind) if mapped.recode else _typed(_scaled(number, mapped), mapped)
    value = ibis.ifelse(reason.isnull(), value, ibis.null(value.type())).cast(kind)
    bad = ibis.ifelse(reason.isnull() & number.notnull() & value.isnull(), number.cast("string"), ibis.null("string"))
    return value, reason, bad, there & number.notnull() | (there & reason.notnull())


def _single(cell: RawCell, mapped: ColumnMap) -> ir.Value:
    if mapped.recode:
        return _recoded(cell, mapped)
    if mapped.column.dtype == "string":
        return _label(cell) if mapped.value_labels else _identifier(cell.text, mapped)
    number = cell.number
    if mapped.replace:
        new = [(cell.has([o]), ibis.literal(float(v), "float64")) for o, v in mapped.replace.items()]
        number = ibis.cases(*new, else_=number)
    return _typed(_scaled(number, mapped), mapped)


def _joined(found: list[RawCell], mapped: ColumnMap) -> ir.StringValue:
    """A|B; missing where a part is, which joining text would pass over."""
    parts = [_identifier(c.text, mapped) for c in found]
    return ibis.ifelse(ibis.and_(*[p.notnull() for p in parts]), ibis.literal("|").join(parts), ibis.null("string"))


def _identifier(text: ir.StringValue, mapped: ColumnMap) -> ir.StringValue:
    """The text; missing in a column of identifiers where it is a number that lost digits, or the name of a row of totals."""
    if not is_identifier(mapped):
        return text
    exponent = ibis.ifelse(text.upper().contains("E+"), text.try_cast("float64").notnull(), False)
    return ibis.ifelse(exponent | text.isin(TOTALS), ibis.null("string"), text)


def is_identifier(mapped: ColumnMap) -> bool:
    """Whether the column's text identifies a household, person or place."""
    return mapped.column.dtype == "string" and mapped.name.endswith("_id")


def _scaled(number: ir.FloatingValue, mapped: ColumnMap) -> ir.FloatingValue:
    return number if mapped.factor is None else number * ibis.literal(float(mapped.factor), "float64")


def _typed(number: ir.FloatingValue, mapped: ColumnMap) -> ir.NumericValue:
    if mapped.column.dtype == "float":
        return number
    whole = _whole(number)  # also for text, which a computed identifier is
    return ibis.ifelse(whole.isin([0, 1]), whole, ibis.null("int64")) if mapped.column.dtype == "boolean" else whole


def _label(cell: RawCell) -> ir.StringValue:
    branches = [
        (cell.has([f"{c:g}" if isinstance(c, float) else str(c)]), ibis.literal(t))
        for c, t in cell.field.labels.items()
    ]
    return ibis.cases(*branches, else_=cell.text) if branches else cell.text


def _recoded(cell: RawCell, mapped: ColumnMap) -> ir.Value:
    """The new value of each code; codes not in the table are missing, unless it has an entry for any other."""
    kind, table = TYPES[mapped.column.dtype], mapped.recode
    branches = [(cell.has(codes), ibis.literal(new).cast(kind)) for new, codes in _old_by_new(table).items()]
    other = ibis.literal(table[OTHER]).cast(kind) if OTHER in table else ibis.null(kind)
    return ibis.cases(*branches, else_=other) if branches else other


def _recoded_number(number: ir.FloatingValue, mapped: ColumnMap, kind: str) -> ir.Value:
    branches = [
        (number.isin([float(c) for c in codes]), ibis.literal(new).cast(kind))
        for new, codes in _old_by_new(mapped.recode).items()
    ]
    other = ibis.literal(mapped.recode[OTHER]).cast(kind) if OTHER in mapped.recode else ibis.null(kind)
    return ibis.cases(*branches, else_=other) if branches else other


def _old_by_new(table: dict[str, Any]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    for old, new in table.items():
        if old != OTHER:
            found.setdefault(new, []).append(old)
    return found


def _whole(number: ir.FloatingValue) -> ir.IntegerValue:
    return ibis.ifelse((number == number.floor()) & (number.abs() < BIG), number, ibis.null("float64")).cast("int64")
