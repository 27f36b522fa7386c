"""A table as an HTML fragment: caption, scoped headers, cell ids in `data-cell`, and no styling but classes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from fanpin.core.terms import term
from fanpin.report.alignment import Printed, label_spans, printed_rows
from fanpin.report.content import Row, Table
from fanpin.report.words import caption_number, notes_heading, notes_text

LONG = 28  # letters from which a text is given room before it wraps


@dataclass
class Section:
    """Rows that belong together: one table body. Each row comes with the rows its label stands for, 0 for none."""

    kind: str
    rows: list[tuple[Row, tuple[Printed, ...], int]] = field(default_factory=list)


@cache
def environment() -> Environment:
    """The templates of this room; everything printed is escaped unless marked as HTML."""
    return Environment(loader=PackageLoader("fanpin.report", "templates"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # fmt: skip


@cache
def table_css() -> str:
    """The style of three-line tables."""
    widths = "".join(f".fp-table .w{i}{{min-width:{i * 0.52:.2f}em}}" for i in range(1, 25))
    return files("fanpin.report").joinpath("templates/table.css").read_text("utf-8") + widths


def anchor(name: str) -> str:
    """An id as the target of a link: letters, digits, hyphens, underscores and full stops."""
    return re.sub(r"[^\w.-]+", "-", name) or "table"


def render_table(table: Table, *, target: str | None = None) -> str:
    """The table as HTML; `target` is the id that links point to, by default the table's own.

    A table with neither number nor title has no caption, and is named for screen readers only.
    """
    spans = [(name, len(list(group))) for name, group in groupby(table.columns, key=lambda c: c.spanner)]
    return (
        environment()
        .get_template("table.html.j2")
        .render(
            table=table,
            anchor=target or anchor(table.id),
            number=caption_number("table", table.number, table.lang) if table.number else "",
            unnamed=term("table", table.lang),
            spanners=spans if any(name for name, _ in spans) else [],
            sections=_sections(table),
            long=LONG,
            heading=notes_heading(table.lang),
            notes=notes_text(table),
        )
    )


def _sections(table: Table) -> list[Section]:
    """A body for each panel, group and for the facts at the foot."""
    sections: list[Section] = []
    for row, cells, spans in zip(table.rows, printed_rows(table), label_spans(table), strict=True):
        last = sections[-1] if sections else None
        kind = "stats" if row.role == "stat" else ""
        if last is None or row.role in ("panel", "group") or (kind == "stats" and not _ends_in_stat(last)):
            last = Section(kind=kind)
            sections.append(last)
        last.rows.append((row, cells, spans))
    return sections


def _ends_in_stat(section: Section) -> bool:
    return section.rows[-1][0].role == "stat"
