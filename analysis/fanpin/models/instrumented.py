"""Linear models with endogenous columns: two-stage least squares, with what tells whether the instruments are strong."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from fanpin.core.design import Design
from fanpin.core.design_arrays import DesignArrays, design_arrays
from fanpin.core.errors import DesignWarning, EstimationError, InputError, require_columns
from fanpin.core.options import UnitCovariance
from fanpin.models.checks import first_dependent
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.encoding import as_floats
from fanpin.models.formula import ModelFormula, parse_formula
from fanpin.models.instrumented_fit import IvArrays, Stacked, anderson_rubin, first_stage_f, reduced_form, two_stage
from fanpin.models.instrumented_request import KIND, InstrumentedRequest, Names
from fanpin.models.instrumented_tests import anderson_rubin_set
from fanpin.models.sample import Sample, as_frame, column_names, complete_rows
from fanpin.models.score_covariance import ScoreCovariance, Scores, cluster_covariance, design_based, row_covariance
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
WEAK = 10.0  # first-stage F below which intervals of two-stage least squares are not to be trusted
LEAST_MOVED = 1e-12  # share of an endogenous column's variation below which instruments do not move it at all


def instrumented(
    formula: str,
    data: Any,
    *,
    endogenous: Names,
    instruments: Names,
    cov: UnitCovariance = "robust",
    cluster: str | None = None,
    design: Design | None = None,
) -> Estimates:
    r"""Two-stage least squares of :math:`y = w'\gamma + x'\beta + e` with x correlated with e.

    Instruments z move x, and matter for y through x alone, given w. Each endogenous column is regressed on instruments and
    exogenous columns, and its fitted values take its place: :math:`(\hat\gamma, \hat\beta) = (\hat X'\hat X)^{-1}\hat X'y`.

    Parameters
    ----------
    formula : str
        ``outcome ~ exogenous terms``; ``outcome ~ 1`` where there are none. See `fanpin.models.formula`.
    data : DataFrame or Ibis table
        One row per observation.
    endogenous, instruments : str or sequence of str
        Numeric columns: those correlated with the error, and those excluded from the equation.
    cov : {"robust", "classic", "cluster"}
        "robust" is HC0; "classic" divides by rows less coefficients; "cluster" sums scores over G clusters, times G/(G−1).
    cluster : str, optional
        Column of clusters, with cov="cluster".
    design : Design, optional
        Survey design: weights in both stages, the design's covariance of the scores.

    Returns
    -------
    Estimates
        kind "instrumented", exogenous terms first. `diagnostics`: first-stage F (with the covariance of the fit) and, for one
        endogenous column, the ends of the Anderson-Rubin 95 % confidence set, which holds for weak instruments too.
        `fanpin.models.instrument_tests` gives the tests as objects, `fanpin.models.anderson_rubin_set` the set at any level.

    Raises
    ------
    InputError : fewer instruments than endogenous columns, a column in two roles, options that contradict each other.
    UnknownNameError : a column that does not exist.
    DataError : infinite values, text where a number is needed, missing identifiers.
    EstimationError : collinear columns or instruments, instruments that do not move an endogenous column at all.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    DesignWarning : few clusters.

    Notes
    -----
    That instruments matter only through the endogenous columns cannot be tested, save for their mutual agreement where there
    are more of them. With effects that differ between people, the estimate is an average over those whom the instrument moves
    (Imbens & Angrist 1994). Below a first-stage F of 10 intervals of the estimate mislead: read the Anderson-Rubin set, and
    prefer it always where one column is endogenous.

    The overidentification test is Sargan's with cov="classic"; otherwise it is the smallest Anderson-Rubin statistic, Hansen's
    J of continuously updated moments. The test of exogeneity is Wu and Hausman's with cov="classic", Wooldridge's robust one
    with cov="robust", and is not given for clusters and designs.

    References
    ----------
    Imbens & Angrist (1994), Econometrica 62:467-475. Anderson & Rubin (1949), Annals of Mathematical Statistics 20:46-63.
    Staiger & Stock (1997), Econometrica 65:557-586. Andrews, Stock & Sun (2019), Annual Review of Economics 11:727-753,
    doi:10.1146/annurev-economics-080218-025643.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"z": [0, 1] * 4, "x": [1, 3, 0, 2, 2, 3, 1, 4], "y": [2, 5, 1, 4, 3, 5, 3, 6]})
    >>> fit = instrumented("y ~ 1", rows, endogenous="x", instruments="z", cov="classic")
    >>> fit.params.round(4).to_dict()  # the difference of means of y over that of x
    {'Intercept': 0.875, 'x': 1.375}
    """
    request = InstrumentedRequest.checked(
        formula, endogenous=endogenous, instruments=instruments, cov=cov, cluster=cluster, design=design
    )
    known = column_names(data)
    parsed = parse_formula(formula, known)
    require_columns(known, [*request.endogenous, *request.instruments], where=KIND)
    _refuse_two_roles(request, parsed)
    variables = [parsed.outcome, *parsed.variables, *request.endogenous, *request.instruments]
    present = [] if cluster is None else [cluster]
    needed = list(dict.fromkeys([*variables, *present, *(design.columns if design else ())]))
    frame = as_frame(data, needed)
    sample = complete_rows(frame, variables, where=f"{KIND}({formula!r})", present=present)
    arrays = None if design is None else design_arrays(frame, design, where=KIND)
    return _estimate(request, parsed, sample, arrays, needed)


def _refuse_two_roles(request: InstrumentedRequest, parsed: ModelFormula) -> None:
    for role, names in (("endogenous", request.endogenous), ("an instrument", request.instruments)):
        inside = sorted(set(names) & {parsed.outcome, *parsed.variables})
        if inside:
            raise InputError(f"{', '.join(inside)}: in the formula and {role} at once", got=request.formula,
                             expected="exogenous columns alone in the formula")  # fmt: skip


def _estimate(
    request: InstrumentedRequest, parsed: ModelFormula, sample: Sample, arrays: DesignArrays | None, needed: list[str]
) -> Estimates:
    frame = sample.frame
    matrix = DesignMatrix.learn(parsed, frame)
    weight = np.ones(len(frame)) if arrays is None else arrays.weight[sample.kept]
    inner, outer = (np.column_stack([as_floats(frame[name], KIND) for name in names])
                    for names in (request.endogenous, request.instruments))  # fmt: skip
    columns = IvArrays(as_floats(frame[parsed.outcome], request.formula), matrix.build(frame), inner, outer, weight)
    _check_identified(request, columns, matrix.names, parsed.outcome)
    fitted = _linearmodels(columns, request.cov)
    second, reduced = two_stage(columns, fitted.params.to_numpy(dtype=float)), reduced_form(columns)
    covariance = _covariance(request, second, sample, arrays)
    with warnings.catch_warnings():  # said once already
        warnings.simplefilter("ignore", DesignWarning)
        reduced_cov = _covariance(request, reduced, sample, arrays).cov
    names = [*matrix.names, *request.endogenous]
    df_denom = reduced.df_resid if covariance.df is None or request.cov == "classic" else covariance.df
    result = Estimates(
        params=pd.Series(second.params, index=names, name="estimate"),
        cov=pd.DataFrame(covariance.cov, index=names, columns=names),
        nobs=len(frame),
        cov_type=covariance.cov_type,
        kind=KIND,
        df_resid=covariance.df,
        outcome=parsed.outcome,
        formula=request.formula,
        counts=covariance.counts,
        options={
            "endogenous": list(request.endogenous), "instruments": list(request.instruments),
            "cov": request.cov if request.design is None else "design", "cluster": request.cluster,
            "reduced_form": {"estimates": reduced.params.tolist(), "cov": reduced_cov.tolist(), "df_denom": df_denom},
            "tests": _tests(request, fitted, reduced.params, reduced_cov, df_denom),
        },
        notes=(*sample.notes, covariance.note),
        design=request.design,
        digest=frame_digest(frame[needed]),
        frame=frame,
    )  # fmt: skip
    return _with_strength(result)


def _check_identified(request: InstrumentedRequest, columns: IvArrays, names: tuple[str, ...], outcome: str) -> None:
    """Raise for collinear columns and instruments, too few rows, an outcome that does not vary, an empty first stage."""
    where = request.formula
    labels = [*names, *request.endogenous, *request.instruments]
    if len(columns.y) <= len(labels):
        raise EstimationError(f"{len(columns.y)} rows cannot determine {len(labels)} coefficients", where=where,
                              expected="more rows than columns and instruments")  # fmt: skip
    if np.ptp(columns.y) == 0.0:
        raise EstimationError(f"the outcome {outcome!r} is {columns.y[0]:g} in every row", where=where)
    has_intercept = names[0] == "Intercept"
    for listed, values in ((request.endogenous, columns.endogenous), (request.instruments, columns.instruments)):
        found = first_dependent(np.column_stack([columns.exogenous, values]), has_intercept)
        if found is not None:
            every = [*names, *listed]
            others = ", ".join(every[j] for j in found[1]) or "the constant"
            raise EstimationError(f"the column {every[found[0]]!r} is a combination of others", got=others, where=where,
                                  expected="columns of full rank", next_step="leave it or one of the others out")  # fmt: skip
    weakest, share = _least_moved(columns)
    if share < LEAST_MOVED:
        raise EstimationError(f"the instruments do not identify the coefficient of {request.endogenous[weakest]!r}", where=where,
                              got=f"instruments {', '.join(request.instruments)}",
                              expected="instruments that move each endogenous column in its own way")  # fmt: skip


def _least_moved(columns: IvArrays) -> tuple[int, float]:
    """The endogenous column in the direction that the instruments move least, and the share of its variation they move."""
    given = columns.exogenous
    own = columns.endogenous - given @ np.linalg.lstsq(given, columns.endogenous, rcond=None)[0]
    z = columns.instruments - given @ np.linalg.lstsq(given, columns.instruments, rcond=None)[0]
    moved = z @ np.linalg.lstsq(z, own, rcond=None)[0] / np.sqrt(np.einsum("ij,ij->j", own, own))
    _, sizes, directions = np.linalg.svd(moved, full_matrices=False)
    return int(np.argmax(np.abs(directions[-1]))), float(sizes[-1] ** 2)


def _linearmodels(columns: IvArrays, cov: UnitCovariance) -> Any:
    """The fit by linearmodels, names replaced by places; its covariance is behind its test of exogeneity only."""
    from linearmodels.iv import IV2SLS  # slow to import

    frames = [pd.DataFrame(values, columns=[f"{letter}{j}" for j in range(values.shape[1])])
              for letter, values in (("w", columns.exogenous), ("x", columns.endogenous), ("z", columns.instruments))]  # fmt: skip
    model = IV2SLS(pd.Series(columns.y, name="y"), *frames, weights=pd.Series(columns.weight, name="weight"))
    return model.fit(cov_type="robust" if cov == "robust" else "unadjusted", debiased=cov == "classic")


def _covariance(
    request: InstrumentedRequest, fit: Stacked, sample: Sample, arrays: DesignArrays | None
) -> ScoreCovariance:
    scores = Scores(fit.scores, np.ones(len(fit.scores)), fit.information)
    if arrays is not None and request.design is not None:
        found = design_based(scores, arrays, sample, request.design, unit=None)
        return replace(found, note=found.note.removesuffix(" (observed information)"))
    if request.cluster is not None:
        found = cluster_covariance(scores, sample.frame[request.cluster])
        return replace(found, note=found.note.replace("observed information, ", ""))
    if request.cov == "classic":
        return ScoreCovariance(fit.classic, "classic", "classic standard errors", df=fit.df_resid)
    return replace(row_covariance(scores, "robust"), note="standard errors robust (HC0); rows independent")


def _tests(
    request: InstrumentedRequest, fitted: Any, params: Array, cov: Array, df_denom: float
) -> dict[str, dict[str, Any]]:
    """The fields of each test, as plain data."""
    q, m = len(request.instruments), len(request.endogenous)
    found: dict[str, dict[str, Any]] = {}
    for j, name in enumerate(request.endogenous, start=1):
        found[f"first_stage:{name}"] = {
            "name": f"First stage of {name}", "stat": first_stage_f(params, cov, q, j), "distribution": "F", "df": q,
            "null": f"the instruments do not move {name}", "df_denom": df_denom,
        }  # fmt: skip
    found["anderson_rubin"] = {
        "name": "Anderson-Rubin test", "stat": first_stage_f(params, cov, q, 0), "distribution": "F", "df": q,
        "null": f"{', '.join(request.endogenous)} {'has' if m == 1 else 'have'} no effect", "df_denom": df_denom,
    }  # fmt: skip
    if q > m and request.cov == "classic":
        found["overidentification"] = {"name": "Sargan test", "stat": float(fitted.sargan.stat)}
    elif q > m == 1:
        start, width = float(fitted.params.iloc[-1]), float(fitted.std_errors.iloc[-1])
        smallest = optimize.minimize_scalar(lambda b: anderson_rubin(params, cov, b), bracket=(start, start + width))
        found["overidentification"] = {"name": "Hansen's J, continuously updated", "stat": float(smallest.fun)}
    if "overidentification" in found:
        found["overidentification"] |= {"null": "the instruments agree", "distribution": "chi2", "df": q - m}
    exogenous = f"{', '.join(request.endogenous)} {'is' if m == 1 else 'are'} exogenous"
    if request.cov == "classic":
        test = fitted.wu_hausman()
        found["exogeneity"] = {"name": "Wu-Hausman test", "stat": float(test.stat), "distribution": "F", "df": test.df,
                               "df_denom": test.df_denom, "null": exogenous}  # fmt: skip
    elif request.cov == "robust" and request.design is None:
        test = fitted.wooldridge_regression
        found["exogeneity"] = {"name": "Wooldridge's regression test", "stat": float(test.stat), "distribution": "chi2",
                               "df": test.df, "null": exogenous}  # fmt: skip
    return found


def _with_strength(result: Estimates) -> Estimates:
    """The result with the strength of its instruments among the diagnostics, and a note where they are weak."""
    tests, names = result.options["tests"], result.options["endogenous"]
    strength = {name: tests[f"first_stage:{name}"]["stat"] for name in names}
    diagnostics = {"first_stage_f": min(strength.values())}
    notes = [f"first-stage F of {name}: {stat:.2f}" for name, stat in strength.items()]
    if len(names) == 1:
        parts = anderson_rubin_set(result)
        low, high = (parts[0][0], parts[-1][1]) if parts else (float("nan"), float("nan"))
        diagnostics |= {"ar_low": low, "ar_high": high}
        shown = " and ".join(f"[{a:.4g}, {b:.4g}]" for a, b in parts) or "empty: the instruments contradict each other"
        notes.append(f"Anderson-Rubin 95 % confidence set of {names[0]}: {shown}")
    if diagnostics["first_stage_f"] < WEAK:
        notes.append("weak instruments: standard errors and intervals of the estimate are not to be trusted")
    return replace(result, diagnostics=diagnostics, notes=(*result.notes, *notes))
