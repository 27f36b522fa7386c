"""The cells of `by` columns, and how rows that belong to none are announced."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import as_names
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, require_columns
from fanpin.results.measures import RESERVED

By = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cell each record belongs to.

    Attributes
    ----------
    code : (m,) codes from 0 in the order of the labels, -1 outside all cells.
    labels : (C, columns) values of the `by` columns.
    """

    code: NDArray[np.int64]
    labels: pd.DataFrame


def by_columns(by: By, columns: Iterable[object], *, context: Sequence[str], where: str) -> tuple[str, ...]:
    """The `by` columns as a tuple: each in the data, none twice, none with a name the result needs.

    Raises also where two columns of the data share a name, since no column could then be told by it.
    """
    names = as_names("by", by)
    columns = list(columns)
    doubled = sorted({str(c) for c in columns if columns.count(c) > 1})
    if doubled:
        raise InputError("the data have two columns of one name", got=", ".join(doubled), where=where,
                         next_step="give each column one name")  # fmt: skip
    require_columns(columns, names, where=f"by= of {where}")
    twice = sorted({n for n in names if names.count(n) > 1})
    taken = [n for n in names if n in (*RESERVED, *context)]
    if twice:
        raise InputError("a by column is named twice", got=", ".join(twice), where=where)
    if taken:
        raise InputError(f"by column {taken[0]!r} has a name that the result needs", where=where,
                         next_step="rename the column")  # fmt: skip
    return names


def cells_of(records: pd.DataFrame, by: tuple[str, ...], inside: NDArray[np.bool_]) -> Cells:
    """Number the combinations of `by` values found among the records inside, in sorted order."""
    code = np.full(len(records), -1, dtype=np.int64)
    known = inside & records[list(by)].notna().all(axis=1).to_numpy() if by else inside
    if not known.any():
        raise DataError("no row is left to measure", expected="rows without missing values")
    if not by:
        code[known] = 0
        return Cells(code=code, labels=pd.DataFrame(index=[0]))
    chosen = records.loc[known, list(by)]
    code[known] = chosen.groupby(list(by), sort=True, observed=True).ngroup().to_numpy()
    first = np.unique(code[known], return_index=True)[1]
    return Cells(code=code, labels=chosen.iloc[first].apply(_plain).reset_index(drop=True))


def announce_dropped(missing: Mapping[str, int], rows: int, *, stacklevel: int) -> tuple[str, ...]:
    """Warn of rows left out because a column is missing; returns the same sentence as a note."""
    counts = {name: int(count) for name, count in missing.items() if count}
    if not counts:
        return ()
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    text = f"rows left out for missing values, of {rows}: {listed}; their PSUs stay in the design"
    warnings.warn(text, DroppedRowsWarning, stacklevel=stacklevel + 1)
    return (text,)


def announce_empty(
    records: pd.DataFrame, by: tuple[str, ...], cells: Cells, *, what: str, stacklevel: int
) -> tuple[str, ...]:
    """Warn of groups none of whose rows can be used, by name; returns the same sentence as a note."""
    if not by:
        return ()
    groups = records[list(by)].dropna().apply(_plain).drop_duplicates()
    seen = set(cells.labels.itertuples(index=False, name=None))
    empty = [g for g in groups.itertuples(index=False, name=None) if g not in seen]
    if not empty:
        return ()
    listed = "; ".join(", ".join(f"{b}={v}" for b, v in zip(by, g, strict=True)) for g in empty[:10])
    text = f"{len(empty)} groups without {what}, left out: {listed}" + ("; …" if len(empty) > 10 else "")
    warnings.warn(text, DroppedRowsWarning, stacklevel=stacklevel + 1)
    return (text,)


def _plain(column: pd.Series) -> pd.Series:
    """A categorical column as its values; they are kept in the categories' order by whoever sorted them."""
    return column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column
