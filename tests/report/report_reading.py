"""Reads printed tables back: rows of texts from HTML, LaTeX and Word."""

from __future__ import annotations

import re
from pathlib import Path

from docx import Document
from lxml import html as markup


def html_cells(text: str) -> dict[str, str]:
    """Cell id -> printed text."""
    return {td.get("data-cell"): td.text_content() for td in markup.fromstring(text).iter("td") if td.get("data-cell")}


def latex_rows(text: str) -> list[list[str]]:
    """Texts of the body's rows, without the label, commands taken out."""
    body = text.split(r"\midrule", 1)[1].split(r"\bottomrule", 1)[0]
    rows = []
    for line in body.strip().splitlines():
        if "&" in line:
            rows.append([_plain(cell) for cell in line.removesuffix(r"\\").split(" & ")[1:]])
    return rows


def _plain(cell: str) -> str:
    cell = re.sub(r"\\phantom\{[^}]*\}", "", cell)
    cell = re.sub(r"\\rlap\{\\textsuperscript\{([^}]*(?:\{\*\})*)\}\}", r"\1", cell)
    cell = re.sub(r"\\multicolumn\{1\}\{c\}\{(.*)\}$", r"\1", cell.strip())
    for code, letter in ((r"$-$", "−"), (r"$<$", "<"), (r"\%", "%"), ("{[}", "["), ("{]}", "]"), ("--", "–")):
        cell = cell.replace(code, letter)
    return cell.strip()


def docx_rows(path: Path, headers: int = 1) -> list[list[str]]:
    """Texts of the body's rows that hold numbers, without the label."""
    table = Document(str(path)).tables[0]
    rows = [[cell.text for cell in row.cells] for row in table.rows[headers:]]
    return [r[1:] for r in rows if len(set(r)) > 1 or r[0] == ""]
