"""The Word report: the page's content as real tables, fields, pictures and styles."""

from __future__ import annotations

import zipfile

import pytest
from docx import Document
from docx.oxml.ns import qn
from report_samples import notebook, stream

from fanpin.core.errors import InputError
from fanpin.report import figures
from fanpin.report.table import table
from fanpin.report.word import render_docx

NASTY = 'Title "q" <script>alert(1)</script> \\input{x} 返贫'


@pytest.fixture(scope="module")
def notebooks(fits, poverty, townships):
    return [
        notebook(
            "# Poverty\n\nSee [](#t1) and [](#f1); $h = 1 - e^{-x}$.[^1]\n\n[^1]: A note.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
            {"source": "table(poverty)", "outputs": [table(poverty, id="t1", title="Poverty by region")]},
            {"source": "print()", "outputs": [stream("stdout", "1,404 households"), stream("stderr", "a warning")]},
        ),
        notebook(
            "# Models",
            {"outputs": [figures.funnel(townships, id="f1", title="Townships")]},
            {"outputs": [table(fits, id="t2", title="Hazards")]},
        ),
    ]


@pytest.fixture(scope="module")
def made(notebooks, tmp_path_factory):
    path = tmp_path_factory.mktemp("word") / "report.docx"
    return render_docx(notebooks, path, title=NASTY, subtitle="Sub", study="gsoep", notices=["All real."],
                       sources=["Li (2024)."], provenance_line="fanpin 0.1.0")  # fmt: skip


@pytest.fixture(scope="module")
def document(made):
    return Document(str(made))


def test_front_body_and_back_stand_in_their_styles(document):
    lines = [(p.style.name, p.text) for p in document.paragraphs if p.text]
    assert lines[:4] == [("Study", "gsoep"), ("Title", NASTY), ("Subtitle", "Sub"), ("Notice", "All real.")]
    assert [t for s, t in lines if s == "Heading 1"] == ["1\tPoverty", "2\tModels", "Data and sources"]
    assert lines[-2:] == [("Body Text", "Li (2024)."), ("Provenance", "fanpin 0.1.0")]
    assert ("Output", "1,404 households") in lines
    assert ("Notice", "stderr a warning") in lines
    assert not any("FANPINBLOCK" in t or "table(poverty)" in t for _, t in lines)


def test_tables_are_real_and_numbered_by_fields(document, poverty):
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert captions == ["Table 1. Poverty by region", "Figure 1. Townships", "Table 2. Hazards"]
    codes = [e.text.strip() for e in document.element.body.iter(qn("w:instrText"))]
    assert codes == [r"SEQ Table \* ARABIC", r"SEQ Figure \* ARABIC", r"SEQ Table \* ARABIC"]
    shown = [c.text for c in document.tables[1].rows[2].cells]
    assert shown == ["Wien", "0.144", "0.005", "[0.134, 0.154]", "2,322"]


def test_links_point_to_captions(document):
    anchors = {e.get(qn("w:anchor")) for e in document.element.body.iter(qn("w:hyperlink"))}
    marks = [e.get(qn("w:name")) for e in document.element.body.iter(qn("w:bookmarkStart"))]
    assert {"t1", "f1"} <= anchors <= set(marks)
    numbers = [e.get(qn("w:id")) for e in document.element.body.iter(qn("w:bookmarkStart"))]
    assert len(numbers) == len(set(numbers))


def test_figures_are_pictures_with_words(document):
    (picture,) = document.element.body.iter(qn("wp:docPr"))
    assert picture.get("descr").startswith("Rates of 13 places")


def test_prose_tables_have_three_rules_and_formulas_are_words_own(document):
    first = document.tables[0]
    assert [c.text for c in first.rows[1].cells] == ["1", "2"]
    assert all(tc.find(f".//{qn('w:tcBorders')}") is not None for tc in first.rows[0]._tr.tc_lst)
    assert next(document.element.body.iter(qn("m:oMath")), None) is not None


def test_fonts_cover_both_scripts(document):
    for name in ("Normal", "Body Text", "Heading 1", "Caption", "Table Text"):
        fonts = document.styles[name].element.rPr.rFonts
        assert (fonts.get(qn("w:ascii")), fonts.get(qn("w:eastAsia"))) == ("Times New Roman", "SimSun")


def test_the_same_notebooks_give_the_same_bytes(notebooks, made, tmp_path):
    again = render_docx(notebooks, tmp_path / "b.docx", title=NASTY, subtitle="Sub", study="gsoep", notices=["All real."],
                        sources=["Li (2024)."], provenance_line="fanpin 0.1.0")  # fmt: skip
    assert again.read_bytes() == made.read_bytes()
    with zipfile.ZipFile(made) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"created" not in archive.read("docProps/core.xml")


def test_bad_notebooks_leave_no_file(tmp_path):
    with pytest.raises(InputError, match="no notebooks"):
        render_docx([], tmp_path / "x.docx", title="T")
    open_ended = notebook("# A\n\n```\nunclosed", {"outputs": [stream("stdout", "x")]}, "```\nunclosed")
    with pytest.raises(InputError, match="runs into what follows"):
        render_docx([open_ended], tmp_path / "x.docx", title="T")
    assert not list(tmp_path.iterdir())
