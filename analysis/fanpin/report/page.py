"""The report as one HTML page that needs nothing else: no network, no script, styles and pictures inside."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from fanpin.core.errors import InputError
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report import prose
from fanpin.report.html import environment, render_table, table_css
from fanpin.report.notebook import (
    Block,
    Code,
    Contents,
    FigureBlock,
    Html,
    Notice,
    Prose,
    TableBlock,
    Text,
    read_notebooks,
)
from fanpin.report.words import caption_number


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """One study on the index page; `html` and `docx` are links relative to it, `tables` and `codebooks` (words, link) pairs.

    `simulated` data say so above the title; `partly` where some are real.
    """

    study: str
    title: str
    sentence: str
    html: str
    docx: str = ""
    tables: tuple[tuple[str, str], ...] = ()
    codebooks: tuple[tuple[str, str], ...] = ()
    simulated: bool = False
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the contents: level 2 for a chapter, 3 for a section; its title as HTML."""

    level: int
    target: str
    number: str
    title: Markup


def render_html(
    notebooks: Sequence[Any],
    *,
    title: str,
    subtitle: str = "",
    study: str = "",
    lang: Language = "en",
    notices: Sequence[str] = (),
    sources: Sequence[str] = (),
    provenance_line: str = "",
) -> str:
    """The report as an HTML page.

    Parameters
    ----------
    notebooks : executed notebooks as read by nbformat, a chapter each.
    title, subtitle, study : printed at the top, always as text.
    notices : what readers must know first, such as which data are simulated; at the top, set off.
    sources : the data: citation, origin and licence of each; in a section at the end.
    provenance_line : one line at the foot: version, inputs.

    Raises
    ------
    InputError : no notebooks; a Markdown cell that swallows what follows it or links a picture.
    UnknownNameError : an unknown language, or a link to a table or figure that is not there.
    """
    check_option("lang", lang, Language)
    contents = read_notebooks(notebooks, lang=lang)
    body = _body(contents, lang)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title, subtitle=subtitle, study=study, lang=lang, notices=notices, sources=sources,
            provenance_line=provenance_line, body=Markup(body), headings=_headings(body), css=page_css(),
            tables=[(b.anchor, caption_number("table", b.table.number or 0, lang), b.table.title)
                    for b in contents.tables.values()],
            figures=[(b.anchor, caption_number("figure", b.number or 0, lang), b.caption)
                     for b in contents.figures.values()],
            words=_words(lang),
        )
    )  # fmt: skip


def render_index(
    entries: Sequence[IndexEntry], *, lang: Language = "en", title: str = "", provenance_line: str = ""
) -> str:
    """The page that links the studies' reports.

    Raises
    ------
    InputError : no entries, or something that is not an `IndexEntry`.
    """
    check_option("lang", lang, Language)
    if not entries or not all(isinstance(e, IndexEntry) for e in entries):
        raise InputError("an index of no reports", expected="at least one IndexEntry", got=list(entries),
                         next_step="make report")  # fmt: skip
    return environment().get_template("index.html.j2").render(
        entries=entries, lang=lang, title=title or term("index_title", lang), words=_words(lang), css=page_css(),
        provenance_line=provenance_line,
    )  # fmt: skip


def _words(lang: Language) -> dict[str, str]:
    return {name: term(name, lang) for name in ("contents", "tables", "figures", "code", "data_sources", "please_note",
                                                "word_file", "read_report", "to_text", "simulated_title", "simulated_partly", "codebooks")}  # fmt: skip


def page_css() -> Markup:
    """The styles of every page."""
    return Markup(files("fanpin.report").joinpath("templates/report.css").read_text("utf-8") + table_css())


def _body(contents: Contents, lang: Language) -> str:
    html = prose.to_html(contents.blocks)
    blocks = contents.blocks
    return re.sub(rf"<p>{prose.PLACEHOLDER.pattern}</p>", lambda m: _block_html(blocks[int(m[1])], lang), html)


def _block_html(block: Block, lang: Language) -> str:
    if isinstance(block, TableBlock):
        return render_table(block.table, target=block.anchor)
    if isinstance(block, Html):
        return f'<div class="output">{block.html}</div>'
    if isinstance(block, Prose):
        return ""
    kind = {Code: "code", Text: "text", Notice: "notice", FigureBlock: "figure"}[type(block)]
    number = caption_number("figure", block.number, lang) if isinstance(block, FigureBlock) and block.number else ""
    return environment().get_template("block.html.j2").render(
        kind=kind, block=block, number=number, picture=_picture(block), words=_words(lang)
    )  # fmt: skip


def _picture(block: Block) -> str:
    """The picture as a data address, SVG where there is one; as a picture of its own its ids cannot meet others'."""
    if not isinstance(block, FigureBlock):
        return ""
    kind, data = ("svg+xml", block.svg.encode("utf-8")) if block.svg else ("png", block.png)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


_HEADING = re.compile(r"<h([23])\b([^>]*)>(.*?)</h\1>", re.DOTALL)


def _headings(body: str) -> list[Heading]:
    found = []
    for level, attributes, inside in _HEADING.findall(body):
        target, number = re.search(r'\bid="([^"]*)"', attributes), re.search(r'data-number="([^"]*)"', attributes)
        if target and number:
            words = re.sub(r'<span class="header-section-number">.*?</span>\s*', "", inside, flags=re.DOTALL)
            words = re.sub(r"</?a\b[^>]*>", "", words)
            found.append(Heading(int(level), target[1], number[1], Markup(words)))
    return found
