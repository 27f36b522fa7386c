"""The one variance engine: from influence values and the design to a covariance matrix.

First-stage linearised variance with t_hc the total of w*u over PSU c of stratum h::

    V = Sum_h (1 - f_h) n_h / (n_h - 1) Sum_c (t_hc - mean_h)(t_hc - mean_h)'

Binder (1983), International Statistical Review 51:279-292; Wolter (2007), Introduction to Variance Estimation, ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from fanpin.core.codes import dense_codes
from fanpin.core.errors import DataError
from fanpin.core.options import Singleton, check_option

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)
BLOCK = 65_536  # PSUs centred at a time, which bounds memory


@dataclass(frozen=True, slots=True)
class DesignCovariance:
    """A design-based covariance.

    Attributes
    ----------
    cov : (k, k) covariance of the k estimates.
    df : number of PSUs less number of strata, the degrees of freedom of t intervals.
    n_psu, n_strata : units and strata sampled.
    lonely : strata with one PSU that were not sampled in full.
    """

    cov: Array
    df: int
    n_psu: int
    n_strata: int
    lonely: int


def design_covariance(
    influence: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    psu: ArrayLike | None = None,
    fpc: ArrayLike | None = None,
    singleton: Singleton = "fail",
) -> DesignCovariance:
    """Covariance of estimates whose influence values are given for every sampled row.

    Parameters
    ----------
    influence : (n, k) or (n,) array
        Influence values before the weight. Outside a domain they are 0; rows are never dropped, so that a PSU without a
        row in the domain still counts.
    weight : (n,) array or None
        Sampling weights; None weighs rows equally.
    stratum, psu : (n,) integer array or None
        Codes from 0, a PSU lying in one stratum; None is one stratum, and every row its own PSU.
    fpc : (n,) array or None
        PSUs in the stratum's population (> 1) or share sampled (<= 1); None samples with replacement.
    singleton : {"fail", "centre", "certainty"}
        What a stratum with a single PSU does, see `totals_covariance`.

    Raises
    ------
    DataError : codes, weights or fpc that do not fit the rows, or a lonely PSU under `singleton="fail"`.
    """
    u = np.asarray(influence, dtype=float)
    u = u[:, None] if u.ndim == 1 else u
    w = None if weight is None else _row_values(weight, len(u), "weight")
    strata = None if stratum is None else _row_codes(stratum, len(u), "stratum")
    sizes = None if fpc is None else _row_values(fpc, len(u), "fpc")
    if psu is None:
        totals = u if w is None else u * w[:, None]
        return totals_covariance(totals, stratum=strata, fpc=sizes, singleton=singleton)
    units, count = dense_codes(_row_codes(psu, len(u), "psu"))
    weighted = (u[:, j] if w is None else u[:, j] * w for j in range(u.shape[1]))
    totals = np.empty((count, u.shape[1]))
    for j, column in enumerate(weighted):
        totals[:, j] = np.bincount(units, weights=column, minlength=count)
    return totals_covariance(
        totals,
        stratum=None if strata is None else _by_unit(strata, units, count, "a PSU lies in two strata"),
        fpc=None if sizes is None else _by_unit(sizes, units, count, "fpc varies within a PSU"),
        singleton=singleton,
    )


def totals_covariance(
    totals: ArrayLike | sparse.sparray,
    *,
    stratum: ArrayLike | None = None,
    fpc: ArrayLike | None = None,
    singleton: Singleton = "fail",
    linear: ArrayLike | None = None,
) -> DesignCovariance:
    """Covariance from weighted influence already summed by PSU, as an engine's grouped query delivers it.

    Parameters
    ----------
    totals : (P, k) array or scipy sparse array
        Totals of w*u by PSU; a PSU without rows in a domain is a row of 0.
    stratum : (P,) integer array or None
        Codes of strata.
    fpc : (P,) array or None
        As in `design_covariance`, constant within a stratum.
    singleton : {"fail", "centre", "certainty"}
        A stratum with one PSU, not sampled in full, raises ("fail"), is centred on the mean of all PSU totals ("centre"),
        or adds nothing ("certainty").
    linear : (q, k) array or None
        The covariance is that of `linear @ estimates`, as when a curve is a function of hazards.
    """
    check_option("singleton", singleton, Singleton)
    t = sparse.csr_array(totals) if sparse.issparse(totals) else np.asarray(totals, dtype=float)
    n_psu = int(t.shape[0])
    if n_psu == 0:
        raise DataError("a variance needs at least one sampled row", got="none")
    strata, count = (np.zeros(n_psu, dtype=np.int64), 1)
    if stratum is not None:
        strata, count = dense_codes(_row_codes(stratum, n_psu, "stratum"))
    sampled = np.bincount(strata, minlength=count)
    share = sampled_share(fpc, strata, sampled)
    alone = (sampled == 1) & (share < 1.0)
    if singleton == "fail" and alone.any():
        raise _lonely_error(np.flatnonzero(alone), strata, stratum)
    means = _stratum_means(t, strata, sampled)
    if singleton == "centre":
        means[alone] = np.asarray(t.sum(axis=0)) / n_psu
    factor = (1.0 - share) * sampled / np.maximum(sampled - 1, 1)
    transform = None if linear is None else np.asarray(linear, dtype=float)
    crossproduct = _dense_crossproduct if isinstance(t, np.ndarray) else _sparse_crossproduct
    return DesignCovariance(
        cov=crossproduct(t, means, strata, factor, transform),
        df=n_psu - count,
        n_psu=n_psu,
        n_strata=count,
        lonely=int(alone.sum()),
    )


def _dense_crossproduct(t: Array, means: Array, strata: Codes, factor: Array, linear: Array | None) -> Array:
    """Sum over PSUs of factor (t - mean)(t - mean)', centred before squaring, so that no variance is negative."""
    size = t.shape[1] if linear is None else len(linear)
    cov = np.zeros((size, size))
    for start in range(0, len(t), BLOCK):
        rows = slice(start, start + BLOCK)
        centred = (t[rows] - means[strata[rows]]) * np.sqrt(factor[strata[rows], None])
        centred = centred if linear is None else centred @ linear.T
        cov += centred.T @ centred
    return (cov + cov.T) / 2


