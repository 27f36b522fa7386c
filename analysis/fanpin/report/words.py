"""Captions and notes in words, the same in every format."""

from __future__ import annotations

from collections.abc import Iterable

from fanpin.core.options import Language
from fanpin.core.terms import term
from fanpin.report.content import Table
from fanpin.report.labels import Labels, in_words
from fanpin.results import Estimates, Measures


def caption_number(kind: str, number: int | str, lang: Language) -> str:
    """`Table 3.` or `表3`, for kind "table" or "figure"."""
    return f"{term(kind, lang)} {number}." if lang == "en" else f"{term(kind, lang)}{number}"


def notes_heading(lang: Language) -> str:
    """What stands before the notes under a table."""
    return term("notes", lang) + (": " if lang == "en" else "：")


def result_notes(results: Iterable[Estimates | Measures], labels: Labels, lang: Language) -> list[str]:
    """The design of each result, where its own notes do not tell it, and those notes, each once."""
    said: dict[str, None] = {}
    for result in results:
        design = None if result.design is None else result.design.describe()
        if design and not any(design in note for note in result.notes):
            said[term("note_design", lang).format(design=design)] = None
        said |= dict.fromkeys(result.notes)
    return [in_words(note, labels, lang) for note in said]


def notes_text(table: Table) -> str:
    """The notes as one paragraph; each note starts with a capital and ends with a full stop."""
    return ("" if table.lang == "zh" else " ").join(_sentence(n, table.lang) for n in table.notes)


def _sentence(text: str, lang: Language) -> str:
    """The text with a capital at its start and a full stop at its end."""
    text = text.strip()
    stop = "" if text.endswith((".", "。", "!", "?")) else "." if lang == "en" else "。"
    return text[:1].upper() + text[1:] + stop
