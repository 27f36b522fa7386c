"""The covariance of maximum-likelihood coefficients from row scores: by rows, by clusters, or by a survey design."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, SampledPsus
from fanpin.core.errors import DesignWarning, EstimationError
from fanpin.core.options import Covariance
from fanpin.kernels.sandwich import (
    cov_cluster,
    cov_inverse_hessian,
    cov_linearised,
    cov_robust,
    score_crossproduct,
    score_totals,
)
from fanpin.kernels.variance import totals_covariance
from fanpin.models.sample import Sample

Array = NDArray[np.float64]
FEW_CLUSTERS = 30


@dataclass(frozen=True, slots=True)
class Scores:
    """Row scores s_i = score_i x_i, before weights, and the observed information.

    Attributes
    ----------
    x : (n, k) design matrix.
    score : (n,) derivative of each row's log-probability with respect to the linear predictor.
    information : (k, k) observed information of the (weighted) likelihood.
    """

    x: Array
    score: Array
    information: Array


@dataclass(frozen=True, slots=True)
class ScoreCovariance:
    """A covariance and what there is to say about it.

    Attributes
    ----------
    cov : (k, k).
    cov_type : "classic", "robust", "cluster" or "design".
    note : the convention in a sentence.
    df : degrees of freedom of t intervals, None for the normal.
    counts : clusters, or PSUs and strata.
    """

    cov: Array
    cov_type: str
    note: str
    df: float | None = None
    counts: dict[str, float] = field(default_factory=dict)


def row_covariance(scores: Scores, kind: Covariance) -> ScoreCovariance:
    """The "classic" or "robust" covariance, which take rows as independent."""
    if kind == "classic":
        return ScoreCovariance(cov_inverse_hessian(scores.information), kind,
                               "standard errors from the inverse of the observed information; rows independent")  # fmt: skip
    cov = cov_robust(score_crossproduct(scores.x, scores.score), scores.information)
    return ScoreCovariance(cov, kind, "standard errors robust (HC0, observed information); rows independent")


def cluster_covariance(scores: Scores, clusters: pd.Series) -> ScoreCovariance:
    """The covariance robust to dependence within clusters.

    Raises
    ------
    EstimationError : fewer than two clusters.

    Warns
    -----
    DesignWarning : fewer than 30 clusters.
    """
    codes, count, note = cluster_codes(clusters)
    cov = cov_cluster(score_totals(scores.x, scores.score, codes, count), scores.information)
    return ScoreCovariance(cov, "cluster", note, counts={"clusters": float(count)})


def cluster_codes(clusters: pd.Series) -> tuple[NDArray[np.intp], int, str]:
    """The cluster of each row from 0, how many there are, and the convention in a sentence.

    Raises
    ------
    EstimationError : fewer than two clusters.

    Warns
    -----
    DesignWarning : fewer than 30 clusters.
    """
    codes, labels = pd.factorize(clusters)
    if len(labels) < 2:
        raise EstimationError(f"column {clusters.name!r} has one cluster", expected="at least two clusters",
                              next_step="cluster by a finer unit")  # fmt: skip
    note = f"standard errors clustered by {clusters.name} (observed information, G/(G-1))"
    if len(labels) < FEW_CLUSTERS:
        few = f"only {len(labels)} clusters in {clusters.name!r}: their standard errors tend to be too small"
        warnings.warn(DesignWarning(few), stacklevel=6)
        note = f"{note}; {few}"
    return codes, len(labels), note


def design_based(
    scores: Scores, arrays: DesignArrays, sample: Sample, design: Design, *, unit: str | None
) -> ScoreCovariance:
    """The linearised covariance of the survey design; rows left out count as rows outside the domain.

    Parameters
    ----------
    scores : Scores
        Of the rows kept.
    arrays : DesignArrays
        Of all rows, those left out too.
    sample : Sample
        Which rows were kept.
    design : Design
        For messages.
    unit : str or None
        Column of units, to warn where their rows are taken as independent.

    Warns
    -----
    DesignWarning : the design has no PSUs and units have several rows.
    """
    if design.psu is None and unit is not None and sample.frame[unit].duplicated().any():
        warnings.warn(DesignWarning(f"the design has no PSUs, so rows of one {unit!r} count as independent; "
                                    f"give Design(psu={unit!r})"), stacklevel=5)  # fmt: skip
    psus = arrays.by_psu()
    weighted = arrays.weight[sample.kept] * scores.score
    totals = score_totals(scores.x, weighted, psus.psu[sample.kept], psus.count)
    return linearised(totals, scores.information, psus, design)


def linearised(totals: Array, information: Array, psus: SampledPsus, design: Design) -> ScoreCovariance:
    """The design-based covariance from weighted scores summed by PSU, (P, k)."""
    result = totals_covariance(totals, stratum=psus.stratum, fpc=psus.fpc, singleton=design.singleton)
    return ScoreCovariance(
        cov_linearised(result.cov, information),
        "design",
        f"standard errors linearised for the survey design: {design.describe()} (observed information)",
        df=float(result.df),
        counts={"psus": float(result.n_psu), "strata": float(result.n_strata)},
    )
