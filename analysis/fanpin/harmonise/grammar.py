"""The grammar of mapping files: what a TOML file may say, checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from fanpin.core.columns import KEYS, Column, canonical_column
from fanpin.core.errors import StudyError, unknown_name
from fanpin.core.options import MissingReason
from fanpin.core.shape import check_shape
from fanpin.harmonise.formulas import parse_formula
from fanpin.harmonise.layers import ORIGINS, extended, origins_of, repeated
from fanpin.harmonise.mapping import (
    Aggregate,
    Check,
    ColumnMap,
    DerivedMap,
    Evidence,
    FileRole,
    Keep,
    Layout,
    Lookup,
    MissingIf,
    Origin,
    TableMap,
)  # fmt: skip

COLUMN_WORDS = {
    *ORIGINS, "codes", "recode", "replace", "factor", "missing", "missing_if", "empty", "range", "value_labels", "optional",
    "label", "code_labels", "note", "evidence",
}  # fmt: skip
ROLE_WORDS = {"pattern", "encoding", "quote", "null", "missing", "aliases", "key", "many", "optional", "checks"}
COMPARISONS = {"above", "below", "between", "outside", "known"}
OF = {"sum", "max", "min", "mean", "first"}  # aggregates of a column; the others count rows


def read_layouts(folder: Path) -> list[Layout]:
    """All mapping files of a folder, in the order of their names; a wide file gives one layout a wave."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise StudyError("no mapping file here", expected="at least one .toml file", where=folder)
    raw = {path.stem: _parsed(path) for path in paths}
    return [
        _layout(folder.name, stem, wave, content, str(path))
        for path in paths
        for stem, whole in [(path.stem, extended(path.stem, raw))]
        if "waves" in whole or "for_each" in whole or not _is_base(stem, raw)
        for wave, content in repeated(whole, str(path))
    ]


def _is_base(stem: str, raw: Mapping[str, dict[str, Any]]) -> bool:
    """Whether a file without waves of its own is there for others to extend."""
    return any(content.get("extends") == stem for content in raw.values())


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("a mapping file is not TOML in UTF-8", got=error, where=path) from error
    return content


def _layout(source: str, stem: str, wave: int | None, content: dict[str, Any], where: str) -> Layout:
    entries = ("title", "currency", "waves", "files", "tables")
    _only(content, set(entries), "entry", where)
    for entry in entries:
        if entry not in content:
            raise StudyError(f"the mapping file has no {entry!r}", where=where)
    check_shape(content, package="fanpin.harmonise", schema="sources/layout.schema.json", kind="a mapping file",
                where=where, next_step="compare with sources/README.md")  # fmt: skip
    roles = {role: _role(role, spec, where) for role, spec in content["files"].items()}
    tables = {t: _table(t, spec, roles, where) for t, spec in content["tables"].items()}
    for table in tables.values():
        _check_parents(table, tables, where)
    waves = None if content["waves"] == "any" else tuple(content["waves"])
    return Layout(
        source=source, stem=stem, name=stem if wave is None else f"{stem} {wave}", title=content["title"],
        currency=content["currency"], waves=waves, roles=roles, tables=tables,
    )  # fmt: skip


def _check_parents(table: TableMap, tables: Mapping[str, TableMap], where: str) -> None:
    for other in {d.table for d in table.derived.values()} | ({table.parent} if table.parent else set()):
        if other not in tables:
            raise StudyError(f"derived columns need a {other}", where=f"{where}, {table.name}")
        if other == table.name:
            raise StudyError("a table cannot be derived from itself", where=f"{where}, {table.name}")
        for key in KEYS[table.name]:
            if key not in tables[other].columns:
                raise StudyError(f"{other} has no column {key!r} to join by", where=f"{where}, {table.name}")
    for derived in table.derived.values():
        known = {**tables[derived.table].columns, **tables[derived.table].derived}
        for used in (*derived.where, *derived.among, *([derived.of] if derived.of else [])):
            if used not in known:
                raise StudyError(
                    f"{derived.name!r} is derived from {used!r}, which {derived.table} does not have here",
                    where=f"{where}, {table.name}.derived.{derived.name}",
                    next_step=f"map {used!r}, or take {derived.name!r} out with {derived.name} = false",
                )  # fmt: skip


def _role(name: str, spec: dict[str, Any], where: str) -> FileRole:
    here = f"{where}, files.{name}"
    _only(spec, ROLE_WORDS, "entry", here)
    if "pattern" not in spec:
        raise StudyError("a file needs a pattern", where=here)
    given: dict[str, Any] = {f.name: spec[f.name] for f in fields(FileRole) if f.name in spec}
    given |= {
        "patterns": _as_tuple(spec["pattern"]),
        "null": tuple(spec.get("null", ())),
        "key": tuple(spec.get("key", ())),
    }
    if "encoding" in spec:
        given["encodings"] = _as_tuple(spec["encoding"])
    given["missing"] = _reasons(spec.get("missing", {}), here)
    given["aliases"] = {k: tuple(v) for k, v in spec.get("aliases", {}).items()}
    given["checks"] = tuple(_check(c, here) for c in spec.get("checks", ()))
    return FileRole(**{"name": name, **given})


