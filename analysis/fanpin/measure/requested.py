"""The columns a request names, checked and fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fanpin.core.arguments import check_design, check_table
from fanpin.core.design import Design
from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.measure.cells import By, by_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """Rows and groups.

    Attributes
    ----------
    frame : the rows, of the columns that are needed if they came from an Ibis table.
    by : columns of the groups.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]


def requested(
    data: Any,
    columns: Iterable[str | None],
    *,
    by: By,
    design: Design | None,
    size: Any,
    context: tuple[str, ...],
    where: str,
    beside: Iterable[str] = (),
) -> Requested:
    """The table, its design and its columns checked by name; `beside` are columns taken along where they exist."""
    check_table(data, where=where)
    check_design(design)
    if size is not None and not isinstance(size, str):
        raise InputError(f"size={size!r} names no column", expected="a column name", where=where)
    groups = by_columns(by, data.columns, context=context, where=where)
    needed = [*columns, size, *groups, *(design.columns if design else ())]
    require_columns(data.columns, needed, where=where)
    kept = [c for c in dict.fromkeys([*needed, *beside]) if c is not None and c in data.columns]
    frame = data if isinstance(data, pd.DataFrame) else fetch_frame(data.select(*kept))
    if frame.empty:
        raise DataError("no rows", expected="at least one sampled row", where=where)
    return Requested(frame=frame, by=groups)
