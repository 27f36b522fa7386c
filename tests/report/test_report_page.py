"""The HTML page and the index: contents, numbering, links, notices; nothing from a network, no script."""

from __future__ import annotations

import re

import nbformat
import pytest
from lxml import html as markup
from report_samples import notebook, output, stream

from fanpin.core.errors import InputError, UnknownNameError
from fanpin.report import figures
from fanpin.report.page import IndexEntry, render_html, render_index
from fanpin.report.table import table

NASTY = 'Title "q" <script>alert(1)</script> \\input{x} 返贫'


@pytest.fixture
def notebooks(fits, poverty, townships):
    first = notebook(
        "# Poverty\n\nSee [](#t1) and [](#f1); $h = 1 - e^{-x}$.[^1]\n\n[^1]: A note.",
        {"source": "STUDY = 'gsoep'", "tags": ["parameters"]},
        {"source": "import secret", "outputs": [stream("stdout", "hidden output")], "tags": ["hide"]},
        "## By region\n\nText with <b>raw</b> HTML.",
        {"source": "table(poverty)", "outputs": [table(poverty, id="t1", title="Poverty by region")]},
        {"source": "only_output()", "outputs": [stream("stdout", "1,404 households\n")], "tags": ["hide-input"]},
    )
    second = notebook(
        "# Models\n\nA second note.[^1]\n\n[^1]: Another note.",
        {"source": "funnel()", "outputs": [figures.funnel(townships, id="f1", title="Townships")]},
        {"source": "table(fits)", "outputs": [
            stream("stderr", "/tmp/ipykernel_77/1.py:3: DroppedRowsWarning: 12 rows dropped\n  got: 12\n  table(fits)\n"),
            table(fits, id="t2", title="Hazards")]},
    )  # fmt: skip
    return [first, second]


def page(notebooks, **options):
    return render_html(notebooks, **{"title": "A report", **options})


def test_chapters_sections_tables_and_figures_are_numbered_and_linked(notebooks):
    root = markup.fromstring(page(notebooks))
    assert [h.text_content().split() for h in root.iter("h2")] == [["1", "Poverty"], ["2", "Models"]]
    assert [h.text_content().split()[0] for h in root.iter("h3")] == ["1.1"]
    assert [c.text_content() for c in root.iter("caption")] == ["Table 1. Poverty by region", "Table 2. Hazards"]
    assert [c.text_content() for c in root.iter("figcaption")] == ["Figure 1. Townships"]
    links = [a.get("href") for a in root.iter("a")]
    targets = {e.get("id") for e in root.iter() if e.get("id")}
    assert all(link[1:] in targets for link in links if link.startswith("#"))
    assert "See Table 1 and Figure 1" in root.text_content()
    assert "Table 2. Hazards" in root.find(".//nav").text_content()


def test_ids_are_unique_and_there_is_one_main_heading(notebooks):
    root = markup.fromstring(page(notebooks))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert len(list(root.iter("h1"))) == 1
    assert root.get("lang") == "en"
    assert all(img.get("alt") for img in root.iter("img"))


def test_nothing_is_loaded_and_nothing_runs(notebooks):
    text = page(notebooks, provenance_line="fanpin 0.1.0")
    root = markup.fromstring(text)
    assert not list(root.iter("script", "link", "iframe"))
    loaded = [e.get("src") for e in root.iter() if e.get("src")] + re.findall(r"url\(|@import", text)
    assert all(src.startswith("data:image/") for src in loaded)
    assert "<math" in text
    assert not [a for e in root.iter() for a in e.attrib if a.startswith("on")]


def test_tagged_cells_are_left_out_and_code_is_folded(notebooks):
    text = page(notebooks)
    assert not re.search("STUDY = |import secret|hidden output|only_output", text)
    assert "1,404 households" in text
    root = markup.fromstring(text)
    assert [d.find("pre").text_content() for d in root.iter("details")] == ["table(poverty)", "funnel()", "table(fits)"]
    assert not [d for d in root.iter("details") if d.get("open") is not None]


def test_warnings_are_shown_without_the_place_they_come_from(notebooks):
    root = markup.fromstring(page(notebooks))
    (warning,) = root.iter("aside")
    assert warning.text_content().split() == ["DroppedRowsWarning", "12", "rows", "dropped", "got:", "12"]
    assert "ipykernel" not in page(notebooks)


def test_footnotes_of_two_chapters_do_not_meet(notebooks):
    text = markup.fromstring(page(notebooks)).text_content()
    assert "A note." in text
    assert "Another note." in text


def test_raw_html_in_prose_is_text(notebooks):
    root = markup.fromstring(page(notebooks))
    assert "<b>raw</b> HTML" in root.text_content()


