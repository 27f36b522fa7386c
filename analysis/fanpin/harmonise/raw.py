"""Raw rows on the engine: which variables are read from which file, under which names, as numbers or as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from fanpin.core.engine import stacked
from fanpin.core.errors import RawFileError
from fanpin.harmonise.engines import Store
from fanpin.harmonise.formulas import matching
from fanpin.harmonise.mapping import FileRole, Layout, TableMap
from fanpin.harmonise.read import FILE, RawFile
from fanpin.harmonise.readers import may_have_blank_rows, read_rows
from fanpin.harmonise.readers.columns import TAG, number_text

ABSENT = "absent"  # the tag of a variable that this file does not have and another file of the role does
BEYOND_INTEGERS = 2.0**63  # whole numbers below it are written with all their digits


@dataclass(frozen=True, kw_only=True)
class Field:
    """A raw variable on the engine.

    Attributes
    ----------
    column : its column there; extended missing values stand in `column` + "__tag" where `tagged`.
    numeric : every value is a number (float64); otherwise text.
    labels : value labels, code -> text.
    """

    column: str
    numeric: bool
    tagged: bool
    labels: dict[float | str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RawRole:
    """The rows of all files of one role, and where each variable is.

    Attributes
    ----------
    rows_read : rows of each file, blank ones included.
    blank : of these, those that are empty in every variable that is read; they are not in `rows`.
    lazy : the rows stay in their Parquet files and are read whenever they are needed.
    """

    role: FileRole
    rows: ir.Table
    fields: dict[str, Field]
    files: tuple[RawFile, ...]
    rows_read: dict[str, int]
    blank: dict[str, int] = field(default_factory=dict)
    lazy: bool = False

    def find(self, variable: str) -> list[tuple[str, Field]]:
        """The variables that a name or a pattern stands for, without regard to case."""
        lower = variable.lower()
        names = {name.lower(): name for name in self.fields}
        return [(names[n], self.fields[names[n]]) for n in matching(lower, list(names)) if n in names]


def split_reference(variable: str, table: TableMap) -> tuple[tuple[str, ...], str]:
    """The roles a variable may stand in, and its name there."""
    role, dot, name = variable.partition(".")
    return ((role,), name) if dot else (table.roles, variable)


def references(layout: Layout, role: str) -> Iterator[tuple[str, bool]]:
    """Each variable (or pattern) sought in a role's files, and whether its raw text is wanted."""
    for name in layout.roles[role].key:
        yield name, True
    for check in layout.roles[role].checks:
        for variable in (*check.left.variables, *check.right.variables):
            yield variable, False
    for table in layout.tables.values():
        for lookup in table.lookups:
            for here, there in lookup.on:
                if role in table.roles:
                    yield here, True
                if role == lookup.role:
                    yield there, True
        for variable, as_text in _table_references(table):
            roles, name = split_reference(variable, table)
            if role in roles:
                yield name, as_text


def _table_references(table: TableMap) -> Iterator[tuple[str, bool]]:
    for keep in table.keep:
        yield keep.variable, False
    for column in table.columns.values():
        for variable in column.variables:
            yield variable, column.as_text
        for condition in column.missing_if:
            yield condition.variable, False


def load_role(store: Store, layout: Layout, role: str, files: list[RawFile]) -> RawRole:
    """Put the mapped variables of a role's files on the engine.

    Raises
    ------
    UnknownNameError : a file lacks variables that the mapping needs; the message names the closest ones.
    RawFileError : a file cannot be read.
    """
    wanted = dict.fromkeys(v for v, _ in references(layout, role))
    as_text = {v.lower() for v, text in references(layout, role) if text}
    names = [resolved(f, list(wanted)) for f in files]
    variables = list(dict.fromkeys(v for found in names for v in found))
    columns = {v: f"v{i}" for i, v in enumerate(variables)}
    text = frozenset(v for v in variables if v.lower() in as_text)
    labels = _labels(files, names)
    key = f"raw/{layout.name}/{role}"
    lazy = all(f.path.suffix.lower() == ".parquet" for f in files)
    if lazy:
        blank = {}
        rows = _parquet_rows(store, key, files, names, columns, text)
        read = {f.path.name: parquet.read_metadata(f.path).num_rows for f in files}
    else:
        every = [_arrow_rows(f, found, columns, text) for f, found in zip(files, names, strict=True)]
        read = {f.path.name: part.num_rows for f, part in zip(files, every, strict=True)}
        parts = [_filled(f, part) for f, part in zip(files, every, strict=True)]
        blank = {f.path.name: read[f.path.name] - part.num_rows for f, part in zip(files, parts, strict=True)}
        rows = store.put(key, _stacked(parts, list(columns.values())))
    fields = {
        v: Field(
            column=c, numeric=rows[c].type().is_floating(), tagged=f"{c}{TAG}" in rows.columns, labels=labels.get(v, {})
        )
        for v, c in columns.items()
    }
    return RawRole(
        role=layout.roles[role], rows=rows, fields=fields, files=tuple(files), rows_read=read, blank=blank, lazy=lazy
    )


