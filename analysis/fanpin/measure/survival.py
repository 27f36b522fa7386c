"""The share of escaped units that have not relapsed, by waves since their escape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_design, check_table
from fanpin.core.design import Design
from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.core.numbers import count_rows, number_column, positive_column
from fanpin.core.options import SurvivalScale, check_option
from fanpin.kernels.cell_means import Array, CellMeans, Codes, cell_means
from fanpin.kernels.kaplan_meier import survivor_and_slopes
from fanpin.measure.assemble import assemble
from fanpin.measure.cells import By, Cells, announce_dropped, by_columns, cells_of
from fanpin.measure.indices import cov_type
from fanpin.measure.units import Units, sampled_units
from fanpin.panel import checks
from fanpin.results import Measures

WHERE = "fp.survival"
CONTEXT = ("duration", "at_risk", "events", "weighted_at_risk", "weighted_events")
STACK = 3


def survival(
    risk_set: Any,
    *,
    by: By = None,
    design: Design | None = None,
    unit: str | None = None,
    scale: SurvivalScale = "time",
    min_escape: int = 1,
) -> Measures:
    """Kaplan-Meier estimate of the relapse-free share, weighted by the design.

    S(d) = Prod_{j <= d} (1 - h_j), h_j = Sum w 1[relapse at j] / Sum w 1[at risk at j]. A row is at risk at every duration
    after its unit's previous wave up to its own, (duration - gap, duration], so that delayed entry and steps of several
    waves are allowed for; a relapse is placed at the wave that shows it.

    Parameters
    ----------
    risk_set : DataFrame or Ibis table
        A row per unit, spell and wave at risk, from `relapse_risk_set`: `duration` (whole steps since the escape),
        `relapse` (0/1), and `gap` (steps since the previous wave; without this column every row covers one step). An
        Ibis table's columns are loaded.
    by : str, sequence of str or None
        Columns whose combinations are measured, by their value in each row.
    design : Design or None
        The survey design; rows of a unit must share a PSU, so that without a `psu` in it `unit` is needed.
    scale : {"time", "visits"}
        What is counted since the escape: steps of time, or observed waves. Where steps differ (a rotating panel), a relapse
        between two visits is dated at the second, which bends a curve over time; one over visits is free of that, and
        compares households after intervals of different length. "visits" needs `unit` and the column `spell`.
    min_escape : int
        With scale="visits", the `min_escape` of the risk set: its rows begin at that visit. Durations in time tell by
        themselves.
    unit : str or None
        Column of the unit. Without a design its spells are one cluster; None, and no design, takes spells as independent
        and gives Greenwood's standard errors.

    Returns
    -------
    Measures
        Kind "survival": term `relapse_free`, a row a group and `duration`, with `at_risk` and `events` (rows), and
        `weighted_at_risk` and `weighted_events` (sums of weights).
        With replicate weights a point has no standard error where some replicate has nobody at risk. Limits are those of
        ln(-ln S). Duration 0, where the share is 1, has no row.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist, or a design without psu comes without `unit`.
    DataError : no rows; durations or gaps that are no whole steps; relapse neither 0 nor 1; weights, strata or PSUs that
        cannot be.

    Warns
    -----
    DroppedRowsWarning : rows with a missing group.
    DesignWarning : points that rest on a single PSU.

    References
    ----------
    Kaplan & Meier (1958), JASA 53:457-481; Greenwood (1926). Kalbfleisch & Prentice (2002), ch. 1, for the limits.
    """
    check_table(risk_set, where=WHERE)
    check_design(design)
    check_option("scale", scale, SurvivalScale)
    checks.check_whole("min_escape", min_escape)
    if scale == "time" and min_escape != 1:
        raise InputError("min_escape is for visits: durations in time tell it", expected='scale="visits"', where=WHERE)
    columns = list(risk_set.columns)
    names = by_columns(by, columns, context=CONTEXT, where=WHERE)
    used = _design(design, unit)
    optional = [c for c in ("gap", "left_censored", "entry") if c in columns]
    spell = [unit, "spell"] if scale == "visits" else []
    needed = ["duration", "relapse", *optional, *names, *spell, *(used.columns if used else ())]
    require_columns(columns, [*needed, unit], where=WHERE)
    frame = risk_set if isinstance(risk_set, pd.DataFrame) else fetch_frame(risk_set.select(*dict.fromkeys(needed)))
    if scale == "visits":
        frame = _by_visit(frame, unit, min_escape)
    options = {"by": list(names), "unit": unit, "scale": scale, "min_escape": min_escape}
    return _measures(frame, by=names, design=used, options=options)


def _by_visit(frame: pd.DataFrame, unit: str | None, min_escape: int) -> pd.DataFrame:
    """The risk set with visits since the escape as duration: the first is min_escape, each row the next of its spell."""
    if unit is None:
        raise InputError("visits are counted within spells of a unit", expected="unit=, the unit's column", where=WHERE)
    if "entry" in frame and ((frame["entry"] > 0) != (min_escape > 1)).any():
        raise InputError("the risk set was made with another min_escape", expected="that of relapse_risk_set", got=min_escape,
                         where=WHERE, next_step="give min_escape= here too")  # fmt: skip
    ordered = frame.sort_values([unit, "spell", "duration"], kind="stable")
    visit = ordered.groupby([unit, "spell"]).cumcount() + min_escape
    return ordered.assign(duration=visit, gap=1)


def _design(design: Design | None, unit: str | None) -> Design | None:
    """The design whose PSUs hold all rows of a unit; None for independent spells."""
    if design is None:
        return None if unit is None else Design(psu=unit)
    if design.psu is not None:
        return design
    if unit is None:
        raise InputError("a design without psu needs unit=", expected="the unit's column: its rows are not independent",
                         where=WHERE)  # fmt: skip
    return replace(design, psu=unit)


def _measures(frame: pd.DataFrame, *, by: tuple[str, ...], design: Design | None, options: dict[str, Any]) -> Measures:
    units, weight = sampled_units(frame, design, where=WHERE)
    curve = _curve(frame, weight, units, by)
    dropped = announce_dropped({" x ".join(by): curve.missing_by}, len(frame), stacklevel=STACK)
    fields: dict[str, Any] = {
        "by": (*by, "duration"), "kind": "survival", "interval": "loglog", "options": options, "design": design,
        "notes": _notes(frame, design) + dropped, "stacklevel": STACK,
        "counts": {"rows": len(frame), "relapses": float(curve.relapses)},
    }  # fmt: skip
    if design is None:
        return assemble(curve.rows, _greenwood(curve), cov_type="greenwood", **fields)
    fields["counts"] |= {"psus": units.count, "strata": units.strata}
    if design.replication is None:
        cov = units.covariance(curve.means.totals, linear=curve.slopes).cov
    else:
        cov = units.replicated(design.replication, curve.survivor_at, weight)
    return assemble(curve.rows, cov, psus=curve.means.psus, cov_type=cov_type(design),
                    df_resid=float(units.degrees_of_freedom), **fields)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    """Points of the curves, and the hazards they are made of.

    Attributes
    ----------
    rows : a row a group and duration.
    means : hazards by group and duration.
    slopes : (C, C) of the points in the hazards.
    row, cell, group, event : (m,) row of the data, cell and relapse of each row at risk, and (C,) group of each cell.
    relapses, missing_by : events in the data, and rows without a group.
    """

    rows: pd.DataFrame
    means: CellMeans
    slopes: Array
    row: Codes
    cell: Codes
    group: Codes
    event: Array
    relapses: float
    missing_by: int

    def survivor_at(self, weight: Array) -> Array:
        """(C,) the points at other weights of the rows; NaN from where nobody is at risk."""
        w, cells = weight[self.row], len(self.group)
        at_risk = np.bincount(self.cell, weights=w, minlength=cells)
        relapsed = np.bincount(self.cell, weights=w * self.event, minlength=cells)
        hazard = np.divide(relapsed, at_risk, out=np.full(cells, np.nan), where=at_risk > 0)
        return survivor_and_slopes(hazard, self.group)[0]


def _curve(frame: pd.DataFrame, weight: Array, units: Units, by: tuple[str, ...]) -> _Curve:
    duration, before, relapse = _checked(frame)
    known = frame[list(by)].notna().all(axis=1).to_numpy() if by else np.ones(len(frame), dtype=bool)
    row, at = _at_risk(duration, before, known)
    expanded = frame.iloc[row][list(by)].reset_index(drop=True).assign(duration=at)
    cells = cells_of(expanded, (*by, "duration"), np.ones(len(row), dtype=bool))
    event = relapse[row] * (duration[row] == at)
    means = cell_means((weight[row] * event)[:, None], weight=weight[row], cell=cells.code, psu=units.psu[row],
                       n_cells=len(cells.labels), n_psu=units.count)  # fmt: skip
    group = _groups(cells, by)
    survivor, slopes = survivor_and_slopes(means.mean[:, 0], group)
    at_risk = np.bincount(cells.code)
    rows = cells.labels.assign(term="relapse_free", estimate=survivor, n=at_risk, at_risk=at_risk,
                               events=np.bincount(cells.code, weights=event).astype(np.int64),
                               weighted_at_risk=means.size, weighted_events=means.size * means.mean[:, 0])  # fmt: skip
    return _Curve(rows=rows, means=means, slopes=slopes, row=row, cell=cells.code, group=group, event=event,
                  relapses=relapse.sum(), missing_by=int((~known).sum()))  # fmt: skip


def _greenwood(curve: _Curve) -> Array:
    """Covariance from independent binomial hazards."""
    hazard = curve.means.mean[:, 0]
    return (curve.slopes * (hazard * (1 - hazard) / curve.rows["at_risk"].to_numpy())) @ curve.slopes.T


def _checked(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Duration, duration at the previous wave, and relapse, each row's, as checked numbers."""
    duration = positive_column(frame, "duration", role="duration", where=WHERE)
    gap = np.ones(len(frame))
    if "gap" in frame:
        gap = positive_column(frame, "gap", role="gap", where=WHERE)
    relapse = number_column(frame, "relapse", role="relapse", where=WHERE, flags=True)
    problems = {
        "duration or gap is no whole number": (duration != np.floor(duration)) | (gap != np.floor(gap)),
        "gap is longer than duration": gap > duration,
        "relapse is neither 0 nor 1": ~np.isin(relapse, (0.0, 1.0)),
    }
    for problem, bad in problems.items():
        if bad.any():
            raise DataError(
                problem, got=count_rows(bad), where=WHERE, next_step="make the risk set with relapse_risk_set"
            )
    return duration.astype(np.int64), (duration - gap).astype(np.int64), relapse


