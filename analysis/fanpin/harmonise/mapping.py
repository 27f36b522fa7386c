"""A source's mapping as records: files, tables, columns and derived columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fanpin.core.columns import Column
from fanpin.core.options import MissingReason

Evidence = Literal["verified", "script only", "unverified"]
FileFormat = Literal["csv", "tsv"]
Origin = Literal["from", "join", "year_quarter", "constant"]
Aggregate = Literal["any", "count", "sum", "max", "min", "first"]
OTHER = "*"  # in a recode table: any code not listed


@dataclass(frozen=True, kw_only=True)
class FileRole:
    """A kind of raw file: how its files are called and written.

    Attributes
    ----------
    name : the role's name, such as "household".
    pattern : shell pattern of the file names, without regard to case.
    format : "csv" (comma) or "tsv" (tab); a name that ends in .gz is decompressed.
    encoding : Python's name of the text encoding.
    quote : the quotation mark around fields, "" for none.
    null : words that stand for an empty field, besides the empty field itself.
    """

    name: str
    pattern: str
    format: FileFormat
    encoding: str = "utf-8"
    quote: str = '"'
    null: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MissingIf:
    """The value is missing, for `reason`, where another variable of the row has one of `codes`."""

    variable: str
    codes: tuple[str, ...]
    reason: MissingReason


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """Where one canonical column comes from and how its values change; the grammar is in sources/README.md."""

    column: Column
    evidence: Evidence
    variables: tuple[str, ...] = ()
    origin: Origin
    constant: Any = None
    recode: dict[str, Any] = field(default_factory=dict)
    replace: dict[str, float] = field(default_factory=dict)
    factor: float | None = None
    missing: dict[str, MissingReason] = field(default_factory=dict)
    missing_if: tuple[MissingIf, ...] = ()
    empty_value: Any = None
    empty_reason: MissingReason | None = None
    limits: tuple[float | None, float | None] = (None, None)
    note: str = ""

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name

    @property
    def needed(self) -> tuple[str, ...]:
        """Every raw variable that is read for this column."""
        return (*self.variables, *(m.variable for m in self.missing_if))


@dataclass(frozen=True, kw_only=True)
class DerivedMap:
    """A household column that is an aggregate over the household's persons.

    Attributes
    ----------
    column, evidence, note : as in `ColumnMap`.
    aggregate : "any" person that meets `where` (0/1), "count" of them, or "sum", "max", "min", "first" of `of` over them.
    of : the person column aggregated; none for "any" and "count".
    where : conditions on person columns: a value, a list of values, or {"above": number}.
    """

    column: Column
    evidence: Evidence
    aggregate: Aggregate
    of: str | None
    where: dict[str, Any]
    note: str = ""

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name


@dataclass(frozen=True, kw_only=True)
class TableMap:
    """One canonical table: the role its rows come from, its columns, and its derived columns."""

    name: str
    role: str
    columns: dict[str, ColumnMap]
    derived: dict[str, DerivedMap]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One mapping file: the raw files, tables and waves that share a layout."""

    source: str
    name: str
    title: dict[str, str]
    currency: str
    waves: tuple[int, ...]
    roles: dict[str, FileRole]
    tables: dict[str, TableMap]

    def variables(self, role: str) -> tuple[str, ...]:
        """The raw variables that the tables read from files of a role."""
        maps = [c for t in self.tables.values() if t.role == role for c in t.columns.values()]
        return tuple(dict.fromkeys(v for c in maps for v in c.needed))
