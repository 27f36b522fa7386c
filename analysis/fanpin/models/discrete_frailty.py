"""Discrete-time hazards whose unit effects take finitely many values: the mass points of Heckman and Singer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.errors import DesignWarning, EstimationError, InputError
from fanpin.core.options import Link, check_option
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import link_by_name
from fanpin.kernels.mass_points import ClassFit, ClassPlan, Process, fit_classes, gateaux_maximum
from fanpin.models.checks import Problem, check_identified, no_convergence
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.discrete_frailty_units import UnitSample, delta_with_missing, unit_covariance, unit_sample
from fanpin.models.encoding import as_floats
from fanpin.models.formula import parse_formula
from fanpin.models.sample import as_frame, binary_outcome, column_names, complete_rows
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
MOST_MASSES = 6  # points that "auto" adds at most
DERIVATIVE = 1e-4  # a Gateaux derivative below this counts as 0
LEAST_GAIN = 1e-4  # of the log-likelihood, for another point to be kept


@dataclass(frozen=True, slots=True)
class MassPointFit:
    """A hazard with mass points on arrays.

    Attributes
    ----------
    classes : the fit; its points are relative to the highest one.
    pooled_loglik : without heterogeneity.
    gateaux : largest directional derivative towards another point, per unit of weight.
    notes : what happened at the boundary.
    """

    classes: ClassFit
    pooled_loglik: float
    gateaux: float
    notes: tuple[str, ...]


def fit_mass_points(
    process: Process, units: int, pooled: Array, pooled_loglik: float, *, masses: int | Literal["auto"],
    weight: Array | None, starts: int,
) -> MassPointFit:  # fmt: skip
    """Mass points for one process; fewer than asked for where points coincide.

    Parameters
    ----------
    process, units, weight : as in the kernel `Mixture`; the first column is the intercept.
    pooled, pooled_loglik : coefficients and log-likelihood without heterogeneity.
    masses : number of points, or "auto": from one, add the point with the largest Gateaux derivative until none is
        positive, or the log-likelihood gains nothing, or six are reached.
    starts : random starting values.
    """
    if masses == "auto":
        return _add_points(process, units, pooled, pooled_loglik, weight, starts)
    notes: list[str] = []
    for count in range(masses, 0, -1):
        fit = fit_classes(
            (process,), units, ClassPlan.full((count,), linked=False), [pooled], weight=weight, starts=starts
        )
        if fit.coincident is None and not fit.empty:
            break
        notes.append(f"boundary: two of {count} mass points coincide or one has no share; fitted with {count - 1}")
    return _with_gateaux(fit, pooled_loglik, notes)


def _with_gateaux(fit: ClassFit, pooled_loglik: float, notes: Sequence[str]) -> MassPointFit:
    at = gateaux_maximum(fit.mixture, fit.fit.point)
    return MassPointFit(fit, pooled_loglik, at.derivative, tuple(notes))


def _add_points(
    process: Process, units: int, pooled: Array, pooled_loglik: float, weight: Array | None, starts: int
) -> MassPointFit:
    fit = fit_classes((process,), units, ClassPlan.full((1,), linked=False), [pooled], weight=weight, starts=1)
    for count in range(2, MOST_MASSES + 1):
        at = gateaux_maximum(fit.mixture, fit.fit.point)
        if at.derivative <= DERIVATIVE:
            return _with_gateaux(
                fit, pooled_loglik, [f"{count - 1} mass points: no further point raises the likelihood"]
            )
        larger = fit_classes((process,), units, ClassPlan.full((count,), linked=False), [pooled], weight=weight,
                             starts=starts, first=[_with_point(fit, at.effect)])  # fmt: skip
        gain = larger.fit.point.loglik - fit.fit.point.loglik
        if gain < LEAST_GAIN or larger.coincident is not None or larger.empty:
            return _with_gateaux(fit, pooled_loglik, [f"{count - 1} mass points: another gains {max(gain, 0.0):.1g} in the "
                                                      "log-likelihood or coincides with one there is"])  # fmt: skip
        fit = larger
    return _with_gateaux(fit, pooled_loglik, [f"{MOST_MASSES} mass points, the most that are tried"])


def _with_point(fit: ClassFit, effect: float) -> Array:
    """Starting values with one more point, of share 0.05."""
    params, mixture = fit.fit.point.params, fit.mixture
    first = fit.fit.point.shares[0]
    return np.concatenate([params[: mixture.effect_slice.stop], [effect], params[mixture.share_slice],
                           [np.log(0.05 / first)]])  # fmt: skip


def discrete_hazard(
    formula: str,
    data: Any,
    *,
    link: Link = "cloglog",
    unit: str,
    masses: int | Literal["auto"] = 2,
    design: Design | None = None,
    offset: str | None = None,
    starts: int = 8,
) -> Estimates:
    r"""Discrete-time hazard with a unit effect of finitely many values (Heckman-Singer mass points).

    With h the hazard of `fanpin.hazard`, :math:`L_i=\sum_m \pi_m \prod_t h(\eta_{it}+\theta_m)^{y_{it}}
    [1-h(\eta_{it}+\theta_m)]^{1-y_{it}}`, the product over all spells of the unit, :math:`\theta_1 = 0` beside a free
    intercept, shares by softmax. Points are reported in descending order.

    Parameters
    ----------
    formula, data, link, offset : as in `fanpin.hazard`; the formula keeps its intercept.
    unit : str
        Column of the unit that has the effect; several spells share it.
    masses : int or "auto"
        Number of points, 1 or more; "auto" adds points until the largest Gateaux derivative is not positive.
    design : Design, optional
        Weights must be constant within units, and units lie within PSUs. None clusters by unit.
    starts : int
        Random starting values; how many reached the maximum is reported.

    Returns
    -------
    Estimates
        kind "discrete_hazard". Terms: coefficients, "mass 2" …, "log share 2" … (against the first point).
        Diagnostics: points reached, the Gateaux derivative left, `sd_log_frailty`, each mass and share, and the
        log-likelihood without heterogeneity. A mass at infinity has no standard error, and the effect then no standard deviation (missing).

    Raises
    ------
    InputError, UnknownNameError, DataError, EstimationError : as `fanpin.hazard`; further, a formula without an
        intercept, weights that vary within a unit, a unit in two PSUs, no convergence.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    DesignWarning : few clusters.

    Notes
    -----
    The effect is assumed to be independent of the covariates. Points and shares approximate a distribution that the
    data say little about: slopes are what is to be read. The likelihood ratio against no heterogeneity has no
    chi-squared law; use a parametric bootstrap.

    References
    ----------
    Heckman & Singer (1984), Econometrica 52:271-320. Lindsay (1983), Annals of Statistics 11:86-94.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": [i // 2 for i in range(80)], "x": [0, 1, 1] * 26 + [0, 1], "event": [0, 1, 1, 0] * 20})
    >>> discrete_hazard("event ~ x", rows, unit="id", masses=1).params.index.tolist()
    ['Intercept', 'x']
    """
    _check_request(link, unit, masses, starts, design, offset)
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables, *([offset] if offset is not None else [])]
    needed = list(dict.fromkeys([*variables, unit, *(() if design is None else design.columns)]))
    frame = as_frame(data, needed)
    sample = complete_rows(frame, variables, where=f"discrete_hazard({formula!r})", present=[unit])
    units = unit_sample(frame, [sample.frame[unit]], unit, design)
    order = np.argsort(units.codes[0], kind="stable")
    kept = sample.frame.iloc[order]
    matrix = DesignMatrix.learn(parsed, kept)
    x, y = matrix.build(kept), binary_outcome(kept, parsed.outcome, formula)
    back = checked_and_centred(Problem(x, y, matrix.names, parsed.outcome, matrix.dummies(), formula))
    shift = None if offset is None else as_floats(kept[offset], f"offset={offset!r}")
    code, row_weight = units.codes[0][order], units.row_weight(0, order)
    pooled = fit_binary(y, x, link_by_name(link), weight=row_weight, offset=shift)
    if not pooled.converged:
        raise no_convergence(Problem(x, y, matrix.names, parsed.outcome, matrix.dummies(), formula), pooled.direction,
                             pooled.iterations)  # fmt: skip
    process = Process(y, x, code, link_by_name(link), shift)
    found = fit_mass_points(process, units.count, pooled.params, pooled.loglik, masses=masses, weight=units.weight,
                            starts=starts)  # fmt: skip
    return _estimates(found, units, design, back, matrix, kept, unit=unit, link=link, formula=formula,
                      outcome=parsed.outcome, needed=needed, notes=sample.notes, asked=masses, offset=offset)  # fmt: skip


def _check_request(
    link: str, unit: str, masses: int | str, starts: int, design: Design | None, offset: str | None
) -> None:
    check_option("link", link, Link)
    check_columns_named("discrete_hazard", unit=unit)
    if offset is not None:
        check_columns_named("discrete_hazard", offset=offset)
    check_design(design)
    check_linearised(design, where="discrete_hazard")
    if masses != "auto":
        check_count("masses", masses)
    check_count("starts", starts)


def check_count(name: str, value: Any) -> None:
    """Raise unless the value is a whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}={value!r} is not a count", expected="a whole number from 1")


