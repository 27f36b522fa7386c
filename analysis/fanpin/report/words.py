"""Captions and notes in words, the same in every format."""

from __future__ import annotations

from fanpin.core.options import Language
from fanpin.core.terms import term
from fanpin.report.content import Table


def caption_number(kind: str, number: int | str, lang: Language) -> str:
    """`Table 3.` or `表3`, for kind "table" or "figure"."""
    return f"{term(kind, lang)} {number}." if lang == "en" else f"{term(kind, lang)}{number}"


def notes_heading(lang: Language) -> str:
    """What stands before the notes under a table."""
    return term("notes", lang) + (": " if lang == "en" else "：")


def notes_text(table: Table) -> str:
    """The notes as one paragraph; each note ends with a full stop."""
    stop, space = (".", " ") if table.lang == "en" else ("。", "")
    return space.join(n if n.rstrip().endswith((".", "。", "!", "?", ";")) else n.rstrip() + stop for n in table.notes)
