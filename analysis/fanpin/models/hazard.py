"""The discrete-time hazard of relapse: binary regression on person-periods at risk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from fanpin.core.arguments import check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, design_arrays
from fanpin.core.errors import InputError
from fanpin.core.options import Covariance, Frailty, Link, Points, check_option
from fanpin.kernels.delta import delta_covariance
from fanpin.kernels.glm import BinaryFit, fit_binary
from fanpin.kernels.links import link_by_name
from fanpin.models.checks import Problem, check_identified, no_convergence
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.discrete_frailty import discrete_hazard
from fanpin.models.encoding import as_floats
from fanpin.models.estimation import SPELL, binary_columns, centre_columns, unit_counts
from fanpin.models.formula import ModelFormula, parse_formula
from fanpin.models.random_effects_fit import InterceptRequest, check_points, estimate_intercept
from fanpin.models.sample import Sample, as_frame, binary_outcome, column_names, complete_rows
from fanpin.models.score_covariance import ScoreCovariance, Scores, cluster_covariance, design_based, row_covariance
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Masses = int | Literal["auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardRequest:
    """What was asked of `hazard`, checked.

    Attributes
    ----------
    formula, link, frailty, points, unit, cov, cluster, offset, design : as in `hazard`; `cluster` holds the column in use, or None.
    """

    formula: str
    link: Link
    frailty: Frailty | None
    points: Points
    unit: str | None
    cov: Covariance
    cluster: str | None
    offset: str | None
    design: Design | None

    @classmethod
    def checked(cls, formula: str, *, link: Link, unit: str | None, design: Design | None, cov: Covariance,
                cluster: str | None, offset: str | None, frailty: Frailty | None = None,
                points: Points = "auto", masses: Masses = 2) -> HazardRequest:  # fmt: skip
        """The request; raises for options that contradict each other."""
        check_option("link", link, Link)
        check_option("cov", cov, Covariance)
        _check_frailty(frailty, points, unit)
        _check_masses(frailty, points, masses, cov=cov, cluster=cluster)
        check_design(design)
        check_linearised(design, where="hazard")
        for name, value in (("unit", unit), ("cluster", cluster), ("offset", offset)):
            if value is not None:
                check_columns_named("hazard", **{name: value})
        if design is not None and (cov != "cluster" or cluster is not None):
            asked = f"cov={cov!r}" if cov != "cluster" else f"cluster={cluster!r}"
            raise InputError(f"design= brings its own covariance; {asked} cannot be used with it",
                             next_step="leave it out, or give Design(psu=…) instead of cluster=")  # fmt: skip
        if cluster is not None and cov != "cluster":
            raise InputError(f"cluster={cluster!r} needs cov='cluster'", got=f"cov={cov!r}")
        if design is None and cov == "cluster" and cluster is None and unit is None:
            raise InputError("clustered standard errors need to know the unit", expected="unit= or cluster=",
                             next_step="give unit='household_id', or cov='robust' if rows are independent")  # fmt: skip
        by = (cluster or unit) if design is None and cov == "cluster" else None
        return cls(formula=formula, link=link, frailty=frailty, points=points, unit=unit, cov=cov, cluster=by,
                   offset=offset, design=design)  # fmt: skip

    @property
    def identifiers(self) -> list[str]:
        """Columns that name units and clusters."""
        return [name for name in dict.fromkeys([self.unit, self.cluster]) if name is not None]

    @property
    def design_columns(self) -> tuple[str, ...]:
        """Columns of the survey design."""
        return () if self.design is None else self.design.columns

    def options(self) -> dict[str, Any]:
        """The request as plain data; formula, link and design have their own fields in the result."""
        return {"unit": self.unit, "cov": self.cov if self.design is None else "design", "cluster": self.cluster,
                "offset": self.offset, "pseudo_likelihood": self.design is not None}  # fmt: skip

    def with_intercept(self) -> InterceptRequest:
        """The same request for a random intercept of the unit."""
        assert self.unit is not None
        return InterceptRequest(formula=self.formula, link=self.link, unit=self.unit, points=self.points,
                                adaptation="mean", design=self.design, cov=self.cov, cluster=self.cluster,
                                offset=self.offset)  # fmt: skip


def _check_frailty(frailty: Frailty | None, points: Points, unit: str | None) -> None:
    check_points(points)
    if frailty is None:
        if points != "auto":
            raise InputError(
                f"points={points!r} without frailty", next_step='add frailty="normal", or leave points out'
            )
        return
    check_option("frailty", frailty, Frailty)
    if unit is None:
        raise InputError(f"frailty={frailty!r} needs to know the unit", expected="unit='household_id' or the like")


def _check_masses(
    frailty: Frailty | None, points: Points, masses: Masses, *, cov: Covariance, cluster: str | None
) -> None:
    if frailty != "discrete":
        if masses != 2:
            raise InputError(
                f"masses={masses!r} without mass points", next_step='add frailty="discrete", or leave masses out'
            )
        return
    if points != "auto":
        raise InputError(
            f"points={points!r} with mass points", next_step="leave points out: nothing is integrated numerically"
        )
    if cov != "cluster" or cluster is not None:
        raise InputError("mass points have standard errors clustered by unit, or those of a design",
                         got=f"cov={cov!r}, cluster={cluster!r}", next_step="leave cov and cluster out")  # fmt: skip


def hazard(
    formula: str,
    data: Any,
    *,
    link: Link = "cloglog",
    frailty: Frailty | None = None,
    unit: str | None = None,
    points: Points = "auto",
    masses: Masses = 2,
    design: Design | None = None,
    cov: Covariance = "cluster",
    cluster: str | None = None,
    offset: str | None = None,
) -> Estimates:
    r"""Discrete-time hazard of an event, by maximum likelihood on one row per unit and period at risk.

    The hazard of row i is :math:`h(\eta_i)` with :math:`\eta_i = o_i + x_i'\beta`: :math:`1-\exp(-e^{\eta})` for the
    complementary log-log (the grouped-data proportional hazard: exp(coefficient) is a hazard ratio),
    :math:`1/(1+e^{-\eta})` for the logit, :math:`\Phi(\eta)` for the probit. Duration dependence is a term like any
    other, usually ``C(duration)``, one level per period since escape.

    Parameters
    ----------
    formula : str
        ``event ~ terms``, such as ``"relapse ~ income_hhi + age + C(duration)"``; see `fanpin.models.formula` for the
        words allowed. The event column is 0/1. Truth values count as 0/1; text and categories are factors.
    data : DataFrame or Ibis table
        The risk set, as from `fanpin.relapse_risk_set`. Of an Ibis table only the columns named are brought into memory
        (8 bytes a coefficient and row, and the frame).
    link : {"cloglog", "logit", "probit"}
        The inverse of h.
    frailty : {"normal", "discrete"}, optional
        Unobserved heterogeneity. "discrete": the unit's effect takes finitely many values, the mass points of Heckman &
        Singer (see `fanpin.models.discrete_hazard`). "normal": a normal effect σv of each unit on η, shared by all its rows and spells, integrated out
        by adaptive Gauss-Hermite quadrature (see `fanpin.random_effects`, where the method is described). The result
        adds ``sigma``, the standard deviation of the log frailty for the complementary log-log.
    unit : str, optional
        Column that identifies the unit (household, person): it is counted, and is the default cluster; frailty needs it.
    points : "auto" or int
        Quadrature points of the normal frailty, as in `fanpin.random_effects`.
    masses : int or "auto"
        Mass points of the discrete frailty; "auto" adds points until none would raise the likelihood.
    design : Design, optional
        Survey design. Weights make it a pseudo-likelihood; the covariance is the linearised one of the design, with
        PSUs less strata degrees of freedom. PSUs that lose all their rows to missing values still count.
    cov : {"cluster", "robust", "classic"}
        Covariance without a design. With A the **observed** information at the estimates and s the rows' scores:
        "classic" is A⁻¹; "robust" (HC0) A⁻¹(Σ s s')A⁻¹; "cluster" the same over score totals of G clusters, times
        G/(G−1).
    cluster : str, optional
        Column of clusters for cov="cluster", by default `unit`.
    offset : str, optional
        Column added to η with coefficient 1, for every link. For periods of unequal length ln(gap) is right for the
        complementary log-log only, where the rate is proportional to time.

    Returns
    -------
    Estimates
        kind "hazard"; counts of units, spells (where the data have a column `spell`), events, and clusters or PSUs and
        strata; diagnostics of the optimiser.

    Raises
    ------
    InputError : a formula outside the vocabulary, options that contradict each other, data of another type.
    UnknownNameError : a column or option that does not exist.
    DataError : an outcome other than 0/1, text where a number is needed, infinite values, missing identifiers.
    EstimationError : the data do not identify a coefficient: perfect prediction, separation, a constant or collinear
        column, an outcome that never varies, too few rows or clusters. The columns are named.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    DesignWarning : few clusters, or a design without PSUs while units have several rows.

    Notes
    -----
    Conventions of standard errors. The bread is the observed information, as in Stata and, for its robust covariances,
    statsmodels; R's `sandwich` and `survey::svyglm` use the expected information. For the logit the two are equal; for
    probit and complementary log-log standard errors differ by up to a few per cent in small samples. The factor of
    "cluster" is G/(G−1) as in Stata and R's `vcovCL(type = "HC0")`; statsmodels multiplies by (n−1)/(n−k) as well.
    Covariates are assumed to be known at the start of the period; censoring is assumed to be independent of the event
    given them. Without `frailty` no unobserved heterogeneity is modelled: where there is some, coefficients are those of a
    population-averaged hazard and duration dependence is biased towards decline. With it, the effect is assumed normal and
    independent of the covariates, and a unit whose earlier rows are unobserved (left truncation) to have the same law.
    With `frailty`, scores are summed by unit: "robust" takes units as independent, clusters and PSUs must contain whole
    units, and a design's weights must be constant within units.

    References
    ----------
    Prentice & Gloeckler (1978), Biometrics 34:57-67, doi:10.2307/2529588. Jenkins (1995), Oxford Bulletin of Economics
    and Statistics 57:129-136, doi:10.1111/j.1468-0084.1995.tb00031.x. Binder (1983), International Statistical Review
    51:279-292, doi:10.2307/1402588.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": range(40), "x": [0, 1] * 20, "event": [0, 1, 0, 0, 1, 1, 0, 1] * 5})
    >>> hazard("event ~ x", rows, link="logit", unit="id").params.round(4).to_dict()
    {'Intercept': -1.0986, 'x': 2.1972}
    """
    request = HazardRequest.checked(
        formula, link=link, unit=unit, design=design, cov=cov, cluster=cluster, offset=offset, frailty=frailty,
        points=points, masses=masses,
    )  # fmt: skip
    if frailty == "discrete":
        return discrete_hazard(formula, data, link=link, unit=str(unit), masses=masses, design=design, offset=offset)
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables, *([offset] if offset is not None else [])]
    needed = list(dict.fromkeys([*variables, *request.identifiers, *request.design_columns]))
    frame = as_frame(data, needed, optional=[SPELL])
    sample = complete_rows(frame, variables, where=f"hazard({formula!r})", present=request.identifiers)
    if frailty is not None:
        fit = estimate_intercept(request.with_intercept(), parsed, sample, frame, needed, "hazard")
        return replace(fit, options={**fit.options, "frailty": frailty})
    arrays = None if design is None else design_arrays(frame, design)
    return _estimate(request, parsed, sample, arrays, needed)


def _estimate(
    request: HazardRequest, parsed: ModelFormula, sample: Sample, arrays: DesignArrays | None, needed: list[str]
) -> Estimates:
    frame = sample.frame
    y = binary_outcome(frame, parsed.outcome, request.formula)
    matrix = DesignMatrix.learn(parsed, frame)
    x = matrix.build(frame)
    problem = Problem(x, y, matrix.names, parsed.outcome, matrix.dummies(), request.formula)
    check_identified(problem)
    back = centre_columns(
        x, matrix.names
    )  # in place: `problem` holds the same matrix, and separation is the same in it
    weight = None if arrays is None else arrays.weight[sample.kept]
    shift = None if request.offset is None else as_floats(frame[request.offset], f"offset={request.offset!r}")
    fit = fit_binary(y, x, link_by_name(request.link), weight=weight, offset=shift)
    if not fit.converged:
        raise no_convergence(problem, fit.direction, fit.iterations)
    covariance = _covariance(request, Scores(x, fit.score, fit.information), sample, arrays)
    names = list(matrix.names)
    return Estimates(
        params=pd.Series(back @ fit.params, index=names, name="estimate"),
        cov=pd.DataFrame(delta_covariance(back, covariance.cov), index=names, columns=names),
        nobs=len(frame),
        cov_type=covariance.cov_type,
        kind="hazard",
        df_resid=covariance.df,
        outcome=parsed.outcome,
        formula=request.formula,
        link=request.link,
        loglik=fit.loglik,
        counts={**unit_counts(frame, request.unit), "events": float(y.sum()), **covariance.counts},
        diagnostics=_diagnostics(fit),
        options={**request.options(), "model_matrix": matrix.to_options(), "binary": binary_columns(matrix, frame)},
        notes=(*sample.notes, covariance.note),
        design=request.design,
        digest=frame_digest(frame[needed]),
        frame=frame,
    )


def _covariance(request: HazardRequest, scores: Scores, sample: Sample, arrays: DesignArrays | None) -> ScoreCovariance:
    if arrays is not None and request.design is not None:
        return design_based(scores, arrays, sample, request.design, unit=request.unit)
    if request.cluster is not None:
        return cluster_covariance(scores, sample.frame[request.cluster])
    return row_covariance(scores, request.cov)


def _diagnostics(fit: BinaryFit) -> dict[str, float]:
    return {"iterations": float(fit.iterations), "gradient_norm": fit.gradient_norm,
            "condition_number": fit.condition_number}  # fmt: skip
