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
ORDER, ESCAPES = "order", "escapes__"
NONPOOR, POOR, ESCAPED = 0, 1, 2  # who is at risk; the escaped are among the non-poor
WHERE = "fp.transitions"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRecords:
    """Records of pairs; those at risk of relapse stand twice, among the non-poor and among the escaped.

    Attributes
    ----------
    frame : (m, …) design and by columns, `at_risk__`: NONPOOR, POOR, ESCAPED, or -1 for rows that end no pair, and, where
        it is asked for, `order`: which of the unit's spells in that state (ESCAPED: which escape) the pair starts from.
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
    data: Any, *, unit: str, time: str, poor: str, by: tuple[str, ...], by_order: bool, design: Design,
    max_gap: int | None,
) -> TransitionRecords:  # fmt: skip
    """Link the rows on the engine; rows of a frame come back singly, rows of an Ibis table summed by PSU and group."""
    carried = list(dict.fromkeys([*design.columns, *by]))
    with opened(data, [unit, time, poor, *carried]) as table:
        pairs = _pairs(
            linked_rows(table, unit=unit, time=time, poor=poor, max_gap=max_gap),
            unit=unit,
            time=time,
            by_order=by_order,
        )
        if isinstance(data, pd.DataFrame):
            orders = (ORDER, ESCAPES) if by_order else ()
            linked = fetch_frame(pairs.select(ROW, AT_RISK, "escaped__", "state__", *orders))
            return _of_rows(data, linked, by=by, by_order=by_order, design=design)
        return _of_sums(table, pairs, by=by, by_order=by_order, design=design)


def _pairs(rows: Any, *, unit: str, time: str, by_order: bool) -> Any:
    """Each row with the state before (-1 where no pair ends here) and whether that was after an observed escape."""
    ordered = ibis.window(group_by=unit, order_by=time)
    state = rows.state__.lag().over(ordered)
    before = ibis.ifelse(rows.linked__, state, -1).fill_null(-1).cast("int64")
    dated = rows.dated__.lag().over(ordered).fill_null(False)
    pairs = rows.mutate(**{AT_RISK: before}, escaped__=rows.linked__ & (state == NONPOOR) & dated)
    return _with_order(pairs, unit=unit, time=time) if by_order else pairs


def _with_order(pairs: Any, *, unit: str, time: str) -> Any:
    """Which of the unit's spells in the state before a pair starts from, and how many observed escapes came so far."""
    ordered = ibis.window(group_by=unit, order_by=time)
    rows = _with_counts(pairs, unit=unit, time=time)
    order = ibis.ifelse(rows.state__ == POOR, rows.poor_spells__, rows.nonpoor_spells__).lag().over(ordered)
    escapes = rows.escape_spells__.lag().over(ordered)
    return rows.mutate(**{ORDER: order.fill_null(0), ESCAPES: escapes.fill_null(0)})


def _with_counts(rows: Any, *, unit: str, time: str) -> Any:
    """Numbers of the unit's spells begun so far: poor ones, others, and those that began with an observed escape."""
    earlier = ibis.window(group_by=unit, order_by=time, preceding=None, following=0)
    begins = rows.place__ == 1
    flags = {"poor_spells__": begins & (rows.state__ == POOR), "nonpoor_spells__": begins & (rows.state__ == NONPOOR),
             "escape_spells__": begins & (rows.state__ == NONPOOR) & rows.dated__}  # fmt: skip
    return rows.mutate(**{name: flag.cast("int64").sum().over(earlier).cast("int64") for name, flag in flags.items()})


def _of_rows(
    data: pd.DataFrame, linked: pd.DataFrame, *, by: tuple[str, ...], by_order: bool, design: Design
) -> TransitionRecords:
    units, weight = sampled_units(data, design, where=WHERE)
    at, before, ended = linked[ROW].to_numpy(), np.full(len(data), -1), np.zeros(len(data))
    escaped = np.zeros(len(data), dtype=bool)
    before[at], ended[at], escaped[at] = linked[AT_RISK], linked["state__"], linked["escaped__"].fillna(False)
    ends = np.column_stack([1 - ended, ended])
    frame = data[list(dict.fromkeys(by))].assign(**{AT_RISK: before})
    escapes = None
    if by_order:
        order, escapes = np.zeros(len(data), dtype=np.int64), np.zeros(len(data), dtype=np.int64)
        order[at], escapes[at] = linked[ORDER], linked[ESCAPES]
        frame[ORDER] = order
    return _doubled(frame, ends * weight[:, None], weight, ends, units, escaped, escapes, by=by, all_rows=len(data))


def _of_sums(table: Any, pairs: Any, *, by: tuple[str, ...], by_order: bool, design: Design) -> TransitionRecords:
    if design.weight is not None:
        checks.check_positive(table, design.weight, role="weight")
    first_stage = replace(design, weight=None)
    w = ibis.literal(1.0) if design.weight is None else pairs[design.weight].cast("float64")
    orders = (ORDER, ESCAPES) if by_order else ()
    keys = list(dict.fromkeys([*first_stage.columns, *by, AT_RISK, "escaped__", *orders]))
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
        sums[["nonpoor__", "poor__"]].to_numpy(), units, escaped & (before == NONPOOR),
        sums[ESCAPES].to_numpy() if by_order else None, by=by,
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
    frame: pd.DataFrame, weighted: Array, weight: Array, counts: Array, units: Units, escaped: np.ndarray,
    escapes: np.ndarray | None, *, by: tuple[str, ...], all_rows: int,
) -> TransitionRecords:  # fmt: skip
    """Repeat the records at risk of relapse under that name."""
    rows = np.concatenate([np.arange(len(frame)), np.flatnonzero(escaped)])
    risk = np.concatenate([frame[AT_RISK].to_numpy(), np.full(int(escaped.sum()), ESCAPED)])
    doubled = frame.iloc[rows].reset_index(drop=True).assign(**{AT_RISK: risk})
    if escapes is not None:
        doubled[ORDER] = np.concatenate([frame[ORDER].to_numpy(), escapes[escaped]])
    lost = frame[list(by)].isna().any(axis=1).to_numpy() & (frame[AT_RISK].to_numpy() >= 0)
    return TransitionRecords(
        frame=doubled, weighted=weighted[rows],
        weight=weight[rows], counts=counts[rows], units=replace(units, psu=units.psu[rows]), all_rows=all_rows,
        missing_by=int(counts[lost].sum()),
    )  # fmt: skip
