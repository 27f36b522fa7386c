"""The same numbers in HTML, LaTeX, Word and JSON, read back from each; text is always shown as text."""

from __future__ import annotations

import json
import re
import zipfile

import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import html as markup
from report_reading import docx_rows, html_cells, latex_rows

from fanpin.core.errors import InputError
from fanpin.report.content import MIME_TYPE, Table
from fanpin.report.table import table

NASTY = '<script>alert("x")</script> & \\input{/etc/hosts} 100 % $x_1$ ~^# 返贫 “q” ' + "long " * 40


@pytest.fixture(params=["models", "panels", "beside", "measures", "pivot", "tests", "frame"])
def made(request, fits, effects, poverty, tests) -> Table:
    both = {"Coefficients": fits, "Average effects": effects}
    frame = pd.DataFrame({"town": ["A", "B"], "n": [1308, 26], "share": [0.25, 0.5], "word": ["x", "–"]})
    return {
        "models": lambda: table(fits, id="t4", stars=True, title="Models", rows={"Causes": ["schooling_years", "age"]}),
        "panels": lambda: table(both, id="t5"),
        "beside": lambda: table(both, id="t6", panels="beside"),
        "measures": lambda: table(poverty, id="t1", percent=True),
        "pivot": lambda: table(poverty, id="t2", pivot="region"),
        "tests": lambda: table(tests, id="t3"),
        "frame": lambda: table(frame, id="t7", formats={"share": ".1%"}),
    }[request.param]()


def test_every_format_prints_the_same_texts(made, tmp_path):
    body = [r for r in made.rows if r.cells]
    expected = [[c.text for c in r.cells] for r in body]
    cells = html_cells(made.to_html())
    assert [[cells[c.id] for c in r.cells] for r in body] == expected
    assert latex_rows(made.to_latex()) == expected
    headers = 2 if any(c.spanner for c in made.columns) else 1
    assert docx_rows(made.to_docx(tmp_path / "t.docx"), headers) == expected


def test_json_returns_the_same_table(made):
    again = Table.from_json(made.to_json())
    assert again == made
    assert again.to_json() == made.to_json()
    assert Table.from_json(json.loads(made.to_json())) == made


def test_printed_numbers_are_the_rounded_numbers_of_the_frame(fits):
    made = table(fits, stats=[])
    for row in made.rows:
        for column, cell in zip(made.columns, row.cells, strict=True):
            shown = float(re.sub(r"[()]", "", cell.text).replace("−", "-"))
            assert shown == pytest.approx(made.frame.loc[row.id, column.id], abs=5.0001e-4)


def test_html_is_accessible(made):
    root = markup.fromstring(made.numbered(3).to_html())
    (caption,) = root.iter("caption")
    assert caption.text_content().startswith("Table 3.")
    assert root.get("aria-labelledby") == caption.get("id")
    assert all(th.get("scope") in {"col", "row", "colgroup", "rowgroup"} for th in root.iter("th"))
    assert all(th.text_content().strip() for th in root.iter("th"))
    assert not list(root.iter("script"))
    assert "style=" not in made.to_html()
    ids = [td.get("data-cell") for td in root.iter("td") if td.get("data-cell")]
    assert len(ids) == len(set(ids)) == sum(len(r.cells) for r in made.rows)
    widths = {sum(int(c.get("colspan", 1)) for c in tr) for tr in root.find(".//thead")}
    assert widths == {len(made.columns) + 1}


def test_decimal_points_are_aligned_by_what_follows_them(fits):
    root = markup.fromstring(table(fits, stars=True).to_html())
    spans = [s for s in root.iter("span") if "n" in (s.get("class") or "").split()]
    tails = {len(re.sub(r"^[^.]*", "", s.text_content().rstrip("*") + (s.get("data-pad") or ""))) for s in spans}
    assert tails == {len(".000)")}


def test_latex_has_three_rules_and_balanced_braces(made):
    text = made.to_latex()
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    columns = len(re.search(r"\\begin\{tabular\}\{([lrc]+)\}", text)[1])
    for line in text.split(r"\midrule")[1].split(r"\bottomrule")[0].splitlines():
        if "&" in line:
            assert line.count(" & ") == columns - 1


