"""Where a unit is at the next wave: interviewed, lost, or out of the population or the design."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fanpin.core.errors import unknown_name
from fanpin.panel.frames import check_unique, checked_frame, numbers
from fanpin.panel.links import INTERVIEWED

REASON = "left_reason"
ENDED = "ended"  # made by link_panel
LOST = ("refused", "not_found")  # nonresponse: what attrition is
GONE = ("died", "dissolved", "merged", "out_of_scope", "not_followed")  # by nature or by design: no attrition
STATES = ("interviewed", "attrition", *GONE)


def attrition_states(
    panel: pd.DataFrame, *, unit: str = "panel_id", time: str = "wave", weight: str | None = None
) -> pd.DataFrame:
    """Count, from each wave, what became of the units interviewed there by the next wave.

    Where the panel has them, `interviewed` (0 for a row without interview) and `left_reason` of such a row tell the state:
    "refused", "not_found" and no row at all are attrition; "died", "dissolved", "merged", "out_of_scope" (moved away from
    the population) and "not_followed" (end of rotation) are not. Where `link_panel` found the members of a last interview
    in another household (`ended`), the unit has merged.

    Parameters
    ----------
    panel
        one row a unit and wave, as `link_panel` gives it.
    unit, time
        its key.
    weight
        column summed instead of counting units.

    Returns
    -------
    One row a wave (but the last): `time`, `next_<time>`, one column a state, `retention` (interviewed over interviewed
    and attrition).

    Raises
    ------
    UnknownNameError : a column does not exist, or a reason is not one of the words above.
    DataError : no rows; duplicate (unit, time).
    """
    rows = next_states(panel, unit=unit, time=time, needed=(weight,))
    rows = rows[rows["state__"] != ""]
    amount = pd.Series(numbers(rows, weight, where="attrition") if weight else 1.0, index=rows.index)
    keys = [rows[time], rows["next__"]]
    counted = pd.DataFrame({s: amount.where(rows["state__"] == s, 0.0).groupby(keys).sum() for s in STATES})
    if weight is None:
        counted = counted.astype("int64")
    asked = counted["interviewed"] + counted["attrition"]
    counted["retention"] = counted["interviewed"] / asked.where(asked > 0)
    return counted.reset_index().rename(columns={"next__": f"next_{time}"})


def next_states(panel: pd.DataFrame, *, unit: str, time: str, needed: tuple[str | None, ...] = ()) -> pd.DataFrame:
    """The interviewed rows, ordered by unit and time, with `state__` at `next__`, the next wave ("" at the last).

    `followed__` says that the unit was interviewed at every wave since its first one.
    """
    checked_frame(panel, [unit, time, *needed], where="attrition")
    check_unique(panel, [unit, time], where="attrition")
    met = np.ones(len(panel), dtype=bool)
    if INTERVIEWED in panel.columns:
        met = numbers(panel, INTERVIEWED, where="attrition") != 0
    rows = panel[met].sort_values([unit, time]).reset_index(drop=True)
    waves = np.sort(rows[time].unique())
    position = np.searchsorted(waves, rows[time].to_numpy())
    rows["next__"] = np.append(waves[1:], -1)[position]
    again = (rows.groupby(unit)[time].shift(-1) == rows["next__"]).to_numpy()
    state = np.where(again, "interviewed", _reasons(panel[~met], rows, unit, time))
    if ENDED in rows.columns:
        state = np.where((rows[ENDED] == "merged") & (state == "attrition"), "merged", state)
    rows["state__"] = np.where(rows["next__"] < 0, "", state)
    first = rows.groupby(unit)[time].transform("first").to_numpy()
    rows["followed__"] = rows.groupby(unit).cumcount().to_numpy() == position - np.searchsorted(waves, first)
    return rows


def _reasons(silent: pd.DataFrame, rows: pd.DataFrame, unit: str, time: str) -> np.ndarray:
    if REASON not in silent.columns or not len(silent):
        return np.full(len(rows), "attrition", dtype=object)
    said = silent[[unit, time, REASON]].rename(columns={time: "next__", REASON: "reason__"})
    odd = sorted(set(said["reason__"].dropna()) - {*LOST, *GONE})
    if odd:
        raise unknown_name(f"word in {REASON}", odd[0], [*LOST, *GONE])
    reason = rows[[unit, "next__"]].merge(said, on=[unit, "next__"], how="left")["reason__"]
    return np.where(reason.isin(GONE), reason, "attrition").astype(object)
