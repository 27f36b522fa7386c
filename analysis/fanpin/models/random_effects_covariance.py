"""Covariances of models whose likelihood is a sum over units: of units, of clusters of units, or of a survey design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays
from fanpin.core.options import Covariance
from fanpin.kernels.blocks import crossproduct
from fanpin.kernels.sandwich import cov_cluster, cov_inverse_hessian, cov_robust
from fanpin.models.random_effects_units import Units
from fanpin.models.score_covariance import ScoreCovariance, cluster_codes, linearised

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """Weighted scores of m units, and the observed information.

    Attributes
    ----------
    score : (m, p) derivative of each unit's weighted log-likelihood.
    information : (p, p).
    units : the rows of each unit.
    """

    score: Array
    information: Array
    units: Units


def unit_covariance(scores: UnitScores, kind: Covariance) -> ScoreCovariance:
    """The "classic" or "robust" covariance, which take units as independent."""
    if kind == "classic":
        return ScoreCovariance(cov_inverse_hessian(scores.information), kind,
                               "standard errors from the inverse of the observed information; units independent")  # fmt: skip
    cov = cov_robust(crossproduct(scores.score), scores.information)
    return ScoreCovariance(cov, kind, "standard errors robust (HC0 over units, observed information)")


def clustered_units(scores: UnitScores, clusters: pd.Series, *, where: str) -> ScoreCovariance:
    """The covariance robust to dependence within clusters of units.

    Raises
    ------
    DataError : a unit lies in two clusters.
    EstimationError : fewer than two clusters.

    Warns
    -----
    DesignWarning : fewer than 30 clusters.
    """
    codes, count, note = cluster_codes(clusters)
    of_unit = scores.units.of_unit(codes, f"units lie in several clusters of {clusters.name!r}",
                                   "cluster by the unit, or by what contains it", where)  # fmt: skip
    cov = cov_cluster(_totals(scores.score, of_unit, count), scores.information)
    return ScoreCovariance(cov, "cluster", note, counts={"clusters": float(count)})


def design_of_units(
    scores: UnitScores, arrays: DesignArrays, kept: NDArray[np.bool_], design: Design, *, where: str
) -> ScoreCovariance:
    """The linearised covariance of the survey design; PSUs that lost all their rows count.

    Raises
    ------
    DataError : a unit lies in two PSUs.
    """
    assert arrays.psu is not None  # the unit, where the design names none
    psus = arrays.by_psu()
    of_unit = scores.units.of_unit(psus.psu[kept], f"units lie in several PSUs of {design.psu!r}",
                                   "give a PSU that contains whole units", where)  # fmt: skip
    return linearised(_totals(scores.score, of_unit, psus.count), scores.information, psus, design)


def _totals(score: Array, codes: NDArray[np.integer], count: int) -> Array:
    totals = np.zeros((count, score.shape[1]))
    np.add.at(totals, codes, score)
    return totals
