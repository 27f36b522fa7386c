"""Catastrophic and impoverishing health spending with design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fanpin.core.design import Design
from fanpin.core.line import Line
from fanpin.kernels.index import Index
from fanpin.kernels.indices.health_burden import POVERTY, SPENDING, Catastrophic, Impoverishing
from fanpin.measure.cells import By
from fanpin.measure.described import described
from fanpin.measure.health_burden_request import WHERE, Burden, burden_request, warn_of_units
from fanpin.measure.indices import measure_indices
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

STACK = 2  # frames between the engine and the user's call


def health_burden(
    data: pd.DataFrame | ir.Table,
    *,
    oop: str,
    capacity: str,
    line: Line | None = None,
    thresholds: float | Sequence[float] = (0.10, 0.25, 0.40),
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    total: str | None = None,
    welfare: str | None = None,
) -> Measures:
    """Catastrophic health spending at several thresholds and, with a line, what spending does to poverty.

    With s_i the share of out-of-pocket spending in the budget, spending is catastrophic at threshold t if ``s_i > t``; the
    headcount is ``mean 1[s > t]``, the overshoot ``mean (s - t) 1[s > t]`` and the mean positive overshoot their ratio. With
    gross welfare y, which includes the spending T, and line z: headcount and gap ``mean (1 - y/z) 1[y < z]`` of y (gross) and
    of y - T (net), `impoverishment` = the share poor net but not gross = the change of the headcount, `gap_increase` = the
    change of the gap, and the share poor already gross that spends (`further_impoverished`). Means are weighted; standard
    errors are linearised, those of the changes from both states of the same households.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design. A row with
        a missing value in a column named below is left out of all measures.
    oop, capacity, total, welfare : str
        Columns in one unit, all per household or all per person: out-of-pocket health spending, at least 0, net of
        reimbursements; capacity to pay, such as non-food consumption or, after the World Health Organization, consumption
        less subsistence needs; total consumption or income, optional: thresholds then apply to both budgets, told apart by
        the column `share_of`; welfare gross of the spending, needed with `line`, in the unit of the line.
    line : Line or None
        `Line.absolute`, `Line.official` of a year or `Line.column`; poor is y < z.
    thresholds : float or sequence of float
        Shares of a budget, 0 < t < 1.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight.

    Returns
    -------
    Measures
        Kind "health_burden"; terms `catastrophic:<t>`, `overshoot:<t>`, `mean_positive_overshoot:<t>` for each threshold, and
        with a line `headcount_gross`, `headcount_net`, `impoverishment`, `further_impoverished`, `gap_gross`, `gap_net`,
        `gap_increase`. `threshold` is a column of context; with `total`, `share_of` ("capacity", "total"; "line" in rows of
        poverty) is one that identifies rows.

    Notes
    -----
    Without a positive budget no share exists: such a row is taken as a share of 1 if it spends, so that its spending is
    catastrophic at each threshold, and of 0 if it does not. Shares above 1, of households that borrow or sell what they own,
    stay as they are. Both are counted in the notes. Spending that is forgone does not appear in these measures.

    Raises
    ------
    UnknownNameError : a column does not exist.
    InputError : line without welfare or the reverse; no Line; a line by time; thresholds empty, repeated or outside (0, 1);
        one column in two roles.
    InapplicableError : a relative line, whose sampling error is not included.
    DataError : no rows; columns that are not numeric or infinite; negative spending; a line of 0 or below; weights, sizes,
        strata, PSUs or fpc that cannot be (see `fanpin.core.design_arrays`).

    Warns
    -----
    DroppedRowsWarning : rows with missing values or group, counted by column; groups left without a row.
    ComparabilityWarning : capacity exceeds total or welfare in most rows.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Wagstaff & van Doorslaer (2003), Health Economics 12:921-934, doi:10.1002/hec.776.
    Xu, Evans, Kawabata, Zeramdini, Klavus & Murray (2003), Lancet 362:111-117, doi:10.1016/S0140-6736(03)13861-5.
    O'Donnell, van Doorslaer, Wagstaff & Lindelow (2008), Analyzing Health Equity Using Household Survey Data, ch. 18-19.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"spent": [0.0, 5.0, 30.0, 90.0], "nonfood": [100.0, 100.0, 100.0, 200.0]})
    >>> fp.health_burden(homes, oop="spent", capacity="nonfood", thresholds=0.25).params["catastrophic:0.25"]
    np.float64(0.5)
    """
    asked = burden_request(data, oop=oop, capacity=capacity, line=line, thresholds=thresholds, by=by, design=design,
                           size=size, total=total, welfare=welfare)  # fmt: skip
    indices: list[Index] = [
        Catastrophic(asked.thresholds, asked.place(c), f" of {b}") for b, c in asked.budgets.items()
    ]
    if asked.welfare is not None:
        indices.append(Impoverishing(asked.place(asked.welfare), asked.place(asked.line_key)))
    measures = measure_indices(
        asked.frame, asked.x, indices, by=asked.by, design=asked.design, size=asked.size, kind="health_burden",
        options=_options(asked), notes=(*_notes(asked), *warn_of_units(asked, stacklevel=STACK)),
        where=WHERE, stacklevel=STACK,
    )  # fmt: skip
    return described(measures, _terms(asked), by=("share_of",) if total else (), context=("threshold",))


def _terms(asked: Burden) -> pd.DataFrame:
    """What each term of the indices is: its name, the budget it is a share of, its threshold."""
    rows: list[dict[str, Any]] = [
        {"term": f"{name}:{t:g}", "share_of": budget, "threshold": t}
        for budget in asked.budgets for name in SPENDING for t in asked.thresholds
    ]  # fmt: skip
    if asked.line is not None:
        rows += [{"term": term, "share_of": "line", "threshold": np.nan} for term in POVERTY]
    return pd.DataFrame(rows)


def _options(asked: Burden) -> dict[str, Any]:
    return {"oop": asked.oop, **asked.budgets, "welfare": asked.welfare, "thresholds": list(asked.thresholds),
            "line": None if asked.line is None else asked.line.describe(), "by": list(asked.by), "size": asked.size}  # fmt: skip


def _notes(asked: Burden) -> tuple[str, ...]:
    limits = ", ".join(f"{100 * t:g} %" for t in asked.thresholds)
    notes = [f"catastrophic: {asked.oop} above {limits} of {' and of '.join(asked.budgets.values())}"]
    known = ~np.isnan(np.column_stack(list(asked.x.values()))).any(axis=1)
    spent = asked.x[asked.oop][known]
    for column in asked.budgets.values():
        budget = asked.x[column][known]
        none, above = budget <= 0, (budget > 0) & (spent > budget)
        if none.any():
            notes.append(f"{int(none.sum())} rows have {column} of 0 or below: taken as a share of 1 in the "
                         f"{int((none & (spent > 0)).sum())} that spend, of 0 in the others")  # fmt: skip
        if above.any():
            notes.append(f"{int(above.sum())} rows spend more than their {column}: shares above 1 are kept")
    if asked.line is not None and asked.welfare is not None:
        notes.append(
            f"poor: {asked.welfare} below the line of {asked.line.describe()}; net of {asked.oop} after spending"
        )
        negative = int((asked.x[asked.welfare][known] - spent < 0).sum())
        if negative:
            notes.append(f"{negative} rows have negative {asked.welfare} net of {asked.oop}: their gaps exceed 1")
    return tuple(notes)
