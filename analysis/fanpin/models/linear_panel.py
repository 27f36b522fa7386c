"""Linear models of panel data: fixed effects, random effects, between, first differences, pooled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, design_arrays
from fanpin.core.errors import DataError, DesignWarning, EstimationError, InputError
from fanpin.core.options import UnitCovariance
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.formula import ModelFormula, parse_formula
from fanpin.models.linear_panel_checks import check_transformed, check_unique
from fanpin.models.linear_panel_fit import PanelArrays, PanelFit, fit_panel, weighted_information, within_transform
from fanpin.models.linear_panel_request import KIND, WORDS, LinearPanelRequest
from fanpin.models.sample import Sample, as_frame, column_names, complete_rows
from fanpin.models.score_covariance import FEW_CLUSTERS, ScoreCovariance, Scores, design_based
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]


def linear_panel(
    formula: str,
    data: Any,
    *,
    unit: str,
    time: str,
    effects: str | Sequence[str] = ("unit", "time"),
    cov: UnitCovariance = "cluster",
    cluster: str | None = None,
    design: Design | None = None,
) -> Estimates:
    r"""Linear model of panel data, :math:`y_{it} = x_{it}'\beta + a_i + d_t + e_{it}`; for a 0/1 outcome the linear
    probability model.

    Parameters
    ----------
    formula : str
        ``outcome ~ terms``; see `fanpin.models.formula`.
    data : DataFrame or Ibis table
        One row per unit and time; panels may be unbalanced.
    unit, time : str
        Columns of units and of times; times are numbers.
    effects : str or sequence of str
        ("unit", "time"), ("unit",) or ("time",): fixed effects, which remove everything constant in a unit or common to a
        time. Or one word: "pooled" (none), "random" (a_i independent of x; Swamy & Arora's generalised least squares),
        "between" (least squares of unit means), "difference" (changes between neighbouring waves; a trend takes the place
        of the constant).
    cov : {"cluster", "classic", "robust"}
        "classic" divides by the residual degrees of freedom, with absorbed effects counted. "robust" is HC0, rows
        independent. "cluster" sums scores over G clusters, times G/(G−1), and does **not** count absorbed effects (which lie
        within clusters of units).
    cluster : str, optional
        Column of clusters, by default `unit`.
    design : Design, optional
        Survey design, for fixed effects and "pooled": weighted least squares and the design's covariance of the scores.

    Returns
    -------
    Estimates
        kind "linear_panel". Classic standard errors go with the t distribution, design-based ones with PSUs less strata,
        the others with the normal. `diagnostics`: shares of variance explained; for "random" the standard deviations of
        effect and residual.

    Raises
    ------
    InputError, UnknownNameError : options that contradict each other, unknown columns, words a formula may not hold.
    InapplicableError : a design with random effects, unit means or differences.
    DataError : two rows of a unit at one time, infinite values, missing identifiers, text where a number is needed.
    EstimationError : columns that the effects absorb, collinear columns, an outcome that does not vary; by name.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    DesignWarning : few clusters, or a design without PSUs while units have several rows.

    Notes
    -----
    Standard errors of fixed effects differ between programs in one factor. With K coefficients, N rows and absorbed effects
    nested in the clusters, Stata's ``xtreg, fe`` and R's fixest multiply the clustered covariance by (N−1)/(N−K) as well;
    linearmodels counts the effects if there are time effects too, which makes standard errors of five-wave panels about 10 %
    larger. R's plm "HC0" lacks G/(G−1). With unit effects "robust" is inconsistent for more than two waves (Stock & Watson
    2008); "cluster" is not.

    Fixed effects need strict exogeneity given the effects: with a lagged outcome on the right they are biased in short panels
    (Nickell 1981). With unit effects, causes are compared within units over time; what never changes is not identified.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, ch. 10. Swamy & Arora (1972), Econometrica
    40:261-275. Stock & Watson (2008), Econometrica 76:155-174, doi:10.1111/j.0012-9682.2008.00821.x.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3], "year": [1, 2] * 3, "x": [0, 1, 0, 0, 1, 2], "y": [1, 3, 4, 5, 2, 3]})
    >>> linear_panel("y ~ x", rows, unit="id", time="year", effects=("unit",), cov="classic").params.to_dict()
    {'x': 1.5}
    """
    request = LinearPanelRequest.checked(
        formula, unit=unit, time=time, effects=effects, cov=cov, cluster=cluster, design=design
    )
    parsed = parse_formula(formula, column_names(data))
    variables = [parsed.outcome, *parsed.variables]
    needed = list(dict.fromkeys([*variables, *request.identifiers, *(design.columns if design else ())]))
    frame = as_frame(data, needed)
    sample = complete_rows(frame, variables, where=f"{KIND}({formula!r})", present=request.identifiers)
    check_unique(sample.frame, unit, time, KIND)
    arrays = None if design is None else design_arrays(frame, design, where=KIND)
    return _estimate(request, parsed, sample, arrays, needed)


def _estimate(
    request: LinearPanelRequest, parsed: ModelFormula, sample: Sample, arrays: DesignArrays | None, needed: list[str]
) -> Estimates:
    panel = _panel(request, parsed, sample, arrays)
    y, x = _transformed(request, panel)
    check_transformed(panel, y, x, outcome=parsed.outcome, by=request.removed, where=request.formula)
    fit = fit_panel(panel, request.effects, request.absorbed, "classic" if arrays is not None else request.cov)
    covariance = _covariance(request, fit, panel, sample, arrays, residual=y - x @ fit.params, x=x)
    return _assemble(request, parsed, panel, fit, covariance, sample, needed)


def _panel(
    request: LinearPanelRequest, parsed: ModelFormula, sample: Sample, arrays: DesignArrays | None
) -> PanelArrays:
    frame = sample.frame
    matrix = DesignMatrix.learn(parsed, frame)
    absorbs = request.effects in ("fixed", "difference")
    kept = [j for j, name in enumerate(matrix.names) if not (absorbs and name == "Intercept")]
    if not kept:
        raise InputError("the formula has only a constant, which the effects absorb", got=request.formula,
                         expected="at least one column")  # fmt: skip
    unit, labels = pd.factorize(frame[request.unit])
    if len(labels) < 2:
        raise EstimationError(
            f"column {request.unit!r} has one unit", expected="at least two units", where=request.formula
        )
    if (request.effects == "difference" or "unit" in request.absorbed) and len(labels) == len(frame):
        raise EstimationError("no unit has two rows", expected="units seen more than once", where=request.formula,
                              next_step="effects='pooled' for a cross-section")  # fmt: skip
    times = as_floats(frame[request.time], f"time={request.time!r}", advice="code times as whole numbers")
    cluster = None if request.cluster is None else _clusters(request, frame, unit)
    return PanelArrays(
        y=as_floats(frame[parsed.outcome], request.formula),
        x=np.ascontiguousarray(matrix.build(frame)[:, kept]),
        names=tuple(matrix.names[j] for j in kept),
        unit=unit.astype(np.int64),
        time=np.unique(times, return_inverse=True)[1].astype(np.int64),
        weight=None if arrays is None or request.design is None or request.design.weight is None
        else arrays.weight[sample.kept],
        cluster=cluster,
    )  # fmt: skip


def _clusters(request: LinearPanelRequest, frame: pd.DataFrame, unit: NDArray[np.intp]) -> NDArray[np.int64]:
    codes, labels = pd.factorize(frame[request.cluster])
    if len(labels) < 2:
        raise EstimationError(f"column {request.cluster!r} has one cluster", expected="at least two clusters")
    first = np.unique(unit, return_index=True)[1]
    if request.effects in ("between", "random") and (codes != codes[first][unit]).any():
        raise DataError(f"the cluster {request.cluster!r} varies within units", expected="each unit in one cluster",
                        where=f"effects={request.effects!r}")  # fmt: skip
    return codes.astype(np.int64)


def _transformed(request: LinearPanelRequest, panel: PanelArrays) -> tuple[Array, Array]:
    """Outcome and columns as the estimator sees them; for random effects, as given."""
    both = np.column_stack([panel.y, panel.x])
    if request.effects == "between":
        both = np.asarray(pd.DataFrame(both).groupby(panel.unit).mean())
    elif request.effects == "difference":
        order = np.lexsort([panel.time, panel.unit])
        neighbours = (np.diff(panel.unit[order]) == 0) & (np.diff(panel.time[order]) == 1)
        both = np.diff(both[order], axis=0)[neighbours]
    else:
        both = within_transform(both, panel, request.absorbed)
    return both[:, 0], both[:, 1:]


def _covariance(
    request: LinearPanelRequest, fit: PanelFit, panel: PanelArrays, sample: Sample, arrays: DesignArrays | None, *,
    residual: Array, x: Array,
) -> ScoreCovariance:  # fmt: skip
    if arrays is not None and request.design is not None:
        scores = Scores(x, residual, weighted_information(x, panel.weight))
        found = design_based(scores, arrays, sample, request.design, unit=request.unit)
        return replace(found, note=found.note.removesuffix(" (observed information)"))
    if request.cov == "classic":
        counted = "; absorbed effects count in the degrees of freedom" if request.absorbed else ""
        return ScoreCovariance(fit.cov, "classic", f"classic standard errors{counted}", df=fit.df_resid)
    if request.cov == "robust":
        late = "; with unit effects they are inconsistent for more than two waves" if "unit" in request.absorbed else ""
        return ScoreCovariance(fit.cov, "robust", f"standard errors robust (HC0); rows independent{late}")
    assert panel.cluster is not None
    groups = int(panel.cluster.max()) + 1
    note = f"standard errors clustered by {request.cluster} (G/(G-1), absorbed effects not counted)"
    if groups < FEW_CLUSTERS:
        few = f"only {groups} clusters in {request.cluster!r}: their standard errors tend to be too small"
        warnings.warn(DesignWarning(few), stacklevel=4)
        note = f"{note}; {few}"
    return ScoreCovariance(fit.cov, "cluster", note, counts={"clusters": float(groups)})


def _assemble(
    request: LinearPanelRequest,
    parsed: ModelFormula,
    panel: PanelArrays,
    fit: PanelFit,
    covariance: ScoreCovariance,
    sample: Sample,
    needed: list[str],
) -> Estimates:
    names, frame = list(panel.names), sample.frame
    absorbed = f" of {' and '.join(request.absorbed)}" if request.absorbed else ""
    none = fit.diagnostics.get("sigma") == 0.0
    boundary = ("the variance of the unit effects is estimated as 0: the fit is the pooled one",) if none else ()
    return Estimates(
        params=pd.Series(fit.params, index=names, name="estimate"),
        cov=pd.DataFrame((covariance.cov + covariance.cov.T) / 2.0, index=names, columns=names),
        nobs=fit.nobs,
        cov_type=covariance.cov_type,
        kind=KIND,
        df_resid=covariance.df,
        outcome=parsed.outcome,
        formula=request.formula,
        counts={"units": float(panel.unit.max() + 1), "waves": float(panel.time.max() + 1), **covariance.counts},
        diagnostics=fit.diagnostics,
        options={"unit": request.unit, "time": request.time, "effects": request.effects, "absorbed": list(request.absorbed),
                 "cov": request.cov if request.design is None else "design", "cluster": request.cluster},
        notes=(*sample.notes, f"{WORDS[request.effects]}{absorbed}", *boundary, covariance.note),
        design=request.design,
        digest=frame_digest(frame[needed]),
        frame=frame,
    )  # fmt: skip
