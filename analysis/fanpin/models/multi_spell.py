"""Joint hazards of exit from poverty and of return to it, with correlated unit effects and initial conditions."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg

from fanpin.core.arguments import check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.errors import DesignWarning, InapplicableError, InputError, require_columns
from fanpin.core.options import Link, check_option
from fanpin.kernels.delta import delta_method
from fanpin.kernels.mass_points import ClassFit, ClassPlan, Process, fit_classes
from fanpin.models.discrete_frailty import check_converged, check_count
from fanpin.models.discrete_frailty_units import UnitSample, delta_with_missing, unit_covariance, unit_sample
from fanpin.models.formula import parse_formula
from fanpin.models.multi_spell_effects import class_moments
from fanpin.models.multi_spell_rows import Equation, equation, exit_rows, observed_rows, relapse_rows
from fanpin.models.sample import as_frame
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest

Array = NDArray[np.float64]
WEAK = 2.0  # standard errors
FAR = 2.0  # a point further off has a large standard error because few or no events happen there
EFFECTS = ("exit", "relapse")


def multi_spell(
    exit: str,
    relapse: str,
    data: Any,
    *,
    unit: str,
    time: str,
    initial: str,
    masses: int = 2,
    design: Design | None = None,
    link: Link = "cloglog",
    max_gap: int | None = 1,
    starts: int = 8,
) -> Estimates:
    r"""Exit from poverty and return to it as one model: two hazards with correlated mass points, and the first state.

    Unit i belongs with probability :math:`\pi_{ml}` to the class whose exit effect is :math:`\theta^e_m` and whose
    relapse effect is :math:`\theta^r_l`. Its likelihood is

    .. math:: \sum_{m,l}\pi_{ml}\,\Phi(s_i[z_i'\gamma+u_m+v_l])\prod_{t\in P}h(\eta^e_{it}+\theta^e_m)^{(e)}
              \prod_{t\in N}h(\eta^r_{it}+\theta^r_l)^{(r)},

    with the probit of the state at the unit's first wave (:math:`s_i` is 1 when poor and -1 otherwise), the rows P whose
    previous wave is in poverty and the rows N whose previous wave is out of it; :math:`h^{(e)}` is h or 1 - h. The first
    point of each effect is 0 beside a free intercept and has the highest hazard. The joint shares are free, so the
    effects may be correlated in any way (Stevens 1999; Devicienti 2011); u and v are the loadings of the first state on
    the two effects, one for each point.

    Parameters
    ----------
    exit, relapse : str
        ``exit ~ terms`` and ``relapse ~ terms`` with columns of the data and of the risk sets: `duration`, `spell`,
        `gap`, `left_censored`.
    data : DataFrame or Ibis table
        The panel, one row a unit and wave.
    unit, time : str
        Its key; time is a whole number.
    initial : str
        ``is_poor ~ terms``, estimated on each unit's first wave. Its outcome is the state, 0/1, from which the risk
        sets are made.
    masses : int
        Points of each effect; 1 gives three separate fits without heterogeneity.
    design : Design, optional
        Its columns must be constant within units. None clusters by unit.
    link : {"cloglog", "logit", "probit"}
        Of the hazards; the first state has a probit.
    max_gap : int or None
        Largest step of time between two waves that links them: 2 for a panel every other year.
    starts : int
        Random starting values; how many reached the maximum is reported.

    Returns
    -------
    Estimates
        kind "multi_spell"; terms "exit: x", "relapse: x", "initial: x", "exit: mass 2", "relapse: mass 2",
        "initial: exit mass 2", "initial: relapse mass 2" and "log share (m, l)" against the first class. Diagnostics
        hold masses, shares, standard deviations and the correlation of the effects with its standard error; see
        `unobserved_effects` for their covariance. A class with share 0 is left out, a point at infinity has no standard
        error, and points that coincide are joined: each is said in the notes.

    Raises
    ------
    InputError, UnknownNameError, DataError, EstimationError : as `fanpin.hazard` for each equation and as
        `fanpin.exit_risk_set` for the panel; further, an equation without an intercept or with another outcome, design
        columns that vary within a unit, no convergence.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out, by equation.
    DesignWarning : few clusters, one start alone reached the maximum, or points that the spells do not tell apart.

    Notes
    -----
    Given its class the unit's whole history after the first wave enters, so that leaving out spells in progress at the
    first wave, a selection on the effects, is not needed. Those spells are in both hazards with `left_censored` True and
    a duration that counts from the first wave seen: first observed entries into poverty stand beside relapses. Let
    `left_censored` be a term of both equations, or an interaction, where they differ; it is noted when it is not.
    Effects are independent of the covariates of all three equations.

    References
    ----------
    Stevens (1999), Journal of Human Resources 34:557-588. Devicienti (2011), Empirical Economics 40:657-686,
    doi:10.1007/s00181-010-0350-2. Heckman & Singer (1984), Econometrica 52:271-320. Imai & You (2014), Oxford Bulletin
    of Economics and Statistics 76.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame({"id": np.repeat(range(200), 5), "year": list(range(5)) * 200, "x": rng.normal(size=1000)})
    >>> panel["is_poor"] = (rng.random(1000) < 0.4).astype(int)  # simulated
    >>> joint = multi_spell("exit ~ x", "relapse ~ x", panel, unit="id", time="year", initial="is_poor ~ x", masses=1)
    >>> joint.params.index.tolist()[:3]
    ['exit: Intercept', 'exit: x', 'relapse: Intercept']
    """
    _check_request(unit, time, masses, design, link, starts)
    frame = as_frame(data, [str(name) for name in getattr(data, "columns", [])])
    require_columns(frame.columns, [unit, time, *(() if design is None else design.columns)], where="multi_spell")
    poor = parse_formula(initial, [str(name) for name in frame.columns]).outcome
    rows, notes = observed_rows(frame, unit=unit, time=time, poor=poor)
    key: dict[str, Any] = {"unit": unit, "time": time, "poor": poor, "max_gap": max_gap}
    equations = [
        equation("exit", exit, exit_rows(rows, **key), unit=unit, link=link, outcome="exit"),
        equation("relapse", relapse, relapse_rows(rows, **key), unit=unit, link=link, outcome="relapse"),
        equation("initial", initial, rows[~rows[unit].duplicated()], unit=unit, link="probit"),
    ]
    units = unit_sample(rows, [e.frame[unit] for e in equations], unit, design)
    fit, separate, boundary = _fit(equations, units, masses, starts)
    check_converged(fit, "multi_spell")
    options = {"unit": unit, "time": time, "poor": poor, "masses": masses, "max_gap": max_gap,
               "cov": "cluster" if design is None else "design", "cluster": unit if design is None else None,
               "pseudo_likelihood": design is not None}  # fmt: skip
    result = _estimates(equations, units, fit, design, link, options, (*notes, *boundary), rows)
    result.diagnostics["loglik_separate"] = separate
    return _with_weak_points(result)


def _check_request(unit: str, time: str, masses: int, design: Design | None, link: Link, starts: int) -> None:
    check_columns_named("multi_spell", unit=unit, time=time)
    if unit == time:
        raise InputError(f"unit and time are both {unit!r}", expected="two columns", where="multi_spell")
    check_option("link", link, Link)
    check_count("masses", masses)
    check_count("starts", starts)
    check_design(design)
    check_linearised(design, where="multi_spell")


def _fit(equations: list[Equation], units: UnitSample, masses: int, starts: int) -> tuple[ClassFit, float, list[str]]:
    """The maximum with as many points as do not coincide, the log-likelihood of separate fits, and what happened."""
    pooled = [e.pooled(None if units.weight is None else units.weight[units.codes[j]])
              for j, e in enumerate(equations)]  # fmt: skip
    slopes, separate = [params for params, _ in pooled], sum(loglik for _, loglik in pooled)
    processes: tuple[Process, ...] = tuple(e.process(code) for e, code in zip(equations, units.codes, strict=True))
    points, notes = [masses, masses], []
    while True:
        plan = ClassPlan.full((points[0], points[1]), linked=True)
        fit = fit_classes(processes, units.count, plan, slopes, weight=units.weight, starts=starts)
        if fit.coincident is None:
            break
        effect = fit.coincident[0]
        notes.append(f"boundary: two of the {points[effect]} mass points of {EFFECTS[effect]} coincide; fitted with "
                     f"{points[effect] - 1}")  # fmt: skip
        points[effect] -= 1
    notes += [f"boundary: the share of class {_label(c)} is 0 at the maximum; the class is left out" for c in fit.empty]
    return fit, separate, notes


def _label(combination: tuple[int, ...]) -> str:
    return f"({', '.join(str(point + 1) for point in combination)})"


def _names(equations: list[Equation], plan: ClassPlan) -> list[str]:
    slopes = [f"{e.name}: {term}" for e in equations for term in e.matrix.names]
    points = [(effect, m) for effect, count in zip(EFFECTS, plan.masses, strict=True) for m in range(2, count + 1)]
    own = [f"{effect}: mass {m}" for effect, m in points]
    first = [f"initial: {effect} mass {m}" for effect, m in points]
    return [*slopes, *own, *first, *(f"log share {_label(c)}" for c in plan.classes[1:])]


def _estimates(
    equations: list[Equation], units: UnitSample, fit: ClassFit, design: Design | None, link: Link,
    options: dict[str, Any], notes: tuple[str, ...], rows: pd.DataFrame,
) -> Estimates:  # fmt: skip
    names, params = _names(equations, fit.plan), fit.fit.point.params
    covariance = unit_covariance(fit, units, design, str(options["unit"]))
    rest = len(params) - sum(len(e.back) for e in equations)
    back = linalg.block_diag(*(e.back for e in equations), np.eye(rest))
    held = [f"boundary: {names[j]!r} lies at infinity; it has no standard error" for j in np.flatnonzero(~fit.free)]
    censored = [f"{e.name}: {int(e.frame['left_censored'].sum()):,} rows of spells whose beginning was not seen; their "
                "duration counts from the first wave seen, and left_censored is not in the formula"
                for e in equations[:2] if e.frame["left_censored"].any() and "left_censored" not in e.matrix.levels]  # fmt: skip
    return Estimates(
        params=pd.Series(back @ params, index=names, name="estimate"),
        cov=pd.DataFrame(delta_with_missing(back, covariance.cov, fit.free), index=names, columns=names),
        nobs=sum(len(e.frame) for e in equations), cov_type=covariance.cov_type, kind="multi_spell",
        df_resid=covariance.df, formula=" | ".join(e.formula for e in equations), link=link,
        loglik=fit.fit.point.loglik,
        counts={"units": float(units.count), **{f"rows_{e.name}": float(len(e.frame)) for e in equations},
                **{f"events_{e.name}": float(e.y.sum()) for e in equations}, **covariance.counts},
        diagnostics={"iterations": float(fit.fit.iterations), "gradient_norm": fit.fit.gradient_norm,
                     "starts": float(fit.fit.starts), "starts_at_maximum": float(fit.fit.reached),
                     **_moments(fit, covariance.cov)},
        options={**options, "points": list(fit.plan.masses), "classes": [list(c) for c in fit.plan.classes],
                 "model_matrices": {e.name: e.matrix.to_options() for e in equations}},
        notes=(*(note for e in equations for note in e.notes), *notes, *held, *censored, covariance.note),
        design=design, digest=frame_digest(rows), frame=rows,
    )  # fmt: skip


def _with_weak_points(result: Estimates) -> Estimates:
    """The result with a note, and a warning, on points that the spells do not tell apart from the first."""
    own = [name for name in result.params.index if name.startswith(("exit: mass ", "relapse: mass "))]
    weak = [name for name in own if abs(result.tstats[name]) < WEAK and abs(result.params[name]) < FAR]
    if not weak:
        return result
    note = (f"weak identification: {', '.join(weak)} within two standard errors of the first point; the spells do not "
            "tell these classes apart, and shares, loadings and correlation are not to be read")  # fmt: skip
    warnings.warn(DesignWarning(note), stacklevel=3)
    return replace(result, notes=(note, *result.notes))


def _moments(fit: ClassFit, cov: Array) -> dict[str, float]:
    """Masses, shares, standard deviations and correlation as numbers by name."""
    moments = class_moments(fit.plan)
    tail = slice(fit.mixture.effect_slice.start, None)
    params = fit.fit.point.params[tail]
    values = dict(zip(moments.names, moments.values(params), strict=True))
    values |= dict.fromkeys(_without_spread(fit.plan, np.isnan(np.diag(cov)[tail])), float("nan"))
    for effect, points in zip(EFFECTS, fit.plan.points(fit.mixture, fit.fit.point.params), strict=True):
        values |= {f"{effect} mass {m + 1}": float(point) for m, point in enumerate(points)}
    if "correlation" in values:
        found = delta_method(moments.values, params, np.nan_to_num(cov[tail, tail]))
        at = moments.names.index("correlation")
        values["correlation_se"] = float(np.sqrt(found.cov[at, at])) if np.isfinite(values["correlation"]) else np.nan
    return {name: float(value) for name, value in values.items()}


def _without_spread(plan: ClassPlan, infinite: NDArray[np.bool_]) -> list[str]:
    """Moments that do not exist with a point at infinity; two points have a correlation wherever they lie."""
    gone = [p for p, own in enumerate(plan.own) if infinite[own].any()]
    correlated = min(plan.masses) > 1 and any(plan.masses[p] > 2 for p in gone)
    return [*(f"sd {EFFECTS[p]}" for p in gone), *(["correlation"] if correlated else [])]


def unobserved_effects(result: Estimates) -> Estimates:
    """Shares of the classes, standard deviations and correlation of the two effects, with delta-method errors.

    Parameters
    ----------
    result : Estimates
        From `multi_spell`, with more than one class.

    Returns
    -------
    Estimates
        kind "unobserved_effects"; terms "share (m, l)", "sd exit", "sd relapse" and "correlation", those of an effect
        with one point left out. With a point at infinity the effect
        has no standard deviation (missing).

    Raises
    ------
    InapplicableError : another result, or one without heterogeneity.
    """
    if result.kind != "multi_spell" or len(result.options["classes"]) < 2:
        raise InapplicableError("no unobserved effects in this result", expected="a multi_spell with two classes or more",
                                got=result.kind)  # fmt: skip
    plan = ClassPlan(tuple(result.options["points"]), tuple(tuple(c) for c in result.options["classes"]), True)
    moments = class_moments(plan)
    tail = list(result.params.index[-(plan.effects().shape[2] + len(plan.classes) - 1) :])
    found = delta_method(
        moments.values, result.params[tail].to_numpy(), np.nan_to_num(result.cov.loc[tail, tail].to_numpy())
    )
    names = list(moments.names)
    gone = np.isin(names, _without_spread(plan, result.cov.loc[tail, tail].isna().to_numpy().diagonal()))
    cov = np.where(gone[:, None] | gone, np.nan, found.cov)
    return Estimates(
        params=pd.Series(np.where(gone, np.nan, found.values), index=names, name="estimate"),
        cov=pd.DataFrame(cov, index=names, columns=names), nobs=result.nobs, cov_type=result.cov_type,
        kind="unobserved_effects", df_resid=result.df_resid, counts=dict(result.counts), options=dict(result.options),
        notes=result.notes, simulated=result.simulated, design=result.design, digest=result.digest,
    )  # fmt: skip
