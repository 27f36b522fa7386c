"""What harmonising gives: canonical tables, as pandas and on the engine, with issues and catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from fanpin.core.columns import KEYS
from fanpin.core.engine import fetch_frame


@dataclass(frozen=True, kw_only=True)
class Harmonised:
    """The canonical tables of one source.

    Attributes
    ----------
    source : the source's name.
    tables : canonical table name -> Ibis table, in no order, on an engine that lives as long as this object.
    issues : failures of validation that did not stop the build: file, table, column, rule, rows, examples, action.
    catalogue : a row for each canonical column and wave: where it comes from and how much of it is missing, why.
    rows_read : raw file -> rows read from it; their sum by role is the number of rows of the table made from it and of those
        that `issues` lists as left out or joined.
    """

    source: str
    tables: dict[str, ir.Table]
    issues: pd.DataFrame
    catalogue: pd.DataFrame
    rows_read: dict[str, int]
    store: Any = field(repr=False)

    @cached_property
    def household_wave(self) -> pd.DataFrame | None:
        """One row a household and wave; None if the source has no households."""
        return self._frame("household_wave")

    @cached_property
    def person_wave(self) -> pd.DataFrame | None:
        """One row a person and wave; None if the source has no persons."""
        return self._frame("person_wave")

    @cached_property
    def place_wave(self) -> pd.DataFrame | None:
        """One row a place and wave; None if the source has no places."""
        return self._frame("place_wave")

    def _frame(self, table: str) -> pd.DataFrame | None:
        return fetch_frame(self.tables[table].order_by(list(KEYS[table]))) if table in self.tables else None
