"""The codebook as a page and as Markdown: all columns, headings that a screen reader finds, nothing unescaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import FanpinError
from fanpin.core.options import Language
from fanpin.report.codebook import SHOWN, render_codebook_html, render_codebook_markdown


class Tags(HTMLParser):
    """Every start tag with its attributes, and that each end tag closes the last open one."""

    VOID = frozenset({"meta", "br", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def book() -> pd.DataFrame:
    return fp.codebook("gsoep")


@pytest.mark.parametrize(("lang", "code"), [("en", "en"), ("zh", "zh-CN")])
def test_the_page_can_be_read_without_seeing_it(book: pd.DataFrame, lang: Language, code: str) -> None:
    tags = Tags(render_codebook_html(book, title="Codebook", lang=lang))
    assert tags.of("html")[0]["lang"] == code
    assert len(tags.of("title")) == len(tags.of("h1")) == len(tags.of("main")) == 1
    assert tags.of("script") == tags.of("img") == []
    heads = tags.of("th")
    assert {h["scope"] for h in heads} == {"col", "row"}
    tables = book["table"].nunique()
    assert len(tags.of("table")) == len(tags.of("h2")) == tables
    assert sum(h["scope"] == "col" for h in heads) == tables * len(SHOWN)
    assert sum(h["scope"] == "row" for h in heads) == len(book)
    ids = [a["id"] for _, a in tags.found if "id" in a]
    assert len(ids) == len(set(ids))
    for region in (a for a in tags.of("div") if a.get("role") == "region"):
        assert region["aria-labelledby"] in ids
        assert region["tabindex"] == "0"  # a wide table is scrolled by keyboard


def test_both_languages_of_a_label_stand_beside_each_other_one_first(book: pd.DataFrame) -> None:
    row = book.iloc[0]
    assert f"{row['en']} / {row['zh']}" in render_codebook_html(book, title="t", lang="en")
    assert f"{row['zh']} / {row['en']}" in render_codebook_html(book, title="t", lang="zh")


def test_texts_are_escaped(book: pd.DataFrame) -> None:
    odd = book.head(1).assign(note="a < b & <b>c</b> | d\ne", variables="x|y")
    page = render_codebook_html(odd, title="a <i>")
    assert "<b>c" not in page
    assert "<i>" not in page
    text = render_codebook_markdown(odd, title="t")
    row = next(line for line in text.splitlines() if "x\\|y" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == len(SHOWN) + 1


def test_markdown_has_every_row(book: pd.DataFrame) -> None:
    text = render_codebook_markdown(book, title="Codebook of gsoep", lang="en")
    assert text.startswith("# Codebook of gsoep\n")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == len(book) + book["table"].nunique()


@pytest.mark.parametrize("render", [render_codebook_html, render_codebook_markdown])
def test_an_unknown_language_is_named(render, book: pd.DataFrame) -> None:
    with pytest.raises(FanpinError, match="unknown value for lang"):
        render(book, title="t", lang="de")
