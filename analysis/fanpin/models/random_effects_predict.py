"""Probabilities of single rows with a unit effect integrated out, set to 0, or as the unit's outcomes suggest it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.options import EffectTaken, check_option
from fanpin.kernels.links import link_by_name
from fanpin.kernels.random_effects.refit import posterior_probabilities
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.frailty_response import Response, response_of
from fanpin.models.random_effects_after import rebuilt_panel, require_effect
from fanpin.models.sample import as_frame, complete_rows
from fanpin.results import Estimates
from fanpin.results.inference import confidence_limits


def unit_probabilities(
    result: Estimates, data: Any = None, *, effect: EffectTaken = "integrated", level: float = 0.95
) -> pd.DataFrame:
    """The probability of the event in each row.

    Parameters
    ----------
    result : Estimates
        From `fanpin.random_effects` or `fanpin.hazard` with normal frailty.
    data : DataFrame, optional
        Rows to predict for, by default those of the estimation.
    effect : {"integrated", "zero", "posterior"}
        "integrated" is the probability of a unit drawn anew; "zero" that of a unit with an effect of 0, the median one;
        "posterior" the mean over the unit's own effect given its outcomes in `data`, which must hold the outcome and unit.
    level : float
        Confidence level of the limits.

    Returns
    -------
    DataFrame
        Columns probability, std_error, conf_low, conf_high, indexed as the complete rows of the data. Standard errors are
        by the delta method from coefficients and sigma; limits are symmetric in log-odds;
        "posterior" takes the estimates as known and has neither.

    Raises
    ------
    InapplicableError : the result has no normal unit effect, or no data.
    UnknownNameError : another word for `effect`, a column absent, a level not seen before.
    """
    require_effect(result)
    check_option("effect", effect, EffectTaken)
    if effect == "posterior":
        return _posterior(result, data)
    matrix, offset = DesignMatrix.from_options(result.options["model_matrix"]), result.options["offset"]
    needed = [*matrix.formula.variables, *([offset] if offset is not None else [])]
    frame = complete_rows(as_frame(result.estimation_frame(data), needed), needed, where="unit_probabilities").frame
    response = response_of(result, matrix)
    if effect == "zero":
        response = Response(link_by_name(str(result.link)), (), response.beta, matrix.names)
    x = matrix.build(frame)
    eta = x @ response.beta + (0.0 if offset is None else as_floats(frame[offset], "offset"))
    p = response.level.inverse(eta)
    gradient = np.column_stack(
        [x * response.level.slope(eta)[:, None], *(d.inverse(eta) for d in response.derivatives)]
    )
    cov = result.cov.loc[list(response.names), list(response.names)].to_numpy(dtype=float)
    error = np.sqrt(np.einsum("ij,jk,ik->i", gradient, cov, gradient))
    low, high = confidence_limits(p, error, level=level, df=result.df_resid, interval="logit")
    return pd.DataFrame({"probability": p, "std_error": error, "conf_low": low, "conf_high": high}, index=frame.index)


def _posterior(result: Estimates, data: Any) -> pd.DataFrame:
    panel, units, theta, _, index = rebuilt_panel(result, data)
    p = np.empty(len(panel.y))
    p[units.order] = posterior_probabilities(panel, theta, int(result.diagnostics["points"]))
    missing = np.full(len(p), np.nan)
    return pd.DataFrame(
        {"probability": p, "std_error": missing, "conf_low": missing, "conf_high": missing}, index=index
    )
