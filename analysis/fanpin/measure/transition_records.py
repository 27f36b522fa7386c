"""Pairs of successive waves as records of one PSU, one group and one state before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
import pandas as pd

from fanpin.core.design import Design
from fanpin.core.engine import fetch_frame
from fanpin.kernels.cell_means import Array
from fanpin.measure.units import Units, sampled_units
from fanpin.panel import checks
from fanpin.panel.engine import ROW, opened
from fanpin.panel.linked import linked_rows

AT_RISK = "at_risk__"
NONPOOR, POOR, ESCAPED = 0, 1, 2  # who is at risk; the escaped are among the non-poor
WHERE = "fp.transitions"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRecords:
    """Records of pairs; those at risk of relapse stand twice, among the non-poor and among the escaped.

    Attributes
    ----------
    frame : (m, …) design and by columns, and `at_risk__`: NONPOOR, POOR, ESCAPED, or -1 for rows that end no pair.
    weighted : (m, 2) sums of w of pairs that end non-poor, and poor.
    weight : (m,) sums of w.
    counts : (m, 2) numbers of pairs that end non-poor, and poor.
    units : PSU of each record.
    all_rows, missing_by : rows of the data, and pairs whose group is missing.
    """

    frame: pd.DataFrame
    weighted: Array
    weight: Array
    counts: Array
    units: Units
    all_rows: int
    missing_by: int


def transition_records(
    data: Any, *, unit: str, time: str, poor: str, by: tuple[str, ...], design: Design, max_gap: int | None
) -> TransitionRecords:
    """Link the rows on the engine; rows of a frame come back singly, rows of an Ibis table summed by PSU and group."""
    carried = list(dict.fromkeys([*design.columns, *by]))
    with opened(data, [unit, time, poor, *carried]) as table:
        pairs = _pairs(linked_rows(table, unit=unit, time=time, poor=poor, max_gap=max_gap), unit=unit, time=time)
        if isinstance(data, pd.DataFrame):
            linked = fetch_frame(pairs.select(ROW, AT_RISK, "escaped__", "state__"))
            return _of_rows(data, linked, by=by, design=design)
        return _of_sums(table, pairs, by=by, design=design)


def _pairs(rows: Any, *, unit: str, time: str) -> Any:
    """Each row with the state before (-1 where no pair ends here) and whether that was after an observed escape."""
    ordered = ibis.window(group_by=unit, order_by=time)
    state = rows.state__.lag().over(ordered)
    before = ibis.ifelse(rows.linked__, state, -1).fill_null(-1).cast("int64")
    dated = rows.dated__.lag().over(ordered).fill_null(False)
    return rows.mutate(**{AT_RISK: before}, escaped__=rows.linked__ & (state == NONPOOR) & dated)


def _of_rows(data: pd.DataFrame, linked: pd.DataFrame, *, by: tuple[str, ...], design: Design) -> TransitionRecords:
    units, weight = sampled_units(data, design, where=WHERE)
    at, before, ended = linked[ROW].to_numpy(), np.full(len(data), -1), np.zeros(len(data))
    escaped = np.zeros(len(data), dtype=bool)
    before[at], ended[at], escaped[at] = linked[AT_RISK], linked["state__"], linked["escaped__"].fillna(False)
    ends = np.column_stack([1 - ended, ended])
    frame = data[list(dict.fromkeys(by))].assign(**{AT_RISK: before})
    return _doubled(frame, ends * weight[:, None], weight, ends, units, escaped, by=by, all_rows=len(data))


def _of_sums(table: Any, pairs: Any, *, by: tuple[str, ...], design: Design) -> TransitionRecords:
    if design.weight is not None:
        checks.check_positive(table, design.weight, role="weight")
    first_stage = replace(design, weight=None)
    w = ibis.literal(1.0) if design.weight is None else pairs[design.weight].cast("float64")
    keys = list(dict.fromkeys([*first_stage.columns, *by, AT_RISK, "escaped__"]))
    poor = pairs.state__.cast("float64")
    sums = fetch_frame(pairs.group_by(keys).agg(
        w_nonpoor__=(w * (1.0 - poor)).sum(), w_poor__=(w * poor).sum(),
        nonpoor__=(1.0 - poor).sum(), poor__=poor.sum(),
    ).order_by(keys))  # fmt: skip
    units = _all_units(sums, table, first_stage)
    before = sums[AT_RISK].to_numpy()
    escaped = sums["escaped__"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return _doubled(
        sums, sums[["w_nonpoor__", "w_poor__"]].to_numpy(), sums[["w_nonpoor__", "w_poor__"]].sum(axis=1).to_numpy(),
        sums[["nonpoor__", "poor__"]].to_numpy(), units, escaped & (before == NONPOOR), by=by,
        all_rows=checks.count_where(table, ibis.literal(True)),
    )  # fmt: skip


def _all_units(sums: pd.DataFrame, table: Any, first_stage: Design) -> Units:
    """The PSU of each record, among all PSUs sampled: one whose rows all lack a status counts too."""
    columns = list(first_stage.columns)
    sampled = fetch_frame(table.select(*columns).distinct().order_by(columns))
    both = pd.concat([sums[columns], sampled], ignore_index=True)
    units, _ = sampled_units(both, first_stage, where=f"{WHERE}, rows grouped by PSU")
    return replace(units, psu=units.psu[: len(sums)])


def _doubled(
    frame: pd.DataFrame, weighted: Array, weight: Array, counts: Array, units: Units, escaped: np.ndarray, *,
    by: tuple[str, ...], all_rows: int,
) -> TransitionRecords:  # fmt: skip
    """Repeat the records at risk of relapse under that name."""
    rows = np.concatenate([np.arange(len(frame)), np.flatnonzero(escaped)])
    risk = np.concatenate([frame[AT_RISK].to_numpy(), np.full(int(escaped.sum()), ESCAPED)])
    lost = frame[list(by)].isna().any(axis=1).to_numpy() & (frame[AT_RISK].to_numpy() >= 0)
    return TransitionRecords(
        frame=frame.iloc[rows].reset_index(drop=True).assign(**{AT_RISK: risk}), weighted=weighted[rows],
        weight=weight[rows], counts=counts[rows], units=replace(units, psu=units.psu[rows]), all_rows=all_rows,
        missing_by=int(counts[lost].sum()),
    )  # fmt: skip
