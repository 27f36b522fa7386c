"""HTML that other libraries put into notebooks: tables taken as tables, the rest cleaned."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree
from lxml import html as markup

from fanpin.core.options import Language
from fanpin.report.content import Cell, Column, Row, Table, cell_id

_KEPT = frozenset(["a", "b", "blockquote", "br", "caption", "code", "div", "em", "h4", "h5", "h6", "i", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"])  # fmt: skip
_DROPPED = frozenset(
    [
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "link",
        "meta",
        "template",
        "noscript",
        "svg",
        "img",
        "form",
        "input",
        "button",
    ]
)
_ATTRIBUTES = frozenset(("colspan", "rowspan", "scope"))


def clean_html(text: str) -> str:
    """The HTML without scripts, styles, media, event handlers and any attribute but spans and scopes."""
    root = markup.fragment_fromstring(text or "<p></p>", create_parent="div")
    for node in list(root.iter()):
        if not isinstance(node.tag, str) or node.tag in _DROPPED:
            node.drop_tree()
        elif node is not root and node.tag not in _KEPT:
            node.drop_tag()
        else:
            for name in [a for a in node.attrib if a not in _ATTRIBUTES]:
                del node.attrib[name]
    return str(etree.tostring(root, encoding="unicode", method="html"))


def table_of_html(text: str, lang: Language) -> Table | None:
    """The table in a piece of HTML that holds one regular table and nothing else, as pandas prints frames; else None."""
    root = markup.fragment_fromstring(text or "<p></p>", create_parent="div")
    etree.strip_elements(root, "style", "script", with_tail=False)
    found = root.findall(".//table")
    if len(found) != 1 or found[0].xpath(".//*[@rowspan or @colspan]"):
        return None
    header, *more = [_texts(tr) for tr in found[0].findall(".//thead/tr")] or [[]]
    body = [_texts(tr) for tr in found[0].findall(".//tbody/tr")]
    if more or not body or any(len(r) != len(header) for r in body) or len(header) < 2:
        return None
    columns = tuple(
        Column(id=f"c{i}", label=words, align="number" if all(_is_number(r[i]) for r in body) else "text")
        for i, words in enumerate(header) if i > 0
    )  # fmt: skip
    rows = tuple(
        Row(id=f"r{k}", label=r[0], role="data",
            cells=tuple(Cell(id=cell_id("frame", f"r{k}", c.id), text=r[i]) for i, c in enumerate(columns, start=1)))
        for k, r in enumerate(body)
    )  # fmt: skip
    return Table(id="frame", title="", columns=columns, rows=rows, stub=header[0], lang=lang)


def _texts(row: Any) -> list[str]:
    return [" ".join(cell.text_content().split()).replace("-", "−") if _is_number(cell.text_content().strip())
            else " ".join(cell.text_content().split()) for cell in row if cell.tag in ("td", "th")]  # fmt: skip


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-−]?[\d,]*\.?\d+%?|NaN|", text) is not None
