"""Made-up CFPS files: every variable that a wave's mapping needs, "not applicable" unless a test says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
from layout_cells import uses

from fanpin.harmonise.catalogue import find_layouts
from fanpin.harmonise.mapping import Layout


def layout_of(wave: int) -> Layout:
    """The wave's mapping."""
    return next(la for la in find_layouts("cfps") if la.has_wave(wave))


def file_name(wave: int, role: str) -> str:
    """A published name; persons and children have other files since 2018."""
    kind = {"person": "person" if wave >= 2018 else "adult", "child": "childproxy" if wave >= 2018 else "child"}.get(
        role, role
    )
    return f"cfps{wave}{kind}_202401.dta"


def variables_of(wave: int, role: str) -> list[str]:
    """The variables that the mapping reads in a role's file, whose presence every release has."""
    optional = {(u.role, u.variable) for u in uses(layout_of(wave)) if u.column and u.column.optional}
    named = [u.variable for u in uses(layout_of(wave)) if u.role == role and (role, u.variable) not in optional]
    return [v for v in dict.fromkeys(named) if "*" not in v]


def write(
    folder: Path, wave: int, role: str, rows: list[dict[str, Any]], *, labels: dict[str, str] | None = None,
    values: dict[str, dict[float | int, str]] | None = None, name: str | None = None,
) -> Path:  # fmt: skip
    """Write one file; a variable that a row leaves out is -8."""
    more = [v for row in rows for v in row]
    columns = list(dict.fromkeys([*variables_of(wave, role), *more]))
    frame = pd.DataFrame([{v: row.get(v, -8) for v in columns} for row in rows], columns=columns).astype("float64")
    path = folder / (name or file_name(wave, role))
    pyreadstat.write_dta(
        frame,
        str(path),
        column_labels={v: (labels or {}).get(v, "") for v in columns},
        variable_value_labels=values or {},
    )
    return path
