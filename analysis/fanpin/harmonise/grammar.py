"""The grammar of mapping files: what a TOML file may say, checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from fanpin.core.columns import KEYS, Column, canonical_column
from fanpin.core.errors import StudyError, unknown_name
from fanpin.core.options import MissingReason
from fanpin.harmonise.mapping import (
    Aggregate,
    ColumnMap,
    DerivedMap,
    Evidence,
    FileFormat,
    FileRole,
    Layout,
    MissingIf,
    Origin,
    TableMap,
)  # fmt: skip

ORIGINS = get_args(Origin)


def read_layouts(folder: Path) -> list[Layout]:
    """All mapping files of a folder, in the order of their names."""
    texts = {p.stem: (p, tomllib.loads(p.read_text("utf-8"))) for p in sorted(folder.glob("*.toml"))}
    if not texts:
        raise StudyError("no mapping file here", expected="at least one .toml file", where=folder)
    raw = {stem: content for stem, (_, content) in texts.items()}
    return [_layout(folder.name, stem, extended(stem, raw), str(path)) for stem, (path, _) in texts.items()]


def extended(stem: str, raw: Mapping[str, dict[str, Any]], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The content of a mapping file laid over the one it extends; an entry set to false is taken out."""
    own = dict(raw[stem])
    base = own.pop("extends", None)
    if base is None:
        return own
    if base not in raw:
        raise unknown_name("mapping file to extend", base, raw, where=f"{stem}.toml")
    if base in (*seen, stem):
        raise StudyError("mapping files extend each other in a circle", where=" -> ".join((*seen, stem, base)))
    return _laid_over(extended(base, raw, (*seen, stem)), own)


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if value is False:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict) and not set(ORIGINS) & set(value):
            merged[key] = _laid_over(merged[key], value)
        else:  # a column with an origin of its own replaces the other whole
            merged[key] = value
    return merged


def _layout(source: str, name: str, content: dict[str, Any], where: str) -> Layout:
    allowed = {"title", "currency", "waves", "files", "tables"}
    _only(content, allowed, "entry", where)
    for entry in ("title", "currency", "waves", "files", "tables"):
        if entry not in content:
            raise StudyError(f"the mapping file has no {entry!r}", where=where)
    roles = {role: _role(role, spec, where) for role, spec in content["files"].items()}
    tables = {t: _table(t, spec, roles, where) for t, spec in content["tables"].items()}
    if any(t.derived for t in tables.values()) and "person_wave" not in tables:
        raise StudyError("derived columns need a person_wave", where=where)
    return Layout(
        source=source, name=name, title=content["title"], currency=content["currency"],
        waves=tuple(content["waves"]), roles=roles, tables=tables,
    )  # fmt: skip


def _role(name: str, spec: dict[str, Any], where: str) -> FileRole:
    _only(spec, {f.name for f in fields(FileRole)} - {"name"}, "entry", f"{where}, files.{name}")
    if "pattern" not in spec or "format" not in spec:
        raise StudyError("a file needs a pattern and a format", where=f"{where}, files.{name}")
    _word("format", spec["format"], FileFormat, f"{where}, files.{name}")
    return FileRole(name=name, **{**spec, "null": tuple(spec.get("null", ()))})


def _table(name: str, spec: dict[str, Any], roles: dict[str, FileRole], where: str) -> TableMap:
    here = f"{where}, {name}"
    if name not in KEYS:
        raise unknown_name("canonical table", name, KEYS, where=where)
    _only(spec, {"from", "columns", "derived"}, "entry", here)
    if spec.get("from") not in roles:
        raise unknown_name("file of the table", spec.get("from"), roles, where=here)
    columns = {c: _column(name, c, s, f"{here}.columns.{c}") for c, s in spec["columns"].items()}
    derived = {c: _derived(name, c, s, f"{here}.derived.{c}") for c, s in spec.get("derived", {}).items()}
    for key in KEYS[name]:
        if key not in columns:
            raise StudyError(f"the table has no key column {key!r}", where=here)
    if twice := set(columns) & set(derived):
        raise StudyError(f"column {sorted(twice)[0]!r} is both mapped and derived", where=here)
    return TableMap(name=name, role=spec["from"], columns=columns, derived=derived)


