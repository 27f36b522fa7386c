"""Rates of entering, staying in, leaving and relapsing into poverty between waves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named, check_design, check_flag, check_table
from fanpin.core.design import Design
from fanpin.core.errors import require_columns
from fanpin.kernels.cell_means import Array, CellMeans, cell_means
from fanpin.measure.assemble import assemble
from fanpin.measure.cells import By, Cells, announce_dropped, by_columns, cells_of
from fanpin.measure.indices import cov_type
from fanpin.measure.transition_records import (
    AT_RISK,
    ESCAPED,
    NONPOOR,
    ORDER,
    POOR,
    TransitionRecords,
    transition_records,
)
from fanpin.panel import checks
from fanpin.results import Measures

WHERE = "fp.transitions"
CONTEXT = ("count", "population")
STACK = 3
# term -> who is at risk, and whether the term counts those who are poor at the later wave
TERMS: dict[str, tuple[int, bool]] = {
    "stay_nonpoor": (NONPOOR, False),
    "entry": (NONPOOR, True),
    "exit": (POOR, False),
    "persistence": (POOR, True),
    "relapse": (ESCAPED, True),
}
AT_RISK_WORDS = {NONPOOR: "not poor at the wave before", POOR: "poor at the wave before", ESCAPED: "escaped"}


def transitions(
    data: Any,
    *,
    unit: str,
    time: str,
    poor: str,
    by: By = None,
    by_order: bool = False,
    design: Design | None = None,
    max_gap: int | None = 1,
) -> Measures:
    """Transition rates between a unit's successive waves.

    Each rate is a ratio of totals over pairs of waves no further apart than max_gap, p = Sum w 1[move] / Sum w 1[at risk],
    with linearised standard errors, or those of the design's replicate weights. Pairs of one unit are not independent: without a `psu` in the design, units are the
    PSUs. Pairs belong to their later wave: its weight counts and its `by` values place them, so that `by=time` gives the
    transitions completed at each wave.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per unit and wave. An Ibis table is linked and summed on its engine; only sums by PSU and group are loaded.
    unit, time : str
        The key; `time` is an ordered integer, the year or 4 x year + quarter.
    poor : str
        0/1; rows where it is missing count as waves at which the unit was not observed.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    by_order : bool
        Measure by `order` too: for relapse the number of the observed escape (1: the first relapse, 2: the second …), for
        the others the number of the unit's spell in the state it starts from. A step above max_gap begins a new spell,
        and spells before the first wave are not seen, so that orders are at least what they say.
    design : Design or None
        The survey design; None takes units as a simple random sample.
    max_gap : int or None
        Largest step of `time` between two waves of a unit that makes a pair; None for any.

    Returns
    -------
    Measures
        Kind "transitions". Terms: `stay_nonpoor` and `entry` of those not poor at the wave before, `exit` and
        `persistence` of those poor, and `relapse` of those at risk of it, as in `relapse_risk_set`: not poor at the wave
        before, in a spell that began with an observed escape. `n` is the number of pairs at risk, `count` those that made
        the move, `population` the sum of weights at risk. With replicate
        weights a rate has no standard error where some replicate has nobody at risk. Entry counts first entries and relapses alike.

    Raises
    ------
    UnknownNameError, InputError : a column or option does not exist, or has a name the result needs.
    DataError : no rows; duplicate (unit, time); time not whole; poor neither 0 nor 1; no two waves of a unit within
        max_gap; weights, strata or PSUs that cannot be.

    Warns
    -----
    DroppedRowsWarning : rows with missing `poor` or group, counted.
    DesignWarning : rates that rest on a single PSU.

    References
    ----------
    Bane & Ellwood (1986), Journal of Human Resources 21:1-23; Stevens (1999), Journal of Human Resources 34:557-588.
    """
    check_table(data, where=WHERE)
    check_design(design)
    check_columns_named(WHERE, unit=unit, time=time, poor=poor)
    columns = list(data.columns)
    check_flag("by_order", by_order)
    names = by_columns(by, columns, context=(*CONTEXT, ORDER) if by_order else CONTEXT, where=WHERE)
    checks.check_whole("max_gap", max_gap, none=True)
    given = design or Design()
    used = given if given.psu is not None else replace(given, psu=unit)
    require_columns(columns, [unit, time, poor, *used.columns], where=WHERE)
    records = transition_records(data, unit=unit, time=time, poor=poor, by=names, by_order=by_order, design=used,
                                 max_gap=max_gap)  # fmt: skip
    return _measures(records, by=(*names, ORDER) if by_order else names, design=used, options={
        "unit": unit, "time": time, "poor": poor, "by": list(names), "by_order": by_order, "max_gap": max_gap,
    })  # fmt: skip


def _measures(records: TransitionRecords, *, by: tuple[str, ...], design: Design, options: dict[str, Any]) -> Measures:
    cells = cells_of(records.frame, (AT_RISK, *by), records.frame[AT_RISK].to_numpy() >= 0)
    means = cell_means(records.weighted, weight=records.weight, cell=cells.code, psu=records.units.psu,
                       n_cells=len(cells.labels), n_psu=records.units.count)  # fmt: skip
    rows, columns = _rows(records, cells, means, by)
    units = records.units
    cov = _covariance(records, cells, means, design)
    pairs = int(rows.loc[rows["term"].isin(["entry", "exit"]), "n"].sum())
    return assemble(
        rows,
        cov[np.ix_(columns, columns)],
        by=by,
        psus=means.psus[columns // 2],
        stacklevel=STACK,
        kind="transitions",
        cov_type=cov_type(design),
        df_resid=float(units.degrees_of_freedom),
        counts={"rows": records.all_rows, "pairs": pairs, "psus": units.count, "strata": units.strata},
        options=options,
        notes=_notes(records, rows, by, design, options["max_gap"]),
        design=design,
    )


def _covariance(records: TransitionRecords, cells: Cells, means: CellMeans, design: Design) -> Array:
    """Covariance of the means, cell x 2 + value: linearised, or from rates taken anew with replicate weights."""
    if design.replication is None:
        return records.units.covariance(means.totals).cov
    inside = cells.code >= 0
    cell, n_cells = cells.code[inside], len(cells.labels)

    def rates(weight: Array) -> Array:
        factor = weight[inside] / records.weight[inside]
        size = np.bincount(cell, weights=weight[inside], minlength=n_cells)
        ends = [np.bincount(cell, weights=records.weighted[inside, j] * factor, minlength=n_cells) for j in (0, 1)]
        return np.divide(
            np.transpose(ends), size[:, None], out=np.full((n_cells, 2), np.nan), where=size[:, None] > 0
        ).ravel()

    return records.units.replicated(design.replication, rates, records.weight)


def _rows(
    records: TransitionRecords, cells: Cells, means: CellMeans, by: tuple[str, ...]
) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of the result, and the column of the totals each one stands in (cell x 2 + value)."""
    inside = cells.code >= 0
    counts = [
        np.bincount(cells.code[inside], weights=records.counts[inside, j], minlength=len(means.size)) for j in (0, 1)
    ]
    at_risk = cells.labels[AT_RISK].to_numpy()
    rows, columns = [], []
    for term, (risk, is_poor) in TERMS.items():
        for cell in np.flatnonzero(at_risk == risk):
            labels = cells.labels.iloc[cell]
            moved = counts[int(is_poor)][cell]
            rows.append({"term": term, **{b: labels[b] for b in by}, "estimate": means.mean[cell, int(is_poor)],
                         "n": int(counts[0][cell] + counts[1][cell]), "count": int(moved),
                         "population": means.size[cell]})  # fmt: skip
            columns.append(2 * cell + int(is_poor))
    return pd.DataFrame(rows), np.array(columns, dtype=np.int64)


def _notes(
    records: TransitionRecords, rows: pd.DataFrame, by: tuple[str, ...], design: Design, max_gap: int | None
) -> tuple[str, ...]:
    step = "whatever the gap" if max_gap is None else f"at most {max_gap} apart"
    notes = [f"pairs of a unit's successive waves, {step}; weights and groups are those of the later wave",
             f"design: {design.describe()}; {design.method}"]  # fmt: skip
    for term, (risk, _) in TERMS.items():
        if term not in set(rows["term"]):
            notes.append(f"nobody is {AT_RISK_WORDS[risk]}: no rate of {term}")
    notes += announce_dropped({" x ".join(by): records.missing_by}, records.all_rows, stacklevel=STACK + 1)
    return tuple(notes)
