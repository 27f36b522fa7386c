"""Links: exact in both tails, and consistent derivatives."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanpin.core.errors import UnknownNameError
from fanpin.kernels.links import LINKS, link_by_name

getcontext().prec = 60
ROOT_2PI = Decimal("2.50662827463100050241576528481104525300698674060993831663")
NAMES = sorted(LINKS)


def _normal_cdf(m: Decimal) -> Decimal:
    """Phi by the series around 0, or the continued fraction of Mills' ratio in the tail."""
    density = (-m * m / 2).exp() / ROOT_2PI
    if abs(m) < 6:
        term, total, n = m, m, 0
        while abs(term) > Decimal(10) ** -58:
            n += 1
            term = term * m * m / (2 * n + 1)
            total += term
        return Decimal("0.5") + density * total
    t, fraction = abs(m), Decimal(0)
    for n in range(400, 0, -1):
        fraction = n / (t + fraction)
    tail = density / (t + fraction)
    return tail if m < 0 else 1 - tail


def _probability(name: str, eta: Decimal) -> Decimal:
    if name == "logit":
        return 1 / (1 + (-eta).exp())
    if name == "cloglog":
        return 1 - (-(eta.exp())).exp()
    return _normal_cdf(eta)


def _reference(name: str, y: bool, eta: float) -> tuple[float, float, float]:
    """Log-probability, score and curvature by differences of 60-digit numbers."""

    def loglik(at: Decimal) -> Decimal:
        p = _probability(name, at)
        return (p if y else 1 - p).ln()

    centre, h = Decimal(eta), Decimal(10) ** -14
    low, mid, high = loglik(centre - h), loglik(centre), loglik(centre + h)
    return float(mid), float((high - low) / (2 * h)), float(-(high - 2 * mid + low) / (h * h))


POINTS = {
    "logit": [-40.0, -20.0, -3.0, -0.1, 0.0, 0.7, 5.0, 20.0, 40.0],
    "cloglog": [-30.0, -18.0, -4.0, -2.4, -2.2, -0.5, 0.0, 0.8, 2.0, 3.5],
    "probit": [-9.0, -7.5, -5.0, -1.0, 0.0, 0.4, 3.0, 5.5, 8.5],
}


@pytest.mark.parametrize("y", [True, False])
@pytest.mark.parametrize(("name", "eta"), [(n, e) for n, points in POINTS.items() for e in points])
def test_terms_agree_with_sixty_digit_arithmetic(name, eta, y):
    loglik, score, curvature = _reference(name, y, eta)
    terms = LINKS[name].terms(np.array([y]), np.array([eta]))
    assert terms.loglik[0] == pytest.approx(loglik, rel=2e-14)
    assert terms.score[0] == pytest.approx(score, rel=1e-12)
    assert terms.curvature[0] == pytest.approx(curvature, rel=3e-12)


@pytest.mark.parametrize("name", NAMES)
def test_far_tails_are_finite_and_ordered(name):
    eta = np.array([-1e6, -800.0, -300.0, -40.0, 40.0, 300.0, 800.0])
    for y in (True, False):
        terms = LINKS[name].terms(np.full(len(eta), y), eta)
        assert np.isfinite(terms.loglik).all()
        assert np.isfinite(terms.score).all()
        assert np.isfinite(terms.curvature).all()
        assert (terms.curvature >= 0.0).all()
        assert (np.diff(terms.loglik) >= 0.0).all() if y else (np.diff(terms.loglik) <= 0.0).all()


def test_probit_curvature_is_continuous_where_the_series_takes_over():
    # lambda(m)(m + lambda(m)) -> 1 - 1/m^2 as m -> -infinity
    curvature = LINKS["probit"].terms(np.ones(2, dtype=bool), np.array([-199.99, -200.01])).curvature
    assert curvature[1] - curvature[0] == pytest.approx(0.02 * 2 / 200.0**3, abs=2e-11)
    assert curvature[1] == pytest.approx(1 - 1 / 200.01**2, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
@given(eta=st.floats(-6.0, 2.0))
def test_derivatives_agree_with_differences(name, eta):
    link, h = LINKS[name], 1e-5
    at = np.array([eta - h, eta, eta + h])
    inverse, slope, bend = link.inverse(at), link.slope(at), link.bend(at)
    assert slope[1] == pytest.approx((inverse[2] - inverse[0]) / (2 * h), abs=1e-9)
    assert bend[1] == pytest.approx((slope[2] - slope[0]) / (2 * h), abs=1e-9)
    for y in (True, False):
        terms = link.terms(np.full(3, y), at)
        assert terms.score[1] == pytest.approx((terms.loglik[2] - terms.loglik[0]) / (2 * h), rel=1e-6, abs=1e-9)
        assert -terms.curvature[1] == pytest.approx((terms.score[2] - terms.score[0]) / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(eta=st.floats(-8.0, 2.5))
def test_expected_curvature_is_the_mean_over_outcomes(name, eta):
    link, at = LINKS[name], np.array([eta])
    p = link.inverse(at)[0]
    mean = p * link.terms(np.array([True]), at).curvature[0] + (1 - p) * link.terms(np.array([False]), at).curvature[0]
    assert link.expected(at)[0] == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_link_undoes_inverse(name):
    eta = np.linspace(-5.0, 1.5, 14)
    assert LINKS[name].link(LINKS[name].inverse(eta)) == pytest.approx(eta, rel=1e-9, abs=1e-12)


def test_unknown_link_names_the_links():
    with pytest.raises(UnknownNameError, match="cloglog, logit, probit"):
        link_by_name("probits")
