"""What figures read from measures, checked by name before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from fanpin.core.errors import InputError, require_columns, unknown_name
from fanpin.core.options import Language
from fanpin.report.labels import Labels, label
from fanpin.report.numbers import fixed
from fanpin.results import Measures


def rows_of(measures: Any, terms: Iterable[str], columns: Iterable[str], *, level: float, where: str) -> pd.DataFrame:
    """The tidy rows of the named terms.

    Raises
    ------
    InputError : not measures.
    UnknownNameError : a term or a column is not there.
    """
    if not isinstance(measures, Measures):
        raise InputError(f"{where} draws Measures", got=type(measures).__name__)
    tidy = measures.tidy(level)
    for name in terms:
        if name not in set(tidy["term"]):
            raise unknown_name(
                "term", name, tidy["term"].unique(), where=f"{where}, measures of kind {measures.kind!r}"
            )
    require_columns(tidy.columns, columns, where=where)
    return tidy[tidy["term"].isin(list(terms))].reset_index(drop=True)


def curves_of(rows: pd.DataFrame, by: list[str], along: str, labels: Labels, lang: Language) -> dict[str, pd.DataFrame]:
    """Name of each group -> its rows in order of the column `along`; the only curve without groups has no name."""
    if not by:
        return {"": rows.sort_values(along)}
    return {
        group_words(dict(zip(by, values, strict=True)), labels, lang): part.sort_values(along)
        for values, part in rows.groupby(by, sort=True, observed=True)
    }


def group_words(values: dict[str, Any], labels: Labels, lang: Language) -> str:
    """The values of `by` columns in words; numbers are said with their column's name."""
    said = []
    for name, value in values.items():
        known = str(value) in labels
        words = label(str(value), labels, lang) if known else str(value)
        said.append(words if known or isinstance(value, str) else f"{label(name, labels, lang)} = {words}")
    return ", ".join(said)


def percent(share: float, lang: Language, digits: int = 1) -> str:
    """`14.4 %`, or `14.4%` in Chinese."""
    return f"{fixed(100 * share, digits)}{'%' if lang == 'zh' else ' %'}"


def percent_interval(low: float, high: float, digits: int = 1) -> str:
    """`[13.4, 15.4]`."""
    return f"[{fixed(100 * low, digits)}, {fixed(100 * high, digits)}]"
