"""Which reader a file has, by its ending."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers import excel, fixed_width, parquet, statistical, text
from fanpin.harmonise.readers.ddi import codebook_path
from fanpin.harmonise.readers.records import Header, TextOptions

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".gz": ",", ".bz2": ","}  # a packed file without a further ending has commas
_PACKED = (".gz", ".bz2")
_ENDINGS = (*(".csv", ".tsv", ".dat"), *statistical.ENDINGS, ".xlsx", ".parquet")


def _ending(path: Path) -> str:
    """The ending that says the format, that of a packed file included."""
    last = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if last in _PACKED and inner in (".csv", ".tsv", ".dat") else last


def is_data_file(path: str | Path) -> bool:
    """Whether the file's ending is one that can be read."""
    return _ending(Path(path)) in _ENDINGS


def may_have_blank_rows(path: str | Path) -> bool:
    """Whether rows without any cell occur in files of this format, as people leave them in workbooks and text."""
    return _ending(Path(path)) in (*_SEPARATORS, ".xlsx")


def read_header(path: str | Path, options: TextOptions) -> Header:
    """The column names, and the labels of formats that have them.

    Raises
    ------
    RawFileError : the file cannot be read, is not what its ending says, or two columns have one name.
    """
    path, ending = Path(path), _ending(Path(path))
    if ending in _SEPARATORS:
        header = text.read_header(path, options, separator=_SEPARATORS[ending])
        return _labelled(header, path) if codebook_path(path).is_file() else header
    if ending == ".dat":
        return fixed_width.read_header(path)
    if ending in statistical.ENDINGS:
        return statistical.read_header(path, options)
    if ending == ".xlsx":
        return excel.read_header(path)
    if ending == ".parquet":
        return parquet.read_header(path)
    raise _unknown(path)


def read_rows(
    path: str | Path, options: TextOptions, *, names: dict[str, str], as_text: frozenset[str] = frozenset()
) -> pa.Table:
    """Some columns of a raw file.

    Parameters
    ----------
    names : variable, as it is called in the result -> the column's name in the file.
    as_text : variables whose text itself is wanted, such as identifiers.

    Returns
    -------
    One column a variable, in the order of `names`, rows in the file's order: float64 where every cell that is not empty
    is a finite number, string (without blanks around it) otherwise and for `as_text`. Empty cells are null, and so are
    all cells of a row of a workbook or a text file that has none between others; an empty line of text is no row. Dates are
    ISO text. Where a column has extended missing values of Stata or SAS, these cells are null, and a column
    variable + "__tag" holds ".a". Missing values that SPSS users define are codes and stay.

    Raises
    ------
    RawFileError : the file cannot be read as a whole, or has no rows.
    """
    path, ending = Path(path), _ending(Path(path))
    if ending in _SEPARATORS:
        return text.read_rows(path, options, separator=_SEPARATORS[ending], names=names, as_text=as_text)
    if ending == ".dat":
        return fixed_width.read_rows(path, options, names=names, as_text=as_text)
    if ending in statistical.ENDINGS:
        return statistical.read_rows(path, options, names=names, as_text=as_text)
    if ending == ".xlsx":
        return excel.read_rows(path, options, names=names, as_text=as_text)
    if ending == ".parquet":
        return parquet.read_rows(path, options, names=names, as_text=as_text)
    raise _unknown(path)


def _labelled(header: Header, path: Path) -> Header:
    """A text file's columns with the labels of the codebook beside it."""
    codebook = fixed_width.codebook_header(path)
    return Header(
        names=header.names, labels={n: t for n, t in codebook.labels.items() if n in header.names},
        value_labels={n: t for n, t in codebook.value_labels.items() if n in header.names},
    )  # fmt: skip


def _unknown(path: Path) -> RawFileError:
    return RawFileError(
        "the file's ending says no format that can be read", expected=", ".join(_ENDINGS), got=path.suffix or "no ending",
        where=path, next_step="save it as one of these",
    )  # fmt: skip
