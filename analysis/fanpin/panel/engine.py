"""Between pandas and the engine: a frame becomes a table of a private DuckDB, a result comes back beside its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from fanpin.core.engine import fetch_frame, private_duckdb, quiet
from fanpin.core.errors import DataError, InputError

Data: TypeAlias = "pd.DataFrame | ir.Table"
ROW = "row__in_frame"


@contextmanager
def opened(data: Data, columns: Iterable[str | None]) -> Iterator[ir.Table]:
    """The data as an Ibis table, for the length of a `with` block.

    An Ibis table is passed through with all its columns. Of a frame only `columns` go to the engine, beside the
    position of each row, by which `closed` finds the frame's other columns again with their types untouched.
    """
    if isinstance(data, ir.Table):
        yield data
        return
    with private_duckdb() as connection:
        with quiet():
            table = connection.create_table("panel", _narrow(data, columns))
        yield table


def closed(expression: ir.Table, data: Data, *, new: list[str], first: list[str], renamed: dict[str, str]) -> Data:
    """What the caller gets back: the rows of `expression` with columns `first`, then every other column of the data.

    For a frame, only the columns `new` are taken from the engine; the rest is the frame's own, of which `renamed` says
    which change their names because a new column takes them. With first=[] the new columns stand last.
    """
    if isinstance(data, ir.Table):
        rest = [c for c in expression.columns if c not in first]
        return expression.select(*first, *rest) if first else expression
    result = fetch_frame(expression)
    kept = data.rename(columns=renamed)
    kept = kept.drop(columns=[c for c in new if c in kept])
    rows = kept.iloc[result[ROW].to_numpy()].reset_index(drop=True)
    whole = pd.concat([rows, result[new]], axis=1)
    return whole[[*first, *(c for c in whole.columns if c not in first)]]


def _narrow(frame: pd.DataFrame, columns: Iterable[str | None]) -> pa.Table:
    if not isinstance(frame, pd.DataFrame):
        raise InputError("data is no table", expected="a pandas DataFrame or an Ibis table", got=type(frame).__name__)
    names = list(dict.fromkeys(c for c in columns if c is not None))
    arrays: dict[str, Any] = {name: _arrow(frame[name], name) for name in names}
    return pa.table({**arrays, ROW: pa.array(np.arange(len(frame)))})


def _arrow(column: pd.Series | pd.DataFrame, name: str) -> pa.Array:
    if isinstance(column, pd.DataFrame):
        raise InputError(
            f"the frame has {column.shape[1]} columns named {name!r}", next_step="give each column one name"
        )
    values = column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"column {name!r} mixes types",
            got=str(error).splitlines()[0],
            next_step="convert the column to one type",
        ) from error
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
