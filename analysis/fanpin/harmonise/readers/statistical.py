"""Files of Stata, SPSS and SAS, through pyreadstat."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from datetime import date, time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyreadstat
from pyreadstat._readstat_parser import parser_entry_point

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers.columns import (
    TAG,
    column_names,
    number_text,
    parsed,
    require_names,
    require_rows,
    trimmed,
)
from fanpin.harmonise.readers.contents import first_bytes, misnamed, seems
from fanpin.harmonise.readers.records import Header, TextOptions

_READ: dict[str, Callable[..., tuple[Any, Any]]] = {
    ".dta": pyreadstat.read_dta,
    ".sav": pyreadstat.read_sav,
    ".por": partial(parser_entry_point, parser_format="por"),  # read_por and read_xport make missing values of users,
    ".sas7bdat": pyreadstat.read_sas7bdat,
    ".xpt": partial(parser_entry_point, parser_format="xport"),  # and extended ones, null; this keeps them
}
ENDINGS = tuple(_READ)
_KINDS = {
    ".dta": "a Stata file",
    ".sav": "an SPSS file (.sav)",
    ".por": "an SPSS portable file (.por)",
    ".sas7bdat": "a SAS file (.sas7bdat)",
    ".xpt": "a SAS transport file (.xpt)",
}
_BINARY = (".dta", ".sav", ".sas7bdat")
_FURTHER = ("utf-8", "gb18030")  # encodings of old files that do not say theirs


def read_header(path: Path, options: TextOptions) -> Header:
    """The column names, variable labels and value labels."""
    _, meta = _read(path, options, metadataonly=True)
    texts = {n for n, kind in meta.readstat_variable_types.items() if kind == "string"}
    labels = zip(meta.column_names, meta.column_labels, strict=True)
    return Header(
        names=column_names(meta.column_names, path=path),
        labels={name: label for name, label in labels if label},
        value_labels={
            name: {_code(code, name in texts): text for code, text in codes.items()}
            for name, codes in meta.variable_value_labels.items()
        },
    )


def _code(code: Any, is_text: bool) -> float | str:
    if isinstance(code, str):
        return code if is_text else f".{code.lower()}"
    return float(code)


def read_rows(path: Path, options: TextOptions, *, names: dict[str, str], as_text: frozenset[str]) -> pa.Table:
    """The columns asked for, with extended missing values in columns of their own."""
    _, meta = _read(path, options, metadataonly=True)
    require_names(names, meta.column_names, path=path)
    keep = list(dict.fromkeys(names.values()))
    data, meta = _read(path, options, usecols=keep, user_missing=True, output_format="dict")
    require_rows(len(next(iter(data.values()))), path=path)
    columns: dict[str, pa.ChunkedArray] = {}
    for variable, name in names.items():
        is_text = meta.readstat_variable_types[name] == "string"
        columns |= _columns(variable, data[name], is_text, options, as_text=variable in as_text)
    return pa.table(columns)


def _columns(
    variable: str, cells: list[Any], is_text: bool, options: TextOptions, *, as_text: bool
) -> dict[str, pa.ChunkedArray]:
    if is_text:
        return {variable: _words(cells, options, as_text)}
    try:
        numbers = pa.chunked_array([pa.array(cells, pa.float64(), from_pandas=True)])
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # extended missing values or dates among them
        return _mixed(variable, cells, options, as_text)
    return {variable: number_text(numbers) if as_text else numbers}


def _mixed(variable: str, cells: list[Any], options: TextOptions, as_text: bool) -> dict[str, pa.ChunkedArray]:
    tags = [f".{c.lower()}" if isinstance(c, str) else None for c in cells]
    rest = [None if isinstance(c, str) else c for c in cells]
    if any(isinstance(c, (date, time)) for c in rest):
        main = _words([None if c is None else _iso(c) for c in rest], options, as_text)
    else:
        numbers = pa.chunked_array([pa.array(rest, pa.float64(), from_pandas=True)])
        main = number_text(numbers) if as_text else numbers
    tagged = {f"{variable}{TAG}": pa.chunked_array([pa.array(tags, pa.string())])} if any(tags) else {}
    return {variable: main, **tagged}


def _iso(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)


def _words(cells: list[Any], options: TextOptions, as_text: bool) -> pa.ChunkedArray:
    text = trimmed(pa.chunked_array([pa.array(cells, pa.string(), from_pandas=True)]), options.null)
    return text if as_text else parsed(text)


def _read(path: Path, options: TextOptions, **request: Any) -> tuple[Any, Any]:
    """What pyreadstat reads, in the encoding that fits where the file does not name its own."""
    _check_whole(path)
    problem: Exception | None = None
    for encoding in dict.fromkeys((None, *options.encodings, *_FURTHER)):
        try:
            data, meta = _call(path, encoding, request)
        except OverflowError as error:
            raise RawFileError(
                "the file has dates after the year 9999", expected="dates up to 9999", where=path,
                next_step="correct the dates, or save them as text, in a copy of the file",
            ) from error  # fmt: skip
        except (pyreadstat.ReadstatError, UnicodeError) as error:
            problem = problem or error
            if "encoding" not in str(error) and not isinstance(error, UnicodeError):
                break
            continue
        better = _garbled(_texts(data, meta)) if encoding is None else None
        if better is None:
            return data, meta
        return _call(path, better, request)
    raise RawFileError(
        "the file cannot be read", expected=f"a whole {_KINDS[path.suffix.lower()].split(' ', 1)[1]}",
        got=str(problem), where=path, next_step="fetch the file again; it may have been cut off on the way",
    ) from problem  # fmt: skip


def _call(path: Path, encoding: str | None, request: dict[str, Any]) -> tuple[Any, Any]:
    ending = path.suffix.lower()
    named = {} if encoding is None else {"encoding": codecs.lookup(encoding).name.upper()}
    return _READ[ending](str(path), **request, **named)


def _texts(data: Any, meta: Any) -> Iterable[str]:
    yield from filter(None, meta.column_labels)
    for codes in meta.variable_value_labels.values():
        yield from codes.values()
    if isinstance(data, dict):
        for cells in data.values():
            yield from (c for c in cells[:1000] if isinstance(c, str))


def _garbled(texts: Iterable[str]) -> str | None:
    """The encoding of text that was taken for Western European; none where it is that, or ASCII, or was read rightly.

    Western text hardly ever has only runs of accented letters that are characters of UTF-8 or GB 2312.
    """
    odd = [t for t in texts if not t.isascii()]
    for encoding, test in (("utf-8", "utf-8"), ("gb18030", "gb2312")):
        if odd and 2 * sum(_was(t, test) for t in odd) > len(odd):
            return encoding
    return None


def _was(text: str, encoding: str) -> bool:
    try:
        text.encode("cp1252").decode(encoding)
    except UnicodeError:
        return False
    return True


def _is_text(head: bytes) -> bool:
    return not any(b < 9 for b in head) and b"\n" in head


def _check_whole(path: Path) -> None:
    """Raise where the first or last bytes show that the file is another, or is cut off."""
    head, kind = first_bytes(path), _KINDS[path.suffix.lower()]
    found = seems(head)
    if found and found != kind and not (path.suffix.lower() == ".sav" and "SPSS" in found):
        raise misnamed(path, expected=kind, got=found)
    if not found and path.suffix.lower() in _BINARY and _is_text(head):
        raise misnamed(path, expected=kind, got=f"text: {head[:60].decode('utf-8', 'ignore').splitlines()[0]}")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 80))
        tail = file.read()
    whole = {
        ".dta": not head.startswith(b"<stata_dta>") or tail.rstrip().endswith(b"</stata_dta>"),
        ".xpt": size % 80 == 0,
        ".por": tail.rstrip().endswith(b"Z"),
    }
    if not whole.get(path.suffix.lower(), True):
        raise RawFileError(
            "the file is cut off", expected=f"a whole {kind.split(' ', 1)[1]}", got=f"{size} bytes, without its end",
            where=path, next_step="fetch the file again",
        )  # fmt: skip
