"""`fp.table`: any results as one three-line table, the same numbers in HTML, LaTeX and Word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from fanpin.core.arguments import check_flag
from fanpin.core.errors import InputError
from fanpin.core.options import Language, TablePanels, TableStyle, check_level, check_option
from fanpin.core.terms import term
from fanpin.report import measures, others, regression
from fanpin.report.content import Table
from fanpin.report.labels import Labels
from fanpin.report.request import Body, Panel, Request, Rows, gather
from fanpin.results import Estimates, HypothesisTest, Measures

_BUILDERS: dict[type, Callable[[tuple[Panel, ...], Request], Body]] = {
    Estimates: regression.build,
    Measures: measures.build,
    HypothesisTest: others.build_tests,
    pd.DataFrame: others.build_frames,
}


def table(
    results: Any,
    *,
    rows: Rows | None = None,
    stats: Sequence[str] | None = None,
    style: TableStyle = "three-line",
    lang: Language = "en",
    stars: bool = False,
    id: str = "table",
    title: str = "",
    notes: str | Sequence[str] = (),
    labels: Labels | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    digits: int | None = None,
    pivot: str | None = None,
    panels: TablePanels = "stacked",
    percent: bool | Sequence[str] = False,
    level: float = 0.95,
    formats: Mapping[str, str] | None = None,
) -> Table:
    """A three-line table of results.

    Parameters
    ----------
    results : one result, or a list or mapping (name -> result) of results of one kind: `Estimates` stand side by side,
        `Measures` and `HypothesisTest` take a row each, data frames are printed as they are. A mapping of heading ->
        list or mapping of results makes panels, such as {"Coefficients": fits, "Average effects": effects}.
    rows : terms to show, in this order; a mapping heading -> terms groups them. A categorical variable such as
        `C(duration)` stands for all its levels.
    stats : for estimates the facts at the foot, from `glance()`; for measures and tests the columns, from `tidy()`
        and "interval"; for data frames the columns.
    style : "three-line": top, header and bottom rule.
    lang : language of every word that does not come from the results.
    stars : mark p < 0.10, 0.05, 0.01 (estimates only).
    id : name of the table within the study; the first part of every cell id.
    title, notes : printed title, and sentences put before the notes that come with the results.
    labels : name -> printed words, or name -> {"en": …, "zh": …}.
    columns : printed names of the columns: a list for all, or a mapping for some.
    digits : decimals; by default 3 (more where a standard error would print as 0; 1 in per cent; 2 in data frames).
    pivot : measures only: the `by` column (or "term") whose values become columns.
    panels : "stacked" puts panels under each other, "beside" puts them side by side within each model.
    percent : measures only: print estimates and their limits in per cent; a list names further columns to print so.
    level : confidence level of intervals (measures only).
    formats : column -> format specification such as ",.0f" (measures, tests and data frames).

    Returns
    -------
    Table : with `to_html()`, `to_latex()`, `to_docx(path)`, `to_json()`, `frame` and `cell(row, column)`.

    Raises
    ------
    InputError : no results, kinds that cannot share a table, columns of the same name, an option without meaning for
        the kind of result.
    UnknownNameError : a row, stat, column, style or language that does not exist; the closest names are given.
    """
    check_option("style", style, TableStyle)
    check_option("lang", lang, Language)
    check_option("panels", panels, TablePanels)
    if not id or ":" in id:
        raise InputError(f"{id!r} cannot name a table", expected="a name without colons, such as t4")
    check_flag("stars", stars)
    if digits is not None and not (isinstance(digits, int) and 0 <= digits <= 12):
        raise InputError(f"digits={digits!r} is not a number of decimals", expected="0 to 12")
    for name, value in (("formats", formats), ("labels", labels)):
        if value is not None and not isinstance(value, Mapping):
            raise InputError(f"{name}={value!r} is no mapping", expected="name -> text")
    gathered = gather(results)
    request = Request(id=id, rows=rows, stats=stats, lang=lang, stars=stars, labels=labels or {}, columns=columns,
                      digits=digits, pivot=pivot, panels=panels, percent=percent, level=check_level(level),
                      formats=formats or {})  # fmt: skip
    first = next(iter(gathered[0].members.values()))
    body = next(make for kind, make in _BUILDERS.items() if isinstance(first, kind))(gathered, request)
    names = _simulated_names(gathered, request)
    said = [_simulated_note(names, gathered, lang)] if names else []
    own_notes = [notes] if isinstance(notes, str) else list(notes)
    return Table(id=id, title=_title(title, bool(names), lang), columns=body.columns, rows=body.rows, stub=body.stub,
                 notes=tuple(dict.fromkeys(n for n in (*said, *own_notes, *body.notes) if n)),
                 style=style, lang=lang, simulated=bool(names))  # fmt: skip


def _simulated_names(panels: tuple[Panel, ...], request: Request) -> list[str]:
    """Printed names of the results that rest on simulated data; "simulated" in a frame's attrs marks a data frame."""
    names = []
    for panel in panels:
        for name, result in panel.members.items():
            marked = result.attrs.get("simulated", False) if isinstance(result, pd.DataFrame) else None
            if marked or getattr(result, "simulated", False):
                own = f"({name})" if name.isdigit() else request.word(name)
                names.append(f"{request.word(panel.title)}: {own}" if panel.title else own)
    return names


def _simulated_note(names: list[str], panels: tuple[Panel, ...], lang: Language) -> str:
    if len(names) == sum(len(p.members) for p in panels):
        return term("note_simulated", lang)
    return term("note_simulated_some", lang).format(names=", ".join(names))


def _title(title: str, simulated: bool, lang: Language) -> str:
    if not simulated:
        return title
    return title + term("simulated_suffix", lang) if title else term("simulated_title", lang)
