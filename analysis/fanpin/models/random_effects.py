"""Binary panel models with a normal random intercept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fanpin.core.arguments import check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.errors import InputError
from fanpin.core.options import Covariance, Link, Points, check_option
from fanpin.kernels.delta import delta_method
from fanpin.kernels.random_effects.fit import LATENT_SD
from fanpin.kernels.random_effects.maximise import Adaptation
from fanpin.models.formula import parse_formula
from fanpin.models.random_effects_fit import InterceptRequest, check_points, estimate_intercept
from fanpin.models.sample import as_frame, column_names, complete_rows
from fanpin.results import Estimates

KIND = "random_effects"


def random_effects(
    formula: str,
    data: Any,
    *,
    unit: str,
    link: Link = "logit",
    points: Points = "auto",
    adaptive: bool | Literal["mode"] = True,
    design: Design | None = None,
    cov: Covariance = "classic",
    cluster: str | None = None,
) -> Estimates:
    r"""Binary panel model with a normal random intercept per unit, by maximum likelihood with adaptive quadrature.

    :math:`P(y_{it}=1\mid x_{it},v_i)=h(x_{it}'\beta+\sigma v_i)`, :math:`v_i\sim N(0,1)`, any number of rows per unit. The
    log-likelihood is :math:`\sum_i w_i\ln\int\prod_t P(y_{it}\mid x_{it},v)\,\phi(v)\,dv`.

    Parameters
    ----------
    formula : str
        ``outcome ~ terms``, the outcome 0/1; see `fanpin.models.formula` for the words allowed.
    data : DataFrame or Ibis table
        One row per unit and time, in any order.
    unit : str
        Column that identifies the unit.
    link : {"logit", "probit", "cloglog"}
        The inverse of h.
    points : "auto" or int
        Gauss-Hermite points, 7 to 400. "auto" doubles from 12 until the log-likelihood moves less than 1e-6 and no
        parameter more than 1e-5 standard errors. A number given is checked against its double: where the log-likelihood
        moves by more than 0.01 or a parameter by more than 0.05 standard errors the fit goes on to more points and warns.
    adaptive : True, "mode" or False
        True places each unit's nodes at its posterior mean and standard deviation, "mode" at the posterior mode and
        curvature (as lme4 does for the logit), False at those of the prior. With enough points they agree.
    design : Design, optional
        Survey design. Weights, one for all rows of a unit, make it a pseudo-likelihood; the covariance is linearised from
        unit scores summed by PSU, units being PSUs where the design names none.
    cov : {"classic", "robust", "cluster"}
        Covariance without a design, A being the observed information: A⁻¹; A⁻¹(Σ s s')A⁻¹ over unit scores; the same over
        G clusters of units, times G/(G−1).
    cluster : str, optional
        Column of clusters for cov="cluster", each containing whole units; by default `unit`.

    Returns
    -------
    Estimates
        kind "random_effects": coefficients, ``sigma`` and ``rho`` = σ²/(σ² + variance of the link's error), the correlation
        of two latent outcomes of a unit. `diagnostics` hold the number of points, what doubling them changes, the
        likelihood-ratio test of sigma = 0 (see `frailty_test`) and the optimiser's record. At the boundary sigma = 0 the
        estimates are the pooled ones, sigma has no standard error, and a note says why.

    Raises
    ------
    InputError, UnknownNameError : options that contradict each other, unknown columns, words a formula may not hold.
    DataError : an outcome other than 0/1, missing identifiers, infinite values, weights that vary within a unit, a unit in
        two clusters or PSUs.
    EstimationError : as for `hazard`; every unit has one row; no unit's outcome varies; no maximum was found.

    Warns
    -----
    DroppedRowsWarning : rows with a missing value were left out.
    QuadratureWarning : the points given were too few, or the most points there are do not suffice.
    DesignWarning : few clusters.

    Notes
    -----
    The intercept is assumed to be independent of the covariates; adding unit means of time-varying columns relaxes this
    (Mundlak 1978). Coefficients are conditional on the intercept and larger in size than population-averaged ones:
    compare `average_effects`. Derivatives are analytic: scores and Hessian are posterior moments (Louis 1982). Weights of
    single rows are not offered: sigma depends on how they are scaled (Rabe-Hesketh & Skrondal 2006, JRSS A 169:805-827).

    References
    ----------
    Liu & Pierce (1994), Biometrika 81:624-629, doi:10.1093/biomet/81.3.624. Pinheiro & Bates (1995), Journal of
    Computational and Graphical Statistics 4:12-35. Rabe-Hesketh, Skrondal & Pickles (2005), Journal of Econometrics
    128:301-323, doi:10.1016/j.jeconom.2004.08.017. Self & Liang (1987), JASA 82:605-610, for the test at the boundary.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": range(60), "x": [0, 1] * 30, "event": [0, 1, 0, 0, 1, 1] * 10})
    >>> rows["id"] = rows["id"] // 6
    >>> random_effects("event ~ x", rows, unit="id").params.round(3).to_dict()
    {'Intercept': -0.693, 'x': 1.386, 'sigma': 0.0, 'rho': 0.0}
    """
    request = _checked(formula, unit=unit, link=link, points=points, adaptive=adaptive, design=design, cov=cov,
                       cluster=cluster)  # fmt: skip
    parsed = parse_formula(formula, column_names(data))
    identifiers = list(dict.fromkeys([unit, *([cluster] if cluster is not None else [])]))
    variables = [parsed.outcome, *parsed.variables]
    needed = list(dict.fromkeys([*variables, *identifiers, *(design.columns if design is not None else ())]))
    frame = as_frame(data, needed)
    sample = complete_rows(frame, variables, where=f"{KIND}({formula!r})", present=identifiers)
    return with_rho(estimate_intercept(request, parsed, sample, frame, needed, KIND))


def _checked(formula: str, *, unit: str, link: Link, points: Points, adaptive: bool | Literal["mode"],
             design: Design | None, cov: Covariance, cluster: str | None) -> InterceptRequest:  # fmt: skip
    check_option("link", link, Link)
    check_option("cov", cov, Covariance)
    check_points(points)
    check_columns_named(KIND, unit=unit)
    check_design(design)
    check_linearised(design, where=KIND)
    kinds: dict[Any, Adaptation] = {True: "mean", "mode": "mode", False: "none"}
    if not isinstance(adaptive, (bool, str)) or adaptive not in kinds:
        raise InputError(f"adaptive={adaptive!r} is no kind of quadrature", expected='True, "mode" or False')
    if cluster is not None:
        check_columns_named(KIND, cluster=cluster)
        if cov != "cluster":
            raise InputError(f"cluster={cluster!r} needs cov='cluster'", got=f"cov={cov!r}")
    if design is not None and cov != "classic":
        raise InputError(f"design= brings its own covariance; cov={cov!r} cannot be used with it",
                         next_step="leave it out, or give Design(psu=…) instead of cluster=")  # fmt: skip
    by = None if cov != "cluster" else cluster or unit
    return InterceptRequest(formula=formula, link=link, unit=unit, points=points, adaptation=kinds[adaptive],
                            design=design, cov=cov, cluster=by)  # fmt: skip


def with_rho(result: Estimates) -> Estimates:
    """The estimates with rho, its standard error by the delta method."""
    assert result.link is not None
    variance = LATENT_SD[result.link] ** 2
    names, params = [*result.params.index, "rho"], result.params.to_numpy(dtype=float)
    k, cov = len(params), np.full((len(names), len(names)), np.nan)
    rho = params[-1] ** 2 / (params[-1] ** 2 + variance)
    if result.options["boundary"]:
        cov[:k, :k] = result.cov.to_numpy()
    else:
        jacobian = np.vstack([np.eye(k), np.zeros(k)])
        jacobian[-1, -1] = 2.0 * params[-1] * variance / (params[-1] ** 2 + variance) ** 2
        cov = delta_method(lambda b: np.append(b, rho), params, result.cov.to_numpy(), jacobian=jacobian).cov
    return replace(
        result,
        params=pd.Series(np.append(params, rho), index=names, name="estimate"),
        cov=pd.DataFrame(cov, index=names, columns=names),
        options={**result.options, "derived": ["rho"]},
    )