def test_titles_labels_and_notes_are_text_in_every_format(poverty, tmp_path):
    made = table(poverty, title=NASTY, notes=[NASTY], labels={"Wien": NASTY, "headcount": NASTY}, id="x/y z")
    root = markup.fromstring(made.to_html())
    assert not list(root.iter("script"))
    assert root.find(".//caption").text_content() == NASTY
    latex = made.to_latex()
    assert not re.search(r"(?<!\\textbackslash\{\})\\input", latex)
    assert r"\textbackslash{}input\{/etc/hosts\} 100 \% \$x\_1\$" in latex
    assert r"\label{tab:x-y-z}" in latex
    document = Document(str(made.to_docx(tmp_path / "x.docx")))
    assert NASTY in "\n".join(p.text for p in document.paragraphs)
    assert any(cell.text == NASTY for row in document.tables[0].rows for cell in row.cells)


def test_a_row_that_starts_with_a_bracket_or_star_is_not_an_argument(poverty):
    frame = pd.DataFrame({"a": ["[1]", "*"], "b": [1, 2]})
    latex = table(frame).to_latex()
    assert "{[}1{]} & 1" in latex
    assert "{*} & 2" in latex


def test_word_has_three_rules_fields_fonts_and_repeating_headers(fits, tmp_path):
    path = table(fits, id="t4", title="Models", lang="zh").numbered(7).to_docx(tmp_path / "t4.docx")
    document = Document(str(path))
    caption = document.paragraphs[0]
    assert caption.text == "表7 Models"
    codes = [e.text for e in caption._p.iter(qn("w:instrText"))]
    assert codes == [r" SEQ 表 \* ARABIC "]
    assert caption._p.find(qn("w:bookmarkStart")).get(qn("w:name")) == "t4"
    fonts = document.styles["Table Text"].element.rPr.rFonts
    assert (fonts.get(qn("w:ascii")), fonts.get(qn("w:eastAsia"))) == ("Times New Roman", "SimSun")
    rows = document.tables[0].rows
    ruled = [
        (i, side)
        for i, row in enumerate(rows)
        for side in ("top", "bottom")
        if all(tc.find(f".//{qn('w:tcBorders')}/{qn('w:' + side)}") is not None for tc in row._tr.tc_lst)
    ]
    assert ruled == [(0, "top"), (0, "bottom"), (len(rows) - 1, "bottom")]
    assert rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
    assert document.paragraphs[-1].text.startswith("注：")


def test_long_labels_run_on_beside_the_standard_error(fits, effects, tmp_path):
    made = table({"Coefficients": fits, "Average effects": effects}, panels="beside",
                 labels={"age": "Age of the head of the household in completed years"})  # fmt: skip
    document = Document(str(made.to_docx(tmp_path / "t.docx")))
    rows = document.tables[0].rows
    at = next(i for i, r in enumerate(rows) if r.cells[0].text.startswith("Age of"))
    assert rows[at].cells[0]._tc is rows[at + 1].cells[0]._tc
    assert rows[at + 1].cells[1].text == "(0.011)"


def test_word_bytes_hold_no_clock(fits, tmp_path):
    made = table(fits, id="t4", title="Models")
    first = made.to_docx(tmp_path / "a.docx").read_bytes()
    assert made.to_docx(tmp_path / "b.docx").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert "created" not in core
    assert "python-docx" not in core


def test_a_failed_word_file_leaves_nothing(fits, tmp_path, monkeypatch):
    (tmp_path / "t.docx").write_text("old")
    monkeypatch.setattr("fanpin.report.docx.normalise_zip", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        table(fits).to_docx(tmp_path / "t.docx")
    assert [p.name for p in tmp_path.iterdir()] == ["t.docx"]
    assert (tmp_path / "t.docx").read_text() == "old"


def test_notebooks_store_html_latex_and_plain_data(fits):
    made = table(fits)
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {MIME_TYPE, "text/html", "text/latex"}
    assert Table.from_json(bundle[MIME_TYPE]) == made
    assert "<style data-fanpin>" in bundle["text/html"]


@pytest.mark.parametrize("text", ["{", '{"kind": "Table", "format": 99}', '{"kind": "Estimates", "format": 1}', "[1]"])
def test_other_json_is_refused(text):
    with pytest.raises(InputError, match=r"not a (stored )?table"):
        Table.from_json(text)


def test_all_texts_do_not_depend_on_the_language_of_the_words(fits):
    assert html_cells(table(fits, lang="zh", stats=["nobs"]).to_html()) == html_cells(
        table(fits, stats=["nobs"]).to_html()
    )
