"""Names of CFPS variables that changed meaning: their labels are read in every wave."""

from __future__ import annotations

import re

import pytest
from layout_cells import reference, reference_cells, uses

from fanpin.harmonise.catalogue import find_layouts


@pytest.fixture(scope="module")
def layouts():
    return {layout.waves[0]: layout for layout in find_layouts("cfps")}


@pytest.mark.shared
def test_labels_tell_names_apart_that_changed_meaning(layouts, shared):
    """The words fit the label of the wave, and not that of the same name in a wave where it means something else."""
    other = {
        ("finc", "income_reported"): (2010,), ("finc", "income_wage"): (2014, 2016, 2018), ("fp510", "spending_education"): (2012,),
        ("fp510", "spending_health_care"): (2014, 2016, 2018), ("ff401", "income_pension_or_subsidy"): (2012,),
        ("qp501", "hospitalised"): (),
    }  # fmt: skip
    cells = reference_cells(reference(shared, "cfps"))
    labels = {(c.wave, c.role, c.variable): c.label for c in cells if c.label}
    seen = set()
    for wave, layout in layouts.items():
        for use in uses(layout):
            if use.column is None or not use.column.label:
                continue
            words = use.column.label
            fits = labels.get((wave, use.role, use.variable))
            assert fits is None or any(w in fits for w in words), (wave, use.column.name, fits)
            for elsewhere in other.get((use.variable, use.column.name), ()):
                assert not any(w in labels[elsewhere, use.role, use.variable] for w in words), (
                    use.column.name,
                    elsewhere,
                )
                seen.add((use.variable, use.column.name))
    assert seen == {key for key, waves in other.items() if waves}


def test_names_that_changed_meaning_are_watched(layouts):
    watched = {
        "fp510": "spending_education spending_health_care", "finc": "income_reported income_wage income_wage_comparable",
        "fa3": "water_source", "fa4": "cooking_fuel", "fo1": "any_farm_help_or_migrant", "fo101": "any_migrant_worker",
        "fl9": "farm_output", "fl3": "farm_output", "ff401": "income_pension income_pension_or_subsidy", "fl501": "farm_costs",
        "qp501": "hospitalised", "qg101": "main_job_farm",
    }  # fmt: skip
    for variable, names in watched.items():
        found = [u.column for la in layouts.values() for u in uses(la) if u.column and u.variable == variable]
        assert {c.name for c in found} == set(names.split())
        assert all(c.label for c in found), variable
        assert all(any("一" <= ch <= "鿿" for word in c.label for ch in word) for c in found)
        assert all(any(re.fullmatch(r"[a-z ]+", word) for word in c.label) for c in found)
