"""Executed notebooks as the blocks a report is made of: prose, code, numbered tables and figures, text, notices."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fanpin.core.errors import InputError, unknown_name
from fanpin.core.options import Language
from fanpin.core.terms import term
from fanpin.report.content import MIME_TYPE, Table
from fanpin.report.foreign import clean_html, table_of_html
from fanpin.report.html import anchor
from fanpin.report.words import caption_number

LEFT_OUT = frozenset({"parameters", "injected-parameters", "hide"})
WITHOUT_CODE = "hide-input"


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown, as written in a cell."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A cell's source."""

    text: str


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table and the target of links to it; `table.number` is None for a plain data frame."""

    table: Table
    anchor: str


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A picture, as SVG where there is one and as PNG; number None for one that brings no caption of its own."""

    anchor: str
    number: int | None
    caption: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Html:
    """Output of another library, without scripts and styles, and the same as plain text."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Printed output."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning or error that a cell gave: its name and what it says."""

    name: str
    text: str


Block = Prose | Code | TableBlock | FigureBlock | Html | Text | Notice


@dataclass(frozen=True, slots=True)
class Contents:
    """All blocks of a report in order, with the numbered ones by link target."""

    blocks: tuple[Block, ...]
    tables: dict[str, TableBlock]
    figures: dict[str, FigureBlock]


def read_notebooks(notebooks: Sequence[Any], *, lang: Language) -> Contents:
    """The blocks of executed notebooks, numbered through, with links such as `[](#t4)` filled in as "Table 3".

    Cells tagged "parameters" or "hide" are left out, and the code of cells tagged "hide-input".

    Raises
    ------
    InputError : no notebooks, or something that is not one.
    UnknownNameError : a link to a table or figure that the report does not have.
    """
    if not notebooks:
        raise InputError("a report of no notebooks", expected="at least one executed notebook")
    blocks = _numbered([block for i, n in enumerate(notebooks, start=1) for block in _blocks(n, i, lang)])
    tables = {b.anchor: b for b in blocks if isinstance(b, TableBlock) and b.table.number}
    figures = {b.anchor: b for b in blocks if isinstance(b, FigureBlock) and b.number}
    words = {name: caption_number("table", b.table.number or 0, lang).rstrip(".") for name, b in tables.items()}
    words |= {name: caption_number("figure", b.number or 0, lang).rstrip(".") for name, b in figures.items()}
    linked = tuple(Prose(_fill_links(b.text, words)) if isinstance(b, Prose) else b for b in blocks)
    return Contents(linked, tables, figures)


def _blocks(notebook: Any, position: int, lang: Language) -> Iterator[Block]:
    try:
        cells = [c for c in notebook["cells"] if not LEFT_OUT & set(c.get("metadata", {}).get("tags", []))]
    except (KeyError, TypeError) as error:
        raise InputError(f"notebook {position} is not a notebook", expected="a notebook read by nbformat",
                         got=type(notebook).__name__) from error  # fmt: skip
    if not any(c["cell_type"] == "markdown" and re.match(r"#\s", c["source"].lstrip()) for c in cells):
        yield Prose(f"# {notebook.get('metadata', {}).get('title') or term('chapter', lang)}")
    for cell in cells:
        if cell["cell_type"] == "markdown":
            yield Prose(_own_footnotes(cell["source"], position))
        elif cell["cell_type"] == "code":
            if cell["source"].strip() and WITHOUT_CODE not in cell.get("metadata", {}).get("tags", []):
                yield Code(cell["source"].rstrip())
            for output in cell.get("outputs", []):
                yield from _output_blocks(output, lang)


def _own_footnotes(text: str, position: int) -> str:
    """Footnotes renamed by chapter, so that `[^1]` may be used in each."""
    return re.sub(r"\[\^([^\]\s]+)\]", rf"[^n{position}-\1]", text)


