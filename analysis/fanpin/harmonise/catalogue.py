"""The variable catalogue of harmonised tables, and the list of known sources."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, get_args

import ibis.expr.types as ir
import pandas as pd

from fanpin.core.engine import fetch_frame
from fanpin.core.errors import unknown_name
from fanpin.core.options import MissingReason
from fanpin.harmonise.grammar import read_layouts
from fanpin.harmonise.mapping import ColumnMap, DerivedMap, Evidence, Layout

REASONS = get_args(MissingReason)
COLUMNS = ["source", "table", "column", "wave", "variables", "rows", "share_missing", "reasons", "evidence", "note"]


def find_layouts(source: str | Path) -> list[Layout]:
    """The mapping files of a known source, or else of a folder of one's own."""
    known = files("fanpin.harmonise").joinpath("sources")
    names = sorted(entry.name for entry in known.iterdir() if entry.is_dir())
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
        counts = _counts(table)
        for layout in layouts:
            if name in layout.tables:
                rows += _rows(layout, name, counts)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["source", "table", "column", "wave"], ignore_index=True)


def _counts(table: ir.Table) -> pd.DataFrame:
    """By wave: the rows, and for each column those missing and those missing for each reason."""
    columns = [c for c in table.columns if not c.endswith("__missing")]
    sums: dict[str, Any] = {f"{c}:": table.count() - table[c].count() for c in columns}
    for c in columns:
        if f"{c}__missing" in table.columns:
            for reason in REASONS:
                found = (table[f"{c}__missing"] == reason).fill_null(False)
                sums[f"{c}:{reason}"] = found.cast("int64").sum().cast("int64")
    return fetch_frame(table.group_by("wave").agg(rows__=table.count(), **sums)).set_index("wave")


def _rows(layout: Layout, table: str, counts: pd.DataFrame) -> list[dict[str, Any]]:
    maps: list[ColumnMap | DerivedMap] = [
        *layout.tables[table].columns.values(),
        *layout.tables[table].derived.values(),
    ]
    return [
        {
            "source": layout.source, "table": table, "column": m.name, "wave": wave, "variables": _variables(m),
            "rows": int(of["rows__"]), "share_missing": _share(of[f"{m.name}:"], of),
            "reasons": "; ".join(
                f"{r} {_share(of[f'{m.name}:{r}'], of):g}" for r in REASONS if of.get(f"{m.name}:{r}", 0)
            ),
            "evidence": m.evidence, "note": m.note,
        }
        for wave, of in counts.iterrows() if wave in layout.waves
        for m in maps
    ]  # fmt: skip


def _share(count: float, of: pd.Series) -> float:
    return round(float(count) / float(of["rows__"]), 6)


def _variables(mapped: ColumnMap | DerivedMap) -> str:
    if isinstance(mapped, ColumnMap):
        return f"constant {mapped.constant}" if mapped.origin == "constant" else "|".join(mapped.variables)
    where = ", ".join(f"{c} {_words(w)}" for c, w in mapped.where.items())
    return f"{mapped.aggregate} person_wave{'.' + mapped.of if mapped.of else ''} where {where or 'all'}"


def _words(wanted: Any) -> str:
    return f"> {wanted['above']}" if isinstance(wanted, dict) else f"= {wanted}"


def known_sources() -> pd.DataFrame:
    """A row for each source, layout, wave and table that a mapping exists for."""
    folder = files("fanpin.harmonise").joinpath("sources")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    rows = [
        {
            "source": layout.source, "layout": layout.name, "wave": wave, "table": table.name,
            "columns": len(table.columns) + len(table.derived), **_evidence(table), "title": layout.title["en"],
        }
        for name in names
        for layout in find_layouts(name)
        for wave in layout.waves
        for table in layout.tables.values()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _evidence(table: Any) -> dict[str, int]:
    found = [m.evidence for m in (*table.columns.values(), *table.derived.values())]
    return {word.replace(" ", "_"): found.count(word) for word in get_args(Evidence)}
