"""One table's raw rows with their looked-up rows: the cells that its columns are made from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir

from fanpin.harmonise.formulas import Cell
from fanpin.harmonise.mapping import FileRole, Keep, TableMap
from fanpin.harmonise.raw import ABSENT, Field, RawRole, split_reference
from fanpin.harmonise.read import FILE
from fanpin.harmonise.readers.columns import TAG


@dataclass(frozen=True, kw_only=True)
class RawCell:
    """A raw variable in the rows of a table: its text or number, and what may make it missing."""

    variable: str
    role: FileRole
    rows: ir.Table
    column: str
    field: Field

    @property
    def there(self) -> ir.BooleanValue:
        """Whether the field has something in it, a code or an extended missing value included."""
        here = self.rows[self.column].notnull()
        return here | (self.rows[self.column + TAG].fill_null(ABSENT) != ABSENT) if self.field.tagged else here

    @property
    def number(self) -> ir.FloatingValue:
        """The value as a number; missing where the text is none."""
        return self.rows[self.column] if self.field.numeric else _number(self.rows[self.column])

    @property
    def text(self) -> ir.StringValue:
        """The value as text, or the extended missing value; whole numbers have no decimal point."""
        if not self.field.numeric:
            text = self.rows[self.column]
        else:
            number = self.number
            whole = (number == number.floor()) & (number.abs() < 1e15)
            text = ibis.ifelse(whole, number.round().cast("int64").cast("string"), number.cast("string"))
        return ibis.coalesce(text, self._tag) if self.field.tagged else text

    @property
    def _tag(self) -> ir.StringValue:
        return self.rows[self.column + TAG].nullif(ABSENT)

    def has(self, codes: Iterable[str]) -> ir.BooleanValue:
        """Whether it has one of the codes: as a number where the code is one, so that 8, 08 and 8.0 are one code."""
        listed = list(codes)
        numbers = [float(c) for c in listed if is_number(c)]
        words = [c for c in listed if not is_number(c)]
        tests = [self.number.isin(numbers)] if numbers else []
        if plain := [w for w in words if not w.startswith(".")]:
            tests += [] if self.field.numeric else [self.rows[self.column].isin(plain)]
        if tags := [w for w in words if w.startswith(".")]:
            tests += [self._tag.isin(tags)] if self.field.tagged else []
        return ibis.or_(*tests).fill_null(False) if tests else ibis.literal(False)

    def reason(self, missing: dict[str, str], codes: Iterable[str] = (), *, as_text: bool = False) -> ir.StringValue:
        """The reason for missing by code, "not_asked" where the file lacks the variable.

        Where the text itself is the value (`as_text`), codes are compared as text, which is many times faster. An extended missing value that is neither a reason nor one of the mapping's other `codes` is "lost_in_coding".
        """
        numbers = {float(code): why for code, why in missing.items() if is_number(code)}
        words: dict[str, list[str]] = {}
        for code, why in missing.items():
            if not is_number(code) and (self.field.tagged if code.startswith(".") else not self.field.numeric):
                words.setdefault(why, []).append(code)
        branches = [(self.has(codes), ibis.literal(why)) for why, codes in words.items()]
        if self.field.tagged:
            tag = self.rows[self.column + TAG]
            named = [c for c in (*missing, *codes) if c.startswith(".")]
            branches.insert(0, ((tag == ABSENT).fill_null(False), ibis.literal("not_asked")))
            branches.append((tag.notnull() & ~tag.isin([ABSENT, *named]), ibis.literal("lost_in_coding")))
        if as_text and not self.field.numeric:
            spelled = {s: why for n, why in numbers.items() for s in dict.fromkeys((f"{n:g}", str(n)))}
            by_number = self.rows[self.column].cases(*spelled.items()) if spelled else ibis.null("string")
        else:
            by_number = self.number.cases(*numbers.items()) if numbers else ibis.null("string")
        return ibis.cases(*branches, else_=by_number) if branches else by_number

    def cell(self) -> Cell:
        """Number and reason, as formulas take them."""
        reason = self.reason(dict(self.role.missing))
        return ibis.ifelse(reason.isnull(), self.number, ibis.null("float64")), reason


def is_number(code: str) -> bool:
    """Whether a code is compared as a number."""
    try:
        return math.isfinite(float(code))
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The rows of one role in a table, joined to the rows they look up.

    Attributes
    ----------
    role : the role whose rows these are.
    rows : FILE, and the columns of each role as role:column.
    """

    table: TableMap
    role: str
    rows: ir.Table
    roles: dict[str, RawRole]

    def find(self, variable: str) -> list[RawCell]:
        """The cells that a variable or pattern stands for; none where its file is not given or lacks it."""
        where, name = split_reference(variable, self.table)
        own = self.role if self.role in where else where[0]
        if own not in self.roles or (own in self.table.roles and own != self.role):
            return []
        return [
            RawCell(variable=v, role=self.roles[own].role, rows=self.rows, column=f"{own}_{f.column}", field=f)
            for v, f in self.roles[own].find(name)
        ]

    def formula_cells(self, variable: str) -> list[Cell]:
        """The cells of a formula's variable; one that no file has was not asked."""
        found = [c.cell() for c in self.find(variable)]
        return found or [(ibis.null("float64"), ibis.literal("not_asked"))]

    @cached_property
    def kept(self) -> ir.BooleanValue:
        """Whether a row meets the table's conditions."""
        return ibis.and_(ibis.literal(True), *[self._meets(k) for k in self.table.keep])

    def _meets(self, keep: Keep) -> ir.BooleanValue:
        found = self.find(keep.variable)
        if not found:
            return ibis.literal(True)
        return found[0].has(keep.codes) if keep.codes else found[0].there


