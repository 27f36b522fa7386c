"""The CFPS mapping files against the reference of layouts, cell by cell."""

from __future__ import annotations

import re
from fnmatch import fnmatch

import pytest
from layout_cells import Cell, reference, reference_cells, unknown_variables, unused_cells, uses, wrong_evidence

from fanpin.core.columns import canonical_columns
from fanpin.harmonise.catalogue import find_layouts

WAVES = (2010, 2012, 2014, 2016, 2018, 2020, 2022)
COMPARABLE = ("wage", "operating", "property", "transfer", "other")

# Variables that the reference names in notes, formulas and pitfalls, or that stand in the released column lists beside the ones
# it names: the same question in the children's file, further items of a sum, a number on the roster.
ALSO = {
    *["agrimachine", "fml2016_count", "code_a_p", "pid_m", "pid_a_m", "overlapfid1type"],
    *(f"fl{i}" for i in (7, 8, *range(402, 405), *range(901, 905), *range(502, 506), *range(801, 806))),
    *(f"fm7_a_{i}" for i in (2, 3, 4)),
    *["wa1age", "wc401", "wc7a", "wc7b", "wc701", "wp605_s_*", "wa701code"],
}
# Variables of the reference that the children's files have under the same name: in the column lists of 2010-2018, and psu in 2020/22.
CHILD = {
    2010: {"rswt_nat"},
    2012: {"rswt_natcs12", "rswt_natpn1012", "cfps2012_age", "eduy2012"},
    2014: {"rswt_natcs14", "rswt_natpn1014", "cfps2014_age", "cfps2014eduy", "metotal"},
    2016: {
        *[
            "rswt_natcs16",
            "rswt_natpn1016",
            "cfps_age",
            "cfps2016eduy",
            "metotal",
            "pa301",
            "pa701code",
            "pc401",
            "pc7a",
            "pc7b",
            "pc701",
        ],
        "qp605_s_1",
    },
    2018: {"rswt_natcs18n", "rswt_natpn1018n", "age", "cfps2018eduy", "metotal"},
    2020: {"psu"},
    2022: {"psu"},
}
# Variables that stand in the roster as well ("also in every file", "later files carry all earlier ones").
ROSTER = {w: {"pid", "fid" if w == 2010 else f"fid{w % 100}", *({"fid10"} if w > 2010 else set())} for w in WAVES}


@pytest.fixture(scope="module")
def layouts():
    return {layout.waves[0]: layout for layout in find_layouts("cfps")}


@pytest.fixture(scope="module")
def known(shared):
    return reference(shared, "cfps")


@pytest.fixture(scope="module")
def cells(known):
    return reference_cells(known)


def column(layouts, wave, name, table="household_wave"):
    return layouts[wave].tables[table].columns[name]


def test_one_mapping_file_a_wave(layouts):
    assert tuple(sorted(layouts)) == WAVES
    assert {la.currency for la in layouts.values()} == {"CNY"}


@pytest.mark.shared
def test_every_cell_of_the_reference_is_read_in_its_file(layouts, cells):
    assert len(cells) == 735  # a concept and wave with a variable
    missed = [str(c) for c in unused_cells(cells, layouts.values())]
    assert missed == []


@pytest.mark.shared
def test_evidence_is_that_of_the_reference(layouts, cells):
    assert wrong_evidence(cells, layouts.values()) == []


@pytest.mark.shared
def test_no_variable_without_a_source(layouts, cells):
    more = [
        Cell(concept="same name in another file", wave=w, role=role, variable=v, evidence="verified")
        for role, names in (("child", CHILD), ("famconf", ROSTER), ("child", {w: {"pid"} for w in WAVES}))
        for w, variables in names.items()
        for v in variables
    ]
    assert unknown_variables([*cells, *more], layouts.values(), also=ALSO) == []
    used = {use.variable for la in layouts.values() for use in uses(la)}
    assert ALSO - used == set()  # nothing is excused in vain


@pytest.mark.shared
def test_published_file_names_meet_one_role_of_one_wave(layouts, known):
    for wave, files in known["files"].items():
        for role, stems in files.items():
            for stem in stems:
                for name in (f"{stem}.dta", f"e{stem}.dta", f"{stem}.DTA".upper(), f"E{stem}.sav".upper()):
                    meets = [
                        (w, r.name) for w, la in layouts.items() for r in la.roles.values()
                        if any(fnmatch(name.lower(), p.lower()) for p in r.patterns)
                    ]  # fmt: skip
                    expected = [(int(wave), role)] if role in ("famecon", "famconf", "person", "child") else []
                    assert meets == expected, name


