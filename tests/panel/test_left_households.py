"""Households that ended, as the roster of the next wave tells it."""

from __future__ import annotations

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import DataError, UnknownNameError
from fanpin.panel import with_left_households

HOUSEHOLDS = pd.DataFrame({"household_id": ["a", "b", "c", "d", "e", "f", "g"], "wave": 1})
HOUSEHOLDS = pd.concat([HOUSEHOLDS, pd.DataFrame({"household_id": ["g"], "wave": [2]})], ignore_index=True)
MEMBERS = [
    ("a", 1),
    ("a", 2),
    ("b", 3),
    ("b", 4),
    ("c", 5),
    ("c", 6),
    ("d", 7),
    ("d", 8),
    ("e", 9),
    ("f", 10),
    ("g", 11),
]
PERSONS = pd.DataFrame([(h, p, 1) for h, p in MEMBERS], columns=["household_id", "person_id", "wave"])
PERSONS = pd.concat([PERSONS, pd.DataFrame({"household_id": ["g"] * 2, "person_id": [11, 10], "wave": 2})])
GONE = [("a", 1, "1"), ("a", 2, "1"), ("b", 3, "1"), ("b", 4, "11"), ("c", 5, "11"), ("c", 6, None), ("d", 7, "1"),
        ("f", 10, "14"), ("a", 99, "14")]  # fmt: skip
FORMER = pd.DataFrame(GONE, columns=["household_id", "person_id", "leaving_reason"]).assign(wave=2)


def added(**changes: pd.DataFrame) -> dict[str, str]:
    tables = {"persons": PERSONS, "former": FORMER} | changes
    rows = with_left_households(HOUSEHOLDS, **tables)
    assert rows.loc[: len(HOUSEHOLDS) - 1, "interviewed"].eq(1).all()
    new = rows.iloc[len(HOUSEHOLDS) :]
    assert (new["interviewed"] == 0).all() and (new["wave"] == 2).all()
    return dict(zip(new["household_id"], new["left_reason"], strict=True))


def test_each_rule() -> None:
    """d has a member nobody knows of, e none that is listed, f lives on in g: they get no row. 99 had left a before."""
    assert added() == {"a": "died", "b": "out_of_scope", "c": "dissolved"}


def test_no_row_where_one_member_is_not_listed() -> None:
    assert added(former=FORMER.drop_duplicates("household_id")) == {}


def test_attrition_tells_them_apart() -> None:
    rows = with_left_households(HOUSEHOLDS, persons=PERSONS, former=FORMER)
    panel = fp.link_panel(rows, persons=PERSONS, weight=None)
    states = fp.attrition_states(panel).iloc[0]
    names = ["interviewed", "attrition", "died", "dissolved", "merged", "out_of_scope"]
    assert states[names].tolist() == [1, 2, 1, 1, 1, 1]


def test_bad_input_is_named() -> None:
    with pytest.raises(UnknownNameError, match="leaving_reason"):
        with_left_households(HOUSEHOLDS, persons=PERSONS, former=FORMER.drop(columns="leaving_reason"))
    with pytest.raises(DataError, match="duplicate key"):
        with_left_households(HOUSEHOLDS, persons=PERSONS, former=pd.concat([FORMER, FORMER]))
    with pytest.raises(DataError, match="of type"):
        with_left_households(HOUSEHOLDS, persons=PERSONS.astype({"person_id": "str"}), former=FORMER)
    with pytest.raises(DataError, match="'gone' is not known"):
        with_left_households(HOUSEHOLDS, persons=PERSONS, former=FORMER, codes={"1": "gone"})
