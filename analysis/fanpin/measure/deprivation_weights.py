"""Weights of deprivation indicators, given in one of three ways, as one positive number each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from fanpin.core.errors import InputError, unknown_name

Weights = str | Mapping[str, float] | Mapping[str, Sequence[str]]
NEAR_ONE = 1e-6  # weights typed with six decimals sum to 1


def indicator_weights(weights: Any, indicators: tuple[str, ...], *, where: str) -> tuple[float, ...]:
    """A weight for each indicator, which sum to 1.

    Parameters
    ----------
    weights : "equal", {indicator: weight} or {dimension: [indicators]}
        Dimensions weigh the same, and so do the indicators of each.
    indicators : tuple of str
        Their order is that of the result.
    where : str
        The public function, for messages.

    Raises
    ------
    InputError : not one of these forms; a weight is no positive number; weights do not sum to 1; an indicator is in two
        dimensions; an indicator has no weight.
    UnknownNameError : a weight is given to what is no indicator.
    """
    if isinstance(weights, str) and weights == "equal":
        return tuple(1.0 / len(indicators) for _ in indicators)
    if not isinstance(weights, Mapping) or not weights:
        raise InputError(f"weights={weights!r} are no weights", where=where,
                         expected='"equal", {indicator: weight} or {dimension: [indicators]}')  # fmt: skip
    listed = [isinstance(v, (list, tuple)) for v in weights.values()]
    if any(listed) and not all(listed):
        raise InputError("weights mix numbers and lists", expected="{indicator: weight} or {dimension: [indicators]}", where=where)  # fmt: skip
    found = _from_dimensions(weights, where) if all(listed) else dict(weights)
    _check_names(found, indicators, where)
    return _checked([found[i] for i in indicators], indicators, where)


def _from_dimensions(weights: Mapping[str, Sequence[str]], where: str) -> dict[str, float]:
    empty = [d for d, members in weights.items() if not members]
    if empty:
        raise InputError(f"dimension {empty[0]!r} has no indicator", where=where)
    members = [i for inside in weights.values() for i in inside]
    twice = sorted({i for i in members if members.count(i) > 1})
    if twice:
        raise InputError(f"indicator {twice[0]!r} is in two dimensions or twice in one", expected="one dimension each", where=where)  # fmt: skip
    return {i: 1.0 / (len(weights) * len(inside)) for inside in weights.values() for i in inside}


def _check_names(found: Mapping[str, Any], indicators: tuple[str, ...], where: str) -> None:
    for name in found:
        if name not in indicators:
            raise unknown_name("indicator with a weight", name, indicators, where=where)
    lacking = [i for i in indicators if i not in found]
    if lacking:
        raise InputError(f"{len(lacking)} indicators have no weight", got=", ".join(lacking), where=where,
                         next_step="give each a weight, or leave it out of indicators=")  # fmt: skip


def _checked(values: list[Any], indicators: tuple[str, ...], where: str) -> tuple[float, ...]:
    for name, value in zip(indicators, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < np.inf:
            raise InputError(f"the weight of {name!r} is {value!r}", expected="a positive number", where=where)
    total = float(np.sum(np.asarray(values, dtype=float)))
    if abs(total - 1.0) > NEAR_ONE:
        raise InputError(f"weights sum to {total:.10g}", expected="a sum of 1", where=where,
                         next_step="divide each by their sum")  # fmt: skip
    return tuple(float(v) / total for v in values)