def _check(spec: dict[str, Any], where: str) -> Check:
    left, equals, right = spec["rule"].partition("=")
    if not equals or "=" in right:
        raise StudyError("a rule has two sides", expected="left = right", got=spec["rule"], where=where)
    return Check(
        rule=spec["rule"], left=parse_formula(left, where), right=parse_formula(right, where),
        tolerance=float(spec.get("tolerance", 0)), note=spec.get("note", ""),
    )  # fmt: skip


def _table(name: str, spec: dict[str, Any], roles: dict[str, FileRole], where: str) -> TableMap:
    here = f"{where}, {name}"
    if name not in KEYS:
        raise unknown_name("canonical table", name, KEYS, where=where)
    _only(spec, {"from", "from_table", "lookup", "keep", "collapse", "columns", "derived"}, "entry", here)
    if ("from" in spec) == ("from_table" in spec):
        raise StudyError("a table has its rows from= files or from_table=", where=here)
    from_roles = _as_tuple(spec.get("from", ()))
    lookups = tuple(_lookup(r, on) for r, on in spec.get("lookup", {}).items())
    for role in (*from_roles, *(lookup.role for lookup in lookups)):
        if role not in roles:
            raise unknown_name("file of the table", role, roles, where=here)
    parent = spec.get("from_table")
    if parent is not None and parent not in KEYS:
        raise unknown_name("canonical table", parent, KEYS, where=here)
    known = {*from_roles, *(lookup.role for lookup in lookups)}
    columns = {c: _column(name, c, s, known, f"{here}.columns.{c}") for c, s in spec.get("columns", {}).items()}
    derived = {c: _derived(name, c, s, f"{here}.derived.{c}") for c, s in spec.get("derived", {}).items()}
    if parent and (columns or lookups or spec.get("keep") or spec.get("collapse")):
        raise StudyError("a table made from_table has derived columns only", where=here)
    if not parent:
        for key in KEYS[name]:
            if key not in columns:
                raise StudyError(f"the table has no key column {key!r}", where=here)
    if twice := set(columns) & set(derived):
        raise StudyError(f"column {sorted(twice)[0]!r} is both mapped and derived", where=here)
    keep = tuple(_keep(k, here) for k in spec.get("keep", ()))
    return TableMap(
        name=name, roles=from_roles, columns=columns, derived=derived, parent=parent, lookups=lookups, keep=keep,
        collapse=bool(spec.get("collapse")),
    )  # fmt: skip


def _lookup(role: str, on: Any) -> Lookup:
    return Lookup(role=role, on=tuple(on.items()) if isinstance(on, dict) else tuple((v, v) for v in on))


def _keep(spec: dict[str, Any], where: str) -> Keep:
    if ("codes" in spec) == ("present" in spec):
        raise StudyError("a row is kept for its codes, or because present = true", got=spec, where=where)
    return Keep(variable=spec["variable"], codes=tuple(str(c) for c in spec.get("codes", ())))


def _column(table: str, name: str, spec: dict[str, Any], roles: set[str], where: str) -> ColumnMap:
    column = canonical_column(name, table=table, where=where)
    _only(spec, COLUMN_WORDS, "entry", where)
    given = origins_of(spec)
    if len(given) != 1:
        raise StudyError("a column has one origin", expected=" or ".join(ORIGINS), got=given or "none", where=where)
    origin = _word("origin", given[0], Origin, where)
    _check_words(spec, column, origin, where)
    value = spec[origin]
    formula = parse_formula(value, where) if origin == "compute" else None
    variables = formula.variables if formula else () if origin in ("constant", "carried_by") else _as_tuple(value)
    for variable in variables:
        role, dot, _ = variable.partition(".")
        if dot and role not in roles:
            raise unknown_name(f"file of the variable {variable!r}", role, roles, where=where)
    carried_by = spec.get("carried_by")
    if carried_by is not None:
        canonical_column(carried_by, table=table, where=where)
    empty = spec.get("empty", {})
    missing = spec.get("missing", {})
    return ColumnMap(
        column=column, evidence=_word("evidence", spec.get("evidence"), Evidence, where), origin=origin,
        variables=variables, formula=formula, codes=tuple(str(c) for c in spec.get("codes", ())),
        constant=_constant(column, value, where) if origin == "constant" else None, carried_by=carried_by,
        recode=_recode(column, spec.get("recode", {}), where), replace=spec.get("replace", {}),
        factor=spec.get("factor"), missing=None if missing is False else _reasons(missing, where),
        missing_if=tuple(_missing_if(m, where) for m in spec.get("missing_if", [])),
        empty_value=empty.get("value"),
        empty_reason=_word("reason for missing", empty["reason"], MissingReason, where) if "reason" in empty else None,
        limits=tuple(spec.get("range", (column.minimum, column.maximum))),
        value_labels=bool(spec.get("value_labels")), optional=bool(spec.get("optional")),
        label=tuple(spec.get("label", ())), note=spec.get("note", ""),
        code_labels={code: tuple(words) for code, words in spec.get("code_labels", {}).items()},
    )  # fmt: skip


