"""Made-up results and notebooks, for the tests of what is printed."""

from __future__ import annotations

from typing import Any

import nbformat
import numpy as np
import pandas as pd

from fanpin.results import Estimates, Measures
from fanpin.results.measures import measure_key


def estimates(values: dict[str, float], errors: dict[str, float], **fields: Any) -> Estimates:
    names = list(values)
    cov = pd.DataFrame(np.diag([errors[n] ** 2 for n in names]), index=names, columns=names)
    given = {"nobs": 493, "cov_type": "cluster", "kind": "hazard", "outcome": "relapse", **fields}
    return Estimates(params=pd.Series(values, dtype=float), cov=cov, **given)


def measures(rows: list[dict[str, Any]], errors: list[float], by: tuple[str, ...] = (), **fields: Any) -> Measures:
    frame = pd.DataFrame(rows)
    keys = [measure_key(r["term"], {b: r[b] for b in by}) for r in rows]
    cov = pd.DataFrame(np.diag(np.square(errors)), index=keys, columns=keys)
    given = {"kind": "poverty", "cov_type": "design", **fields}
    return Measures(rows=frame, cov=cov, by=by, **given)


def notebook(*cells: Any) -> Any:
    """A notebook of markdown (text) and code (dict with source, outputs, tags) cells."""
    made = nbformat.v4.new_notebook()
    for cell in cells:
        if isinstance(cell, str):
            made.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            outputs = [output(o) for o in cell.get("outputs", [])]
            code = nbformat.v4.new_code_cell(cell.get("source", ""), outputs=outputs)
            code.metadata["tags"] = cell.get("tags", [])
            made.cells.append(code)
    return made


def output(shown: Any) -> Any:
    """What a notebook stores when a cell ends in this object or mime bundle; finished outputs pass."""
    if isinstance(shown, nbformat.NotebookNode):
        return shown
    data, metadata = (shown, {}) if isinstance(shown, dict) else (shown._repr_mimebundle_(), {})
    if isinstance(data, tuple):
        data, metadata = data
    return nbformat.v4.new_output("execute_result", data=data, metadata=metadata)


def stream(name: str, text: str) -> Any:
    return nbformat.v4.new_output("stream", name=name, text=text)