def test_titles_notices_and_sources_are_text(notebooks):
    text = page(notebooks, title=NASTY, subtitle=NASTY, study=NASTY, notices=[NASTY], sources=[NASTY])
    root = markup.fromstring(text)
    assert not list(root.iter("script"))
    assert root.find(".//h1").text_content() == NASTY
    assert [li.text_content() for li in root.xpath("//section[@class='sources']//li")] == [NASTY]
    assert "script" not in root.find(".//title").text_content().replace(NASTY, "")


def test_the_page_does_not_change_from_run_to_run(notebooks):
    assert page(notebooks) == page(notebooks)


def test_chinese_page(poverty):
    made = notebook("# 贫困\n\n见[](#t1)。", {"outputs": [table(poverty, id="t1", title="贫困", lang="zh")]})
    root = markup.fromstring(render_html([made], title="返贫", lang="zh"))
    assert root.get("lang") == "zh-CN"
    assert "见表1" in root.text_content()
    assert root.find(".//caption").text_content() == "表1 贫困"


def test_a_table_shown_twice_keeps_its_links_apart(poverty):
    shown = table(poverty, id="t1", title="Poverty")
    made = notebook("# A", {"outputs": [shown]}, {"outputs": [shown]})
    root = markup.fromstring(page([made]))
    assert [d.get("id") for d in root.find_class("fp-table")] == ["t1", "t1-2"]
    assert [c.text_content() for c in root.iter("caption")] == ["Table 1. Poverty", "Table 2. Poverty"]


def test_output_of_other_libraries(tmp_path):
    frame = "<div><style scoped>x{}</style><table border='1' onclick='x()'><thead><tr><th></th><th>n</th></tr></thead><tbody>" \
            "<tr><th>A</th><td>-3</td></tr></tbody></table></div>"  # fmt: skip
    widget = "<div onmouseover='x()'><script>evil()</script><p>Kept</p><img src='http://x/y.png'></div>"
    made = notebook(
        "# A",
        {"outputs": [{"text/html": frame, "text/plain": "n"}]},
        {"outputs": [{"text/html": widget, "text/plain": "Kept"}]},
        {"outputs": [{"text/plain": "<Thing at 0x7f00ff>"}]},
        {"outputs": [{"text/markdown": "In **bold**"}]},
        {"outputs": [nbformat.v4.new_output("error", ename="ValueError", evalue="bad", traceback=[])]},
    )
    text = page([made])
    root = markup.fromstring(text)
    (shown,) = root.find_class("fp-table")
    assert [td.text_content() for td in shown.iter("td") if td.get("data-cell")] == ["−3"]
    assert shown.find(".//caption") is None
    assert "Kept" in text
    assert not re.search(r"evil|onclick|onmouseover|http://|0x7f", text)
    assert "<Thing>" in root.text_content()
    assert "<strong>bold</strong>" in text
    assert "ValueError" in text


def test_a_notebook_without_title_is_a_chapter_all_the_same():
    root = markup.fromstring(page([notebook("Only text.")]))
    assert [h.text_content() for h in root.iter("h2")] == ["1 Chapter"]


def test_bad_notebooks_are_named(notebooks):
    with pytest.raises(InputError, match="no notebooks"):
        page([])
    with pytest.raises(InputError, match="notebook 1 is not a notebook"):
        page([{"nothing": 1}])
    with pytest.raises(UnknownNameError, match="did you mean 't1'"):
        page([*notebooks, notebook("# More\n\n[](#t11)")])
    with pytest.raises(InputError, match="runs into what follows"):
        page([notebook("# A\n\n```\nunclosed", {"source": "x = 1"}, "```\nunclosed")])
    with pytest.raises(InputError, match="links a picture"):
        page([notebook("# A\n\n![map](map.png)")])
    with pytest.raises(UnknownNameError, match="value for lang="):
        page(notebooks, lang="fr")


def test_index_links_every_study():
    first = IndexEntry(study="city-c", title=NASTY, sentence="One sentence.", html="city-c/report.html",
                       docx="city-c/report.docx", tables=(("Table 1. Causes", "city-c/report.html#t1"),), simulated=True)  # fmt: skip
    second = IndexEntry(study="gsoep", title="G", sentence="S", html="gsoep/report.html")
    root = markup.fromstring(render_index([first, second]))
    assert not list(root.iter("script"))
    assert [a.get("href") for a in root.iter("a")] == [
        "city-c/report.html", "city-c/report.html", "city-c/report.docx", "city-c/report.html#t1",
        "gsoep/report.html", "gsoep/report.html"]  # fmt: skip
    assert "Simulated data" in root.text_content()
    for nothing in ([], [{"id": "x"}]):
        with pytest.raises(InputError, match="no reports"):
            render_index(nothing)


def test_outputs_made_by_the_fixture_are_valid(notebooks):
    for made in notebooks:
        nbformat.validate(made)
    assert output({"text/plain": "x"}).data["text/plain"] == "x"
