"""What follows a fit with a normal unit effect: the test of its variance, a check of its quadrature, posterior effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_table
from fanpin.core.errors import InapplicableError, InputError
from fanpin.core.numbers import positive_column
from fanpin.kernels.delta import delta_covariance
from fanpin.kernels.links import link_by_name
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.refit import posterior_moments, refit
from fanpin.kernels.random_effects.rule import MOST_POINTS
from fanpin.kernels.sandwich import cov_inverse_hessian
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.estimation import centre_columns
from fanpin.models.random_effects_fit import FEWEST_POINTS, check_points
from fanpin.models.random_effects_units import Units, sorted_units, unit_weights
from fanpin.models.sample import as_frame, binary_outcome, complete_rows
from fanpin.results import Estimates, HypothesisTest

Array = NDArray[np.float64]


def frailty_test(result: Estimates) -> HypothesisTest:
    """Likelihood-ratio test that units do not differ, sigma = 0.

    The null lies on the boundary of the parameter space, so that the statistic is 0 in half of all samples and chi-squared
    with one degree of freedom in the others (Self & Liang 1987, JASA 82:605-610). With a survey design, or clusters larger
    than units, the statistic is first divided by the ratio of sigma's variance to that of an independent likelihood, which
    for one parameter is the correction of Rao & Scott (1984, Annals of Statistics 12:46-60).

    Raises
    ------
    InapplicableError : the result has no normal unit effect.

    Examples
    --------
    >>> import pandas as pd
    >>> from fanpin.models import random_effects
    >>> rows = pd.DataFrame({"id": [i // 4 for i in range(80)], "event": ([1, 1, 1, 1] + [0, 0, 0, 1]) * 10})
    >>> round(frailty_test(random_effects("event ~ 1", rows, unit="id")).stat, 2)
    18.54
    """
    require_effect(result)
    found = result.diagnostics
    notes = ["p-value from an even mixture of chi-squared with 0 and with 1 degree of freedom"]
    if found["lr_scale"] != 1.0:
        notes.append(f"the likelihood ratio is divided by {found['lr_scale']:.4g} for weights and clusters")
    return HypothesisTest(
        name="Test of unobserved heterogeneity", stat=found["lr_statistic"], null="sigma is 0", distribution="chi2",
        df=1.0, pvalue_exact=found["lr_pvalue"], details={"sigma": float(result.params["sigma"])}, notes=tuple(notes),
        simulated=result.simulated,
    )  # fmt: skip


def quadrature_check(result: Estimates, data: Any = None, *, points: Sequence[int] | None = None) -> pd.DataFrame:
    """The fit at other numbers of quadrature points.

    Parameters
    ----------
    result : Estimates
        From `fanpin.random_effects` or `fanpin.hazard` with normal frailty.
    data : DataFrame, optional
        The data of the fit, for a result that was loaded from a file.
    points : sequence of int, optional
        Numbers of points, 7 to 400; by default half and twice those of the fit.

    Returns
    -------
    DataFrame
        One row a number of points: points, loglik, its change from the fit, sigma, the largest change of a parameter in
        standard errors (of the classic covariance) and its term, and whether a maximum was found.

    Raises
    ------
    InapplicableError : no normal unit effect, sigma at its boundary, or no data.
    """
    require_effect(result)
    if result.options["boundary"]:
        raise InapplicableError("sigma is at its boundary 0: nothing is integrated", got=result.notes[-1])
    used = int(result.diagnostics["points"])
    asked = [max(FEWEST_POINTS, used // 2), min(MOST_POINTS, 2 * used)] if points is None else _checked(points)
    panel, _, theta, back, _ = rebuilt_panel(result, data)
    names = [*result.params.index[: len(theta) - 1], "sigma"]
    at = refit(panel, theta, used, result.options["adaptation"])
    errors = np.sqrt(np.diag(delta_covariance(back, cov_inverse_hessian(at.at.information))))
    rows = []
    for count in asked:
        other = refit(panel, theta, count, result.options["adaptation"])
        moved = back @ (other.theta - theta) / errors
        worst = int(np.abs(moved).argmax())
        rows.append({"points": count, "loglik": other.at.loglik, "loglik_change": other.at.loglik - at.at.loglik,
                     "sigma": other.theta[-1], "largest_change": moved[worst], "term": names[worst],
                     "converged": other.converged})  # fmt: skip
    return pd.DataFrame(rows)


def posterior_effects(result: Estimates, data: Any = None) -> pd.DataFrame:
    """Each unit's effect given its outcomes, the estimates taken as known (empirical Bayes).

    Parameters
    ----------
    result : Estimates
        From `fanpin.random_effects` or `fanpin.hazard` with normal frailty.
    data : DataFrame, optional
        The data of the fit, for a result that was loaded from a file.

    Returns
    -------
    DataFrame
        One row a unit: its identifier, rows, events, posterior mean and standard deviation of sigma v_i on the scale of
        the linear predictor. At the boundary all effects are 0.

    Raises
    ------
    InapplicableError : no normal unit effect, or no data.
    """
    require_effect(result)
    panel, units, theta, _, _ = rebuilt_panel(result, data)
    sigma = float(theta[-1])
    moments = posterior_moments(panel, theta, int(result.diagnostics["points"]))
    return pd.DataFrame({result.options["unit"]: units.labels, "rows": panel.size, "events": panel.sums(panel.y.astype(float)),
                         "mean": sigma * moments.centre, "sd": sigma * moments.width})  # fmt: skip


def require_effect(result: Estimates) -> None:
    """Raise unless the result has a normal unit effect."""
    if not isinstance(result, Estimates):
        raise InputError("not a fitted model", expected="the result of fp.random_effects", got=type(result).__name__)
    if "adaptation" not in result.options:
        raise InapplicableError(f"a result of kind {result.kind!r} has no normal unit effect",
                                expected='fp.random_effects, or fp.hazard with frailty="normal"')  # fmt: skip


def _checked(points: Sequence[int]) -> list[int]:
    if isinstance(points, (str, int)) or not len(points):
        raise InputError(f"points={points!r} lists no numbers of points", expected="such as (12, 24, 48)")
    for count in points:
        check_points(count)
    return list(points)


def rebuilt_panel(result: Estimates, data: Any) -> tuple[Panel, Units, Array, Array, pd.Index]:
    """The panel of a result, units, parameters for centred columns, the matrix that takes these back, and row labels."""
    options, matrix = result.options, DesignMatrix.from_options(result.options["model_matrix"])
    given = result.estimation_frame(data)
    check_table(given, where="data")
    weight = None if result.design is None else result.design.weight
    extra = [name for name in (options["offset"],) if name is not None]
    variables = [matrix.formula.outcome, *matrix.formula.variables, *extra]
    present = [options["unit"], *([weight] if weight is not None else [])]
    frame = complete_rows(as_frame(given, [*variables, *present]), variables, where=matrix.formula.text,
                          present=present).frame  # fmt: skip
    units, x = sorted_units(frame[options["unit"]]), matrix.build(frame)
    back = np.eye(x.shape[1] + 1)
    back[:-1, :-1] = centre_columns(x, matrix.names)
    theta = np.linalg.solve(back, result.params[[*matrix.names, "sigma"]].to_numpy(dtype=float))
    offset = None if options["offset"] is None else as_floats(frame[options["offset"]], "offset")[units.order]
    by_unit = None
    if result.design is not None and weight is not None:
        values = positive_column(frame, weight, role="weight", where="data")
        by_unit = unit_weights(units, values, result.design, "data")
    y = binary_outcome(frame, matrix.formula.outcome, matrix.formula.text)
    panel = Panel(y[units.order], x[units.order], units.start, link_by_name(str(result.link)), by_unit, offset)
    return panel, units, theta, back, frame.index
