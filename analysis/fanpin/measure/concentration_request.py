"""What was asked of `concentration` and its decomposition, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import as_names, check_columns_named
from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError
from fanpin.core.numbers import count_rows, number_column
from fanpin.core.options import ConcentrationKind, check_option
from fanpin.kernels.cell_means import Array
from fanpin.measure.cells import By
from fanpin.measure.requested import requested

RESIDUAL = "residual"
RANK_TOLERANCE = 1e-10
Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The checked data of a request.

    Attributes
    ----------
    frame, by : rows and groups.
    x : (n,) values by role and column: outcome, rank, determinants; NaN where missing.
    kind, bounds : the index; bounds are None for the standard one.
    notes : what a reader must see.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    x: dict[str, Array]
    kind: ConcentrationKind
    bounds: Bounds | None
    notes: tuple[str, ...]


def ranked(
    data: Any, *, outcome: str, rank: str, determinants: tuple[str, ...], kind: ConcentrationKind, by: By,
    design: Design | None, size: str | None, bounds: Any, context: tuple[str, ...], where: str,
) -> Ranked:  # fmt: skip
    """The request with every name, option and value checked."""
    check_option("kind", kind, ConcentrationKind)
    check_columns_named(where, outcome=outcome, rank=rank)
    if outcome == rank and determinants:
        raise InputError("an outcome over its own rank is not explained by others", got=f"outcome=rank={rank!r}", where=where,
                         next_step="name what households are ranked by, such as welfare, with rank=")  # fmt: skip
    asked = requested(
        data, [outcome, rank, *determinants], by=by, design=design, size=size, context=context, where=where
    )
    x = {outcome: number_column(asked.frame, outcome, role="outcome", where=where, flags=True)}
    x |= {rank: number_column(asked.frame, rank, role="rank", where=where)} if rank != outcome else {}
    x |= {
        d: number_column(asked.frame, d, role="determinant", where=where, flags=True)
        for d in determinants
        if d not in x
    }
    usable = ~np.isnan(np.column_stack(list(x.values()))).any(axis=1)
    usable &= asked.frame[list(asked.by)].notna().all(axis=1).to_numpy() if asked.by else True
    _check_rank(x[rank][usable], rank, where)
    limits = _bounds(x[outcome], outcome, kind, bounds, where)
    if determinants:
        _check_independent(np.column_stack([x[d][usable] for d in determinants]), determinants, where)
    return Ranked(frame=asked.frame, by=asked.by, x=x, kind=kind, bounds=limits,
                  notes=_notes(x[outcome][usable], outcome, rank, kind, limits))  # fmt: skip


def named_determinants(determinants: Sequence[str], *, outcome: str, where: str) -> tuple[str, ...]:
    """The names of one or more different columns, none of them the outcome or a name the result needs."""
    names = as_names("determinants", determinants)
    if not names or len(set(names)) < len(names):
        raise InputError("determinants are empty or repeated", expected="each column once", got=", ".join(names) or "none",
                         where=where)  # fmt: skip
    for taken in (outcome, RESIDUAL):
        if taken in names:
            raise InputError(f"{taken!r} cannot be a determinant", expected="columns other than the outcome, none named "
                             f"{RESIDUAL!r}", where=where)  # fmt: skip
    return names


def _check_rank(rank: Array, name: str, where: str) -> None:
    if len(rank) and rank.min() == rank.max():
        raise DataError(
            f"rank column {name!r} has one value in all rows", expected="values that order the rows", where=where
        )


def _bounds(outcome: Array, name: str, kind: ConcentrationKind, bounds: Any, where: str) -> Bounds | None:
    """The bounds of the outcome where the index needs them, from the data only where those are 0 and 1."""
    if kind == "standard":
        if bounds is not None:
            raise InputError("bounds do not enter the standard index", expected='kind="erreygers" or "wagstaff", or no bounds',
                             where=where)  # fmt: skip
        return None
    known = outcome[~np.isnan(outcome)]
    if bounds is None:
        if not is_binary(known):
            raise InputError(f"the {kind} index needs the bounds of outcome {name!r}", expected="bounds=(lowest, highest)",
                             got=f"values from {known.min(initial=np.inf):g} to {known.max(initial=-np.inf):g}", where=where,
                             next_step="give the values that are possible, not those that occur")  # fmt: skip
        return (0.0, 1.0)
    low, high = _two_numbers(bounds, where)
    outside = (outcome < low) | (outcome > high)
    if outside.any():
        raise DataError(f"outcome column {name!r} has values outside its bounds", expected=f"{low:g} to {high:g}",
                        got=count_rows(outside), where=where)  # fmt: skip
    return (low, high)


def _two_numbers(bounds: Any, where: str) -> Bounds:
    given = tuple(bounds) if isinstance(bounds, (tuple, list)) else ()
    fine = len(given) == 2 and all(
        isinstance(b, Real) and not isinstance(b, bool) and np.isfinite(float(b)) for b in given
    )
    if not fine or not given[0] < given[1]:
        raise InputError(
            f"bounds={bounds!r} are no bounds", expected="(lowest, highest), two finite numbers", where=where
        )
    return (float(given[0]), float(given[1]))


def _check_independent(z: Array, names: tuple[str, ...], where: str) -> None:
    """Raise for the first determinant that is constant, or a linear function of those before it, over all rows."""
    centred = z - z.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    for k, name in enumerate(names):
        if spread[k] <= RANK_TOLERANCE * np.abs(z[:, k]).max(initial=0.0):
            raise DataError(f"determinant {name!r} is constant", expected="values that differ", where=where)
        if np.linalg.matrix_rank(centred[:, : k + 1] / spread[: k + 1], tol=RANK_TOLERANCE) <= k:
            raise DataError(f"determinant {name!r} is a linear function of {', '.join(names[:k])}", where=where,
                            expected="determinants that are not collinear",
                            next_step="leave one of them out, such as the reference category of a set of indicators")  # fmt: skip


def is_binary(values: NDArray[Any]) -> bool:
    """Whether all values are 0 or 1, and some are there."""
    return bool(len(values)) and bool(np.isin(values, (0.0, 1.0)).all())


def _notes(outcome: Array, name: str, rank: str, kind: ConcentrationKind, bounds: Bounds | None) -> tuple[str, ...]:
    said = [f"{name} by the rank of {rank}, lowest first; ranks are weighted mid-ranks"]
    if bounds is not None:
        said.append(f"{kind} index, bounds {bounds[0]:g} and {bounds[1]:g}")
    elif is_binary(outcome):
        said.append(f"{name} is 0 or 1: the limits of the standard index depend on its mean, so compare groups of different "
                    'means by kind="erreygers" or "wagstaff" too')  # fmt: skip
    if (negative := int((outcome < 0).sum())) and bounds is None:
        said.append(f"{negative} rows have negative {name}: the index may exceed 1 in size")
    return tuple(said)
