"""A report's blocks as one Markdown text for pandoc, with placeholders where tables, figures and outputs go."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pypandoc

from fanpin.core.errors import InputError
from fanpin.report.notebook import Block, Prose

# Markdown with mathematics, tables, footnotes and lists; what looks like HTML or TeX commands is printed as text.
READER = "markdown-raw_html-raw_tex-raw_attribute-native_divs-native_spans-markdown_in_html_blocks-yaml_metadata_block"
PLACEHOLDER = re.compile(r"FANPINBLOCK(\d+)END")


def markdown(blocks: Sequence[Block]) -> str:
    """Prose as it is, every other block as a paragraph `FANPINBLOCK<position>END`."""
    return "\n\n".join(b.text if isinstance(b, Prose) else f"FANPINBLOCK{i}END" for i, b in enumerate(blocks)) + "\n"


def to_html(blocks: Sequence[Block]) -> str:
    """The Markdown as an HTML fragment with numbered headings (h2 for a chapter) and MathML."""
    made = _pandoc(markdown(blocks), "html5", ["--mathml", "--number-sections", "--wrap=none", "--no-highlight"])
    if re.search(r"<(?:img|iframe|video|audio|embed)\b", made):
        raise InputError("a Markdown cell links a picture, which would be missing where the page is read",
                         next_step="show the picture from a code cell")  # fmt: skip
    _check_placeholders(made, blocks)
    return re.sub(r"<(/?)h([1-5])\b", lambda m: f"<{m[1]}h{int(m[2]) + 1}", made)


def to_docx(blocks: Sequence[Block], path: Path, *, reference: Path) -> None:
    """The Markdown as a Word file in the styles of the reference file; mathematics as Word's own."""
    _pandoc(markdown(blocks), "docx", ["--number-sections", f"--reference-doc={reference}", "-o", str(path)])


def _pandoc(text: str, writer: str, options: list[str]) -> str:
    command = [pypandoc.get_pandoc_path(), "--from", READER, "--to", writer, *options]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise InputError("pandoc cannot read the notebooks' text", got=done.stderr.strip())
    return done.stdout


def _check_placeholders(made: str, blocks: Sequence[Block]) -> None:
    """Two unclosed code fences close each other over what stands between: name the cell before what is lost."""
    for i, block in enumerate(blocks):
        if not isinstance(block, Prose) and f"<p>FANPINBLOCK{i}END</p>" not in made:
            before = next((b.text for b in reversed(blocks[:i]) if isinstance(b, Prose)), "")
            raise InputError("a Markdown cell runs into what follows it", got=before[-200:],
                             expected="every code fence closed within its cell")  # fmt: skip
