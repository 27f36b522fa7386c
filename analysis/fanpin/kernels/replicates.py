"""Replicate weights: what each PSU's weight is multiplied by, and the covariance of statistics taken anew.

Jackknife, balanced halves (Hadamard), Fay's, and the rescaled bootstrap. Wolter (2007), Introduction to Variance
Estimation, 2nd ed., ch. 3-5; Rao & Wu (1988), JASA 83:231-241; Rao, Wu & Yue (1992), Survey Methodology 18:209-217.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from fanpin.core.codes import dense_codes
from fanpin.core.errors import DataError, InapplicableError
from fanpin.core.options import Replication
from fanpin.kernels.variance import sampled_share

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors of R replicates, made one at a time.

    Attributes
    ----------
    columns : iterator over (P,) factors of the PSUs.
    scale : (R,) what each squared deviation from the full-sample estimate counts in the variance.
    """

    columns: Iterator[Array]
    scale: Array


def replicate_factors(
    kind: Replication, *, stratum: Codes | None, n_psu: int, fpc: Array | None = None, n: int | None = None,
    seed: int | None = None, rho: float = 0.0,
) -> Factors:  # fmt: skip
    """Factors by kind; see `fanpin.core.design.Design.replicates`.

    Parameters
    ----------
    kind : {"jkn", "brr", "fay", "bootstrap"}
    stratum, fpc : (P,) arrays or None
        Of each PSU, as in `fanpin.kernels.variance.totals_covariance`.
    n_psu : int
        Number of PSUs, P.
    n, seed, rho
        Replicates and seed of the bootstrap; Fay's factor.

    Raises
    ------
    DataError : a stratum has not two PSUs under "brr" or "fay".
    InapplicableError : fpc under "brr" or "fay".
    """
    strata, count = (np.zeros(n_psu, dtype=np.int64), 1) if stratum is None else dense_codes(stratum)
    sampled = np.bincount(strata, minlength=count)
    share = sampled_share(fpc, strata, sampled)
    if kind == "jkn":
        return _jackknife(strata, sampled, share)
    if kind == "bootstrap":
        assert n is not None
        return Factors(_resampled(strata, sampled, share, n, np.random.default_rng(seed)), np.full(n, 1.0 / n))
    if fpc is not None:
        raise InapplicableError(f"{kind!r} has no finite population correction", next_step='use "jkn" or "bootstrap"')
    return _halves(strata, sampled, rho)


def _jackknife(strata: Codes, sampled: Codes, share: Array) -> Factors:
    """One replicate a PSU, in strata with at least two."""
    left_out = np.flatnonzero(sampled[strata] > 1)

    def columns() -> Iterator[Array]:
        for unit in left_out:
            home = strata[unit]
            factors = np.where(strata == home, sampled[home] / (sampled[home] - 1.0), 1.0)
            factors[unit] = 0.0
            yield factors

    home = strata[left_out]
    return Factors(columns(), (sampled[home] - 1.0) / sampled[home] * (1.0 - share[home]))


def _halves(strata: Codes, sampled: Codes, rho: float) -> Factors:
    """Balanced halves: one PSU of each pair counts 2 - rho times, the other rho times."""
    odd = np.flatnonzero(sampled != 2)
    if len(odd):
        raise DataError(f"{len(odd)} strata have not two PSUs each", expected="two PSUs in every stratum",
                        got=", ".join(f"{sampled[h]}" for h in odd[:10]),
                        next_step='use replicates("jkn") or replicates("bootstrap", …)')  # fmt: skip
    order = 1 << len(sampled).bit_length()  # above the number of strata, so that a column of ones is left unused
    signs = hadamard(order)[:, 1 : len(sampled) + 1]
    second = np.ones(len(strata), dtype=np.int64)
    second[np.unique(strata, return_index=True)[1]] = 0

    def columns() -> Iterator[Array]:
        for row in signs:
            chosen = (row[strata] > 0) ^ (second == 1)
            yield np.where(chosen, 2.0 - rho, rho)

    return Factors(columns(), np.full(order, 1.0 / (order * (1.0 - rho) ** 2)))


def _resampled(strata: Codes, sampled: Codes, share: Array, n: int, rng: np.random.Generator) -> Iterator[Array]:
    """Rao-Wu-Yue factors 1 - l + l n_h/m_h k with m_h = n_h - 1 draws and l = sqrt(1 - f_h); k counts the draws of a PSU."""
    order = np.argsort(strata, kind="stable")
    start = np.cumsum(sampled) - sampled
    draws = np.maximum(sampled - 1, 0)
    home = np.repeat(np.arange(len(sampled)), draws)
    shrink = np.sqrt(1.0 - share)[strata]
    ratio = sampled[strata] / np.maximum(draws[strata], 1)
    for _ in range(n):
        drawn = order[start[home] + rng.integers(0, sampled[home])]
        times = np.bincount(drawn, minlength=len(strata))
        yield np.where(draws[strata] > 0, 1.0 - shrink + shrink * ratio * times, 1.0)


def replicate_covariance(replicates: Array, estimates: Array, scale: Array) -> Array:
    """(K, K) covariance Sum_r scale_r (theta_r - theta)(theta_r - theta)' of (R, K) replicate estimates.

    Deviations are from the full-sample estimate (`mse=TRUE` in R's survey), which is the more cautious of the two customs.
    """
    deviation = (replicates - estimates) * np.sqrt(scale)[:, None]
    cov = deviation.T @ deviation
    return np.asarray((cov + cov.T) / 2)
