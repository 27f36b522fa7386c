"""A source's mapping as records: files, tables, columns and derived columns; the grammar is in sources/README.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fanpin.core.columns import Column
from fanpin.core.options import MissingReason
from fanpin.harmonise.formulas import Formula

Evidence = Literal["verified", "script only", "unverified"]
Origin = Literal["from", "join", "compute", "any", "year_quarter", "constant", "carried_by"]
Aggregate = Literal["any", "count", "sum", "max", "min", "mean", "first", "share", "ratio"]
OTHER = "*"  # in a recode table: any code not listed


@dataclass(frozen=True, kw_only=True)
class Check:
    """A published rule between raw variables: two sides that are equal but for `tolerance`."""

    rule: str
    left: Formula
    right: Formula
    tolerance: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class FileRole:
    """A kind of raw file: how its files are called and written.

    Attributes
    ----------
    name : the role's name, such as "household".
    patterns : shell patterns of the file names, without regard to case; the ending says the format.
    encodings : Python's names of the text encodings to try, in order.
    quote : the quotation mark around fields, "" for none.
    null : words that stand for an empty field, besides the empty field itself.
    missing : codes that are reasons, for every variable of the file.
    aliases : other names that a variable has in some files.
    key : variables that identify a row.
    many : several files may be given although the layout has one wave.
    optional : no file need be given; columns that need one are "not_asked".
    checks : published rules between the file's variables.
    """

    name: str
    patterns: tuple[str, ...]
    encodings: tuple[str, ...] = ("utf-8",)
    quote: str = '"'
    null: tuple[str, ...] = ()
    missing: dict[str, MissingReason] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False
    checks: tuple[Check, ...] = ()

    @property
    def shown(self) -> str:
        """The patterns in words."""
        return " or ".join(self.patterns)


@dataclass(frozen=True, kw_only=True)
class MissingIf:
    """The value is missing, for `reason`, where another variable of the row has one of `codes`."""

    variable: str
    codes: tuple[str, ...]
    reason: MissingReason


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Only rows in which `variable` has one of `codes` (or any value, where `codes` is empty) are in the table."""

    variable: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Rows of another role joined to each row; `on` pairs a variable here with one there."""

    role: str
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """Where one canonical column comes from and how its values change."""

    column: Column
    evidence: Evidence
    origin: Origin
    variables: tuple[str, ...] = ()
    formula: Formula | None = None
    codes: tuple[str, ...] = ()
    constant: Any = None
    carried_by: str | None = None
    recode: dict[str, Any] = field(default_factory=dict)
    replace: dict[str, float] = field(default_factory=dict)
    factor: float | None = None
    missing: dict[str, MissingReason] | None = field(default_factory=dict)
    missing_if: tuple[MissingIf, ...] = ()
    empty_value: Any = None
    empty_reason: MissingReason | None = None
    limits: tuple[float | None, float | None] = (None, None)
    value_labels: bool = False
    optional: bool = False
    label: tuple[str, ...] = ()
    code_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name

    @property
    def as_text(self) -> bool:
        """Whether the raw text itself is the value, as for identifiers, so that it must not be read as a number."""
        plain = self.origin == "from" and self.column.dtype == "string" and not self.recode and not self.value_labels
        return self.origin == "join" or plain


@dataclass(frozen=True, kw_only=True)
class DerivedMap:
    """A column that is an aggregate over rows of another table: a household's persons, a place's persons or households.

    Attributes
    ----------
    column, evidence, note : as in `ColumnMap`.
    aggregate : "any" row that meets `where` (0/1), "count" of them; "sum", "max", "min", "mean", "first" of `of` over them;
        "share" of those meeting `among` that meet `where` too; "ratio" of the rows meeting `where` to those meeting `among`.
    of : the column aggregated; none for any, count, share and ratio.
    where, among : conditions on columns: a value, a list of values, or {"above" | "below": number, "between": [low, high]}.
    weighted : rows count by their weight.
    table : the table aggregated.
    """

    column: Column
    evidence: Evidence
    aggregate: Aggregate
    of: str | None
    where: dict[str, Any]
    among: dict[str, Any] = field(default_factory=dict)
    weighted: bool = False
    table: str = "person_wave"
    note: str = ""

    @property
    def name(self) -> str:
        """The canonical column's name."""
        return self.column.name


@dataclass(frozen=True, kw_only=True)
class TableMap:
    """One canonical table: where its rows come from, its columns, and its derived columns.

    Attributes
    ----------
    roles : the raw files whose rows are its rows; empty where `parent` is given.
    parent : the canonical table whose households or places are its rows.
    lookups : raw files joined to each row.
    keep : conditions that rows meet.
    collapse : several raw rows of a key become one.
    """

    name: str
    roles: tuple[str, ...]
    columns: dict[str, ColumnMap]
    derived: dict[str, DerivedMap]
    parent: str | None = None
    lookups: tuple[Lookup, ...] = ()
    keep: tuple[Keep, ...] = ()
    collapse: bool = False


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One mapping file, or one wave of one for a wide file; no `waves` means any."""

    source: str
    stem: str
    name: str
    title: dict[str, str]
    currency: str
    waves: tuple[int, ...] | None
    roles: dict[str, FileRole]
    tables: dict[str, TableMap]

    def has_wave(self, wave: int) -> bool:
        """Whether the layout is of that wave."""
        return self.waves is None or wave in self.waves
