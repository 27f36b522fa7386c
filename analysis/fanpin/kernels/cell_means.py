"""Weighted means by cell with the PSU totals of their influence, from rows or from sums an engine has grouped.

A mean over cell d is a ratio of totals, R = Sum w x / Sum w; its influence value is (x - R)/N_d on rows of the cell and 0
elsewhere (Deville 1999, Survey Methodology 25:193-203). Rates, FGT indices and discrete hazards all have this form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CellMeans:
    """Means of A values over C cells, and what their variance needs.

    Attributes
    ----------
    mean : (C, A) weighted means.
    size : (C,) sums of weights.
    psus : (C,) PSUs with a row in the cell.
    totals : (P, C*A) totals of w*u by PSU, dense or sparse; the column of cell c, value a is c*A + a.
    """

    mean: Array
    size: Array
    psus: Codes
    totals: Array | sparse.csr_array


def cell_means(weighted: Array, *, weight: Array, cell: Codes, psu: Codes, n_cells: int, n_psu: int) -> CellMeans:
    """Means by cell; a record is a row of data, or a group of rows of one PSU and one cell.

    Parameters
    ----------
    weighted : (m, A) array
        Sum of w*x over the record.
    weight : (m,) array
        Sum of w over the record.
    cell : (m,) integer array
        Cell of the record, -1 outside all cells; every cell 0 … n_cells - 1 has a record.
    psu : (m,) integer array
        PSU of the record, 0 … n_psu - 1.
    n_cells, n_psu : int
        Numbers of cells and of PSUs, those without a record included.
    """
    inside = cell >= 0
    if not inside.all():
        weighted, weight, cell, psu = weighted[inside], weight[inside], cell[inside], psu[inside]
    size: Array = np.bincount(cell, weights=weight, minlength=n_cells).astype(float)
    sums = [np.bincount(cell, weights=weighted[:, a], minlength=n_cells) for a in range(weighted.shape[1])]
    mean = np.array(sums).reshape(-1, n_cells).T / size[:, None]
    influence = (weighted - mean[cell] * weight[:, None]) / size[cell, None]
    pair = psu * n_cells + cell
    return CellMeans(
        mean=mean,
        size=size,
        psus=np.bincount(np.unique(pair) % n_cells, minlength=n_cells).astype(np.int64),
        totals=sum_by_psu(influence, cell=cell, psu=psu, n_cells=n_cells, n_psu=n_psu),
    )


def sum_by_psu(values: Array, *, cell: Codes, psu: Codes, n_cells: int, n_psu: int) -> Array | sparse.csr_array:
    """(P, C*A) sums of (m, A) values by PSU and cell; sparse where a PSU meets few of the cells."""
    width = values.shape[1]
    if n_psu * n_cells <= 4 * len(cell) + 1024:
        pair = psu * n_cells + cell
        columns = [np.bincount(pair, weights=values[:, a], minlength=n_psu * n_cells) for a in range(width)]
        return np.array(columns).reshape(width, -1).T.reshape(n_psu, n_cells * width)
    column = cell[:, None] * width + np.arange(width)
    row = np.repeat(psu, width)
    return sparse.coo_array((values.ravel(), (row, column.ravel())), shape=(n_psu, n_cells * width)).tocsr()
