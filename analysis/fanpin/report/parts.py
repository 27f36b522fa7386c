"""What the long and the wide layout of measures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fanpin.report.numbers import decimals_for
from fanpin.report.request import Request


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One result's share of the table: its heading, the prefix of its row ids, its name, and its tidy rows."""

    heading: str
    prefix: str
    name: str
    by: tuple[str, ...]
    tidy: pd.DataFrame


def by_words(record: dict[Any, Any], by: Sequence[str], request: Request) -> str:
    """The values of the `by` columns, printed."""
    return ", ".join(request.of_group(b, record[b]) for b in by)


def digits_for(errors: list[float], request: Request) -> int:
    """Decimals of estimates: one in per cent, else three or as many as the standard errors need."""
    return 1 if request.percent and request.digits is None else decimals_for(errors, request.digits)


def scale(request: Request) -> float:
    """What shares are multiplied by before they are printed."""
    return 100.0 if request.percent else 1.0
