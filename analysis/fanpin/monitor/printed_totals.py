"""A printed table against its own totals and shares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fanpin.core.errors import DataError, require_columns
from fanpin.results import Measures
from fanpin.results.measures import measure_key


def compare_totals(data: pd.DataFrame, *, columns: tuple[str, ...], total: str, printed: pd.DataFrame) -> Measures:
    """Column totals and their shares, beside the ones that were printed.

    The table is a complete count, so its totals have no sampling error: standard errors are 0.

    Parameters
    ----------
    data : a row a place, with the count `columns` and the row `total`.
    printed : `quantity` (a name in `columns`, or `total`), `value`, and `share_percent` (missing where none was printed).

    Returns
    -------
    Measures with terms "total" and "share" (of the grand total), by `quantity`; context columns: `printed`,
    `difference` (computed minus printed; for shares in points of the printed decimals) and `agrees` (1/0; missing
    where nothing was printed). diagnostics["row_differences"] counts places whose columns do not add up to their total.

    Raises
    ------
    UnknownNameError : a column is absent, or a quantity was not printed.
    DataError : a count is missing or negative.
    """
    names = [*columns, total]
    require_columns(data.columns, names, where="the printed table")
    require_columns(printed.columns, ["quantity", "value", "share_percent"], where="the printed totals")
    require_columns(printed["quantity"], names, where="the printed totals, column 'quantity'")
    counts = data[names].astype(float)
    if counts.isna().any(axis=None) or (counts < 0).any(axis=None):
        bad = counts.columns[counts.isna().any() | (counts < 0).any()]
        raise DataError("a printed count is missing or negative", expected="counts of 0 or more", got=", ".join(bad))
    said = printed.set_index("quantity")[["value", "share_percent"]].astype(float).to_dict("index")
    whole = counts[total].sum()
    rows = [_row("total", n, counts[n].sum(), said[n]["value"], len(data), decimals=0) for n in names]
    rows += [
        _row("share", n, counts[n].sum() / whole, said[n]["share_percent"] / 100, len(data), decimals=3)
        for n in columns
    ]
    frame = pd.DataFrame(rows)
    keys = [measure_key(str(r["term"]), {"quantity": r["quantity"]}) for r in rows]
    unequal = int((counts[list(columns)].sum(axis=1) != counts[total]).sum())
    return Measures(
        rows=frame, cov=pd.DataFrame(np.zeros((len(rows), len(rows))), index=keys, columns=keys), by=("quantity",),
        kind="totals", cov_type="complete count", counts={"places": len(data), "households": float(whole)},
        diagnostics={"row_differences": float(unequal)},
        notes=("A complete count: totals and shares have no sampling error.",),
    )  # fmt: skip


def _row(term: str, name: str, computed: float, printed: float, n: int, *, decimals: int) -> dict[str, object]:
    """Computed beside printed; they agree when the computed number rounds to the printed one."""
    given = pd.notna(printed)
    rounded = round(computed, decimals)
    return {
        "term": term, "quantity": name, "estimate": computed, "n": n, "printed": printed if given else np.nan,
        "difference": round(rounded - printed, decimals) if given else np.nan,
        "agrees": float(np.isclose(rounded, printed)) if given else np.nan,
    }  # fmt: skip
