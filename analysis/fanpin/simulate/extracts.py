"""A raw file to be: its table and the labels that go into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

SIMULATED = "SIMULATED City C: no real household"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extract:
    """One raw file.

    Attributes
    ----------
    path : the file, relative to the folder written to.
    kind : dta, xlsx, csv, csv.gz or fixed (fixed width, .dat.gz with a DDI beside it).
    frame : its rows, under the names and in the codes of the source.
    labels : variable labels; of fixed width and csv.gz files they go into the DDI.
    values : value labels of variables with codes.
    title : the data set's label; it says that the data are simulated.
    """

    path: str
    kind: Literal["dta", "xlsx", "csv", "csv.gz", "fixed"]
    frame: pd.DataFrame
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    title: str = SIMULATED
