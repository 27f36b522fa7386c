"""Weighted fits of generalised linear models, as the survey sandwich takes them: scores of rows and information."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fanpin.core.errors import EstimationError
from fanpin.core.options import Family, MeanLink
from fanpin.kernels.blocks import crossproduct
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import link_by_name
from fanpin.models.checks import Problem, check_columns, check_identified, no_convergence

Array = NDArray[np.float64]
LINKS_OF: dict[Family, tuple[MeanLink, ...]] = {
    "binomial": ("logit", "probit", "cloglog"),
    "gaussian": ("identity",),
    "poisson": ("log",),
}
MAX_ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class WeightedFit:
    """A maximised weighted (pseudo-)likelihood, k coefficients on n rows.

    Attributes
    ----------
    params : (k,) coefficients.
    score : (n,) derivative of each row's log-likelihood with respect to eta, before weights; for the gaussian family in
        units of the variance, which the sandwich does not need.
    information : (k, k) observed information, in the same units.
    loglik : the pseudo-log-likelihood, None for the gaussian family.
    diagnostics : the optimiser's record.
    """

    params: Array
    score: Array
    information: Array
    loglik: float | None
    diagnostics: dict[str, float] = field(default_factory=dict)


def check_family(problem: Problem, y: Array, family: Family) -> None:
    """Raise for what leaves a coefficient without a finite estimate, by name.

    Raises
    ------
    EstimationError : constant or collinear columns; perfect prediction of a binary outcome; a column that leaves only zero
        counts.
    """
    if family == "binomial":
        check_identified(problem)
        return
    check_columns(problem)
    if family == "poisson":
        _refuse_only_zeros(problem, y)


def fit_binomial(problem: Problem, link: MeanLink, weight: Array) -> WeightedFit:
    """Binary outcome by Newton-Raphson.

    Raises
    ------
    EstimationError : separation, by name.
    """
    fit = fit_binary(problem.y, problem.x, link_by_name(link), weight=weight)
    if not fit.converged:
        raise no_convergence(problem, fit.direction, fit.iterations)
    return WeightedFit(fit.params, fit.score, fit.information, fit.loglik,
                       {"iterations": float(fit.iterations), "gradient_norm": fit.gradient_norm,
                        "condition_number": fit.condition_number})  # fmt: skip


def fit_canonical(problem: Problem, y: Array, family: Family, weight: Array) -> WeightedFit:
    """Gaussian outcome with identity link, or counts with log link, by iterated least squares of statsmodels.

    Raises
    ------
    EstimationError : no convergence.
    """
    import statsmodels.api as sm  # slow to import

    scale = np.sqrt(np.einsum("ij,ij->j", problem.x, problem.x) / len(problem.x))
    kind = sm.families.Poisson() if family == "poisson" else sm.families.Gaussian()
    model = sm.GLM(y, problem.x / scale, family=kind, var_weights=weight / weight.mean())
    fitted = model.fit(maxiter=MAX_ITERATIONS, tol=1e-12, tol_criterion="params")
    params = fitted.params / scale
    mean = np.exp(problem.x @ params) if family == "poisson" else problem.x @ params
    variance = mean if family == "poisson" else np.ones(len(y))
    information = crossproduct(problem.x, np.sqrt(weight * variance))
    norm = np.abs((weight * (y - mean)) @ problem.x / scale).max() / weight.sum()
    if not fitted.converged or not np.isfinite(norm):
        raise EstimationError(f"no maximum of the likelihood after {MAX_ITERATIONS} iterations", where=problem.where,
                              next_step="rescale the columns; look for levels whose counts are all 0")  # fmt: skip
    root = np.sqrt(np.diag(information))
    diagnostics = {"iterations": float(fitted.fit_history["iteration"]), "gradient_norm": float(norm),
                   "condition_number": float(np.linalg.cond(information / np.outer(root, root)))}  # fmt: skip
    loglik = float(weight @ (y * np.log(mean) - mean - special.gammaln(y + 1))) if family == "poisson" else None
    return WeightedFit(params, y - mean, information, loglik, diagnostics)


def _refuse_only_zeros(problem: Problem, y: Array) -> None:
    """A column constant where counts are positive, with all other values on one side, has an infinite coefficient."""
    positive = y > 0.0
    if not positive.any():
        raise EstimationError(f"the outcome {problem.outcome!r} is 0 in all {len(y):,} rows", where=problem.where,
                              expected="some positive counts")  # fmt: skip
    for j, name in enumerate(problem.names):
        inside, outside = problem.x[positive, j], problem.x[~positive, j]
        level = inside[0]
        apart = len(outside) > 0 and (outside.max() <= level or outside.min() >= level)
        if name != "Intercept" and apart and (inside == level).all():
            raise EstimationError(
                f"{name} leaves only zero counts of {problem.outcome}: its coefficient would be infinite",
                got=f"{name} is {level:g} in every row with a positive count", where=problem.where,
                next_step="join the level with a neighbour, or leave its rows and the level out",
            )  # fmt: skip