def test_a_user_with_famecon_alone_has_a_household_panel(layouts):
    for layout in layouts.values():
        assert {n for n, r in layout.roles.items() if not r.optional} == {"famecon"}
        assert layout.tables["household_wave"].roles == ("famecon",)
        assert not layout.tables["household_wave"].lookups


@pytest.mark.shared
def test_missing_codes_are_the_five_and_no_other(layouts, known):
    universal = known["missing_codes"]["universal"]
    for layout in layouts.values():
        for role in layout.roles.values():
            assert set(role.missing) == set(universal)
            assert role.missing["-8"] == "not_applicable"
            assert role.missing["-2"] == "refused"
            assert role.missing["-1"] == "dont_know"


def test_genuine_negatives_are_kept(layouts):
    for wave, layout in layouts.items():
        columns = layout.tables["household_wave"].columns
        for name in (
            "wealth_net",
            "asset_housing_net",
            "income_comparable",
            "income_operating_comparable",
            "income_pc_comparable",
        ):
            if name in columns:
                assert columns[name].missing is None, (wave, name)
        for name in (
            "wealth_net",
            "asset_housing_net",
            "income_comparable",
            "income_operating_comparable",
            "business_profit",
        ):
            assert canonical_columns()[name].minimum is None
        if wave > 2010:
            assert (
                columns["business_profit"].missing == {}
            )  # the file's exact codes, and every other negative is a loss


def test_the_income_series_are_apart(layouts):
    series = {w: {n: "|".join(la.tables["household_wave"].columns[n].variables)
                  for n in ("income_total", "income_comparable", "income_reported", "income_comparable_adjusted",
                            "income_pc", "income_pc_comparable")
                  if n in la.tables["household_wave"].columns} for w, la in layouts.items()}  # fmt: skip
    later = {"income_total": "fincome1", "income_reported": "finc", "income_pc": "fincome1_per"}
    chained = {**later, "income_comparable": "fincome2", "income_pc_comparable": "fincome2_per"}
    assert series[2010] == {
        "income_total": "faminc", "income_comparable": "faminc_net", "income_pc": "indinc", "income_pc_comparable": "indinc_net",
    }  # fmt: skip
    assert series[2012] == {
        "income_total": "fincome1", "income_comparable": "fincome2", "income_comparable_adjusted": "fincome2_adj",
        "income_pc": "fincome1_per", "income_pc_comparable": "fincome2_per",
    }  # fmt: skip
    assert all(series[w] == chained for w in (2014, 2016, 2018))
    assert all(series[w] == later for w in (2020, 2022))
    assert "GROSS" in column(layouts, 2010, "income_total").note
    assert "break" in column(layouts, 2020, "income_total").note


def test_components_in_two_definitions(layouts):
    for wave, layout in layouts.items():
        columns = layout.tables["household_wave"].columns
        assert {f"income_{c}" for c in COMPARABLE} <= set(columns)
        assert ({f"income_{c}_comparable" for c in COMPARABLE} <= set(columns)) == (wave <= 2018)
    assert column(layouts, 2010, "income_wage").variables == ("finc",)
    assert column(layouts, 2010, "income_operating_comparable").variables == ("foperate_net",)


def test_units_become_yuan_a_year(layouts):
    for wave in WAVES:
        factor = 10000 if wave >= 2014 else None
        for name in ("asset_dwelling", "asset_other_housing", "asset_business"):
            assert column(layouts, wave, name).factor == factor, (wave, name)
        assert column(layouts, wave, "rent_paid").factor == 12
    scaled = {
        c.name
        for la in layouts.values()
        for t in la.tables.values()
        for c in t.columns.values()
        if c.factor is not None
    }
    assert scaled == {"asset_dwelling", "asset_other_housing", "asset_business", "rent_paid"}
    for wave in (2014, 2016, 2018):
        assert "fixed_asset = company * 10000 + agrimachine" in {c.rule for c in layouts[wave].roles["famecon"].checks}


def test_yes_and_no_by_wave(layouts):
    for wave in WAVES:
        assert column(layouts, wave, "farms").recode == {"1": 1, "5": 0}  # 1 and 5 in famecon in every wave
        person = {"1": 1, "0": 0} if wave >= 2018 else {"1": 1, "5": 0}
        for name in ("chronic", "hospitalised"):
            assert column(layouts, wave, name, "person_wave").recode == person, (wave, name)
        assert column(layouts, wave, "female", "person_wave").recode == {"0": 1, "1": 0}


