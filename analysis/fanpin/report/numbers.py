"""Numbers as they are printed; every format prints the same text."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError

MINUS = "−"
NONE = "–"
STAR_LEVELS = ((0.01, "***"), (0.05, "**"), (0.10, "*"))


def fixed(value: float | None, digits: int) -> str:
    """A number with `digits` decimals, thousands separated by commas and a true minus; a dash when missing.

    What rounds to zero prints without a sign.
    """
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", MINUS)


def decimals_for(errors: list[float], digits: int | None) -> int:
    """Decimals for a row: as asked, or three, or as many as show two digits of a standard error that rounds to 0."""
    if digits is not None:
        return digits
    small = [e for e in errors if math.isfinite(e) and 0 < e < 0.0005]
    return min(8, 1 - math.floor(math.log10(min(small)))) if small else 3


def p_text(p: float) -> str:
    """A p-value with three decimals, or "<0.001"."""
    if math.isnan(p):
        return NONE
    return "<0.001" if p < 0.0005 else fixed(p, 3)


def star_text(p: float) -> str:
    """The stars of a p-value."""
    return next((stars for limit, stars in STAR_LEVELS if p < limit), "")


def interval_text(low: float, high: float, digits: int) -> str:
    """`[low, high]`, or a dash when both limits are missing."""
    if math.isnan(low) and math.isnan(high):
        return NONE
    return f"[{fixed(low, digits)}, {fixed(high, digits)}]"


def formatted(value: Any, spec: str) -> str:
    """A value printed by a Python format specification such as ",.0f" or ".1%"."""
    if _is_missing(value):
        return NONE
    try:
        return format(value, spec).replace("-", MINUS)
    except (ValueError, TypeError) as error:
        raise InputError(f"the number format {spec!r} cannot print {value!r}", expected="such as ',.0f' or '.1%'",
                         got=str(error)) from error  # fmt: skip


def plain(value: Any, digits: int) -> str:
    """A value of a data frame: whole numbers with separators, other numbers with `digits` decimals, text as it is."""
    if _is_missing(value):
        return NONE
    if isinstance(value, Integral) and not isinstance(value, bool):
        return fixed(float(value), 0)
    if isinstance(value, Real) and not isinstance(value, bool):
        return fixed(float(value), digits)
    return str(value)


def number(value: Any) -> float | None:
    """The value as a float where it is a number, else None."""
    if isinstance(value, bool) or not isinstance(value, Real) or _is_missing(value):
        return None
    return float(value) if math.isfinite(float(value)) else None


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
