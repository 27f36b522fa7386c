"""Estimation shared by `random_effects` and `hazard(frailty="normal")`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, design_arrays
from fanpin.core.errors import InputError, QuadratureWarning
from fanpin.core.options import Covariance, Link, Points
from fanpin.kernels.delta import delta_covariance
from fanpin.kernels.glm import BinaryFit, fit_binary
from fanpin.kernels.links import link_by_name
from fanpin.kernels.random_effects.fit import NormalInterceptFit, fit_normal_intercept
from fanpin.kernels.random_effects.maximise import Adaptation
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.rule import MOST_POINTS
from fanpin.models.checks import Problem, check_identified, no_convergence
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.estimation import binary_columns, centre_columns, unit_counts
from fanpin.models.formula import ModelFormula
from fanpin.models.random_effects_covariance import UnitScores, clustered_units, design_of_units, unit_covariance
from fanpin.models.random_effects_units import Units, check_repeated, sorted_units, unit_weights
from fanpin.models.sample import Sample, binary_outcome
from fanpin.models.score_covariance import ScoreCovariance
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
FEWEST_POINTS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class InterceptRequest:
    """What a fit with a random intercept needs to know, checked by the public functions.

    Attributes
    ----------
    formula, link, unit, points, design, cov, offset : as in `random_effects` and `hazard`.
    cluster : the column of clusters in use, or None.
    adaptation : where quadrature nodes lie, see `kernels.random_effects.maximise`.
    """

    formula: str
    link: Link
    unit: str
    points: Points
    adaptation: Adaptation
    design: Design | None
    cov: Covariance
    cluster: str | None
    offset: str | None = None

    def options(self) -> dict[str, Any]:
        """The request as plain data."""
        return {"unit": self.unit, "cov": self.cov if self.design is None else "design", "cluster": self.cluster,
                "offset": self.offset, "points": self.points, "adaptation": self.adaptation,
                "pseudo_likelihood": self.design is not None}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FittedPanel:
    """A fit with what it was fitted to, rows sorted by unit and columns centred."""

    panel: Panel
    fit: NormalInterceptFit
    units: Units
    matrix: DesignMatrix
    back: Array


def check_points(points: Any) -> None:
    """Raise unless points is "auto" or a whole number from 7 to 400."""
    whole = isinstance(points, int) and not isinstance(points, bool)
    if points != "auto" and not (whole and FEWEST_POINTS <= points <= MOST_POINTS):
        raise InputError(f"points={points!r} is no number of quadrature points",
                         expected=f'"auto", or a whole number from {FEWEST_POINTS} to {MOST_POINTS}',
                         next_step="few points (one is the Laplace approximation) are far off with few rows a unit")  # fmt: skip


def sampled_units(design: Design | None, unit: str) -> Design | None:
    """The design with units as PSUs where it names none: a unit's rows are one contribution to the likelihood."""
    return replace(design, psu=unit) if design is not None and design.psu is None else design


def estimate_intercept(
    request: InterceptRequest,
    parsed: ModelFormula,
    sample: Sample,
    everyone: pd.DataFrame,
    needed: list[str],
    kind: str,
) -> Estimates:
    """Fit the model to the complete rows of a sample; `everyone` holds all rows, for the design.

    The result has the coefficients and `sigma`, missing standard errors for sigma at the boundary, and the diagnostics that
    `frailty_test` and `quadrature_check` read.
    """
    design = sampled_units(request.design, request.unit)
    arrays = None if design is None else design_arrays(everyone, design)
    fitted = fit_panel(request, parsed, sample.frame, None if arrays is None else arrays.weight[sample.kept])
    _warn_points(request, fitted.fit)
    covariance = _covariance(request, fitted, sample, arrays, design)
    names = [*fitted.matrix.names, "sigma"]
    back = np.eye(len(names))
    back[:-1, :-1] = fitted.back
    fit, frame = fitted.fit, sample.frame
    return Estimates(
        params=pd.Series(back @ fit.params, index=names, name="estimate"),
        cov=pd.DataFrame(_carried(back, covariance.cov), index=names, columns=names),
        nobs=len(frame),
        cov_type=covariance.cov_type,
        kind=kind,
        df_resid=covariance.df,
        outcome=parsed.outcome,
        formula=request.formula,
        link=request.link,
        loglik=fit.loglik,
        counts={**unit_counts(frame, request.unit), "events": float(fitted.panel.y.sum()), **covariance.counts},
        diagnostics=_diagnostics(request, fitted, covariance),
        options={**request.options(), "model_matrix": fitted.matrix.to_options(),
                 "binary": binary_columns(fitted.matrix, frame), "boundary": fit.boundary},
        notes=(*sample.notes, covariance.note, *_notes(request, fit)),
        design=request.design,
        digest=frame_digest(frame[needed]),
        frame=frame,
    )  # fmt: skip


