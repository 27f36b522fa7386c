"""The delta method and sums of marginal effects."""

from __future__ import annotations

import numpy as np
import pytest

from fanpin.core.errors import EstimationError, InputError
from fanpin.kernels.delta import delta_method, numerical_jacobian
from fanpin.kernels.links import LINKS
from fanpin.kernels.marginal import EffectSums, Rows, discrete_effect, slope_effect

B = np.array([0.4, -1.2, 3.0])
V = np.array([[0.5, 0.1, 0.0], [0.1, 0.3, -0.1], [0.0, -0.1, 0.9]])


def test_linear_function_is_exact():
    c = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]])
    estimate = delta_method(lambda b: c @ b, B, V)
    assert estimate.values == pytest.approx(c @ B)
    assert estimate.cov == pytest.approx(c @ V @ c.T, rel=1e-9)


def test_odds_ratio_has_the_textbook_standard_error():
    estimate = delta_method(np.exp, B, V)
    assert np.sqrt(np.diag(estimate.cov)) == pytest.approx(np.exp(B) * np.sqrt(np.diag(V)), rel=1e-9)


def test_number_valued_function_and_given_jacobian_agree():
    def ratio(b):
        return b[0] / b[2]

    jacobian = [1 / B[2], 0.0, -B[0] / B[2] ** 2]
    assert delta_method(ratio, B, V).cov == pytest.approx(delta_method(ratio, B, V, jacobian=jacobian).cov, rel=1e-9)


def test_jacobian_of_large_coefficients_keeps_its_digits():
    b = np.array([1e6, -1e-6])
    jacobian = numerical_jacobian(lambda v: np.array([v[0] ** 2, np.sin(v[1])]), b)
    assert jacobian == pytest.approx(np.array([[2e6, 0.0], [0.0, np.cos(1e-6)]]), rel=1e-9)


def test_problems_are_named():
    with np.errstate(invalid="ignore"), pytest.raises(EstimationError, match="not finite"):
        delta_method(np.log, B, V)
    with pytest.raises(InputError, match="Jacobian"):
        delta_method(np.exp, B, V, jacobian=np.ones((2, 3)))


@pytest.mark.parametrize("name", sorted(LINKS))
@pytest.mark.parametrize("offset", [None, np.linspace(-0.5, 0.5, 50)])
def test_gradients_of_effects_agree_with_differences(name, offset):
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(50), rng.normal(size=50), rng.integers(0, 2, 50)])
    low, high, along = x.copy(), x.copy(), np.column_stack([np.ones(50), 2 * x[:, 1]])
    low[:, 2], high[:, 2] = 0.0, 1.0
    weight, group, link, b = rng.uniform(1, 3, 50), np.arange(50) % 2, LINKS[name], np.array([-0.7, 0.4, 0.2])

    def rows(matrix):
        return Rows(matrix, offset, weight, group, 2)

    columns = np.array([1, 2])
    effects = {
        "discrete": lambda p: discrete_effect(link, p, rows(low), rows(high)),
        "slope": lambda p: slope_effect(link, p, rows(x), columns, along),
    }
    for effect in effects.values():
        numerical = numerical_jacobian(lambda p, effect=effect: effect(p).total, b)
        assert effect(b).gradient == pytest.approx(numerical, rel=1e-7, abs=1e-9)


def test_effects_written_out_and_summed_over_blocks():
    link, b = LINKS["logit"], np.array([-1.0, 0.5])
    x = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    p = 1 / (1 + np.exp(-(x @ b)))
    one = Rows(x, None, np.ones(4), np.zeros(4, dtype=int), 1)
    total = slope_effect(link, b, one, np.array([1]), np.ones((4, 1)))
    assert total.total == pytest.approx([np.sum(p * (1 - p) * 0.5)])
    halves = [Rows(x[r], None, np.ones(2), np.zeros(2, dtype=int), 1) for r in (slice(0, 2), slice(2, 4))]
    parts = [slope_effect(link, b, h, np.array([1]), np.ones((2, 1))) for h in halves]
    assert (parts[0] + parts[1]).gradient == pytest.approx(total.gradient)
    assert isinstance(parts[0] + parts[1], EffectSums)
