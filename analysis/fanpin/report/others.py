"""Hypothesis tests and plain data frames as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from fanpin.core.errors import DataError, InputError
from fanpin.core.terms import term
from fanpin.report.content import Cell, Column, Row, Source, cell_id
from fanpin.report.labels import in_words
from fanpin.report.numbers import fixed, formatted, number, p_text, plain
from fanpin.report.request import Body, Panel, Request, choose, grouped, printed_columns, slug
from fanpin.results import HypothesisTest

TIMES = frozenset(("year", "wave", "time", "quarter"))  # printed without separators of thousands


def build_tests(panels: tuple[Panel, ...], request: Request) -> Body:
    """The body of a table of tests: a row a test, with statistic, degrees of freedom, p-value and effect sizes."""
    request.refuse("hypothesis tests", "pivot", "percent", "stars", "panels", "level")
    tests = {_test_key(p, name): t for p in panels for name, t in p.members.items()}
    details = dict.fromkeys(d for t in tests.values() for d in (t.details or {}))
    known = ["statistic", "df", "p_value", *details]
    ids = choose("stat", known if request.stats is None else request.stats, known, where=f"stats= of {request.id!r}")
    words = printed_columns(request, ids)
    columns = tuple(Column(id=i, label=words[i]) for i in ids)
    whole = {d for d in details if all(float((t.details or {}).get(d, 0)).is_integer() for t in tests.values())}
    rows: list[Row] = []
    for group, names in grouped(request.rows, list(tests)):
        choose("test", names, tests, where=f"rows= of table {request.id!r}")
        if group:
            rows.append(Row(id=f"group.{slug(group)}", label=request.word(group), role="group"))
        rows += [_test_row(n, tests[n], ids, whole, request, depth=1 if group else 0) for n in names]
    nulls = [
        term("note_null", request.lang).format(
            name=_test_words(key, test, request), null=in_words(test.null.rstrip("."), request.labels, request.lang)
        )
        for key, test in tests.items()
    ]
    return Body(
        columns=columns,
        rows=tuple(rows),
        notes=(
            *nulls,
            *dict.fromkeys(in_words(n, request.labels, request.lang) for t in tests.values() for n in t.notes),
        ),
    )


def _test_key(panel: Panel, name: str) -> str:
    return f"{panel.title}/{name}" if panel.title else name


def _test_words(key: str, test: HypothesisTest, request: Request) -> str:
    return request.word(test.name if key.rpartition("/")[2].isdigit() else key)


def _test_row(key: str, test: HypothesisTest, ids: list[str], whole: set[str], request: Request, *, depth: int) -> Row:
    values = {"statistic": test.stat, "df": test.df, "p_value": test.pvalue, **(test.details or {})}
    cells = []
    for i in ids:
        value = values.get(i)
        own = cell_id(request.id, key, i)
        text = "" if i not in values else fixed(value, 0) if i in whole else _test_text(test, i, value, request)
        cells.append(
            Cell(id=own, text=text, value=number(value), source=Source(result=key, term=test.name, statistic=i))
        )
    return Row(id=key, label=_test_words(key, test, request), role="data", cells=tuple(cells), depth=depth)


def _test_text(test: HypothesisTest, column: str, value: float | None, request: Request) -> str:
    if column in request.formats:
        return formatted(value, request.formats[column])
    if column == "df":
        return ", ".join(f"{d:g}" for d in (test.df, test.df_denom) if d is not None)
    if column == "p_value":
        return p_text(float(value if value is not None else "nan"))
    return fixed(value, request.digits if request.digits is not None else 3)


def build_frames(panels: tuple[Panel, ...], request: Request) -> Body:
    """The body of a descriptive table from data frames, stacked as panels where there are several.

    The index labels the rows (two levels: groups and rows); without one, the first column does. Two levels of columns
    become headings over columns.
    """
    request.refuse("data frames", "pivot", "percent", "stars", "panels", "level")
    frames = {_frame_key(p, n, panels): _labelled(f) for p in panels for n, f in p.members.items()}
    columns = _frame_columns(frames, request)
    rows: list[Row] = []
    for i, (name, frame) in enumerate(frames.items()):
        prefix = f"{slug(name)}." if i else ""
        if len(frames) > 1:
            words = term("panel_heading", request.lang).format(letter="ABCDEFGH"[i % 8], title=request.word(name))
            rows.append(Row(id=f"panel.{slug(name)}", label=words, role="panel"))
        rows += _frame_rows(frame, name, prefix, columns, request)
    stub = next(iter(frames.values())).index.names[-1]
    return Body(columns=columns, rows=tuple(rows), stub="" if stub is None else request.word(str(stub)))


def _frame_key(panel: Panel, name: str, panels: tuple[Panel, ...]) -> str:
    alone = len(panels) == 1 and len(panels[0].members) == 1
    return "data" if alone and name == "1" else " – ".join(w for w in (panel.title, name) if w)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise DataError("a table of an empty data frame", expected="rows and columns", got=f"shape {frame.shape}")
    if frame.columns.has_duplicates:
        twice = list(dict.fromkeys(str(c) for c in frame.columns[frame.columns.duplicated()]))
        raise InputError("two columns of the data frame have the same name", got=", ".join(twice))
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None and len(frame.columns) > 1:
        frame = frame.set_index(frame.columns[0])
    if frame.index.has_duplicates:
        twice = list(dict.fromkeys(str(r) for r in frame.index[frame.index.duplicated()]))
        raise DataError("two rows of the data frame have the same label", got=", ".join(twice[:5]),
                        next_step="put the columns that tell the rows apart into the index")  # fmt: skip
    return frame


def _column_key(column: Any) -> str:
    parts = column if isinstance(column, tuple) else (column,)
    return ".".join(str(p) for p in parts).replace(":", "_")


def _frame_columns(frames: dict[str, pd.DataFrame], request: Request) -> tuple[Column, ...]:
    first = next(iter(frames.values()))
    for name, frame in frames.items():
        if list(frame.columns) != list(first.columns):
            raise InputError(f"the data frame {name!r} has other columns than the first", got=list(frame.columns),
                             expected=list(first.columns))  # fmt: skip
    by_key = {_column_key(c): c for c in first.columns}
    ids = choose(
        "column", by_key if request.stats is None else request.stats, by_key, where=f"stats= of {request.id!r}"
    )
    choose("column", request.formats, by_key, where=f"formats= of table {request.id!r}")
    words = printed_columns(request, ids)
    made = []
    for i in ids:
        parts = by_key[i] if isinstance(by_key[i], tuple) else (by_key[i],)
        own = words[i] if request.columns is not None else request.word(str(parts[-1]))
        numeric = all(pd.api.types.is_numeric_dtype(f[by_key[i]]) for f in frames.values())
        made.append(Column(id=i, label=own, spanner=request.word(str(parts[0])) if len(parts) > 1 else "",
                           align="number" if numeric else "text"))  # fmt: skip
    return tuple(made)


def _frame_rows(
    frame: pd.DataFrame, name: str, prefix: str, columns: tuple[Column, ...], request: Request
) -> Iterator[Row]:
    two = frame.index.nlevels > 1
    keys = {_column_key(index) if two else str(index): position for position, index in enumerate(frame.index)}
    by_key = {_column_key(c): c for c in frame.columns}
    last = None
    for group, names in grouped(request.rows, list(keys)):
        choose("row", names, keys, where=f"rows= of table {request.id!r}")
        if group:
            yield Row(id=f"{prefix}group.{slug(group)}", label=request.word(group), role="group")
        for key in names:
            index = frame.index[keys[key]]
            if two and index[0] != last and not group:
                last = index[0]
                yield Row(id=f"{prefix}group.{slug(str(last))}", label=request.word(str(last)), role="group")
            cells = tuple(
                _frame_cell(
                    frame[by_key[c.id]].iloc[keys[key]], name, key, c, cell_id(request.id, prefix + key, c.id), request
                )
                for c in columns
            )
            words = request.word(str(index[-1] if two else index))
            yield Row(id=prefix + key, label=words, role="data", cells=cells, depth=int(bool(two or group)))


def _frame_cell(value: Any, name: str, row: str, column: Column, own: str, request: Request) -> Cell:
    spec = request.formats.get(column.id, "d" if column.id in TIMES and number(value) == value else None)
    text = formatted(value, spec) if spec else plain(value, 2 if request.digits is None else request.digits)
    return Cell(id=own, text=text, value=number(value), source=Source(result=name, term=row, statistic=column.id))
