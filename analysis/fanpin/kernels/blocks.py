"""Rows taken in blocks, so that memory stays flat however many there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 8192  # twenty columns of it fit a core's second-level cache
PRODUCTS = 400_000


def row_blocks(n: int, size: int = BLOCK) -> list[slice]:
    """Slices that cover rows 0 … n-1 in order."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def crossproduct(x: Array, factor: Array) -> Array:
    """Sum over rows of factor_i^2 x_i x_i', (k, k).

    Sub-blocks cost at most `PRODUCTS` multiplications each, which OpenBLAS runs on the calling thread: for matrices this
    narrow its threads gain nothing, and on a busy machine they wait for each other, measured to cost a factor of twenty.
    """
    k = x.shape[1]
    total = np.zeros((k, k))
    for rows in row_blocks(len(x), max(64, PRODUCTS // max(k, 1) ** 2)):
        scaled = x[rows] * factor[rows, None]
        total += scaled.T @ scaled
    return total
