"""Slopes of the product-limit estimator."""

from __future__ import annotations

import numpy as np

from fanpin.kernels.kaplan_meier import survivor_and_slopes

HAZARD, GROUP = np.array([0.2, 0.0, 0.5, 0.1, 1.0, 0.3]), np.array([0, 0, 0, 1, 1, 1])


def test_survivor_restarts_in_each_group():
    survivor, _ = survivor_and_slopes(HAZARD, GROUP)
    np.testing.assert_allclose(survivor, [0.8, 0.8, 0.4, 0.9, 0.0, 0.0])


def test_slopes_are_derivatives_also_where_everyone_relapses():
    survivor, slopes = survivor_and_slopes(HAZARD, GROUP)
    for k in range(6):
        moved, _ = survivor_and_slopes(HAZARD + 1e-7 * (np.arange(6) == k), GROUP)
        np.testing.assert_allclose(slopes[:, k], (moved - survivor) / 1e-7, atol=1e-6)


def test_binomial_hazard_variances_give_greenwoods_formula():
    h, n = np.array([0.2, 0.1, 0.25]), np.array([100.0, 60.0, 20.0])
    survivor, slopes = survivor_and_slopes(h, np.zeros(3, dtype=int))
    variance = np.diag((slopes * (h * (1 - h) / n)) @ slopes.T)
    np.testing.assert_allclose(variance, survivor**2 * np.cumsum(h / (n * (1 - h))), rtol=1e-12)
