"""What keeps a conditional logit from being estimated, by name: columns that units do not vary in, and separation.

Separation within units: along a direction every unit's events lie above its other rows, so that the likelihood of the
observed subset rises for ever (Albert & Anderson 1984, Biometrika 71:1-10, applied to the conditional likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.core.errors import EstimationError
from fanpin.models.checks import first_dependent

Array = NDArray[np.float64]
PART = 2_000  # units looked at first for separation
LEAST_VARIATION = 1e-12  # of squares about the unit's mean, in proportion to squares


@dataclass(frozen=True, slots=True)
class UnitRows:
    """Rows of units whose outcome varies, rows of a unit together.

    Attributes
    ----------
    x : (n, k) columns `names`.
    y : (n,) outcome `outcome`.
    first : (g,) position of each unit's first row.
    names, outcome, where : for messages.
    """

    x: Array
    y: NDArray[np.bool_]
    first: NDArray[np.intp]
    names: tuple[str, ...]
    outcome: str
    where: str

    def deviations(self) -> Array:
        """Columns less the unit's mean, (n, k)."""
        size = np.diff(np.append(self.first, len(self.y)))
        means = np.add.reduceat(self.x, self.first, axis=0) / size[:, None]
        return np.asarray(self.x - np.repeat(means, size, axis=0))


def check_identified_within(rows: UnitRows) -> None:
    """Raise for the first thing that leaves a coefficient without a finite estimate, by name.

    Raises
    ------
    EstimationError : a column constant within every unit, columns that are combinations of others within units, a column
        that separates the outcomes within every unit.
    """
    deviations = rows.deviations()
    _refuse_constant(rows, deviations)
    _refuse_collinear(rows, deviations)
    for j, name in enumerate(rows.names):
        if _separates(rows, deviations[:, j]) or _separates(rows, -deviations[:, j]):
            raise EstimationError(
                f"{name} separates the outcomes of {rows.outcome} within units: its coefficient would be infinite",
                got="in no unit do rows with the event overlap with the others", where=rows.where,
                next_step="look for a variable that repeats the outcome; leave it out or group it",
            )  # fmt: skip


def no_maximum(rows: UnitRows, direction: Array, iterations: int) -> EstimationError:
    """The error for a fit that found no maximum: separation by name where it is the reason."""
    deviations = rows.deviations()
    if not _separates(rows, deviations @ direction):
        return EstimationError(f"no maximum of the likelihood after {iterations} iterations", where=rows.where,
                               next_step="rescale the columns; look for levels with few events")  # fmt: skip
    reach = np.abs(direction) * np.abs(deviations).max(axis=0)
    named = [rows.names[j] for j in np.argsort(-reach) if reach[j] > 0.01 * reach.max()]
    return EstimationError(
        f"a combination of columns separates the outcomes of {rows.outcome} within units: coefficients would be infinite",
        got=f"columns {', '.join(named[:8])}", where=rows.where,
        next_step="leave one of these columns out, or join levels",
    )  # fmt: skip


def _refuse_constant(rows: UnitRows, deviations: Array) -> None:
    within, total = np.einsum("ij,ij->j", deviations, deviations), np.einsum("ij,ij->j", rows.x, rows.x)
    constant = [rows.names[j] for j in np.flatnonzero(within <= LEAST_VARIATION * total)]
    if constant:
        raise EstimationError(
            f"{', '.join(constant)} {'does' if len(constant) == 1 else 'do'} not vary within units",
            expected="columns that change over time in some unit whose outcome changes", where=rows.where,
            next_step="leave out; the unit's own intercept holds it (fp.random_effects can estimate its coefficient)",
        )  # fmt: skip


def _refuse_collinear(rows: UnitRows, deviations: Array) -> None:
    found = first_dependent(deviations, has_intercept=False)
    if found is not None:
        column, others = found
        raise EstimationError(f"within units the column {rows.names[column]!r} is a combination of others",
                              got=", ".join(rows.names[j] for j in others), expected="columns of full rank",
                              where=rows.where,
                              next_step=f"leave {rows.names[column]!r} or one of the others out")  # fmt: skip


def _separates(rows: UnitRows, values: Array) -> bool:
    """Whether in every unit no row without the event lies above one with it; a part of the units is looked at first."""
    slack = 1e-9 * float(np.abs(values).max())
    for first in (rows.first[: PART + 1], rows.first):
        end = first[-1] if len(first) < len(rows.first) else len(values)
        starts = first[:-1] if len(first) < len(rows.first) else first
        y, v = rows.y[:end], values[:end]
        lowest = np.minimum.reduceat(np.where(y, v, np.inf), starts)
        highest = np.maximum.reduceat(np.where(y, -np.inf, v), starts)
        if not (lowest >= highest - slack).all():
            return False
    return True
