"""The styles of the Word report: one serif face in two scripts, black headings, A4 with page numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from fanpin.report.docx_parts import add_field, element, paragraph_style, set_fonts

NOTICE, OUTPUT = "Notice", "Output"
# style -> size, bold, italic, points before and after
_STYLES: dict[str, tuple[float, bool, bool, float, float]] = {
    "Normal": (11, False, False, 0, 0),
    "Body Text": (11, False, False, 0, 6),
    "First Paragraph": (11, False, False, 0, 6),
    "Compact": (11, False, False, 0, 2),
    "Block Text": (10.5, False, False, 4, 6),
    "Footnote Text": (9, False, False, 0, 2),
    "Source Code": (9, False, False, 4, 6),
    "Title": (20, True, False, 0, 4),
    "Subtitle": (13, False, False, 0, 14),
    "Study": (11, False, True, 0, 4),
    "Heading 1": (15, True, False, 20, 6),
    "Heading 2": (12.5, True, False, 14, 4),
    "Heading 3": (11, True, True, 10, 3),
    "Heading 4": (11, False, True, 8, 2),
    "Figure": (11, False, False, 10, 2),
    NOTICE: (10, False, False, 4, 6),
    OUTPUT: (9, False, False, 4, 6),
    "Provenance": (8.5, False, False, 18, 0),
}


def write_reference(path: Path) -> None:
    """Write the Word file whose styles, page and footer pandoc takes over."""
    document = Document()
    for name, (size, bold, italic, before, after) in _STYLES.items():
        style = paragraph_style(document, name)
        set_fonts(style, size=size, bold=bold, italic=italic)
        layout = style.paragraph_format
        layout.space_before, layout.space_after = Pt(before), Pt(after)
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.MULTIPLE, 1.15
        layout.keep_with_next = name.startswith("Heading") or None
    document.styles["Title"].paragraph_format.line_spacing = 1.0
    for name in ("Title", "Subtitle", "Heading 1"):
        _drop_rules(document.styles[name])
    document.styles["Block Text"].paragraph_format.left_indent = Cm(0.8)
    _set_notice_rule(document.styles[NOTICE])
    _add_character_styles(document)
    _set_language(document)
    _set_page(document)
    document.save(str(path))


def _drop_rules(style: Any) -> None:
    """Take away the coloured rules and letter spacing that come with Word's own headings."""
    properties = style.element.get_or_add_pPr()
    for child in properties.findall(qn("w:pBdr")):
        properties.remove(child)
    letters = style.element.get_or_add_rPr()
    for tag in ("w:spacing", "w:kern"):
        for child in letters.findall(qn(tag)):
            letters.remove(child)


def _set_notice_rule(style: Any) -> None:
    """A rule at the left, as the page has it."""
    borders = element("pBdr")
    borders.append(element("left", val="single", sz="18", space="8", color="9C3D1C"))
    style.element.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:spacing", "w:ind", "w:jc")
    style.paragraph_format.left_indent = Cm(0.4)


def _add_character_styles(document: Any) -> None:
    known = {s.name for s in document.styles}
    for name in ("Verbatim Char", "Hyperlink", "Footnote Reference", "Section Number"):
        if name not in known:
            document.styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
    for name in ("Verbatim Char", OUTPUT, "Source Code"):
        document.styles[name].font.name, document.styles[name].font.size = "Courier New", Pt(9)
    document.styles["Footnote Reference"].font.superscript = True


def _set_language(document: Any) -> None:
    """The languages of proofing: British English for Latin letters, Chinese for Chinese ones."""
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for child in defaults.findall(qn("w:lang")):
        defaults.remove(child)
    defaults.append(element("lang", val="en-GB", eastAsia="zh-CN", bidi="ar-SA"))


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin = section.bottom_margin = Cm(2.5)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_field(footer, "PAGE", "1")
