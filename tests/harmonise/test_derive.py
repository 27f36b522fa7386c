"""Household aggregates of persons against a plain reference, with three-valued logic."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanpin.core.columns import canonical_column
from fanpin.core.engine import fetch, private_duckdb, quiet
from fanpin.harmonise.derive import with_derived
from fanpin.harmonise.mapping import DerivedMap

PERSON = st.tuples(
    st.sampled_from(["head", "other", None]),
    st.one_of(st.integers(0, 90), st.sampled_from([None, "refused", "not_applicable"])),
    st.sampled_from([0, 1, None, "dont_know", "not_applicable"]),
)
HOUSES = st.lists(st.lists(PERSON, min_size=0, max_size=4), min_size=1, max_size=40)


def derived(column, aggregate, of, where):
    return DerivedMap(column=canonical_column(column), evidence="verified", aggregate=aggregate, of=of, where=where)


MAPS = [
    derived("any_uninsured", "any", None, {"health_insured": 0}),
    derived("earners", "count", None, {"health_insured": [0], "age": {"above": 14}}),
    derived("head_age", "first", "age", {"relation": "head"}),
    derived("children_under_10", "sum", "age", {"health_insured": 1}),
    derived("household_size", "max", "age", {"relation": "other"}),
    derived("head_female", "min", "age", {}),
]


def split(cell):
    """Value and reason of a cell: a number, a reason, or nothing."""
    return (None, cell) if isinstance(cell, str) else (cell, None)


def truth(cell, test):
    """True, False or None (unknown); what does not apply is false."""
    value, reason = split(cell)
    if value is None:
        return False if reason == "not_applicable" else None
    return test(value)


def both(*parts):
    return False if False in parts else None if None in parts else True


def reference(house):
    """The six columns of MAPS for one household of (relation, age, insured); None is missing."""
    if not house:
        return (None,) * 6
    ages = [split(a)[0] for _, a, _ in house]
    hidden = [truth(a, lambda v: True) is None for _, a, _ in house]
    uninsured = [truth(i, lambda v: v == 0) for *_, i in house]
    older = [truth(a, lambda v: v > 14) for _, a, _ in house]
    any_ = 1 if True in uninsured else None if None in uninsured else 0
    each = [both(u, o) for u, o in zip(uninsured, older, strict=True)]
    count = None if None in each else each.count(True)
    heads = [k for k, (r, _, _) in enumerate(house) if r == "head"]
    head = ages[heads[0]] if heads else None

    def summary(meets, pick):
        if any(m is None or (m and h) for m, h in zip(meets, hidden, strict=True)):
            return None
        chosen = [a for a, m in zip(ages, meets, strict=True) if m and a is not None]
        return pick(chosen) if chosen else None

    insured = [truth(i, lambda v: v == 1) for *_, i in house]
    others = [None if r is None else r == "other" for r, _, _ in house]
    return any_, count, head, summary(insured, sum), summary(others, max), summary([True] * len(house), min)


def tables(connection, houses):
    persons = [
        {"household_id": f"h{k}", "wave": 1, "person_id": f"h{k}|{i}", "relation": r, "age": split(a)[0],
         "age__missing": split(a)[1], "health_insured": split(c)[0], "health_insured__missing": split(c)[1]}
        for k, house in enumerate(houses) for i, (r, a, c) in enumerate(house)
    ]  # fmt: skip
    schema = pa.schema([
        ("household_id", pa.string()), ("wave", pa.int64()), ("person_id", pa.string()), ("relation", pa.string()),
        ("age", pa.int64()), ("age__missing", pa.string()), ("health_insured", pa.int64()),
        ("health_insured__missing", pa.string()),
    ])  # fmt: skip
    homes = [{"household_id": f"h{k}", "wave": 1} for k in range(len(houses))]
    with quiet():
        return (
            connection.create_table("h", pa.Table.from_pylist(homes)),
            connection.create_table("p", pa.Table.from_pylist(persons, schema=schema)),
        )


@settings(max_examples=8, deadline=None)
@given(HOUSES)
def test_derived_columns_are_the_references(houses):
    with private_duckdb() as connection:
        homes, persons = tables(connection, houses)
        rows = fetch(
            with_derived(homes, {"person_wave": persons}, MAPS, "household_wave").order_by(["household_id"])
        ).to_pylist()
    found = {r["household_id"]: tuple(r[m.name] for m in MAPS) for r in rows}
    assert found == {f"h{k}": reference(house) for k, house in enumerate(houses)}


@pytest.mark.parametrize(
    ("house", "reasons"),
    [
        ([("head", "refused", 1)], (None, None, "refused", "refused", None, "refused")),
        ([("head", 40, "dont_know")], ("dont_know", "dont_know", None, "dont_know", None, None)),
        ([("head", 5, "dont_know")], ("dont_know", None, None, "dont_know", None, None)),
    ],
)
def test_reasons_pass_from_the_person_to_the_household(house, reasons):
    with private_duckdb() as connection:
        homes, persons = tables(connection, [house])
        row = fetch(with_derived(homes, {"person_wave": persons}, MAPS, "household_wave")).to_pylist()[0]
    assert tuple(row[f"{m.name}__missing"] for m in MAPS) == reasons


def test_without_derived_columns_nothing_changes():
    table = ibis.table({"household_id": "string", "wave": "int64"}, name="t")
    assert with_derived(table, {}, [], "household_wave") is table
