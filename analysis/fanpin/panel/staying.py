"""Longitudinal weights by the inverse probability of staying in the panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import DataError, EstimationError, InputError
from fanpin.core.options import PanelWeights
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import LINKS
from fanpin.panel.frames import check_new, checked_frame, numbers
from fanpin.panel.states import next_states

WHERE = "staying_weights"
NEW = ["state", "p_stay", "stay_factor", "staying_weight"]


def staying_weights(
    panel: pd.DataFrame,
    *,
    covariates: Sequence[str],
    unit: str = "panel_id",
    time: str = "wave",
    weight: str | None = None,
    stabilised: bool = False,
    trim: float | None = 0.99,
) -> pd.DataFrame:
    """Weight units that stayed by the inverse probability of having stayed.

    For the pairs of waves pooled, a logit of being interviewed at the next wave on a constant for each wave and the
    covariates at the earlier wave, weighted by the base weight (that of the unit's first row), over the units interviewed at
    every wave so far. Units that died, dissolved, merged, left the population or are no longer followed are not in it
    (see `attrition_states`). The weight at wave t is the base weight times the product over the earlier waves of
    1/p; with `stabilised`, of the wave's share of stayers over p.

    It removes the bias of attrition that depends on the covariates only (selection on observables). Covariates that
    describe the earlier outcome belong in.

    Parameters
    ----------
    panel
        one row a unit and wave, as `link_panel` gives it.
    covariates
        columns at the earlier wave: numbers, flags, or text (a dummy for each value but the first); none missing.
    unit, time
        its key.
    weight
        base weight, that of the unit's first row counts; None takes 1.
    stabilised
        multiply by the share of stayers, so that weights keep the mean of the base weights; totals are then those of the
        stayers, not of the first wave.
    trim
        share of units at a wave whose factor is left as it is; the largest are cut to that quantile. None cuts nothing.

    Returns
    -------
    The interviewed rows, ordered by unit and time, with

    state : of the unit at the next wave, "" at the last.
    p_stay : fitted probability of being interviewed at the next wave; missing where it was not asked for.
    stay_factor : product of the earlier waves, after trimming; missing after a wave missed.
    staying_weight : base weight x stay_factor.

    Raises
    ------
    UnknownNameError, InputError : a column does not exist or has a name the result needs; no covariates; trim is no share.
    DataError : covariates missing; weights missing, zero or negative; nobody left, so there is nothing to correct.
    EstimationError : the covariates separate stayers from leavers, or are collinear.

    References
    ----------
    Fitzgerald, Gottschalk & Moffitt (1998), Journal of Human Resources 33:251-299, doi:10.2307/146433. Robins, Hernán &
    Brumback (2000), Epidemiology 11:550-560, for stabilised weights.
    """
    check_staying("staying", covariates=covariates, stabilised=stabilised, trim=trim)
    checked_frame(panel, [unit, time, weight, *covariates], where=WHERE)
    check_new(panel, NEW, where=WHERE)
    rows = next_states(panel, unit=unit, time=time)
    own = np.ones(len(rows)) if weight is None else numbers(rows, weight, where=WHERE)
    found = _factored(rows, own, unit=unit, time=time, covariates=tuple(covariates), stabilised=stabilised, trim=trim)
    named = {"state__": "state", "p__": "p_stay", "factor__": "stay_factor", "staying__": "staying_weight"}
    return found.drop(columns=["next__", "followed__"]).rename(columns=named)


def check_staying(weights: PanelWeights, *, covariates: Sequence[str], stabilised: bool, trim: float | None) -> None:
    """Raise for covariates without "staying" and the other way round, and for a trim that is no share."""
    if isinstance(covariates, str):
        raise InputError(f"covariates={covariates!r} is one text", expected="a list of column names", where=WHERE)
    if weights == "staying" and not covariates:
        raise InputError("weights='staying' needs covariates", where=WHERE,
                         expected="columns at the earlier wave that tell who stays")  # fmt: skip
    if weights == "delivered" and (covariates or stabilised):
        raise InputError("covariates and stabilised are for weights='staying'", got="weights='delivered'", where=WHERE)
    if trim is not None and not (isinstance(trim, float) and 0.5 <= trim < 1):
        raise InputError(f"trim={trim!r} is no quantile", expected="0.5 <= trim < 1, or None", where=WHERE)


def stayed(
    panel: pd.DataFrame, *, time: str, covariates: tuple[str, ...], stabilised: bool, trim: float | None
) -> NDArray[np.float64]:
    """The staying weight of each row of a linked panel whose delivered weights stand in weight__; missing if silent."""
    rows = next_states(panel, unit="panel_id", time=time)
    found = _factored(rows, rows["weight__"].to_numpy(dtype=float), unit="panel_id", time=time, covariates=covariates,
                      stabilised=stabilised, trim=trim)  # fmt: skip
    key = pd.MultiIndex.from_frame(found[["panel_id", time]])
    weight = pd.Series(found["staying__"].to_numpy(), index=key)
    return weight.reindex(pd.MultiIndex.from_frame(panel[["panel_id", time]])).to_numpy()


def _factored(
    rows: pd.DataFrame, own: NDArray[np.float64], *, unit: str, time: str, covariates: tuple[str, ...], stabilised: bool,
    trim: float | None,
) -> pd.DataFrame:  # fmt: skip
    first = ~rows[unit].duplicated()
    base = pd.Series(np.where(first, own, np.nan), index=rows.index).groupby(rows[unit]).transform("first").to_numpy()
    bad = ~(base > 0)
    if bad.any():
        raise DataError("the base weight must be positive", got=f"{int((bad & first).sum())} units without one", where=WHERE,
                        next_step="leave out these units, and say how many")  # fmt: skip
    asked = (rows["followed__"] & rows["state__"].isin(["interviewed", "attrition"])).to_numpy()
    p = _probabilities(rows, asked, base, time=time, covariates=covariates)
    step = 1 / p
    if stabilised:
        stays = pd.Series((rows["state__"] == "interviewed").to_numpy() * base, index=rows.index).where(asked, 0.0)
        shares = stays.groupby(rows[time]).transform("sum") / pd.Series(base * asked).groupby(rows[time]).transform(
            "sum"
        )
        step = shares.to_numpy() / p
    before = pd.Series(step, index=rows.index).groupby(rows[unit]).shift().where(~first, 1.0)
    factor = before.groupby(rows[unit]).cumprod().where(rows["followed__"])
    if trim is not None:
        factor = factor.clip(upper=factor.groupby(rows[time]).transform(lambda f: f.quantile(trim)))
    return rows.assign(p__=p, factor__=factor, staying__=base * factor)


def _probabilities(
    rows: pd.DataFrame, asked: NDArray[np.bool_], base: NDArray[np.float64], *, time: str, covariates: tuple[str, ...]
) -> NDArray[np.float64]:
    """Fitted probabilities of the rows asked; a wave that nobody left, or nobody stayed in, has its share."""
    stays = (rows["state__"] == "interviewed").to_numpy()
    shares = (
        pd.Series(np.where(asked, stays, np.nan), index=rows.index).groupby(rows[time]).transform("mean").to_numpy()
    )
    p = np.where(asked, shares, np.nan)
    model = asked & (shares > 0) & (shares < 1)
    if not model.any():
        raise DataError("nobody leaves between two waves", where=WHERE, next_step="use weights='delivered'")
    x, names = covariate_matrix(rows[model], covariates, where=WHERE)
    waves = pd.get_dummies(rows.loc[model, time], dtype=float).to_numpy()
    design = np.hstack([waves, x])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimationError("the covariates of staying are collinear", got=", ".join(names), where=WHERE,
                              next_step="drop one that the others and the wave determine")  # fmt: skip
    fit = fit_binary(stays[model], design, LINKS["logit"], weight=base[model] / base[model].mean())
    if not fit.converged:
        raise EstimationError("the covariates separate those who stay from those who leave", got=", ".join(names),
                              where=WHERE, next_step="drop or coarsen a covariate")  # fmt: skip
    p[model] = 1 / (1 + np.exp(-design @ fit.params))
    return p


def covariate_matrix(
    rows: pd.DataFrame, covariates: tuple[str, ...], *, where: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Covariates as columns without a constant, numbers centred; missing values raise."""
    columns: list[NDArray[np.float64]] = []
    names: list[str] = []
    for name in covariates:
        column = rows[name]
        if missing := int(column.isna().sum()):
            raise DataError(f"covariate {name!r} is missing", got=f"{missing} of {len(column)} rows", where=where,
                            next_step="give missing values a category of their own, or leave the covariate out")  # fmt: skip
        if pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(dtype=float)
            columns.append(values - values.mean())
            names.append(name)
        else:
            for value in sorted(column.astype(str).unique())[1:]:
                columns.append((column.astype(str) == value).to_numpy(dtype=float))
                names.append(f"{name}[{value}]")
    if not columns:
        raise DataError("the covariates do not vary", got=", ".join(covariates), where=where)
    return np.column_stack(columns), names


def weight_summary(panel: pd.DataFrame, *, weight: str = "panel_weight", time: str = "wave") -> pd.DataFrame:
    """How uneven the weights of each wave are: what a few extreme ones do to an estimate.

    Returns
    -------
    One row a wave: `rows`, `missing`, `total`, `mean`, `minimum`, `median`, `p99`, `maximum`, `ratio` (maximum over
    median), `largest_share` (of the total), `cv` and `kish` = 1 + cv², by which unequal weights alone multiply the variance
    of a mean (Kish 1965).

    Raises
    ------
    UnknownNameError : a column does not exist.
    DataError : no rows; the weight is not numeric.
    """
    checked_frame(panel, [weight, time], where="weight_summary")
    values = pd.Series(numbers(panel, weight, where="weight_summary"), index=panel.index)
    by = values.groupby(panel[time])
    cv = by.std(ddof=0) / by.mean()
    found = pd.DataFrame({
        "rows": by.size(), "missing": values.isna().groupby(panel[time]).sum(), "total": by.sum(), "mean": by.mean(),
        "minimum": by.min(), "median": by.median(), "p99": by.quantile(0.99), "maximum": by.max(),
        "ratio": by.max() / by.median(), "largest_share": by.max() / by.sum(), "cv": cv, "kish": 1 + cv**2,
    })  # fmt: skip
    return found.reset_index()
