"""Log-probabilities of all rows of a block at all quadrature nodes, fast.

The same functions as `links.Link.terms`, for arrays of nodes times rows, where they take most of a fit's time. A sum over
nodes needs small absolute errors only: logarithms are taken of products over a unit's rows, and no series replaces a
difference. Where a product underflows or a tail is far, the slow forms are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fanpin.kernels.links import LINKS, Array, Flags

LARGEST_ETA = 300.0  # e^300 is certainty; its square is still a number
SMALLEST_PRODUCT = 1e-280
FAR = -30.0  # below, phi/Phi is taken from its asymptotic form
MOST_FACTORS = 900  # of a product of numbers up to 2


@dataclass(frozen=True, slots=True)
class CellTerms:
    """At q nodes, for r rows of u units.

    Attributes
    ----------
    loglik : (q, u) sums of the log-probabilities over each unit's rows.
    score : (q, r) first derivatives with respect to the linear predictor.
    curvature : (q, r) minus the second derivatives.
    """

    loglik: Array
    score: Array
    curvature: Array


Start = NDArray[np.intp]
CellFunction = Callable[[Flags, Array, Start], CellTerms]


def _log_products(factors: Array, start: Start) -> Array:
    """Sums of log(factors) over units, by the logarithm of the product where it can be held."""
    product = np.multiply.reduceat(factors, start, axis=1)
    if product.min() > SMALLEST_PRODUCT:
        return np.asarray(np.log(product))
    with np.errstate(divide="ignore"):
        return np.asarray(np.add.reduceat(np.log(factors), start, axis=1))


def _logit_cells(y: Flags, eta: Array, start: Start) -> CellTerms:
    sign = np.where(y, 1.0, -1.0)
    margin = eta * sign
    e = np.exp(-np.abs(margin))
    large = 1.0 / (1.0 + e)
    loglik = np.add.reduceat(np.minimum(margin, 0.0), start, axis=1)
    if np.diff(start, append=len(y)).max() <= MOST_FACTORS:
        loglik -= np.log(np.multiply.reduceat(1.0 + e, start, axis=1))
    else:
        loglik -= np.add.reduceat(np.log1p(e), start, axis=1)
    small = e * large
    missed = 0.5 - np.copysign(0.5 - small, margin)  # 1 - P(y)
    return CellTerms(loglik, missed * sign, small * large)


def _probit_cells(y: Flags, eta: Array, start: Start) -> CellTerms:
    sign = np.where(y, 1.0, -1.0)
    margin = eta * sign
    mass = special.ndtr(margin)
    far = margin < FAR
    if far.any():
        return _slow_cells("probit", y, eta, start)
    mills = np.exp(-0.5 * margin**2) / (mass * np.sqrt(2.0 * np.pi))
    return CellTerms(_log_products(mass, start), mills * sign, mills * (margin + mills))


def _cloglog_cells(y: Flags, eta: Array, start: Start) -> CellTerms:
    rate = np.exp(np.clip(eta, -2.0 * LARGEST_ETA, LARGEST_ETA))
    loglik, score, curvature = -rate, -rate, rate
    events = np.flatnonzero(y)
    i = rate[:, events]
    event = -np.expm1(-i)
    q = i * np.exp(-i) / event
    loglik[:, events] = np.log(event)
    score[:, events] = q
    curvature[:, events] = q * np.maximum(i + q - 1.0, 0.0)
    return CellTerms(np.add.reduceat(loglik, start, axis=1), score, curvature)


def _slow_cells(name: str, y: Flags, eta: Array, start: Start) -> CellTerms:
    terms = LINKS[name].terms(np.tile(y, len(eta)), eta.ravel())
    loglik = np.add.reduceat(terms.loglik.reshape(eta.shape), start, axis=1)
    return CellTerms(loglik, terms.score.reshape(eta.shape), terms.curvature.reshape(eta.shape))


CELLS: dict[str, CellFunction] = {"logit": _logit_cells, "probit": _probit_cells, "cloglog": _cloglog_cells}
