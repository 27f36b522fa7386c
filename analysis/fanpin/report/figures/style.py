"""One look for all figures: fonts, sizes, and colours that stay apart for colour-blind readers and in grey."""

from __future__ import annotations

from typing import Any

from matplotlib.font_manager import fontManager

from fanpin.core.errors import InputError
from fanpin.core.options import Language

WIDTH = 6.3  # inches, the text width of an A4 page
INK, QUIET, FAINT = "#1a1a1a", "#6b6b6b", "#d4d4d4"
ALARM = "#c8502a"
# from dark to light, so that the order survives printing in grey; lines differ in dashes as well
PALETTE = ("#12355b", "#c8502a", "#5e9cc2", "#e3b34c", "#8b8b8b")
DASHES = ("solid", (0, (5, 1.6)), (0, (1.4, 1.2)), (0, (6, 1.5, 1.4, 1.5)), (0, (3, 2.5)))
LATIN = "STIXGeneral"  # Times-like, and part of matplotlib
CHINESE = ("Noto Serif CJK SC", "SimSun", "Songti SC", "Source Han Serif SC", "Noto Sans CJK SC", "WenQuanYi Zen Hei")


def settings(lang: Language) -> Any:
    """Matplotlib settings, used within a context so that the reader's own stay as they are.

    Raises
    ------
    InputError : Chinese words are asked for and no font with Chinese characters is installed.
    """
    fonts = [LATIN]
    known = {font.name for font in fontManager.ttflist}
    chinese = [name for name in CHINESE if name in known]
    if lang == "zh" and not chinese:
        raise InputError("no font with Chinese characters is installed", expected="one of " + ", ".join(CHINESE),
                         next_step="install one of them, or use lang='en'")  # fmt: skip
    return {
        "font.family": [*fonts, *chinese[:1]],
        "mathtext.fontset": "stix",
        "font.size": 9.5,
        "axes.labelsize": 9.5,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "text.color": INK,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.fonttype": "path",
        "svg.hashsalt": "fanpin",
        "pdf.fonttype": 42,
    }
