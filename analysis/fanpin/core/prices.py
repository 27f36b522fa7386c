"""Consumer price indices that come with the toolkit."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from fanpin.core.errors import unknown_name


@cache
def price_series() -> dict[str, dict]:
    """Price series by name: label, source, status, and the index with the previous year = 100."""
    return tomllib.loads(files("fanpin.core").joinpath("prices.toml").read_text("utf-8"))


def price_levels(name: str) -> dict[int, float]:
    """The level of consumer prices by year, the year before the first one = 1.

    Raises
    ------
    UnknownNameError : no such series.
    """
    if name not in price_series():
        raise unknown_name("price series", name, price_series(), where="fanpin/core/prices.toml")
    steps = {int(y): float(x) for y, x in price_series()[name]["previous_year_100"].items()}
    levels = {min(steps) - 1: 1.0}
    for year in sorted(steps):
        levels[year] = levels[year - 1] * steps[year] / 100
    return levels
