"""Differences of measures between the values of a `by` column, with the joint covariance."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from fanpin.core.errors import InapplicableError, unknown_name
from fanpin.measure.contrast import check_measures, combined
from fanpin.results import Measures

WHERE = "fp.differences"
STACK = 2


def differences(measures: Measures, *, over: str, base: Any = None) -> Measures:
    """Differences of every measure between the values of one `by` column, such as the change between waves.

    Each is later minus earlier, in the order of the values; standard errors use the joint covariance, see `contrast`.

    Parameters
    ----------
    measures : Measures
        Measured by `over`, among other columns perhaps.
    over : str
        The column whose values are compared, within each term and each group of the other columns.
    base : value of the column or None
        Compare the others with this value; None compares every pair.

    Returns
    -------
    Measures
        Of the same kind: a row a term, group and pair; `over` holds the pair, such as "2016 - 2012", and `n` the rows of
        data behind both.

    Raises
    ------
    UnknownNameError : the measures are not by `over`, or the base is not among its values.
    InapplicableError : no term and group is measured at two values.
    InputError : several results, which have no joint covariance.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> panel = pd.DataFrame({"id": [1, 2, 3, 4] * 2, "wave": [1] * 4 + [2] * 4, "y": [5.0, 9, 20, 30, 15, 8, 25, 40]})
    >>> line = fp.Line.absolute(10, currency="CNY", year=2010)
    >>> poor = fp.poverty(panel, welfare="y", line=line, indices="headcount", by="wave", design=fp.Design(psu="id"))
    >>> fp.differences(poor, over="wave").params
    headcount[wave=2 - 1]   -0.25
    Name: estimate, dtype: float64
    """
    check_measures(measures, where=WHERE)
    if over not in measures.by:
        raise unknown_name("by column", over, measures.by, where=f"over= of {WHERE}")
    values = list(dict.fromkeys(measures.rows[over].tolist()))
    if base is not None and base not in values:
        raise unknown_name(f"value of {over!r}", base, values, where=f"base= of {WHERE}")
    pairs = _pairs(measures, over, values, base)
    if not pairs:
        raise InapplicableError(
            f"nothing is measured at two values of {over!r}", got=", ".join(map(str, values)), where=WHERE
        )
    others = tuple(b for b in measures.by if b != over)
    labels = measures.rows[over].tolist()
    later = np.array([b for _, b in pairs])
    rows = measures.rows.iloc[later][["term", *others]].reset_index(drop=True)
    rows[over] = [f"{labels[b]} - {labels[a]}" for a, b in pairs]
    slopes = np.zeros((len(pairs), len(measures.rows)))
    for i, (a, b) in enumerate(pairs):
        slopes[i, a], slopes[i, b] = -1.0, 1.0
    estimates = measures.params.to_numpy()
    return combined(
        measures, rows, np.array([estimates[b] - estimates[a] for a, b in pairs]), slopes, by=(*others, over),
        options={"differences_over": over, "base": None if base is None else str(base)},
        notes=(f"differences over {over}, with the joint covariance", *_independence(measures)), stacklevel=STACK,
    )  # fmt: skip


def _pairs(measures: Measures, over: str, values: list[Any], base: Any) -> list[tuple[int, int]]:
    """Positions of the rows subtracted and subtracted from, term by term and group by group."""
    keys = ["term", *(b for b in measures.by if b != over)]
    order = {value: i for i, value in enumerate(values)}
    found = []
    for _, part in measures.rows.reset_index(drop=True).groupby(keys, sort=False, dropna=False):
        at = {value: int(i) for i, value in zip(part.index, part[over], strict=True)}
        present = sorted(at, key=lambda value: order[value])
        couples = combinations(present, 2) if base is None else ((base, v) for v in present if v != base)
        found += [(at[a], at[b]) for a, b in couples if a in at]
    return found


def _independence(measures: Measures) -> tuple[str, ...]:
    """What to say where every row of data is its own PSU."""
    if measures.design is None or measures.design.psu is not None:
        return ()
    return ("the design has no psu: rows of one household in several groups count as independent",)
