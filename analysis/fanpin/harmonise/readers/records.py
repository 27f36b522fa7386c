"""What a reader is told about a file, and what a file's head tells."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How text in a file is written.

    Attributes
    ----------
    encodings : Python's names of the encodings to try, in order; formats that name their own encoding do not need it.
    quote : the quotation mark around fields of a text file, "" for none.
    null : words that stand for an empty cell, besides the empty cell itself.
    """

    encodings: tuple[str, ...] = ("utf-8",)
    quote: str = '"'
    null: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Header:
    """Column names and labels.

    Attributes
    ----------
    names : the columns, as they are called in the file and in its order.
    labels : variable labels by column; empty for formats without.
    value_labels : text by code, by column; codes are numbers, text, or extended missing values such as ".a".
    """

    names: list[str]
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[float | str, str]] = field(default_factory=dict)
