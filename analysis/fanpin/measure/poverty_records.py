"""What poverty indices are computed from: rows of a frame, or sums by PSU and group that the engine has formed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError
from fanpin.core.numbers import count_rows, number_column, positive_column
from fanpin.kernels.cell_means import Array, Codes
from fanpin.kernels.poverty import RelativeLine, fgt_values, relative_line
from fanpin.measure.cells import Cells, cells_of
from fanpin.measure.poverty_request import WHERE, PovertyRequest
from fanpin.measure.units import Units, sampled_units
from fanpin.panel import checks

NEAR = 1e-6  # relative distance from the line within which an observation counts as lying close to it
COUNTS = ("rows", "all_rows", "missing_welfare", "missing_line", "missing_by", "negative", "near_line")


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedLine:
    """A relative line, and the rows it and its slopes are taken from.

    Attributes
    ----------
    lines : the lines of the G groups; `labels` (G, columns) are the values of `line.by`.
    welfare, weight, group : (n,) of the rows with a line.
    rows : (n,) their positions among the records.
    """

    lines: RelativeLine
    labels: pd.DataFrame
    welfare: Array
    weight: Array
    group: Codes
    rows: Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class PovertyRecords:
    """Records of one PSU and one cell each.

    Attributes
    ----------
    frame : (m, …) the records with their design and by columns.
    weighted : (m, A) sums of w times the value of each Foster-Greer-Thorbecke index.
    welfare, line : (m,) of single rows; None where records are sums.
    weight, rows : (m,) sums of weights, and number of rows measured; None where each record is one row.
    cells, units : the cell and the PSU of each record.
    counts : totals over all records, by the names in COUNTS.
    estimated : the relative line, or None.
    """

    frame: pd.DataFrame
    weighted: Array
    weight: Array
    rows: Array | None
    cells: Cells
    units: Units
    counts: dict[str, int]
    welfare: Array | None = None
    line: Array | None = None
    estimated: EstimatedLine | None = None


def row_records(data: Any, request: PovertyRequest) -> PovertyRecords:
    """A record for every row of the data, those that cannot be measured included."""
    frame = data if isinstance(data, pd.DataFrame) else fetch_frame(data.select(*request.columns))
    units, weight = sampled_units(frame, request.design, where=WHERE)
    if request.size is not None:
        weight = weight * positive_column(frame, request.size, role="size", where=WHERE)
    welfare = number_column(frame, request.welfare, role="welfare", where=WHERE)
    estimated, line = _lines(frame, welfare, weight, units, request)
    no_welfare, no_line = np.isnan(welfare), np.isnan(line)
    known = ~(no_welfare | no_line)
    cells = cells_of(frame, request.by, known)
    inside = cells.code >= 0
    used = slice(None) if inside.all() else inside  # a slice copies nothing
    y, z = welfare[used], line[used]
    _refuse_low(y, request)
    weighted = fgt_values(y, z, request.powers, strict=request.strict)
    weighted *= weight[used, None]
    if not inside.all():
        placed = np.zeros((len(frame), len(request.powers)), order="F")
        placed[inside] = weighted
        weighted = placed
    counts = {
        "rows": int(inside.sum()),
        "all_rows": len(frame),
        "missing_welfare": int(no_welfare.sum()),
        "missing_line": int((no_line & ~no_welfare).sum()),
        "missing_by": int((known & ~inside).sum()),
        "negative": int((y < 0).sum()),
        "near_line": int(((y >= z * (1 - NEAR)) & (y <= z * (1 + NEAR))).sum()),
    }
    return PovertyRecords(frame=frame, weighted=weighted, weight=weight, rows=None,
                          cells=cells, units=units, counts=counts, welfare=welfare, line=line, estimated=estimated)  # fmt: skip


def _refuse_low(welfare: Array, request: PovertyRequest) -> None:
    """Raise where an index takes the logarithm of welfare of 0 or below."""
    low = welfare <= 0
    logs = [t for i in request.others if i.lowest == "positive" for t in i.terms]
    if logs and low.any():
        raise DataError(f"{', '.join(logs)} is not defined where {request.welfare!r} is 0 or below", expected="positive welfare",
                        got=f"{count_rows(low)} ({100 * low.mean():.2g} %)", where=WHERE,
                        next_step="set such welfare to a smallest value or to missing, and say so; or leave the index out")  # fmt: skip


def _lines(
    frame: pd.DataFrame, welfare: Array, weight: Array, units: Units, request: PovertyRequest
) -> tuple[EstimatedLine | None, Array]:
    """The estimated line if there is one, and each row's own line, missing where it has none."""
    if request.line.kind == "absolute":
        return None, np.broadcast_to(float(request.line.amount or 0.0), len(frame))
    if request.line.kind == "column":
        return None, positive_column(frame, str(request.line.name), role="line", where=WHERE, missing_allowed=True)
    groups = cells_of(frame, request.line.by, ~np.isnan(welfare))
    rows = np.flatnonzero(groups.code >= 0)
    y, w, group = welfare[rows], weight[rows], groups.code[rows]
    lines = relative_line(y, weight=w, group=group, n_groups=len(groups.labels), psu=units.psu[rows],
                          share=float(request.line.share or 0.0), of=request.line.of, rule=request.bandwidth)  # fmt: skip
    if (lines.line <= 0).any():
        raise DataError(f"{request.line.describe()} of {request.welfare!r} is no positive line",
                        got=", ".join(f"{z:g}" for z in lines.line[lines.line <= 0][:5]), where=WHERE)  # fmt: skip
    own = np.full(len(frame), np.nan)
    own[rows] = lines.line[group]
    return EstimatedLine(lines=lines, labels=groups.labels, welfare=y, weight=w, group=group, rows=rows), own


