"""Poverty lines: what a household's welfare is compared with."""

from __future__ import annotations

import math
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from numbers import Integral, Real
from typing import Literal

from fanpin.core.arguments import as_names
from fanpin.core.errors import InputError, UnverifiedLineWarning, unknown_name
from fanpin.core.options import LineStatistic, Period, check_option

PERIODS_A_YEAR: dict[str, float] = {"year": 1.0, "month": 12.0, "day": 365.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A poverty line; make one with `absolute`, `relative`, `official`, `international`, `by_time` or `column`.

    Attributes
    ----------
    kind : "absolute", "relative", "by_time" or "column"; official and international lines are absolute or by time.
    amount : money per **year** (absolute lines), converted from the period given.
    currency, year : what the amount is measured in: currency code and price year.
    share, of : the line is `share` times the `of` ("median" or "mean") of welfare.
    by : columns within which a relative line is taken, besides time.
    name : the column that holds each row's own line.
    amounts : pairs of time and amount, for a line that differs from wave to wave.
    source : where an official amount was published, with its status, or how the amount was computed.
    """

    kind: Literal["absolute", "relative", "by_time", "column"]
    amount: float | None = None
    currency: str | None = None
    year: int | None = None
    share: float | None = None
    of: LineStatistic = "median"
    by: tuple[str, ...] = ()
    name: str | None = None
    amounts: tuple[tuple[int, float], ...] = ()
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
    def official(cls, name: str, year: int | Literal["by-time"]) -> Line:
        """A published line by name and year, such as `Line.official("cn-rural", 2016)`.

        With year="by-time" each wave of a panel has the nominal line of its own year; `poverty_status` names the waves
        for which no amount is published. `fanpin.core.line.official_lines()` lists the lines with their sources.

        Warns
        -----
        UnverifiedLineWarning : the amount was derived from another figure and not read as such.
        """
        lines = official_lines()
        if name not in lines:
            raise unknown_name("official line", name, lines)
        spec, years = lines[name], lines[name]["amounts"]
        wanted = list(years) if year == "by-time" else [str(year)]
        if wanted[0] not in years:
            raise unknown_name(f"year of the official line {name!r}", year, years)
        derived = [y for y in wanted if int(y) in spec.get("derived", [])]
        if derived:
            warnings.warn(
                f"the official line {name!r} of {', '.join(derived)} is derived: {spec['status'][derived[0]]}",
                UnverifiedLineWarning, stacklevel=2,
            )  # fmt: skip
        if year == "by-time":
            table = {int(y): float(amount) for y, amount in years.items()}
            return cls.by_time(table, currency=spec["currency"], source=f"{spec['label']['en']}: {spec['source']}")
        return cls(
            kind="absolute",
            amount=float(years[str(year)]),
            currency=spec["currency"],
            year=year,
            source=f"{spec['label']['en']}, {year}: {spec['status'].get(str(year), spec['source'])}",
        )

    @classmethod
    def international(
        cls, dollars_a_day: float, *, ppp: float, currency: str, year: int, cpi_ratio: float = 1.0
    ) -> Line:
        """A line in purchasing-power dollars a day, in `currency` at prices of `year`.

        amount a year = dollars_a_day x 365 x ppp x cpi_ratio, for the $2.15 line at 2017 prices: `ppp` currency units per
        international dollar of 2017 (private consumption), and `cpi_ratio` the consumer prices of `year` over those of
        2017. Both are the user's: the World Bank revises them.
        """
        factors = {"dollars_a_day": dollars_a_day, "ppp": ppp, "cpi_ratio": cpi_ratio}
        amount = math.prod(_positive(v, n) for n, v in factors.items()) * PERIODS_A_YEAR["day"]
        return cls(kind="absolute", amount=amount, currency=currency, year=year,
                   source=f"{dollars_a_day:g} dollars a day x 365 x PPP {ppp:g} x price ratio {cpi_ratio:g}")  # fmt: skip

    @classmethod
    def by_time(cls, amounts: Mapping[int, float], *, currency: str, source: str | None = None) -> Line:
        """An amount per year for each wave: {2018: 3535, 2020: 4000}; keys are the panel's times."""
        if not isinstance(amounts, Mapping) or not amounts:
            raise InputError("a line by time needs amounts", expected="a mapping {time: amount}", got=repr(amounts))
        odd = [t for t in amounts if isinstance(t, bool) or not isinstance(t, Integral)]
        if odd:
            raise InputError(f"time {odd[0]!r} of a line is no whole number", expected="the panel's times")
        pairs = sorted((int(t), _positive(a, f"amount of {t}")) for t, a in amounts.items())
        return cls(kind="by_time", amounts=tuple(pairs), currency=currency, source=source)

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
        if self.kind == "by_time":
            listed = ", ".join(f"{time}: {amount:,.10g}" for time, amount in self.amounts)
            return f"{self.currency} a year at each wave's prices ({listed})"
        return f"column {self.name}"


@cache
def official_lines() -> dict[str, dict]:
    """Published poverty lines: name -> label, currency, amounts by year, source and status."""
    return tomllib.loads(files("fanpin.core").joinpath("lines.toml").read_text("utf-8"))


def _positive(value: float, name: str) -> float:
    if not (isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and value > 0):
        raise InputError(f"a poverty line with {name} {value!r} is impossible", expected="a positive finite number")
    return float(value)
