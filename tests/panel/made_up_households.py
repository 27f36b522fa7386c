"""A family that splits, one that is renamed and merges, and a number given to strangers."""

from __future__ import annotations

import pandas as pd

HOUSEHOLDS = pd.DataFrame(
    [
        # A: four members; two leave for B at wave 2; n is born
        ("A", 1, 100.0, 25.0, 4, 2.0),
        ("A", 2, 90.0, 45.0, 2, 2.0),
        ("B", 2, 30.0, 15.0, 2, 9.0),
        ("A", 3, 90.0, 45.0, 2, 2.0),
        ("B", 3, 30.0, 10.0, 3, 9.0),
        # C: the same number, other people
        ("C", 1, 50.0, 50.0, 1, 1.0),
        ("C", 2, 60.0, 60.0, 1, 1.0),
        ("C", 3, 60.0, 60.0, 1, 1.0),
        # D is renamed E, and F joins it
        ("D", 1, 10.0, 5.0, 2, 3.0),
        ("E", 2, 20.0, 10.0, 2, 3.0),
        ("E", 3, 30.0, 10.0, 3, 3.0),
        ("F", 1, 7.0, 7.0, 1, 5.0),
        ("F", 2, 7.0, 7.0, 1, 5.0),
    ],
    columns=["household_id", "wave", "income_total", "income_pc", "household_size", "weight"],
)  # fmt: skip

PERSONS = pd.DataFrame(
    [
        *[(f"a{i}", "A", 1, i == 1) for i in (1, 2, 3, 4)],
        ("a1", "A", 2, True), ("n", "A", 2, False), ("a2", "B", 2, True), ("a3", "B", 2, False),
        ("a1", "A", 3, True), ("n", "A", 3, False), ("a2", "B", 3, True), ("a3", "B", 3, False), ("k", "B", 3, False),
        ("c", "C", 1, True), ("x", "C", 2, True), ("x", "C", 3, True),
        ("d1", "D", 1, True), ("d2", "D", 1, False), ("d1", "E", 2, True), ("d2", "E", 2, False),
        ("d1", "E", 3, True), ("d2", "E", 3, False), ("f", "E", 3, False),
        ("f", "F", 1, True), ("f", "F", 2, True),
    ],
    columns=["person_id", "household_id", "wave", "head"],
)  # fmt: skip
PERSONS["relation"] = PERSONS.pop("head").map({True: "head", False: "other"})
