"""What was asked of `inequality` and `inequality_decomposition`, checked before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named
from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError, unknown_name
from fanpin.core.numbers import count_rows, number_column
from fanpin.kernels.index import BoundedIndex
from fanpin.measure.cells import By
from fanpin.measure.requested import requested

CONTEXT = ("population",)
ALLOWED = {"zero": ("negative", "values of 0 and above"), "positive": ("0 or below", "positive values")}
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inequality:
    """The columns asked for.

    Attributes
    ----------
    frame : the rows, of the columns that are needed if they came from an Ibis table.
    welfare : (n,) values, NaN where missing; `name` is the column's.
    by, design, size : as given, `by` as a tuple.
    """

    frame: pd.DataFrame
    name: str
    welfare: NDArray[np.float64]
    by: tuple[str, ...]
    design: Design | None
    size: str | None

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(n,) rows with welfare and a group."""
        grouped = self.frame[list(self.by)].notna().all(axis=1).to_numpy() if self.by else True
        return ~np.isnan(self.welfare) & grouped


def inequality_request(
    data: Any, *, welfare: str, others: Sequence[str] = (), by: By, design: Design | None, size: str | None, where: str
) -> Inequality:
    """The request, every column checked by name; `others` are further columns that are needed."""
    check_columns_named(where, welfare=welfare)
    asked = requested(data, [welfare, *others], by=by, design=design, size=size, context=CONTEXT, where=where)
    frame, groups = asked.frame, asked.by
    values = number_column(frame, welfare, role="welfare", where=where)
    return Inequality(frame=frame, name=welfare, welfare=values, by=groups, design=design, size=size)


def made_index(
    name: str, indices: Mapping[str, Callable[[], Made]], families: Mapping[str, Callable[[float], Made]], *, where: str
) -> Made:
    """The index of a name such as "gini" or, with its number, "ge:2".

    Raises
    ------
    UnknownNameError : no index has the name; the closest are listed.
    InputError : the number is missing, is none, or is one the family has no index for.
    """
    if name in indices:
        return indices[name]()
    family, _, written = name.partition(":")
    if family not in families:
        raise unknown_name("index", name, _known(indices, families), where=where)
    number = _number(written)
    if number is None or (family == "atkinson" and number <= 0):
        expected = "a positive number after the colon" if family == "atkinson" else "a number after the colon"
        raise InputError(
            f"index {name!r} does not say which one", expected=f"{expected}, such as {family}:0.5", where=where
        )
    return families[family](number)


def _known(indices: Iterable[str], families: Iterable[str]) -> list[str]:
    return [*indices, *(f"{f}:<number>" for f in families)]


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def refuse_low(asked: Inequality, indices: Sequence[BoundedIndex], *, where: str) -> None:
    """Raise where welfare holds values for which an index is not defined."""
    for bound, (problem, expected) in ALLOWED.items():
        terms = [t for i in indices if i.lowest == bound for t in i.terms]
        low = asked.inside & ((asked.welfare <= 0) if bound == "positive" else (asked.welfare < 0))
        if terms and low.any():
            column = f"data[{asked.name!r}]"
            raise DataError(
                f"{', '.join(terms)} of {asked.name!r}: not defined where welfare is {problem}", expected=expected,
                got=f"{count_rows(low)} ({100 * low.sum() / asked.inside.sum():.2g} % of those measured)", where=where,
                next_step=f"to leave these rows out, make them missing: {column}.where({column} {'>' if bound == 'positive' else '>='} 0); "
                "they are then counted in a note and their PSUs stay in the design",
            )  # fmt: skip


def negative_note(asked: Inequality) -> tuple[str, ...]:
    """A sentence where some welfare is negative, else none."""
    negative = int((asked.inside & (asked.welfare < 0)).sum())
    if not negative:
        return ()
    return (f"{negative} rows have negative {asked.name}: the Gini index is then not bounded by 1, and shares of welfare may be "
            "negative",)  # fmt: skip
