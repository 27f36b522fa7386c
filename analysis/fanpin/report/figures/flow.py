"""How many stay, fall, leave and fall back between one wave and the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from fanpin.core.errors import InapplicableError
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report.figures.paper import PaperFigure, alternative, paper_figure
from fanpin.report.figures.rows import percent, percent_interval, rows_of
from fanpin.report.figures.style import ALARM, FAINT, INK, PALETTE, QUIET, WIDTH, settings
from fanpin.report.labels import Labels, label
from fanpin.report.numbers import fixed
from fanpin.results import Measures

TERMS = ("stay_nonpoor", "entry", "exit", "persistence")
LEFT, RIGHT, BAR = 0.235, 0.595, 0.016  # x of the two columns of bars, and their width, in figure coordinates
GAP = 0.045
NOT_POOR, POOR, FALLING = "#a9bfd1", "#e6c9a8", "#e08a5b"


@dataclass(frozen=True, slots=True)
class Band:
    """A stream from a bar on the left to a bar on the right; `size` in the weights of the measures."""

    source: str
    target: str
    size: float
    colour: str


def transition_flow(
    measures: Measures,
    *,
    id: str = "transition-flow",
    title: str = "",
    labels: Labels | None = None,
    level: float = 0.95,
    lang: Language = "en",
) -> PaperFigure:
    """Streams between poor and non-poor at one wave and the next, as wide as the weighted number of pairs of waves.

    Those at risk of relapse, who have been seen to escape, are set apart from the other non-poor.

    Parameters
    ----------
    measures : from `fp.transitions`, one group: terms stay_nonpoor, entry, exit, persistence and, where known, relapse;
        column n (pairs at risk), and population (their weights) where it is given.
    id, title, labels, level : as in `relapse_curve`.

    Raises
    ------
    InputError, UnknownNameError : other measures.
    InapplicableError : several groups, or more relapses than entries.
    """
    check_option("lang", lang, Language)
    where = "figures.transition_flow"
    known = set(measures.rows["term"]) if isinstance(measures, Measures) else set()
    terms = (*TERMS, "relapse") if "relapse" in known else TERMS
    rows = rows_of(measures, terms, ["n"], level=level, where=where)
    if rows["term"].duplicated().any():
        raise InapplicableError("the flow shows one group", got=f"groups by {', '.join(measures.by)}", where=where,
                                next_step="choose one with measures.select(…), or measure without by=")  # fmt: skip
    records = {str(r["term"]): r for r in rows.to_dict("records")}
    bands = _bands(records, where)
    with rc_context(settings(lang)):
        figure = paper_figure(
            id=id,
            caption=title or term("caption_transition_flow", lang),
            lang=lang,
            width=WIDTH,
            height=4.1,
            simulated=measures.simulated,
        )
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        _draw(axes, bands, records, labels or {}, lang)
    alternative(figure, [_sentence(records[t], labels or {}, lang) for t in terms], simulated=measures.simulated)
    return figure


def _weight(record: dict[Any, Any]) -> float:
    return float(record.get("population", record["n"]))


def _bands(records: dict[str, dict[Any, Any]], where: str) -> list[Band]:
    """The streams, top to bottom; relapses are taken out of the entries, of which they are a part."""
    safe, poor = _weight(records["entry"]), _weight(records["exit"])
    relapse = records.get("relapse", {"n": 0, "estimate": 0.0})
    escaped, fallen = _weight(relapse), _weight(relapse) * relapse["estimate"]
    entries, stays = safe * records["entry"]["estimate"], safe * records["stay_nonpoor"]["estimate"]
    if fallen > entries * (1 + 1e-9) or escaped - fallen > stays * (1 + 1e-9):
        raise InapplicableError("more relapses than entries", expected="relapses among the entries", where=where,
                                got=f"{fallen:,.0f} of {entries:,.0f}",
                                next_step="measure all terms at once with fp.transitions")  # fmt: skip
    bands = [
        Band("never", "not_poor", stays - (escaped - fallen), NOT_POOR),
        Band("never", "poor", entries - fallen, FALLING),
        Band("escaped", "not_poor", escaped - fallen, NOT_POOR),
        Band("escaped", "poor", fallen, ALARM),
        Band("poor", "not_poor", poor * records["exit"]["estimate"], PALETTE[2]),
        Band("poor", "poor", poor * records["persistence"]["estimate"], POOR),
    ]
    return [b for b in bands if b.size > 0]


def _spans(
    bands: list[Band], side: str, names: Iterable[str]
) -> tuple[dict[str, tuple[float, float]], dict[Band, tuple[float, float]]]:
    """Bottom and top of every bar and of every band's end on one side; the bars fill 0.08 to 0.88."""
    shown = [n for n in names if any(getattr(b, side) == n for b in bands)]
    total = sum(b.size for b in bands)
    unit = (0.80 - GAP * (len(shown) - 1)) / total
    bars, ends, top = {}, {}, 0.88
    for name in shown:
        start = top
        for band in (b for b in bands if getattr(b, side) == name):
            ends[band] = (top - band.size * unit, top)
            top -= band.size * unit
        bars[name] = (top, start)
        top -= GAP
    return bars, ends


