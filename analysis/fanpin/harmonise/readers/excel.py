"""Excel workbooks (.xlsx): a heading row of one line, and rows under it.

openpyxl reads the headings, with number formats, and Calamine the rows; merged ranges and formulas without a stored value,
which neither shows, are found in the sheets' XML.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, get_column_letter, range_boundaries
from python_calamine import CalamineWorkbook

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers.columns import check_second_heading, column_names, require_names, require_rows
from fanpin.harmonise.readers.contents import first_bytes, misnamed, seems
from fanpin.harmonise.readers.excel_cells import shaped
from fanpin.harmonise.readers.records import Header, TextOptions

_LOOKED_AT = 200  # rows that a column's number format, or its being empty, is judged by
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+\d+:[A-Z]+\d+)"')
_FORMULA = rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
_ANY_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_NO_VALUE = rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?"
_UNCALCULATED = re.compile(rb"<(?:\w+:)?c\b([^>]*)>\s*" + _FORMULA + rb"\s*" + _NO_VALUE + rb"\s*</(?:\w+:)?c>")
_PLACE = re.compile(rb'\br="([A-Z]+\d+)"')
_MOVE = "put the column names into the first row, one cell each, in a copy of the workbook"


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """Addresses of merged ranges and of formulas without a value, and whether some cell holds an error such as #N/A."""

    merged: list[str]
    formulas: list[str]
    errors: bool


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """A sheet with cells: the column names, the line they are in, and digits that a column's numbers are shown with."""

    title: str
    line: int
    names: list[str]
    digits: dict[int, int]

    def cell(self, column: int) -> str:
        """The address of a heading cell."""
        return f"{get_column_letter(column + 1)}{self.line}"


def read_header(path: Path) -> Header:
    """The column names in the first line with cells."""
    with _workbook(path) as book:
        sheet = _sheets(book, path, _marks(path))[0]
    return Header(names=[n for n in sheet.names if n])


def read_rows(path: Path, options: TextOptions, *, names: dict[str, str], as_text: frozenset[str]) -> pa.Table:
    """The columns asked for; numbers where every filled cell is one."""
    with _workbook(path) as book:
        marks = _marks(path)
        sheets = _sheets(book, path, marks)
        require_names(names, sheets[0].names, path=path)
        place = {n: sheets[0].names.index(n) for n in names.values()}
        _check_rows(marks, {i + 1 for i in place.values()}, path)
        cells: dict[int, list[Any]] = {i: [] for i in place.values()}
        for sheet in sheets:
            _fill(cells, _lines(book, sheet, marks, path), sheet, path)
    require_rows(len(next(iter(cells.values()))), path=path)
    digits = sheets[0].digits
    table = pa.table({
        v: shaped(cells[place[n]], options.null, as_text=v in as_text, digits=digits.get(place[n], 0))
        for v, n in names.items()
    })  # fmt: skip
    check_second_heading(table, as_text, path=path)
    return table


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    head = first_bytes(path)
    if not head.startswith(b"PK"):
        raise misnamed(path, expected="an Excel workbook (.xlsx)", got=seems(head) or "text")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of styles and validations, which rows do not have
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
            raise RawFileError(
                "the workbook is cut off or damaged", expected="a whole Excel workbook (.xlsx)", where=path,
                got="a zip archive without a workbook in it" if isinstance(error, KeyError) else str(error),
                next_step="fetch the file again, or open it in Excel and save it as .xlsx",
            ) from error  # fmt: skip
        try:
            yield book
        finally:
            book.close()


def _sheets(book: Any, path: Path, marks: _Marks) -> list[_Sheet]:
    """The sheets that have cells; several must have the same column names, and their rows follow each other."""
    found = [sheet for ws in book.worksheets if (sheet := _sheet(ws, path, marks)) is not None]
    if not found:
        raise RawFileError(
            "the workbook has no cells", expected="column names and rows", where=path, next_step="fetch the file again"
        )
    if any(sheet.names != found[0].names for sheet in found):
        raise RawFileError(
            "several sheets have cells, in different layouts", expected="one sheet, or sheets with the same column names",
            got="; ".join(f"{s.title}: {', '.join(s.names[:5])}{' …' if len(s.names) > 5 else ''}" for s in found),
            where=path, next_step="save the sheet that is meant as a workbook or .csv file of its own",
        )  # fmt: skip
    return found


