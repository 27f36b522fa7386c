"""The rows of the joint model of exit from poverty, return to it, and the state at the first wave."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, DroppedRowsWarning, InputError
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import link_by_name
from fanpin.kernels.mass_points import Process
from fanpin.models.checks import Problem, no_convergence
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.discrete_frailty import checked_and_centred
from fanpin.models.formula import parse_formula
from fanpin.models.sample import binary_outcome, complete_rows

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation before its effects.

    Attributes
    ----------
    name : "exit", "relapse" or "initial".
    formula, outcome : what was asked.
    frame : rows used, ordered by unit.
    x, y : design matrix with centred columns, and outcome.
    matrix : builder of the design matrix.
    back : takes coefficients of centred columns to those of the columns as given.
    link : of the outcome.
    notes : rows left out.
    """

    name: str
    formula: str
    outcome: str
    frame: pd.DataFrame
    x: Array
    y: NDArray[np.bool_]
    matrix: DesignMatrix
    back: Array
    link: str
    notes: tuple[str, ...]

    def pooled(self, weight: Array | None) -> tuple[Array, float]:
        """Coefficients and log-likelihood without effects; raises where there is no maximum."""
        fit = fit_binary(self.y, self.x, link_by_name(self.link), weight=weight)
        if not fit.converged:
            problem = Problem(self.x, self.y, self.matrix.names, self.outcome, self.matrix.dummies(), self.formula)
            raise no_convergence(problem, fit.direction, fit.iterations)
        return fit.params, fit.loglik

    def process(self, unit: NDArray[np.intp]) -> Process:
        """The equation as the kernel takes it."""
        return Process(self.y, self.x, unit, link_by_name(self.link))


def observed_rows(frame: pd.DataFrame, *, unit: str, time: str, poor: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows whose state is known, ordered by unit and time, and a note on the others.

    Raises
    ------
    DataError : a missing unit or time, or no state known.

    Warns
    -----
    DroppedRowsWarning : rows whose state is missing.
    """
    for name in (unit, time):
        if frame[name].isna().any():
            raise DataError(f"column {name!r} has missing values", expected="a value in every row",
                            got=f"{int(frame[name].isna().sum()):,} of {len(frame):,} rows", where="multi_spell")  # fmt: skip
    known = frame[poor].notna().to_numpy()
    if not known.any():
        raise DataError(f"{poor!r} is missing in every row", where="multi_spell", expected="0 and 1")
    ordered = frame[known].sort_values([unit, time], kind="stable", ignore_index=True)
    if known.all():
        return ordered, ()
    note = f"{int((~known).sum()):,} of {len(frame):,} rows left out because of missing values: {poor}"
    warnings.warn(DroppedRowsWarning(note), stacklevel=3)
    return ordered, (note,)


def exit_rows(frame: pd.DataFrame, *, unit: str, time: str, poor: str, max_gap: int | None) -> pd.DataFrame:
    """Every linked pair of waves whose first is in poverty."""
    from fanpin.panel.risk_sets import exit_risk_set  # the panel room needs ibis, which is slow to import

    return exit_risk_set(frame, unit=unit, time=time, poor=poor, max_gap=max_gap, left_censored="flag")


def relapse_rows(frame: pd.DataFrame, *, unit: str, time: str, poor: str, max_gap: int | None) -> pd.DataFrame:
    """Every linked pair of waves whose first is out of poverty; without a dated escape, `left_censored` is True."""
    from fanpin.panel.risk_sets import entry_risk_set, relapse_risk_set

    dated = relapse_risk_set(frame, unit=unit, time=time, poor=poor, max_gap=max_gap, left_censored="flag")
    first = entry_risk_set(frame, unit=unit, time=time, poor=poor, max_gap=max_gap)
    first = first.rename(columns={"entry": "relapse"}).assign(entry=0)
    parts = [part for part in (dated, first[dated.columns]) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else dated
    return rows.sort_values([unit, time], kind="stable", ignore_index=True)


def equation(
    name: str, formula: str, rows: pd.DataFrame, *, unit: str, link: str, outcome: str | None = None
) -> Equation:
    """An equation with its checks.

    Parameters
    ----------
    name : for terms and messages.
    rows : ordered by unit.
    outcome : the only outcome allowed, or None for any.

    Raises
    ------
    InputError, UnknownNameError, DataError, EstimationError : as `hazard`; another outcome; no rows; no intercept.
    """
    where = f"{name} equation {formula!r}"
    if rows.empty:
        raise DataError(f"no rows at risk in the {name} equation", expected="units observed in that state", where=where)
    parsed = parse_formula(formula, [str(column) for column in rows.columns])
    if outcome is not None and parsed.outcome != outcome:
        raise InputError(
            f"the outcome of the {name} equation is {parsed.outcome!r}", expected=repr(outcome), where=where
        )
    sample = complete_rows(rows, [parsed.outcome, *parsed.variables], where=where, present=[unit])
    matrix = DesignMatrix.learn(parsed, sample.frame)
    x, y = matrix.build(sample.frame), binary_outcome(sample.frame, parsed.outcome, formula)
    back = checked_and_centred(Problem(x, y, matrix.names, parsed.outcome, matrix.dummies(), where))
    notes = tuple(f"{name}: {note}" for note in sample.notes)
    return Equation(name, formula, parsed.outcome, sample.frame, x, y, matrix, back, link, notes)
