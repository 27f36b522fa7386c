"""Covariances of maximum-likelihood estimates, each a function of scores and information and named by its formula.

The bread is the inverse of the information given, A; callers choose observed or expected information. The filling is the
covariance of the score: of rows, of clusters, or of a survey design.

Huber (1967), Proc. Fifth Berkeley Symposium 1:221-233; White (1980), Econometrica 48:817-838; Liang & Zeger (1986),
Biometrika 73:13-22; Binder (1983), International Statistical Review 51:279-292.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from fanpin.core.errors import EstimationError
from fanpin.kernels.blocks import crossproduct

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


def score_crossproduct(x: Array, score: Array) -> Array:
    """Sum of s_i s_i' with s_i = score_i x_i, (k, k), without forming the (n, k) scores."""
    return crossproduct(x, score)


def score_totals(x: Array, score: Array, codes: ArrayLike, count: int) -> Array:
    """Totals of s_i = score_i x_i by group, (count, k).

    Parameters
    ----------
    x : (n, k) array
        Design matrix.
    score : (n,) array
        Derivative of each row's (weighted) log-probability with respect to the linear predictor.
    codes : (n,) integer array
        Group of each row, 0 … count - 1, in any order.
    count : int
        Number of groups; those without rows have total 0.
    """
    groups = np.asarray(codes)
    members = sparse.csr_array((score, (groups, np.arange(len(groups)))), shape=(count, len(groups)))
    return np.asarray(members @ x)


def cov_inverse_hessian(information: Array) -> Array:
    """A^-1: right when the model is, and rows are independent."""
    return _inverse(information)


def cov_robust(crossproduct: Array, information: Array) -> Array:
    """A^-1 (Sum_i s_i s_i') A^-1, "HC0": rows independent, no small-sample factor."""
    return _sandwich(_inverse(information), crossproduct)


def cov_cluster(totals: Array, information: Array) -> Array:
    """G/(G-1) A^-1 (Sum_g s_g s_g') A^-1, s_g the score total of cluster g of G: rows of a cluster depend on each other.

    Raises
    ------
    EstimationError : fewer than two clusters.
    """
    count = len(totals)
    if count < 2:
        raise EstimationError("a cluster-robust covariance from one cluster", expected="at least two clusters")
    return _sandwich(_inverse(information), count / (count - 1) * crossproduct(totals))


def cov_linearised(score_covariance: Array, information: Array) -> Array:
    """A^-1 V A^-1 with V the design-based covariance of the weighted score total."""
    return _sandwich(_inverse(information), score_covariance)


def _sandwich(bread: Array, filling: Array) -> Array:
    cov = bread @ filling @ bread
    return (cov + cov.T) / 2.0


def _inverse(information: Array) -> Array:
    """The inverse through the matrix scaled to unit diagonal."""
    diagonal = np.diag(information)
    if not (diagonal > 0.0).all():
        raise EstimationError("the information matrix is not positive definite", got="a diagonal element of 0 or less")
    scale = 1.0 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(information * np.outer(scale, scale))
    except np.linalg.LinAlgError as error:
        raise EstimationError("the information matrix is singular", expected="coefficients the data identify",
                              next_step="look for columns that are combinations of others") from error  # fmt: skip
    root = np.linalg.solve(factor, np.eye(len(factor))) * scale
    return np.asarray(root.T @ root)