def _sheet(ws: Any, path: Path, marks: _Marks) -> _Sheet | None:
    ws.reset_dimensions()  # some programs write a wrong extent
    rows = (row for row in ws.iter_rows() if any(c.value is not None for c in row))
    looked_at = list(islice(rows, _LOOKED_AT))
    if not looked_at:
        return None
    line = next(c.row for c in looked_at[0] if c.value is not None)
    _check_heading_merges(marks, line, path)
    names = [c.value for c in looked_at[0]]
    while names and names[-1] is None:
        names.pop()
    digits: dict[int, int] = {}
    for row in looked_at[1:]:
        for i, cell in enumerate(row):
            if isinstance(cell.value, (int, float)) and re.fullmatch("00+", cell.number_format):
                digits.setdefault(i, len(cell.number_format))
    sheet = _Sheet(title=ws.title, line=line, names=column_names(names, path=path), digits=digits)
    filled = {i for row in looked_at[1:] for i, c in enumerate(row) if c.value is not None}
    _check_headings(sheet, filled, path)
    return sheet


def _check_headings(sheet: _Sheet, filled: set[int], path: Path) -> None:
    """Raise for filled columns without a name, and for names that are numbers."""
    nameless = [i for i in sorted(filled) if i >= len(sheet.names) or not sheet.names[i]]
    if nameless:
        raise RawFileError(
            "columns have no name", expected="a name over every filled column",
            got=f"nothing in {', '.join(map(sheet.cell, nameless[:8]))} of sheet {sheet.title!r}", where=path,
            next_step=_MOVE,
        )  # fmt: skip
    if all(n.replace(".", "", 1).isdigit() for n in sheet.names if n):
        raise RawFileError(
            "the first row holds no column names", expected="a heading row", where=path, next_step=_MOVE,
            got=f"numbers in row {sheet.line} of sheet {sheet.title!r}",
        )  # fmt: skip


def _lines(book: Any, sheet: _Sheet, marks: _Marks, path: Path) -> Iterator[Sequence[Any]]:
    """The lines under the headings: by Calamine, many times as fast as openpyxl, unless errors such as #N/A are to be kept."""
    if marks.errors:
        yield from book[sheet.title].iter_rows(min_row=sheet.line + 1, values_only=True)
        return
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet.title).to_python(skip_empty_area=False)
    for row in rows[sheet.line :]:
        yield [None if value == "" else value for value in row]


def _fill(cells: dict[int, list[Any]], lines: Iterator[Sequence[Any]], sheet: _Sheet, path: Path) -> None:
    """Add a sheet's rows; lines without any cell are rows between others, and none under the last."""
    filled: set[int] = set()
    width, blank = len(sheet.names), 0
    for row in lines:
        if all(value is None for value in row):
            blank += 1
            continue
        for column in cells.values():
            column.extend([None] * blank)
        blank = 0
        filled |= {i for i, value in enumerate(row[width:], width) if value is not None} if len(row) > width else set()
        for i, column in cells.items():
            column.append(row[i] if i < len(row) else None)
    _check_headings(sheet, filled, path)


def _marks(path: Path) -> _Marks:
    """Merged ranges and formulas without a value, of all sheets."""
    merged, formulas, errors = [], [], False
    with zipfile.ZipFile(path) as archive:
        for part in sorted(archive.namelist()):
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part):
                xml = archive.read(part)
                merged += [ref.decode() for ref in _MERGED.findall(xml)]
                errors = errors or b't="e"' in xml
                cells = _UNCALCULATED.finditer(xml) if _ANY_FORMULA.search(xml) else ()
                places = (_PLACE.search(cell.group(1)) for cell in cells)
                formulas += [place.group(1).decode() for place in places if place]
    return _Marks(merged=merged, formulas=formulas, errors=errors)


def _check_heading_merges(marks: _Marks, line: int, path: Path) -> None:
    merged = [ref for ref in marks.merged if range_boundaries(ref)[1] <= line]
    if merged:
        raise RawFileError(
            "the heading row has merged cells", expected="one row of column names, one cell each",
            got=", ".join(merged[:8]), where=path, next_step=f"take the merge apart and {_MOVE}",
        )  # fmt: skip


def _check_rows(marks: _Marks, columns: set[int], path: Path) -> None:
    """Raise for merged cells, and formulas that were never calculated, in columns that are read."""
    merged = [
        ref for ref in marks.merged if columns & set(range(range_boundaries(ref)[0], range_boundaries(ref)[2] + 1))
    ]
    if merged:
        raise RawFileError(
            "rows have merged cells", expected="a value in each cell", got=", ".join(merged[:8]), where=path,
            next_step="take the merge apart and fill each of its cells, in a copy of the workbook",
        )  # fmt: skip
    cells = [c for c in marks.formulas if column_index_from_string(coordinate_from_string(c)[0]) in columns]
    if cells:
        more = " …" if len(cells) > 8 else ""
        raise RawFileError(
            "formulas have no value", expected="calculated values", where=path,
            got=f"{len(cells)} formulas that were never calculated: {', '.join(cells[:8])}{more}",
            next_step="open the workbook in Excel and save it, or save it as .csv",
        )  # fmt: skip
