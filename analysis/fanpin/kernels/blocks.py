"""Rows taken in blocks, so that memory stays flat however many there are, and no product is split over threads.

OpenBLAS hands a product to its threads from some size on. For matrices of a few dozen columns that gains nothing, and on
a machine busy with other work the threads wait for each other: a factor of twenty was measured. Blocks below those sizes
run on the calling thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LARGEST = 8192  # rows: twenty columns of it fit a core's second-level cache
ELEMENTS = 200_000  # of a matrix in its product with a vector
PRODUCTS = 400_000  # multiplications of a cross-product


def row_blocks(n: int, k: int) -> list[slice]:
    """Slices that cover rows 0 … n-1 of an (n, k) matrix in order."""
    return _slices(n, min(LARGEST, ELEMENTS // max(k, 1)))


def crossproduct(x: Array, factor: Array | None = None) -> Array:
    """Sum over rows of factor_i^2 x_i x_i', (k, k); without a factor, x'x."""
    k = x.shape[1]
    total = np.zeros((k, k))
    for rows in _slices(len(x), PRODUCTS // max(k, 1) ** 2):
        scaled = x[rows] if factor is None else x[rows] * factor[rows, None]
        total += scaled.T @ scaled
    return total


def _slices(n: int, size: int) -> list[slice]:
    size = max(64, size)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
