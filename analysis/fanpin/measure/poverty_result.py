"""From poverty records to Measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from fanpin.kernels.cell_means import Array
from fanpin.measure.assemble import assemble
from fanpin.measure.cells import announce_dropped, announce_empty
from fanpin.measure.indices import cov_type, design_notes, jackknife_note
from fanpin.measure.poverty_estimates import (
    PovertyEstimates,
    estimated_indices,
    index_slopes,
    line_totals,
    replicate_values,
    rough_terms,
)
from fanpin.measure.poverty_records import EstimatedLine, PovertyRecords
from fanpin.measure.poverty_request import PovertyRequest
from fanpin.results import Measures
from fanpin.results.measures import measure_key

ATOM = 0.01  # share of weight at the median above which its density estimate is doubtful
STACK = 3  # frames between the user's call and the functions here that warn


def poverty_measures(records: PovertyRecords, request: PovertyRequest) -> Measures:
    """Indices by group with their joint covariance, a row an index and group."""
    found = estimated_indices(records, request)
    cov, line_facts = _covariance(found, records, request)
    return assemble(
        _rows(found, records, request),
        cov,
        by=request.by,
        psus=np.tile(found.psus, len(request.indices)),
        stacklevel=STACK,
        kind="poverty",
        cov_type=cov_type(request.design),
        df_resid=float(records.units.degrees_of_freedom),
        counts={"rows": records.counts["rows"], "psus": records.units.count, "strata": records.units.strata},
        diagnostics={**line_facts, "near_line": records.counts["near_line"]},
        options=_options(request),
        notes=_notes(records, request, found),
        design=request.design,
    )


def _covariance(
    found: PovertyEstimates, records: PovertyRecords, request: PovertyRequest
) -> tuple[Array, dict[str, float]]:
    """The covariance of the rows of the result, and the estimated lines with their standard errors."""
    lines, n = records.estimated, found.estimates.size
    if request.replication is not None:
        whole = records.units.replicated(request.replication, replicate_values(records, request), records.weight)
        return whole[:n, :n], {} if lines is None else _line_facts(lines, np.sqrt(np.diag(whole)[n:]))
    if lines is None:
        return records.units.covariance(found.totals).cov, {}
    of_lines = line_totals(lines, records)
    joint = _beside(found.totals, of_lines)
    slopes = index_slopes(records, request)
    cov = records.units.covariance(joint, linear=np.hstack([np.eye(n), slopes])).cov
    return cov, _line_facts(lines, np.sqrt(np.diag(records.units.covariance(of_lines).cov)))


def _beside(left: Array | sparse.csr_array, right: Array | sparse.csr_array) -> Array | sparse.csr_array:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.hstack([left, right])
    return sparse.hstack([sparse.csr_array(left), sparse.csr_array(right)], format="csr")


def _line_facts(found: EstimatedLine, errors: Array) -> dict[str, float]:
    facts: dict[str, float] = {}
    for row, z, se in zip(found.labels.to_dict("records"), found.lines.line, errors, strict=True):
        labels = {str(name): value for name, value in row.items()}
        facts[measure_key("line", labels)] = float(z)
        facts[measure_key("line_std_error", labels)] = float(se)
    return facts


def _rows(found: PovertyEstimates, records: PovertyRecords, request: PovertyRequest) -> pd.DataFrame:
    n_indices, labels = len(request.indices), records.cells.labels
    n = np.bincount(records.cells.code + 1, weights=records.rows, minlength=len(labels) + 1)[1:].astype(np.int64)
    rows = pd.DataFrame({
        "term": np.repeat(list(request.indices), len(labels)),
        "estimate": found.estimates.ravel(),
        "n": np.tile(n, n_indices),
        "population": np.tile(found.size, n_indices),
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


def _notes(records: PovertyRecords, request: PovertyRequest, found: PovertyEstimates) -> tuple[str, ...]:
    counts, relation = records.counts, "below" if request.strict else "at or below"
    dropped = {
        request.welfare: counts["missing_welfare"],
        request.line.name or "line": counts["missing_line"],
        " x ".join(request.by): counts["missing_by"],
    }
    notes = [f"poor: {request.welfare} {relation} the line of {request.line.describe()}",
             *design_notes(request.design, request.size), *jackknife_note(request.design, rough_terms(request))]  # fmt: skip
    if request.line.kind == "relative":
        how = "" if request.replication else f", bandwidth rule {request.bandwidth!r}"
        notes.append(f"the line is estimated: its sampling error is included{how}")
    if (at_median := _share_at_median(records, request)) > ATOM and request.replication is None:
        notes.append(
            f"up to {100 * at_median:.1f} % of the weight lies exactly at the median of a line: there the linearised standard "
            "error of the line is unreliable, and a bootstrap that takes the line anew is safer"
        )
    if counts["negative"]:
        notes.append(f"{counts['negative']} rows have negative {request.welfare}: their gaps exceed 1")
    if counts["near_line"]:
        notes.append(f"{counts['near_line']} rows lie within one millionth of the line and are compared as stored")
    if "headcount" in request.indices:
        share = found.estimates[request.indices.index("headcount")]
        if (certain := int(((share == 0) | (share == 1)).sum())) > 0:
            notes.append(
                f"in {certain} groups nobody or everybody is poor: the headcount's standard error there says little"
            )
    notes += announce_dropped(dropped, counts["all_rows"], stacklevel=STACK + 1)
    notes += announce_empty(records.frame, request.by, records.cells, what=request.welfare, stacklevel=STACK + 1)
    return tuple(notes)
