"""Cells of any format as columns of one shape: finite numbers, or trimmed text, with empty cells as null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fanpin.core.errors import RawFileError

TAG = "__tag"
_SECOND_HEADING = 3  # columns with a word over numbers that make the first row a heading
EXACT = 2.0**53  # the largest whole number that a double holds with all its digits


def trimmed(column: pa.ChunkedArray, null: Iterable[str] = ()) -> pa.ChunkedArray:
    """Text without blanks around it; null where nothing is left or a word for an empty cell."""
    text = pc.utf8_trim_whitespace(column)
    empty = pc.is_in(text, value_set=pa.array(["", *null], text.type))
    return pc.if_else(empty, pa.scalar(None, text.type), text)


def parsed(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers where every cell that is not null is a finite number; else the text."""
    try:
        numbers = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return text
    return numbers if all_finite(numbers) else text


def all_finite(numbers: pa.ChunkedArray) -> bool:
    """Whether no number is infinite or not a number; nulls pass."""
    return pc.all(pc.is_finite(numbers), min_count=0).as_py() is not False


def number_text(numbers: pa.ChunkedArray, *, exact: float = EXACT) -> pa.ChunkedArray:
    """Numbers as text: whole ones without a decimal point, as they stand in identifiers.

    Whole numbers from `exact` on have lost digits. They are written with an exponent, so that they cannot be taken
    for the identifiers that they were.
    """
    lossy = pc.greater_equal(pc.abs(numbers), exact)
    whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.invert(lossy))
    nothing = pa.scalar(None, pa.float64())
    integers = pc.cast(pc.cast(pc.if_else(whole, numbers, nothing), pa.int64()), pa.string())
    text = pc.coalesce(integers, pc.cast(numbers, pa.string()))
    if not pc.any(lossy).as_py():
        return text
    short = [f"{n:.15G}" if n is not None and abs(n) >= exact else None for n in numbers.to_pylist()]
    return pc.coalesce(pa.chunked_array([pa.array(short, pa.string())]), text)


def column_names(names: Iterable[object], *, path: Path) -> list[str]:
    """The names without blanks around them.

    Raises
    ------
    RawFileError : two columns have one name, with or without regard to case.
    """
    listed = ["" if n is None else str(n).strip() for n in names]
    first: dict[str, str] = {}
    for name in filter(None, listed):
        if name.lower() in first:
            raise RawFileError(
                "two columns have one name", expected="names that differ, without regard to case",
                got=f"{first[name.lower()]!r} and {name!r}", where=path,
                next_step="give one of the columns another name in a copy of the file",
            )  # fmt: skip
        first[name.lower()] = name
    return listed


def require_rows(rows: int, *, path: Path) -> None:
    """Raise for a file that has column names and nothing else."""
    if rows == 0:
        raise RawFileError(
            "the file has no rows", expected="at least one row under the column names", where=path,
            next_step="fetch the file again, or export it again",
        )  # fmt: skip


def check_second_heading(rows: pa.Table, as_text: Iterable[str], *, path: Path) -> None:
    """Raise where the first row holds words over numbers in several columns: units, or the second line of a heading."""
    over = [c for c in rows.column_names if c not in as_text and _word_over_numbers(rows.column(c))]
    if len(over) >= _SECOND_HEADING:
        raise RawFileError(
            "the heading has two lines", expected="one row of column names, and rows under it",
            got="; ".join(f"{rows.column(c)[0].as_py()} under {c}" for c in over[:5]), where=path,
            next_step="take the second line of the heading out, in a copy of the file",
        )  # fmt: skip


def _word_over_numbers(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(column.type) or not column[0].is_valid or column.null_count == len(column) - 1:
        return False
    first, rest = parsed(column.slice(0, 1)), parsed(column.slice(1))
    return pa.types.is_string(first.type) and pa.types.is_floating(rest.type)


def require_names(wanted: Mapping[str, str], present: Iterable[str], *, path: Path) -> None:
    """Raise for a column asked for that the file does not have."""
    known = set(present)
    absent = [name for name in wanted.values() if name not in known]
    if absent:
        raise RawFileError(f"the file has no column {absent[0]!r}", expected=", ".join(sorted(known)), where=path)
