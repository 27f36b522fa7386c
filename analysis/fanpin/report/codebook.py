"""A codebook as a page and as Markdown, with the labels of one language first and both beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report.html import environment
from fanpin.report.page import page_css

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

SHOWN = ("column", "label", "unit", "waves", "variables", "codes", "missing", "evidence", "note")


def render_codebook_html(codebook: pd.DataFrame, *, title: str, lang: Language = "en") -> str:
    """A page that needs nothing else: a table for each canonical table, headings that stay in sight.

    Parameters
    ----------
    codebook : as `fanpin.codebook` gives it.
    title : printed at the top.
    """
    check_option("lang", lang, Language)
    return environment().get_template("codebook.html.j2").render(
        title=title, lang=lang, css=page_css(), heads=_heads(lang), shown=SHOWN, parts=_parts(codebook, lang),
    )  # fmt: skip


def render_codebook_markdown(codebook: pd.DataFrame, *, title: str, lang: Language = "en") -> str:
    """The same as Markdown tables."""
    check_option("lang", lang, Language)
    lines = [f"# {title}", ""]
    for table, rows in _parts(codebook, lang):
        lines += [
            f"## {table}",
            "",
            "| " + " | ".join(_heads(lang)[c] for c in SHOWN) + " |",
            "|" + "---|" * len(SHOWN),
        ]
        lines += ["| " + " | ".join(_cell(str(row[c])) for c in SHOWN) + " |" for row in rows] + [""]
    return "\n".join(lines)


def _heads(lang: Language) -> dict[str, str]:
    return {c: term(f"codebook_{c}", lang) for c in SHOWN}


def _parts(codebook: pd.DataFrame, lang: Language) -> list[tuple[str, list[dict[Hashable, Any]]]]:
    other = "zh" if lang == "en" else "en"
    labelled = codebook.assign(label=codebook[lang] + " / " + codebook[other])
    return [(str(table), rows.to_dict("records")) for table, rows in labelled.groupby("table", sort=False)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
