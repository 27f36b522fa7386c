"""The files: names, labels, codes, the survey's own rules, and the bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from simulated_settings import WAVES

import fanpin as fp
from fanpin.core.errors import DataError
from fanpin.simulate import SimulatedStudy
from fanpin.simulate.census import DECIMALS
from fanpin.simulate.cfps_files import names
from fanpin.simulate.xlsx import write_xlsx

ROLES = {"famecon": "famecon", "famconf": "famconf", "person": "person"}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# --- names and labels ------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_published_layouts(shared: Path) -> None:
    """Every name the layouts give a concept is the one used here, in the same file and wave."""
    listed = json.loads((shared / "reference" / "layouts.json").read_text("utf-8"))["sources"]["cfps"]["concepts"]
    mine = {(role, w, n) for role in ROLES for e in names()[role].values() for w, n in e["names"].items()}
    mine |= {(role, w, f"fid{int(w) % 100}") for role in ROLES for w in map(str, WAVES)}
    mine |= {(role, w, n) for role in ROLES for e in names()["every"].values() for w, n in e["names"].items()}
    missing = [
        (concept["concept"], wave, cell["var"])
        for concept in listed
        for wave, cell in concept["waves"].items()
        if cell["var"] and (cell["file"].strip(), wave, cell["var"]) not in mine and cell["var"] != "fid10"
    ]
    assert missing == []
    assert sum(bool(c["var"]) for k in listed for c in k["waves"].values()) > 700


def test_labels_are_those_of_the_published_layouts(shared: Path, all_waves: SimulatedStudy) -> None:
    listed = json.loads((shared / "reference" / "layouts.json").read_text("utf-8"))["sources"]["cfps"]["concepts"]
    files = {
        (wave, role): all_waves.extracts[name] for role in ROLES for wave, name in names()["releases"][role].items()
    }
    compared = 0
    for concept in listed:
        for wave, cell in concept["waves"].items():
            label = cell.get("label_zh")
            if not label or concept["concept"] == "household_id_2010 (origin of the branch)":
                continue
            found = files[wave, cell["file"].strip()].labels[cell["var"]]
            same_name = [c["waves"][wave].get("label_zh") for c in listed if c["waves"][wave]["var"] == cell["var"]]
            assert found in same_name or concept["concept"].startswith(("household_id", "province", "county", "urban"))
            compared += 1
    assert compared > 300


def test_every_file_has_its_labels_and_says_simulated(folder: Path) -> None:
    files = sorted((folder / "cfps").glob("*.dta"))
    assert len(files) == 4 * len(WAVES)
    for path in files:
        _, meta = pyreadstat.read_dta(path, metadataonly=True)
        assert meta.file_label.startswith("SIMULATED")
        assert all(meta.column_labels)
    assert (folder / "README.txt").read_text("utf-8").startswith("SIMULATED")
    book = openpyxl.load_workbook(next((folder / "register").glob("*.xlsx")))
    assert book.sheetnames == ["SIMULATED"]
    assert book.properties.title.startswith("SIMULATED")
    assert "SIMULATED" in (folder / "census" / "ipumsi_00001.xml").read_text("utf-8")


def test_codes_have_words(folder: Path) -> None:
    _, meta = pyreadstat.read_dta(folder / "cfps" / "cfps2014adult_201906.dta", metadataonly=True)
    assert meta.variable_value_labels["qp401"] == {
        1: "是",
        5: "否",
        -8: "不适用",
        -1: "不知道",
        -2: "拒绝回答",
        -9: "缺失",
    }
    _, meta = pyreadstat.read_dta(folder / "cfps" / "cfps2018person_202012.dta", metadataonly=True)
    assert meta.variable_value_labels["qp401"][0] == "否"
    assert meta.column_names_to_labels["qc401"] == "过去12个月是否因病住院"


def test_psu_stands_where_the_survey_has_it(all_waves: SimulatedStudy) -> None:
    with_psu = {name for name, e in all_waves.extracts.items() if "psu" in e.frame}
    assert {n for n in with_psu if "famecon" in n} == {"cfps2010famecon_202008", "cfps2018famecon_202101"}
    assert "cfps2020person_202306" in with_psu
    assert all("fid10" in e.frame for n, e in all_waves.extracts.items() if "famecon" in n and "2010" not in n)


# --- the survey's own rules -----------------------------------------------------------------------------------------


def test_derived_totals_follow_the_official_rules(study: SimulatedStudy) -> None:
    frame = study.extracts["cfps2016famecon_201807"].frame
    known = frame.dropna(subset=["fincome1"])
    parts = known[["fwage_1", "foperate_1", "fproperty_1", "ftransfer_1", "felse_1"]].sum(axis=1)
    assert (known["fincome1"] == np.maximum(parts, known["finc"])).all()
    assert (known["finc"] > parts).any()
    comparable = known[["fwage_2", "foperate_2", "fproperty_2", "ftransfer_2", "felse_2"]].sum(axis=1)
    assert (known["fincome2"] == comparable).all()
    answered = known[["fl9", "fl10"]].isin([-1, -2, -9]).sum(axis=1) == 0
    items = known[["fl9", "fl10"]].clip(lower=0).sum(axis=1)
    costs = known[[c for c in known if c.startswith(("fl50", "fl80"))]].clip(lower=0).sum(axis=1)
    profit = known["fm4"].where(known["fm1"] == 1, 0)
    assert (known["foperate_1"] == items - costs + profit)[answered].all()
    assert (known["fm4"] < -8).any()
    groups = known[["food", "dress", "house", "daily", "med", "trco", "eec", "other"]].sum(axis=1)
    assert (known["pce"] == groups).all()
    assert (known["expense"] == known[["pce", "eptran", "epwelf", "mortage"]].sum(axis=1)).all()
    np.testing.assert_allclose(known["fincome1_per"], known["fincome1"] / known["fml2016_count"])


def test_no_loss_reads_as_a_missing_code() -> None:
    frame = fp.simulate_city_c(households=2000, waves=(2018,), seed=4, truth={"misreport_sd": 2}).extracts
    profit = frame["cfps2018famecon_202101"].frame.query("fm1 == 1")["fm4"]
    assert (profit < -20).sum() > 20
    assert not profit.between(-20, -1).any()


def test_units_break_where_the_survey_breaks_them(all_waves: SimulatedStudy) -> None:
    early = all_waves.extracts["cfps2012famecon_201906"].frame
    late = all_waves.extracts["cfps2014famecon_201906"].frame
    assert early["resivalue_new"].median() > 10_000
    assert late["resivalue"].median() < 100
    np.testing.assert_allclose(
        late["houseasset_gross"], 10_000 * (late["resivalue"] + late["otherhousevalue"]), atol=0.01
    )
    np.testing.assert_allclose(late["fixed_asset"], 10_000 * late["company"] + late["agrimachine"], atol=0.01)


def test_2010_and_2012_have_their_own_rules(all_waves: SimulatedStudy) -> None:
    first = all_waves.extracts["cfps2010famecon_202008"].frame.dropna(subset=["faminc"])
    assert (first["faminc"] == first[["finc", "foperate", "fproperty", "welfare", "felse"]].sum(axis=1)).all()
    net = first[["finc", "foperate_net", "fproperty", "welfare", "felse"]].sum(axis=1)
    assert (first["faminc_net"] == net).all()
    assert (first["foperate_net"] == first["net_agri"] + first["firm"]).all()
    second = all_waves.extracts["cfps2012famecon_201906"].frame
    output = second[["fl3", "fl7", "fl8"]].clip(lower=0).sum(axis=1)
    costs = second[[c for c in second if c.startswith(("fl40", "fl90"))]].clip(lower=0).sum(axis=1)
    profit = second["fm7_a_1"].where(second["fm1"] == 1, 0)
    assert (second["foperate_1"] == output - costs + profit).all()
    assert "fl9" not in second
    assert set(second["iwmode"]) <= {0, 1}


def test_yes_and_no_change_their_codes_in_2018(study: SimulatedStudy) -> None:
    before, after = (study.extracts[n].frame for n in ("cfps2016adult_201906", "cfps2018person_202012"))
    assert set(before["qp401"]) <= {1, 5, -1, -2, -9}
    assert set(after["qp401"]) <= {1, 0, -1, -2, -9}
    assert after["age"].min() == 10
    assert before["cfps_age"].min() == 16


def test_out_of_pocket_spending_is_the_burden_the_paper_prints(exact: SimulatedStudy) -> None:
    people = exact.truth.persons.query("member and hospitalised")
    burden = people["hospital_level"].map({"township": 0.10, "county": 0.15, "city": 0.20, "region": 0.40})
    np.testing.assert_allclose(
        people["oop_medical"], burden * (people["hospital_cost"] + people["other_cost"]), atol=0.5
    )
    assert set(people["hospital_level"]) == {"township", "county", "city", "region"}
    household = people.groupby(["household_id", "wave"])["oop_medical"].sum().max()
    assert exact.truth.households["oop_medical"].max() >= household


def test_rosters_list_leavers_and_until_2014_both_households_of_who_split() -> None:
    many = fp.simulate_city_c(
        households=400, waves=(2012, 2014, 2016), seed=2, truth={"demography": {"split": 0.6}}
    )  # fmt: skip
    early, late = many.extracts["cfps2014famconf_170630"].frame, many.extracts["cfps2016famconf_201804"].frame
    assert early.duplicated("pid").any()
    assert not early[early["co_a14_p"] == 1].duplicated("pid").any()
    assert not late.duplicated("pid").any()
    twice = early[early.duplicated("pid", keep=False) & (early["co_a14_p"] == 0)]
    assert (twice["tb601_a14_p"] == 16).all()
    dead = late[late["alive_a16_p"] == 0]
    assert len(dead) > 10
    assert (dead["co_a16_p"] == 0).all()
    assert (dead["tb601_a16_p"] == 1).all()


# --- missing answers ------------------------------------------------------------------------------------------------


def test_planted_codes_are_where_the_truth_says_and_nowhere_else(study: SimulatedStudy) -> None:
    planted = study.truth.planted
    assert set(planted["code"].dropna()) == {-1, -2, -9}
    lost = planted[planted["code"].isna()]
    for name, gone in lost.groupby("extract"):
        frame = study.extracts[name].frame
        assert set(frame.loc[frame["fincome1"].isna(), f"fid{name[6:8]}"]) == set(gone["household"])
    planted = planted.dropna(subset=["code"])
    for (extract, variable), holes in planted.groupby(["extract", "variable"]):
        frame = study.extracts[extract].frame
        person = holes["pid"].notna().all()
        key = "pid" if person else next(c for c in frame if c == f"fid{extract[6:8]}" or c == "fid")
        at = frame.set_index(key)[variable]
        coded = at[at.isin([-1, -2, -9])]
        expected = holes.set_index("pid" if person else "household")["code"]
        expected.index = expected.index.astype("int64")
        assert coded.sort_index().to_dict() == expected.sort_index().to_dict(), (extract, variable)


def test_missing_answers_come_at_their_rates(study: SimulatedStudy) -> None:
    rates = study.truth.parameters["item_missing"]
    asked = sum(len(study.extracts[e].frame) for e, v in study.truth.planted.groupby(["extract", "variable"]).groups)
    share = len(study.truth.planted) / asked
    assert share == pytest.approx(sum(rates.values()), rel=0.15)


def test_nothing_is_missing_where_no_rate_says_so(exact: SimulatedStudy) -> None:
    assert exact.truth.planted.empty
    assert exact.extracts["cfps2014famecon_201906"].frame["fincome1"].notna().all()


# --- register, census, places ---------------------------------------------------------------------------------------


def test_the_register_adds_up_and_keeps_its_texts(folder: Path) -> None:
    table = pd.read_excel(folder / "register" / "防返贫监测_户信息_2022.xlsx", dtype={"户编号": str}, engine="openpyxl")
    assert table["户编号"].str.fullmatch(r"0\d{11}").all()
    sources = (
        table["工资性收入"]
        + table["生产经营性收入"]
        - table["生产经营性支出"]
        + table["财产性收入"]
        + table["转移性收入"]
    )
    assert (table["纯收入"] == sources).all()
    np.testing.assert_allclose(table["人均纯收入"] * table["家庭人口数"], table["纯收入"], atol=0.2)
    assert set(table["监测对象类别"].dropna()) == {"脱贫不稳定户", "边缘易致贫户", "突发严重困难户"}
    assert table["致贫/返贫风险1"].notna().equals(table["监测对象类别"].notna())


def test_register_incomes_are_the_true_ones_where_nothing_is_misreported(exact: SimulatedStudy) -> None:
    table = exact.extracts["防返贫监测_户信息_2020"].frame
    true = exact.truth.households.query("wave == 2020").set_index("household_id")["income_total"]
    assert (table["纯收入"].to_numpy() == true.loc[table["户编号"].str.lstrip("0")].to_numpy()).all()


def test_monitoring_misses_and_overreaches_as_stated(study: SimulatedStudy) -> None:
    big = fp.simulate_city_c(households=4000, waves=(2020, 2022), seed=5).truth.households.query("wave == 2022")
    monitored = big["category"] != ""
    assert (~monitored[big["in_need"]]).mean() == pytest.approx(0.30, abs=0.06)
    assert (~big["in_need"][monitored]).mean() == pytest.approx(0.516, abs=0.01)
    before = study.truth.households.query("wave < 2020")
    assert (before["category"] == "").all()


def test_the_census_reads_the_same_from_csv_and_from_fixed_width(folder: Path) -> None:
    readers = pytest.importorskip("ipumspy.readers", reason="ipumspy, another reader of these files, is not installed")
    with pytest.warns(readers.CitationWarning):
        codebook = readers.read_ipums_ddi(folder / "census-fixed-width" / "ipumsi_00002.xml")
    fixed = readers.read_microdata(codebook, folder / "census-fixed-width" / "ipumsi_00002.dat.gz")
    table = pd.read_csv(folder / "census" / "ipumsi_00001.csv.gz")
    pd.testing.assert_frame_equal(fixed.astype(float), table.astype(float))
    assert codebook.get_variable_info("PERWT").shift == DECIMALS["PERWT"]
    assert set(table["GEO2_CN"]) == {156045098, 156045099}


def test_teaching_equipment_is_the_papers(study: SimulatedStudy) -> None:
    table = study.extracts["places_simulated"].frame.query("年度 == 2022")
    town = table["地区名称"].str.endswith("镇")
    for column, urban, rural in (("多媒体教室数", 303, 165), ("计算机数", 1136, 689)):
        for group, paper in ((town, urban), (~town, rural)):
            rate = 10_000 * table.loc[group, column].sum() / table.loc[group, "在校学生数"].sum()
            assert rate == pytest.approx(paper / 1.08, abs=10_000 / table.loc[group, "在校学生数"].sum())
    assert len(table) == 13


# --- bytes and folders ----------------------------------------------------------------------------------------------


def test_the_same_study_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = fp.simulate_city_c(households=600, waves=WAVES, seed=7)
    again.write(tmp_path / "again")
    assert _digests(tmp_path / "again") == _digests(folder)


def test_another_seed_gives_another_study(study: SimulatedStudy) -> None:
    other = fp.simulate_city_c(households=600, waves=WAVES, seed=8)
    assert not other.truth.households["income_total"].equals(study.truth.households["income_total"])


def test_no_clock_in_the_bytes(folder: Path) -> None:
    with zipfile.ZipFile(next((folder / "register").glob("*.xlsx"))) as book:
        assert {info.date_time for info in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert (folder / "census" / "ipumsi_00001.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"
    assert b"01 Jan 2000 00:00" in (folder / "cfps" / "cfps2014famecon_201906.dta").read_bytes()[:600]
    assert gzip.decompress((folder / "census" / "ipumsi_00001.csv.gz").read_bytes()).startswith(b"COUNTRY,")


def test_a_study_replaces_an_earlier_one_and_nothing_else(study: SimulatedStudy, tmp_path: Path) -> None:
    small = fp.simulate_city_c(households=30, waves=(2014,), seed=1)
    written = small.write(tmp_path / "city")
    assert all(p.is_file() for p in written)
    (tmp_path / "city" / "cfps" / "stale.dta").write_bytes(b"")
    small.write(tmp_path / "city")
    assert not (tmp_path / "city" / "cfps" / "stale.dta").exists()
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "cfps2014famecon_201906.dta").write_bytes(b"real")
    with pytest.raises(DataError, match="other files"):
        small.write(tmp_path / "real")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="need a folder"):
        small.write(tmp_path / "file")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["city", "file", "real"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = fp.simulate_city_c(households=30, waves=(2014,), seed=1)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("fanpin.simulate.study.write_extract", fail)
    with pytest.raises(OSError, match="disk full"):
        small.write(tmp_path / "city")
    assert list(tmp_path.iterdir()) == []


def test_workbooks_hold_texts_numbers_and_gaps(tmp_path: Path) -> None:
    frame = pd.DataFrame({"文字": ["<a & b>", "", "0012"], "n": [1.5, np.nan, 2.0], "k": [1, 2, 3]})
    frame = pd.concat([frame, pd.DataFrame({f"c{i}": [i] * 3 for i in range(30)})], axis=1)
    write_xlsx(frame, tmp_path / "t.xlsx", title="SIMULATED", sheet="SIMULATED")
    rows = list(openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows(values_only=True))
    assert rows[0][:4] == ("文字", "n", "k", "c0")
    assert rows[1][:4] == ("<a & b>", 1.5, 1, 0)
    assert rows[2][:3] == (None, None, 2)
    assert rows[3][0] == "0012"
    assert rows[1][-1] == 29
