"""The engine behind every index: groups, weights, design or replicates, joint covariance, Measures.

An index (`fanpin.kernels.index.Index`) knows the rows of one group; everything else is done here, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from fanpin.core.design import Design
from fanpin.core.numbers import positive_column
from fanpin.kernels.cell_means import Array, Codes, psu_pairs
from fanpin.kernels.index import Index
from fanpin.measure.assemble import assemble
from fanpin.measure.cells import Cells, announce_dropped, announce_empty, cells_of
from fanpin.measure.units import Units, sampled_units
from fanpin.results import Measures

JACKKNIFE = 'the delete-one jackknife is inconsistent for {}: take "bootstrap", or "brr" where strata hold two PSUs'
INTERVAL_WORDS = {"wald": "Wald intervals", "logit": "intervals on the logit scale"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Values of the rows measured, and the rows of each group.

    Attributes
    ----------
    x : (n, m) values, NaN in rows outside all groups.
    weight : (n,) weights.
    members : row numbers of each of the C groups.
    """

    x: Array
    weight: Array
    members: tuple[Codes, ...]

    def values(self, indices: Sequence[Index], weight: Array) -> Array:
        """(C, q) numbers of each group at the given weights; rows of weight 0 do not belong to it."""
        return np.array([self._of_group(rows, indices, weight) for rows in self.members])

    def _of_group(self, rows: Codes, indices: Sequence[Index], weight: Array) -> Array:
        used = rows if (weight[rows] > 0).all() else rows[weight[rows] > 0]
        if not len(used):
            return np.full(sum(len(i.terms) for i in indices), np.nan)
        return np.concatenate([i.value(self.x[used], weight[used]) for i in indices])

    def totals(self, indices: Sequence[Index], units: Units) -> sparse.csr_array:
        """(P, C*q) weighted influence of each group's numbers, summed by PSU."""
        width = sum(len(i.terms) for i in indices)
        parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        for g, rows in enumerate(self.members):
            x, w = self.x[rows], self.weight[rows]
            psu, local = np.unique(units.psu[rows], return_inverse=True)
            column = g * width
            for index in indices:
                for u in np.asarray(index.influence(x, w)).reshape(len(rows), -1).T:
                    sums = np.bincount(local, weights=np.nan_to_num(u) * w, minlength=len(psu))
                    parts.append((sums, psu, np.full(len(psu), column)))
                    column += 1
        data, row, columns = (np.concatenate(p) for p in zip(*parts, strict=True))
        return sparse.coo_array((data, (row, columns)), shape=(units.count, width * len(self.members))).tocsr()


def groups_of(x: Array, weight: Array, cells: Cells) -> Groups:
    """The rows of each cell, in the order of the data."""
    order = np.argsort(cells.code, kind="stable")
    sizes = np.bincount(cells.code + 1, minlength=len(cells.labels) + 1)
    return Groups(x=x, weight=weight, members=tuple(np.split(order, np.cumsum(sizes)[:-1])[1:]))