def checked_and_centred(problem: Problem) -> Array:
    """Check that the model without effects is identified, centre its columns in place, and return the way back.

    Returns
    -------
    (k, k) matrix that takes coefficients of centred columns to those of the columns as given.
    """
    if problem.names[0] != "Intercept":
        raise InputError("mass points need the intercept: the first point is 0 beside it", where=problem.where,
                         next_step="leave out '0 +' or '- 1'")  # fmt: skip
    check_identified(problem)
    back = np.eye(len(problem.names))
    means = problem.x[:, 1:].mean(axis=0)
    problem.x[:, 1:] -= means
    back[0, 1:] = -means
    return back


def check_converged(fit: ClassFit, where: str) -> None:
    """Raise where no maximum was found, or the information is singular there."""
    if not (fit.fit.converged and fit.fit.definite):
        raise EstimationError(
            "no regular maximum of the likelihood with these mass points", where=where,
            got=f"mean score {fit.fit.gradient_norm:.1e} after {fit.fit.iterations} steps; {fit.fit.reached} of "
            f"{fit.fit.starts} starts agree", expected="a mean score below 1e-8 and a definite information",
            next_step="fewer masses, more starts, or fewer covariates",
        )  # fmt: skip
    if fit.fit.reached == 1 and fit.fit.starts > 1:
        warnings.warn(DesignWarning(f"only 1 of {fit.fit.starts} starts reached the maximum; ask for more starts"),
                      stacklevel=4)  # fmt: skip


