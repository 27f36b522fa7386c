"""Generalised linear models for sample surveys: weighted estimates with standard errors from the design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, design_arrays
from fanpin.core.errors import DataError, EstimationError, InputError
from fanpin.core.options import Family, MeanLink, check_option
from fanpin.kernels.delta import delta_covariance
from fanpin.models.checks import Problem
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.estimation import binary_columns, centre_columns
from fanpin.models.formula import ModelFormula, parse_formula
from fanpin.models.sample import Sample, as_frame, binary_outcome, column_names, complete_rows
from fanpin.models.score_covariance import ScoreCovariance, Scores, design_based
from fanpin.models.survey_glm_fit import LINKS_OF, WeightedFit, check_family, fit_binomial, fit_canonical
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
KIND = "survey_glm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyGlmRequest:
    """What was asked of `survey_glm`, checked; the link is the one in use."""

    formula: str
    family: Family
    link: MeanLink
    design: Design

    @classmethod
    def checked(cls, formula: str, *, family: Family, link: MeanLink | None, design: Design) -> SurveyGlmRequest:
        """The request; raises for a link that does not fit the family."""
        check_option("family", family, Family)
        if design is None:
            raise InputError("a survey model needs its design", expected="a Design, such as Design(weight=…, psu=…)",
                             next_step="fp.hazard fits binary models without a design")  # fmt: skip
        check_design(design)
        check_linearised(design, where=KIND)
        allowed = LINKS_OF[family]
        chosen = allowed[0] if link is None else check_option("link", link, MeanLink)
        if chosen not in allowed:
            raise InputError(f"link={chosen!r} does not fit family={family!r}", expected=f"one of {', '.join(allowed)}")
        return cls(formula=formula, family=family, link=chosen, design=design)


def survey_glm(
    formula: str, data: Any, *, family: Family = "binomial", link: MeanLink | None = None, design: Design
) -> Estimates:
    r"""Generalised linear model of a sample survey, by pseudo-maximum likelihood.

    The estimates solve :math:`\sum_i w_i s_i(\beta) = 0`, the sample's estimate of the score equations of the whole
    population, and estimate what the same model fitted to all of it would give. Their covariance is
    :math:`A^{-1} V A^{-1}` with A the weighted observed information and V the design's covariance of the weighted score
    total.

    Parameters
    ----------
    formula : str
        ``outcome ~ terms``; see `fanpin.models.formula`.
    data : DataFrame or Ibis table
        **All** sampled rows. Rows outside a domain of study are marked by a missing outcome: they are left out of the fit
        while their PSUs still count, as they must.
    family : {"binomial", "gaussian", "poisson"}
        Of a 0/1 outcome, a number, a count (or another number of 0 or more).
    link : {"logit", "probit", "cloglog", "identity", "log"}, optional
        Binomial: "logit" (by default), "probit" or "cloglog"; gaussian: "identity"; poisson: "log".
    design : Design
        Weights, strata, PSUs and finite populations; linearised.

    Returns
    -------
    Estimates
        kind "survey_glm", cov_type "design", with PSUs less strata degrees of freedom. `fanpin.average_effects` follows a
        binomial fit. There is no log-likelihood for the gaussian family and no likelihood-ratio test for any.

    Raises
    ------
    InputError : a link that does not fit the family, a design that is missing or has replicate weights, words a formula may
        not hold.
    UnknownNameError : a column or option that does not exist.
    DataError : an outcome that the family cannot have, infinite values, weights or strata that are missing or not positive.
    EstimationError : separation, constant or collinear columns, an outcome that never varies; the columns are named.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out of the fit.

    Notes
    -----
    The bread is the observed information. R's ``survey::svyglm`` takes the expected one, which is the same for the canonical
    links (logit, identity, log); for probit and complementary log-log its standard errors differ by up to a few per cent.
    ``svyglm`` also subtracts the number of covariates from the degrees of freedom of its t tests; Stata's ``svy`` and this
    function do not.

    References
    ----------
    Binder (1983), International Statistical Review 51:279-292, doi:10.2307/1402588. Lumley & Scott (2017), Statistical
    Science 32:265-278, doi:10.1214/16-STS605.

    Examples
    --------
    >>> import pandas as pd
    >>> from fanpin.core.design import Design
    >>> rows = pd.DataFrame({"house": range(40), "w": [1, 3] * 20, "x": [0, 0, 1, 1] * 10, "poor": [0, 1, 1, 0] * 10})
    >>> fit = survey_glm("poor ~ x", rows, design=Design(weight="w", psu="house"))
    >>> fit.params.round(4).to_dict()  # ln(3) and the difference of two log-odds
    {'Intercept': 1.0986, 'x': -2.1972}
    """
    request = SurveyGlmRequest.checked(formula, family=family, link=link, design=design)
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables]
    needed = list(dict.fromkeys([*variables, *design.columns]))
    frame = as_frame(data, needed)
    arrays = design_arrays(frame, design, where=KIND)
    sample = complete_rows(frame, variables, where=f"{KIND}({formula!r})")
    return _estimate(request, parsed, sample, arrays, needed)


def _estimate(
    request: SurveyGlmRequest, parsed: ModelFormula, sample: Sample, arrays: DesignArrays, needed: list[str]
) -> Estimates:
    frame = sample.frame
    y = _outcome(request, frame, parsed.outcome)
    matrix = DesignMatrix.learn(parsed, frame)
    x = matrix.build(frame)
    flags = y != 0.0 if request.family == "binomial" else np.ones(len(y), dtype=bool)
    problem = Problem(x, flags, matrix.names, parsed.outcome, matrix.dummies(), request.formula)
    check_family(problem, y, request.family)
    back = centre_columns(x, matrix.names)  # in place: `problem` holds the same matrix
    fit = _fit(request, problem, y, arrays.weight[sample.kept])
    covariance = design_based(Scores(x, fit.score, fit.information), arrays, sample, request.design, unit=None)
    return _assemble(request, matrix, back, fit, covariance, sample, needed)


def _outcome(request: SurveyGlmRequest, frame: pd.DataFrame, name: str) -> Array:
    """The outcome as floats, checked against the family."""
    if request.family == "binomial":
        return binary_outcome(frame, name, request.formula).astype(float)
    y = as_floats(frame[name], request.formula)
    if request.family == "poisson" and (y < 0.0).any():
        raise DataError(f"the outcome {name!r} has negative values", expected="counts of 0 or more", where=request.formula,
                        got=f"{int((y < 0.0).sum()):,} rows")  # fmt: skip
    if y.max() == y.min():
        raise EstimationError(f"the outcome {name!r} is {y[0]:g} in all {len(y):,} rows", where=request.formula,
                              expected="values that differ")  # fmt: skip
    return y


def _fit(request: SurveyGlmRequest, problem: Problem, y: Array, weight: Array) -> WeightedFit:
    if request.family == "binomial":
        return fit_binomial(problem, request.link, weight)
    return fit_canonical(problem, y, request.family, weight)


def _assemble(
    request: SurveyGlmRequest,
    matrix: DesignMatrix,
    back: Array,
    fit: WeightedFit,
    covariance: ScoreCovariance,
    sample: Sample,
    needed: list[str],
) -> Estimates:
    names, frame = list(matrix.names), sample.frame
    effects = {"model_matrix": matrix.to_options(), "binary": binary_columns(matrix, frame), "offset": None}
    return Estimates(
        params=pd.Series(back @ fit.params, index=names, name="estimate"),
        cov=pd.DataFrame(delta_covariance(back, covariance.cov), index=names, columns=names),
        nobs=len(frame),
        cov_type=covariance.cov_type,
        kind=KIND,
        df_resid=covariance.df,
        outcome=matrix.formula.outcome,
        formula=request.formula,
        link=request.link,
        loglik=fit.loglik,
        counts=covariance.counts,
        diagnostics=fit.diagnostics,
        options={"family": request.family, "pseudo_likelihood": True,
                 **(effects if request.family == "binomial" else {})},
        notes=(*sample.notes, covariance.note),
        design=request.design,
        digest=frame_digest(frame[needed]),
        frame=frame,
    )  # fmt: skip
