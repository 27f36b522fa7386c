"""What a table holds, apart from how it is printed: columns, rows, cells with ids and sources, notes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from fanpin.core.errors import InputError, unknown_name
from fanpin.core.options import Language, TableStyle

FORMAT = 1
MIME_TYPE = "application/vnd.fanpin.table.v1+json"

RowRole = Literal["panel", "group", "estimate", "error", "stat", "data"]
Alignment = Literal["number", "centre", "text"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a cell's number comes from: the result's key, the term (or row), and the statistic (or column)."""

    result: str
    term: str
    statistic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell: its id, its printed text, and the number behind it at full precision (None where there is none)."""

    id: str
    text: str
    value: float | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: id, printed label, the heading it shares with its neighbours, and how it is aligned."""

    id: str
    label: str
    spanner: str = ""
    align: Alignment = "number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row: id, printed label, role, indent of the label, and a cell for each column (none in a group row)."""

    id: str
    label: str
    role: RowRole
    cells: tuple[Cell, ...] = ()
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Table:
    """A finished table; the renderers print exactly the texts in its cells.

    Attributes
    ----------
    id : name within the study, part of every cell id.
    title : printed title, without "Table 1".
    columns, rows : see `Column` and `Row`.
    stub : heading of the column of row labels.
    notes : sentences under the table.
    simulated : some number rests on simulated data; title and notes then say so.
    number : the number in the document; None prints 1 in a Word file of its own and none elsewhere.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    stub: str = ""
    notes: tuple[str, ...] = ()
    style: TableStyle = "three-line"
    lang: Language = "en"
    simulated: bool = False
    number: int | None = None

    def __post_init__(self) -> None:
        for what, ids in (("column", [c.id for c in self.columns]), ("row", [r.id for r in self.rows])):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise InputError(f"two {what}s of table {self.id!r} have the same name", got=", ".join(twice))

    def cell(self, row: str, column: str) -> Cell:
        """The cell at a row id and a column id."""
        columns = [c.id for c in self.columns]
        if column not in columns:
            raise unknown_name("column", column, columns, where=f"table {self.id!r}")
        known = {r.id: r for r in self.rows if r.cells}
        if row not in known:
            raise unknown_name("row", row, known, where=f"table {self.id!r}")
        return known[row].cells[columns.index(column)]

    @property
    def frame(self) -> pd.DataFrame:
        """The numbers behind the cells, rows by columns; the text where a cell has no number."""
        body = [r for r in self.rows if r.cells]
        values = [[c.text if c.value is None else c.value for c in r.cells] for r in body]
        index = pd.Index([r.id for r in body], name="row")
        return pd.DataFrame(values, index=index, columns=[c.id for c in self.columns])

    def numbered(self, number: int) -> Table:
        """The same table with its number in the document."""
        return replace(self, number=number)

    def to_html(self) -> str:
        """The table as an HTML fragment: caption, header scopes, cell ids in `data-cell`; styled by classes only."""
        from fanpin.report.html import render_table

        return render_table(self)

    def to_latex(self) -> str:
        """The table as a LaTeX float that needs the package booktabs, with all text escaped."""
        from fanpin.report.latex import render_table

        return render_table(self)

    def to_docx(self, path: str | Path) -> Path:
        """Write the table as an editable Word table; the file appears whole or not at all. Returns the path."""
        from fanpin.report.docx import write_table

        return write_table(self, path)

    def to_json(self) -> str:
        """The table as versioned plain data."""
        return json.dumps(self._plain(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | dict[str, Any], *, where: str | None = None) -> Table:
        """The table stored by `to_json` (text, or the dictionary it parses to).

        Raises
        ------
        InputError : not a stored table, or one of another format version.
        """
        try:
            data = json.loads(text) if isinstance(text, str) else dict(text)
        except (ValueError, TypeError) as error:
            raise InputError("not a stored table", expected="JSON text", got=str(error), where=where) from error
        if not isinstance(data, dict) or data.get("kind") != "Table" or data.get("format") != FORMAT:
            raise InputError("not a table stored in this format", expected=f"kind Table, format {FORMAT}", where=where,
                             next_step="build it again: make report")  # fmt: skip
        fields = {k: v for k, v in data.items() if k not in ("kind", "format")}
        return cls(**{**fields, "columns": tuple(Column(**c) for c in fields["columns"]),
                      "rows": tuple(_row(r) for r in fields["rows"]), "notes": tuple(fields["notes"])})  # fmt: skip

    def _plain(self) -> dict[str, Any]:
        return {"kind": "Table", "format": FORMAT, **asdict(self)}

    def _repr_html_(self) -> str:
        from fanpin.report.html import table_css

        return f"<style data-fanpin>{table_css()}</style>\n{self.to_html()}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook stores: HTML to look at, LaTeX, and the plain data from which Word tables are made."""
        return {MIME_TYPE: json.loads(self.to_json()), "text/html": self._repr_html_(), "text/latex": self.to_latex()}


def cell_id(table: str, row: str, column: str) -> str:
    """`<table>:<row>:<column>`."""
    return f"{table}:{row}:{column}"


def split_cell_id(name: str) -> tuple[str, str, str]:
    """Table, row and column of a cell id; only the row may hold colons, as in the interaction `a:b`.

    Raises
    ------
    InputError : the id does not have three parts.
    """
    table, _, rest = name.partition(":")
    row, _, column = rest.rpartition(":")
    if not (table and row and column):
        raise InputError(f"{name!r} is not a cell id", expected="<table>:<row>:<column>, such as t4:illness:cloglog")
    return table, row, column


def _row(data: dict[str, Any]) -> Row:
    if data["role"] not in get_args(RowRole):
        raise unknown_name("role of a row", data["role"], get_args(RowRole))
    cells = (Cell(**{**c, "source": Source(**c["source"]) if c["source"] else None}) for c in data["cells"])
    return Row(**{**data, "cells": tuple(cells)})
