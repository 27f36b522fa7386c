"""The density of a weighted distribution at one point, by a Gaussian kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fanpin.core.options import Bandwidth
from fanpin.kernels.quantile import weighted_quantile

Array = NDArray[np.float64]


def density_at(
    point: float, values: Array, weight: Array, *, rule: Bandwidth, units: int, fallback: float = 0.0
) -> float:
    """The density at a positive point.

    "convey" smooths the values themselves with h = S_w (Sum w)^(-1/5), which depends on the scale of the weights, as the
    R packages convey and vardpoor do. "n" smooths the logarithms: f(z) = Sum_{y>0} w K_h(ln z - ln y) / (z Sum w); values
    of 0 and below have no density at z > 0 and count in the sum of weights only.

    Parameters
    ----------
    point : float
        Where; positive under the rule "n".
    values, weight : (n,) arrays
        Values and positive weights.
    rule : {"n", "convey"}
        How the bandwidth is chosen, see `bandwidth`.
    units : int
        Independent units behind the values: PSUs, or rows where every row is its own.
    fallback : float
        Bandwidth where the values have no spread, as in a domain of one household.
    """
    h = bandwidth(values, weight, rule=rule, units=units) or fallback
    if rule == "convey":
        return float(_kernel_mean(point, values, weight, h) / h) if h > 0 else 0.0
    positive = values > 0
    if not positive.any() or h <= 0:
        return 0.0
    share = float(weight[positive].sum() / weight.sum())
    return float(
        share * _kernel_mean(float(np.log(point)), np.log(values[positive]), weight[positive], h) / (h * point)
    )


def row_density(point: float, values: Array, weight: Array, *, rule: Bandwidth) -> float:
    """The density at a point of values each of which is an independent unit, as `density_at`."""
    return density_at(point, values, weight, rule=rule, units=len(values))


def bandwidth(values: Array, weight: Array, *, rule: Bandwidth, units: int) -> float:
    """Bandwidth by rule; 0 where the values have no spread.

    "n": 0.9 min(S, IQR/1.349) m^(-1/5) of ln y over y > 0 (Silverman 1986, Density Estimation, eq. 3.31), m the number
    of independent units times the weighted share above 0. "convey": S (Sum w)^(-1/5) of y.
    """
    if rule == "convey":
        return float(_spread(values, weight) * float(weight.sum()) ** -0.2)
    positive = values > 0
    if not positive.any():
        return 0.0
    x, w = np.log(values[positive]), weight[positive]
    sd = _spread(x, w)
    iqr = weighted_quantile(x, w, 0.75) - weighted_quantile(x, w, 0.25)
    m = max(units * float(w.sum() / weight.sum()), 1.0)
    return 0.9 * (min(sd, iqr / 1.349) if iqr > 0 else sd) * float(m**-0.2)


def _spread(values: Array, weight: Array) -> float:
    if values.min() == values.max():  # exactly 0, which the rounding of the mean would spoil
        return 0.0
    total = weight.sum()
    mean = float(weight @ values / total)
    return float(np.sqrt(weight @ (values - mean) ** 2 / total))


def _kernel_mean(point: float, values: Array, weight: Array, h: float) -> float:
    kernel = np.exp(-0.5 * ((point - values) / h) ** 2) / np.sqrt(2 * np.pi)
    return float(weight @ kernel / weight.sum())