def measure_indices(
    frame: pd.DataFrame,
    x: Mapping[str, Array],
    indices: Sequence[Index],
    *,
    by: tuple[str, ...],
    design: Design | None,
    size: str | None = None,
    kind: str,
    options: Mapping[str, Any],
    notes: Sequence[str] = (),
    counts: Mapping[str, float] | None = None,
    interval: Literal["wald", "logit"] = "wald",
    where: str,
    stacklevel: int,
) -> Measures:
    """Measure indices by group, with their joint covariance.

    Parameters
    ----------
    frame : DataFrame
        All sampled rows, those outside the groups of interest too.
    x : mapping of column name to (n,) array
        What the indices see, in this order; a row with a missing value is left out of the measure, counted, and stays in
        the design.
    indices : sequence of Index
        Their terms must differ.
    by : tuple of str
        Columns of the groups, checked with `by_columns`.
    design, size : Design or None, str or None
        The survey design; a column that multiplies the weight, such as persons.
    kind, options, notes, counts
        Fields of `Measures`; the design, the way of the standard errors and what was left out are noted here.
    interval : {"wald", "logit"}
        How confidence limits are formed; "logit" where all numbers are shares.
    where : str
        The public function, for messages.
    stacklevel : int
        Frames between this function and the user's call.
    """
    units, weight = sampled_units(frame, design, where=where)
    if size is not None:
        weight = weight * positive_column(frame, size, role="size", where=where)
    values = np.column_stack([np.asarray(v, dtype=float) for v in x.values()])
    known = ~np.isnan(values).any(axis=1)
    cells = cells_of(frame, by, known)
    groups = groups_of(values, weight, cells)
    estimates = groups.values(indices, weight)
    cov = _covariance(groups, indices, units, design)
    order = np.arange(estimates.size).reshape(estimates.shape).T.ravel()
    missing = {name: int(np.isnan(np.asarray(v, dtype=float)).sum()) for name, v in x.items()}
    missing[" x ".join(by)] = int((known & (cells.code < 0)).sum())
    said = (
        *notes, *design_notes(design, size, interval), *jackknife_note(design, [t for i in indices if not i.smooth for t in i.terms]),
        *announce_dropped(missing, len(frame), stacklevel=stacklevel + 1),
        *announce_empty(frame, by, cells, what=" and ".join(x), stacklevel=stacklevel + 1),
    )  # fmt: skip
    return assemble(
        _rows(groups, indices, cells, estimates), cov[np.ix_(order, order)], by=by,
        psus=np.tile(_psus(cells, units), estimates.shape[1]),
        stacklevel=stacklevel + 1, kind=kind, cov_type=cov_type(design), df_resid=float(units.degrees_of_freedom),
        counts={"rows": int((cells.code >= 0).sum()), "psus": units.count, "strata": units.strata, **(counts or {})},
        options=dict(options), notes=said, design=design or Design(), interval=interval,
    )  # fmt: skip


def _covariance(groups: Groups, indices: Sequence[Index], units: Units, design: Design | None) -> Array:
    if design is None or design.replication is None:
        totals = groups.totals(indices, units)
        return units.covariance(totals.toarray() if totals.nnz > totals.shape[0] * totals.shape[1] / 4 else totals).cov
    return units.replicated(design.replication, lambda w: groups.values(indices, w).ravel(), groups.weight)


def _psus(cells: Cells, units: Units) -> Codes:
    """(C,) PSUs with a row in each group."""
    inside, n_cells = cells.code >= 0, len(cells.labels)
    pairs = psu_pairs(cells.code[inside], units.psu[inside], n_cells=n_cells, n_psu=units.count)
    return np.bincount(pairs.cell[pairs.met], minlength=n_cells)


def _rows(groups: Groups, indices: Sequence[Index], cells: Cells, estimates: Array) -> pd.DataFrame:
    terms = [t for i in indices for t in i.terms]
    n = [len(m) for m in groups.members]
    population = [groups.weight[m].sum() for m in groups.members]
    labels = pd.concat([cells.labels] * len(terms), ignore_index=True)
    rows = pd.DataFrame({"term": np.repeat(terms, len(n)), "estimate": estimates.T.ravel(),
                         "n": np.tile(n, len(terms)), "population": np.tile(population, len(terms))})  # fmt: skip
    return pd.concat([rows[["term"]], labels, rows[["estimate", "n", "population"]]], axis=1)


def cov_type(design: Design | None) -> str:
    """The word "design" for linearised standard errors, else the kind of replicates."""
    return "design" if design is None or design.replication is None else design.replication.kind


def design_notes(
    design: Design | None, size: str | None, interval: Literal["wald", "logit"] = "wald"
) -> tuple[str, ...]:
    """What to say of the design under a table."""
    given = design or Design()
    first = f"design: {given.describe()}; {given.method}, {INTERVAL_WORDS[interval]} with t"
    return (first, f"weights multiplied by {size}") if size else (first,)


def jackknife_note(design: Design | None, rough: Sequence[str]) -> tuple[str, ...]:
    """A warning in words where the jackknife meets terms that rest on quantiles."""
    if design is None or design.replication is None or design.replication.kind != "jkn" or not rough:
        return ()
    return (JACKKNIFE.format(", ".join(rough)),)