def resolved(file: RawFile, wanted: list[str]) -> dict[str, str]:
    """Variable -> its name in this file, which may differ in case or be an alias; those it lacks are left out."""
    lower = {h.lower(): h for h in file.header.names}
    found: dict[str, str] = {}
    for want in wanted:
        for name in matching(want.lower(), list(lower)):
            aliases = (name, *(a.lower() for a in file.role.aliases.get(want, ())))
            actual = next((lower[a] for a in aliases if a in lower), None)
            if actual is not None:
                found[want if name == want.lower() else name] = actual
    return found


def _labels(files: list[RawFile], names: list[dict[str, str]]) -> dict[str, dict[float | str, str]]:
    labels: dict[str, dict[float | str, str]] = {}
    for file, found in zip(files, names, strict=True):
        for variable, actual in found.items():
            for code, text in file.header.value_labels.get(actual, {}).items():
                labels.setdefault(variable, {}).setdefault(code, text)
    return labels


def _arrow_rows(file: RawFile, names: dict[str, str], columns: dict[str, str], as_text: frozenset[str]) -> pa.Table:
    rows = read_rows(file.path, file.options, names=names, as_text=as_text & set(names))
    data: dict[str, pa.ChunkedArray | pa.Array] = {FILE: pa.array([file.path.name] * rows.num_rows, pa.string())}
    for variable, column in columns.items():
        if variable in names:
            data[column] = rows.column(variable)
            if f"{variable}{TAG}" in rows.column_names:
                data[f"{column}{TAG}"] = rows.column(f"{variable}{TAG}")
        else:
            data[f"{column}{TAG}"] = pa.array([ABSENT] * rows.num_rows, pa.string())
    return pa.table(data)


def _filled(file: RawFile, rows: pa.Table) -> pa.Table:
    """The rows without those that are empty in every variable, of formats in which people leave such rows."""
    columns = [rows.column(c) for c in rows.column_names if c != FILE and not c.endswith(TAG)]
    if not columns or any(c.null_count == 0 for c in columns) or not may_have_blank_rows(file.path):
        return rows
    filled = reduce(compute.or_, (compute.is_valid(c) for c in columns))
    left = rows.filter(filled)
    if not left.num_rows:
        raise RawFileError(
            "the file has no rows", expected="values in the columns that are read", where=file.path,
            got=f"{rows.num_rows} rows without any", next_step="fetch the file again, or export it again",
        )  # fmt: skip
    return left


def _stacked(parts: list[pa.Table], columns: list[str]) -> pa.Table:
    """The rows of all files; a column that is text in one file is text in all."""
    for column in columns:
        kinds = {part.schema.field(column).type for part in parts if column in part.column_names}
        if len(kinds) > 1:
            parts = [_as_text(part, column) for part in parts]
    return pa.concat_tables(parts, promote_options="default")


def _as_text(part: pa.Table, column: str) -> pa.Table:
    if column not in part.column_names or pa.types.is_string(part.schema.field(column).type):
        return part
    text = number_text(part.column(column), exact=BEYOND_INTEGERS)
    return part.set_column(part.schema.get_field_index(column), column, text)


def _parquet_rows(
    store: Store,
    key: str,
    files: list[RawFile],
    names: list[dict[str, str]],
    columns: dict[str, str],
    text: frozenset[str],
) -> ir.Table:
    """The rows of Parquet files as they lie, with the columns cast to numbers or text; nothing is loaded."""
    parts = []
    for i, (file, found) in enumerate(zip(files, names, strict=True)):
        raw = store.parquet(f"{key}/{i}", file.path)
        selected: dict[str, ir.Value] = {FILE: ibis.literal(file.path.name)}
        for variable, column in columns.items():
            if variable in found:
                selected[column] = _cast(raw[found[variable]], variable in text)
            else:
                selected |= {column: ibis.null("float64"), f"{column}{TAG}": ibis.literal(ABSENT)}
        parts.append((selected, raw))
    every = list(dict.fromkeys(c for selected, _ in parts for c in selected))
    aligned = [raw.select(**{c: selected.get(c, ibis.null("string")) for c in every}) for selected, raw in parts]
    return stacked(aligned)


def _cast(column: ir.Value, as_text: bool) -> ir.Value:
    if column.type().is_string():
        return column.strip().nullif("")
    if as_text and column.type().is_floating():
        whole = (column == column.floor()) & (column.abs() < 2**53)
        return ibis.ifelse(whole, column.cast("int64").cast("string"), column.cast("string"))
    if as_text or not (column.type().is_numeric() or column.type().is_boolean()):
        return (column.cast("int64") if column.type().is_integer() else column).cast("string")
    return column.cast("float64")
