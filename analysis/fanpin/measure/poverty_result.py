"""From poverty records to Measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from fanpin.kernels.cell_means import Array, CellMeans, cell_means, sum_by_psu
from fanpin.kernels.poverty import line_slopes
from fanpin.measure.assemble import assemble
from fanpin.measure.cells import announce_dropped, announce_empty
from fanpin.measure.poverty_records import EstimatedLine, PovertyRecords
from fanpin.measure.poverty_request import PovertyRequest
from fanpin.results import Measures
from fanpin.results.measures import measure_key

ATOM = 0.01  # share of weight at the median above which its density estimate is doubtful
STACK = 3  # frames between the user's call and the functions here that warn


def poverty_measures(records: PovertyRecords, request: PovertyRequest) -> Measures:
    """Indices by group with their joint covariance, a row an index and group."""
    n_cells, n_indices = len(records.cells.labels), len(request.indices)
    means = cell_means(records.weighted, weight=records.weight, cell=records.cells.code, psu=records.units.psu,
                       n_cells=n_cells, n_psu=records.units.count)  # fmt: skip
    totals, linear, line_facts = _with_line(means, records, request)
    covariance = records.units.covariance(totals, linear=linear)
    # Columns run cell by cell; rows of the result run index by index.
    order = np.arange(n_cells * n_indices).reshape(n_cells, n_indices).T.ravel()
    return assemble(
        _rows(means, records, request),
        covariance.cov[np.ix_(order, order)],
        by=request.by,
        psus=np.tile(means.psus, n_indices),
        stacklevel=STACK,
        kind="poverty",
        cov_type="design",
        df_resid=float(covariance.df),
        counts={"rows": records.counts["rows"], "psus": covariance.n_psu, "strata": covariance.n_strata},
        diagnostics={**line_facts, "near_line": records.counts["near_line"]},
        options=_options(request),
        notes=_notes(records, request, means),
        design=request.design,
    )


def _with_line(
    means: CellMeans, records: PovertyRecords, request: PovertyRequest
) -> tuple[Array | sparse.csr_array, Array | None, dict[str, float]]:
    """PSU totals, the map from them to the indices, and facts on the line.

    With an estimated line the totals gain a column for each line, and index = own part + slope x line.
    """
    found = records.estimated
    if found is None:
        return means.totals, None, {}
    psu = records.units.psu[found.rows]
    influence = (found.weight * found.lines.influence)[:, None]
    of_lines = sum_by_psu(influence, cell=found.group, psu=psu, n_cells=len(found.labels), n_psu=records.units.count)
    cell = records.cells.code[found.rows]
    inside = cell >= 0
    slopes = line_slopes(
        found.welfare[inside], weight=found.weight[inside], cell=cell[inside], n_cells=len(means.size),
        group=found.group[inside], lines=found.lines, psu=psu[inside], powers=request.powers, rule=request.bandwidth,
    )  # fmt: skip
    facts = _line_facts(found, np.sqrt(np.diag(records.units.covariance(of_lines).cov)))
    if isinstance(means.totals, np.ndarray) and isinstance(of_lines, np.ndarray):
        totals: Any = np.hstack([means.totals, of_lines])
    else:
        totals = sparse.hstack([sparse.csr_array(means.totals), sparse.csr_array(of_lines)], format="csr")
    return totals, np.hstack([np.eye(len(slopes)), slopes]), facts


def _line_facts(found: EstimatedLine, errors: Array) -> dict[str, float]:
    facts: dict[str, float] = {}
    for row, z, se in zip(found.labels.to_dict("records"), found.lines.line, errors, strict=True):
        labels = {str(name): value for name, value in row.items()}
        facts[measure_key("line", labels)] = float(z)
        facts[measure_key("line_std_error", labels)] = float(se)
    return facts


def _rows(means: CellMeans, records: PovertyRecords, request: PovertyRequest) -> pd.DataFrame:
    n_indices, labels = len(request.indices), records.cells.labels
    inside = records.cells.code >= 0
    n = np.bincount(records.cells.code[inside], weights=records.rows[inside], minlength=len(labels)).astype(np.int64)
    rows = pd.DataFrame({
        "term": np.repeat(list(request.indices), len(labels)),
        "estimate": means.mean.T.ravel(),
        "n": np.tile(n, n_indices),
        "population": np.tile(means.size, n_indices),
    })  # fmt: skip
    repeated = pd.concat([labels] * n_indices, ignore_index=True)
    return pd.concat([rows[["term"]], repeated, rows[["estimate", "n", "population"]]], axis=1)


def _options(request: PovertyRequest) -> dict[str, Any]:
    return {
        "welfare": request.welfare, "line": request.line.describe(), "indices": list(request.indices),
        "strict": request.strict, "by": list(request.by), "size": request.size, "bandwidth": request.bandwidth,
    }  # fmt: skip


def _share_at_median(records: PovertyRecords, request: PovertyRequest) -> float:
    """The largest share of weight, over the groups of an estimated line, that sits exactly at the median."""
    estimated, share = records.estimated, request.line.share
    if estimated is None or share is None or request.line.of != "median":
        return 0.0
    at = np.isclose(estimated.welfare, (estimated.lines.line / share)[estimated.group], rtol=1e-9, atol=0.0)
    groups = len(estimated.lines.line)
    whole = np.bincount(estimated.group, estimated.weight, groups)
    return float((np.bincount(estimated.group[at], estimated.weight[at], groups) / whole).max())


def _notes(records: PovertyRecords, request: PovertyRequest, means: CellMeans) -> tuple[str, ...]:
    counts, relation = records.counts, "below" if request.strict else "at or below"
    dropped = {
        request.welfare: counts["missing_welfare"],
        request.line.name or "line": counts["missing_line"],
        " x ".join(request.by): counts["missing_by"],
    }
    notes = [f"poor: {request.welfare} {relation} the line of {request.line.describe()}",
             f"design: {request.design.describe()}; linearised standard errors, Wald intervals with t"]  # fmt: skip
    if request.size:
        notes.append(f"weights multiplied by {request.size}")
    if request.line.kind == "relative":
        notes.append(f"the line is estimated: its sampling error is included, bandwidth rule {request.bandwidth!r}")
    if (at_median := _share_at_median(records, request)) > ATOM:
        notes.append(
            f"up to {100 * at_median:.1f} % of the weight lies exactly at the median of a line: there the linearised standard "
            "error of the line is unreliable, and a bootstrap that takes the line anew is safer"
        )
    if counts["negative"]:
        notes.append(f"{counts['negative']} rows have negative {request.welfare}: their gaps exceed 1")
    if counts["near_line"]:
        notes.append(f"{counts['near_line']} rows lie within one millionth of the line and are compared as stored")
    if "headcount" in request.indices:
        share = means.mean[:, request.indices.index("headcount")]
        if (certain := int(((share == 0) | (share == 1)).sum())) > 0:
            notes.append(
                f"in {certain} groups nobody or everybody is poor: the headcount's standard error there says little"
            )
    notes += announce_dropped(dropped, counts["all_rows"], stacklevel=STACK + 1)
    notes += announce_empty(records.frame, request.by, records.cells, what=request.welfare, stacklevel=STACK + 1)
    return tuple(notes)
