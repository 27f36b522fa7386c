"""Linear equations of an information matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def solve_definite(matrix: Array, right: Array, *, smallest: float = 0.0) -> Array | None:
    """The solution of matrix z = right, or None where the matrix is not positive definite.

    Parameters
    ----------
    matrix : (k, k) symmetric array
    right : (k,) array
    smallest : float
        Diagonal elements of the Cholesky factor of the matrix, scaled to a unit diagonal, below which it counts as singular.
    """
    diagonal = np.diag(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0.0).all()):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(matrix * np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    if np.diag(factor).min() < smallest:
        return None
    solution = scale * np.linalg.solve(factor.T, np.linalg.solve(factor, scale * right))
    return solution if np.isfinite(solution).all() else None
