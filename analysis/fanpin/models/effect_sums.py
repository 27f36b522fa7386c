"""One effect of one data column: how its change moves the design matrix, and the sums that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.kernels.links import Link
from fanpin.kernels.marginal import Curve, EffectSums, Rows, discrete_effect, slope_effect
from fanpin.models.design_matrix import MatrixPart
from fanpin.models.frailty_response import Response

Array = NDArray[np.float64]
STEP = float(np.cbrt(np.finfo(float).eps))  # of central differences in a column


@dataclass(frozen=True, slots=True)
class Contrast:
    """One effect of one data column.

    Attributes
    ----------
    term : its name in the result.
    variable : the data column.
    change : (low, high) of a discrete change; None for a derivative.
    part : the columns of the design matrix that change.
    """

    term: str
    variable: str
    change: tuple[Any, Any] | None
    part: MatrixPart


def effect_sums(contrast: Contrast, encoded: pd.DataFrame, rows: Rows, response: Response) -> EffectSums:
    """Sums of the effect, their gradient with respect to the coefficients and to further parameters."""
    part, name, beta = contrast.part, contrast.variable, response.beta
    effect: Callable[[Link | Curve], EffectSums]
    if contrast.change is None:
        along = _derivative(part, encoded, name)
        effect = partial(slope_effect, params=beta, rows=rows, columns=part.columns, along=along)
    else:
        low, high = (_moved(rows, part, _with_value(encoded, name, value)) for value in contrast.change)
        effect = partial(discrete_effect, params=beta, low=low, high=high)
    sums = effect(response.level)
    further = [effect(derivative).total[:, None] for derivative in response.derivatives]
    return EffectSums(sums.total, np.concatenate([sums.gradient, *further], axis=1))


def _derivative(part: MatrixPart, encoded: pd.DataFrame, name: str) -> Array:
    """Columns of the design matrix differentiated with respect to a data column, by central differences.

    Exact for terms linear in the column; the step of each row is in proportion to its value.
    """
    value = encoded[name].to_numpy()
    step = STEP * np.maximum(np.abs(value), 1.0)
    above, below = value + step, value - step
    difference = part.expand(encoded.assign(**{name: above})) - part.expand(encoded.assign(**{name: below}))
    return np.asarray(difference / (above - below)[:, None])


def _with_value(encoded: pd.DataFrame, name: str, value: Any) -> pd.DataFrame:
    """The encoded rows with one column at one value; a factor keeps its levels."""
    column = encoded[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        code = column.cat.categories.get_loc(value)
        codes = np.full(len(encoded), code)
        return encoded.assign(**{name: pd.Categorical.from_codes(codes, dtype=column.dtype)})
    return encoded.assign(**{name: float(value)})


def _moved(rows: Rows, part: MatrixPart, encoded: pd.DataFrame) -> Rows:
    """The rows with the part's columns computed again."""
    x = rows.x.copy()
    x[:, part.columns] = part.expand(encoded)
    return Rows(x, rows.offset, rows.weight, rows.group, rows.groups)