def fit_panel(
    request: InterceptRequest, parsed: ModelFormula, frame: pd.DataFrame, weight: Array | None
) -> FittedPanel:
    """The kernel's fit to complete rows; problems of the data are named first."""
    y = binary_outcome(frame, parsed.outcome, request.formula)
    matrix = DesignMatrix.learn(parsed, frame)
    x = matrix.build(frame)
    problem = Problem(x, y, matrix.names, parsed.outcome, matrix.dummies(), request.formula)
    check_identified(problem)
    units = sorted_units(frame[request.unit])
    check_repeated(units, y, request.unit, request.formula)
    by_unit = (
        None
        if request.design is None or weight is None
        else unit_weights(units, weight, request.design, request.formula)
    )
    back = centre_columns(x, matrix.names)
    offset = None if request.offset is None else as_floats(frame[request.offset], f"offset={request.offset!r}")
    panel = Panel(y[units.order], x[units.order], units.start, link_by_name(request.link), weight=by_unit,
                  offset=None if offset is None else offset[units.order])  # fmt: skip
    pooled = _pooled(panel, problem)
    fit = fit_normal_intercept(panel, pooled, points=request.points, adaptation=request.adaptation)
    return FittedPanel(panel, fit, units, matrix, back)


def _pooled(panel: Panel, problem: Problem) -> BinaryFit:
    rows = None if panel.weight is None else np.repeat(panel.weight, panel.size)
    pooled = fit_binary(panel.y, panel.x, panel.link, weight=rows, offset=panel.offset)
    if not pooled.converged:
        raise no_convergence(problem, pooled.direction, pooled.iterations)
    return pooled


def _covariance(
    request: InterceptRequest, fitted: FittedPanel, sample: Sample, arrays: DesignArrays | None, design: Design | None
) -> ScoreCovariance:
    """The covariance of (b, sigma); at the boundary that of b, in the pooled fit, with missing values for sigma."""
    fit, weight = fitted.fit, fitted.panel.weight
    weighted = fit.score if weight is None else fit.score * weight[:, None]
    free = slice(None, -1) if fit.boundary else slice(None)
    scores = UnitScores(weighted[:, free], fit.information[free, free], fitted.units)
    if arrays is not None and design is not None:
        found = design_of_units(scores, arrays, sample.kept, design, where=request.formula)
    elif request.cluster is not None:
        found = clustered_units(scores, sample.frame[request.cluster], where=request.formula)
    else:
        found = unit_covariance(scores, request.cov)
    cov = np.full(fit.information.shape, np.nan)
    cov[free, free] = found.cov
    return replace(found, cov=cov)


def _carried(back: Array, cov: Array) -> Array:
    """Back V back', missing values staying where they are."""
    out = np.full_like(cov, np.nan)
    free = slice(None) if np.isfinite(cov[-1, -1]) else slice(None, -1)
    out[free, free] = delta_covariance(back[free, free], cov[free, free])
    return out


def _diagnostics(request: InterceptRequest, fitted: FittedPanel, covariance: ScoreCovariance) -> dict[str, float]:
    fit = fitted.fit
    lr = max(2.0 * (fit.loglik - fit.pooled_loglik), 0.0)
    scale = _lr_scale(request, fit, covariance)
    found = {"iterations": float(fit.iterations), "gradient_norm": fit.gradient_norm,
             "condition_number": fit.condition_number, "points": float(fit.points),
             "pooled_loglik": fit.pooled_loglik, "boundary_score": fit.boundary_score,
             "lr_statistic": lr / scale, "lr_scale": scale,
             "lr_pvalue": float(0.5 * stats.chi2.sf(lr / scale, 1)) if lr > 0.0 else 1.0}  # fmt: skip
    if fit.change is not None:
        found |= {"quadrature_loglik": fit.change.loglik, "quadrature_params": fit.change.params}
    return found


def _lr_scale(request: InterceptRequest, fit: NormalInterceptFit, covariance: ScoreCovariance) -> float:
    """What the likelihood ratio is divided by: the variance of sigma over that of a likelihood of independent units."""
    beyond_units = request.design is not None or (request.cluster is not None and request.cluster != request.unit)
    if fit.boundary or not beyond_units:
        return 1.0
    return float(covariance.cov[-1, -1] / np.linalg.inv(fit.information)[-1, -1])


def _warn_points(request: InterceptRequest, fit: NormalInterceptFit) -> None:
    if fit.asked_points is not None:
        warnings.warn(QuadratureWarning(f"{fit.asked_points} quadrature points were too few: "
                                        f"the fit uses {fit.points}"), stacklevel=4)  # fmt: skip
    elif fit.change is not None and abs(fit.change.loglik) > 1e-4:
        warnings.warn(QuadratureWarning(f"the log-likelihood still moves by {fit.change.loglik:.2g} from {fit.points} to "
                                        f"{fit.change.points} quadrature points"), stacklevel=4)  # fmt: skip


def _notes(request: InterceptRequest, fit: NormalInterceptFit) -> list[str]:
    if fit.boundary:
        falls = "falls" if fit.boundary_score <= 0.0 else "rises by less than rounding"
        return [f"sigma is at its boundary 0: the log-likelihood {falls} there (derivative {fit.boundary_score:.3g} with "
                "respect to sigma^2) and no start away from 0 ends higher; the estimates are those without unit effects, "
                "and sigma has no standard error"]  # fmt: skip
    kinds = {"mean": "adapted to posterior means and variances", "mode": "adapted to posterior modes and curvatures",
             "none": "not adaptive"}  # fmt: skip
    notes = [f"{fit.points} Gauss-Hermite points, {kinds[request.adaptation]}"]
    if fit.asked_points is not None:
        notes.append(f"{fit.asked_points} quadrature points were too few: doubling them moved the log-likelihood or a "
                     "coefficient, or no maximum was found with them")  # fmt: skip
    return notes
