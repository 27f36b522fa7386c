"""The sampled units behind a set of records, and the covariance of what is estimated from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design, Replicates
from fanpin.core.design_arrays import design_arrays
from fanpin.core.errors import InapplicableError
from fanpin.core.options import Singleton
from fanpin.kernels.cell_means import Array, Codes
from fanpin.kernels.replicates import replicate_covariance, replicate_factors
from fanpin.kernels.variance import DesignCovariance, totals_covariance


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """PSUs of a design, and the PSU of each record.

    Attributes
    ----------
    psu : (m,) PSU of each record, 0 … count - 1.
    count : number of PSUs, P.
    stratum, fpc : (P,) of each PSU, or None.
    singleton : the rule for strata with one PSU.
    """

    psu: Codes
    count: int
    stratum: Codes | None
    fpc: Array | None
    singleton: Singleton

    def covariance(self, totals: Any, *, linear: Array | None = None) -> DesignCovariance:
        """Covariance of estimates whose weighted influence is summed by PSU, (P, k)."""
        return totals_covariance(totals, stratum=self.stratum, fpc=self.fpc, singleton=self.singleton, linear=linear)

    @property
    def degrees_of_freedom(self) -> int:
        """PSUs less strata."""
        return self.count - self.strata

    @property
    def strata(self) -> int:
        """Number of strata."""
        return 1 if self.stratum is None else len(np.unique(self.stratum))

    def replicated(self, how: Replicates, values: Callable[[Array], Array], weight: Array) -> Array:
        """Covariance of statistics taken anew with each replicate's weights.

        Parameters
        ----------
        how : Replicates
            Kind, number and seed.
        values : callable
            From (m,) weights of the records, zeros among them, to (K,) statistics; NaN where one is not defined.
        weight : (m,) array
            The full-sample weights.

        Returns
        -------
        (K, K) covariance; missing where a statistic is not defined in some replicate.
        """
        if self.singleton == "centre":
            raise InapplicableError("replicate weights cannot centre strata of one PSU", expected='singleton="fail" or "certainty"',
                                    next_step="join such strata with similar ones, or use linearised standard errors")  # fmt: skip
        factors = replicate_factors(how.kind, stratum=self.stratum, n_psu=self.count, fpc=self.fpc, n=how.n, seed=how.seed,
                                    rho=how.rho)  # fmt: skip
        taken = np.array([values(weight * column[self.psu]) for column in factors.columns])
        return replicate_covariance(taken, values(weight), factors.scale)


def sampled_units(records: pd.DataFrame, design: Design | None, *, where: str) -> tuple[Units, NDArray[np.float64]]:
    """The units and the weights of records, every column of the design checked by name."""
    arrays = design_arrays(records, design, where=where)
    sampled = arrays.by_psu()
    units = Units(
        psu=sampled.psu, count=sampled.count, stratum=sampled.stratum, fpc=sampled.fpc, singleton=arrays.singleton
    )
    return units, arrays.weight
