"""The cells of the reference of survey layouts, and what mapping files make of them: helpers for tests of any source."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fanpin.harmonise.mapping import ColumnMap, Layout, TableMap

# the reference's words for how well a name is known, in the words of mapping files; "absent" is no cell
EVIDENCE = {
    "verified": "verified", "verified_in_script": "script only", "single_script": "script only", "unverified": "unverified",
}  # fmt: skip
WEAKER = ["verified", "script only", "unverified"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A variable that the reference names for a concept; `wave` and `role` are None where it does not say."""

    concept: str
    wave: int | None
    role: str | None
    variable: str
    evidence: str
    label: str = ""

    def __str__(self) -> str:
        return f"{self.wave or ''} {self.role or ''} {self.variable} ({self.concept}, {self.evidence})".strip()


@dataclass(frozen=True, kw_only=True)
class Use:
    """A raw variable, or a pattern of them, that a mapping file reads; no `column` for keys, filters and published rules."""

    role: str
    variable: str
    table: str = ""
    column: ColumnMap | None = None

    def reads(self, role: str | None, variable: str) -> bool:
        """Whether it reads that variable (of that role), in any case."""
        return role in (None, self.role) and fnmatchcase(variable.lower(), self.variable.lower())


def reference(shared: Path, source: str) -> dict[str, Any]:
    """What the reference has on one source."""
    known: dict[str, Any] = json.loads((shared / "reference" / "layouts.json").read_text("utf-8"))["sources"]
    return known[source]


def names_in(text: str) -> list[str]:
    """The names in a text such as "IDind / Idind" or "ID (ID_w1 for wave 1)": what is in brackets is left out."""
    return [n for n in (part.strip() for part in re.split(r"[,;/|]", re.sub(r"\(.*?\)", "", text))) if n]


def reference_cells(
    known: Mapping[str, Any],
    *,
    roles: Mapping[str, str | None] | None = None,
    names: Callable[[str], list[str]] = names_in,
) -> list[Cell]:
    """All cells of a source.

    Parameters
    ----------
    known : what `reference` gives.
    roles : the mapping's role for each file word of the reference, None for any role; words left out are roles themselves.
    names : how a text of several names is split, for sources without waves.
    """
    found: list[Cell] = []
    for concept in known["concepts"]:
        if "waves" in concept:
            found += [
                _cell(concept, w, roles, wave=int(y), variable=w["var"])
                for y, w in concept["waves"].items()
                if w["var"]
            ]
        elif concept["status"] in EVIDENCE:
            text = concept.get("var", concept.get("heading", ""))
            found += [_cell(concept, concept, roles, wave=None, variable=name) for name in names(text)]
    return found


def _cell(
    concept: Mapping[str, Any], cell: Mapping[str, Any], roles: Mapping[str, str | None] | None, *, wave: int | None, variable: str
) -> Cell:  # fmt: skip
    file = str(cell.get("file", "")) or None
    role = (roles or {}).get(file, file) if file else None
    return Cell(
        concept=concept["concept"], wave=wave, role=role, variable=variable, evidence=EVIDENCE[cell["status"]],
        label=cell.get("label_zh", ""),
    )  # fmt: skip


def uses(layout: Layout) -> list[Use]:
    """Every raw variable that a layout reads, role by role."""
    found: list[Use] = []
    for role in layout.roles.values():
        found += [Use(role=role.name, variable=v) for v in role.key]
        found += [Use(role=role.name, variable=v) for c in role.checks for v in (*c.left.variables, *c.right.variables)]
    for table in layout.tables.values():
        found += [
            Use(role=lookup.role, variable=there, table=table.name)
            for lookup in table.lookups
            for _, there in lookup.on
        ]
        found += [use for keep in table.keep for use in _of(table, keep.variable, None)]
        for column in table.columns.values():
            variables = (*column.variables, *(m.variable for m in column.missing_if))
            found += [use for variable in variables for use in _of(table, variable, column)]
    return found


def _of(table: TableMap, variable: str, column: ColumnMap | None) -> list[Use]:
    role, dot, name = variable.partition(".")
    where = (role,) if dot else table.roles
    return [Use(role=r, variable=name if dot else variable, table=table.name, column=column) for r in where]


def unused_cells(cells: Iterable[Cell], layouts: Iterable[Layout]) -> list[Cell]:
    """Cells that no mapping file of their wave reads in their role."""
    read = [(layout, uses(layout)) for layout in layouts]
    return [
        cell for cell in cells
        if not any(
            use.reads(cell.role, cell.variable)
            for layout, found in read if cell.wave is None or layout.has_wave(cell.wave) for use in found
        )
    ]  # fmt: skip


def wrong_evidence(cells: Iterable[Cell], layouts: Iterable[Layout]) -> list[str]:
    """Columns whose evidence is not that of the least known cell they read."""
    listed = list(cells)
    wrong: list[str] = []
    for layout in layouts:
        of_wave = [c for c in listed if c.wave is None or layout.has_wave(c.wave)]
        by_column: dict[tuple[str, str], set[str]] = {}
        stated: dict[tuple[str, str], str] = {}
        for use in uses(layout):
            if use.column is None:
                continue
            key = (use.table, use.column.name)
            stated[key] = use.column.evidence
            by_column.setdefault(key, set()).update(c.evidence for c in of_wave if use.reads(c.role, c.variable))
        for key, known in by_column.items():
            least = max(known, key=WEAKER.index, default=None)
            if least and stated[key] != least:
                wrong.append(f"{layout.name} {'.'.join(key)}: {stated[key]}, but the reference says {least}")
    return wrong


def unknown_variables(cells: Iterable[Cell], layouts: Iterable[Layout], *, also: Iterable[str] = ()) -> list[str]:
    """Raw variables of mapping files that are in no cell of their wave and role, nor in `also`; a pattern needs one cell."""
    listed, extra = list(cells), {name.lower() for name in also}
    unknown: list[str] = []
    for layout in layouts:
        of_wave = [c for c in listed if c.wave is None or layout.has_wave(c.wave)]
        for use in uses(layout):
            if use.variable.lower() not in extra and not any(use.reads(c.role, c.variable) for c in of_wave):
                unknown.append(f"{layout.name} {use.role}.{use.variable}")
    return list(dict.fromkeys(unknown))
