"""From estimates by cell and their covariance to Measures."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DesignWarning
from fanpin.results import Measures
from fanpin.results.measures import measure_key


def assemble(
    rows: pd.DataFrame,
    cov: NDArray[np.float64],
    *,
    by: tuple[str, ...],
    psus: NDArray[np.int64] | None = None,
    stacklevel: int,
    notes: tuple[str, ...] = (),
    **fields: Any,
) -> Measures:
    """Measures of the rows; estimates that rest on one PSU get no standard error, and a warning that names them.

    A ratio over rows of a single PSU has residuals that sum to 0 in it, so that its linearised variance is 0 whatever the
    sampling error.

    Parameters
    ----------
    rows : frame
        As in `Measures`.
    cov : (k, k) array
        Joint covariance of the rows' estimates.
    by : tuple of str
        Columns that identify a row, with `term`.
    psus : (k,) integer array or None
        PSUs behind each estimate; None where the covariance does not rest on PSUs.
    stacklevel : int
        Frames between this function and the user's call.
    notes : tuple of str
        Sentences a reader must see.
    **fields
        Other fields of `Measures`.
    """
    records = rows[["term", *by]].to_dict("records")
    keys = pd.Index([measure_key(r["term"], {b: r[b] for b in by}) for r in records])
    alone = np.zeros(len(rows), dtype=bool) if psus is None else psus < 2
    if alone.any():
        cov = np.where(alone[:, None] | alone[None, :], np.nan, cov)
        text = f"{int(alone.sum())} estimates rest on a single PSU and have no standard error: {_listed(keys[alone])}"
        warnings.warn(text, DesignWarning, stacklevel=stacklevel + 1)
        notes = (*notes, text)
    undefined = rows["estimate"].isna().to_numpy()
    if undefined.any():
        cov = np.where(undefined[:, None] | undefined[None, :], np.nan, cov)
        notes = (*notes, f"{int(undefined.sum())} estimates are not defined: " + _listed(keys[undefined]))
    return Measures(rows=rows, cov=pd.DataFrame(cov, index=keys, columns=keys), by=by, notes=notes, **fields)


def _listed(keys: pd.Index) -> str:
    return ", ".join(keys[:10]) + (", …" if len(keys) > 10 else "")
