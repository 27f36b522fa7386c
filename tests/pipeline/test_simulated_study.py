"""City C from simulated raw files to tables: what is marked simulated, what is accounted for, and where numbers come from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import InapplicableError, StudyError, UnknownNameError
from fanpin.pipeline import data_stages, datasets, rules, simulation
from fanpin.pipeline.provenance import read_record, record_path, write_record
from fanpin.pipeline.report_stages import execute, index, notices
from fanpin.pipeline.study import Study
from fanpin.pipeline.trace import trace

pytestmark = [
    pytest.mark.xdist_group("simulated"),
    pytest.mark.filterwarnings("ignore::fanpin.core.errors.FanpinWarning"),
]
PAPER = ("paper-table-1", "paper-table-2", "totals", "shares", "townships", "heterogeneity", "statistics")
OWN_DATA = ("table1", "table2", "table2_totals", "statistics")


@pytest.fixture(scope="module")
def study(simulated: Path) -> Study:
    return fp.load_study("city-c", root=simulated)


def test_what_rests_on_the_simulation_is_known_for_each_data_set(study: Study) -> None:
    marks = {name: study.is_simulated(name) for name in datasets.names(study)}
    assert {name for name, simulated in marks.items() if not simulated} == set(OWN_DATA)
    assert {"panel", "risk", "links", "register_poverty", "office_place_wave", "census_person_wave", "missing"} <= set(
        marks
    )
    assert not fp.load_study("gsoep", root=study.root).is_simulated("panel")
    assert "Part of this report rests on simulated households" in notices(study)[0]


def test_the_papers_tables_never_say_simulated(study: Study) -> None:
    for name in PAPER:
        for lang in ("en", "zh"):
            table = study.table(name, lang)
            words = [table.title, *table.notes, *(c.label for c in table.columns), *(r.label for r in table.rows)]
            assert not table.simulated, name
            assert not [w for w in words if "simulated" in w.lower() or "模拟" in w], name


@pytest.mark.parametrize("name", ["rows", "accounts", "variables", "missing", "monitored", "offices", "census", "links",
                                  "attrition", "counts", "ties", "poverty", "poverty-changes", "inequality",
                                  "income-sources", "health-burden", "deprivation", "chronic", "comparison"])  # fmt: skip
def test_every_table_of_the_simulated_part_says_so(study: Study, name: str) -> None:
    for lang, word in (("en", "(simulated data)"), ("zh", "模拟数据")):
        table = study.table(name, lang)
        assert table.simulated
        assert word in table.title
    html, tex = (study.out / "tables" / f"{name}.{e}" for e in ("html", "tex"))
    assert "(simulated data)" in html.read_text("utf-8")
    assert "(simulated data)" in tex.read_text("utf-8")


def test_figures_of_the_simulated_part_say_so(study: Study) -> None:
    flow = fp.figures.transition_flow(study.result("transitions"), labels=study.labels)
    assert "(simulated data)" in flow.caption
    assert "simulated" in flow.alt.lower()
    for name, draw in (("lorenz", fp.figures.lorenz), ("tip", fp.figures.tip)):
        assert draw(study.result(name), labels=study.labels).caption.endswith("(simulated data)")
    funnel = fp.figures.funnel(study.result("townships"), labels=study.labels)
    assert "simulated" not in (funnel.caption + funnel.alt).lower()


def test_every_raw_row_is_accounted_for(study: Study) -> None:
    accounts = study.dataset("accounts")
    assert (accounts["unexplained"] == 0).all()
    assert accounts["left_out"].sum() > 0  # former members, listed in the rosters of the second wave
    for row in accounts.itertuples():
        assert row.kept == len(study.dataset(row.table))
    rows = study.dataset("rows").set_index("wave")
    assert rows["household_wave"].sum() == len(study.dataset("household_wave"))
    assert rows.loc[2020, "household_wave"] == 120


def test_shares_missing_add_up(study: Study) -> None:
    missing = study.dataset("missing").set_index(["table", "column"])
    reasons = missing.filter(like="missing_").sum(axis=1)
    pd.testing.assert_series_equal(reasons, missing["share_missing"], check_names=False, check_exact=False, atol=1e-12)
    households = study.dataset("household_wave")
    for reason in ("not_asked", "refused", "dont_know"):
        counted = (households["oop_medical__missing"] == reason).mean()
        assert missing.loc[("household_wave", "oop_medical"), f"missing_{reason}"] == counted


def test_the_columns_shown_are_those_the_study_uses(study: Study) -> None:
    shown = [row.id for row in study.table("missing").rows]
    assert "any_hospitalised" in shown  # any_hospitalised_before_escape in the models
    assert "income_pc" in shown  # income_pc_real_2010 in the panel
    assert {"consumption_food", "income_operating", "water_source"} <= set(shown)  # behind derived columns
    assert "lacks_water" not in shown
    assert "debt_bank" not in shown
    assert shown == [row.id for row in study.table("variables").rows]


def test_households_are_linked_and_money_deflated_as_the_functions_do_it(study: Study) -> None:
    households, persons = study.dataset("household_wave"), study.dataset("person_wave")
    linked = fp.link_panel(households, persons=persons, time="wave", origin="origin_household_id", size="household_size",
                           weight="weight", splits="largest", weights="delivered")  # fmt: skip
    deflated = fp.deflate(
        linked, columns=["income_pc"], time="wave", base_year=2010, prices="cn-rural-cpi", period="year"
    )
    expected = deflated[deflated["income_pc_real_2010"].notna()].set_index(["panel_id", "wave"])["income_pc_real_2010"]
    panel = study.panel().set_index(["panel_id", "wave"])
    pd.testing.assert_series_equal(panel["income_pc_real_2010"].sort_index(), expected.sort_index())
    assert (panel["is_poor"].astype(bool) == (panel["income_pc_real_2010"] < 2300)).all()
    links = study.dataset("links").set_index("wave")
    assert (links.sum(axis=1) == households.groupby("wave").size()).all()
    states = fp.attrition_states(linked, time="wave")
    pd.testing.assert_frame_equal(study.dataset("attrition_states"), states, check_dtype=False)


def test_the_register_is_counted_against_poverty(study: Study) -> None:
    counts = study.dataset("register_poverty").set_index("monitoring_category")
    panel = study.panel()
    assert counts["poor"].sum() == panel["is_poor"].sum()
    assert counts.to_numpy().sum() == len(panel)
    assert list(counts.index)[-1] == "not in the register"
    assert counts.drop(index="not in the register").to_numpy().sum() > 0


def test_a_simulated_number_is_traced_to_simulated_files(study: Study) -> None:
    study.table("poverty")
    said = trace(study.root, "city-c:poverty:headcount[wave=2020]:estimate")
    assert "(simulated data)" in said or "simulated" in said
    assert "data/processed/city-c/simulated/cfps/cfps2020famecon" in said
    assert "raw file" not in said  # nothing of it comes from data/raw


def test_other_data_sets_are_named(study: Study) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'register_poverty'"):
        study.dataset("register_povert")


def test_a_value_that_no_row_has_is_named(study: Study, tmp_path: Path) -> None:
    folder = shutil.copytree(study.root, tmp_path / "copy")
    path = folder / "analysis/studies/city-c.toml"
    path.write_text(path.read_text("utf-8").replace("where = { wave = 2022 }", "where = { wave = 2021 }"), "utf-8")
    with pytest.raises(UnknownNameError, match=r"unknown value of wave '2021'(.|\n)*offices"):
        fp.load_study("city-c", root=folder).table("offices")


def test_the_chapter_on_data_runs_and_says_simulated(study: Study) -> None:
    execute(study, "02-data")
    said = (study.out / "notebooks/02-data.ipynb").read_text("utf-8")
    assert "**Simulated data.**" in said
    assert "0 are unaccounted for" in said
    assert "(../codebooks/cfps.html)" in said
    assert "Beside the survey" in said


def test_steps_are_current_until_the_simulation_changes(study: Study, tmp_path: Path) -> None:
    folder = shutil.copytree(study.root, tmp_path / "copy")
    done = [record_path(folder / "data/processed/city-c", "harmonise"),
            record_path(folder / "data/processed/city-c/simulated", "simulate")]  # fmt: skip
    rules.prepare(folder, ["city-c"])
    assert all(read_record(p) for p in done)
    text = (folder / ".build/report.mk").read_text("utf-8")
    assert "fanpin simulate city-c" in text.replace("$(FANPIN)", "fanpin")
    path = folder / "analysis/studies/city-c.toml"
    path.write_text(path.read_text("utf-8").replace("seed = 20240508", "seed = 1"), "utf-8")
    rules.prepare(folder, ["city-c"])
    assert not done[1].exists()


def test_extracts_of_one_table_need_prefixes(study: Study, tmp_path: Path) -> None:
    folder = shutil.copytree(study.root, tmp_path / "copy")
    path = folder / "analysis/studies/city-c.toml"
    path.write_text(
        path.read_text("utf-8").replace('prefix = "office"\n', "").replace('prefix = "census"\n', ""), "utf-8"
    )
    made = fp.load_study("city-c", root=folder)
    only = {name: e for name, e in made.file.extracts.items() if name in ("census", "places")}
    made.file.extracts.clear()
    made.file.extracts.update(only)
    with pytest.raises(StudyError, match="two extracts give place_wave"):
        data_stages.harmonise(made)


def test_a_study_without_simulation_simulates_nothing(project: Path) -> None:
    study = fp.load_study("gsoep", root=project)
    with pytest.raises(InapplicableError, match="simulates nothing"):
        simulation.simulate(study)
    simulation.ensure(study)
    assert not (project / "data").joinpath("processed").exists()


def test_the_index_page_marks_simulated_tables_and_only_them(study: Study, tmp_path: Path) -> None:
    folder = shutil.copytree(study.root, tmp_path / "copy")
    page = folder / "reports/out/city-c/report.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("", "utf-8")
    write_record(record_path(page.parent, "report"), root=folder, stage="report", study="city-c", request={}, inputs=[],
                 outputs=[page])  # fmt: skip
    index(folder)
    text = (folder / "reports/out/index.html").read_text("utf-8")
    assert "Partly simulated data" in text
    assert ">Poverty by wave (simulated data)</a>" in text
    assert ">Do the townships differ?</a>" in text
    for source in ("cfps", "register", "ipums", "places"):
        assert f'href="codebooks/{source}.html"' in text
        assert (folder / f"reports/out/codebooks/{source}.html").is_file()