def table_cells(
    table: TableMap,
    role: str,
    roles: dict[str, RawRole],
    *,
    wanted: Iterable[str] | None = None,
    only_kept: bool = True,
) -> Cells:
    """The raw rows of one role of a table, with their lookups joined and text that stands for numbers read.

    Only the variables `wanted` (references as in the mapping; all that the table reads by default) are in the rows.
    """
    references = list(table_variables(table) if wanted is None else wanted)
    columns = {r: dict.fromkeys(c for v in references for c in _columns_of(v, table, r, roles)) for r in roles}
    used = [lookup for lookup in table.lookups if lookup.role in roles and columns[lookup.role]]
    for lookup in used:
        columns[role] |= dict.fromkeys(_key_column(roles[role], here) for here, _ in lookup.on)
        columns[lookup.role] |= dict.fromkeys(_key_column(roles[lookup.role], far) for _, far in lookup.on)
    rows = _named(roles[role], role, columns[role], keep_file=True)
    for lookup in used:
        there = _named(roles[lookup.role], lookup.role, columns[lookup.role], keep_file=False)
        on = [
            rows[f"{role}_{_key_column(roles[role], here)}"]
            == there[f"{lookup.role}_{_key_column(roles[lookup.role], far)}"]
            for here, far in lookup.on
        ]
        rows = rows.left_join(there, on)
    cells = Cells(table=table, role=role, rows=rows, roles=roles)
    if not only_kept or not table.keep:
        return cells
    return Cells(table=table, role=role, rows=rows.filter(cells.kept), roles=roles)


def table_variables(table: TableMap) -> list[str]:
    """Every variable, or pattern of variables, that a table's columns and conditions read."""
    found = [v for c in table.columns.values() for v in (*c.variables, *(m.variable for m in c.missing_if))]
    return list(dict.fromkeys([*found, *(k.variable for k in table.keep)]))


def _columns_of(variable: str, table: TableMap, role: str, roles: dict[str, RawRole]) -> list[str]:
    where, name = split_reference(variable, table)
    return [f.column for _, f in roles[role].find(name)] if role in where else []


def _key_column(raw: RawRole, variable: str) -> str:
    return raw.find(variable)[0][1].column


def _named(raw: RawRole, role: str, columns: Iterable[str], *, keep_file: bool) -> ir.Table:
    """The columns with the role before their names, tags included."""
    wanted = [c for c in columns for c in (c, c + TAG) if c in raw.rows.columns]
    named = {f"{role}_{c}": raw.rows[c] for c in wanted}
    return raw.rows.select(**({FILE: raw.rows[FILE]} if keep_file else {}), **named)


def _number(text: ir.StringValue) -> ir.FloatingValue:
    number = text.try_cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
