"""Rows sorted by unit, and what must be true of units for a random intercept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.errors import DataError, EstimationError

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Units:
    """The rows of each unit.

    Attributes
    ----------
    order : (n,) positions of rows, sorted by unit.
    start : (m,) where each unit begins in that order.
    labels : (m,) the units' identifiers.
    """

    order: Codes
    start: Codes
    labels: NDArray

    @property
    def first(self) -> Codes:
        """(m,) position in the data of one row of each unit."""
        return np.asarray(self.order[self.start])

    def of_unit(self, values: NDArray, problem: str, advice: str, where: str) -> NDArray:
        """The (m,) value of each unit; raises `problem` where the rows of a unit disagree."""
        sorted_values = values[self.order]
        size = np.diff(np.append(self.start, len(self.order)))
        disagree = sorted_values != np.repeat(sorted_values[self.start], size)
        if disagree.any():
            units = np.unique(np.repeat(np.arange(len(size)), size)[disagree])
            shown = ", ".join(str(label) for label in self.labels[units[:5]])
            raise DataError(problem, expected="one value in all rows of a unit", where=where, next_step=advice,
                            got=f"{len(units):,} units, such as {shown}")  # fmt: skip
        return np.asarray(sorted_values[self.start])


def sorted_units(column: pd.Series) -> Units:
    """The units of a column of identifiers, in the order in which they first appear."""
    codes, labels = pd.factorize(column)
    order = np.argsort(codes, kind="stable")
    start = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return Units(order, start, np.asarray(labels))


def check_repeated(units: Units, y: NDArray[np.bool_], unit: str, where: str) -> None:
    """Raise where the variance between units cannot be told from that within.

    Raises
    ------
    EstimationError : every unit has one row, or no unit has rows with and rows without the event.
    """
    n, m = len(units.order), len(units.start)
    if n == m:
        raise EstimationError(f"every {unit!r} has one row: the variance between units is not identified",
                              expected="units with several rows", got=f"{n:,} rows of {m:,} units", where=where,
                              next_step="leave the unit's effect out, or give the column that repeats")  # fmt: skip
    events = np.add.reduceat(y[units.order].astype(np.intp), units.start)
    size = np.diff(np.append(units.start, n))
    if ((events == 0) | (events == size)).all():
        raise EstimationError(f"no {unit!r} has rows with and rows without the event: sigma would be infinite",
                              expected="some units whose outcome varies", got=f"{m:,} units", where=where,
                              next_step="model one row a unit; look for an outcome that belongs to the unit")  # fmt: skip


def unit_weights(units: Units, weight: Array, design: Design, where: str) -> Array | None:
    """The (m,) weights of units, None without a weight column."""
    if design.weight is None:
        return None
    return units.of_unit(
        weight, f"the weight {design.weight!r} varies within units",
        "a unit's likelihood has one weight: use the unit's longitudinal weight; weights of single rows need rescaling, "
        "on which sigma depends", where,
    )  # fmt: skip