def grouped_records(table: Any, request: PovertyRequest) -> PovertyRecords:
    """A record for every PSU and group, summed by one grouped query on the table's engine."""
    checks.check_rows(table)
    checks.check_number(table, request.welfare, role="welfare")
    for role, name in (("weight", request.design.weight), ("size", request.size)):
        if name is not None:
            checks.check_positive(table, name, role=role)
    keys = list(dict.fromkeys([*request.without_weight.columns, *request.by]))
    frame = fetch_frame(_sums(table, request, keys))
    if (low := int(frame["low_line"].sum())) > 0:
        raise DataError(f"line column {request.line.name!r} has {low} rows of 0 or below", expected="a positive line",
                        where=WHERE)  # fmt: skip
    units, _ = sampled_units(frame, request.without_weight, where=f"{WHERE}, rows grouped by PSU")
    cells = cells_of(frame, request.by, frame["rows"].to_numpy() > 0)
    weighted = frame[[f"power_{a}" for a in request.powers]].to_numpy(dtype=float)
    return PovertyRecords(
        frame=frame, weighted=weighted, weight=frame["weight"].to_numpy(dtype=float), rows=frame["rows"].to_numpy(dtype=float),
        cells=cells, units=units, counts={name: int(frame[name].sum()) for name in COUNTS},
    )  # fmt: skip


def _sums(table: Any, request: PovertyRequest, keys: list[str]) -> Any:
    """The grouped query: by PSU and group, sums over the rows that can be measured, and counts of the others."""
    t = _prepared(table, request)
    poor = t.y__ < t.z__ if request.strict else t.y__ <= t.z__
    gap = ((t.z__ - t.y__) / t.z__).clip(lower=0.0)
    powers = {f"power_{a}": _total(t.w__ * gap**a, t.used__ & poor) for a in request.powers}
    flags = {"rows": t.used__, "missing_welfare": t.no_y__, "missing_line": t.no_z__ & ~t.no_y__,
             "missing_by": t.no_by__ & ~t.no_y__ & ~t.no_z__, "low_line": ~t.no_z__ & (t.z__ <= 0),
             "negative": t.used__ & (t.y__ < 0), "near_line": t.used__ & ((t.y__ - t.z__).abs() <= NEAR * t.z__)}  # fmt: skip
    counts = {name: flag.cast("int64").sum().fill_null(0) for name, flag in flags.items()}
    return t.group_by(keys).agg(weight=_total(t.w__, t.used__), **powers, **counts, all_rows=t.count()).order_by(keys)


def _prepared(table: Any, request: PovertyRequest) -> Any:
    """The table with welfare, line and weight as `y__`, `z__`, `w__`, and what is missing."""
    import ibis

    line = ibis.literal(float(request.line.amount)) if request.line.amount is not None else table[request.line.name]
    weight = ibis.literal(1.0)
    for name in (request.design.weight, request.size):
        weight = weight if name is None else weight * table[name].cast("float64")
    no_group = ibis.literal(False)
    for name in request.by:
        no_group = no_group | checks.is_missing(table[name])
    t = table.mutate(y__=table[request.welfare].cast("float64"), z__=line.cast("float64"), w__=weight, no_by__=no_group)
    t = t.mutate(no_y__=checks.is_missing(t.y__), no_z__=checks.is_missing(t.z__))
    return t.mutate(used__=~t.no_y__ & ~t.no_z__ & ~t.no_by__)


def _total(value: Any, where: Any) -> Any:
    return value.sum(where=where).cast("float64").fill_null(0.0)
