"""A table as a LaTeX float with booktabs rules; every text is escaped, so that titles and labels cannot be commands."""

from __future__ import annotations

import re
from itertools import groupby

from fanpin.report.alignment import Printed, printed_rows
from fanpin.report.content import Column, Row, Table
from fanpin.report.words import notes_heading, notes_text

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "−": r"$-$", "×": r"$\times$",
    "–": "--", "≤": r"$\leq$", "≥": r"$\geq$", "*": "{*}", "[": "{[}", "]": "{]}", '"': r"\char34{}", "\n": " ",
}  # fmt: skip


def escape(text: str) -> str:
    """Text as LaTeX prints it literally; brackets are braced since they would be arguments after a line break."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def render_table(table: Table) -> str:
    """The table as LaTeX source; the document needs the package booktabs, and xeCJK or ctex for Chinese."""
    label = re.sub(r"[^A-Za-z0-9-]+", "-", table.id)
    specification = "l" + "".join({"number": "r", "centre": "c", "text": "l"}[c.align] for c in table.columns)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{specification}}}",
        r"\toprule",
        *_header(table),
        r"\midrule",
        *_body(table),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if table.notes:
        lines += [r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize",
                  rf"\textit{{{escape(notes_heading(table.lang).strip())}}} {escape(notes_text(table))}",
                  r"\end{minipage}"]  # fmt: skip
    return "\n".join([*lines, r"\end{table}", ""])


def _header(table: Table) -> list[str]:
    lines = []
    if any(c.spanner for c in table.columns):
        cells, rules, at = [""], [], 2
        for name, group in groupby(table.columns, key=lambda c: c.spanner):
            width = len(list(group))
            cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escape(name)}}}")
            rules += [rf"\cmidrule(lr){{{at}-{at + width - 1}}}"] if name else []
            at += width
        lines += [" & ".join(cells) + r" \\", " ".join(rules)]
    labels = [escape(table.stub), *(rf"\multicolumn{{1}}{{c}}{{{escape(c.label)}}}" for c in table.columns)]
    return [*lines, " & ".join(labels) + r" \\"]


def _body(table: Table) -> list[str]:
    lines: list[str] = []
    before = None
    for row, cells in zip(table.rows, printed_rows(table), strict=True):
        starts = row.role in ("panel", "group") or (row.role == "stat" and before != "stat")
        if starts and before is not None:
            lines.append(r"\addlinespace")
        lines.append(_row(row, cells, table.columns))
        before = row.role
    return lines


def _row(row: Row, cells: tuple[Printed, ...], columns: tuple[Column, ...]) -> str:
    label = rf"\hspace{{{row.depth}em}}" * (row.depth > 0) + escape(row.label)
    if not cells:
        form = r"\textit{%s}" if row.role == "panel" else "%s"
        return rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{{form % label}}} \\"
    return " & ".join([label, *(_cell(p, c) for p, c in zip(cells, columns, strict=True))]) + r" \\"


def _cell(printed: Printed, column: Column) -> str:
    text = escape(printed.text)
    if not text:
        return ""
    if not printed.aligned:
        return rf"\multicolumn{{1}}{{c}}{{{text}}}" if column.align == "number" else text
    stars = rf"\rlap{{\textsuperscript{{{printed.stars}}}}}" if printed.stars else ""
    return text + stars + (rf"\phantom{{{printed.pad}}}" if printed.pad else "")
