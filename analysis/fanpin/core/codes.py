"""Integer codes of groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def dense_codes(codes: Codes) -> tuple[Codes, int]:
    """Codes renumbered 0 … m-1 without gaps, in the same order, and m."""
    largest = int(codes.max())
    if largest > 4 * len(codes) + 1024:  # too sparse to tabulate
        kept, dense = np.unique(codes, return_inverse=True)
        return dense.astype(np.int64, copy=False), len(kept)
    present = np.zeros(largest + 1, dtype=bool)
    present[codes] = True
    if present.all():
        return codes, largest + 1
    return (np.cumsum(present) - 1)[codes], int(present.sum())
