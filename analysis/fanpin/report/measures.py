"""Measures as a table: a row a measure, or, pivoted, a column for each value of a `by` column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError, unknown_name
from fanpin.core.terms import all_terms, term
from fanpin.report import pivot
from fanpin.report.content import Cell, Column, Row, Source, cell_id
from fanpin.report.numbers import fixed, formatted, interval_text, number, p_text, plain
from fanpin.report.parts import Part, by_words, digits_for, scale
from fanpin.report.request import Body, Panel, Request, choose, grouped, printed_columns, slug
from fanpin.report.words import result_notes
from fanpin.results import Measures

SCALED = ("estimate", "std_error", "conf_low", "conf_high")
DEFAULT = ("estimate", "std_error", "interval", "n")


def build(panels: tuple[Panel, ...], request: Request) -> Body:
    """The body of a table of measures: long, or wide when pivot= names a `by` column or "term"."""
    request.refuse("measures", "stars", "panels")
    parts = _parts(panels, request)
    _check_rows(parts, request)
    wide = request.pivot is not None
    columns = pivot.columns(parts, request) if wide else _columns(parts, request)
    rows: list[Row] = []
    for i, part in enumerate(parts):
        if part.heading:
            words = term("panel_heading", request.lang).format(
                letter="ABCDEFGH"[i % 8], title=request.word(part.heading)
            )
            rows.append(Row(id=f"panel.{slug(part.heading)}", label=words, role="panel"))
        for group, names in grouped(request.rows, list(dict.fromkeys(part.tidy["term"]))):
            kept = _select(part.tidy, names)
            if group and len(kept):
                rows.append(Row(id=f"{part.prefix}group.{slug(group)}", label=request.word(group), role="group"))
            make = pivot.rows if wide else _rows
            rows += make(part, kept, columns, request, depth=1 if group else 0)
    stub = ", ".join(request.word(b) for b in parts[0].by if b != request.pivot)
    return Body(columns=columns, rows=tuple(rows), stub=stub, notes=_notes(panels, request))


def _parts(panels: tuple[Panel, ...], request: Request) -> list[Part]:
    named = [(p.title, name, m) for p in panels for name, m in p.members.items()]
    headed = len(named) > 1 and not all(name.isdigit() and not title for title, name, _ in named)
    parts: list[Part] = []
    for title, name, measures in named:
        heading = " – ".join(w for w in (title, name) if w and not w.isdigit()) if headed else ""
        tidy = measures.tidy(request.level).assign(key=list(measures.keys))
        parts.append(Part(heading=heading, prefix=f"{slug(heading or name)}." if parts else "", by=measures.by,
                          name=f"{title}/{name}" if title else name, tidy=tidy))  # fmt: skip
    return parts


def _check_rows(parts: list[Part], request: Request) -> None:
    terms = [str(t) for p in parts for t in dict.fromkeys(p.tidy["term"])]
    keys = [str(k) for p in parts for k in p.tidy["key"]]
    for name in (n for _, names in grouped(request.rows, []) for n in names):
        if name not in terms and name not in keys:
            raise unknown_name("term", name, terms if "[" not in name else keys, where=f"rows= of table {request.id!r}")


def _select(tidy: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of the named terms or keys, in the order of the names."""
    return pd.concat([tidy[(tidy["term"] == n) | (tidy["key"] == n)] for n in names]) if names else tidy[:0]


def _columns(parts: list[Part], request: Request) -> tuple[Column, ...]:
    known = [c for c in parts[0].tidy.columns if c not in ("term", "key", *parts[0].by)]
    wanted = DEFAULT if request.stats is None else request.stats
    ids = choose("stat", wanted, [*known, "interval"], where=f"stats= of table {request.id!r}")
    choose("stat", () if isinstance(request.percent, bool) else request.percent, ids,
           where=f"percent= of table {request.id!r}")  # fmt: skip
    for part in parts[1:]:
        missing = [c for c in ids if c not in part.tidy and c != "interval"]
        if missing:
            raise InputError(f"{part.name!r} has no {missing[0]!r}, which other measures of the table have",
                             next_step="name columns that all have with stats=, or make two tables")  # fmt: skip
    words = printed_columns(request, ids)
    renamed = request.columns if isinstance(request.columns, Mapping) else ids if request.columns else ()
    if "interval" in words and "interval" not in (*renamed, *request.labels):
        words["interval"] = f"{100 * request.level:g} % {words['interval']}"
    return tuple(Column(id=i, label=words[i], align="centre" if i == "interval" else "number") for i in ids)


def _rows(
    part: Part, kept: pd.DataFrame, columns: tuple[Column, ...], request: Request, *, depth: int
) -> Iterator[Row]:
    """A row a measure; measures of several terms are grouped by term where `by` columns tell rows apart."""
    by_term = bool(part.by) and len(set(kept["term"])) > 1
    for name, rows in kept.groupby("term", sort=False, observed=True):
        if by_term:
            yield Row(id=f"{part.prefix}term.{name}", label=request.measure(str(name)), role="group", depth=depth)
        for record in rows.to_dict("records"):
            own = f"{part.prefix}{record['key']}"
            cells = tuple(_cell(part, record, c.id, cell_id(request.id, own, c.id), request) for c in columns)
            words = by_words(record, part.by, request) or request.measure(str(name))
            yield Row(id=own, label=words, role="data", cells=cells, depth=depth + by_term)


def _cell(part: Part, record: dict[Any, Any], column: str, own: str, request: Request) -> Cell:
    source = Source(result=part.name, term=str(record["key"]), statistic=column)
    digits, times = digits_for([record["std_error"]], request), scale(request)
    if column == "interval":
        text = interval_text(times * record["conf_low"], times * record["conf_high"], digits)
        return Cell(id=own, text=text, source=source)
    value = record[column]
    return Cell(id=own, text=_text(value, column, digits, request), value=number(value), source=source)


def _text(value: Any, column: str, digits: int, request: Request) -> str:
    if column in request.formats:
        return formatted(value, request.formats[column])
    if column in SCALED or (not isinstance(request.percent, bool) and column in request.percent):
        return fixed(float(value) * scale(request), digits)
    if column == "p_value":
        return p_text(float(value))
    amount = number(value)
    if column == "n" and amount is not None:
        return fixed(amount, 0 if amount.is_integer() else 1)
    return plain(value, digits)


def _notes(panels: tuple[Panel, ...], request: Request) -> tuple[str, ...]:
    measures: list[Measures] = [m for p in panels for m in p.members.values()]
    kinds = {m.cov_type for m in measures}
    brackets = [term(f"note_se_{k}" if f"note_se_{k}" in all_terms() else "note_se", request.lang)
                for k in kinds if request.pivot is not None and len(kinds) == 1]  # fmt: skip
    shown = request.pivot is not None or "std_error" in (request.stats or DEFAULT)
    percent = [term("note_percent" if shown else "note_percent_only", request.lang)] if request.percent else []
    return (*brackets, *percent, *result_notes(measures, request.labels, request.lang))
