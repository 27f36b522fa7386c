"""Printed words for terms, measures and columns: given labels first, then the project's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fanpin.core.columns import canonical_columns
from fanpin.core.options import Language
from fanpin.core.terms import all_terms

Labels = Mapping[str, Any]

_LEVEL = re.compile(r"^(?P<variable>.+?)\[(?:T\.)?(?P<level>[^\[\]]+)\]$")
_CATEGORY = re.compile(r"^C\(\s*(?P<name>[^,()]+)\s*(?:,.*)?\)$")
COMMA = {"en": ", ", "zh": "，"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NAME_IN_TEXT = re.compile(r"\bC\(\w+\)(?:\[[^\]]+\])?|\b[A-Za-z]\w*_\w+(?:\[[^\]]+\])?")
_LOGARITHM = re.compile(r"^(?:np\.)?log\((?P<inside>.+)\)$")


def label(name: str, labels: Labels, lang: Language) -> str:
    """The printed form of a term or column.

    Looked up in `labels` (text, or {"en": …, "zh": …}), the canonical columns and the terms file; then interactions
    `a:b`, factor levels `C(x)[T.2]` and logarithms are taken apart; else the name itself without underscores.
    """
    found = known(name, labels, lang)
    if found is not None:
        return found
    parts = _interaction(name)
    if len(parts) > 1:
        return " × ".join(label(p, labels, lang) for p in parts)
    level = _LEVEL.match(name)
    if level:
        return f"{label(level['variable'], labels, lang)} = {level['level']}"
    for pattern, form in ((_CATEGORY, "{}"), (_LOGARITHM, "ln({})")):
        match = pattern.match(name)
        if match:
            return form.format(label(match.group(1).strip(), labels, lang))
    return _spaced(name)


def measure_label(name: str, labels: Labels, lang: Language) -> str:
    """The printed form of a measure, whose name may end in what it is of or at: `censored:ill`, `ge:2`, `catastrophic:0.1`.

    Such names print as "Poor and deprived, illness"; where a number follows, the terms file may have a sentence for it, such
    as `"ge:"`, with `{number}` or `{percent}` in it.
    """
    stem, colon, rest = name.partition(":")
    if not colon or known(name, labels, lang) is not None:
        return label(name, labels, lang)
    if not _NUMBER.fullmatch(rest):
        return f"{label(stem, labels, lang)}{COMMA[lang]}{_inside_sentence(measure_label(rest, labels, lang))}"
    sentence = all_terms().get(f"{stem}:")
    if sentence is None:
        return f"{label(stem, labels, lang)}{COMMA[lang]}{rest}"
    return sentence[lang].format(number=rest, percent=f"{100 * float(rest):g}")


def in_words(text: str, labels: Labels, lang: Language) -> str:
    """A sentence with the names of columns and terms in it, such as `doctor_visits`, replaced by their words."""

    def worded(match: re.Match[str]) -> str:
        name = match[0]
        level = _LEVEL.match(name)
        variable = level["variable"] if level else name
        category = _CATEGORY.match(variable)
        plain = category["name"] if category else variable
        if all(known(n, labels, lang) is None for n in (name, variable, plain)):
            return name
        return _inside_sentence(label(name, labels, lang))

    return _NAME_IN_TEXT.sub(worded, text)


def _inside_sentence(words: str) -> str:
    """Without the capital of a label, unless more capitals follow."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def known(name: str, labels: Labels, lang: Language) -> str | None:
    """The words for a name in `labels`, the terms file or the canonical columns; None where it has none."""
    if name in labels:
        given = labels[name]
        return str(given.get(lang, next(iter(given.values()), name)) if isinstance(given, Mapping) else given)
    if name in all_terms():
        return all_terms()[name][lang]
    column = canonical_columns().get(name)
    return None if column is None else getattr(column, lang)


def _interaction(name: str) -> list[str]:
    """Split at colons outside brackets."""
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(name):
        depth += (letter in "([") - (letter in ")]")
        if letter == ":" and depth == 0:
            parts.append(name[start:i])
            start = i + 1
    return [p for p in (*parts, name[start:]) if p]


def _spaced(name: str) -> str:
    """`doctor_visits` -> `Doctor visits`; names that are not plain words stay as they are."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return name
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
