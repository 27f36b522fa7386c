"""What the binary models share between design matrix and result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.models.design_matrix import DesignMatrix

SPELL = "spell"  # counted where the risk set has it


def centre_columns(x: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """Centre the columns in place where there is an intercept, and give the matrix that takes coefficients back.

    The likelihood is the same; years and incomes far from 0 no longer cost digits.
    """
    back = np.eye(len(names))
    if names[0] == "Intercept":
        means = x[:, 1:].mean(axis=0)
        x[:, 1:] -= means
        back[0, 1:] = -means
    return back


def unit_counts(frame: pd.DataFrame, unit: str | None) -> dict[str, float]:
    """Units, and spells where the frame has them."""
    if unit is None:
        return {}
    codes, labels = pd.factorize(frame[unit])
    counts = {"units": float(len(labels))}
    if SPELL in frame:
        spells, kinds = pd.factorize(frame[SPELL])
        counts["spells"] = float(len(pd.unique(codes.astype(np.int64) * (len(kinds) + 1) + spells + 1)))
    return counts


def binary_columns(matrix: DesignMatrix, frame: pd.DataFrame) -> list[str]:
    """Numeric columns that hold only 0 and 1: their effect is a change from 0 to 1."""
    numeric = [name for name, known in matrix.levels.items() if known is None]
    # the first rows spare most columns the look at all of them
    return [name for name in numeric if all(part.isin([0, 1]).all() for part in (frame[name].head(1000), frame[name]))]
