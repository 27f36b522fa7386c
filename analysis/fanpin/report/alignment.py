"""Where the decimal points of a column stand: what each printed number lacks on the right of the widest one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fanpin.report.content import Table

_NUMBER = re.compile(
    r"^(?P<lead>[(\[]?[−<]?\d[\d,]*)(?P<point>\.(?P<decimals>\d+))?(?P<unit>%?)(?P<close>[)\]]?)(?P<stars>\*{0,3})$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A cell ready for print.

    Attributes
    ----------
    text : the text without stars.
    stars : stars that hang over the column's edge.
    pad : characters as wide as what the text lacks on its right; printed invisibly, or as an indent.
    width : characters of the column's widest number, pads included.
    aligned : whether the decimal point is aligned; other cells are centred, or set left in columns of text.
    """

    text: str
    stars: str = ""
    pad: str = ""
    width: int = 0
    aligned: bool = False


def printed_rows(table: Table) -> list[tuple[Printed, ...]]:
    """The cells of every row; facts at the foot are centred, since counts have no point to align with."""
    columns = [_align([(r.cells[i].text, r.role != "stat") for r in table.rows if r.cells], c.align == "number")
               for i, c in enumerate(table.columns)]  # fmt: skip
    body = iter(zip(*columns, strict=True))
    return [next(body) if r.cells else () for r in table.rows]


def label_spans(table: Table) -> list[int]:
    """How many rows each row's label stands for: the label of an estimate also names its standard error below."""
    shared = [r.role == "error" and not r.label for r in table.rows]
    follows = [*shared[1:], False]
    return [0 if own else 2 if below else 1 for own, below in zip(shared, follows, strict=True)]


def _align(texts: list[tuple[str, bool]], numeric: bool) -> list[Printed]:
    found = [_NUMBER.match(t) if numeric and counts else None for t, counts in texts]
    decimals = max((len(m["decimals"] or "") for m in found if m), default=0)
    closes = any(m["close"] for m in found if m)
    made = []
    for (text, _), match in zip(texts, found, strict=True):
        if match is None:
            made.append(Printed(text=text))
            continue
        own = len(match["decimals"] or "")
        pad = ("." if decimals and not own else "") + "0" * (decimals - own)
        pad += ")" if closes and not match["close"] else ""
        bare = text.rstrip("*")
        made.append(Printed(text=bare, stars=match["stars"], pad=pad, width=len(bare) + len(pad), aligned=True))
    width = max((p.width for p in made), default=0)
    return [Printed(text=p.text, stars=p.stars, pad=p.pad, width=width, aligned=p.aligned) for p in made]