def _check_words(spec: dict[str, Any], column: Column, origin: str, where: str) -> None:
    """Words that only some columns may have."""
    if "replace" in spec and (column.dtype not in ("integer", "float") or "recode" in spec):
        raise StudyError("replace is for numbers, and not beside a recode", where=where)
    if "factor" in spec and not spec.get("note"):
        raise StudyError("a factor needs a note that says which units it joins", where=where)
    if ("codes" in spec) != (origin == "any"):
        raise StudyError("codes stand beside any, and any needs them", where=where)
    if origin == "any" and column.dtype != "boolean":
        raise StudyError("any gives 0 or 1", got=f"a column of {column.dtype}", where=where)
    if origin == "year_quarter" and column.dtype == "string":
        raise StudyError(f"{origin} gives a number", got="a column of text", where=where)
    if "value_labels" in spec and (origin != "from" or column.dtype != "string"):
        raise StudyError("value_labels give text, for a column that is from= one variable", where=where)
    if "recode" in spec and origin not in ("from", "compute"):
        raise StudyError("a recode is of one value", expected="beside from= or compute=", where=where)


def _constant(column: Column, value: Any, where: str) -> Any:
    if column.dtype != "string" and isinstance(value, str):
        try:
            return int(value) if column.dtype in ("integer", "boolean") else float(value)
        except ValueError:
            raise StudyError(f"the constant {value!r} is no {column.dtype}", where=where) from None
    return str(value) if column.dtype == "string" else value


def _recode(column: Column, recode: dict[str, Any], where: str) -> dict[str, Any]:
    kinds: dict[str, tuple[type, ...]] = {"string": (str,), "float": (int, float), "integer": (int,), "boolean": (int,)}
    for old, new in recode.items():
        if not isinstance(new, kinds[column.dtype]) or (column.dtype == "boolean" and new not in (0, 1)):
            raise StudyError(f"code {old!r} becomes {new!r}, which is no {column.dtype}", where=where)
    return recode


def _derived(table: str, name: str, spec: dict[str, Any], where: str) -> DerivedMap:
    if table == "person_wave":
        raise StudyError("only households and places have columns derived from other tables", where=where)
    column = canonical_column(name, table=table, where=where)
    _only(spec, {"aggregate", "of", "where", "among", "weighted", "from", "note", "evidence"}, "entry", where)
    source = spec.get("from", "person_wave")
    if source not in KEYS:
        raise unknown_name("canonical table", source, KEYS, where=where)
    aggregate = _word("aggregate", spec.get("aggregate"), Aggregate, where)
    of = spec.get("of")
    if (of is None) == (aggregate in OF):
        raise StudyError(
            f"aggregate {aggregate!r} {'needs' if of is None else 'takes no'} of=", where=where,
            expected=f"of= names the column for {', '.join(sorted(OF))}",
        )  # fmt: skip
    if ("among" in spec) != (aggregate in ("share", "ratio")):
        raise StudyError("among stands beside share and ratio, and they need it", where=where)
    if spec.get("weighted") and aggregate in ("any", "first", "max", "min"):
        raise StudyError(f"{aggregate} takes no weights", where=where)
    for part in (spec.get("where", {}), spec.get("among", {})):
        for condition, wanted in part.items():
            canonical_column(condition, table=source, where=where)
            if isinstance(wanted, dict):
                _only(wanted, COMPARISONS, "comparison", where)
                if "known" in wanted and (aggregate != "first" or wanted["known"] is not True):
                    raise StudyError("known = true is a condition of aggregate first only", where=where)
    if of:
        canonical_column(of, table=source, where=where)
    return DerivedMap(
        column=column, evidence=_word("evidence", spec.get("evidence"), Evidence, where), aggregate=aggregate, of=of,
        where=spec.get("where", {}), among=spec.get("among", {}), weighted=bool(spec.get("weighted")), table=source,
        note=spec.get("note", ""),
    )  # fmt: skip


def _reasons(missing: dict[str, str], where: str) -> dict[str, Any]:
    return {k: _word("reason for missing", r, MissingReason, where) for k, r in missing.items()}


def _missing_if(spec: dict[str, Any], where: str) -> MissingIf:
    codes = tuple(str(c) for c in spec["codes"])
    reason = _word("reason for missing", spec["reason"], MissingReason, where)
    return MissingIf(variable=spec["variable"], codes=codes, reason=reason)


def _as_tuple(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _word(kind: str, value: Any, allowed: Any, where: str) -> Any:
    if value is None:
        raise StudyError(f"no {kind} is given", expected=" or ".join(get_args(allowed)), where=where)
    if value not in get_args(allowed):
        raise unknown_name(kind, value, get_args(allowed), where=where)
    return value


def _only(given: Mapping[str, Any], allowed: set[str], kind: str, where: str) -> None:
    if not isinstance(given, Mapping):
        raise StudyError("a table was expected", got=repr(given), where=where)
    for name in given:
        if name not in allowed:
            raise unknown_name(kind, name, allowed, where=where)