def _sparse_crossproduct(
    t: sparse.csr_array, means: Array, strata: Codes, factor: Array, linear: Array | None
) -> Array:
    """The same for sparse totals, without filling in their zeros.

    Off the diagonal Sum f t t' - s m' - m s' + n m m' with stratum sums s; on it, squares of centred values, those of the
    zeros counted, so that rounding cannot make a variance negative.
    """
    sampled = np.bincount(strata, minlength=len(factor))
    sums = _by_stratum(strata, len(factor)) @ t
    crossed = (sums.toarray() * factor[:, None]).T @ means
    cov = (
        (t.T @ (t * factor[strata, None])).toarray()
        - crossed
        - crossed.T
        + (means * (factor * sampled)[:, None]).T @ means
    )
    entries = t.tocoo()
    row, column = entries.coords
    squares = factor[strata[row]] * (entries.data - means[strata[row], column]) ** 2
    filled = np.zeros(means.shape)
    np.add.at(filled, (strata[row], column), 1.0)
    zeros = (factor[:, None] * (sampled[:, None] - filled) * means**2).sum(axis=0)
    np.fill_diagonal(cov, np.bincount(column, weights=squares, minlength=t.shape[1]) + zeros)
    if linear is not None:
        cov = linear @ cov @ linear.T
        np.fill_diagonal(cov, np.maximum(np.diag(cov), 0.0))
    return np.asarray((cov + cov.T) / 2)


def _by_stratum(strata: Codes, count: int) -> sparse.csr_array:
    """(H, P) matrix that sums PSUs to strata."""
    return sparse.csr_array((np.ones(len(strata)), (strata, np.arange(len(strata)))), (count, len(strata)))


def _stratum_means(t: Array | sparse.csr_array, strata: Codes, sampled: Codes) -> Array:
    sums = _by_stratum(strata, len(sampled)) @ t
    return np.asarray(sums.toarray() if sparse.issparse(sums) else sums) / sampled[:, None]


def sampled_share(fpc: ArrayLike | None, strata: Codes, sampled: Codes) -> Array:
    """The share f_h of each stratum's PSUs that was sampled."""
    if fpc is None:
        return np.zeros(len(sampled))
    given = _by_unit(_row_values(fpc, len(strata), "fpc"), strata, len(sampled), "fpc varies within a stratum")
    if (given <= 0).any():
        raise DataError("fpc is not positive", expected="a population count above 1 or a share in (0, 1]")
    if ((given > 1) & (given < sampled)).any():
        worst = int(np.flatnonzero((given > 1) & (given < sampled))[0])
        raise DataError("fpc is smaller than the number of PSUs sampled",
                        got=f"population {given[worst]:g}, sampled {sampled[worst]}")  # fmt: skip
    return np.where(given > 1, sampled / np.maximum(given, 1.0), given)


def _lonely_error(alone: Codes, strata: Codes, stratum: ArrayLike | None) -> DataError:
    if stratum is None:
        return DataError("one PSU in all: its variance cannot be estimated", expected="at least two PSUs")
    codes = np.asarray(stratum)[np.isin(strata, alone)]
    shown = ", ".join(str(c) for c in codes[:10]) + (", …" if len(codes) > 10 else "")
    return DataError(f"{len(codes)} strata have a single PSU", expected="at least two PSUs in each stratum",
                     got=f"strata with code {shown}",
                     next_step='choose singleton="centre" or "certainty", or join the stratum with a similar one')  # fmt: skip


def _row_values(values: ArrayLike, n: int, name: str) -> Array:
    out = np.asarray(values, dtype=float)
    if out.shape != (n,):
        raise DataError(f"{name} does not fit the rows", expected=f"shape ({n},)", got=out.shape)
    if not np.isfinite(out).all():
        raise DataError(f"{name} is missing or infinite", got=f"{int((~np.isfinite(out)).sum())} of {n} rows")
    return out


def _row_codes(codes: ArrayLike, n: int, name: str) -> Codes:
    out = np.asarray(codes)
    if out.shape != (n,) or out.dtype.kind not in "iu":
        raise DataError(f"{name} codes do not fit the rows", expected=f"integers of shape ({n},)",
                        got=f"{out.dtype} of shape {out.shape}")  # fmt: skip
    if n and out.min() < 0:
        raise DataError(f"{name} has negative codes", expected="codes from 0; missing ones are the caller's to refuse")
    return out.astype(np.int64, copy=False)


def _by_unit(values: NDArray[Value], units: Codes, count: int, problem: str) -> NDArray[Value]:
    """The value each unit has; raises when rows of one unit disagree."""
    out = np.empty(count, dtype=values.dtype)
    out[units] = values
    if (out[units] != values).any():
        raise DataError(problem, got=f"{len(np.unique(units[out[units] != values]))} units")
    return out
