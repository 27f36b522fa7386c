"""Estimates side by side: a column a model, standard errors in brackets, facts about the fits at the foot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fanpin.core.errors import unknown_name
from fanpin.core.terms import all_terms, term
from fanpin.report.content import Cell, Column, Row, RowRole, Source, cell_id
from fanpin.report.numbers import decimals_for, fixed, number, star_text
from fanpin.report.request import Body, Panel, Request, choose, grouped, printed_columns, slug
from fanpin.report.words import result_notes
from fanpin.results import Estimates

BASIC_STATS = ("nobs", "loglik", "aic", "bic", "df_resid", "link", "cov_type")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A fitted result, and the key by which its cells name it."""

    key: str
    fit: Estimates


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Rows under one panel heading; `prefix` keeps their ids apart from those of the panels above."""

    title: str
    prefix: str
    entries: Mapping[str, Entry]


def build(panels: tuple[Panel, ...], request: Request) -> Body:
    """The body of a regression table. Panels stand under each other, or beside each other within every model."""
    request.refuse("estimates", "pivot", "percent", "formats", "level")
    columns, blocks = _beside(panels, request) if _is_beside(panels, request) else _stacked(panels, request)
    ids = [c.id for c in columns]
    rows = [row for i, block in enumerate(blocks) for row in _block_rows(block, ids, request, letter="ABCDEFGH"[i % 8])]
    _check_rows(request, blocks)
    feet = {i: e for i in ids if (e := blocks[0].entries.get(i)) and not _is_second_panel(i, columns)}
    return Body(columns=columns, rows=(*rows, *_stat_rows(feet, ids, request)), notes=_notes(panels, request))


def _is_beside(panels: tuple[Panel, ...], request: Request) -> bool:
    return request.panels == "beside" and len(panels) > 1


def _stacked(panels: tuple[Panel, ...], request: Request) -> tuple[tuple[Column, ...], list[Block]]:
    ids = list(dict.fromkeys(name for p in panels for name in p.members))
    words = printed_columns(request, ids)
    blocks = [
        Block(title=p.title, prefix="" if i == 0 else f"{slug(p.title)}.",
              entries={n: Entry(key=_key(p, n), fit=fit) for n, fit in p.members.items()})
        for i, p in enumerate(panels)
    ]  # fmt: skip
    return tuple(Column(id=i, label=words[i]) for i in ids), blocks


def _beside(panels: tuple[Panel, ...], request: Request) -> tuple[tuple[Column, ...], list[Block]]:
    names = list(dict.fromkeys(name for p in panels for name in p.members))
    words = printed_columns(request, names)
    columns, entries = [], {}
    for name in names:
        for i, panel in enumerate(panels):
            if name in panel.members:
                own = name if i == 0 else f"{name}.{slug(panel.title)}"
                columns.append(Column(id=own, label=request.word(panel.title), spanner=words[name]))
                entries[own] = Entry(key=_key(panel, name), fit=panel.members[name])
    return tuple(columns), [Block(title="", prefix="", entries=entries)]


def _key(panel: Panel, name: str) -> str:
    return f"{panel.title}/{name}" if panel.title else name


def _is_second_panel(column: str, columns: tuple[Column, ...]) -> bool:
    """Whether a column repeats the model of the column before it, so that facts on the fit are printed once."""
    at = [c.id for c in columns].index(column)
    return at > 0 and columns[at].spanner != "" and columns[at].spanner == columns[at - 1].spanner


def _terms(block: Block) -> list[str]:
    """All terms in order of appearance, the constant last."""
    union = dict.fromkeys(str(t) for e in block.entries.values() for t in e.fit.params.index)
    return sorted(union, key=lambda t: t == "Intercept")


def _expand(name: str, terms: list[str]) -> list[str]:
    """A term, or all levels of a categorical variable named without its level."""
    return [name] if name in terms else [t for t in terms if t.startswith(f"{name}[") and ":" not in t]


def _check_rows(request: Request, blocks: list[Block]) -> None:
    known = [t for block in blocks for t in _terms(block)]
    wanted = [n for _, names in grouped(request.rows, []) for n in names]
    for name in wanted:
        if not _expand(name, known):
            raise unknown_name("term", name, known, where=f"rows= of table {request.id!r}")
    choose("term", wanted, wanted, where=f"rows= of table {request.id!r}")


def _block_rows(block: Block, columns: list[str], request: Request, *, letter: str) -> Iterator[Row]:
    terms = _terms(block)
    if block.title:
        heading = term("panel_heading", request.lang).format(letter=letter, title=request.word(block.title))
        yield Row(id=f"panel.{slug(block.title)}", label=heading, role="panel")
    for group, names in grouped(request.rows, terms):
        chosen = [t for n in names for t in _expand(n, terms)]
        if group and chosen:
            yield Row(id=f"{block.prefix}group.{slug(group)}", label=request.word(group), role="group")
        for name in chosen:
            yield from _term_rows(block, name, columns, request, depth=1 if group else 0)


def _term_rows(block: Block, name: str, columns: list[str], request: Request, *, depth: int) -> Iterator[Row]:
    errors = [float(e.fit.std_errors[name]) for e in block.entries.values() if name in e.fit.params.index]
    digits = decimals_for(errors, request.digits)
    row = f"{block.prefix}{name}"
    parts: tuple[tuple[RowRole, str, str, str], ...] = (
        ("estimate", row, "estimate", request.word(name)),
        ("error", f"{row}.std_error", "std_error", ""),
    )
    for role, own, statistic, words in parts:
        cells = (
            _term_cell(block.entries.get(c), name, statistic, cell_id(request.id, own, c), digits, request)
            for c in columns
        )
        yield Row(id=own, label=words, role=role, cells=tuple(cells), depth=depth)


def _term_cell(entry: Entry | None, name: str, statistic: str, own: str, digits: int, request: Request) -> Cell:
    if entry is None or name not in entry.fit.params.index:
        return Cell(id=own, text="")
    source = Source(result=entry.key, term=name, statistic=statistic)
    if statistic == "std_error":
        error = float(entry.fit.std_errors[name])
        return Cell(id=own, text=f"({fixed(error, digits)})", value=number(error), source=source)
    estimate = float(entry.fit.params[name])
    stars = star_text(float(entry.fit.pvalues[name])) if request.stars else ""
    return Cell(id=own, text=fixed(estimate, digits) + stars, value=number(estimate), source=source)


def _facts(fit: Estimates) -> dict[str, object]:
    row = fit.glance().iloc[0].to_dict()
    return {k: v for k, v in row.items() if k in (*BASIC_STATS, *fit.counts, *fit.diagnostics) and v is not None}


def _stat_rows(entries: Mapping[str, Entry], columns: list[str], request: Request) -> Iterator[Row]:
    facts = {c: _facts(e.fit) for c, e in entries.items()}
    known = list(dict.fromkeys([*BASIC_STATS, *(k for f in facts.values() for k in f)]))
    if request.stats is None:
        counts = dict.fromkeys(k for e in entries.values() for k in e.fit.counts)
        wanted = [k for k in ("nobs", *counts, "loglik", "cov_type") if any(k in f for f in facts.values())]
    else:
        wanted = choose("stat", request.stats, known, where=f"stats= of table {request.id!r}")
    for stat in wanted:
        own = f"stat.{stat}"
        cells = (_stat_cell(facts.get(c), entries.get(c), stat, cell_id(request.id, own, c), request) for c in columns)
        yield Row(id=own, label=request.word(stat), role="stat", cells=tuple(cells))


def _stat_cell(facts: Mapping[str, object] | None, entry: Entry | None, stat: str, own: str, request: Request) -> Cell:
    value = None if facts is None else facts.get(stat)
    if value is None or entry is None:
        return Cell(id=own, text="")
    source = Source(result=entry.key, term="", statistic=stat)
    if isinstance(value, str):
        key = f"cov_{value}" if stat == "cov_type" else value
        return Cell(id=own, text=request.word(key if key in all_terms() else value), source=source)
    amount = float(value)  # type: ignore[arg-type]
    text = fixed(amount, 0 if amount.is_integer() and stat != "loglik" else 2)
    return Cell(id=own, text=text, value=number(amount), source=source)


def _notes(panels: tuple[Panel, ...], request: Request) -> tuple[str, ...]:
    fits = [fit for p in panels for fit in p.members.values()]
    kinds = {fit.cov_type for fit in fits}
    kind = next(iter(kinds)) if len(kinds) == 1 else "mixed"
    clusters = {str(fit.options["cluster"]) for fit in fits if fit.options.get("cluster")}
    told = any("standard errors" in note.lower() for fit in fits for note in fit.notes)
    if kind == "cluster" and len(clusters) == 1 and not told:
        first = term("note_se_cluster_by", request.lang).format(by=request.word(next(iter(clusters))).lower())
    else:
        known = f"note_se_{kind}" in all_terms() and not told
        first = term(f"note_se_{kind}" if known else "note_se", request.lang)
    legend = [term("note_stars", request.lang)] if request.stars else []
    return (first, *legend, *result_notes(fits, request.labels, request.lang))
