"""Poverty lines: what a household's welfare is compared with."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from numbers import Real
from typing import Literal

from fanpin.core.arguments import as_names
from fanpin.core.errors import InputError, unknown_name
from fanpin.core.options import LineStatistic, Period, check_option

PERIODS_A_YEAR: dict[str, float] = {"year": 1.0, "month": 12.0, "day": 365.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A poverty line; make one with `absolute`, `relative`, `official` or `column`.

    Attributes
    ----------
    kind : "absolute", "relative" or "column"; an official line is an absolute one with its source.
    amount : money per **year** (absolute lines), converted from the period given.
    currency, year : what the amount is measured in: currency code and price year.
    share, of : the line is `share` times the `of` ("median" or "mean") of welfare.
    by : columns within which a relative line is taken, besides time.
    name : the column that holds each row's own line.
    source : where an official amount was published, with its status.
    """

    kind: Literal["absolute", "relative", "column"]
    amount: float | None = None
    currency: str | None = None
    year: int | None = None
    share: float | None = None
    of: LineStatistic = "median"
    by: tuple[str, ...] = ()
    name: str | None = None
    source: str | None = None

    @classmethod
    def absolute(cls, amount: float, *, currency: str, year: int, period: Period = "year") -> Line:
        """A fixed amount per year, month or day, in `currency` at prices of `year`.

        Raises
        ------
        InputError : the amount is not a positive finite number, or the period is unknown.
        """
        check_option("period", period, Period)
        return cls(
            kind="absolute",
            amount=_positive(amount, "amount") * PERIODS_A_YEAR[period],
            currency=currency,
            year=year,
        )

    @classmethod
    def relative(cls, share: float, *, of: LineStatistic = "median", by: str | tuple[str, ...] | None = None) -> Line:
        """`share` times the weighted median or mean of welfare, within time and the columns `by`.

        The median is the smallest y with F(y) > 1/2, and the mean of the two values when F(y) = 1/2.
        """
        check_option("of", of, LineStatistic)
        if _positive(share, "share") > 5:
            raise InputError(
                f"a relative line of {share} times the {of} is impossible",
                expected="a share such as 0.6",
                next_step="divide a percentage by 100",
            )
        return cls(kind="relative", share=float(share), of=of, by=as_names("by", by))

    @classmethod
    def official(cls, name: str, year: int) -> Line:
        """A published line by name and year, such as `Line.official("cn-rural", 2016)`.

        `fanpin.core.line.official_lines()` lists the lines with the status of their sources.
        """
        lines = official_lines()
        if name not in lines:
            raise unknown_name("official line", name, lines)
        years = lines[name]["amounts"]
        if str(year) not in years:
            raise unknown_name(f"year of the official line {name!r}", year, years)
        return cls(
            kind="absolute",
            amount=float(years[str(year)]),
            currency=lines[name]["currency"],
            year=year,
            source=f"{lines[name]['label']['en']}, {year}: {lines[name]['status'].get(str(year), lines[name]['source'])}",
        )

    @classmethod
    def column(cls, name: str) -> Line:
        """Each row's own line, read from the column `name` (same unit as welfare)."""
        return cls(kind="column", name=name)

    def describe(self) -> str:
        """The line in words, for notes under tables."""
        if self.kind == "absolute":
            return f"{self.amount:,.10g} {self.currency} a year at {self.year} prices"
        if self.kind == "relative":
            within = f" within {', '.join(self.by)}" if self.by else ""
            return f"{100 * (self.share or 0):g} % of the {self.of}{within}"
        return f"column {self.name}"


@cache
def official_lines() -> dict[str, dict]:
    """Published poverty lines: name -> label, currency, amounts by year, source and status."""
    return tomllib.loads(files("fanpin.core").joinpath("lines.toml").read_text("utf-8"))


def _positive(value: float, name: str) -> float:
    if not (isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and value > 0):
        raise InputError(f"a poverty line with {name} {value!r} is impossible", expected="a positive finite number")
    return float(value)
