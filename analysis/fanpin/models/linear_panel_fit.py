"""Linear panel estimators of linearmodels on arrays, and the transformed regressors that a design-based sandwich needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.options import PanelEffects, UnitCovariance
from fanpin.kernels.blocks import crossproduct

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PanelArrays:
    """A panel as arrays, n rows in any order.

    Attributes
    ----------
    y : (n,) outcome.
    x : (n, k) columns `names`.
    names : names of the columns.
    unit, time : (n,) codes from 0; times in their order.
    weight : (n,) positive weights, or None.
    cluster : (n,) codes, or None.
    """

    y: Array
    x: Array
    names: tuple[str, ...]
    unit: Codes
    time: Codes
    weight: Array | None = None
    cluster: Codes | None = None


@dataclass(frozen=True, slots=True)
class PanelFit:
    """Coefficients, covariance, residual degrees of freedom and facts of a fit.

    Attributes
    ----------
    params : (k,).
    cov : (k, k).
    df_resid : rows less coefficients less absorbed effects.
    nobs : rows the estimator worked on: units for the between estimator, differences for the differenced one.
    diagnostics : shares of variance explained, variance components.
    """

    params: Array
    cov: Array
    df_resid: float
    nobs: int
    diagnostics: dict[str, float] = field(default_factory=dict)


def fit_panel(panel: PanelArrays, effects: PanelEffects, absorbed: tuple[str, ...], cov: UnitCovariance) -> PanelFit:
    """The estimator called `effects` by linearmodels, with the covariance asked for.

    Parameters
    ----------
    panel : PanelArrays
        Checked.
    effects : {"fixed", "pooled", "random", "between", "difference"}
        The estimator.
    absorbed : tuple
        For "fixed", of "unit" and "time".
    cov : {"classic", "robust", "cluster"}
        "classic" divides by the residual degrees of freedom, absorbed effects counted; "robust" is HC0; "cluster" is HC0 over
        cluster totals times G/(G-1): neither counts absorbed effects.
    """
    index = pd.MultiIndex.from_arrays([panel.unit, panel.time], names=["unit", "time"])
    x = pd.DataFrame(panel.x, index=index, columns=[f"x{j}" for j in range(len(panel.names))])  # any name is allowed
    y = pd.Series(panel.y, index=index, name="y")
    weights = None if panel.weight is None else pd.Series(panel.weight, index=index, name="weight")
    fitted = _model(effects, y, x, weights, absorbed).fit(**_covariance_options(panel, effects, cov, index))
    groups = 0 if panel.cluster is None or cov != "cluster" else int(panel.cluster.max()) + 1
    factor = groups / (groups - 1) if groups else 1.0  # linearmodels' own is G/(G-1) (N-1)/N
    return PanelFit(
        params=fitted.params.to_numpy(dtype=float),
        cov=np.asarray(fitted.cov.to_numpy(dtype=float) * factor),
        df_resid=float(fitted.df_resid),
        nobs=int(fitted.nobs),
        diagnostics=_diagnostics(fitted, effects),
    )


def _model(effects: PanelEffects, y: pd.Series, x: pd.DataFrame, weights: Any, absorbed: tuple[str, ...]) -> Any:
    from linearmodels import panel  # slow to import

    if effects == "fixed":
        return panel.PanelOLS(y, x, weights=weights, entity_effects="unit" in absorbed, time_effects="time" in absorbed)
    kinds = {"pooled": panel.PooledOLS, "random": panel.RandomEffects, "between": panel.BetweenOLS,
             "difference": panel.FirstDifferenceOLS}  # fmt: skip
    return kinds[effects](y, x, weights=weights)


def _covariance_options(
    panel: PanelArrays, effects: PanelEffects, cov: UnitCovariance, index: pd.MultiIndex
) -> dict[str, Any]:
    counted = {"auto_df": False, "count_effects": cov == "classic"} if effects == "fixed" else {}
    if cov == "classic":
        return {"cov_type": "unadjusted", "debiased": True, **counted}
    if cov == "robust":
        return {"cov_type": "robust", "debiased": False, **counted}
    clusters = pd.DataFrame({"cluster": panel.cluster}, index=index)
    return {"cov_type": "clustered", "debiased": False, "group_debias": False, "clusters": clusters, **counted}


def _diagnostics(fitted: Any, effects: PanelEffects) -> dict[str, float]:
    shares = {"r2": fitted.rsquared, "r2_within": fitted.rsquared_within, "r2_between": fitted.rsquared_between}
    found = {name: float(value) for name, value in shares.items() if np.isfinite(value)}
    if effects == "random":
        parts = fitted.variance_decomposition
        found |= {"sigma": float(np.sqrt(parts["Effects"])), "sigma_residual": float(np.sqrt(parts["Residual"]))}
    return found


def within_transform(values: Array, panel: PanelArrays, absorbed: tuple[str, ...]) -> Array:
    """(n, q) columns less what the absorbed effects explain, by weighted least squares, exact.

    Unit effects are removed by means; time effects, few, by regression on their dummies, themselves less their unit means.
    """
    weight = np.ones(len(values)) if panel.weight is None else panel.weight
    if not absorbed:
        return values.copy()
    first, second = (panel.unit, panel.time) if "unit" in absorbed else (panel.time, None)
    out = _demean(values, first, weight)
    if second is None or "time" not in absorbed:
        return out
    dummies = _demean(np.eye(int(second.max()) + 1)[second][:, 1:], first, weight)
    root = np.sqrt(weight)[:, None]
    slopes = np.linalg.lstsq(dummies * root, out * root, rcond=None)[0]
    return np.asarray(out - dummies @ slopes)


def _demean(values: Array, codes: Codes, weight: Array) -> Array:
    total = np.bincount(codes, weights=weight)
    means = np.column_stack([np.bincount(codes, weights=weight * v) for v in values.T]) / total[:, None]
    return np.asarray(values - means[codes])


def weighted_information(x: Array, weight: Array | None) -> Array:
    """Sum of w x x', (k, k)."""
    return crossproduct(x, None if weight is None else np.sqrt(weight))
