"""Foster-Greer-Thorbecke indices: values, estimated lines and their influence, slopes in the line.

P_a = (Sum w)^-1 Sum w ((z - y)/z)^a 1[y < z] (Foster, Greer & Thorbecke 1984, Econometrica 52:761-766). With an
estimated line the influence gains P'_a(z) times the influence of the line (Deville 1999; Berger & Skinner 2003,
Applied Statistics 52:457-468; Osier 2009, Survey Research Methods 3:167-195).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fanpin.core.errors import DataError
from fanpin.core.options import Bandwidth, LineStatistic
from fanpin.kernels.density import bandwidth, density_at
from fanpin.kernels.quantile import weighted_quantile

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
POWERS: dict[str, int] = {"headcount": 0, "gap": 1, "severity": 2}


@dataclass(frozen=True, slots=True)
class RelativeLine:
    """Lines estimated from the sample, one in each of G groups.

    Attributes
    ----------
    line : (G,) lines.
    influence : (n,) influence value of the row's own group's line; a row has none on other lines.
    bandwidth : (G,) bandwidths by the rule, for cells whose own values have no spread.
    """

    line: Array
    influence: Array
    bandwidth: Array


def fgt_values(welfare: Array, line: Array, powers: Sequence[int], *, strict: bool) -> Array:
    """(n, A) values whose weighted means are the indices of the given powers.

    Parameters
    ----------
    welfare, line : (n,) arrays
        Welfare and the positive line it is compared with, in one unit. Negative welfare gives gaps above 1.
    powers : sequence of int
        0 for the headcount, 1 for the gap, 2 for the severity.
    strict : bool
        Poor if y < z; otherwise y <= z, which matters to power 0 only.
    """
    poor = welfare < line if strict else welfare <= line
    values = np.empty((len(welfare), len(powers)), order="F")
    shortfall = None if set(powers) <= {0} else np.maximum((line - welfare) / line, 0.0)
    for a, power in enumerate(powers):
        values[:, a] = poor if shortfall is None or power == 0 else shortfall if power == 1 else shortfall**power
    return values


def relative_line(
    welfare: Array, *, weight: Array, group: Codes, n_groups: int, psu: Codes, share: float, of: LineStatistic,
    rule: Bandwidth,
) -> RelativeLine:  # fmt: skip
    """Lines at a share of each group's weighted median or mean, with their influence values.

    Median: u = -k (1[y <= Q] - 1/2) / (N f(Q)); mean: u = k (y - mu) / N; N and f are those of the group.

    Parameters
    ----------
    welfare, weight : (n,) arrays
        Welfare and weights of the rows the lines are taken from.
    group, psu : (n,) integer arrays
        Group of each row from 0, every group with a row; primary sampling unit.
    n_groups : int
        Number of groups, G.
    share : float
        The line is this share of the statistic.
    of : {"median", "mean"}
        The statistic.
    rule : {"n", "convey"}
        Bandwidth of the density at the median.

    Raises
    ------
    DataError : a group's median lies where its density cannot be estimated: no spread, or nothing above 0.
    """
    lines, widths, influence = np.empty(n_groups), np.zeros(n_groups), np.empty(len(welfare))
    for g, rows in enumerate(_rows_of(group, n_groups)):
        y, w = welfare[rows], weight[rows]
        units = len(np.unique(psu[rows]))
        widths[g] = bandwidth(y, w, rule=rule, units=units)
        centre = _centre(y, w, of)
        if of == "mean":
            influence[rows] = share * (y - centre) / w.sum()
        else:
            f = density_at(centre, y, w, rule=rule, units=units) if centre > 0 else 0.0
            if f <= 0:
                raise DataError("the density of welfare at its median cannot be estimated", expected="a positive median and "
                                "values that differ", got=f"median {centre:g} of {len(y)} rows")  # fmt: skip
            influence[rows] = -share * ((y <= centre) - 0.5) / (w.sum() * f)
        lines[g] = share * centre
    return RelativeLine(line=lines, influence=influence, bandwidth=widths)


def line_values(
    welfare: Array, *, weight: Array, group: Codes, n_groups: int, share: float, of: LineStatistic
) -> Array:
    """(G,) lines alone, at weights some of which may be 0; NaN in a group without weight."""
    lines = np.full(n_groups, np.nan)
    for g, rows in enumerate(_rows_of(group, n_groups)):
        used = rows[weight[rows] > 0]
        if len(used):
            lines[g] = share * _centre(welfare[used], weight[used], of)
    return lines


def _centre(welfare: Array, weight: Array, of: LineStatistic) -> float:
    return float(weight @ welfare / weight.sum()) if of == "mean" else weighted_quantile(welfare, weight, 0.5)


def line_slopes(
    welfare: Array, *, weight: Array, cell: Codes, n_cells: int, group: Codes, lines: RelativeLine, psu: Codes,
    powers: Sequence[int], rule: Bandwidth,
) -> Array:  # fmt: skip
    """(C*A, G) slopes of each cell's indices in each group's line.

    The headcount's slope is the density at the line, estimated from the cell's own rows; the others' is the cell's mean of
    a (1 - y/z)^(a-1) y/z^2 over the poor.

    Parameters
    ----------
    welfare, weight : (n,) arrays
        Welfare and weights of rows with a cell.
    cell, group, psu : (n,) integer arrays
        Cell of the measure, group of the line, primary sampling unit.
    n_cells : int
        Number of cells, C.
    lines : RelativeLine
        The estimated lines of the G groups.
    powers : sequence of int
        Powers of the A indices.
    rule : {"n", "convey"}
        Bandwidth of the density.
    """
    n_groups = len(lines.line)
    slopes = np.zeros((n_cells, len(powers), n_groups))
    size = np.bincount(cell, weights=weight, minlength=n_cells)
    pair, kept = np.unique(cell * n_groups + group, return_inverse=True)
    for code, rows in zip(pair, _rows_of(kept, len(pair)), strict=True):
        c, g = divmod(int(code), n_groups)
        y, w, z = welfare[rows], weight[rows], float(lines.line[g])
        share = float(w.sum() / size[c])
        for a, power in enumerate(powers):
            if power == 0:
                units = len(np.unique(psu[rows]))
                value = density_at(z, y, w, rule=rule, units=units, fallback=float(lines.bandwidth[g]))
            else:
                value = float(w @ np.where(y < z, power * (1 - y / z) ** (power - 1) * y / z**2, 0.0) / w.sum())
            slopes[c, a, g] = share * value
    return slopes.reshape(n_cells * len(powers), n_groups)


def _rows_of(codes: Codes, count: int) -> list[Codes]:
    """The row numbers of each code."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes, minlength=count))[:-1])
