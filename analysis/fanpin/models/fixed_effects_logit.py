"""Logit with an intercept of its own for every unit, by the exact conditional likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import check_columns_named
from fanpin.core.errors import DataError, EstimationError, InputError
from fanpin.core.numbers import positive_column
from fanpin.core.options import UnitCovariance, check_option
from fanpin.kernels.conditional_logit import ConditionalLogitFit, fit_conditional_logit, varies
from fanpin.kernels.sandwich import cov_inverse_hessian
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.fixed_effects_logit_checks import UnitRows, check_identified_within, no_maximum
from fanpin.models.formula import ModelFormula, parse_formula
from fanpin.models.sample import Sample, as_frame, binary_outcome, column_names, complete_rows
from fanpin.models.score_covariance import ScoreCovariance, Scores, cluster_covariance, row_covariance
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
KIND = "fixed_effects_logit"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEffectsLogitRequest:
    """What was asked of `fixed_effects_logit`, checked; `cluster` is the column in use, or None."""

    formula: str
    unit: str
    weight: str | None
    cov: UnitCovariance
    cluster: str | None

    @classmethod
    def checked(cls, formula: str, *, unit: str, weight: str | None, cov: UnitCovariance,
                cluster: str | None) -> FixedEffectsLogitRequest:  # fmt: skip
        """The request; raises for options that contradict each other."""
        check_option("cov", cov, UnitCovariance)
        named = {"unit": unit, **{k: v for k, v in (("weight", weight), ("cluster", cluster)) if v is not None}}
        check_columns_named(KIND, **named)
        if cluster is not None and cov != "cluster":
            raise InputError(f"cluster={cluster!r} needs cov='cluster'", got=f"cov={cov!r}")
        by = (cluster or unit) if cov == "cluster" else None
        return cls(formula=formula, unit=unit, weight=weight, cov=cov, cluster=by)

    @property
    def identifiers(self) -> list[str]:
        """Columns that may not be missing."""
        return list(dict.fromkeys([self.unit, *(c for c in (self.cluster, self.weight) if c is not None)]))


@dataclass(frozen=True, slots=True)
class _Informative:
    """The units that carry information: rows sorted by unit, one label, weight and cluster each."""

    rows: UnitRows
    codes: NDArray[np.int64]
    weight: Array | None
    heads: pd.DataFrame
    counts: dict[str, float]


def fixed_effects_logit(
    formula: str,
    data: Any,
    *,
    unit: str,
    weight: str | None = None,
    cov: UnitCovariance = "classic",
    cluster: str | None = None,
) -> Estimates:
    r"""Conditional ("fixed effects") logit: any dependence between a unit's intercept and its covariates is allowed.

    :math:`P(y_{it}=1) = \Lambda(a_i + x_{it}'\beta)` with :math:`a_i` free. Given the number of events of the unit,
    :math:`s_i = \sum_t y_{it}`, the intercept drops out of

    .. math:: P(y_i \mid s_i) = \exp(\sum_t y_{it} x_{it}'\beta) \Big/ \sum_{z: \sum z = s_i} \exp(\sum_t z_t x_{it}'\beta),

    whose maximum is consistent for a fixed number of periods. The sum in the denominator is exact for any number of rows
    per unit, by recursion.

    Parameters
    ----------
    formula : str
        ``event ~ terms``; see `fanpin.models.formula`. The constant belongs to the units.
    data : DataFrame or Ibis table
        One row per unit and period, in any order; panels may be unbalanced.
    unit : str
        Column that identifies the unit.
    weight : str, optional
        Column of positive weights, the same in all rows of a unit. The likelihood becomes a pseudo-likelihood: use
        cov="robust" or "cluster" for sampling weights.
    cov : {"classic", "robust", "cluster"}
        "classic" is the inverse A⁻¹ of the (observed) information; "robust" A⁻¹(Σ s s')A⁻¹ with s the score of a **unit**,
        whose rows may depend on each other in ways beyond the intercept; "cluster" the same over G clusters of units,
        times G/(G−1).
    cluster : str, optional
        Column of clusters, each unit in one; by default `unit`.

    Returns
    -------
    Estimates
        kind "fixed_effects_logit". `nobs` counts rows of the units used. `counts`: units and events used, units and rows
        set aside because their outcome does not vary (single rows among them), clusters. `diagnostics`: log-likelihood
        at 0 and the optimiser's record.

    Raises
    ------
    InputError, UnknownNameError : options that contradict each other, unknown columns, words a formula may not hold.
    DataError : an outcome other than 0/1, missing identifiers or weights, infinite values, a weight that varies within a
        unit, a unit in two clusters.
    EstimationError : no unit whose outcome varies; columns constant within units, or combinations of others; separation.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    DesignWarning : few clusters.

    Notes
    -----
    Covariates are assumed to be strictly exogenous given the intercept, and outcomes of a unit independent given both: a
    lagged outcome must not stand on the right. Units without variation carry no information and say nothing about who
    never relapses. Neither intercepts nor probabilities are estimated, so there are no marginal effects.

    References
    ----------
    Chamberlain (1980), Review of Economic Studies 47:225-238, doi:10.2307/2297110. Howard (1972), JRSS B 34:210-211.
    Gail, Lubin & Rubinstein (1981), Biometrika 68:703-707, doi:10.1093/biomet/68.3.703.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3, 4, 4], "x": [0, 1, 0, 1, 1, 0, 0, 1], "event": [0, 1] * 4})
    >>> fit = fixed_effects_logit("event ~ x", rows, unit="id")
    >>> fit.params.round(4).to_dict()  # ln(3/1): pairs whose event comes with x against the others
    {'x': 1.0986}
    """
    request = FixedEffectsLogitRequest.checked(formula, unit=unit, weight=weight, cov=cov, cluster=cluster)
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables]
    needed = list(dict.fromkeys([*variables, *request.identifiers]))
    frame = as_frame(data, needed)
    sample = complete_rows(frame, variables, where=f"{KIND}({formula!r})", present=request.identifiers)
    weights = None if weight is None else positive_column(sample.frame, weight, role="weight", where=KIND)
    return _estimate(request, parsed, sample, weights, needed)


def _estimate(
    request: FixedEffectsLogitRequest, parsed: ModelFormula, sample: Sample, weights: Array | None, needed: list[str]
) -> Estimates:
    informative = _informative(request, parsed, sample.frame, weights)
    rows = informative.rows
    check_identified_within(rows)
    fit = fit_conditional_logit(rows.y, rows.x, informative.codes, weight=informative.weight)
    if not fit.converged:
        raise no_maximum(rows, fit.direction, fit.iterations)
    covariance = _covariance(request, fit, informative)
    names = list(rows.names)
    return Estimates(
        params=pd.Series(fit.params, index=names, name="estimate"),
        cov=pd.DataFrame(covariance.cov, index=names, columns=names),
        nobs=len(rows.y),
        cov_type=covariance.cov_type,
        kind=KIND,
        outcome=parsed.outcome,
        formula=request.formula,
        link="logit",
        loglik=fit.loglik,
        counts={**informative.counts, "events": float(rows.y.sum()), **covariance.counts},
        diagnostics={"null_loglik": fit.null_loglik, "iterations": float(fit.iterations),
                     "gradient_norm": fit.gradient_norm, "condition_number": fit.condition_number},
        options={"unit": request.unit, "weight": request.weight, "cov": request.cov, "cluster": request.cluster,
                 "pseudo_likelihood": request.weight is not None},
        notes=(*sample.notes, *_set_aside(informative.counts), covariance.note),
        digest=frame_digest(sample.frame[needed]),
        frame=sample.frame,
    )  # fmt: skip


def _informative(
    request: FixedEffectsLogitRequest, parsed: ModelFormula, frame: pd.DataFrame, weights: Array | None
) -> _Informative:
    y = binary_outcome(frame, parsed.outcome, request.formula)
    codes = pd.factorize(frame[request.unit])[0].astype(np.int64)
    useful = varies(y, codes)
    if not useful.any():
        raise EstimationError(f"the outcome {parsed.outcome!r} varies in none of {len(useful):,} units",
                              expected="units with and without the event at different times", where=request.formula)  # fmt: skip
    order = np.argsort(codes, kind="stable")
    order = order[useful[codes[order]]]
    used = (np.cumsum(useful) - 1)[codes[order]]
    first = np.flatnonzero(np.diff(used, prepend=-1))
    kept = frame.iloc[order]
    _refuse_varying(request, kept, used, first)
    matrix = DesignMatrix.learn(parsed, kept)
    inside = [j for j, name in enumerate(matrix.names) if name != "Intercept"]
    if not inside:
        raise InputError("the formula has only a constant, which belongs to the units", got=request.formula,
                         expected="at least one column")  # fmt: skip
    names = tuple(matrix.names[j] for j in inside)
    rows = UnitRows(np.ascontiguousarray(matrix.build(kept)[:, inside]), y[order], first, names, parsed.outcome,
                    request.formula)  # fmt: skip
    counts = {"units": float(useful.sum()), "units_without_variation": float((~useful).sum()),
              "rows_without_variation": float(len(frame) - len(order))}  # fmt: skip
    return _Informative(rows, used, None if weights is None else weights[order][first], kept.iloc[first], counts)


def _refuse_varying(
    request: FixedEffectsLogitRequest, kept: pd.DataFrame, used: NDArray[np.int64], first: NDArray[np.intp]
) -> None:
    """Raise where the weight or the cluster changes within a unit."""
    for role, name in (("weight", request.weight), ("cluster", request.cluster)):
        if name is None or name == request.unit:
            continue
        values = pd.factorize(kept[name])[0]
        torn = values != values[first][used]
        if torn.any():
            units = kept[request.unit][torn].unique()
            reason = "a unit enters the likelihood as one" if role == "weight" else "a unit's score is one"
            raise DataError(f"the {role} {name!r} varies within {len(units):,} units: {reason}",
                            expected=f"one {role} per unit", got=", ".join(map(str, units[:5])), where=KIND,
                            next_step="use the weight of one wave, or the longitudinal weight" if role == "weight"
                            else "cluster by something a unit does not leave")  # fmt: skip


def _covariance(
    request: FixedEffectsLogitRequest, fit: ConditionalLogitFit, informative: _Informative
) -> ScoreCovariance:
    weight = np.ones(len(fit.score)) if informative.weight is None else informative.weight
    scores = Scores(fit.score, weight, fit.information)
    if request.cluster is not None:
        return cluster_covariance(scores, informative.heads[request.cluster])
    if request.cov == "robust":
        robust = row_covariance(scores, "robust")
        return replace(robust, note="standard errors robust (HC0 over units, observed information)")
    return ScoreCovariance(cov_inverse_hessian(fit.information), "classic",
                           "standard errors from the inverse of the observed information; units independent")  # fmt: skip


def _set_aside(counts: dict[str, float]) -> tuple[str, ...]:
    units, rows = counts["units_without_variation"], counts["rows_without_variation"]
    if not units:
        return ()
    return (f"{units:,.0f} of {units + counts['units']:,.0f} units ({rows:,.0f} rows) have an outcome that does not vary "
            "and carry no information",)  # fmt: skip
