"""Places joined to households."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from fanpin.core.arguments import as_names
from fanpin.core.errors import InputError, LinkWarning
from fanpin.core.options import PlaceWave, check_option
from fanpin.panel.frames import QUARTERS, check_new, check_same_kind, check_times, check_unique, checked_frame

WHERE = "join_places"


def join_places(
    households: pd.DataFrame,
    places: pd.DataFrame,
    *,
    on: str = "place_id",
    time: str = "wave",
    columns: str | Sequence[str] | None = None,
    wave: PlaceWave = "same",
    prefix: str = "place_",
) -> pd.DataFrame:
    """Attach to each household what is known of its place: a census, a table of schools or clinics.

    Parameters
    ----------
    households
        rows with the place and the wave; the key need not be unique.
    places
        place_wave, one row a place and wave.
    on, time
        place and wave, of the same names in both.
    columns
        which of the places' columns; None takes all but the key.
    wave
        "same": the row of the household's wave. "latest": the last one not after it, such as the census before.
    prefix
        put before the names of columns that do not begin with it.

    Returns
    -------
    The households in their order, none lost or doubled, with the columns and

    <prefix>wave : the wave of the row attached; missing without one.
    <prefix>match : "matched", "no place" (the household's place is missing), "unknown place" (in no row of places) or "no
        wave" (none at, or up to, the household's wave).

    Raises
    ------
    UnknownNameError, InputError : a column does not exist or has a name the result needs; years here and quarters there.
    DataError : duplicate place and wave; a missing or non-integer wave; keys of different types.

    Warns
    -----
    LinkWarning : households without a row, with the places concerned.
    """
    check_option("wave", wave, PlaceWave)
    taken = as_names("columns", columns)
    checked_frame(households, [on, time], where=WHERE)
    checked_frame(places, [on, time, *taken], where="places of join_places")
    check_unique(places, [on, time], where="places of join_places")
    check_times(households, time, where=WHERE)
    check_same_kind(households[on], places[on], where="places of join_places")
    if (households[time].max() >= QUARTERS) != (places[time].max() >= QUARTERS):
        raise InputError(f"{time!r} counts years in one table and quarters in the other", where=WHERE,
                         next_step="bring both to years or to 4 x year + quarter")  # fmt: skip
    chosen = taken or tuple(c for c in places.columns if c not in (on, time))
    renamed = {c: c if c.startswith(prefix) else f"{prefix}{c}" for c in chosen}
    match, when = f"{prefix}match", f"{prefix}wave"
    check_new(households, [*renamed.values(), match, when], where=WHERE)
    found = _row_of_place(households, places, on=on, time=time, latest=wave == "latest")
    attached = places[list(chosen)].rename(columns=renamed)
    attached[when] = places[time].astype("float64")
    attached = attached.reset_index(drop=True).reindex(found).set_axis(households.index)
    reason = np.select(
        [found >= 0, households[on].isna(), ~households[on].isin(places[on])], ["matched", "no place", "unknown place"],
        "no wave",
    )  # fmt: skip
    _warn_of_unmatched(households[on], reason)
    return pd.concat([households, attached, pd.Series(reason, index=households.index, name=match, dtype="str")], axis=1)


def _row_of_place(households: pd.DataFrame, places: pd.DataFrame, *, on: str, time: str, latest: bool) -> np.ndarray:
    """Position of the row of places for each household, -1 without one."""
    asked = pd.DataFrame({"place": households[on].to_numpy(), "time": households[time].to_numpy(dtype="int64"),
                          "row": np.arange(len(households))})  # fmt: skip
    held = pd.DataFrame({"place": places[on].to_numpy(), "time": places[time].to_numpy(dtype="int64"),
                         "found": np.arange(len(places))})  # fmt: skip
    asked = asked[asked["place"].notna()]
    held["place"] = held["place"].astype(asked["place"].dtype)
    if latest:
        both = pd.merge_asof(asked.sort_values("time"), held.sort_values("time"), on="time", by="place")
    else:
        both = asked.merge(held, on=["place", "time"], how="left")
    position = np.full(len(households), -1)
    position[both["row"].to_numpy()] = both["found"].fillna(-1).to_numpy(dtype="int64")
    return position


def _warn_of_unmatched(place: pd.Series, reason: np.ndarray) -> None:
    said = []
    for word in ("no place", "unknown place", "no wave"):
        rows = reason == word
        if rows.any():
            names = sorted(place[rows].dropna().astype(str).unique())
            listed = (
                ": " + ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
                if names
                else ""
            )
            said.append(f"{int(rows.sum())} {word}{listed}")
    if said:
        warnings.warn(f"households without a row of places: {'; '.join(said)}", LinkWarning, stacklevel=3)
