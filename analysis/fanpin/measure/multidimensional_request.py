"""What was asked of the multidimensional measures, checked, and the deprivations as arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError, TiesAtLineWarning
from fanpin.core.numbers import count_rows, number_column
from fanpin.kernels.cell_means import Array
from fanpin.kernels.indices.alkire_foster import TOLERANCE
from fanpin.measure.cells import By
from fanpin.measure.deprivation_weights import indicator_weights
from fanpin.measure.requested import requested

CONTEXT = ("population", "cutoff", "indicator")
NEAR = 1e-3  # a score this little below the cutoff tells of a cutoff rounded upwards, such as 0.667 for two thirds


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprivations:
    """The checked data of a request.

    Attributes
    ----------
    frame : rows of the data with the columns needed.
    indicators : (J,) columns of 0/1.
    weights : the weights of the J indicators under each scheme, by the scheme's name.
    cutoffs : the poverty cutoffs k.
    by, size, design : groups, persons a row stands for, survey design.
    x : (n,) values of each indicator, NaN where missing.
    """

    frame: pd.DataFrame
    indicators: tuple[str, ...]
    weights: dict[str, tuple[float, ...]]
    cutoffs: tuple[float, ...]
    by: tuple[str, ...]
    size: str | None
    design: Design | None
    x: dict[str, Array]


def deprivations(
    data: Any, *, indicators: Any, schemes: Mapping[str, Any], cutoffs: Any, by: By, size: str | None, design: Any,
    where: str,
) -> Deprivations:  # fmt: skip
    """The request with every name, number and value checked."""
    names = as_names("indicators", indicators)
    if not names or len(set(names)) < len(names):
        raise InputError("indicators are empty or repeated", expected="each column once", got=names, where=where)
    weights = {name: indicator_weights(w, names, where=where) for name, w in schemes.items()}
    asked = requested(data, names, by=by, design=design, size=size, context=CONTEXT, where=where)
    frame, groups = asked.frame, asked.by
    return Deprivations(
        frame=frame, indicators=names, weights=weights, cutoffs=_cutoffs(cutoffs, where), by=groups, size=size,
        design=design, x={name: _flags(frame, name, where) for name in names},
    )  # fmt: skip


def warn_near_cutoff(asked: Deprivations, *, stacklevel: int) -> tuple[str, ...]:
    """Warn of cutoffs that lie just above a score found in the data; returns the same sentences as notes."""
    x = np.column_stack(list(asked.x.values()))
    found = [np.unique((x[~np.isnan(x).any(axis=1)] @ np.asarray(w)).round(12)) for w in asked.weights.values()]
    said = []
    for k in asked.cutoffs:
        below = [float(s) for scores in found for s in scores[(scores < k - TOLERANCE) & (scores > k - NEAR)]]
        if below:
            said.append(f"scores of {max(below):.6g} lie just below the cutoff {k:g}, and those rows count as not poor: "
                        f"was a cutoff of {max(below):.6g} meant?")  # fmt: skip
    for text in said:
        warnings.warn(text, TiesAtLineWarning, stacklevel=stacklevel + 1)
    return tuple(said)


def _cutoffs(value: Any, where: str) -> tuple[float, ...]:
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for k in given:
        if isinstance(k, bool) or not isinstance(k, Real) or not 0 < float(k) <= 1 + TOLERANCE:
            raise InputError(f"the cutoff {k!r} is no share of the weights", expected="0 < cutoff <= 1", where=where,
                             next_step="divide a percentage by 100; any small number is the union, 1 the intersection")  # fmt: skip
    out = tuple(float(k) for k in given)
    if not out or len({round(k, 4) for k in out}) < len(out):
        raise InputError(
            "cutoffs are empty or repeated", expected="each cutoff once, to four decimals", got=out, where=where
        )
    return out


def _flags(frame: pd.DataFrame, name: str, where: str) -> Array:
    values = number_column(frame, name, role="indicator", where=where, flags=True)
    odd = ~np.isnan(values) & (values != 0) & (values != 1)
    if odd.any():
        raise DataError(f"indicator column {name!r} has values that are neither 0 nor 1", got=f"{values[odd][0]:g}; {count_rows(odd)}",
                        expected="1 where deprived, 0 where not", where=where,
                        next_step="compare the column with its own cutoff first, such as frame['years'] < 6")  # fmt: skip
    return values
