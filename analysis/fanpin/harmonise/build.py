"""From raw files to canonical tables: read, map, check, derive."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS, canonical_columns
from fanpin.core.engine import fetch_frame, quiet, stacked
from fanpin.core.errors import RawFileError, UnverifiedMappingWarning
from fanpin.core.options import BadValues, Engine, check_option
from fanpin.harmonise import raw_checks, validate
from fanpin.harmonise.carry import carried_columns, carried_values, with_carried
from fanpin.harmonise.catalogue import catalogue_of, find_layouts
from fanpin.harmonise.derive import left_join, with_derived
from fanpin.harmonise.engines import Store, open_store
from fanpin.harmonise.expressions import TYPES, mapped_table, reason_of
from fanpin.harmonise.failures import ExtractError, Failure, issues_frame
from fanpin.harmonise.harmonised import Harmonised
from fanpin.harmonise.mapping import Layout, TableMap
from fanpin.harmonise.raw import load_role
from fanpin.harmonise.raw_names import check_names
from fanpin.harmonise.read import FILE, RawFile, matched_files


@dataclass(frozen=True, kw_only=True)
class Made:
    """What one layout gives: the tables that its files allow, and their rows."""

    layout: Layout
    tables: dict[str, ir.Table]


def harmonise_files(
    source: str | Path, files: str | Path | Iterable[str | Path], *, engine: Engine, bad_values: BadValues
) -> Harmonised:
    """See `fanpin.harmonise.harmonise`."""
    check_option("engine", engine, Engine)
    check_option("bad_values", bad_values, BadValues)
    layouts = find_layouts(source)
    raw_files, unused = matched_files(files, layouts)
    used = [la for la in layouts if any(f.layout is la for f in raw_files)]
    store = open_store(engine, (f.path for f in raw_files))
    failures = [_unused(path) for path in unused]
    rows_read: dict[str, int] = {}
    with quiet():
        made = [_made(store, la, raw_files, layouts, bad_values, failures, rows_read) for la in used]
        for name in KEYS:
            keys = [m.tables[name].select(FILE, *KEYS[name]) for m in made if name in m.tables]
            if keys:
                failures += validate.duplicate_keys(stacked(keys), name)
        if any(f.action == "stopped" for f in failures):
            raise ExtractError([f for f in failures if f.action == "stopped"], failures)
        _check_waves(made)
        for one in made:
            failures += _listed_failures(one)
        tables = _canonical(store, made)
    _warn_of_unverified(made)
    return Harmonised(
        source=used[0].source, tables=tables, issues=issues_frame(failures), rows_read=rows_read,
        catalogue=catalogue_of([m.layout for m in made], tables), store=store,
    )  # fmt: skip


def _made(
    store: Store, layout: Layout, raw_files: list[RawFile], every: list[Layout], bad_values: BadValues,
    failures: list[Failure], rows_read: dict[str, int],
) -> Made:  # fmt: skip
    """The mapped rows of a layout, checked; what is wrong with them is added to `failures`."""
    files = {r: [f for f in raw_files if f.layout is layout and f.role.name == r] for r in layout.roles}
    layout = _with_given_files(layout, {r for r, given in files.items() if given})
    roles = {r: load_role(store, layout, r, given) for r, given in files.items() if given}
    for raw in roles.values():
        rows_read.update(raw.rows_read)
    tables: dict[str, ir.Table] = {}
    for table in layout.tables.values():
        if table.parent:
            continue
        check_names(table, layout, roles, every)
        stops = raw_checks.lookup_failures(table, roles)
        failures += stops
        if any(f.action == "stopped" for f in stops):
            continue
        failures += raw_checks.label_failures(table, roles) + raw_checks.left_out(table, roles)
        failures += raw_checks.unnamed_missing(table, roles)
        for raw in roles.values():
            failures += raw_checks.passed_over(table, raw)
        mapped = mapped_table(table, roles)
        stored = store.keep(f"mapped/{layout.name}/{table.name}", mapped.stored(bad_values))
        found = validate.stopping_failures(mapped, stored, table, layout, bad_values=bad_values, store=store)
        failures += found
        if bad_values == "missing" and any(f.action == "left out" for f in found):
            stored = validate.usable_rows(stored, table, layout)
        tables[table.name] = _collapsed(store, stored, table, layout, failures) if table.collapse else stored
    for raw in roles.values():
        failures += raw_checks.blank_failures(raw) + raw_checks.rule_failures(raw) + raw_checks.key_failures(raw)
    store.drop(f"raw/{layout.name}/{r}" for r, raw in roles.items() if not raw.lazy)
    return Made(layout=layout, tables=tables)


def _with_given_files(layout: Layout, given: set[str]) -> Layout:
    """The layout without tables whose files were not given, and without what is derived from these."""
    tables = {n: t for n, t in layout.tables.items() if t.parent or given & set(t.roles)}
    tables = {n: t for n, t in tables.items() if t.parent is None or t.parent in tables}
    trimmed = {
        n: replace(t, derived={c: d for c, d in t.derived.items() if d.table in tables}) for n, t in tables.items()
    }
    return replace(layout, tables=trimmed)


def _collapsed(store: Store, rows: ir.Table, table: TableMap, layout: Layout, failures: list[Failure]) -> ir.Table:
    """One row a key of a file that repeats it; columns that differ within a key are listed, the smallest value is taken."""
    failures += validate.collapse_failures(rows, table)
    keys = list(KEYS[table.name])
    grouped = rows.group_by(keys).agg(**{
        FILE: rows[FILE].min(),
        **{c: rows[c].min() for c in rows.columns if c not in (FILE, *keys)},
    })  # fmt: skip
    clean = {
        f"{c}__missing": ibis.ifelse(grouped[c].notnull(), ibis.null("string"), grouped[f"{c}__missing"])
        for c in table.columns
        if c not in keys and f"{c}__missing" in rows.columns
    }
    return store.keep(f"mapped/{layout.name}/{table.name}/collapsed", grouped.mutate(**clean).select(rows.columns))


def _check_waves(made: list[Made]) -> None:
    """Raise when a wave has rows in one table of a layout and none in another: a file is missing."""
    for one in made:
        waves = {t: set(fetch_frame(rows.select("wave").distinct())["wave"]) for t, rows in one.tables.items()}
        every = set().union(*waves.values())
        for table, present in waves.items():
            if absent := sorted(every - present):
                role = one.layout.roles[one.layout.tables[table].roles[0]]
                raise RawFileError(
                    f"wave {', '.join(f'{w:g}' for w in absent)} has no rows of {table}", expected=f"a file {role.shown}",
                    next_step=f"give the {role.name} file of every wave, or leave the wave out",
                )  # fmt: skip


def _listed_failures(made: Made) -> list[Failure]:
    failures: list[Failure] = []
    layout, tables = made.layout, made.tables
    for name, rows in tables.items():
        failures += validate.range_failures(rows, layout.tables[name], layout)
    if {"household_wave", "person_wave"} <= set(tables) and "household_id" in tables["person_wave"].columns:
        derived = [d for d in layout.tables["household_wave"].derived.values() if d.table == "person_wave"]
        failures += validate.household_failures(tables["person_wave"], tables["household_wave"], derived)
    return failures


def _unused(path: Path) -> Failure:
    return Failure(
        file=path.name, table="", column="", rule="no pattern of the mapping meets this name", rows=0, examples="",
        action="not read",
    )  # fmt: skip


def _canonical(store: Store, made: list[Made]) -> dict[str, ir.Table]:
    """The canonical tables over all layouts, with the reasons that occur.

    A table without derived or carried columns is a view of the mapped rows, which are stored already.
    """
    tables: dict[str, ir.Table] = {}
    for name in KEYS:
        parts = [(m.layout.tables[name], _derived(store, m, name)) for m in made if name in m.layout.tables]
        if not parts:
            continue
        names = [c for c in canonical_columns() if any(c in t.columns or c in t.derived for t, _ in parts)]
        names = list(dict.fromkeys([*KEYS[name], *names]))
        reasons = {c for _, rows in parts for c in rows.columns if c.endswith("__missing")}
        reasons |= {f"{n}__missing" for n in names if any(n not in rows.columns for _, rows in parts)}
        whole = stacked([_aligned(rows, names, reasons) for _, rows in parts])
        if carried := carried_columns([t for t, _ in parts]):
            narrow = list(dict.fromkeys([*KEYS[name], *carried, *carried.values()]))
            values = carried_values(stacked([_aligned(rows, narrow, set()) for _, rows in parts]), name, carried)
            whole = with_carried(whole, store.keep(f"carried/{name}", values), name, carried)
        if carried or any(t.derived or t.parent for t, _ in parts):
            whole = store.keep(name, whole)
        tables[name] = whole.select(*_with_reasons_that_occur(whole, names))
    return tables


def _derived(store: Store, made: Made, name: str) -> ir.Table:
    """The rows of a table with its derived columns, which are worked out on the keys alone and then joined."""
    table, keys = made.layout.tables[name], list(KEYS[name])
    if table.parent:
        parent = made.tables[table.parent]
        rows = parent.filter(*[parent[k].notnull() for k in keys]).select(keys).distinct()
    else:
        rows = made.tables[name]
    if not table.derived:
        return rows
    derived = with_derived(rows.select(keys), made.tables, list(table.derived.values()), name)
    kept = store.keep(f"derived/{made.layout.name}/{name}", derived)
    return kept if table.parent else left_join(rows, kept, keys)


def _aligned(rows: ir.Table, names: list[str], reasons: set[str]) -> ir.Table:
    """The rows with the columns of all layouts; one that this layout lacks was not asked."""
    columns: dict[str, Any] = {}
    for name in names:
        if name not in rows.columns:
            kind = TYPES[canonical_columns()[name].dtype]
            columns |= {name: ibis.null(kind), f"{name}__missing": ibis.literal("not_asked")}
        else:
            columns[name] = rows[name]
            if f"{name}__missing" in reasons:
                columns[f"{name}__missing"] = reason_of(rows, name)
    return rows.select(**columns)


def _with_reasons_that_occur(rows: ir.Table, names: list[str]) -> list[str]:
    possible = [n for n in names if f"{n}__missing" in rows.columns]
    if not possible:
        return names
    counted = fetch_frame(rows.aggregate(**{f"{n}__missing": rows[f"{n}__missing"].count() for n in possible})).iloc[0]
    return [c for n in names for c in (n, f"{n}__missing") if c == n or counted.get(c, 0) > 0]


def _warn_of_unverified(made: list[Made]) -> None:
    """Name the columns that rest on variables nobody could confirm."""
    for one in made:
        doubtful = [
            f"{name}.{m.name} ({', '.join(m.variables)})" for name in one.tables
            for m in one.layout.tables[name].columns.values() if m.evidence == "unverified" and m.variables
        ]  # fmt: skip
        if doubtful:
            warnings.warn(
                f"{one.layout.source}/{one.layout.name}: not confirmed by any codebook or script, check them in your files: "
                + "; ".join(doubtful), UnverifiedMappingWarning, stacklevel=4,
            )  # fmt: skip
