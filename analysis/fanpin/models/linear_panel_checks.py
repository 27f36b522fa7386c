"""What keeps a linear panel model from being estimated, by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, EstimationError
from fanpin.models.checks import first_dependent
from fanpin.models.linear_panel_fit import PanelArrays

Array = NDArray[np.float64]
LEAST_VARIATION = 1e-12  # of squares left after a transformation, in proportion to squares before


def check_unique(frame: pd.DataFrame, unit: str, time: str, where: str) -> None:
    """Raise where a unit has two rows at one time."""
    twice = frame.duplicated([unit, time])
    if twice.any():
        row = frame[twice].iloc[0]
        raise DataError(f"{int(twice.sum()):,} rows repeat a pair of {unit!r} and {time!r}", expected="one row per pair",
                        got=f"{unit}={row[unit]}, {time}={row[time]}", where=where)  # fmt: skip


def check_transformed(panel: PanelArrays, y: Array, x: Array, *, outcome: str, by: str, where: str) -> None:
    """Raise for an outcome without variation, and for columns without any of their own.

    Parameters
    ----------
    panel : PanelArrays
        Before the transformation.
    y, x : arrays
        The outcome and the columns as the estimator sees them.
    outcome, where : str
        For messages.
    by : str
        What removed the variation, such as "the unit effects"; empty where nothing was removed.

    Raises
    ------
    EstimationError : fewer rows than coefficients; an outcome that does not vary; columns that do not vary, or are
        combinations of others.
    """
    if len(y) <= x.shape[1]:
        raise EstimationError(f"{len(y)} rows cannot determine {x.shape[1]} coefficients", where=where,
                              expected="more rows than coefficients")  # fmt: skip
    given = panel.y - panel.y.mean()
    if y @ y <= LEAST_VARIATION * (panel.y @ panel.y) or given @ given == 0.0:
        reason = f" beyond {by}" if given @ given > 0.0 else ""
        raise EstimationError(
            f"the outcome {outcome!r} does not vary{reason}", where=where, expected="values that differ"
        )
    before, after = np.einsum("ij,ij->j", panel.x, panel.x), np.einsum("ij,ij->j", x, x)
    gone = [panel.names[j] for j in np.flatnonzero(after <= LEAST_VARIATION * before)]
    if gone:
        raise EstimationError(
            f"{', '.join(gone)} {'does' if len(gone) == 1 else 'do'} not vary beyond {by or 'zero'}", where=where,
            expected="columns that the effects leave something of",
            next_step="leave out, or use effects='random' with within means",
        )  # fmt: skip
    has_intercept = panel.names[0] == "Intercept"
    if has_intercept:
        flat = [n for n, v in zip(panel.names[1:], np.ptp(x[:, 1:], axis=0), strict=True) if v == 0.0]
        if flat:
            raise EstimationError(f"the column {flat[0]!r} is constant", where=where, next_step="leave it out")
    found = first_dependent(x, has_intercept)
    if found is not None:
        name, others = panel.names[found[0]], ", ".join(panel.names[j] for j in found[1])
        raise EstimationError(f"the column {name!r} is a combination of others", got=f"{others}{f', given {by}' if by else ''}",
                              expected="columns of full rank", where=where,
                              next_step=f"leave {name!r} or one of the others out")  # fmt: skip
