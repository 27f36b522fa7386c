"""Curves over shares of the population: Lorenz curves and TIP curves, with confidence bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.ticker import FuncFormatter

from fanpin.core.errors import InputError
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.report.figures.ends import write_names
from fanpin.report.figures.paper import PaperFigure, alternative, paper_figure
from fanpin.report.figures.rows import curves_of, percent, percent_interval, rows_of
from fanpin.report.figures.style import DASHES, PALETTE, QUIET, WIDTH, settings
from fanpin.report.labels import Labels, label
from fanpin.report.numbers import fixed
from fanpin.results import Measures

SHARE = "population_share"
FLAT = 1e-9  # a curve is flat where it is this close to its end, in proportion
SAID = (0.2, 0.4, 0.6, 0.8)  # shares of the population named in words, where they are measured


def lorenz(
    measures: Measures, *, id: str = "lorenz", title: str = "", labels: Labels | None = None, level: float = 0.95,
    lang: Language = "en",
) -> PaperFigure:  # fmt: skip
    """Lorenz curves with confidence bands and the diagonal of equal shares; or generalised Lorenz curves, in money.

    Parameters
    ----------
    measures : from `fp.lorenz`, at most one curve a group and five groups.
    id, title : name within the study, and caption; without one, a general caption.
    labels : printed words for `by` columns and their values.
    level : confidence level of the bands.

    Raises
    ------
    InputError, UnknownNameError : other measures, or more groups than can be told apart.
    """
    known = set(measures.rows["term"]) if isinstance(measures, Measures) else set()
    name = "generalised_lorenz" if "generalised_lorenz" in known else "lorenz"
    curves = _curves(measures, name, labels or {}, level, lang, "figures.lorenz")
    with rc_context(settings(lang)):
        figure, axes = _frame(id, title or term(f"caption_{name}", lang), 0.845, measures.simulated, lang)
        if name == "lorenz":
            axes.plot([0, 100], [0, 100], color=QUIET, linewidth=0.8, label=term("equal_shares", lang))
        _draw(axes, curves, scale=100.0 if name == "lorenz" else 1.0)
        _scale_axes(axes, 100.0, term(f"axis_{name}", lang), lang)
        if name == "generalised_lorenz":
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: fixed(y, 0)))
        legend = axes.legend(loc="upper left", frameon=False, fontsize=9, handlelength=2.6, title=_bands(level, lang),
                             title_fontsize=8.5, alignment="left")  # fmt: skip
        legend.get_title().set_color(QUIET)
    said = [_lorenz_sentence(n, c, name, lang) for n, c in curves.items()]
    alternative(figure, said, simulated=measures.simulated)
    return figure


def tip(
    measures: Measures, *, id: str = "tip", title: str = "", labels: Labels | None = None, level: float = 0.95,
    lang: Language = "en",
) -> PaperFigure:  # fmt: skip
    """TIP curves ("Three I's of Poverty") with confidence bands.

    Each curve turns flat at the share that is poor, at the height of the poverty gap; its bend is the inequality among the
    poor. The axis ends a little after the last curve has turned flat.

    Parameters
    ----------
    measures : from `fp.tip`, at most one curve a group and five groups.
    id, title, labels, level : as in `lorenz`.

    Raises
    ------
    InputError, UnknownNameError : other measures, or more groups than can be told apart.
    """
    curves = _curves(measures, "tip", labels or {}, level, lang, "figures.tip")
    end = min(1.0, 1.3 * max(_flat_from(c) for c in curves.values()))
    with rc_context(settings(lang)):
        width = 0.845 if len(curves) == 1 else 0.70  # names of the curves stand on the right
        figure, axes = _frame(id, title or term("caption_tip", lang), width, measures.simulated, lang)
        _draw(axes, curves, scale=100.0)
        _scale_axes(axes, 100 * end, term("axis_tip", lang), lang)
        if len(curves) > 1:
            ends = [(n, 100 * end, 100 * float(c["estimate"].iloc[-1])) for n, c in curves.items()]
            write_names(axes, [(*e, colour) for e, colour in zip(ends, PALETTE, strict=False)])
        axes.text(0.985, 0.03, _bands(level, lang), transform=axes.transAxes, color=QUIET, fontsize=8.5, ha="right")
    alternative(figure, [_tip_sentence(n, c, lang) for n, c in curves.items()], simulated=measures.simulated)
    return figure


def _curves(
    measures: Any, name: str, labels: Labels, level: float, lang: Language, where: str
) -> dict[str, pd.DataFrame]:
    check_option("lang", lang, Language)
    rows = rows_of(measures, [name], [SHARE], level=level, where=where)
    curves = curves_of(rows, [b for b in measures.by if b != SHARE], SHARE, labels, lang)
    if len(curves) > len(PALETTE):
        raise InputError(f"{len(curves)} curves cannot be told apart", expected=f"at most {len(PALETTE)}", where=where,
                         next_step="choose groups with measures.select(…)")  # fmt: skip
    return curves


def _frame(id: str, caption: str, width: float, simulated: bool, lang: Language) -> tuple[PaperFigure, Any]:
    figure = paper_figure(id=id, caption=caption, lang=lang, width=WIDTH, height=3.9, simulated=simulated)
    return figure, figure.add_axes((0.125, 0.135, width, 0.80))


def _draw(axes: Any, curves: dict[str, pd.DataFrame], *, scale: float) -> None:
    """Lines from the origin through the points measured, and the bands around them."""
    for (name, curve), colour, dashes in zip(curves.items(), PALETTE, DASHES, strict=False):
        share, at, low, high = (_from_origin(curve[c]) for c in (SHARE, "estimate", "conf_low", "conf_high"))
        axes.fill_between(100 * share, scale * low, scale * high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(100 * share, scale * at, color=colour, linestyle=dashes, linewidth=1.6, label=name or None)


def _from_origin(column: pd.Series) -> np.ndarray:
    return np.concatenate([[0.0], column.to_numpy(dtype=float)])


def _scale_axes(axes: Any, end: float, words: str, lang: Language) -> None:
    axes.set_xlim(0, end)
    axes.set_ylim(min(0.0, axes.dataLim.y0), None)
    axes.set_xlabel(term("axis_population_share", lang))
    axes.set_ylabel(words)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent_ticks(lang))


def _bands(level: float, lang: Language) -> str:
    return term("bands", lang).format(level=f"{100 * level:g}")


def _percent_ticks(lang: Language) -> FuncFormatter:
    return FuncFormatter(lambda y, _: percent(y / 100, lang, 0 if float(y).is_integer() else 1))


def _flat_from(curve: pd.DataFrame) -> float:
    """The first share at which a TIP curve has reached its end."""
    ends = curve["estimate"].to_numpy(dtype=float)
    return float(curve[SHARE].to_numpy()[ends >= ends[-1] * (1 - FLAT)][0])


def _named(words: str, group: str) -> str:
    return f"{words} ({group})" if group else words


def _lorenz_sentence(group: str, curve: pd.DataFrame, name: str, lang: Language) -> str:
    shown = curve[curve[SHARE].isin(SAID)]
    points = []
    for r in (shown if len(shown) else curve).to_dict("records"):
        amount = percent(r["estimate"], lang) if name == "lorenz" else fixed(r["estimate"], 0)
        limits = (percent_interval(r["conf_low"], r["conf_high"]) if name == "lorenz"
                  else f"[{fixed(r['conf_low'], 0)}, {fixed(r['conf_high'], 0)}]")  # fmt: skip
        points.append(
            term("alt_lorenz_point", lang).format(share=percent(r[SHARE], lang, 0), amount=amount, interval=limits)
        )
    return term("alt_curve", lang).format(name=_named(label(name, {}, lang), group), points="; ".join(points))


def _tip_sentence(group: str, curve: pd.DataFrame, lang: Language) -> str:
    last = curve.iloc[-1]
    flat = term("alt_tip", lang).format(share=percent(_flat_from(curve), lang, 0), height=percent(last["estimate"], lang),
                                        interval=percent_interval(last["conf_low"], last["conf_high"]))  # fmt: skip
    return term("alt_curve", lang).format(name=_named(label("tip", {}, lang), group), points=flat)
