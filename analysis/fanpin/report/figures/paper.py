"""A matplotlib figure with caption and text alternative, and its bytes, which depend on nothing but its content."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import unknown_name
from fanpin.core.options import Language
from fanpin.core.terms import term
from fanpin.report.figures.style import ALARM, settings

FORMATS = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None},
           "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}  # fmt: skip
DPI = 220


class PaperFigure(Figure):
    """A figure that also holds what a report needs to place it.

    Attributes
    ----------
    id : name within the study.
    caption : printed title, without "Figure 1".
    alt : what the figure shows, in words and numbers, for readers who cannot see it.
    lang : language of its words.
    """

    id: str
    caption: str
    alt: str
    lang: Language

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        """SVG for the page and PNG for Word, with what describes them."""
        described = {"id": self.id, "caption": self.caption, "alt": self.alt}
        data = {"image/svg+xml": figure_bytes(self, "svg").decode("utf-8"), "image/png": _base64(self)}
        return data, dict.fromkeys(data, described)


def paper_figure(*, id: str, caption: str, lang: Language, width: float, height: float, simulated: bool) -> PaperFigure:
    """An empty figure; to be drawn on within `rc_context(settings(lang))`. Says so when the data are simulated."""
    figure = PaperFigure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    figure.id, figure.lang, figure.alt = id, lang, ""
    figure.caption = caption
    if simulated:
        figure.caption = caption + term("simulated_suffix", lang)
        figure.text(0.995, 0.985, term("simulated_title", lang), ha="right", va="top", color=ALARM, style="italic")
    return figure


def alternative(figure: PaperFigure, sentences: list[str], *, simulated: bool) -> None:
    """Set the text alternative."""
    words = [f"{term('simulated_title', figure.lang)}."] if simulated else []
    figure.alt = " ".join([*words, *sentences])


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as SVG, PNG or PDF; the same figure gives the same bytes."""
    if kind not in FORMATS:
        raise unknown_name("figure format", kind, FORMATS)
    buffer = io.BytesIO()
    with rc_context(settings(getattr(figure, "lang", "en"))):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=FORMATS[kind])
    return buffer.getvalue()


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .svg, .png or .pdf; the file appears whole or not at all. Returns the path.

    Raises
    ------
    UnknownNameError : the path ends in another suffix.
    """
    data = figure_bytes(figure, Path(path).suffix.lstrip(".").lower())
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def _base64(figure: Figure) -> str:
    return base64.b64encode(figure_bytes(figure, "png")).decode("ascii")