def test_two_scales_of_health_meet_in_three_levels(layouts):
    of_2010 = column(layouts, 2010, "health_level", "person_wave").recode
    assert of_2010 == {"1": "healthy", "2": "fair", "3": "unhealthy", "4": "unhealthy", "5": "unhealthy"}
    for wave in WAVES[1:]:
        later = column(layouts, wave, "health_level", "person_wave").recode
        assert later == {"1": "healthy", "2": "healthy", "3": "healthy", "4": "fair", "5": "unhealthy"}


def test_multi_choice_answers_are_sought_in_all_mentions(layouts):
    for wave, pattern in ((2010, "fe2_s_*"), (2012, "fn1_s_*"), (2014, "fn1_s_*")):
        assert column(layouts, wave, "receives_dibao").variables == (pattern,)
        assert column(layouts, wave, "receives_dibao").codes == ("1",)
    assert all("receives_dibao" not in layouts[w].tables["household_wave"].columns for w in WAVES[3:])
    for wave in WAVES:
        assert "78" not in column(layouts, wave, "health_insured", "person_wave").codes


def test_only_members_by_the_wave_s_own_rule(layouts):
    keep = {w: [(k.variable, k.codes) for k in la.tables["person_wave"].keep] for w, la in layouts.items()}
    assert keep == {w: [("co_p" if w == 2010 else f"co_a{w % 100}_p", ("1",))] for w in WAVES}


def test_psu_and_origin(layouts):
    for wave in WAVES:
        origin = column(layouts, wave, "origin_household_id")
        assert origin.variables == (("fid",) if wave == 2010 else ("fid10",))
        assert wave == 2010 or origin.missing == {"0": "not_applicable"}
    for wave in (2012, 2014, 2016):
        assert column(layouts, wave, "psu").origin == "carried_by"
    for wave in (2010, 2018):
        assert column(layouts, wave, "psu").variables == ("psu",)
    for wave in (2020, 2022):
        derived = layouts[wave].tables["household_wave"].derived
        assert (derived["psu"].aggregate, derived["psu"].of) == ("first", "psu")
        assert column(layouts, wave, "psu", "person_wave").variables == ("person.psu", "child.psu")
    assert layouts[2022].tables["household_wave"].derived["community"].of == "community"
    assert all(column(layouts, w, "psu", "person_wave").carried_by == "origin_household_id" for w in WAVES)


@pytest.mark.shared
def test_published_rules_are_checked_where_they_hold(layouts, known):
    of = {w: [c.rule for c in la.roles["famecon"].checks] for w, la in layouts.items()}
    derived = {
        w: {re.sub(r"max\(0, (\w+)\)", r"\1", r.partition("=")[0].strip()) for r in rules} for w, rules in of.items()
    }
    assert derived == {
        2010: {"welfare", "pce"},
        2012: {"fincome2", "foperate_1", "foperate_2", "pce", "expense"},
        2014: {"fincome1", "fincome2", "ftransfer_2", "foperate_1", "foperate_2", "finance_asset", "fixed_asset", "pce", "expense"},
        2016: {"fincome1", "fincome2", "fincome1_per", "ftransfer_2", "foperate_1", "foperate_2", "fixed_asset", "pce", "expense"},
        2018: {"fincome1", "fincome2", "ftransfer_2", "foperate_1", "foperate_2", "finance_asset", "fixed_asset", "pce", "expense"},
        2020: {"pce"},
        2022: {"pce"},
    }  # fmt: skip
    assert known["derivations"]["fincome1 (2014-18)"] == "max(fwage_1+foperate_1+fproperty_1+ftransfer_1+felse_1, finc)"
    assert "fincome1 = rowmax(fwage_1 + foperate_1 + fproperty_1 + ftransfer_1 + felse_1, finc)" in of[2018]


def test_columns_that_are_alike_over_waves_say_so(layouts):
    """Every money column has its unit in the note, and an unconfirmed variable may be absent."""
    for wave, layout in layouts.items():
        for table in layout.tables.values():
            for mapped in table.columns.values():
                if mapped.column.unit.startswith("currency"):
                    assert "yuan" in mapped.note, (wave, mapped.name)
                if mapped.evidence == "unverified":
                    assert mapped.optional, (wave, mapped.name)


def test_derived_household_columns(layouts):
    every = {
        "members_listed", "children_0_15", "members_16_64", "members_65_plus", "dependency_ratio", "head_age", "head_female",
        "head_education", "head_schooling_years", "head_out_of_work", "max_education_rank", "max_schooling_years", "any_chronic",
        "any_hospitalised", "any_uninsured", "oop_medical", "earners",
    }  # fmt: skip
    for wave, layout in layouts.items():
        derived = set(layout.tables["household_wave"].derived)
        assert every <= derived
        assert ("any_trained" in derived) == (wave in (2012, 2014, 2016))
