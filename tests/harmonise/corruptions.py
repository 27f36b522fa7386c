"""What can be done to a raw file, and the record of a case: what is done, and what must come of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyreadstat

HOMES = "防返贫监测_户信息_2018.xlsx"
HOMES_2016 = "防返贫监测_户信息_2016.xlsx"
PEOPLE = "防返贫监测_人员信息_2018.xlsx"
HOMES_CSV = "防返贫监测_户信息_2018.csv"
PLACES = "places_simulated.csv"
CENSUS, CENSUS_XML = "ipumsi_00001.csv.gz", "ipumsi_00001.xml"
FIXED, FIXED_XML = "ipumsi_00002.dat.gz", "ipumsi_00002.xml"
FAMECON, FAMCONF = "cfps2018famecon_202101.dta", "cfps2018famconf_202008.dta"
FAMECON_2016 = "cfps2016famecon_201807.dta"


REGISTER, BOTH = (HOMES,), (HOMES, PEOPLE)
PLACE_FILES, CENSUS_FILES, FIXED_FILES = (PLACES,), (CENSUS, CENSUS_XML), (FIXED, FIXED_XML)
HOUSEHOLDS, ROSTER = (FAMECON,), (FAMECON, FAMCONF)
ANY = -1  # any number of cells: aggregates over the rows concerned


@dataclass(frozen=True, kw_only=True)
class Case:
    """One corruption of good files, and all that must come of it.

    Attributes
    ----------
    name : what is wrong.
    source, files : the good files, by name.
    spoil : does the damage in the folder they were copied to.
    error : what harmonise raises; none where it goes through.
    file, column, rows : what the message or the row of `issues` names: the first of the files, unless told.
    rule, got, expected, step : parts of the message's facts; in `issues` they are rule and examples.
    action : of the row of `issues`; "" where nothing is to be listed.
    differs : table -> column -> how many of its cells are not those of the good files; "gone" and "new" count rows.
    reads : the same with bad_values="missing", where the rest is read; none where that is not tried.
    """

    name: str
    source: str
    files: tuple[str, ...]
    spoil: Callable[[Path], Any]
    error: type[Exception] | None = None
    file: str = ""
    column: str = ""
    rows: int | None = None
    rule: str = ""
    got: str = ""
    expected: str = ""
    step: str = ""
    action: str = ""
    differs: dict[str, dict[str, int]] = field(default_factory=dict)
    reads: dict[str, dict[str, int]] | None = None


# --- tools --------------------------------------------------------------------------------------------------------


def both(*steps: Callable[[Path], Any]) -> Callable[[Path], None]:
    """One step after another."""

    def spoil(folder: Path) -> None:
        for step in steps:
            step(folder)

    return spoil


def renamed(old: str, new: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / old).rename(folder / new)


def swapped(one: str, other: str) -> Callable[[Path], Any]:
    return both(renamed(one, "between"), renamed(other, one), renamed("between", other))


def copied(old: str, new: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / new).write_bytes((folder / old).read_bytes())


def added(name: str, data: bytes = b"") -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(data)


def removed(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).unlink()


def cut(name: str, share: float = 0.6) -> Callable[[Path], Any]:
    """Only the first part of the file's bytes is left."""

    def spoil(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * share)])

    return spoil


def text(name: str, change: Callable[[str], str], *, encoding: str = "utf-8") -> Callable[[Path], Any]:
    """The text of a file, packed or not, changed and written in an encoding."""

    def spoil(folder: Path) -> None:
        raw = (folder / name).read_bytes()
        packed = name.endswith(".gz")
        old = (gzip.decompress(raw) if packed else raw).decode("utf-8")
        new = change(old)
        data = new.encode(encoding)
        (folder / name).write_bytes(gzip.compress(data, mtime=0) if packed else data)

    return spoil


def replaced(name: str, old: str, new: str, *, count: int = 1) -> Callable[[Path], Any]:
    """Text that stands in the file put in place of other."""

    def change(whole: str) -> str:
        assert old in whole, f"{old!r} is not in {name}"
        return whole.replace(old, new, count)

    return text(name, change)


def line(name: str, number: int, change: Callable[[str], str]) -> Callable[[Path], Any]:
    """One line of text changed; the heading is line 0."""

    def apply(whole: str) -> str:
        lines = whole.split("\n")
        lines[number] = change(lines[number])
        return "\n".join(lines)

    return text(name, apply)


def field_of(name: str, number: int, column: str, value: str) -> Callable[[Path], Any]:
    """One field of a comma-separated file set."""

    def apply(whole: str) -> str:
        lines = whole.split("\n")
        place = lines[0].split(",").index(column)
        cells = lines[number].split(",")
        assert cells[place] != value
        cells[place] = value
        lines[number] = ",".join(cells)
        return "\n".join(lines)

    return text(name, apply)


def book(name: str, change: Callable[[Any], Any]) -> Callable[[Path], Any]:
    """A workbook's first sheet, as openpyxl has it, changed."""

    def spoil(folder: Path) -> None:
        whole = openpyxl.load_workbook(folder / name)
        change(whole.worksheets[0])
        whole.save(folder / name)

    return spoil


def cell(name: str, row: int, column: str, value: Any) -> Callable[[Path], Any]:
    """One cell of a workbook set; the first row under the headings is row 2."""

    def change(sheet: Any) -> None:
        headings = [c.value for c in sheet[1]]
        sheet.cell(row, headings.index(column) + 1).value = value

    return book(name, change)


def heading(name: str, old: str, new: str | None) -> Callable[[Path], Any]:
    """One heading of a workbook changed."""

    def change(sheet: Any) -> None:
        headings = [c.value for c in sheet[1]]
        sheet.cell(1, headings.index(old) + 1).value = new

    return book(name, change)


def as_csv(name: str, new: str, *, separator: str = ",", encoding: str = "utf-8") -> Callable[[Path], Any]:
    """A workbook saved as text."""

    def spoil(folder: Path) -> None:
        rows = openpyxl.load_workbook(folder / name).worksheets[0].iter_rows(values_only=True)
        lines = [separator.join("" if v is None else str(v) for v in row) for row in rows]
        (folder / name).unlink()
        (folder / new).write_bytes(("\n".join(lines) + "\n").encode(encoding))

    return spoil


def stata(name: str, change: Callable[[Any, dict[str, Any]], Any], **written: Any) -> Callable[[Path], Any]:
    """A Stata file's frame changed, and its labels by name with it."""

    def spoil(folder: Path) -> None:
        frame, meta = pyreadstat.read_dta(str(folder / name), user_missing=True)
        labels = dict(meta.column_names_to_labels)
        values = {k: dict(v) for k, v in meta.variable_value_labels.items()}
        new = change(frame, {"labels": labels, "values": values})
        frame = frame if new is None else new
        pyreadstat.write_dta(
            frame, str(folder / name), column_labels={c: labels.get(c) or "" for c in frame.columns},
            variable_value_labels={k: v for k, v in values.items() if k in frame.columns}, **written,
        )  # fmt: skip

    return spoil


def stata_cell(name: str, row: int, column: str, value: Any) -> Callable[[Path], Any]:
    """One cell of a Stata file set."""

    def change(frame: Any, _: dict[str, Any]) -> Any:
        frame[column] = frame[column].astype(object if isinstance(value, str) else float)
        frame.loc[row, column] = value
        return frame

    return stata(name, change)
