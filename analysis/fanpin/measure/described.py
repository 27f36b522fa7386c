"""From terms told apart by a suffix to `by` columns and columns of context."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from fanpin.results import Measures
from fanpin.results.measures import measure_key


def described(
    measures: Measures, terms: pd.DataFrame, *, by: tuple[str, ...] = (), context: tuple[str, ...] = ()
) -> Measures:
    """The same measures, each term replaced by what `terms` says of it.

    Parameters
    ----------
    measures : Measures
        As the engine gives them: a row a term and group, the groups of one term together.
    terms : (q, …) frame
        A row for each term in their order: its name `term` and the values of the columns below.
    by : tuple of str
        Columns that with `term` and the groups identify a row; they follow the groups.
    context : tuple of str
        Columns that tell more of a row, placed last.
    """
    row = np.repeat(np.arange(len(terms)), len(measures.rows) // len(terms))
    known = terms.iloc[row].reset_index(drop=True)
    groups = measures.rows.drop(columns="term")
    before, after = groups[list(measures.by)], groups.drop(columns=list(measures.by))
    rows = pd.concat([known[["term"]], before, known[list(by)], after, known[list(context)]], axis=1)
    names = (*measures.by, *by)
    keys = pd.Index([measure_key(r["term"], {b: r[b] for b in names}) for r in rows.to_dict("records")])
    cov = pd.DataFrame(measures.cov.to_numpy(), index=keys, columns=keys)
    return replace(measures, rows=rows, cov=cov, by=names)
