"""Chronic and transient poverty of a panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.design import Design
from fanpin.core.errors import DataError
from fanpin.core.line import Line
from fanpin.core.options import ChronicMethod, FgtIndex
from fanpin.kernels.indices.chronic import ChronicTransient, severity_bias, unit_poverty
from fanpin.kernels.poverty import POWERS
from fanpin.measure.cells import By
from fanpin.measure.chronic_request import WHERE, ChronicRequest, chronic_request, one_place, relative_welfare
from fanpin.measure.indices import measure_indices
from fanpin.results import Measures

STACK = 2


def chronic_poverty(
    data: Any,
    *,
    unit: str,
    time: str,
    welfare: str,
    line: Line,
    index: FgtIndex = "severity",
    method: ChronicMethod = "jalan_ravallion",
    strict: bool = True,
    min_waves: int = 2,
    by: By = None,
    design: Design | None = None,
) -> Measures:
    """Total, chronic and transient poverty of units seen at several waves.

    With r welfare as a share of the line and p the index's value, unit i with T_i waves has total ``mean_t p(r_it)`` and
    chronic poverty ``p(mean_t r_it)``; transient is total less chronic (Jalan & Ravallion 1998). With few waves the mean
    of r is noisy, which makes chronic severity too high by ``s_i^2/T_i`` for units poor on average, s_i^2 the variance
    of r between the unit's waves; method="bias_corrected" takes that off (Duclos, Araar & Giles 2010: the second-order
    term in 1/T). The correction takes deviations from the unit's mean as independent between waves: if they are
    persistent it is too small.

    Parameters
    ----------
    data : DataFrame
        A row per unit and wave. Rows with missing welfare or line count as waves at which the unit was not seen.
    unit, time : str
        The key; `time` is an ordered integer.
    welfare : str
        Income or consumption at constant prices, or at each wave's prices with a line to match.
    line : Line
        Absolute, by time (also official), or a column; taken as known. A relative line must be added as a column first.
    index : {"severity", "gap", "headcount"}
        The index. Only for the severity is transient poverty a matter of variability alone: for the headcount it can
        be negative.
    method : {"jalan_ravallion", "bias_corrected"}
        "bias_corrected" is for the severity: the other indices have no second-order term.
    strict : bool
        Poor if y < z; False: y <= z.
    min_waves : int
        Units seen at fewer waves are left out, counted and warned of; units that stay enter with all waves they have,
        each unit once, whatever their number.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain; their values are those of the unit's last wave.
    design : Design or None
        The survey design; weights are those of the unit's last wave, strata and PSUs must be the same at all its waves.
        None takes units as a simple random sample.

    Returns
    -------
    Measures
        Kind "chronic_poverty": terms `total`, `chronic`, `transient`, `chronic_share` (chronic over total, missing where
        nobody is poor) with their joint covariance; `n` counts units.

    Raises
    ------
    UnknownNameError, InputError : a column or option does not exist; a relative line; min_waves below 1, or below 2 with
        the correction.
    InapplicableError : the correction of an index other than the severity.
    DataError : duplicate (unit, time); welfare that is no number; a line of 0 or below; no unit with min_waves waves; a unit
        whose stratum or PSU changes; weights, strata or PSUs that cannot be.

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare, units seen at too few waves or without a group, counted.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Jalan & Ravallion (1998), Journal of Public Economics 67:338-357, doi:10.1016/S0047-2727(97)00071-5.
    Duclos, Araar & Giles (2010), Journal of Development Economics 91:266-277, doi:10.1016/j.jdeveco.2009.09.002.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> panel = pd.DataFrame({"id": [1, 1, 2, 2], "wave": [1, 2] * 2, "y": [4.0, 12.0, 20.0, 30.0]})
    >>> line = fp.Line.absolute(10, currency="CNY", year=2010)
    >>> fp.chronic_poverty(panel, unit="id", time="wave", welfare="y", line=line).params.round(4).tolist()
    [0.09, 0.02, 0.07, 0.2222]
    """
    request = chronic_request(data, unit=unit, time=time, welfare=welfare, line=line, index=index, method=method,
                              strict=strict, min_waves=min_waves, by=by, design=design)  # fmt: skip
    relative = relative_welfare(data, request, stacklevel=STACK)
    seen = ~np.isnan(relative)
    last = one_place(data, seen, request)
    code = last.index.get_indexer(pd.Index(data.loc[seen, unit]))
    total, chronic, facts = _parts(relative[seen], code, len(last), request)
    return measure_indices(
        last.reset_index(drop=True), {"enough waves": total, welfare: chronic}, [ChronicTransient()], by=request.by,
        design=request.design, kind="chronic_poverty", options=request.options, notes=(*_notes(request), *facts),
        where=WHERE, stacklevel=STACK,
    )  # fmt: skip


def _parts(
    relative: np.ndarray, code: np.ndarray, n_units: int, request: ChronicRequest
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Total and chronic poverty of each unit, total missing where waves are too few, and what to note."""
    seen, local = np.unique(code, return_inverse=True)
    found = unit_poverty(relative, local, len(seen), power=POWERS[request.index], strict=request.strict)
    bias = severity_bias(found) if request.corrected else np.zeros(len(seen))
    enough = found.waves >= request.min_waves
    if not enough.any():
        raise DataError(f"no unit is seen at {request.min_waves} waves", expected="units seen again", where=WHERE,
                        got=f"{len(seen)} units, at most {int(found.waves.max())} waves each")  # fmt: skip
    total, chronic = np.full(n_units, np.nan), np.zeros(n_units)
    total[seen[enough]], chronic[seen[enough]] = found.total[enough], (found.chronic - bias)[enough]
    spread = np.unique(found.waves[enough], return_counts=True)
    counted = ", ".join(f"{count} at {waves}" for waves, count in zip(*spread, strict=True))
    facts = [f"units by number of waves: {counted}; each unit counts once"]
    if (left := n_units - int(enough.sum())) > 0:
        facts.append(f"{left} of {n_units} units are seen at fewer than {request.min_waves} waves")
    if request.corrected:
        facts.append(f"few waves would add {np.mean(bias[enough]):.4g} to chronic severity, units weighted equally")
    return total, chronic, tuple(facts)


def _notes(request: ChronicRequest) -> tuple[str, ...]:
    relation = "below" if request.strict else "at or below"
    notes = [f"{request.index}; poor: {request.welfare} {relation} the line of {request.line.describe()}",
             "chronic: the index at the unit's mean of welfare over the line; transient: the rest of the mean over its waves",
             "weights and groups are those of the unit's last wave"]  # fmt: skip
    if request.corrected:
        notes.append(
            "corrected for few waves to order 1/T, deviations from a unit's mean taken as independent between waves"
        )
    return tuple(notes)
