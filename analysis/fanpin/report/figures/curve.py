"""The relapse-free share by waves since the escape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context

from fanpin.core.errors import InputError
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report.figures.ends import write_names
from fanpin.report.figures.paper import PaperFigure, alternative, paper_figure
from fanpin.report.figures.rows import curves_of, percent, percent_interval, rows_of
from fanpin.report.figures.style import DASHES, INK, PALETTE, QUIET, WIDTH, settings
from fanpin.report.labels import Labels, label
from fanpin.report.numbers import fixed
from fanpin.results import Measures


def relapse_curve(
    measures: Measures,
    *,
    id: str = "relapse-curve",
    title: str = "",
    labels: Labels | None = None,
    level: float = 0.95,
    lang: Language = "en",
) -> PaperFigure:
    """Steps of the relapse-free share with confidence limits, and the number at risk below.

    Parameters
    ----------
    measures : from `fp.survival`: term `relapse_free` by `duration` and at most one curve a group, five groups at most.
    id, title : name within the study, and caption; without one, a general caption.
    labels : printed words for `by` columns and their values.
    level : confidence level of the bands.

    Raises
    ------
    InputError, UnknownNameError : other measures, or more groups than can be told apart.
    """
    check_option("lang", lang, Language)
    where = "figures.relapse_curve"
    rows = rows_of(measures, ["relapse_free"], ["duration"], level=level, where=where)
    by = [b for b in measures.by if b != "duration"]
    curves = curves_of(rows, by, "duration", labels or {}, lang)
    if len(curves) > len(PALETTE):
        raise InputError(f"{len(curves)} curves cannot be told apart", expected=f"at most {len(PALETTE)}", where=where,
                         next_step="choose groups with measures.select(…)")  # fmt: skip
    with rc_context(settings(lang)):
        height = 3.6 + 0.19 * len(curves)
        figure = paper_figure(
            id=id,
            caption=title or term("caption_relapse_curve", lang),
            lang=lang,
            width=WIDTH,
            height=height,
            simulated=measures.simulated,
        )
        width = 0.84 if len(curves) == 1 else 0.66  # names of the curves stand on the right
        axes = figure.add_axes((0.14, (0.85 + 0.19 * len(curves)) / height, width, 2.55 / height))
        _draw_curves(axes, curves, lang)
        axes.set_xlabel(label("duration", labels or {}, lang))
        axes.set_ylabel(term("relapse_free", lang))
        axes.text(0.015, 0.03, term("bands", lang).format(level=f"{100 * level:g}"), transform=axes.transAxes,
                  color=QUIET, fontsize=8.5)  # fmt: skip
        _write_at_risk(figure, axes, curves, lang)
    alternative(figure, _sentences(curves, lang), simulated=measures.simulated)
    return figure


def _draw_curves(axes: Any, curves: dict[str, pd.DataFrame], lang: Language) -> None:
    last = max(float(c["duration"].max()) for c in curves.values()) + 0.5
    ends = []
    for (name, curve), colour, dashes in zip(curves.items(), PALETTE, DASHES, strict=False):
        end = float(curve["duration"].max()) + 0.5
        time = np.concatenate([[0.0], curve["duration"].to_numpy(dtype=float), [end]])
        share, low, high = (_extended(curve[c]) for c in ("estimate", "conf_low", "conf_high"))
        axes.fill_between(time, 100 * low, 100 * high, step="post", color=colour, alpha=0.16, linewidth=0)
        axes.step(time, 100 * share, where="post", color=colour, linestyle=dashes, linewidth=1.7)
        ends.append((name, end, 100 * share[-1], colour))
    axes.set_xlim(0, last)
    axes.set_ylim(0, 101)
    axes.set_xticks(np.arange(0, last, 1 if last < 13 else 2 if last < 25 else 5))
    axes.set_yticks(range(0, 101, 20), [percent(y / 100, lang, 0) for y in range(0, 101, 20)])
    if len(curves) > 1:
        write_names(axes, ends)


def _extended(column: pd.Series) -> np.ndarray:
    """Values at duration 0, where the share is 1, at the durations observed, and half a step after the last."""
    values = column.to_numpy(dtype=float)
    return np.concatenate([[1.0], values, values[-1:]])


def _write_at_risk(figure: PaperFigure, axes: Any, curves: dict[str, pd.DataFrame], lang: Language) -> None:
    """A line of numbers at risk for every curve, under the axis."""
    box = axes.get_position()
    line = 0.19 / figure.get_figheight()
    top = line * (len(curves) + 0.9)
    figure.text(0.01, top, term("number_at_risk", lang), fontsize=8.5, style="italic", va="center")
    for i, (name, curve) in enumerate(curves.items(), start=1):
        colour = PALETTE[i - 1] if name else INK
        height = top - line * (i if name else 0)
        if name:
            figure.text(0.01, height, name, fontsize=8.5, color=colour, va="center")
        for record in curve.to_dict("records"):
            at = box.x0 + box.width * float(record["duration"]) / axes.get_xlim()[1]
            figure.text(at, height, fixed(float(record.get("at_risk", record["n"])), 0), fontsize=8.5, ha="center",
                        va="center", color=QUIET if name == "" else colour)  # fmt: skip


def _sentences(curves: dict[str, pd.DataFrame], lang: Language) -> list[str]:
    said = []
    for name, curve in curves.items():
        points = "; ".join(
            term("alt_curve_point", lang).format(duration=int(r["duration"]), share=percent(r["estimate"], lang),
                                                 interval=percent_interval(r["conf_low"], r["conf_high"]),
                                                 n=fixed(float(r.get("at_risk", r["n"])), 0))
            for r in curve.to_dict("records")
        )  # fmt: skip
        said.append(f"{term('relapse_free', lang)}{f' ({name})' if name else ''}: {points}.")
    return said
