"""Catastrophic and impoverishing health spending.

Catastrophic (Wagstaff & van Doorslaer 2003, Health Economics 12:921-934): with s_i the share of out-of-pocket spending in a
budget and a threshold t, the headcount is mean 1[s > t], the overshoot mean (s - t) 1[s > t], and the mean positive overshoot
their ratio. Impoverishing: poverty of welfare net of the spending less that of welfare gross of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.alkire_foster import ratio_influence

Array = NDArray[np.float64]
SPENDING = ("catastrophic", "overshoot", "mean_positive_overshoot")
POVERTY = ("headcount_gross", "headcount_net", "impoverishment", "further_impoverished", "gap_gross", "gap_net", "gap_increase")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catastrophic:
    """Headcount, overshoot and mean positive overshoot at T thresholds; x holds spending and, in `budget`, the budget.

    Parameters
    ----------
    thresholds : (T,) shares; spending is catastrophic above them.
    budget : column of x; spending is column 0.
    suffix : what is added to the terms, to tell budgets apart.
    """

    thresholds: tuple[float, ...]
    budget: int = 1
    suffix: str = ""
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Such as `catastrophic:0.1`."""
        return tuple(f"{name}:{t:g}{self.suffix}" for name in SPENDING for t in self.thresholds)

    def value(self, x: Array, w: Array) -> Array:
        """(3T,) numbers; the mean positive overshoot is NaN where no spending is catastrophic."""
        over, excess = self._beyond(x)
        heads, sums = w @ over, w @ excess
        ratio = np.divide(sums, heads, out=np.full(len(heads), np.nan), where=heads > 0)
        return np.concatenate([heads / w.sum(), sums / w.sum(), ratio])

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 3T) influence of each row."""
        over, excess = self._beyond(x)
        ratios = [ratio_influence(excess[:, t], over[:, t], w) for t in range(len(self.thresholds))]
        return np.column_stack([_mean_influence(over, w), _mean_influence(excess, w), *ratios])

    def _beyond(self, x: Array) -> tuple[Array, Array]:
        """(n, T) 1.0 where spending is catastrophic, and by how much of the budget it exceeds the threshold."""
        beyond = burden(x[:, 0], x[:, self.budget])[:, None] - np.asarray(self.thresholds)
        over = beyond > 0
        return over.astype(float), np.where(over, beyond, 0.0)


@dataclass(frozen=True, slots=True)
class Impoverishing:
    """Headcount and gap gross and net of spending, the differences, and the poor who spend; x: spending … welfare, line.

    Parameters
    ----------
    welfare, line : columns of x; spending is column 0.
    """

    welfare: int
    line: int
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return POVERTY

    def value(self, x: Array, w: Array) -> Array:
        """(7,) numbers."""
        return np.asarray(w @ self._values(x) / w.sum())

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 7) influence of each row."""
        return _mean_influence(self._values(x), w)

    def _values(self, x: Array) -> Array:
        spent, gross, line = x[:, 0], x[:, self.welfare], x[:, self.line]
        before, after = gross < line, gross - spent < line
        gap_before = np.where(before, (line - gross) / line, 0.0)
        gap_after = np.where(after, (line - gross + spent) / line, 0.0)
        return np.column_stack([
            before, after, after & ~before, before & (spent > 0), gap_before, gap_after, gap_after - gap_before,
        ])  # fmt: skip


def burden(spent: Array, budget: Array) -> Array:
    """(n,) share of spending in the budget; without a positive budget 1 for whoever spends and 0 for who does not."""
    share = (spent > 0).astype(float)
    np.divide(spent, budget, out=share, where=budget > 0)
    return share


def _mean_influence(values: Array, w: Array) -> Array:
    return np.asarray((values - w @ values / w.sum()) / w.sum())
