"""Raw files: which are given, which mapping each belongs to, and their rows as text."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as arrow_csv

from fanpin.core.errors import RawFileError, UnknownNameError, unknown_name
from fanpin.harmonise.mapping import FileRole, Layout

FILE = "file__"
DATA_SUFFIXES = {".csv", ".tsv", ".txt", ".dat", ".dta", ".sav", ".gz", ".bz2", ".zip", ".xlsx", ".parquet"}
OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}
DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A file, with the mapping and the role its name says it has."""

    path: Path
    layout: Layout
    role: FileRole


def listed_files(files: str | Path | Iterable[str | Path]) -> tuple[list[Path], set[Path]]:
    """Every file that a path, a folder, a glob pattern or a list of these stands for, in the order of their names.

    Returns
    -------
    All files, and those of them that were named one by one.

    Raises
    ------
    RawFileError : a path, folder or pattern stands for no file.
    """
    given = [files] if isinstance(files, (str, Path)) else list(files)
    found: dict[Path, bool] = {}
    for entry in given:
        path = Path(entry)
        if path.is_file():
            found[path] = True
            continue
        inside = path.iterdir() if path.is_dir() else Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        plain = [p for p in inside if p.is_file() and not p.name.startswith(".")]
        if not plain:
            raise RawFileError("no file here", got=str(entry), expected="a file, a folder with files, or a pattern")
        for p in plain:
            found.setdefault(p, False)
    if not found:
        raise RawFileError("no file was given", expected="a file, a folder, a pattern, or a list of these")
    return sorted(found), {p for p, named in found.items() if named}


def matched_files(files: str | Path | Iterable[str | Path], layouts: list[Layout]) -> tuple[list[RawFile], list[Path]]:
    """Give each file the mapping and role whose pattern its name meets.

    Returns
    -------
    The files that are mapped, and those with a data file's ending that no pattern meets.

    Raises
    ------
    RawFileError : no file meets a pattern; a file named one by one meets none, or any file several; a mapping has
        files of one role and none of another.
    """
    paths, named = listed_files(files)
    raw, unused = [], []
    for path in paths:
        meets = [(la, r) for la in layouts for r in la.roles.values() if fnmatch(path.name.lower(), r.pattern.lower())]
        if len(meets) > 1:
            raise RawFileError(
                f"the file name {path.name!r} meets several patterns", where=path,
                got=", ".join(f"{la.source}/{la.name}: {r.pattern}" for la, r in meets),
            )  # fmt: skip
        if meets:
            raw.append(RawFile(path=path, layout=meets[0][0], role=meets[0][1]))
        elif path in named:
            raise _no_pattern([path], layouts)
        elif path.suffix.lower() in DATA_SUFFIXES:
            unused.append(path)
    if not raw:
        raise _no_pattern(paths, layouts)
    _check_names(raw)
    _check_roles(raw)
    return raw, unused


def _no_pattern(paths: list[Path], layouts: list[Layout]) -> RawFileError:
    patterns = [r.pattern for la in layouts for r in la.roles.values()]
    return RawFileError(
        f"no file of {layouts[0].source!r} is among those given",
        expected="names such as " + ", ".join(patterns), got=", ".join(p.name for p in paths[:5]),
        where=paths[0].parent, next_step="give the files their published names",
    )  # fmt: skip


def _check_names(raw: list[RawFile]) -> None:
    first: dict[str, Path] = {}
    for file in raw:
        if file.path.name in first:
            raise RawFileError(
                f"two files are called {file.path.name!r}", got=f"{first[file.path.name]} and {file.path}",
                next_step="give one of them",
            )  # fmt: skip
        first[file.path.name] = file.path


def _check_roles(raw: list[RawFile]) -> None:
    for layout in {f.layout.name: f.layout for f in raw}.values():
        present = {f.role.name for f in raw if f.layout is layout}
        for role in layout.roles.values():
            if role.name not in present:
                raise RawFileError(
                    f"no {role.name} file of {layout.source!r} is among those given", expected=role.pattern,
                    got="only " + ", ".join(sorted(present)),
                )  # fmt: skip


