"""Units of a mixture: their codes, weights and PSUs, and the covariance from their scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.design_arrays import design_arrays
from fanpin.core.errors import DataError, require_columns
from fanpin.kernels.delta import delta_covariance
from fanpin.kernels.mass_points import ClassFit
from fanpin.models.sample import Sample
from fanpin.models.score_covariance import ScoreCovariance, Scores, cluster_covariance, design_based

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class UnitSample:
    """Units that appear in the data, one row each.

    Attributes
    ----------
    frame : (all units,) first row of every unit of the data.
    kept : (all units,) True for units with a row in some equation.
    codes : of each equation the (n,) position among the units kept, of the rows kept.
    weight : (units kept,) or None.
    """

    frame: pd.DataFrame
    kept: Flags
    codes: list[NDArray[np.intp]]
    weight: Array | None

    @property
    def count(self) -> int:
        """Units kept."""
        return int(self.kept.sum())

    def row_weight(self, equation: int, order: NDArray[np.intp]) -> Array | None:
        """Weights of an equation's rows in some order."""
        return None if self.weight is None else self.weight[self.codes[equation][order]]


def unit_sample(frame: pd.DataFrame, rows: list[pd.Series], unit: str, design: Design | None) -> UnitSample:
    """The units of a frame, and those of them that appear in the rows of one or several equations.

    Parameters
    ----------
    frame : DataFrame
        All rows, with the columns of the design.
    rows : list of Series
        Of each equation, the unit of the rows it uses.

    Raises
    ------
    UnknownNameError, DataError : as `design_arrays`; a column of the design that varies within a unit.
    """
    codes, labels = pd.factorize(frame[unit], sort=True)
    used = np.zeros(len(labels), dtype=bool)
    places = [pd.Index(labels).get_indexer(pd.Index(series)) for series in rows]
    for place in places:
        used[place] = True
    first = np.unique(codes, return_index=True)[1]
    by_unit = frame.iloc[first].reset_index(drop=True)
    weight = None
    if design is not None:
        require_columns(frame.columns, design.columns, where="design")
        _refuse_varying(frame, codes, first, design, unit)
        weight = design_arrays(by_unit, design).weight[used]
    position = np.cumsum(used) - 1
    return UnitSample(by_unit, used, [position[place] for place in places], weight)


def _refuse_varying(frame: pd.DataFrame, codes: NDArray, first: NDArray, design: Design, unit: str) -> None:
    """The likelihood of a unit has one weight, and a unit lies in one PSU."""
    for column in design.columns:
        values, _ = pd.factorize(frame[column])
        varying = np.unique(codes[values != values[first][codes]])
        if len(varying):
            raise DataError(
                f"the design column {column!r} varies within {len(varying):,} units of {unit!r}",
                expected="one value a unit: a unit's rows share one effect, so its likelihood has one weight",
                got=f"first at {frame[unit].iloc[first[varying[0]]]!r}",
                next_step="use the weight of the first wave, or of the households that stay",
            )  # fmt: skip


def unit_covariance(fit: ClassFit, units: UnitSample, design: Design | None, unit: str) -> ScoreCovariance:
    """The sandwich over units or the survey design; parameters at infinity have missing covariances.

    Warns
    -----
    DesignWarning : few clusters.
    """
    free = np.ix_(fit.free, fit.free)
    scores = Scores(fit.fit.point.scores[:, fit.free], np.ones(units.count), fit.fit.point.observed[free])
    by_unit = units.frame[units.kept]
    if design is None:
        found = cluster_covariance(scores, by_unit[unit])
    else:
        sample = Sample(by_unit, units.kept, ())
        found = design_based(scores, design_arrays(units.frame, design), sample, design, unit=unit)
    cov = np.full((len(fit.free), len(fit.free)), np.nan)
    cov[free] = found.cov
    return replace(found, cov=cov)


def delta_with_missing(back: Array, cov: Array, free: Flags) -> Array:
    """B V B' where parameters at infinity, which B leaves as they are, have missing covariances."""
    out = delta_covariance(back, np.where(np.isnan(cov), 0.0, cov))
    out[~free, :] = np.nan
    out[:, ~free] = np.nan
    return out
