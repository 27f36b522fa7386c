"""What follows an instrumented fit: the Anderson-Rubin confidence set, and tests of instruments and exogeneity.

Anderson & Rubin (1949), Annals of Mathematical Statistics 20:46-63; Andrews, Stock & Sun (2019), Annual Review of Economics
11:727-753, doi:10.1146/annurev-economics-080218-025643.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from fanpin.core.errors import InapplicableError
from fanpin.core.options import check_level
from fanpin.models.instrumented_fit import anderson_rubin
from fanpin.results import Estimates, HypothesisTest

Array = NDArray[np.float64]
GRID = 4001  # angles on which the boundary of the confidence set is bracketed


def anderson_rubin_set(result: Estimates, *, level: float = 0.95) -> list[tuple[float, float]]:
    """Confidence set of the coefficient of the endogenous column that holds however weak the instruments are.

    It holds the values at which ``y - value * x`` does not depend on the instruments, with the covariance of the fit. It is one
    interval, two rays or the whole line (weak instruments), or empty (instruments that contradict each other).

    Parameters
    ----------
    result : Estimates
        From `fanpin.instrumented`, with one endogenous column.
    level : float
        Confidence level.

    Returns
    -------
    list of (low, high) : in ascending order; infinite where a part has no end.

    Raises
    ------
    InapplicableError : the result is of another kind or has several endogenous columns.
    """
    check_level(level)
    params, cov, q, df = _reduced(result)
    critical = _critical(level, q, df)
    start = float(result.params[result.options["endogenous"][0]])
    width = float(result.std_errors[result.options["endogenous"][0]])

    def excess(angle: float) -> float:
        return anderson_rubin(params, cov, start + width * math.tan(angle)) - critical

    return _negative_parts(excess, lambda angle: start + width * math.tan(angle))


def instrument_tests(result: Estimates) -> dict[str, HypothesisTest]:
    """The tests that an instrumented fit allows, by name.

    "first_stage:x": the instruments do not move x. "anderson_rubin": the coefficients of all endogenous columns are 0,
    whatever the strength of the instruments. "overidentification": instruments agree with each other, where there are more of
    them than endogenous columns. "exogeneity": the endogenous columns are exogenous.

    Raises
    ------
    InapplicableError : the result is of another kind.
    """
    _require_instrumented(result)
    return {name: HypothesisTest(**fields) for name, fields in result.options["tests"].items()}


def _require_instrumented(result: Estimates) -> None:
    if not isinstance(result, Estimates) or "reduced_form" not in result.options:
        kind = result.kind if isinstance(result, Estimates) else type(result).__name__
        raise InapplicableError(
            f"a result of kind {kind!r} has no instruments", expected="the result of fp.instrumented"
        )


def _reduced(result: Estimates) -> tuple[Array, Array, int, float]:
    _require_instrumented(result)
    if len(result.options["endogenous"]) > 1:
        raise InapplicableError("several endogenous columns have a joint confidence set, not an interval each",
                                expected="one endogenous column",
                                next_step='instrument_tests(result)["anderson_rubin"] tests them together')  # fmt: skip
    form = result.options["reduced_form"]
    params = np.array(form["estimates"])
    return params, np.array(form["cov"]), len(params) // 2, float(form["df_denom"])


def _critical(level: float, q: int, df: float) -> float:
    """The chi-squared value that F(q, df) reaches with probability `level`, times q."""
    return float(q * stats.f.ppf(level, q, df))


def _negative_parts(excess: Callable[[float], float], value: Callable[[float], float]) -> list[tuple[float, float]]:
    """Intervals of `value(angle)` on which `excess(angle)` is not positive, angles between -pi/2 and pi/2."""
    edge = math.pi / 2.0 * (1.0 - 1e-9)
    angles = np.linspace(-edge, edge, GRID)
    inside = np.array([excess(a) <= 0.0 for a in angles])
    changes = np.flatnonzero(np.diff(inside.astype(int)))
    roots = [value(optimize.brentq(excess, angles[i], angles[i + 1], xtol=1e-14)) for i in changes]
    ends = [*([-math.inf] if inside[0] else []), *roots, *([math.inf] if inside[-1] else [])]
    return [(ends[i], ends[i + 1]) for i in range(0, len(ends), 2)]
