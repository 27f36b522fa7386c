"""Numbers that carry their influence through sums, products and quotients: the delta method, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Linearised:
    """Smooth functions of weighted totals; operations pair columns, one column with several as numpy broadcasts.

    Attributes
    ----------
    value : (q,) numbers, NaN where one is not defined.
    influence : (n, q) influence of each row before the weight.
    """

    value: Array
    influence: Array

    def __add__(self, other: Self) -> Linearised:
        return Linearised(self.value + other.value, self.influence + other.influence)

    def __sub__(self, other: Self) -> Linearised:
        return Linearised(self.value - other.value, self.influence - other.influence)

    def __mul__(self, other: Self) -> Linearised:
        return Linearised(self.value * other.value, self.influence * other.value + self.value * other.influence)

    def __truediv__(self, other: Self) -> Linearised:
        """The quotient; NaN where the denominator is 0."""
        below = np.where(other.value == 0, np.nan, other.value)
        ratio = self.value / below
        return Linearised(ratio, (self.influence - ratio * other.influence) / below)

    def times(self, factor: float) -> Linearised:
        """The numbers times a constant."""
        return Linearised(self.value * factor, self.influence * factor)

    def plus(self, constant: float) -> Linearised:
        """The numbers plus a constant."""
        return Linearised(self.value + constant, self.influence)

    def sum(self) -> Linearised:
        """The sum over the q numbers, as one."""
        return Linearised(self.value.sum(keepdims=True), self.influence.sum(axis=1, keepdims=True))

    def where(self, defined: bool | np.bool_ | NDArray[np.bool_]) -> Linearised:
        """The numbers, NaN where they are not defined."""
        return Linearised(np.where(defined, self.value, np.nan), np.where(defined, self.influence, np.nan))


def joined(*parts: Linearised) -> Linearised:
    """All numbers side by side."""
    return Linearised(np.concatenate([p.value for p in parts]), np.hstack([p.influence for p in parts]))


def mean_of(a: Array, w: Array) -> Linearised:
    """Weighted means of the columns of a, (n, q): influence (a - mean)/Sum w."""
    mean = w @ a / w.sum()
    return Linearised(mean, (a - mean) / w.sum())
