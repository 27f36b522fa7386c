"""The points at which a curve over shares of the population is measured."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from numbers import Real
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError

SHARE = "population_share"


def curve_points(points: Any, *, where: str) -> tuple[float, ...]:
    """The points as increasing shares of the population.

    Raises
    ------
    InputError : no points, points outside (0, 1], or points that do not increase.
    """
    given = tuple(points) if isinstance(points, Iterable) and not isinstance(points, str) else (points,)
    for p in given:
        if isinstance(p, bool) or not isinstance(p, Real) or not 0 < float(p) <= 1:
            raise InputError(f"the point {p!r} is no share of the population", expected="0 < point <= 1", where=where,
                             next_step="divide a percentage by 100")  # fmt: skip
    shares = tuple(round(float(p), 10) for p in given)  # 3 * 0.05 is 0.15
    if not shares or any(b <= a for a, b in pairwise(shares)):
        raise InputError("points do not increase, or there is none", expected="such as [0.2, 0.4, 0.6, 0.8, 1]", got=shares,
                         where=where)  # fmt: skip
    return shares


def curve_terms(name: str, points: tuple[float, ...]) -> pd.DataFrame:
    """A row for each point: the curve's term and the share of the population."""
    return pd.DataFrame({"term": name, SHARE: list(points)})
