"""What a file's first bytes say it is, whatever its ending."""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from fanpin.core.errors import RawFileError

_MARKS = (
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of before 2007 (.xls)"),
    (b"\x1f\x8b", "a file packed by gzip"),
    (b"BZh", "a file packed by bzip2"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"PAR1", "a Parquet file"),
    (b"$FL2", "an SPSS file (.sav)"),
    (b"$FL3", "a packed SPSS file (.zsav)"),
    (b"<stata_dta>", "a Stata file"),
    (b"HEADER RECORD*******", "a SAS transport file (.xpt)"),
    (b"%PDF", "a PDF document"),
    (b"version https://git-lfs", "a pointer of Git LFS in place of the file"),
)
_SAS = bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")  # at byte 12 of a .sas7bdat
_PAGES = (b"<!doctype html", b"<html", b"<?xml")
_UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress}
_OLD_STATA = range(102, 116)


def seems(head: bytes) -> str:
    """What a file is by its first bytes; "" where they do not say."""
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head[12:32] == _SAS:
        return "a SAS file (.sas7bdat)"
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if plain.startswith(_PAGES):
        return "a web page or XML"
    if len(head) > 2 and head[0] in _OLD_STATA and head[1] in (1, 2) and head[2] == 1:
        return "a Stata file"
    return ""


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked."""
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix.lower() == ".bz2":
        return cast(BinaryIO, bz2.open(path, "rb"))
    return path.open("rb")


def first_bytes(path: Path, size: int = 4096) -> bytes:
    """The first bytes, unpacked.

    Raises
    ------
    RawFileError : the file is absent, empty, or cannot be unpacked.
    """
    try:
        with open_bytes(path) as file:
            head = file.read(size)
    except FileNotFoundError as error:
        raise RawFileError("the file is not there", where=path, next_step="fetch the file again") from error
    except (OSError, EOFError, zlib.error) as error:
        raise _unpacking(path, error) from error
    if not head:
        raise RawFileError(
            "the file is empty", expected="column names and rows", got="0 bytes", where=path,
            next_step="fetch the file again",
        )  # fmt: skip
    return head


def whole_bytes(path: Path) -> pa.Buffer:
    """The whole file, unpacked; one that is not packed is mapped and not copied.

    Raises
    ------
    RawFileError : the file is cut off, or not packed as its ending says.
    """
    unpack = _UNPACK.get(path.suffix.lower())
    if unpack is None:
        return pa.memory_map(str(path)).read_buffer()
    try:
        return pa.py_buffer(unpack(path.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _unpacking(path, error) from error


def _unpacking(path: Path, error: Exception) -> RawFileError:
    """The error for a packed file that is cut off or not packed."""
    with path.open("rb") as file:
        raw = file.read(64)
    kind = seems(raw)
    packed = "gzip" if path.suffix.lower() == ".gz" else "bzip2"
    got = kind if kind and packed not in kind else str(error) or type(error).__name__
    return RawFileError(
        "the file cannot be unpacked", expected=f"a whole file packed by {packed}", got=got, where=path,
        next_step="fetch the file again; it may have been cut off on the way",
    )  # fmt: skip


def misnamed(path: Path, *, expected: str, got: str) -> RawFileError:
    """The error for a file that is not what its ending says."""
    if "web page" in got or "pointer" in got:
        step = "fetch the file again: a page or a pointer was saved in its place"
    else:
        step = "fetch the file again, or give it the ending of what it is"
    return RawFileError("the file is not what its ending says", expected=expected, got=got, where=path, next_step=step)
