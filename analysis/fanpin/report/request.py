"""What a table was asked for, and the results it was given, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError, unknown_name
from fanpin.core.options import Language, TablePanels
from fanpin.report.content import Column, Row
from fanpin.report.labels import Labels, known, label, measure_label
from fanpin.results import Collection, Estimates, HypothesisTest, Measures

_NOT_GIVEN: tuple[Any, ...] = (None, False, {}, "stacked", 0.95)

Rows = Sequence[str] | Mapping[str, Sequence[str]]
KINDS: tuple[type, ...] = (Estimates, Measures, HypothesisTest, pd.DataFrame)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The options of `table`, as given."""

    id: str
    rows: Rows | None = None
    stats: Sequence[str] | None = None
    lang: Language = "en"
    stars: bool = False
    labels: Labels = field(default_factory=dict)
    columns: Sequence[str] | Mapping[str, str] | None = None
    digits: int | None = None
    pivot: str | None = None
    panels: TablePanels = "stacked"
    percent: bool | Sequence[str] = False
    level: float = 0.95
    formats: Mapping[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """The printed form of a name in the table's language."""
        return label(str(name), self.labels, self.lang)

    def measure(self, name: str) -> str:
        """The printed form of a measure's name in the table's language."""
        return measure_label(str(name), self.labels, self.lang)

    def named(self, value: object) -> str:
        """A value as it is, unless labels= has words for it."""
        return self.word(str(value)) if str(value) in self.labels else str(value)

    def of_group(self, column: str, value: object) -> str:
        """A value that tells rows apart, in words where there are any.

        They are looked for under `column=value` and, for text, under the value: the name of a column or a term, such as a
        source of income.
        """
        own = known(f"{column}={value}", self.labels, self.lang)
        if own is None and isinstance(value, str):
            own = known(value, self.labels, self.lang)
        return self.named(value) if own is None else own

    def refuse(self, kind: str, *options: str) -> None:
        """Raise when an option was given that this kind of table has no use for."""
        for option in options:
            if getattr(self, option) not in _NOT_GIVEN:
                raise InputError(f"{option}= has no meaning in a table of {kind}", next_step=f"leave {option}= out")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Results of one kind under one heading; `members` maps the result's name to the result."""

    title: str
    members: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a builder hands back: everything of a table but title, id and the general notes."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    stub: str = ""


def gather(results: Any) -> tuple[Panel, ...]:
    """The results as panels of named results, all of one kind.

    Raises
    ------
    InputError : nothing given, something that is not a result, or kinds that cannot share a table.
    """
    named = _named(results)
    if not named:
        raise InputError("a table of no results", expected="at least one result")
    nested = [k for k, v in named.items() if _is_group(v)]
    if nested and len(nested) < len(named):
        raise InputError("results and groups of results stand side by side", got=", ".join(named),
                         expected="only results, or only groups of results, each a panel")  # fmt: skip
    panels = (
        tuple(Panel(title=k, members=_named(v)) for k, v in named.items())
        if nested
        else (Panel(title="", members=named),)
    )
    _one_kind(panels)
    if (
        nested
        and len({len(p.members) for p in panels}) > 1
        and isinstance(next(iter(panels[0].members.values())), Estimates)
    ):
        raise InputError("the panels have different numbers of results", expected="one result for each column",
                         got=", ".join(f"{p.title}: {len(p.members)}" for p in panels))  # fmt: skip
    return panels


def slug(text: str) -> str:
    """A heading as a part of an id: lower case, words joined by underscores."""
    return re.sub(r"\W+", "_", text.lower()).strip("_") or "x"


def choose(kind: str, wanted: Iterable[str], known: Iterable[str], *, where: str) -> list[str]:
    """The wanted names, each of them known; else the error that names the closest."""
    names, allowed = list(wanted), list(known)
    for name in names:
        if name not in allowed:
            raise unknown_name(kind, name, allowed, where=where)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise InputError(f"a {kind} is asked for twice", got=", ".join(twice), where=where)
    return names


def grouped(rows: Rows | None, default: list[str]) -> list[tuple[str, list[str]]]:
    """(group heading, names) pairs; the heading is empty where rows are not grouped."""
    if rows is None:
        return [("", default)]
    if isinstance(rows, str):
        raise InputError("rows= is a single text", got=rows, expected="a list of terms, or group heading -> terms")
    if isinstance(rows, Mapping):
        return [(str(k), [v] if isinstance(v, str) else list(v)) for k, v in rows.items()]
    return [("", list(rows))]


def printed_columns(request: Request, ids: list[str]) -> dict[str, str]:
    """Column id -> printed name, from columns= (a list for all, or a mapping for some), else the words for the id."""
    given = request.columns
    if given is None:
        return {i: _printed_id(request, i) for i in ids}
    if isinstance(given, Mapping):
        for name in given:
            if name not in ids:
                raise unknown_name("column", name, ids, where=f"columns= of table {request.id!r}")
        return {i: request.named(given[i]) if i in given else _printed_id(request, i) for i in ids}
    names = [request.named(n) for n in given]
    if len(names) != len(ids):
        raise InputError("columns= does not name every column", expected=f"{len(ids)} names, for {', '.join(ids)}",
                         got=f"{len(names)} names")  # fmt: skip
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise InputError("two columns have the same name", got=", ".join(twice), next_step="give each its own name")
    return dict(zip(ids, names, strict=True))


def _printed_id(request: Request, name: str) -> str:
    return f"({name})" if name.isdigit() else request.word(name)


def _named(results: Any) -> dict[str, Any]:
    if isinstance(results, KINDS):
        return {"1": results}
    if isinstance(results, Mapping):
        return {str(k).replace(":", "_"): v for k, v in results.items()}
    if isinstance(results, (list, tuple)):
        return {str(i): v for i, v in enumerate(results, start=1)}
    raise InputError("not a result", got=type(results).__name__,
                     expected="Estimates, Measures, HypothesisTest, a data frame, or a list or mapping of them")  # fmt: skip


def _is_group(value: Any) -> bool:
    return isinstance(value, (Mapping, Collection, list, tuple)) and not isinstance(value, KINDS)


def _one_kind(panels: tuple[Panel, ...]) -> None:
    found: dict[str, list[str]] = {}
    for panel in panels:
        if not panel.members:
            raise InputError(f"the panel {panel.title!r} has no results", expected="at least one result")
        for name, result in panel.members.items():
            if not isinstance(result, KINDS):
                raise InputError(f"{name!r} is not a result", got=type(result).__name__,
                                 expected=", ".join(k.__name__ for k in KINDS))  # fmt: skip
            kind = next(k.__name__ for k in KINDS if isinstance(result, k))
            found.setdefault(kind, []).append(name)
    if len(found) > 1:
        got = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in found.items())
        raise InputError("results of different kinds cannot share a table", got=got, next_step="make a table of each")