def _column(table: str, name: str, spec: dict[str, Any], where: str) -> ColumnMap:
    column = canonical_column(name, table=table, where=where)
    words = {*ORIGINS, "recode", "replace", "factor", "missing", "missing_if", "empty", "range", "note", "evidence"}
    _only(spec, words, "entry", where)
    given = [o for o in ORIGINS if o in spec]
    if len(given) != 1:
        raise StudyError("a column has one origin", expected=" or ".join(ORIGINS), got=given or "none", where=where)
    origin = given[0]
    if "replace" in spec and (column.dtype not in ("integer", "float") or "recode" in spec):
        raise StudyError("replace is for numbers, and not beside a recode", where=where)
    if "factor" in spec and not spec.get("note"):
        raise StudyError("a factor needs a note that says which units it joins", where=where)
    value = spec[origin]
    empty = spec.get("empty", {})
    _only(empty, {"value", "reason"}, "entry", f"{where}.empty")
    return ColumnMap(
        column=column, evidence=_word("evidence", spec.get("evidence"), Evidence, where), origin=origin,
        variables=() if origin == "constant" else (value,) if isinstance(value, str) else tuple(value),
        constant=value if origin == "constant" else None,
        recode=_recode(column, spec.get("recode", {}), where),
        replace=spec.get("replace", {}),
        factor=spec.get("factor"),
        missing={k: _word("reason for missing", r, MissingReason, where) for k, r in spec.get("missing", {}).items()},
        missing_if=tuple(_missing_if(m, where) for m in spec.get("missing_if", [])),
        empty_value=empty.get("value"),
        empty_reason=_word("reason for missing", empty["reason"], MissingReason, where) if "reason" in empty else None,
        limits=tuple(spec.get("range", (column.minimum, column.maximum))), note=spec.get("note", ""),
    )  # fmt: skip


def _recode(column: Column, recode: dict[str, Any], where: str) -> dict[str, Any]:
    kinds: dict[str, tuple[type, ...]] = {"string": (str,), "float": (int, float), "integer": (int,), "boolean": (int,)}
    for old, new in recode.items():
        if not isinstance(new, kinds[column.dtype]) or (column.dtype == "boolean" and new not in (0, 1)):
            raise StudyError(f"code {old!r} becomes {new!r}, which is no {column.dtype}", where=where)
    return recode


def _derived(table: str, name: str, spec: dict[str, Any], where: str) -> DerivedMap:
    if table != "household_wave":
        raise StudyError("only household_wave has columns derived from persons", where=where)
    column = canonical_column(name, table=table, where=where)
    _only(spec, {"aggregate", "of", "where", "note", "evidence"}, "entry", where)
    aggregate = _word("aggregate", spec.get("aggregate"), Aggregate, where)
    of = spec.get("of")
    if (of is None) != (aggregate in ("any", "count")):
        raise StudyError(
            f"aggregate {aggregate!r} {'needs' if of is None else 'takes no'} of=", where=where,
            expected="of= names the person column for sum, max, min and first",
        )  # fmt: skip
    for person_column in (*spec.get("where", {}), *([of] if of else [])):
        canonical_column(person_column, table="person_wave", where=where)
    return DerivedMap(
        column=column, evidence=_word("evidence", spec.get("evidence"), Evidence, where), aggregate=aggregate, of=of,
        where=spec.get("where", {}), note=spec.get("note", ""),
    )  # fmt: skip


def _missing_if(spec: dict[str, Any], where: str) -> MissingIf:
    _only(spec, {"variable", "codes", "reason"}, "entry", f"{where}.missing_if")
    codes = tuple(str(c) for c in spec["codes"])
    return MissingIf(
        variable=spec["variable"], codes=codes, reason=_word("reason for missing", spec["reason"], MissingReason, where)
    )


def _word(kind: str, value: Any, allowed: Any, where: str) -> Any:
    if value not in get_args(allowed):
        raise unknown_name(kind, value, get_args(allowed), where=where)
    return value


def _only(given: Mapping[str, Any], allowed: set[str], kind: str, where: str) -> None:
    if not isinstance(given, Mapping):
        raise StudyError("a table was expected", got=repr(given), where=where)
    for name in given:
        if name not in allowed:
            raise unknown_name(kind, name, allowed, where=where)
