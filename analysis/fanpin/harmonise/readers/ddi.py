"""DDI codebooks (.xml), as IPUMS gives them with every extract: where each variable stands, and its labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from fanpin.core.errors import RawFileError

_NUMBERED = re.compile(r"(?P<stem>.*\D)(?P<number>\d+)\.")
_NEXT = "fetch the DDI codebook of the extract, and keep it beside the data file under the same name"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of a codebook.

    Attributes
    ----------
    start, end : its first byte in a line, counted from 0, and the one after its last.
    decimals : digits after the decimal point, which is not written.
    codes : text by code.
    """

    name: str
    label: str
    start: int
    end: int
    decimals: int
    codes: dict[float | str, str]


def codebook_path(path: Path) -> Path:
    """Where the codebook of a data file lies: beside it, with the same stem."""
    return path.with_name(path.name.split(".")[0] + ".xml")


def check_same_extract(path: Path) -> None:
    """Raise where the codebook beside a data file names a data file of another number: decimals and places would be wrong."""
    root = _root(codebook_path(path))
    named = (root.findtext("./{*}fileDscr/{*}fileTxt/{*}fileName") or "").strip()
    own, other = _NUMBERED.match(path.name), _NUMBERED.match(named)
    if own and other and own["stem"].lower() == other["stem"].lower() and own["number"] != other["number"]:
        raise RawFileError(
            "the codebook is of another extract", expected=f"the codebook of {path.name}", got=f"that of {named}",
            where=codebook_path(path), next_step=_NEXT,
        )  # fmt: skip


def read_codebook(path: Path) -> list[Variable]:
    """The variables of a codebook.

    Raises
    ------
    RawFileError : the file is absent, cut off, no DDI codebook, or of an extract with several kinds of lines.
    """
    root = _root(path)
    variables = [_variable(e) for e in root.iterfind("./{*}dataDscr/{*}var") if e.find("{*}location") is not None]
    if not variables:
        raise RawFileError(
            "the codebook names no variables", expected="a DDI codebook (.xml)", got=f"XML of {root.tag!r}", where=path,
            next_step=_NEXT,
        )  # fmt: skip
    structure = root.find("./{*}fileDscr/{*}fileTxt/{*}fileStrc")
    if structure is not None and structure.get("type") == "hierarchical":
        raise RawFileError(
            "the extract has lines of several kinds", expected="a rectangular extract, one line a person",
            got="a hierarchical one", where=path, next_step="ask for the extract again with a rectangular structure",
        )  # fmt: skip
    return variables


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except FileNotFoundError as error:
        raise RawFileError(
            "a fixed-width file has no codebook beside it", expected=path.name, where=path.parent, next_step=_NEXT
        ) from error
    except ElementTree.ParseError as error:
        raise RawFileError(
            "the codebook is cut off or damaged",
            expected="a DDI codebook (.xml)",
            got=str(error),
            where=path,
            next_step=_NEXT,
        ) from error


def _variable(element: ElementTree.Element) -> Variable:
    location = element.find("{*}location")
    assert location is not None
    pairs = [(e.findtext("{*}catValu"), e.findtext("{*}labl")) for e in element.iterfind("{*}catgry")]
    return Variable(
        name=element.attrib["name"], label=(element.findtext("{*}labl") or "").strip(),
        start=int(location.attrib["StartPos"]) - 1, end=int(location.attrib["EndPos"]),
        decimals=int(element.get("dcml") or 0),
        codes={_code(value): label.strip() for value, label in pairs if value is not None and label},
    )  # fmt: skip


def _code(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value.strip()
