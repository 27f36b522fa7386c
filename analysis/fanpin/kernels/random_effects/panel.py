"""The rows of a binary panel, sorted by unit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.links import Array, Flags, Link

ELEMENTS = 120_000  # rows times quadrature points taken at a time: the arrays of a block stay in a core's cache


@dataclass(frozen=True, slots=True)
class Panel:
    """A binary outcome of n rows in m units, all rows of a unit next to each other.

    Attributes
    ----------
    y : (n,) outcome.
    x : (n, k) design matrix, row-major.
    start : (m,) position of each unit's first row, increasing from 0.
    link : one of `links.LINKS`.
    weight : (m,) positive weights of units, or None for equal ones.
    offset : (n,) fixed part of the linear predictor, or None.
    size : (m,) rows of each unit.
    unit : (n,) unit of each row, 0 … m-1.
    """

    y: Flags
    x: Array
    start: NDArray[np.intp]
    link: Link
    weight: Array | None = None
    offset: Array | None = None
    size: NDArray[np.intp] = field(init=False)
    unit: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        size = np.diff(np.append(self.start, len(self.y)))
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "unit", np.repeat(np.arange(len(size)), size))

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.start)

    @property
    def total_weight(self) -> float:
        """Sum of the units' weights."""
        return float(self.units) if self.weight is None else float(self.weight.sum())

    def eta(self, beta: Array) -> Array:
        """The linear predictor at an intercept of 0, (n,)."""
        eta = self.x @ beta
        return eta if self.offset is None else eta + self.offset

    def sums(self, values: Array) -> Array:
        """Sums of (n,) or (n, q) values over each unit's rows."""
        return np.asarray(np.add.reduceat(values, self.start, axis=0))

    def blocks(self, points: int) -> list[tuple[slice, slice]]:
        """(units, rows) of consecutive units, with about `ELEMENTS` rows times points in each block."""
        target = max(1, ELEMENTS // points)
        ends = np.append(self.start[1:], len(self.y))
        found, first, row = [], 0, 0
        while first < self.units:
            last = max(first + 1, int(np.searchsorted(ends, row + target, side="right")))
            found.append((slice(first, last), slice(row, int(ends[last - 1]))))
            first, row = last, int(ends[last - 1])
        return found
