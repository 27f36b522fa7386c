"""Text files in any encoding as UTF-8; a file that breaks the rules of its encoding is never guessed at."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from fanpin.core.errors import RawFileError

_STEP = 1 << 18
_ESCAPED = ("iso2022", "hz", "utf-7")  # write other scripts in ASCII
_TRIED = ("utf-8", "gb18030", "big5", "cp1252")  # what a file may be read as when the mapping's encodings fail


def as_utf8(raw: pa.Buffer, encodings: tuple[str, ...], *, path: Path, whole: bool = True) -> pa.Buffer:
    """The text in UTF-8, without a byte order mark.

    Parameters
    ----------
    raw : the file's bytes.
    encodings : tried in order; a byte order mark goes before them.
    whole : the bytes are the whole file; otherwise its last character may be cut.

    Raises
    ------
    RawFileError : none of the encodings fits; the message names one that does.
    """
    marked, raw = _marked(raw)
    problems = []
    for encoding in (marked,) if marked else encodings:
        try:
            return _converted(raw, encoding, whole)
        except UnicodeError as error:
            problems.append(f"{encoding}: {error.reason if isinstance(error, UnicodeDecodeError) else error}")
    tried = [marked] if marked else list(encodings)
    fits = next((e for e in _TRIED if e not in tried and not marked and _fits(raw, e, whole)), None)
    if fits == "cp1252" and not _western(raw):
        fits = None
    raise RawFileError(
        f"the file cannot be read as {' or '.join(tried)}", expected=f"text in {' or '.join(tried)}",
        got="; ".join(problems), where=path,
        next_step=f"it can be read as {fits}: save it as UTF-8, or name the encoding in the mapping" if fits
        else "fetch the file again, or save it as UTF-8",
    )  # fmt: skip


def _marked(raw: pa.Buffer) -> tuple[str | None, pa.Buffer]:
    head = raw.slice(0, min(4, raw.size)).to_pybytes()
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", raw.slice(3)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", raw
    return None, raw


def _converted(raw: pa.Buffer, encoding: str, whole: bool) -> pa.Buffer:
    """The bytes in UTF-8; those that are UTF-8 already are checked, not copied."""
    if codecs.lookup(encoding).name == "utf-8":
        for _ in _utf8_parts(raw, encoding, whole):
            pass
        return raw
    return pa.py_buffer(b"".join(_utf8_parts(raw, encoding, whole)))


def _fits(raw: pa.Buffer, encoding: str, whole: bool) -> bool:
    try:
        for _ in _utf8_parts(raw, encoding, whole):
            pass
    except UnicodeError:
        return False
    return True


def _western(raw: pa.Buffer) -> bool:
    """Whether bytes that are not ASCII stand alone among letters, as accents do; nearly any bytes can be read as cp1252."""
    text = raw.slice(0, min(_STEP, raw.size)).to_pybytes().decode("cp1252", "replace")
    odd = re.findall(r"[^\x00-\x7f]+", text)
    return all(len(run) < 3 and run.isalpha() for run in odd)


def _utf8_parts(raw: pa.Buffer, encoding: str, whole: bool) -> Iterator[bytes]:
    """The text in UTF-8, part by part; parts in ASCII are the same in both and pass as they are."""
    name = codecs.lookup(encoding).name
    keeps_ascii = "a".encode(encoding) == b"a" and not name.startswith(_ESCAPED)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for part in _parts(raw):
        if keeps_ascii and not decoder.getstate()[0] and part.isascii():
            yield part
        else:
            yield decoder.decode(part).encode()
    yield decoder.decode(b"", final=whole).encode()


def _parts(raw: pa.Buffer) -> Iterable[bytes]:
    for start in range(0, raw.size, _STEP):
        yield raw.slice(start, min(_STEP, raw.size - start)).to_pybytes()
