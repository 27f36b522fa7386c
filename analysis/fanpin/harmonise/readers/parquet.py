"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers.columns import (
    all_finite,
    column_names,
    number_text,
    parsed,
    require_names,
    require_rows,
    trimmed,
)
from fanpin.harmonise.readers.contents import first_bytes, misnamed, seems
from fanpin.harmonise.readers.records import Header, TextOptions


def read_header(path: Path) -> Header:
    """The column names."""
    with _opened(path) as file:
        require_rows(file.metadata.num_rows, path=path)
        return Header(names=column_names(file.schema_arrow.names, path=path))


def read_rows(path: Path, options: TextOptions, *, names: dict[str, str], as_text: frozenset[str]) -> pa.Table:
    """The columns asked for; numbers where every filled cell is one."""
    with _opened(path) as file:
        require_names(names, file.schema_arrow.names, path=path)
        table = file.read(columns=list(dict.fromkeys(names.values())))
    require_rows(table.num_rows, path=path)
    return pa.table({v: shaped(table.column(n), options.null, as_text=v in as_text) for v, n in names.items()})


def _opened(path: Path) -> pq.ParquetFile:
    head = first_bytes(path)
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        if not head.startswith(b"PAR1"):
            raise misnamed(path, expected="a Parquet file", got=seems(head) or "other bytes") from error
        raise RawFileError(
            "the file is cut off or damaged", expected="a whole Parquet file", got=str(error).splitlines()[0], where=path,
            next_step="fetch the file again",
        ) from error  # fmt: skip


def shaped(column: pa.ChunkedArray, null: tuple[str, ...], *, as_text: bool) -> pa.ChunkedArray:
    """A typed column as numbers or text; a number that is not finite is text, except NaN, which is an empty cell."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return shaped(column.cast(kind.value_type), null, as_text=as_text)
    if pa.types.is_floating(kind):
        numbers = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column).cast(pa.float64())
        return number_text(numbers) if as_text or not all_finite(numbers) else numbers
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        return column.cast(pa.int8() if pa.types.is_boolean(kind) else kind).cast(
            pa.string() if as_text else pa.float64()
        )
    text = trimmed(column.cast(pa.string()), null)
    return text if as_text else parsed(text)
