"""The variable catalogue of harmonised tables, and the list of known sources."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, get_args

import ibis.expr.types as ir
import pandas as pd

from fanpin.core.columns import KEYS
from fanpin.core.engine import fetch_frame
from fanpin.core.errors import unknown_name
from fanpin.core.options import MissingReason
from fanpin.harmonise.grammar import read_layouts
from fanpin.harmonise.mapping import ColumnMap, DerivedMap, Evidence, Layout, TableMap

REASONS = get_args(MissingReason)
COLUMNS = ["source", "table", "column", "wave", "variables", "rows", "share_missing", "reasons", "evidence", "note"]


def source_names() -> list[str]:
    """The sources that mappings come with the toolkit for."""
    known = files("fanpin.harmonise").joinpath("sources")
    return sorted(entry.name for entry in known.iterdir() if entry.is_dir())


def find_layouts(source: str | Path) -> list[Layout]:
    """The mapping files of a known source, or else of a folder of one's own."""
    known = files("fanpin.harmonise").joinpath("sources")
    names = source_names()
    if str(source) in names:
        with as_file(known.joinpath(str(source))) as path:
            return read_layouts(path)
    if Path(source).is_dir():
        return read_layouts(Path(source))
    raise unknown_name("source", source, names, where="fanpin/harmonise/sources and the folders here")


def catalogue_of(layouts: list[Layout], tables: dict[str, ir.Table]) -> pd.DataFrame:
    """A row for each source, table, canonical column and wave, in that order.

    `share_missing` and the shares in `reasons` are of the rows of the wave, rounded to six digits; the shares of the
    reasons add up to less than share_missing where a field was empty without a reason.
    """
    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        counts = _counts(name, table, layouts)
        for layout in layouts:
            if name in layout.tables:
                rows += _rows(layout, name, counts)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["source", "table", "column", "wave"], ignore_index=True)


def _counts(name: str, table: ir.Table, layouts: list[Layout]) -> pd.DataFrame:
    """By wave: the rows, and for each column those missing and those missing for each reason that it can have."""
    columns = [c for c in table.columns if not c.endswith("__missing") and c not in KEYS[name]]  # no key is missing
    sums: dict[str, Any] = {f"{c}:": table.count() - table[c].count() for c in columns}
    for c in (c for c in columns if f"{c}__missing" in table.columns):
        for reason in _possible_reasons(name, c, layouts):
            sums[f"{c}:{reason}"] = table.count(where=table[f"{c}__missing"] == reason)
    counted = fetch_frame(table.group_by("wave").agg(rows__=table.count(), **sums)).set_index("wave")
    return counted.fillna(0).copy().assign(**{f"{k}:": 0 for k in KEYS[name]})  # Spark counts none as NULL


def _possible_reasons(table: str, column: str, layouts: list[Layout]) -> list[str]:
    """The reasons that mappings can give a column; any for a derived one."""
    found = {"not_asked", "lost_in_coding"}
    for layout in (la for la in layouts if table in la.tables):
        if column in layout.tables[table].derived:
            return list(REASONS)
        if mapped := layout.tables[table].columns.get(column):
            found |= {
                *(mapped.missing or {}).values(),
                *(m.reason for m in mapped.missing_if),
                str(mapped.empty_reason),
            }
            found |= {why for role in layout.roles.values() for why in role.missing.values()}
    return [r for r in REASONS if r in found]


def _rows(layout: Layout, table: str, counts: pd.DataFrame) -> list[dict[str, Any]]:
    maps = columns_of(layout.tables[table])
    return [
        {
            "source": layout.source, "table": table, "column": m.name, "wave": wave, "variables": variables_of(m),
            "rows": int(of["rows__"]), "share_missing": _share(of[f"{m.name}:"], of),
            "reasons": "; ".join(
                f"{r} {_share(of[f'{m.name}:{r}'], of):g}" for r in REASONS if of.get(f"{m.name}:{r}", 0)
            ),
            "evidence": m.evidence, "note": m.note,
        }
        for wave, of in counts.iterrows() if layout.has_wave(int(str(wave)))
        for m in maps
    ]  # fmt: skip


def _share(count: float, of: pd.Series) -> float:
    return round(float(count) / float(of["rows__"]), 6)


def columns_of(table: TableMap) -> list[ColumnMap | DerivedMap]:
    """The mapped and the derived columns of a table."""
    return [*table.columns.values(), *table.derived.values()]


def variables_of(mapped: ColumnMap | DerivedMap) -> str:
    """Where a column comes from, in words: variables, a formula, or an aggregate."""
    if isinstance(mapped, ColumnMap):
        return _origin_in_words(mapped)
    among = f" among {_conditions(mapped.among)}" if mapped.among else ""
    of = f"{mapped.table}{'.' + mapped.of if mapped.of else ''}"
    return f"{mapped.aggregate} {of} where {_conditions(mapped.where)}{among}{', weighted' if mapped.weighted else ''}"


def _origin_in_words(mapped: ColumnMap) -> str:
    carried = f"carried by {mapped.carried_by}" if mapped.carried_by else ""
    own = {
        "constant": f"constant {mapped.constant}", "compute": mapped.formula.text if mapped.formula else "",
        "any": f"{', '.join(mapped.variables)} = {' or '.join(mapped.codes)}", "carried_by": carried,
        "from": ", else ".join(mapped.variables),
    }.get(mapped.origin, "|".join(mapped.variables))  # fmt: skip
    return own if mapped.origin == "carried_by" or not carried else f"{own}; {carried}"


def _conditions(where: dict[str, Any]) -> str:
    return ", ".join(f"{c} {_words(w)}" for c, w in where.items()) or "all"


def _words(wanted: Any) -> str:
    if not isinstance(wanted, dict):
        return f"= {wanted}"
    signs = {"above": lambda v: f"> {v}", "below": lambda v: f"< {v}", "between": lambda v: f"in {v[0]}-{v[1]}",
             "outside": lambda v: f"outside {v[0]}-{v[1]}", "known": lambda _: "known"}  # fmt: skip
    return " and ".join(signs[comparison](value) for comparison, value in wanted.items())


def known_sources() -> pd.DataFrame:
    """A row for each source, layout, wave and table that a mapping exists for."""
    names = source_names()
    rows = [
        {
            "source": layout.source, "layout": layout.name, "wave": wave, "table": table.name,
            "columns": len(table.columns) + len(table.derived), **_evidence(table), "title": layout.title["en"],
        }
        for name in names
        for layout in find_layouts(name)
        for wave in layout.waves or (None,)
        for table in layout.tables.values()
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"wave": "Int64"})


def _evidence(table: TableMap) -> dict[str, int]:
    found = [m.evidence for m in columns_of(table)]
    return {word.replace(" ", "_"): found.count(word) for word in get_args(Evidence)}
