"""The canonical columns: each declared once, with table, type, unit, labels and role."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from fanpin.core.errors import StudyError, unknown_name

TableName = Literal["household_wave", "person_wave", "place_wave"]
KEYS: dict[str, tuple[str, ...]] = {
    "household_wave": ("household_id", "wave"),
    "person_wave": ("person_id", "wave"),
    "place_wave": ("place_id", "wave"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One canonical column.

    Attributes
    ----------
    name : snake_case, with unit and basis.
    tables : the canonical tables it may stand in.
    dtype : "string", "integer", "float" or "boolean" (0/1 with missing).
    unit : unit of measurement, "" for none; money is "currency/year", nominal.
    minimum, maximum : values outside are failures of validation, not missing.
    en, zh : labels.
    """

    name: str
    tables: tuple[str, ...]
    dtype: Literal["string", "integer", "float", "boolean"]
    en: str
    zh: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    note: str = ""


@cache
def canonical_columns() -> dict[str, Column]:
    """All canonical columns by name, in the order of the files in column_lists; raises if one is declared twice."""
    lists = sorted(files("fanpin.core").joinpath("column_lists").iterdir(), key=lambda entry: entry.name)
    declared: dict[str, dict[str, Any]] = {}
    for entry in lists:
        for name, spec in tomllib.loads(entry.read_text("utf-8")).items():
            if name in declared:
                raise StudyError(f"column {name!r} is declared twice", where=entry.name)
            declared[name] = spec
    return {name: Column(**{**spec, "name": name, "tables": tuple(spec["tables"])}) for name, spec in declared.items()}


def canonical_column(name: str, *, table: str | None = None, where: str | None = None) -> Column:
    """The declaration of one column; raises with the closest names if unknown or not of that table."""
    columns = canonical_columns()
    known = [c.name for c in columns.values() if table is None or table in c.tables]
    if name not in known:
        raise unknown_name(f"canonical column of {table}" if table else "canonical column", name, known, where=where)
    return columns[name]
