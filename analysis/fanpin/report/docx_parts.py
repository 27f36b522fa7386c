"""The pieces of Word that python-docx has no call for: fonts for two scripts, rules, fields, bookmarks."""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

LATIN, CHINESE = "Times New Roman", "SimSun"
TABLE_TEXT, TABLE_NOTES, CAPTION = "Table Text", "Table Notes", "Caption"


def element(tag: str, **attributes: str) -> Any:
    """An XML element of the `w` namespace, such as element("jc", val="center")."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def set_fonts(style: Any, *, size: float, bold: bool = False, italic: bool = False) -> None:
    """Times New Roman for Latin letters and SimSun (宋体) for Chinese ones, in black."""
    style.font.name, style.font.size = LATIN, Pt(size)
    style.font.bold, style.font.italic, style.font.color.rgb = bold, italic, RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):  # theme fonts would win over the names
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for script, font in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", CHINESE)):
        fonts.set(qn(f"w:{script}"), font)


def paragraph_style(document: Any, name: str) -> Any:
    """The paragraph style of that name, added when the document has none."""
    known = {s.name: s for s in document.styles}
    if name in known:
        return known[name]
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    return style


def add_table_styles(document: Any) -> None:
    """The styles of captions, cells and notes, whatever the document came with."""
    for name, size, before, after in ((CAPTION, 10.5, 12, 4), (TABLE_TEXT, 9.5, 1, 1), (TABLE_NOTES, 8.5, 3, 12)):
        style = paragraph_style(document, name)
        set_fonts(style, size=size)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.0
        style.paragraph_format.first_line_indent = Pt(0)
    document.styles[CAPTION].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    document.styles[CAPTION].paragraph_format.keep_with_next = True


def set_rule(cell: Any, side: str, eighths: int) -> None:
    """A black rule at one side of a cell, its width in eighths of a point."""
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = element("tcBorders")
        properties.append(borders)
    borders.append(element(side, val="single", sz=str(eighths), space="0", color="000000"))


def set_spanner_rule(paragraph: Any, eighths: int) -> None:
    """A rule under a heading over several columns, a little shorter than they are, so that neighbours stay apart."""
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(3)
    borders = element("pBdr")
    borders.append(element("bottom", val="single", sz=str(eighths), space="1", color="000000"))
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def add_field(paragraph: Any, instruction: str, shown: str, *, bold: bool = False) -> None:
    """A Word field with the text it shows until it is updated."""
    for kind in ("begin", None, "separate", "shown", "end"):
        run = paragraph.add_run(shown if kind == "shown" else "")
        run.bold = bold
        if kind is None:
            code = element("instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {instruction} "
            run._r.append(code)
        elif kind != "shown":
            run._r.append(element("fldChar", fldCharType=kind))


def add_bookmark(paragraph: Any, name: str, number: int) -> None:
    """Make a paragraph the target of links to `name`."""
    start = element("bookmarkStart", id=str(number), name=name)
    properties = paragraph._p.find(qn("w:pPr"))
    paragraph._p.insert(0 if properties is None else 1, start)
    paragraph._p.append(element("bookmarkEnd", id=str(number)))


def add_caption(document: Any, kind: str, number: int, text: str, *, lang: str, bookmark: str, keep: bool) -> Any:
    """A caption whose number is a field, so that Word can renumber and list it. Returns the paragraph."""
    word = {"table": ("Table", "表"), "figure": ("Figure", "图")}[kind][lang == "zh"]
    paragraph = document.add_paragraph(style=CAPTION)
    paragraph.add_run(f"{word} " if lang == "en" else word).bold = True
    add_field(paragraph, rf"SEQ {word} \* ARABIC", str(number), bold=True)
    stop = "." if lang == "en" else ""
    paragraph.add_run(stop).bold = True
    if text:
        paragraph.add_run(f" {text}")
    paragraph.paragraph_format.keep_with_next = keep
    if kind == "figure":  # stands below the picture
        paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(2), Pt(12)
    add_bookmark(paragraph, bookmark, 10_000 + 1_000 * (kind == "figure") + number)
    return paragraph
