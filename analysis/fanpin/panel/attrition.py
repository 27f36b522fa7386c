"""Tests of whether those who leave the panel differ in the outcome from those who stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from fanpin.core.errors import DataError, EstimationError
from fanpin.kernels.glm import fit_binary
from fanpin.kernels.links import LINKS
from fanpin.kernels.sandwich import cov_cluster, score_totals
from fanpin.panel.frames import checked_frame, numbers
from fanpin.panel.states import next_states
from fanpin.panel.staying import check_staying, covariate_matrix

WHERE = "attrition"
FIRST, LAGGED = "BGLW", "FGM"


def attrition(
    panel: pd.DataFrame,
    *,
    outcome: str,
    covariates: Sequence[str],
    unit: str = "panel_id",
    time: str = "wave",
    weight: str | None = None,
) -> pd.DataFrame:
    """Test attrition for selection on the outcome.

    BGLW (Becketti, Gould, Lillard & Welch): the outcome at the panel's first wave is regressed on the covariates there, on
    having left by the end, and on the products of both (least squares, HC1 covariance). Null: leavers and stayers have the
    same equation. Reported are the leavers' difference at mean covariates, and the joint F tests of all terms of leaving and
    of the products.

    FGM (Fitzgerald, Gottschalk & Moffitt): a probit of leaving by the next wave on the outcome and the covariates at the
    earlier wave, pooled over waves with a constant for each, clustered by unit. Null: given the covariates, leaving does
    not depend on the earlier outcome. Where it does, weight by `staying_weights` with the outcome among the covariates.

    Who died, dissolved, merged, left the population or is no longer followed counts neither as a leaver nor as a stayer (see
    `attrition_states`). In BGLW a leaver missed some later wave before that.

    Parameters
    ----------
    panel
        one row a unit and wave, as `link_panel` gives it.
    outcome
        a number or a flag, such as log income or `is_poor`; rows without it are left out.
    covariates
        numbers, flags, or text; none missing.
    unit, time
        its key.
    weight
        positive weights of the rows.

    Returns
    -------
    One row a statistic: `test` ("BGLW" or "FGM"), `term`, `null` in words, `estimate`, `std_error`, `statistic`,
    `distribution` ("t", "F", "normal"), `df`, `df_resid`, `p_value`, `nobs`, `leavers`.

    Raises
    ------
    UnknownNameError : a column does not exist.
    DataError : nobody leaves or nobody stays; covariates missing; weights missing, zero or negative.
    EstimationError : the covariates are collinear or separate leavers from stayers.

    References
    ----------
    Becketti, Gould, Lillard & Welch (1988), Journal of Labor Economics 6:472-492, doi:10.1086/298192. Fitzgerald,
    Gottschalk & Moffitt (1998), Journal of Human Resources 33:251-299, doi:10.2307/146433.
    """
    check_staying("staying", covariates=covariates, stabilised=False, trim=None)
    checked_frame(panel, [unit, time, outcome, weight, *covariates], where=WHERE)
    rows = next_states(panel, unit=unit, time=time)
    rows["y__"] = numbers(rows, outcome, where=WHERE)
    rows["w__"] = _positive(rows, weight)
    rows["unit__"] = rows[unit]
    records = [*_bglw(rows, tuple(covariates), time=time), *_fgm(rows, tuple(covariates), time=time)]
    return pd.DataFrame(records)


def _positive(rows: pd.DataFrame, weight: str | None) -> NDArray[np.float64]:
    if weight is None:
        return np.ones(len(rows))
    values = numbers(rows, weight, where=WHERE)
    if not (values > 0).all():
        raise DataError(f"weight {weight!r} must be positive", got=f"{int((~(values > 0)).sum())} rows", where=WHERE,
                        next_step="leave out these rows, and say how many")  # fmt: skip
    return values


def _ever_left(rows: pd.DataFrame, time: str) -> pd.Series:
    """1 if the unit missed a wave, 0 if it was there to the end, missing if it went out otherwise; by unit."""
    followed = rows[rows["followed__"]]
    last = followed.groupby("unit__")["state__"].last()
    return last.map({"attrition": 1.0, "": 0.0})


def _bglw(rows: pd.DataFrame, covariates: tuple[str, ...], *, time: str) -> list[dict[str, Any]]:
    import statsmodels.api as sm

    left = rows["unit__"].map(_ever_left(rows, time))
    first = (rows[time] == rows[time].min()) & left.notna() & rows["y__"].notna()
    sample, a = rows[first], left[first].to_numpy()
    _check_both(a, "the first wave")
    x, names = covariate_matrix(sample, covariates, where=WHERE)
    x = x - np.average(x, axis=0, weights=sample["w__"])
    design = np.column_stack([np.ones(len(a)), x, a, a[:, None] * x])
    _check_rank(design, names)
    k = x.shape[1]
    fit = sm.WLS(sample["y__"].to_numpy(), design, weights=sample["w__"].to_numpy()).fit(cov_type="HC1", use_t=True)
    shared = {"nobs": len(a), "leavers": int(a.sum()), "df_resid": float(fit.df_resid)}
    place = 1 + k
    found = [
        _single(FIRST, "left", "leavers and stayers have the same mean at mean covariates", *_row_of(fit, place))
        | shared
    ]
    for term, start, null in (
        ("left and its products", place, "leavers and stayers have the same equation"),
        ("products of left", place + 1, "leavers and stayers have the same slopes"),
    ):
        restriction = np.eye(design.shape[1])[start:]
        test = fit.wald_test(restriction, use_f=True, scalar=True)
        found.append(_joint(FIRST, term, null, float(test.statistic), len(restriction), float(test.pvalue)) | shared)
    return found


def _row_of(fit: Any, place: int) -> tuple[float, float, str, float]:
    return float(fit.params[place]), float(fit.bse[place]), "t", float(fit.pvalues[place])


def _fgm(rows: pd.DataFrame, covariates: tuple[str, ...], *, time: str) -> list[dict[str, Any]]:
    asked = rows["followed__"] & rows["state__"].isin(["interviewed", "attrition"]) & rows["y__"].notna()
    share = (rows["state__"] == "attrition").where(asked).groupby(rows[time]).transform("mean")
    sample = rows[asked & (share > 0) & (share < 1)]
    leaves = numbers(sample.assign(left__=(sample["state__"] == "attrition") * 1.0), "left__", where=WHERE)
    _check_both(leaves, "any pair of waves")
    x, names = covariate_matrix(sample, covariates, where=WHERE)
    waves = pd.get_dummies(sample[time], dtype=float).to_numpy()
    design = np.column_stack([sample["y__"].to_numpy(), x, waves])
    _check_rank(design, names)
    w = sample["w__"].to_numpy() / sample["w__"].mean()
    fit = fit_binary(leaves, design, LINKS["probit"], weight=w)
    if not fit.converged:
        raise EstimationError(
            "the covariates separate those who stay from those who leave", got=", ".join(names), where=WHERE
        )
    codes, units = pd.factorize(sample["unit__"])
    cov = cov_cluster(score_totals(design, w * fit.score, codes, len(units)), fit.information)
    shared = {"nobs": len(leaves), "leavers": int(leaves.sum()), "df_resid": np.nan}
    nulls = {"outcome": "leaving does not depend on the earlier outcome, given the covariates"}
    found = []
    for i, term in enumerate(["outcome", *names]):
        b, se = float(fit.params[i]), float(np.sqrt(cov[i, i]))
        p = float(2 * norm.sf(abs(b / se)))
        null = nulls.get(term, f"leaving does not depend on {term}")
        found.append(_single(LAGGED, term, null, b, se, "normal", p) | shared)
    return found


def _single(
    test: str, term: str, null: str, estimate: float, std_error: float, distribution: str, p_value: float
) -> dict[str, Any]:
    return {
        "test": test, "term": term, "null": null, "estimate": estimate, "std_error": std_error,
        "statistic": estimate / std_error, "distribution": distribution, "df": np.nan, "df_resid": np.nan,
        "p_value": p_value,
    }  # fmt: skip


def _joint(test: str, term: str, null: str, statistic: float, df: int, p_value: float) -> dict[str, Any]:
    return {
        "test": test, "term": term, "null": null, "estimate": np.nan, "std_error": np.nan, "statistic": statistic,
        "distribution": "F", "df": float(df), "df_resid": np.nan, "p_value": p_value,
    }  # fmt: skip


def _check_both(leaves: NDArray[np.float64], where: str) -> None:
    if not 0 < leaves.sum() < len(leaves):
        who = "nobody leaves" if len(leaves) and not leaves.sum() else "nobody stays"
        raise DataError(f"{who} between the waves", where=f"{WHERE}, {where}", got=f"{len(leaves)} rows")


def _check_rank(design: NDArray[np.float64], names: list[str]) -> None:
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimationError("the covariates of attrition are collinear", got=", ".join(names), where=WHERE,
                              next_step="drop one that the others determine")  # fmt: skip
