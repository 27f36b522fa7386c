"""The mappings that ship, on real files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.harmonise.catalogue import find_layouts
from fanpin.harmonise.raw import references
from fanpin.harmonise.read import matched_files


@pytest.fixture(scope="module")
def gsoep(root):
    return fp.harmonise("gsoep", root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")


@pytest.fixture(scope="module")
def eph(shared):
    return fp.harmonise("eph", shared / "data/eph-2003-2006")


def test_importing_the_toolkit_is_light():
    probe = "import sys, fanpin; print([m for m in ('pandas', 'ibis', 'duckdb', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_sources_lists_every_wave_and_table():
    known = fp.sources()
    assert list(known.columns) == ["source", "layout", "wave", "table", "columns", "verified", "script_only",
                                   "unverified", "title"]  # fmt: skip
    waves = known.groupby("source")["wave"].nunique()
    expected = {"eph": 14, "gsoep": 5, "eu-silc": 2, "ipums": 3, "chns": 10, "charls": 4, "chip": 3}
    assert {s: int(waves[s]) for s in expected} == expected
    assert (known[["verified", "script_only", "unverified"]].sum(axis=1) == known["columns"]).all()


def test_german_panel_is_the_raw_file_in_canonical_words(gsoep, root):
    raw = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz", converters={"hhninc": float})
    raw = raw.assign(key=raw["id"].astype(str)).sort_values(["key", "year"], ignore_index=True)
    table = gsoep.person_wave
    assert (gsoep.household_wave, gsoep.issues.empty, gsoep.rows_read) == (None, True, {"rwm5yr.csv.gz": 19609})
    assert table["person_id"].tolist() == raw["key"].tolist()
    same = {"wave": "year", "year": "year", "age": "age", "female": "female", "married": "married", "has_children": "kids",
            "schooling_years": "educ", "out_of_work": "outwork", "self_employed": "self", "doctor_visits": "docvis",
            "hospital_stays": "hospvis"}  # fmt: skip
    for canonical, variable in same.items():
        assert (table[canonical] == raw[variable]).all(), canonical
    assert (table["income_total"] == raw["hhninc"] * 12000).all()
    assert table.groupby("education_level").size().to_dict() == {
        {1: "below high school", 2: "high school", 3: "university or college", 4: "graduate school"}[k]: n
        for k, n in raw.groupby("edlevel").size().items()
    }
    assert not [c for c in table.columns if c.endswith("__missing")]


def test_german_poverty_counts_are_the_same_on_yearly_income(gsoep):
    table = gsoep.person_wave
    line = table.groupby("wave")["income_total"].transform("median") * 0.6
    poor = (table["income_total"] < line).groupby(table["wave"]).sum()
    assert poor.to_dict() == {1984: 492, 1985: 606, 1986: 540, 1987: 462, 1988: 587}


@pytest.mark.shared
def test_all_argentine_files_have_the_mapped_columns(shared):
    layouts = find_layouts("eph")
    files, unused = matched_files(shared / "data/eph-2003-2006", layouts)
    assert (len(files), unused) == (28, [])
    for file in files:
        wanted = {variable for variable, _ in references(file.layout, file.role.name)}
        assert len(wanted) > 10
        assert not wanted - set(file.header.names), file.path.name


@pytest.mark.shared
def test_argentine_rows_and_issues(eph, shared):
    homes, people = eph.household_wave, eph.person_wave
    assert (len(homes), homes["household_id"].nunique(), len(people)) == (199850, 83544, 692897)
    assert sum(n for f, n in eph.rows_read.items() if f.startswith("hogar")) == len(homes)
    assert sum(n for f, n in eph.rows_read.items() if f.startswith("indiv")) == len(people)
    assert homes.groupby("wave").size().loc[[8015, 8028]].tolist() == [13180, 18655]
    assert eph.issues[["file", "rule", "rows"]].to_numpy().tolist() == [
        ["hogar_a03t3.tsv.gz", "no person with relation=head", 3]
    ]
    assert homes["interviewed"].eq(1).all()
    assert int((homes["income_total"] == 0).sum()) == 3202
    assert "income_total__missing" not in homes  # incomes not answered were imputed in these years
    assert people["age"].min() == 0


@pytest.mark.shared
def test_argentine_households_are_the_raw_file_and_its_persons(eph, shared):
    folder = shared / "data/eph-2003-2006"
    text = {"sep": "\t", "encoding": "latin-1", "dtype": str, "keep_default_na": False}
    raw = pd.read_csv(folder / "hogar_a05t2.tsv.gz", **text)
    persons = pd.read_csv(folder / "indiv_a05t2.tsv.gz", **text)
    for frame in (raw, persons):
        frame.index = frame["CODUSU"] + "|" + frame["AGLOMERADO"] + "|" + frame["NRO_HOGAR"]
    homes = eph.household_wave.query("wave == 8022").set_index("household_id").loc[raw.index]
    for canonical, variable, factor in [("income_total", "ITF", 12), ("income_pc", "IPCF", 12), ("weight", "PONDERA", 1),
                                        ("household_size", "IX_TOT", 1)]:  # fmt: skip
        assert (homes[canonical] == raw[variable].astype(float) * factor).all(), canonical
    assert (homes["income_imputed"] == (raw["IDIMPH"] != "00000")).all()
    young = (persons["CH06"].astype(int) < 10).groupby(level=0).sum()
    assert (homes["children_under_10"] == young.loc[raw.index]).all()
    head = persons[persons["CH03"] == "1"]
    assert (homes["head_age"] == head["CH06"].astype(float).loc[raw.index]).all()
    assert (homes["head_female"] == (head["CH04"] == "2").loc[raw.index]).all()
    out = head["ESTADO"].map({"0": np.nan, "1": 0, "2": 1, "3": 1}).astype(float).loc[raw.index]
    pd.testing.assert_series_equal(homes["head_out_of_work"].astype(float), out, check_names=False)
    assert set(homes.loc[homes["head_out_of_work"].isna(), "head_out_of_work__missing"]) <= {"refused"}
    none = (persons["CH08"] == "4").groupby(level=0).any()
    unknown = (persons["CH08"] == "9").groupby(level=0).any() & ~none
    expected = none.astype(float).where(~unknown)
    pd.testing.assert_series_equal(homes["any_uninsured"].astype(float), expected.loc[raw.index], check_names=False)
    disabled = (persons["CAT_INAC"] == "6").groupby(level=0).any().loc[raw.index]
    assert (homes["any_disabled"].dropna() == disabled[homes["any_disabled"].notna()]).all()
    silent = (persons["H15"] == "2").groupby(level=0).any().loc[raw.index]
    assert (homes["earners"].isna() == silent).all()
    earning = (persons["P47T"].astype(float) > 0).groupby(level=0).sum().loc[raw.index]
    assert (homes["earners"].dropna() == earning[~silent]).all()


@pytest.mark.shared
def test_argentine_persons_have_reasons(eph):
    people = eph.person_wave
    assert people["labour_status__missing"].value_counts().to_dict() == {"not_applicable": 119228, "refused": 696}
    assert people["income_main_job__missing"].value_counts().to_dict() == {"not_asked": 119228, "refused": 696}
    assert people["health_insured__missing"].value_counts().to_dict() == {"dont_know": 1339}
    for column in (c for c in people.columns if c.endswith("__missing")):
        assert (people[column].notna() == people[column.removesuffix("__missing")].isna()).all(), column


@pytest.mark.shared
def test_argentine_catalogue_is_complete(eph):
    layout = find_layouts("eph")[0]
    columns = sum(len(t.columns) + len(t.derived) for t in layout.tables.values())
    assert len(eph.catalogue) == columns * 14
    assert not eph.catalogue.duplicated(["source", "table", "column", "wave"]).any()
    assert eph.catalogue["share_missing"].between(0, 1).all()
