"""Weighted means by cell with the PSU totals of their influence, from rows or from sums an engine has grouped.

A mean over cell d is a ratio of totals, R = Sum w x / Sum w; its influence value is (x - R)/N_d on rows of the cell and 0
elsewhere (Deville 1999, Survey Methodology 25:193-203). Rates, FGT indices and discrete hazards all have this form.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    pairs = psu_pairs(cell, psu, n_cells=n_cells, n_psu=n_psu)
    of_weight = pairs.sums(weight)
    by_pair = [pairs.sums(weighted[:, a]) for a in range(weighted.shape[1])]
    size: Array = np.bincount(pairs.cell, weights=of_weight, minlength=n_cells).astype(float)
    sums = [np.bincount(pairs.cell, weights=v, minlength=n_cells) for v in by_pair]
    mean = np.array(sums).reshape(-1, n_cells).T / size[:, None]
    parts = [(v - mean[pairs.cell, a] * of_weight) / size[pairs.cell] for a, v in enumerate(by_pair)]
    return CellMeans(mean=mean, size=size, psus=np.bincount(pairs.cell[pairs.met], minlength=n_cells).astype(np.int64),
                     totals=pairs.spread(parts))  # fmt: skip


@dataclass(frozen=True, slots=True)
class PsuPairs:
    """Pairs of a PSU and a cell: all of them where they are few, else those that records have.

    Attributes
    ----------
    code : (m,) pair of each record.
    psu, cell : (q,) of each pair.
    met : (q,) whether a record has the pair.
    n_cells, n_psu : numbers of cells and PSUs.
    """

    code: Codes
    psu: Codes
    cell: Codes
    met: NDArray[np.bool_]
    n_cells: int
    n_psu: int

    def sums(self, values: Array) -> Array:
        """(q,) sums of (m,) values by pair."""
        return np.bincount(self.code, weights=values, minlength=len(self.psu)).astype(float, copy=False)

    def spread(self, columns: Sequence[Array]) -> Array | sparse.csr_array:
        """(P, C*A) matrix of A columns over the pairs; dense where all pairs are kept."""
        width = len(columns)
        if len(self.psu) == self.n_psu * self.n_cells:
            return np.array(columns).reshape(width, len(self.psu)).T.reshape(self.n_psu, self.n_cells * width)
        values = np.concatenate(columns) if width else np.empty(0)
        column = np.concatenate([self.cell * width + a for a in range(width)]) if width else np.empty(0, dtype=np.int64)
        entries = (values, (np.tile(self.psu, width), column))
        return sparse.coo_array(entries, shape=(self.n_psu, self.n_cells * width)).tocsr()


def psu_pairs(cell: Codes, psu: Codes, *, n_cells: int, n_psu: int) -> PsuPairs:
    """The pairs of PSU and cell that records with codes from 0 have."""
    code = psu if n_cells == 1 else psu * n_cells + cell
    if n_psu * n_cells <= 4 * len(cell) + 1024:
        every = np.arange(n_psu * n_cells)
        met = np.zeros(len(every), dtype=bool)
        met[code] = True
    elif n_psu * n_cells <= 64 * len(cell):  # a table of flags is faster than sorting
        table = np.zeros(n_psu * n_cells, dtype=bool)
        table[code] = True
        every, code = np.flatnonzero(table), (np.cumsum(table) - 1)[code]
        met = np.ones(len(every), dtype=bool)
    else:
        every, code = np.unique(code, return_inverse=True)
        met = np.ones(len(every), dtype=bool)
    of_psu, of_cell = np.divmod(every, n_cells)
    return PsuPairs(code=code, psu=of_psu, cell=of_cell, met=met, n_cells=n_cells, n_psu=n_psu)


def sum_by_psu(values: Array, *, cell: Codes, psu: Codes, n_cells: int, n_psu: int) -> Array | sparse.csr_array:
    """(P, C*A) sums of (m, A) values by PSU and cell; sparse where a PSU meets few of the cells."""
    pairs = psu_pairs(cell, psu, n_cells=n_cells, n_psu=n_psu)
    return pairs.spread([pairs.sums(values[:, a]) for a in range(values.shape[1])])
