"""Poverty indices by group: their values, PSU totals, slopes in an estimated line, and values at other weights.

Rows of the result run index by index and, within an index, group by group; every array here follows that order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse

from fanpin.core.errors import InapplicableError
from fanpin.kernels.cell_means import Array, Codes, cell_means, sum_by_psu
from fanpin.kernels.density import density_at
from fanpin.kernels.index import Index
from fanpin.kernels.poverty import POWERS, fgt_values, line_slopes, line_values
from fanpin.measure.indices import Groups, groups_of
from fanpin.measure.poverty_records import EstimatedLine, PovertyRecords
from fanpin.measure.poverty_request import WHERE, PovertyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PovertyEstimates:
    """Estimates of A indices in C groups.

    Attributes
    ----------
    estimates : (A, C) values.
    size : (C,) sums of weights.
    psus : (C,) PSUs with a row in the group.
    totals : (P, A*C) weighted influence by PSU, the line taken as known; of no use, and empty, with replicates.
    """

    estimates: Array
    size: Array
    psus: Codes
    totals: Array | sparse.csr_array


def estimated_indices(records: PovertyRecords, request: PovertyRequest) -> PovertyEstimates:
    """Values of all indices, and the PSU totals of their influence."""
    n_cells = len(records.cells.labels)
    means = cell_means(records.weighted, weight=records.weight, cell=records.cells.code, psu=records.units.psu,
                       n_cells=n_cells, n_psu=records.units.count)  # fmt: skip
    order = _cell_first(request, n_cells)
    if not request.others:
        return PovertyEstimates(estimates=means.mean.T, size=means.size, psus=means.psus, totals=means.totals[:, order])
    groups = _groups(records)
    values = np.hstack([means.mean, groups.values(request.others, records.weight)])
    estimates = values[:, _columns(request)].T
    if request.replication is not None:  # influence may need a density that replicates do without
        return PovertyEstimates(estimates=estimates, size=means.size, psus=means.psus, totals=np.empty((0, 0)))
    totals = sparse.hstack([sparse.csr_array(means.totals), groups.totals(request.others, records.units)], format="csr")
    return PovertyEstimates(estimates=estimates, size=means.size, psus=means.psus, totals=totals[:, order])


def _columns(request: PovertyRequest) -> list[int]:
    """Where each index stands when means come first and the others after."""
    means = [i for i in request.indices if i in POWERS]
    others = [i for i in request.indices if i not in POWERS]
    return [means.index(i) if i in POWERS else len(means) + others.index(i) for i in request.indices]


def _cell_first(request: PovertyRequest, n_cells: int) -> Codes:
    """Positions, in totals that run cell by cell (means, then the others), of each row of the result."""
    f = len(request.powers)
    other = len(request.indices) - f
    blocks = [
        np.arange(n_cells) * f + c if c < f else n_cells * f + np.arange(n_cells) * other + (c - f)
        for c in _columns(request)
    ]
    return np.concatenate(blocks)


def _groups(records: PovertyRecords) -> Groups:
    assert records.line is not None
    return groups_of(np.column_stack([_welfare(records), records.line]), records.weight, records.cells)


def _welfare(records: PovertyRecords) -> Array:
    assert records.welfare is not None  # single rows were asked for, see PovertyRequest.needs_rows
    return records.welfare


def line_totals(found: EstimatedLine, records: PovertyRecords) -> Array | sparse.csr_array:
    """(P, G) PSU totals of the influence of the G estimated lines."""
    influence = (found.weight * found.lines.influence)[:, None]
    return sum_by_psu(influence, cell=found.group, psu=records.units.psu[found.rows], n_cells=len(found.labels),
                      n_psu=records.units.count)  # fmt: skip


def index_slopes(records: PovertyRecords, request: PovertyRequest) -> Array:
    """(A*C, G) slopes of each index in each estimated line."""
    found, n_cells = records.estimated, len(records.cells.labels)
    assert found is not None
    psu, cell = records.units.psu[found.rows], records.cells.code[found.rows]
    inside = cell >= 0
    means = line_slopes(
        found.welfare[inside], weight=found.weight[inside], cell=cell[inside], n_cells=n_cells,
        group=found.group[inside], lines=found.lines, psu=psu[inside], powers=request.powers, rule=request.bandwidth,
    )  # fmt: skip
    if not request.others:
        return means[_cell_first(request, n_cells)]
    return np.vstack([means, _other_slopes(records, request)])[_cell_first(request, n_cells)]


def _other_slopes(records: PovertyRecords, request: PovertyRequest) -> Array:
    """(C*O, G) slopes of the indices that are no means.

    Raises
    ------
    InapplicableError : a group meets several estimated lines.
    """
    found, groups = records.estimated, _groups(records)
    assert found is not None
    line_of = np.full(len(records.frame), -1, dtype=np.int64)
    line_of[found.rows] = found.group
    slopes = np.zeros((len(groups.members), len(request.others), len(found.labels)))
    for c, rows in enumerate(groups.members):
        own = np.unique(line_of[rows])
        if len(own) > 1:
            raise InapplicableError(f"a group of by= meets {len(own)} estimated lines, for which "
                                    f"{', '.join(_terms(request.others))} have no slope", where=WHERE,
                                    next_step=f"measure by {', '.join(request.line.by)} too, or take replicate weights")  # fmt: skip
        density = partial(density_at, rule=request.bandwidth, units=len(np.unique(records.units.psu[rows])))
        for o, index in enumerate(request.others):
            slopes[c, o, own[0]] = index.line_slope(groups.x[rows], groups.weight[rows], density)[0]
    return slopes.reshape(-1, len(found.labels))


def _terms(indices: Sequence[Index]) -> list[str]:
    return [t for i in indices for t in i.terms]


def rough_terms(request: PovertyRequest) -> list[str]:
    """Indices that rest on quantiles: those that do by themselves, and all of them where the line is a median."""
    if request.line.kind == "relative" and request.line.of == "median":
        return list(request.indices)
    return _terms([i for i in request.others if not i.smooth])


def replicate_values(records: PovertyRecords, request: PovertyRequest) -> Callable[[Array], Array]:
    """From weights of the rows to all indices and, with an estimated line, the lines, each taken anew."""
    n_cells = len(records.cells.labels)

    def values(weight: Array) -> Array:
        line, lines = _lines_at(records, request, weight)
        groups = groups_of(np.column_stack([_welfare(records), line]), weight, records.cells)
        means = _means_at(records, request, line, weight, n_cells)
        both = np.hstack([means, groups.values(request.others, weight)]) if request.others else means
        return np.concatenate([both[:, _columns(request)].T.ravel(), lines])

    return values


def _lines_at(records: PovertyRecords, request: PovertyRequest, weight: Array) -> tuple[Array, Array]:
    """Each row's line at other weights, and the estimated lines."""
    found = records.estimated
    assert records.line is not None
    if found is None:
        return records.line, np.empty(0)
    lines = line_values(found.welfare, weight=weight[found.rows], group=found.group, n_groups=len(found.labels),
                        share=float(request.line.share or 0.0), of=request.line.of)  # fmt: skip
    own = records.line.copy()
    own[found.rows] = lines[found.group]
    return own, lines


def _means_at(records: PovertyRecords, request: PovertyRequest, line: Array, weight: Array, n_cells: int) -> Array:
    """(C, F) Foster-Greer-Thorbecke indices at other weights and lines; NaN in a group without weight."""
    used = (records.cells.code >= 0) & (weight > 0)
    cell, w = records.cells.code[used], weight[used]
    values = fgt_values(_welfare(records)[used], line[used], request.powers, strict=request.strict)
    size = np.bincount(cell, weights=w, minlength=n_cells)
    sums = [np.bincount(cell, weights=w * v, minlength=n_cells) for v in values.T]
    return np.array(sums).reshape(-1, n_cells).T / np.where(size > 0, size, np.nan)[:, None]