def _at_risk(duration: np.ndarray, before: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, duration) pairs: each row with every duration of the data in (before, duration]."""
    rows, times = [], []
    for d in np.unique(duration[known]):
        found = np.flatnonzero(known & (before < d) & (d <= duration))
        rows.append(found)
        times.append(np.full(len(found), d))
    if not rows:
        raise DataError("no row is left to measure", expected="rows with a group", where=WHERE)
    return np.concatenate(rows), np.concatenate(times)


def _groups(cells: Cells, by: tuple[str, ...]) -> np.ndarray:
    if not by:
        return np.zeros(len(cells.labels), dtype=np.int64)
    return cells.labels.groupby(list(by), sort=False).ngroup().to_numpy()


def _notes(frame: pd.DataFrame, design: Design | None) -> tuple[str, ...]:
    words = "spells taken as independent, Greenwood's standard errors; unit= clusters them" if design is None else (
        f"design: {design.describe()}; {design.method}"
    )  # fmt: skip
    notes = [words, "limits are those of ln(-ln S)"]
    if "gap" in frame and (late := int((frame["gap"] > 1).sum())) > 0:
        notes.append(
            f"{late} of {len(frame)} rows follow a step of more than one: a relapse is dated at the visit that finds it, so that the "
            "curve is too high where visits are missing and too low after them; scale='visits' counts visits instead"
        )
    if "left_censored" in frame and (flagged := int(frame["left_censored"].astype(bool).sum())) > 0:
        notes.append(
            f"{flagged} rows belong to spells whose escape is not dated: their duration counts from the first wave seen"
        )
    return tuple(notes)
