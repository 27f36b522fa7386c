"""Total, chronic and transient poverty of units seen at several waves.

Jalan & Ravallion (1998), Journal of Public Economics 67:338-357. Welfare is a share r of the line; with p(r) the gap to the
power a, a unit's total is mean_t p(r_t), its chronic part p(mean_t r_t), its transient part the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.alkire_foster import ratio_influence
from fanpin.kernels.poverty import fgt_values

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
TERMS = ("total", "chronic", "transient", "chronic_share")


@dataclass(frozen=True, slots=True)
class ChronicTransient:
    """Means of total and chronic poverty over units, their difference, and the chronic share; x: total, chronic."""

    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return TERMS

    def value(self, x: Array, w: Array) -> Array:
        """(4,) numbers; the share is NaN where nobody is poor."""
        total, chronic = w @ x / w.sum()
        return np.array([total, chronic, total - chronic, chronic / total if total > 0 else np.nan])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 4) influence of each unit."""
        means = (x - w @ x / w.sum()) / w.sum()
        return np.column_stack([means, means[:, 0] - means[:, 1], ratio_influence(x[:, 1], x[:, 0], w)])


@dataclass(frozen=True, slots=True)
class UnitPoverty:
    """Poverty of each of U units.

    Attributes
    ----------
    waves : (U,) waves at which the unit is seen.
    total, chronic : (U,) its parts.
    variance : (U,) of its welfare between waves, with waves - 1 in the denominator; NaN at one wave.
    mean : (U,) of its welfare, as a share of the line.
    """

    waves: Codes
    total: Array
    chronic: Array
    variance: Array
    mean: Array


def unit_poverty(welfare: Array, unit: Codes, n_units: int, *, power: int, strict: bool) -> UnitPoverty:
    """Total and chronic poverty by unit.

    Parameters
    ----------
    welfare : (m,) array
        Welfare as a share of the line, a value a unit and wave.
    unit : (m,) integer array
        Unit of each value, 0 … n_units - 1, every one with a value.
    n_units : int
        Number of units, U.
    power : int
        0 for the headcount, 1 for the gap, 2 for the severity.
    strict : bool
        Poor if below the line; otherwise also at it.
    """
    waves = np.bincount(unit, minlength=n_units)
    mean = np.bincount(unit, weights=welfare, minlength=n_units) / waves
    each = fgt_values(welfare, np.ones(len(welfare)), [power], strict=strict)[:, 0]
    squares = np.bincount(unit, weights=(welfare - mean[unit]) ** 2, minlength=n_units)
    return UnitPoverty(
        waves=waves,
        total=np.bincount(unit, weights=each, minlength=n_units) / waves,
        chronic=fgt_values(mean, np.ones(n_units), [power], strict=strict)[:, 0],
        variance=np.divide(squares, waves - 1, out=np.full(n_units, np.nan), where=waves > 1),
        mean=mean,
    )


def severity_bias(units: UnitPoverty) -> Array:
    """(U,) upward bias of the chronic severity that comes from few waves: s^2/T for units poor on average, else 0.

    Around the unit's long-run mean m, E p(mean_t r_t) = p(m) + p''(m) var(r)/(2T) + …, and p'' is 2 below the line
    and 0 above it. The expansion is exact for units whose mean is never above the line, since the severity is a square.
    The general a(a - 1)/2 (1 - m)^(a - 2) var(r)/T is nil for the headcount and the gap.
    """
    below = units.mean < 1.0
    return np.where(below, np.divide(units.variance, units.waves, where=below, out=np.zeros(len(below))), 0.0)
