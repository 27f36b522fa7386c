"""A table in Word: real rows and cells, three rules, a numbered caption field, decimal points under each other."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Emu, Pt

from fanpin.core.atomic import atomic_path
from fanpin.report.alignment import Printed, label_spans, printed_rows
from fanpin.report.archive import clear_properties, normalise_zip
from fanpin.report.content import Table
from fanpin.report.docx_parts import (
    TABLE_NOTES,
    TABLE_TEXT,
    add_caption,
    add_table_styles,
    element,
    set_fonts,
    set_rule,
    set_spanner_rule,
)
from fanpin.report.html import anchor
from fanpin.report.words import notes_heading, notes_text

THICK, THIN = 12, 6  # eighths of a point
# widths in Times New Roman as shares of the font size; anything not listed counts as half of it, Chinese as whole
_WIDTHS = {".": 0.25, ",": 0.25, "(": 0.333, ")": 0.333, "[": 0.333, "]": 0.333, " ": 0.25, "−": 0.564, "%": 0.833}
_STAR = 0.33  # as superscript
_SPACES = {"panel": (4, 1), "group": (4, 1), "estimate": (1, 0), "error": (0, 2), "stat": (1, 1), "data": (1, 1)}


def write_table(table: Table, path: str | Path) -> Path:
    """Write a Word file that holds this table alone. Returns the path."""
    document = Document()
    set_fonts(document.styles["Normal"], size=10.5)
    add_table_styles(document)
    add_table(document, table if table.number else table.numbered(1))
    clear_properties(document, title=table.title, lang=table.lang)
    with atomic_path(path) as temporary:
        document.save(str(temporary))
        normalise_zip(temporary)
    return Path(path)


def add_table(document: Any, table: Table, *, target: str | None = None) -> list[Any]:
    """Append caption, table and notes to a document; returns their XML elements, for whoever wants to move them.

    A table without number has no caption. `target` is the bookmark that links point to, by default the table's id.
    """
    captions = [] if table.number is None else [add_caption(document, "table", table.number, table.title, lang=table.lang,
                                                            bookmark=target or anchor(table.id), keep=True)]  # fmt: skip
    headers = 1 + any(c.spanner for c in table.columns)
    grid = document.add_table(rows=headers + len(table.rows), cols=1 + len(table.columns))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _plain_layout(grid)
    rows = printed_rows(table)
    size = 9.5 if len(table.columns) <= 6 else 8.5
    widths = _column_widths(table, rows, size, _text_width(document))
    _fill_headers(grid, table, headers, size)
    for i, printed in enumerate(rows):
        _fill_row(grid.rows[headers + i].cells, table, i, printed, widths, size)
    _span_labels(grid, table, headers, widths[0], size)
    _set_widths(grid, widths)
    draw_rules(grid, headers=headers)
    _keep_together(grid, headers)
    notes = [_notes_paragraph(document, table)] if table.notes else [document.add_paragraph(style=TABLE_NOTES)]
    return [*(c._p for c in captions), grid._tbl, *(n._p for n in notes)]


def _text_width(document: Any) -> float:
    section = document.sections[-1]
    return float(Emu(section.page_width - section.left_margin - section.right_margin).pt)


def _measure(text: str, size: float) -> float:
    return size * sum(_WIDTHS.get(c, 1.0 if ord(c) > 0x2E80 else 0.5) for c in text)


def _column_widths(table: Table, rows: list[tuple[Printed, ...]], size: float, available: float) -> list[float]:
    """Points for the labels and each column: numbers never break, text and labels get what is left to them."""
    room = 11.0
    texts = [[r[i].text + r[i].pad for r in rows if r] for i in range(len(table.columns))]
    stub = [(table.stub, 0.0), *((r.label, 12.0 * r.depth) for r in table.rows if r.cells)]
    least = [max(_longest_word(t, size) + indent for t, indent in stub)]
    wanted = [min(max(_measure(t, size) + indent for t, indent in stub), 0.45 * available)]
    for column, cells in zip(table.columns, texts, strict=True):
        full = max([_measure(t, size) for t in cells], default=0.0)
        words = max([_longest_word(t, size) for t in cells], default=0.0) if column.align == "text" else full
        head = max(_longest_word(column.label, size), 30.0)
        least.append(max(words, head))
        wanted.append(max(min(full, 0.35 * available), head))
    least = [w + room for w in least]
    wanted = [max(w + room, small) for w, small in zip(wanted, least, strict=True)]
    return _fitted(least, wanted, available)


def _longest_word(text: str, size: float) -> float:
    return max((_measure(w, size) for w in re.split(r"\s|(?<=-)", text)), default=0.0)


def _fitted(least: list[float], wanted: list[float], available: float) -> list[float]:
    """Widths that add up to the page: between the least and the wanted ones where possible."""
    if sum(least) >= available:
        return [w * available / sum(least) for w in least]
    if sum(wanted) >= available:
        share = (available - sum(least)) / (sum(wanted) - sum(least))
        return [small + share * (w - small) for small, w in zip(least, wanted, strict=True)]
    spare = available - sum(wanted)
    return [wanted[0] + 0.3 * spare, *(w + 0.7 * spare / (len(wanted) - 1) for w in wanted[1:])]


def _plain_layout(grid: Any) -> None:
    """No style, no borders, narrow cell margins."""
    properties = grid._tbl.tblPr
    for tag in ("w:tblStyle", "w:tblLook"):
        for child in properties.findall(qn(tag)):
            properties.remove(child)
    margins = element("tblCellMar")
    for side in ("left", "right"):
        margins.append(element(side, w="60", type="dxa"))
    properties.append(margins)


def _set_widths(grid: Any, widths: list[float]) -> None:
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Pt(width)
    for row in grid.rows:
        for cell in row._tr.tc_lst:
            at = cell.grid_offset
            cell.width = Pt(sum(widths[at : at + cell.grid_span]))


def _write(cell: Any, text: str, size: float, *, align: Any = WD_ALIGN_PARAGRAPH.CENTER) -> Any:
    paragraph = cell.paragraphs[0]
    paragraph.style, paragraph.alignment = TABLE_TEXT, align
    if text:
        run = paragraph.add_run(text)
        run.font.size = Pt(size)
    return paragraph


def _fill_headers(grid: Any, table: Table, headers: int, size: float) -> None:
    if headers == 2:
        at = 1
        for name, group in groupby(table.columns, key=lambda c: c.spanner):
            width = len(list(group))
            cell = grid.cell(0, at).merge(grid.cell(0, at + width - 1))
            _write(cell, name, size)
            if name:
                set_spanner_rule(cell.paragraphs[0], THIN)
            at += width
        _write(grid.cell(0, 0), "", size)
    for i, column in enumerate(table.columns, start=1):
        align = WD_ALIGN_PARAGRAPH.LEFT if column.align == "text" else WD_ALIGN_PARAGRAPH.CENTER
        _write(grid.cell(headers - 1, i), column.label, size, align=align)
    _write(grid.cell(headers - 1, 0), table.stub, size, align=WD_ALIGN_PARAGRAPH.LEFT)


def _fill_row(
    cells: tuple[Any, ...], table: Table, at: int, printed: tuple[Printed, ...], widths: list[float], size: float
) -> None:
    row = table.rows[at]
    above, below = _SPACES[row.role]
    if row.role == "stat" and at > 0 and table.rows[at - 1].role != "stat":
        above = 5
    label = _write(cells[0] if row.cells else cells[0].merge(cells[-1]), row.label, size, align=WD_ALIGN_PARAGRAPH.LEFT)
    for run in label.runs if row.role == "panel" else ():
        run.italic, run.bold = table.lang == "en", table.lang == "zh"  # Chinese has no italics
    label.paragraph_format.left_indent = Pt(12 * row.depth)
    label.paragraph_format.space_before, label.paragraph_format.space_after = Pt(above), Pt(below)
    for i, (cell, own) in enumerate(zip(cells[1:], printed, strict=False)):
        paragraph = _write(cell, own.text, size)
        paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(above), Pt(below)
        if table.columns[i].align == "text":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
        elif own.aligned:
            _align_point(paragraph, own, widths[i + 1] - 6.0, size)


def _span_labels(grid: Any, table: Table, headers: int, width: float, size: float) -> None:
    """Let a label too long for its line run on beside the standard error instead of pushing it down."""
    for i, (row, spans) in enumerate(zip(table.rows, label_spans(table), strict=True)):
        if spans > 1 and _measure(row.label, size) + 12 * row.depth > width - 6:
            grid.cell(headers + i, 0).merge(grid.cell(headers + i + 1, 0))


def _align_point(paragraph: Any, own: Printed, width: float, size: float) -> None:
    """Right-aligned, indented by what the number lacks on its right, so that points stand under each other."""
    block = size * 0.5 * (own.width - 1) + size * 0.25
    indent = max(0.0, (width - block) / 2) + _measure(own.pad, size) - size * _STAR * len(own.stars)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.right_indent = Pt(round(max(indent, 0.0), 1))
    if own.stars:
        run = paragraph.add_run(own.stars)
        run.font.size, run.font.superscript = Pt(size), True


def draw_rules(grid: Any, *, headers: int) -> None:
    """Top, header and bottom rule of a python-docx table, whose first `headers` rows are the header."""
    last = len(grid.rows) - 1
    for row, side, width in ((0, "top", THICK), (headers - 1, "bottom", THIN), (last, "bottom", THICK)):
        for cell in grid.rows[row]._tr.tc_lst:
            set_rule(_Cell(cell), side, width)


class _Cell:
    """What `set_rule` needs of a cell, for merged ones that python-docx lists once a column."""

    def __init__(self, tc: Any) -> None:
        self._tc = tc


def _keep_together(grid: Any, headers: int) -> None:
    """Header rows repeat on a new page, rows do not break, and short tables stay on one page with their notes."""
    count = len(grid.rows)
    for i, row in enumerate(grid.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(element("cantSplit"))
        if i < headers:
            properties.append(element("tblHeader"))
        if i < headers + 2 or count <= 40:
            for tc in row._tr.tc_lst:
                for p in tc.p_lst:
                    p.get_or_add_pPr().get_or_add_keepNext()


def _notes_paragraph(document: Any, table: Table) -> Any:
    paragraph = document.add_paragraph(style=TABLE_NOTES)
    paragraph.alignment, paragraph.paragraph_format.keep_together = WD_ALIGN_PARAGRAPH.LEFT, True
    paragraph.add_run(notes_heading(table.lang)).italic = table.lang == "en"
    paragraph.add_run(notes_text(table))
    return paragraph
