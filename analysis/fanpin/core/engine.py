"""Ibis and pandas: a private DuckDB, and results as plain int64, float64, bool and str columns, nothing nullable."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa


@contextmanager
def private_duckdb() -> Iterator[Any]:
    """An Ibis connection to a DuckDB in memory that nobody else uses, closed at the end of the `with` block."""
    connection = ibis.duckdb.connect()
    try:
        yield connection
    finally:
        connection.disconnect()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence one warning: Ibis 12 calls an older name of DuckDB's for the same function."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        yield


def stacked(tables: list[ir.Table]) -> ir.Table:
    """The rows of one table or several with the same columns."""
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def fetch(expression: ir.Expr) -> Any:
    """Run an expression on its engine; a table gives a pyarrow Table, a scalar gives a pyarrow Scalar."""
    with quiet():
        return expression.to_pyarrow()


def fetch_value(expression: ir.Scalar) -> Any:
    """The value of a scalar expression, as a Python object."""
    return fetch(expression).as_py()


def fetch_frame(expression: ir.Table) -> pd.DataFrame:
    """The rows of a table expression as plain pandas."""
    return plain_frame(fetch(expression))


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """The frame of a pyarrow table; integers and flags with missing values become float64, text becomes str."""
    return pd.DataFrame({name: _plain_column(table.column(name)) for name in table.column_names})


def _plain_column(column: pa.ChunkedArray) -> Any:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.to_pandas().astype("str")
    if pa.types.is_boolean(kind) and column.null_count:
        return column.cast(pa.int8()).cast(pa.float64()).to_pandas()
    if pa.types.is_integer(kind):
        return column.cast(pa.float64()).to_pandas() if column.null_count else column.to_pandas().astype("int64")
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64()).to_pandas()
    return column.to_pandas()
