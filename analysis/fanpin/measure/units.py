"""The sampled units behind a set of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.design_arrays import design_arrays
from fanpin.core.options import Singleton
from fanpin.kernels.cell_means import Array, Codes
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


def sampled_units(records: pd.DataFrame, design: Design | None, *, where: str) -> tuple[Units, NDArray[np.float64]]:
    """The units and the weights of records, every column of the design checked by name."""
    arrays = design_arrays(records, design, where=where)
    n = len(records)
    psu = np.arange(n, dtype=np.int64) if arrays.psu is None else arrays.psu
    count = int(psu.max()) + 1
    units = Units(
        psu=psu,
        count=count,
        stratum=None if arrays.stratum is None else _home(arrays.stratum, psu, count),
        fpc=None if arrays.fpc is None else _home(arrays.fpc, psu, count),
        singleton=arrays.singleton,
    )
    return units, arrays.weight


def _home(values: NDArray[Any], psu: Codes, count: int) -> NDArray[Any]:
    out = np.empty(count, dtype=values.dtype)
    out[psu] = values
    return out
