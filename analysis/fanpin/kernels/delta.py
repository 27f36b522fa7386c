"""The delta method, once, for any function of estimated coefficients.

If b is asymptotically normal with covariance V, then g(b) is so with covariance J V J', J = dg/db.

Oehlert (1992), The American Statistician 46:27-29.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fanpin.core.errors import EstimationError, InputError

Array = NDArray[np.float64]
CENTRAL_STEP = float(np.cbrt(np.finfo(float).eps))  # balances truncation (step^2) against rounding (eps / step)


@dataclass(frozen=True, slots=True)
class DeltaEstimate:
    """g(b) with its covariance.

    Attributes
    ----------
    values : (q,) g(b).
    jacobian : (q, k) dg/db.
    cov : (q, q) J V J'.
    """

    values: Array
    jacobian: Array
    cov: Array


def delta_method(
    function: Callable[[Array], ArrayLike], params: Array, cov: Array, *, jacobian: ArrayLike | None = None
) -> DeltaEstimate:
    """Value and covariance of a function of the coefficients.

    Parameters
    ----------
    function : callable
        From (k,) coefficients to (q,) values or a number.
    params : (k,) array
        Estimates.
    cov : (k, k) array
        Their covariance.
    jacobian : (q, k) array or None
        Derivative of the function at `params`; None takes central differences, exact to about ten digits.

    Raises
    ------
    EstimationError : the function or its derivative is not finite at the estimates.
    """
    b = np.asarray(params, dtype=float)
    values = np.atleast_1d(np.asarray(function(b), dtype=float))
    slopes = numerical_jacobian(function, b) if jacobian is None else np.atleast_2d(np.asarray(jacobian, dtype=float))
    if slopes.shape != (len(values), len(b)):
        raise InputError("the Jacobian does not fit", expected=(len(values), len(b)), got=slopes.shape)
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        raise EstimationError("a function of the coefficients is not finite at the estimates", got=values)
    return DeltaEstimate(values, slopes, delta_covariance(slopes, cov))


def delta_covariance(jacobian: Array, cov: Array) -> Array:
    """J V J', symmetric to the last digit."""
    product = jacobian @ cov @ jacobian.T
    return np.asarray((product + product.T) / 2.0)


def numerical_jacobian(function: Callable[[Array], ArrayLike], params: Array) -> Array:
    """dg/db by central differences with steps in proportion to each coefficient, (q, k)."""
    columns = []
    for j, value in enumerate(params):
        step = CENTRAL_STEP * max(abs(value), 1.0)
        up, down = params.copy(), params.copy()
        up[j], down[j] = value + step, value - step
        difference = np.atleast_1d(np.asarray(function(up), dtype=float)) - np.atleast_1d(function(down))
        columns.append(difference / (up[j] - down[j]))
    return np.column_stack(columns)
