"""Links of a binary outcome: logit, probit, complementary log-log.

For each link with inverse ``h(eta)``, the log-probability of the observed outcome and its derivatives, exact in both tails:
none is formed as a difference of numbers that agree in their leading digits.

McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., ch. 4; Prentice & Gloeckler (1978), Biometrics 34:57-67, for
the complementary log-log hazard of grouped durations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fanpin.core.errors import unknown_name

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LARGEST_LOG = 700.0  # exp() of more overflows soon; a rate of e^700 is certainty
SMALL_RATE = 0.1  # below, 1 - I - I/(e^I - 1) is summed as a series
FAR_TAIL = -200.0  # below, 1 - lambda(m)(m + lambda(m)) is summed as a series
ROOT_2_OVER_PI = np.sqrt(2.0 / np.pi)


@dataclass(frozen=True, slots=True)
class BinaryTerms:
    """Log-probability of each outcome and its derivatives with respect to the linear predictor, each (n,).

    Attributes
    ----------
    loglik : log P(y | eta).
    score : first derivative.
    curvature : **minus** the second derivative, never negative for these links.
    """

    loglik: Array
    score: Array
    curvature: Array


@dataclass(frozen=True, slots=True)
class Link:
    """A link as functions of arrays.

    Attributes
    ----------
    name : "logit", "probit" or "cloglog".
    terms : (y, eta) -> `BinaryTerms`, y being boolean.
    link : p -> eta.
    inverse : eta -> p.
    slope : eta -> dp/deta.
    bend : eta -> d2p/deta2.
    expected : eta -> expected curvature, (dp/deta)^2 / (p(1 - p)), the weight of iterated least squares.
    """

    name: str
    terms: Callable[[Flags, Array], BinaryTerms]
    link: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    bend: Callable[[Array], Array]
    expected: Callable[[Array], Array]


def _logit_terms(y: Flags, eta: Array) -> BinaryTerms:
    margin = np.where(y, eta, -eta)
    e = np.exp(-np.abs(margin))
    large = 1.0 / (1.0 + e)
    small = e * large
    missed = np.where(margin >= 0.0, small, large)  # 1 - P(y)
    return BinaryTerms(np.minimum(margin, 0.0) - np.log1p(e), np.where(y, missed, -missed), small * large)


def _logistic_density(eta: Array) -> Array:
    e = np.exp(-np.abs(eta))
    return e / (1.0 + e) ** 2


def _mills(margin: Array) -> Array:
    """phi(m) / Phi(m)."""
    with np.errstate(over="ignore"):  # erfcx overflows to infinity where the ratio is 0
        return np.asarray(ROOT_2_OVER_PI / special.erfcx(-margin / np.sqrt(2.0)))


def _probit_terms(y: Flags, eta: Array) -> BinaryTerms:
    margin = np.where(y, eta, -eta)
    mills = _mills(margin)
    curvature = mills * (margin + mills)
    far = margin < FAR_TAIL
    if far.any():
        inverse_square = margin[far] ** -2.0
        curvature[far] = 1.0 - inverse_square * (1.0 - inverse_square * (6.0 - 50.0 * inverse_square))
    return BinaryTerms(special.log_ndtr(margin), np.where(y, mills, -mills), curvature)


def _normal_density(eta: Array) -> Array:
    return np.asarray(np.exp(-0.5 * eta**2) / np.sqrt(2.0 * np.pi))


def _rate(eta: Array) -> Array:
    """I = exp(eta), kept finite."""
    return np.asarray(np.exp(np.minimum(eta, LARGEST_LOG)))


def _share_of_rate(rate: Array) -> Array:
    """The ratio q = I / (e^I - 1), 1 at I = 0."""
    return np.divide(rate * np.exp(-rate), -np.expm1(-rate), out=np.ones_like(rate), where=rate > 0.0)


def _rate_excess(rate: Array, share: Array) -> Array:
    """The excess I + q - 1, by q = sum B_n I^n / n! where the difference would cancel."""
    excess = rate + share - 1.0
    low = rate < SMALL_RATE
    if low.any():
        i, s = rate[low], rate[low] ** 2
        excess[low] = i / 2.0 + s * (1.0 / 12.0 - s * (1.0 / 720.0 - s * (1.0 / 30240.0 - s / 1209600.0)))
    return excess


def _cloglog_terms(y: Flags, eta: Array) -> BinaryTerms:
    rate = _rate(eta)
    loglik, score, curvature = -rate, -rate, rate.copy()
    events = np.flatnonzero(y)
    i = rate[events]
    q = _share_of_rate(i)
    # log(1 - e^-I), by the form that keeps its digits; as I -> 0 it is log I = eta
    with np.errstate(divide="ignore"):
        loglik[events] = np.where(i > 0.0, np.where(i < np.log(2.0), np.log(-np.expm1(-i)), np.log1p(-np.exp(-i))),
                                  eta[events])  # fmt: skip
    score[events] = q
    curvature[events] = q * _rate_excess(i, q)
    return BinaryTerms(loglik, score, curvature)


def _extreme_value_density(eta: Array) -> Array:
    rate = _rate(eta)
    return np.asarray(rate * np.exp(-rate))


def _logit_bend(eta: Array) -> Array:
    return -_logistic_density(eta) * np.tanh(eta / 2.0)


LINKS: dict[str, Link] = {
    "logit": Link(
        name="logit",
        terms=_logit_terms,
        link=special.logit,
        inverse=special.expit,
        slope=_logistic_density,
        bend=_logit_bend,
        expected=_logistic_density,
    ),
    "probit": Link(
        name="probit",
        terms=_probit_terms,
        link=special.ndtri,
        inverse=special.ndtr,
        slope=_normal_density,
        bend=lambda eta: -eta * _normal_density(eta),
        expected=lambda eta: _mills(eta) * _mills(-eta),
    ),
    "cloglog": Link(
        name="cloglog",
        terms=_cloglog_terms,
        link=lambda p: np.log(-np.log1p(-p)),
        inverse=lambda eta: -np.expm1(-_rate(eta)),
        slope=_extreme_value_density,
        bend=lambda eta: _extreme_value_density(eta) * (1.0 - _rate(eta)),
        expected=lambda eta: _rate(eta) * _share_of_rate(_rate(eta)),
    ),
}


def link_by_name(name: str) -> Link:
    """The link of that name; an unknown one raises with the names there are."""
    if name not in LINKS:
        raise unknown_name("link", name, LINKS)
    return LINKS[name]
