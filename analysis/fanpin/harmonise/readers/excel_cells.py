"""The cells of an Excel column, each of its own kind, as numbers or text."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from fanpin.harmonise.readers.columns import number_text, parsed, trimmed

_EXACT = 1e15  # Excel keeps 15 digits of a number


def shaped(cells: list[Any], null: tuple[str, ...], *, as_text: bool, digits: int = 0) -> pa.ChunkedArray:
    """A column as numbers or text.

    Parameters
    ----------
    cells : None, text, numbers, booleans, dates and times.
    null : words for an empty cell.
    as_text : the text is wanted.
    digits : digits that whole numbers are shown with, leading zeros included.
    """
    if not as_text:
        try:
            return pa.chunked_array([pa.array(map(_number, cells), pa.float64())])
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pass
    numbers = pa.array([_number(c) if _is_number(c) else None for c in cells], pa.float64())
    shown = number_text(pa.chunked_array([numbers]), exact=_EXACT).to_pylist()
    words = [_word(c) if n is None else n.zfill(digits) for c, n in zip(cells, shown, strict=True)]
    text = trimmed(pa.chunked_array([pa.array(words, pa.string())]), null)
    return text if as_text else parsed(text)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float))


def _number(cell: Any) -> Any:
    return float(cell) if _is_number(cell) else cell


def _word(cell: Any) -> str | None:
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return None if cell is None else str(cell)
