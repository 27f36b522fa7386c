"""The Gini index by income source: G = Sum_k S_k G_k R_k.

S_k = mean y_k/mean y is the share of source k, G_k = 2 cov(y_k, F(y_k))/mean y_k its Gini index, and R_k =
cov(y_k, F(y))/cov(y_k, F(y_k)) its Gini correlation with total income; the contribution is S_k G_k R_k/G, the elasticity of G
in the source S_k G_k R_k/G - S_k. Lerman & Yitzhaki (1985), Review of Economics and Statistics 67:151-156; the elasticity:
Stark, Taylor & Yitzhaki (1986), Economic Journal 96:722-740.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fanpin.kernels.indices.linearised import Linearised, joined, mean_of
from fanpin.kernels.indices.rank_covariance import rank_covariance

Array = NDArray[np.float64]
PARTS = ("share", "gini", "correlation", "contribution", "elasticity")


@dataclass(frozen=True, slots=True)
class LermanYitzhaki:
    """Five numbers of each of K sources, and the Gini index of the total; x holds the sources, then the total.

    Shares, contributions and elasticities are NaN unless the mean of the total is positive, correlations where it is constant.

    Parameters
    ----------
    names : (K,) names of the sources.
    total : name of the total.
    """

    names: tuple[str, ...]
    total: str = "total"
    smooth: ClassVar[bool] = True

    @property
    def terms(self) -> tuple[str, ...]:
        """Such as `share:wage`, by term and then source; the Gini index of the total comes last."""
        return (*(f"{part}:{name}" for part in PARTS for name in self.names), f"gini:{self.total}")

    def value(self, x: Array, w: Array) -> Array:
        """(5K + 1,) numbers."""
        return by_source(x, w).value

    def influence(self, x: Array, w: Array) -> Array:
        """(n, 5K + 1) influence of each row."""
        return by_source(x, w).influence


def by_source(x: Array, w: Array) -> Linearised:
    """Shares, Gini indices, correlations, contributions and elasticities of the sources, and the Gini index of the total."""
    sources, total = x[:, :-1], x[:, -1:]
    mean, mean_total = mean_of(sources, w), mean_of(total, w)
    own = joined(*(rank_covariance(sources[:, [k]], sources[:, k], w) for k in range(sources.shape[1])))
    cross, whole = rank_covariance(sources, total[:, 0], w), rank_covariance(total, total[:, 0], w)
    positive = mean_total.value > 0
    share, contribution = (mean / mean_total).where(positive), (cross / whole).where(positive)
    correlation = (cross / own).where(whole.value > 0)
    return joined(
        share, own / mean, correlation, contribution, contribution - share, (whole / mean_total).where(positive)
    )
