"""Fixed-width text (.dat) with its DDI codebook, as IPUMS extracts are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers.columns import column_names, parsed, require_names, require_rows, trimmed
from fanpin.harmonise.readers.contents import first_bytes, misnamed, seems, whole_bytes
from fanpin.harmonise.readers.ddi import Variable, check_same_extract, codebook_path, read_codebook
from fanpin.harmonise.readers.records import Header, TextOptions


def read_header(path: Path) -> Header:
    """Names and labels, from the codebook."""
    first_bytes(path)
    header = codebook_header(path)
    check_same_extract(path)
    return header


def codebook_header(path: Path) -> Header:
    """What the codebook beside a data file says of its columns."""
    variables = read_codebook(codebook_path(path))
    return Header(
        names=column_names([v.name for v in variables], path=codebook_path(path)),
        labels={v.name: v.label for v in variables if v.label},
        value_labels={v.name: v.codes for v in variables if v.codes},
    )


def read_rows(path: Path, options: TextOptions, *, names: dict[str, str], as_text: frozenset[str]) -> pa.Table:
    """The columns asked for, with decimal points where the codebook says they are."""
    variables = {v.name: v for v in read_codebook(codebook_path(path))}
    require_names(names, variables, path=path)
    lines = _lines(path, max(v.end for v in variables.values()))
    return pa.table({
        v: _column(lines, variables[name], options, as_text=v in as_text, path=path) for v, name in names.items()
    })  # fmt: skip


def _lines(path: Path, width: int) -> np.ndarray:
    """The file as bytes, a row a line, (rows, width)."""
    kind = seems(first_bytes(path))
    if kind:
        raise misnamed(path, expected="fixed-width text (.dat)", got=kind)
    raw = np.frombuffer(whole_bytes(path), dtype=np.uint8)
    breaks = np.flatnonzero(raw[: width + 2] == ord("\n"))
    step = int(breaks[0]) + 1 if breaks.size else width + 3
    if raw[-1] != ord("\n"):  # the last line may end the file
        raw = np.concatenate([raw, np.frombuffer(b"\r\n" if step == width + 2 else b"\n", np.uint8)])
    ends = 2 if step > 1 and breaks.size and breaks[0] and raw[breaks[0] - 1] == ord("\r") else 1
    if step != width + ends or raw.size % step or (raw.reshape(-1, step)[:, -1] != ord("\n")).any():
        raise RawFileError(
            "the lines do not have the width that the codebook says", expected=f"{width} characters in every line",
            got=_other_width(raw, width), where=path,
            next_step="fetch the data file and its codebook again, both of the same extract",
        )  # fmt: skip
    require_rows(raw.size // step, path=path)
    return raw.reshape(-1, step)[:, :width]


def _other_width(raw: np.ndarray, width: int) -> str:
    """How many lines have another width, and which comes first."""
    lines = raw.tobytes().splitlines()
    widths = [len(line) for line in lines]
    others = [i for i, w in enumerate(widths) if w != width]
    return f"{widths[others[0]]} in line {others[0] + 1}, and other than {width} in {len(others)} of {len(lines)} lines"


def _column(
    lines: np.ndarray, variable: Variable, options: TextOptions, *, as_text: bool, path: Path
) -> pa.ChunkedArray:
    cells = np.ascontiguousarray(lines[:, variable.start : variable.end])
    binary = pa.array(cells.view(f"S{cells.shape[1]}").ravel(), pa.binary())
    try:
        text = trimmed(pa.chunked_array([binary.cast(pa.string())]), options.null)
    except pa.ArrowInvalid as error:
        raise RawFileError(
            f"{variable.name} holds bytes that are no text", expected="ASCII or UTF-8", where=path,
            next_step="fetch the extract again",
        ) from error  # fmt: skip
    column = text if as_text else parsed(text)
    if variable.decimals and pa.types.is_floating(column.type):
        return pc.divide(column, 10.0**variable.decimals)
    return column
