"""Rates of places against their size, with the limits chance alone would rarely cross."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context

from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report.figures.paper import PaperFigure, alternative, paper_figure
from fanpin.report.figures.rows import group_words, percent, rows_of
from fanpin.report.figures.style import ALARM, INK, PALETTE, QUIET, WIDTH, settings
from fanpin.report.labels import Labels, label
from fanpin.report.numbers import fixed
from fanpin.results import Measures

COLUMNS = ("count", "n", "shrunken", "funnel_low", "funnel_high", "funnel_low_998", "funnel_high_998")


def funnel(
    measures: Measures,
    *,
    id: str = "funnel",
    title: str = "",
    labels: Labels | None = None,
    lang: Language = "en",
) -> PaperFigure:
    """Each place's rate by its number of households, the overall rate, and funnel limits at 95 and 99.8 per cent.

    Open circles are the shrunken rates. Places outside the 95 % limits are named and drawn as diamonds.

    Parameters
    ----------
    measures : from `fp.township_rates`: term `rate` with columns count, n, shrunken and the funnel limits.
    id, title, labels : as in `relapse_curve`; `count` and `n` in labels name the two axes.

    Raises
    ------
    InputError, UnknownNameError : other measures.
    """
    check_option("lang", lang, Language)
    rows = rows_of(measures, ["rate"], COLUMNS, level=0.95, where="figures.funnel").sort_values("n", kind="stable")
    words = {
        "rate": term("rate", lang),
        "n": term("households", lang),
        **{k: label(k, labels or {}, lang) for k in labels or {}},
    }
    rows = rows.assign(name=[group_words({b: r[b] for b in measures.by}, labels or {}, lang) for r in rows.to_dict("records")],
                       outside=~rows["estimate"].between(rows["funnel_low"], rows["funnel_high"]))  # fmt: skip
    overall = float(rows["count"].sum() / rows["n"].sum())
    with rc_context(settings(lang)):
        figure = paper_figure(
            id=id,
            caption=title or term("caption_funnel", lang),
            lang=lang,
            width=WIDTH,
            height=3.9,
            simulated=measures.simulated,
        )
        axes = figure.add_axes((0.115, 0.225, 0.86, 0.70))
        _draw_limits(axes, rows, overall, lang)
        _draw_places(axes, rows)
        _scale_axes(axes, rows, words, lang)
        axes.legend(loc="upper center", bbox_to_anchor=(0.48, -0.17), ncol=3, frameon=False, fontsize=8.5,
                    handlelength=2.2, columnspacing=1.6)  # fmt: skip
    alternative(figure, _sentences(rows, overall, lang), simulated=measures.simulated)
    return figure


def _draw_limits(axes: Any, rows: pd.DataFrame, overall: float, lang: Language) -> None:
    curve = rows.drop_duplicates("n")
    axes.axhline(
        100 * overall, color=INK, linewidth=0.9, label=f"{term('overall_rate', lang)}, {percent(overall, lang)}"
    )
    for low, high, dashes, words in (
        ("funnel_low", "funnel_high", (0, (5, 2)), "funnel_95"),
        ("funnel_low_998", "funnel_high_998", (0, (1.2, 1.6)), "funnel_998"),
    ):
        axes.plot(
            curve["n"], 100 * curve[low], color=PALETTE[2], linestyle=dashes, linewidth=1.2, label=term(words, lang)
        )
        axes.plot(curve["n"], 100 * curve[high], color=PALETTE[2], linestyle=dashes, linewidth=1.2)
    axes.plot([], [], "o", color=PALETTE[0], markersize=5, label=term("observed_rate", lang))
    axes.plot([], [], "D", color=ALARM, markersize=5, label=term("outside_limits", lang))
    axes.plot([], [], "o", markerfacecolor="white", markeredgecolor=QUIET, markersize=4.5, label=term("shrunken", lang))


def _draw_places(axes: Any, rows: pd.DataFrame) -> None:
    axes.vlines(rows["n"], 100 * rows["estimate"], 100 * rows["shrunken"], color=QUIET, linewidth=0.6)
    axes.plot(rows["n"], 100 * rows["shrunken"], "o", markerfacecolor="white", markeredgecolor=QUIET, markersize=4.5)
    for outside, marker, colour in ((False, "o", PALETTE[0]), (True, "D", ALARM)):
        part = rows[rows["outside"] == outside]
        axes.plot(part["n"], 100 * part["estimate"], marker, color=colour, markersize=5, zorder=3)
    for side in (True, False):  # above the upper limit, below the lower one
        named = rows[rows["outside"] & ((rows["estimate"] > rows["funnel_high"]) == side)]
        _name_places(axes, named.to_dict("records"), upwards=side, reach=0.12 * float(rows["n"].max()))


def _name_places(axes: Any, records: list[dict[Any, Any]], *, upwards: bool, reach: float) -> None:
    """Names over (or under) their marks; of two neighbours the left one is set to the left, the right one to the right."""
    for i, record in enumerate(records):
        close_right = i + 1 < len(records) and records[i + 1]["n"] - record["n"] < reach
        close_left = i > 0 and record["n"] - records[i - 1]["n"] < reach
        align = "center" if close_left == close_right else "right" if close_right else "left"
        axes.annotate(record["name"], (record["n"], 100 * record["estimate"]), textcoords="offset points", ha=align,
                      xytext=(0, 7 if upwards else -7), va="bottom" if upwards else "top", color=ALARM,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _scale_axes(axes: Any, rows: pd.DataFrame, words: dict[str, str], lang: Language) -> None:
    values = 100 * rows[["estimate", "shrunken", "funnel_low_998", "funnel_high_998"]].to_numpy(dtype=float)
    room = 0.05 * (np.nanmax(values) - np.nanmin(values))
    low, high = max(0.0, np.nanmin(values) - room), min(100.0, np.nanmax(values) + room)
    axes.set_ylim(low, high)
    axes.set_xlim(0, 1.06 * float(rows["n"].max()))
    step = next(s for s in (1, 2, 5, 10, 20, 50) if (high - low) / s <= 8)
    ticks = np.arange(np.ceil(low / step) * step, high + 1e-9, step)
    axes.set_yticks(ticks, [percent(t / 100, lang, 0) for t in ticks])
    axes.set_xlabel(words["n"])
    axes.set_ylabel(words.get("count", words["rate"]))


def _sentences(rows: pd.DataFrame, overall: float, lang: Language) -> list[str]:
    first = term("alt_funnel", lang).format(places=len(rows), rate=percent(overall, lang),
                                            low=percent(rows["estimate"].min(), lang),
                                            high=percent(rows["estimate"].max(), lang))  # fmt: skip
    out = [
        f"{r['name']} {percent(r['estimate'], lang)} (n = {fixed(float(r['n']), 0)})"
        for r in rows[rows["outside"]].to_dict("records")
    ]
    return [
        first,
        term("alt_funnel_outside", lang).format(places="; ".join(out)) if out else term("alt_funnel_inside", lang),
    ]
