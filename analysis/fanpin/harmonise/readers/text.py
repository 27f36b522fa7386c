"""Comma- and tab-separated text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers.columns import (
    all_finite,
    check_second_heading,
    column_names,
    parsed,
    require_names,
    require_rows,
    trimmed,
)
from fanpin.harmonise.readers.contents import first_bytes, misnamed, seems, whole_bytes
from fanpin.harmonise.readers.encodings import as_utf8
from fanpin.harmonise.readers.records import Header, TextOptions

_HEAD = 1 << 18  # the heading row lies within these bytes
_SAMPLE = 1 << 17  # bytes that a column is guessed from to hold numbers
_BLOCK = 1 << 20
_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


def read_header(path: Path, options: TextOptions, *, separator: str) -> Header:
    """The column names in the first line that is not blank."""
    head = _checked(first_bytes(path, _HEAD), path)
    text = as_utf8(pa.py_buffer(head), options.encodings, path=path, whole=len(head) < _HEAD)
    return Header(names=_heading(text, options, separator, path)[0])


def read_rows(
    path: Path, options: TextOptions, *, separator: str, names: dict[str, str], as_text: frozenset[str]
) -> pa.Table:
    """The columns asked for; numbers where every filled cell is one."""
    _checked(first_bytes(path), path)
    text = as_utf8(whole_bytes(path), options.encodings, path=path)
    present, start = _heading(text, options, separator, path)
    require_names(names, present, path=path)
    place = {name: str(i) for i, name in enumerate(present)}
    wanted = list(dict.fromkeys(place[n] for n in names.values()))
    words = {place[names[v]] for v in as_text if v in names}
    nameless = [str(i) for i, name in enumerate(present) if not name and i]  # row numbers may stand first
    body = _Body(text.slice(start), len(present), options, separator, path)
    table = body.read([*wanted, *nameless], words | set(nameless))
    require_rows(table.num_rows, path=path)
    _check_nameless(table, nameless, present, path)
    rows = pa.table({v: table.column(place[n]) for v, n in names.items()})
    check_second_heading(rows, as_text, path=path)
    return rows


def _check_nameless(table: pa.Table, nameless: list[str], present: list[str], path: Path) -> None:
    """Raise for columns without a name that are not empty."""
    filled = [int(c) for c in nameless if table.column(c).null_count < table.num_rows]
    if filled:
        raise RawFileError(
            "columns have no name", expected="a name over every filled column", where=path,
            got="nothing over " + ", ".join(f"column {i + 1}, after {present[i - 1]!r}" for i in filled[:8]),
            next_step="put the column names into the first row, in a copy of the file",
        )  # fmt: skip


def _checked(head: bytes, path: Path) -> bytes:
    kind = seems(head)
    if kind or (b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise misnamed(path, expected="a text file", got=kind or "bytes that are no text")
    return head


def _heading(text: pa.Buffer, options: TextOptions, separator: str, path: Path) -> tuple[list[str], int]:
    """The column names, and where the rows under them begin."""
    head = text.slice(0, min(_HEAD, text.size)).to_pybytes()
    lines = head.splitlines(keepends=True)
    blank = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    source = io.StringIO(b"".join(lines[blank:]).decode("utf-8", "ignore"), newline="")
    reader = csv.reader(
        source, delimiter=separator, quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        quotechar=options.quote or '"',
    )  # fmt: skip
    try:
        names = column_names(next(reader, []), path=path)
    except csv.Error as error:
        raise RawFileError(
            "the heading row cannot be read", expected="column names in the first line", got=str(error), where=path,
            next_step="fetch the file again; where the text holds quotation marks as such, set quote in the mapping",
        ) from error  # fmt: skip
    _check_heading(names, separator, path)
    return names, sum(map(len, lines[: blank + reader.line_num]))


def _check_heading(names: list[str], separator: str, path: Path) -> None:
    others = [s for s in _SEPARATORS if s != separator and names and s in names[0]]
    if not any(names) or all(_is_number(n) for n in names) or (len(names) == 1 and others):
        got = f"columns separated by {_SEPARATORS[others[0]]}" if len(names) == 1 and others else ", ".join(names[:8])
        raise RawFileError(
            "the first line holds no column names", expected=f"column names separated by {_SEPARATORS[separator]}",
            got=got or "blank lines", where=path,
            next_step="export the file again as .csv with commas or .tsv with tabs, with its column names",
        )  # fmt: skip


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


class _Body:
    """The lines under the heading row; columns are called by their place."""

    def __init__(self, text: pa.Buffer, width: int, options: TextOptions, separator: str, path: Path) -> None:
        self.text, self.width, self.options, self.path = text, width, options, path
        quoted = bool(options.quote) and re.search(re.escape(options.quote.encode()), memoryview(text)) is not None
        self.parsing = pacsv.ParseOptions(
            delimiter=separator, quote_char=options.quote or False, newlines_in_values=quoted
        )

    def read(self, wanted: list[str], words: set[str]) -> pa.Table:
        """The columns wanted, those of `words` as text."""
        if not re.search(rb"\S", memoryview(self.text)):
            require_rows(0, path=self.path)
        numbers = self._numeric(wanted, words)
        try:
            table = self._table(self.text, wanted, numbers)
            if not all(all_finite(table.column(c)) for c in numbers):
                raise pa.ArrowInvalid("conversion error: a number that is not finite")
        except pa.ArrowInvalid as error:
            if "conversion error" not in str(error):
                raise self._broken() from error
            numbers = set()
            table = self._table(self.text, wanted, numbers)
        return pa.table({c: self._clean(table.column(c), c in words) if c not in numbers else table.column(c)
                         for c in wanted})  # fmt: skip

    def _broken(self) -> RawFileError:
        """The error for lines that do not have the heading row's columns; read again one by one, to know where."""
        try:
            self._table(self.text, ["0"], set(), threads=False)
        except pa.ArrowInvalid as error:
            got = str(error).removeprefix("CSV parse error: ")
        else:
            got = "a quotation mark that is not closed"
        return RawFileError(
            "the lines do not all have the columns of the heading row", expected=f"{self.width} columns in every line",
            got=got, where=self.path,
            next_step="fetch the file again; where the text holds quotation marks as such, set quote in the mapping",
        )  # fmt: skip

    def _clean(self, column: pa.ChunkedArray, as_text: bool) -> pa.ChunkedArray:
        text = trimmed(column, self.options.null)
        return text if as_text else parsed(text)

    def _numeric(self, wanted: list[str], words: set[str]) -> set[str]:
        """The columns that hold only numbers in the first lines, and so probably in all."""
        sample = self.text.slice(0, min(_SAMPLE, self.text.size))
        end = sample.to_pybytes().rfind(b"\n") + 1 if sample.size < self.text.size else sample.size
        try:
            first = self._table(sample.slice(0, end), wanted, set())
        except pa.ArrowInvalid:
            return set()  # cut within quotation marks, or broken, which the reading of the whole will tell
        return {c for c in wanted if c not in words and pa.types.is_floating(self._clean(first.column(c), False).type)}

    def _table(self, text: pa.Buffer, wanted: list[str], numbers: set[str], *, threads: bool = True) -> pa.Table:
        return pacsv.read_csv(
            pa.BufferReader(text), read_options=self._reading(threads=threads), parse_options=self.parsing,
            convert_options=self._converting(wanted, numbers),
        )  # fmt: skip

    def _reading(self, *, threads: bool) -> pacsv.ReadOptions:
        return pacsv.ReadOptions(
            use_threads=threads, block_size=_BLOCK, column_names=[str(i) for i in range(self.width)]
        )

    def _converting(self, wanted: list[str], numbers: set[str]) -> pacsv.ConvertOptions:
        return pacsv.ConvertOptions(
            include_columns=wanted, null_values=["", *self.options.null], strings_can_be_null=True,
            column_types={c: pa.float64() if c in numbers else pa.string() for c in wanted},
        )  # fmt: skip