def read_role(files: list[RawFile]) -> pa.Table:
    """The rows of all files of one role, only the mapped variables, as trimmed text, and the file's name."""
    variables = files[0].layout.variables(files[0].role.name)
    headers = {f.path: _names_in(f, variables) for f in files}
    return pa.concat_tables([_rows(f, headers[f.path], variables) for f in files])


def _names_in(file: RawFile, variables: tuple[str, ...]) -> dict[str, str]:
    """Variable -> its name in this file, which may differ in case; raises for the variables the file does not have."""
    header = read_header(file)
    lower = {h.lower(): h for h in header}
    absent = [v for v in variables if v not in header and v.lower() not in lower]
    if absent:
        error = unknown_name("column of the raw file", absent[0], header, where=file.path)
        raise UnknownNameError(
            f"the file has no column {', '.join(map(repr, absent))}",
            expected=f"the {len(variables)} columns that {file.layout.source}/{file.layout.name}.toml reads",
            got=f"{len(header)} columns: {', '.join(header[:12])}{' …' if len(header) > 12 else ''}",
            where=file.path, next_step=error.next_step,
        )  # fmt: skip
    return {v: v if v in header else lower[v.lower()] for v in variables}


def read_header(file: RawFile) -> list[str]:
    """The column names in the first line of a file."""
    line = _first_line(file)
    if not line.strip():
        raise RawFileError("the file is empty", expected="a line of column names and rows", where=file.path)
    text = line.removeprefix(codecs.BOM_UTF8).decode(_encoding(file, line), errors="replace").rstrip("\r\n")
    delimiter, quote = DELIMITERS[file.role.format], file.role.quote
    if quote:
        return next(csv.reader([text], delimiter=delimiter, quotechar=quote))
    return next(csv.reader([text], delimiter=delimiter, quoting=csv.QUOTE_NONE))


def _first_line(file: RawFile) -> bytes:
    opener = OPENERS.get(file.path.suffix.lower(), open)
    try:
        with opener(file.path, "rb") as stream:
            return bytes(stream.readline())
    except (OSError, EOFError) as error:
        raise _unreadable(file, error) from error


def _encoding(file: RawFile, line: bytes) -> str:
    """The role's encoding, unless the file begins with the mark of UTF-8."""
    return "utf-8" if line.startswith(codecs.BOM_UTF8) else file.role.encoding


def _rows(file: RawFile, names: dict[str, str], variables: tuple[str, ...]) -> pa.Table:
    wanted = list(dict.fromkeys(names.values()))
    try:
        table = arrow_csv.read_csv(
            file.path,
            read_options=arrow_csv.ReadOptions(encoding=_encoding(file, _first_line(file))),
            parse_options=arrow_csv.ParseOptions(
                delimiter=DELIMITERS[file.role.format], quote_char=file.role.quote or False, newlines_in_values=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted, column_types={w: pa.string() for w in wanted}, strings_can_be_null=False
            ),
        )
    except (OSError, EOFError, pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error
    if not table.num_rows:
        raise RawFileError("the file has no rows", expected="rows under its line of column names", where=file.path)
    columns = {v: compute.utf8_trim_whitespace(table.column(names[v])) for v in variables}
    return pa.table({FILE: pa.array([file.path.name] * table.num_rows), **columns})


def _unreadable(file: RawFile, error: Exception) -> RawFileError:
    said = str(error).splitlines()[0]
    cut = any(word in said.lower() for word in ("truncated", "end-of-stream", "not a gzip", "crc", "incorrect header"))
    return RawFileError(
        "the file cannot be read" + (": it is cut short or not compressed as its name says" if cut else ""),
        expected=f"{file.role.format} text in {file.role.encoding}", got=said, where=file.path,
        next_step="fetch the file again" if cut else "compare the line named with the lines around it",
    )  # fmt: skip
