"""The report as a Word file: the notebooks' prose in journal styles, real tables, figures with caption fields."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Emu

from fanpin.core.atomic import atomic_path
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report import prose
from fanpin.report.archive import clear_properties, normalise_zip
from fanpin.report.docx import add_table, draw_rules
from fanpin.report.docx_parts import add_caption, add_table_styles
from fanpin.report.notebook import Block, Code, Contents, FigureBlock, Html, Notice, TableBlock, Text, read_notebooks
from fanpin.report.word_styles import NOTICE, OUTPUT, write_reference


def render_docx(
    notebooks: Sequence[Any],
    path: str | Path,
    *,
    title: str,
    subtitle: str = "",
    study: str = "",
    lang: Language = "en",
    notices: Sequence[str] = (),
    sources: Sequence[str] = (),
    provenance_line: str = "",
) -> Path:
    """Write the report as a Word file, with the content of `render_html` but for the code. Returns the path.

    The file appears whole or not at all, and the same notebooks give the same bytes. Parameters and errors are those of
    `render_html`.
    """
    check_option("lang", lang, Language)
    contents = read_notebooks(notebooks, lang=lang)
    shown = [b for b in contents.blocks if not isinstance(b, Code)]
    prose.to_html(shown)  # finds cells that swallow what follows, which a Word file hides
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        reference, made = Path(folder) / "reference.docx", Path(folder) / "made.docx"
        write_reference(reference)
        prose.to_docx(shown, made, reference=reference)
        document = Document(str(made))
        add_table_styles(document)
        for grid in document.tables:
            draw_rules(grid, headers=1)
        _place_blocks(document, Contents(tuple(shown), contents.tables, contents.figures), lang)
        _add_front(document, title=title, subtitle=subtitle, study=study, notices=notices)
        _add_back(document, sources=sources, provenance_line=provenance_line, lang=lang)
        clear_properties(document, title=title, lang=lang)
        document.save(str(temporary))
        normalise_zip(temporary)
    return Path(path)


def _place_blocks(document: Any, contents: Contents, lang: Language) -> None:
    """Put tables, figures and outputs where the placeholders stand."""
    for paragraph in list(document.paragraphs):
        found = prose.PLACEHOLDER.fullmatch(paragraph.text.strip())
        if found:
            for made in _elements(document, contents.blocks[int(found[1])], lang):
                paragraph._p.addprevious(made)
            paragraph._p.getparent().remove(paragraph._p)


def _elements(document: Any, block: Block, lang: Language) -> list[Any]:
    """The block appended to the document; its XML elements, to be moved."""
    if isinstance(block, TableBlock):
        return add_table(document, block.table, target=block.anchor)
    if isinstance(block, FigureBlock):
        return _figure(document, block, lang)
    if isinstance(block, Notice):
        paragraph = document.add_paragraph(style=NOTICE)
        paragraph.add_run(f"{block.name} ").bold = True
        paragraph.add_run(block.text)
        return [paragraph._p]
    text = block.text if isinstance(block, (Text, Html)) else ""
    return [document.add_paragraph(text, style=OUTPUT)._p]


def _figure(document: Any, block: FigureBlock, lang: Language) -> list[Any]:
    if not block.png:
        return [document.add_paragraph(block.alt, style=OUTPUT)._p]
    paragraph = document.add_paragraph(style="Figure")
    section = document.sections[-1]
    width = section.page_width - section.left_margin - section.right_margin
    picture = paragraph.add_run().add_picture(io.BytesIO(block.png), width=Emu(width))
    picture._inline.docPr.set("descr", block.alt)
    picture._inline.docPr.set("name", block.anchor)
    if block.number is None:
        return [paragraph._p]
    paragraph.paragraph_format.keep_with_next = True
    caption = add_caption(document, "figure", block.number, block.caption, lang=lang, bookmark=block.anchor, keep=False)
    return [paragraph._p, caption._p]


def _add_front(document: Any, *, title: str, subtitle: str, study: str, notices: Sequence[str]) -> None:
    """Study, title, subtitle and notices before everything else."""
    lines = [(study, "Study"), (title, "Title"), (subtitle, "Subtitle"), *((n, NOTICE) for n in notices)]
    first = document.element.body[0]
    for text, style in lines:
        if text:
            first.addprevious(document.add_paragraph(text, style=style)._p)


def _add_back(document: Any, *, sources: Sequence[str], provenance_line: str, lang: Language) -> None:
    if sources:
        document.add_paragraph(term("data_sources", lang), style="Heading 1")
        for source in sources:
            document.add_paragraph(source, style="Body Text")
    if provenance_line:
        document.add_paragraph(provenance_line, style="Provenance").alignment = WD_ALIGN_PARAGRAPH.LEFT