def _output_blocks(output: Any, lang: Language) -> Iterator[Block]:
    kind = output["output_type"]
    if kind == "stream":
        yield from _stderr_blocks(output["text"]) if output["name"] == "stderr" else _text_blocks(output["text"])
    elif kind == "error":
        yield Notice(output["ename"], _without_colours(output["evalue"]))
    elif kind in ("display_data", "execute_result"):
        yield from _data_blocks(output["data"], output.get("metadata", {}), lang)


def _data_blocks(data: Any, metadata: Any, lang: Language) -> Iterator[Block]:
    if MIME_TYPE in data:
        own = Table.from_json(data[MIME_TYPE])
        yield TableBlock(own.numbered(1), anchor(own.id))
    elif "image/svg+xml" in data or "image/png" in data:
        yield _figure(data, metadata)
    elif "text/html" in data:
        html, plain = _joined(data["text/html"]), _joined(data.get("text/plain", ""))
        table = table_of_html(html, lang)
        yield TableBlock(table, "") if table else Html(clean_html(html), plain)
    elif "text/markdown" in data:
        yield Prose(_joined(data["text/markdown"]))
    elif "text/plain" in data:
        yield from _text_blocks(_joined(data["text/plain"]))


def _figure(data: Any, metadata: Any) -> FigureBlock:
    described = metadata.get("image/svg+xml") or metadata.get("image/png") or {}
    png = base64.b64decode(_joined(data["image/png"])) if "image/png" in data else b""
    return FigureBlock(anchor(described.get("id", "figure")), 1 if described.get("id") else None,
                       described.get("caption", ""), described.get("alt", ""), _joined(data.get("image/svg+xml", "")), png)  # fmt: skip


def _text_blocks(text: str) -> Iterator[Text]:
    """Printed text without what differs from run to run, such as addresses in memory."""
    kept = re.sub(r" at 0x[0-9a-fA-F]+", "", _without_colours(_joined(text))).strip("\n")
    if kept.strip():
        yield Text(kept)


_WARNING = re.compile(r"^\S.*?:\d+: (?P<name>\w*Warning): (?P<text>.*)$")


def _stderr_blocks(text: str) -> Iterator[Notice]:
    """Warnings by name, without the file, line and source line they come with; other lines as they are."""
    name, said = "", list[str]()
    for line in _without_colours(_joined(text)).splitlines():
        found = _WARNING.match(line)
        if found:
            if said:
                yield Notice(name, "\n".join(said))
            name, said = found["name"], [found["text"]]
        elif line.strip() and not (name and line.startswith("  ") and not line.lstrip().startswith(_FACTS)):
            said.append(line.strip())
    if said:
        yield Notice(name or "stderr", "\n".join(said))


_FACTS = ("expected:", "got:", "where:", "next step:")  # lines of the project's own messages, which are indented


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


def _numbered(blocks: list[Block]) -> list[Block]:
    """Tables and figures numbered from 1, their link targets made unique."""
    taken: set[str] = set()
    tables = figures = 0
    made: list[Block] = []
    for block in blocks:
        if isinstance(block, TableBlock):
            tables += block.table.number is not None
            own = _free(block.anchor or "frame", taken)
            number = tables if block.table.number else None
            block = TableBlock(replace(block.table, number=number), own)
        elif isinstance(block, FigureBlock):
            figures += block.number is not None
            block = replace(block, anchor=_free(block.anchor, taken), number=figures if block.number else None)
        made.append(block)
    return made


def _free(name: str, taken: set[str]) -> str:
    own, i = name, 1
    while own in taken:
        i += 1
        own = f"{name}-{i}"
    taken.add(own)
    return own


def _fill_links(text: str, words: dict[str, str]) -> str:
    def filled(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise unknown_name("table or figure", match[1], words, where=f"the link {match[0]}")
        return f"[{words[match[1]]}](#{match[1]})"

    return re.sub(r"\[\]\(#([^)\s]+)\)", filled, text)