def _draw(axes: Any, bands: list[Band], records: dict[str, dict[Any, Any]], labels: Labels, lang: Language) -> None:
    left_bars, left = _spans(bands, "source", ("never", "escaped", "poor"))
    right_bars, right = _spans(bands, "target", ("not_poor", "poor"))
    for band in sorted(bands, key=lambda b: b.colour == ALARM):
        axes.add_patch(_stream(left[band], right[band], band))
    for at, bars in ((LEFT - BAR, left_bars), (RIGHT, right_bars)):
        for bottom, top in bars.values():
            axes.add_patch(Rectangle((at, bottom), BAR, top - bottom, facecolor=INK, linewidth=0))
    for at, align, key in ((LEFT, "right", "wave_before"), (RIGHT, "left", "wave_after")):
        axes.text(at, 0.945, term(key, lang), ha=align, va="center", style="italic", color=QUIET)
    _write_sources(axes, left_bars, bands, records, lang)
    _write_rates(axes, right, right_bars, records, labels, lang)


def _stream(left: tuple[float, float], right: tuple[float, float], band: Band) -> PathPatch:
    middle = (LEFT + RIGHT) / 2
    points = [(LEFT, left[1]), (middle, left[1]), (middle, right[1]), (RIGHT, right[1]),
              (RIGHT, right[0]), (middle, right[0]), (middle, left[0]), (LEFT, left[0]), (LEFT, left[1])]  # fmt: skip
    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]
    alarm = band.colour == ALARM
    return PathPatch(Outline(points, codes), facecolor=band.colour, alpha=0.95 if alarm else 0.8,
                     edgecolor=ALARM if alarm else "none", linewidth=0.6 if alarm else 0)  # fmt: skip


def _write_sources(
    axes: Any, bars: dict[str, tuple[float, float]], bands: list[Band], records: dict[str, Any], lang: Language
) -> None:
    counts = {"poor": records["exit"]["n"], "escaped": records.get("relapse", {}).get("n", 0)}
    counts["never"] = records["entry"]["n"] - counts["escaped"]
    middles = {n: sum(span) / 2 for n, span in bars.items()}
    heights = _spread([middles[n] for n in bars], 0.13)
    for name, height in zip(bars, heights, strict=True):
        words = term(
            {"never": "flow_never" if "escaped" in bars else "not_poor", "escaped": "flow_escaped", "poor": "poor"}[
                name
            ],
            lang,
        )
        axes.text(LEFT - 0.045, height + 0.012, words, ha="right", va="bottom", linespacing=1.1)
        axes.text(LEFT - 0.045, height + 0.004, term("pairs_of_waves", lang).format(n=fixed(float(counts[name]), 0)), ha="right",
                  va="top", color=QUIET, fontsize=8.5)  # fmt: skip
        axes.plot([LEFT - 0.038, LEFT - BAR - 0.006], [height + 0.008, middles[name]], color=FAINT, linewidth=0.7)


def _write_rates(
    axes: Any,
    ends: dict[Band, tuple[float, float]],
    bars: dict[str, Any],
    records: dict[str, Any],
    labels: Labels,
    lang: Language,
) -> None:
    """The measured rates beside the streams they count."""
    of = {"stay_nonpoor": ("never", "escaped", "not_poor"), "exit": ("poor", "not_poor"),
          "entry": ("never", "escaped", "poor"), "relapse": ("escaped", "poor"), "persistence": ("poor", "poor")}  # fmt: skip
    at = {}
    for name, (*sources, target) in of.items():
        spans = [s for b, s in ends.items() if b.target == target and b.source in sources]
        if name in records and spans:
            at[name] = (min(s[0] for s in spans) + max(s[1] for s in spans)) / 2
    names = sorted(at, key=lambda n: -at[n])
    for name, height in zip(names, _spread([at[n] for n in names], 0.105), strict=True):
        record = records[name]
        colour = ALARM if name == "relapse" else INK
        rate = f"{percent(record['estimate'], lang)} {percent_interval(record['conf_low'], record['conf_high'])}"
        axes.text(RIGHT + 0.06, height + 0.004, f"{label(name, labels, lang)}: {rate}", va="bottom", color=colour)
        axes.text(RIGHT + 0.06, height - 0.004, term(f"rate_of_{name}", lang), va="top", color=QUIET, fontsize=8.5)
        axes.plot([RIGHT + BAR + 0.006, RIGHT + 0.054], [at[name], height], color=colour, linewidth=0.7)


def _spread(heights: list[float], least: float) -> list[float]:
    """Falling heights pushed apart to at least `least`, kept inside the figure."""
    placed = np.array(heights, dtype=float)
    for i in range(1, len(placed)):
        placed[i] = min(placed[i], placed[i - 1] - least)
    if len(placed) and placed[-1] < 0.06:
        placed[-1] = 0.06
        for i in range(len(placed) - 2, -1, -1):
            placed[i] = max(placed[i], placed[i + 1] + least)
    return placed.tolist()


def _sentence(record: dict[Any, Any], labels: Labels, lang: Language) -> str:
    name = str(record["term"])
    return term("alt_flow", lang).format(
        name=label(name, labels, lang), rate=percent(record["estimate"], lang), of=term(f"rate_of_{name}", lang),
        interval=percent_interval(record["conf_low"], record["conf_high"]), n=fixed(float(record["n"]), 0),
    )  # fmt: skip