def _estimates(
    found: MassPointFit, units: UnitSample, design: Design | None, back: Array, matrix: DesignMatrix,
    frame: pd.DataFrame, *, unit: str, link: Link, formula: str, outcome: str, needed: list[str],
    notes: tuple[str, ...], asked: int | str, offset: str | None,
) -> Estimates:  # fmt: skip
    fit = found.classes
    check_converged(fit, formula)
    params = fit.fit.point.params
    full = np.eye(len(params))
    full[: len(back), : len(back)] = back
    covariance = unit_covariance(fit, units, design, unit)
    points, shares = fit.plan.points(fit.mixture, params)[0], fit.fit.point.shares
    count = len(points)
    names = [
        *matrix.names,
        *(f"mass {m}" for m in range(2, count + 1)),
        *(f"log share {m}" for m in range(2, count + 1)),
    ]
    held = [
        f"mass {m + 1} lies at infinity: no standard error" for m in range(1, count) if not fit.free[len(back) + m - 1]
    ]
    mean = float(shares @ points)
    spread = float("nan") if held else float(np.sqrt(shares @ (points - mean) ** 2))
    facts = {f"mass {m + 1}": float(v) for m, v in enumerate(points)}
    facts |= {f"share {m + 1}": float(v) for m, v in enumerate(shares)}
    return Estimates(
        params=pd.Series(full @ params, index=names, name="estimate"),
        cov=pd.DataFrame(delta_with_missing(full, covariance.cov, fit.free), index=names, columns=names),
        nobs=len(frame), cov_type=covariance.cov_type, kind="discrete_hazard", df_resid=covariance.df,
        outcome=outcome, formula=formula, link=link, loglik=fit.fit.point.loglik,
        counts={"units": float(units.count), "events": float(fit.mixture.processes[0].y.sum()), "masses": float(count),
                **covariance.counts},
        diagnostics={"iterations": float(fit.fit.iterations), "gradient_norm": fit.fit.gradient_norm,
                     "starts": float(fit.fit.starts), "starts_at_maximum": float(fit.fit.reached),
                     "gateaux_derivative": found.gateaux, "loglik_pooled": found.pooled_loglik,
                     "sd_log_frailty": spread, **facts},
        options={"unit": unit, "frailty": "discrete", "masses": asked, "cov": "cluster" if design is None else "design",
                 "cluster": unit if design is None else None, "offset": offset,
                 "pseudo_likelihood": design is not None, "model_matrices": {"hazard": matrix.to_options()}},
        notes=(*notes, *found.notes, *held, covariance.note), design=design, digest=frame_digest(frame[needed]),
        frame=frame,
    )  # fmt: skip
