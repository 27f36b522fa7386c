"""From raw files to canonical tables: read, map, check, derive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS, canonical_columns
from fanpin.core.engine import fetch_frame, quiet
from fanpin.core.errors import RawFileError
from fanpin.core.options import Engine, check_option
from fanpin.harmonise import validate
from fanpin.harmonise.catalogue import catalogue_of, find_layouts
from fanpin.harmonise.derive import with_derived
from fanpin.harmonise.expressions import TYPES, mapped_table, reason_of, storable
from fanpin.harmonise.failures import ExtractError, Failure, issues_frame
from fanpin.harmonise.harmonised import Harmonised
from fanpin.harmonise.mapping import Layout, TableMap
from fanpin.harmonise.read import FILE, RawFile, matched_files, read_role

Mapped = dict[str, dict[str, ir.Table]]  # layout -> canonical table -> mapped rows


def harmonise_files(source: str, files: str | Path | Iterable[str | Path], *, engine: Engine) -> Harmonised:
    """See `fanpin.harmonise.harmonise`."""
    check_option("engine", engine, Engine)
    layouts = find_layouts(source)
    raw_files, unused = matched_files(files, layouts)
    used = [la for la in layouts if any(f.layout is la for f in raw_files)]
    connection = ibis.duckdb.connect()
    with quiet():
        rows_read, mapped = _mapped(connection, used, raw_files)
        _check_waves(used, mapped)
        failures = _listed_failures(used, mapped) + [_unused(path) for path in unused]
        tables = _canonical(connection, used, mapped)
    return Harmonised(
        source=used[0].source, tables=tables, issues=issues_frame(failures), rows_read=rows_read,
        catalogue=catalogue_of(used, tables), connection=connection,
    )  # fmt: skip


def _mapped(connection: Any, layouts: list[Layout], raw_files: list[RawFile]) -> tuple[dict[str, int], Mapped]:
    """The mapped rows of every layout and table, checked; raises with everything that is wrong with them."""
    rows_read: dict[str, int] = {}
    mapped: Mapped = {}
    failures: list[Failure] = []
    for layout in layouts:
        raw = {r: _raw_table(connection, layout, r, raw_files, rows_read) for r in layout.roles}
        mapped[layout.name] = {}
        for table in layout.tables.values():
            rows = mapped_table(raw[table.role], table, layout.roles[table.role])
            stored = connection.create_table(f"mapped/{layout.name}/{table.name}", storable(rows, table))
            failures += validate.stopping_failures(rows, stored, table, layout)
            mapped[layout.name][table.name] = stored
        for role in layout.roles:
            connection.drop_table(f"raw/{layout.name}/{role}")
    for table_name in KEYS:
        parts = [tables[table_name] for tables in mapped.values() if table_name in tables]
        if parts:
            keys = [p.select(FILE, *KEYS[table_name]) for p in parts]
            failures += validate.duplicate_keys(ibis.union(*keys) if len(keys) > 1 else keys[0], table_name)
    if failures:
        raise ExtractError(failures)
    return rows_read, mapped


def _raw_table(
    connection: Any, layout: Layout, role: str, raw_files: list[RawFile], rows_read: dict[str, int]
) -> ir.Table:
    rows = read_role([f for f in raw_files if f.layout is layout and f.role.name == role])
    table = connection.create_table(f"raw/{layout.name}/{role}", rows)
    counted = fetch_frame(table.group_by(FILE).agg(rows=table.count()).order_by(FILE))
    rows_read.update({str(f): int(n) for f, n in zip(counted[FILE], counted["rows"], strict=True)})
    return table


def _check_waves(layouts: list[Layout], mapped: Mapped) -> None:
    """Raise when a wave has rows in one table of a layout and none in another: a file is missing."""
    for layout in layouts:
        waves = {t: set(fetch_frame(rows.select("wave").distinct())["wave"]) for t, rows in mapped[layout.name].items()}
        every = set().union(*waves.values())
        for table, present in waves.items():
            if absent := sorted(every - present):
                role = layout.roles[layout.tables[table].role]
                raise RawFileError(
                    f"wave {', '.join(map(str, absent))} has no rows of {table}", expected=f"a file {role.pattern}",
                    next_step=f"give the {role.name} file of every wave, or leave the wave out",
                )  # fmt: skip


def _listed_failures(layouts: list[Layout], mapped: Mapped) -> list[Failure]:
    failures: list[Failure] = []
    for layout in layouts:
        tables = mapped[layout.name]
        for table in layout.tables.values():
            failures += validate.range_failures(tables[table.name], table)
        if {"household_wave", "person_wave"} <= set(tables) and "household_id" in tables["person_wave"].columns:
            derived = list(layout.tables["household_wave"].derived.values())
            failures += validate.household_failures(tables["person_wave"], tables["household_wave"], derived)
    return failures


def _unused(path: Path) -> Failure:
    return Failure(
        file=path.name, table="", column="", rule="no pattern of the mapping meets this name", rows=0, examples="",
        action="not read",
    )  # fmt: skip


def _canonical(connection: Any, layouts: list[Layout], mapped: Mapped) -> dict[str, ir.Table]:
    """The canonical tables over all layouts, with the reasons that occur."""
    tables: dict[str, ir.Table] = {}
    for name in KEYS:
        parts = [
            (layout.tables[name], _with_derived(connection, layout, mapped[layout.name], name))
            for layout in layouts if name in layout.tables
        ]  # fmt: skip
        if not parts:
            continue
        names = [c for c in canonical_columns() if any(c in t.columns or c in t.derived for t, _ in parts)]
        alike = [_aligned(table, rows, names) for table, rows in parts]
        whole = ibis.union(*alike) if len(alike) > 1 else alike[0]
        tables[name] = connection.create_table(name, whole.select(*_with_reasons_that_occur(whole, names)))
    for working in (n for n in connection.list_tables() if "/" in n):
        connection.drop_table(working)
    return tables


def _with_derived(connection: Any, layout: Layout, tables: dict[str, ir.Table], name: str) -> ir.Table:
    if name == "household_wave" and layout.tables[name].derived:
        derived = with_derived(tables[name], tables["person_wave"], list(layout.tables[name].derived.values()))
        tables[name] = connection.create_table(f"derived/{layout.name}", derived)
    return tables[name]


def _aligned(table: TableMap, rows: ir.Table, names: list[str]) -> ir.Table:
    """The rows with the columns of all layouts; one that this layout lacks was not asked."""
    columns: dict[str, Any] = {}
    for name in names:
        if name in table.columns or name in table.derived:
            columns |= {name: rows[name], f"{name}__missing": reason_of(rows, name)}
        else:
            kind = TYPES[canonical_columns()[name].dtype]
            columns |= {name: ibis.null(kind), f"{name}__missing": ibis.literal("not_asked")}
    return rows.select(**columns)


def _with_reasons_that_occur(rows: ir.Table, names: list[str]) -> list[str]:
    counted = fetch_frame(rows.aggregate(**{f"{n}__missing": rows[f"{n}__missing"].count() for n in names})).iloc[0]
    return [c for n in names for c in (n, f"{n}__missing") if c == n or counted[c] > 0]
