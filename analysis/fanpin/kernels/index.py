"""What an index is: one or several numbers of a group of rows, and the influence of each row on them.

Adding an index takes a class with these two functions in a file of its own and a line in a registry of `fanpin.measure`;
groups, weights, designs, replicates, relative lines and joint covariances are the engine's (`fanpin.measure.indices`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Density = Callable[[float, Array, Array], float]  # at a point, of values with weights


class Index(Protocol):
    """One or several numbers of a group.

    Numbers that rest on quantiles are no smooth functions of totals: the delete-one jackknife is inconsistent for them.
    """

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the q numbers."""
        ...

    @property
    def smooth(self) -> bool:
        """Whether the numbers are smooth functions of totals."""
        ...

    def value(self, x: Array, w: Array) -> Array:
        """(q,) numbers of a group with values x (n, m) and positive weights w (n,); NaN where one is not defined."""
        ...

    def influence(self, x: Array, w: Array) -> Array:
        """(n, q) influence values u before the weight: to first order, the estimates move by the sum of w*u."""
        ...


class BoundedIndex(Index, Protocol):
    """An index of welfare, the first column of x, that says which values it is defined for."""

    @property
    def lowest(self) -> str:
        """What welfare may be: "any" number, from "zero" up, or "positive" only."""
        ...


class LineIndex(BoundedIndex, Protocol):
    """An index of poverty: x has two columns, welfare and the line of each row."""

    def line_slope(self, x: Array, w: Array, density: Density) -> Array:
        """(q,) derivatives in the line, all rows' lines moving together; `density` is that of the group's welfare."""
        ...
