"""Measures in the wide layout: a column for each value of one `by` column, standard errors in brackets below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError, unknown_name
from fanpin.report.content import Cell, Column, Row, Source, cell_id
from fanpin.report.numbers import fixed, number
from fanpin.report.parts import Part, by_words, digits_for, scale
from fanpin.report.request import Request, printed_columns
from fanpin.results.measures import measure_key


def columns(parts: list[Part], request: Request) -> tuple[Column, ...]:
    """The columns: values of the pivoted column, in order of appearance."""
    for part in parts:
        if request.pivot not in ("term", *part.by):
            raise unknown_name("column", request.pivot, ("term", *part.by), where=f"pivot= of table {request.id!r}")
    if request.stats is not None and list(request.stats) != ["n"]:
        raise InputError("a pivoted table shows estimates and standard errors", expected="stats=['n'] or none",
                         got=list(request.stats))  # fmt: skip
    values = {_column_id(v): v for p in parts for v in p.tidy[request.pivot]}
    ids = list(values)
    words = printed_columns(request, ids)
    if request.columns is None:
        words = {
            i: request.measure(v) if request.pivot == "term" else request.of_group(str(request.pivot), v)
            for i, v in values.items()
        }
    return tuple(Column(id=i, label=words[i]) for i in ids)


def rows(part: Part, kept: pd.DataFrame, columns: tuple[Column, ...], request: Request, *, depth: int) -> Iterator[Row]:
    """Estimate, standard error and, where asked for, n, for every combination of the columns that stay in the rows."""
    others = [c for c in ("term", *part.by) if c != request.pivot]
    statistics = ["estimate", "std_error", *(request.stats or ())]
    for _, group in kept.groupby(others, sort=False, observed=True, dropna=False):
        found = {_column_id(r[request.pivot]): r for r in group.to_dict("records")}
        first = next(iter(found.values()))
        name = _row_name(first, others)
        digits = digits_for([float(r["std_error"]) for r in found.values()], request)
        for statistic in statistics:
            own = f"{part.prefix}{name}" + ("" if statistic == "estimate" else f".{statistic}")
            cells = tuple(_cell(part, found.get(c.id), statistic, cell_id(request.id, own, c.id), digits, request)
                          for c in columns)  # fmt: skip
            words = {"estimate": _words(first, others, request), "std_error": "", "n": request.word("n")}[statistic]
            role = {"estimate": "estimate", "std_error": "error", "n": "stat"}[statistic]
            yield Row(id=own, label=words, role=role, cells=cells, depth=depth)  # type: ignore[arg-type]


def _column_id(value: Any) -> str:
    return str(value).replace(":", "_")


def _row_name(record: dict[Any, Any], others: list[str]) -> str:
    by = {b: record[b] for b in others if b != "term"}
    if "term" in others:
        return measure_key(str(record["term"]), by)
    return ",".join(f"{k}={v}" for k, v in by.items())


def _words(record: dict[Any, Any], others: list[str], request: Request) -> str:
    term = request.measure(str(record["term"])) if "term" in others else ""
    return ", ".join(w for w in (term, by_words(record, [o for o in others if o != "term"], request)) if w)


def _cell(part: Part, record: dict[Any, Any] | None, statistic: str, own: str, digits: int, request: Request) -> Cell:
    if record is None:
        return Cell(id=own, text="")
    source = Source(result=part.name, term=str(record["key"]), statistic=statistic)
    value = float(record[statistic])
    if statistic == "n":
        return Cell(id=own, text=fixed(value, 0), value=number(value), source=source)
    text = fixed(value * scale(request), digits)
    return Cell(id=own, text=f"({text})" if statistic == "std_error" else text, value=number(value), source=source)
