"""The codebook of a source: every canonical column, where each wave has it from, and what its codes mean."""

from __future__ import annotations

import pandas as pd

from fanpin.core.columns import canonical_columns
from fanpin.harmonise.catalogue import columns_of, find_layouts, variables_of
from fanpin.harmonise.mapping import ColumnMap, DerivedMap, Layout

COLUMNS = ["table", "column", "en", "zh", "unit", "waves", "variables", "codes", "missing", "evidence", "note"]


def codebook_of(source: str) -> pd.DataFrame:
    """See `fanpin.codebook`."""
    rows = [
        {
            "table": name, "column": m.name, "en": m.column.en, "zh": m.column.zh, "unit": m.column.unit, "variables": variables_of(m),
            "codes": _codes(m), "missing": _missing(m, layout), "evidence": m.evidence, "note": m.note,
            "wave": "any" if layout.waves is None else ", ".join(map(str, layout.waves)),
        }
        for layout in find_layouts(source)
        for name, table in layout.tables.items()
        for m in columns_of(table)
    ]  # fmt: skip
    order = {c: i for i, c in enumerate(canonical_columns())}
    frame = pd.DataFrame(rows)
    together = [c for c in COLUMNS if c != "waves"]  # waves that have a column from the same place share a row
    grouped = frame.groupby(together, sort=False)["wave"].agg(", ".join).rename("waves").reset_index()
    ranked = grouped.assign(rank=grouped["column"].map(order))
    return ranked.sort_values(["table", "rank"], kind="stable", ignore_index=True)[COLUMNS]


def _codes(mapped: ColumnMap | DerivedMap) -> str:
    if not isinstance(mapped, ColumnMap):
        return ""
    parts = [f"{old} = {new}" for old, new in {**mapped.recode, **mapped.replace}.items()]
    parts += [f"times {mapped.factor:,.10g}"] if mapped.factor is not None else []
    return "; ".join(parts + (["value labels of the file"] if mapped.value_labels else []))


def _missing(mapped: ColumnMap | DerivedMap, layout: Layout) -> str:
    if not isinstance(mapped, ColumnMap) or mapped.missing is None or mapped.origin in ("constant", "carried_by"):
        return ""
    roles = {v.partition(".")[0] for v in mapped.variables if "." in v}
    for table in layout.tables.values():
        if mapped in table.columns.values() and any("." not in v for v in mapped.variables):
            roles |= set(table.roles)
    codes = {k: v for r in sorted(roles) if r in layout.roles for k, v in layout.roles[r].missing.items()}
    listed = [f"{code} = {reason}" for code, reason in {**codes, **mapped.missing}.items()]
    listed += [f"{m.reason} where {m.variable} is {' or '.join(m.codes)}" for m in mapped.missing_if]
    return "; ".join(listed + ([f"empty = {mapped.empty_reason}"] if mapped.empty_reason else []))
