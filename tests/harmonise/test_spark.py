"""Spark gives the same tables as DuckDB, cell for cell."""

from __future__ import annotations

import shutil
import warnings
from importlib.util import find_spec

import pandas as pd
import pytest
from made_up_survey import make_survey
from test_mapping_words import ADULT, HOMES, LATER, PEOPLE, PERSONS, PLACES, ROSTER, ROWS, WIDE, source

import fanpin as fp
from fanpin.core.errors import InapplicableError

REASON = (
    "PySpark is not installed"
    if find_spec("pyspark") is None
    else "there is no Java"
    if shutil.which("java") is None
    else ""
)
needs_spark = pytest.mark.skipif(bool(REASON), reason=f"the Spark engine cannot run: {REASON}")
TABLES = ("household_wave", "person_wave", "place_wave", "issues", "catalogue")


@pytest.fixture(scope="module")
def spark():
    """One session for all tests, so that Java starts once."""
    from fanpin.harmonise.engines import SparkStore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = SparkStore()
        yield
        store.connection._session.stop()


def same(first, second):
    for name in TABLES:
        one, two = getattr(first, name), getattr(second, name)
        if one is None:
            assert two is None, name
        else:
            pd.testing.assert_frame_equal(one, two, obj=name)
    assert first.rows_read == second.rows_read


def small_sources(folder):
    """Sources that between them use every word of the grammar."""
    homes = HOMES.replace('pattern = "homes.csv"', 'pattern = "homes*.csv"')
    return {
        "lookups": source(folder, PEOPLE, {"roster.csv": ROSTER, "adult.csv": ADULT}, name="people"),
        "carried": source(folder, homes, {"homes.csv": ROWS, "homes2.csv": LATER}, name="homes", waves="waves = [2020, 2021]\n"),
        "places": source(folder, PLACES, {"persons.csv": PERSONS}, name="places"),
        "wide": source(folder, WIDE, {"wide.csv": "id,inw1,r1age,inw2,r2age\na,1,50,1,52\nb,1,60,0,\n"}, name="wide",
                       waves="for_each = { w = { 1 = 2011, 2 = 2013 } }\n"),
    }  # fmt: skip


@needs_spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["lookups", "carried", "places", "wide"])
def test_every_word_of_the_grammar(tmp_path, spark, name):
    harmonise = small_sources(tmp_path)[name]
    same(harmonise(), harmonise(engine="spark"))


@needs_spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.filterwarnings("ignore")
def test_a_survey_with_derived_columns_and_bad_values(tmp_path, spark):
    survey = make_survey(tmp_path)
    survey.edit("people.tsv", "40\t1", "forty\t1")
    survey.edit("homes.csv", "2020,1,2", "2020,5,2")
    both = [fp.harmonise(survey.mapping, survey.raw, engine=e, bad_values="missing") for e in ("duckdb", "spark")]
    same(*both)
    assert set(both[0].issues["action"]) == {"set missing"}


@needs_spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.filterwarnings("ignore")
def test_the_german_panel(root, spark):
    path = root / "data/raw/gsoep-rwm/rwm5yr.csv.gz"
    same(fp.harmonise("gsoep", path), fp.harmonise("gsoep", path, engine="spark"))


@needs_spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@pytest.mark.filterwarnings("ignore")
def test_a_census_from_parquet(tmp_path, spark):
    rows = [
        {"YEAR": 2000, "SAMPLE": 156200001, "SERIAL": 1000 * (i // 3), "PERNUM": i % 3 + 1, "PERWT": 100.5 + i % 7, "GEO1_CN": 156045,
         "GEO2_CN": 156045000 + i % 4, "RELATE": 1 + i % 3, "SEX": 1 + i % 2, "AGE": (7 * i) % 95, "EDATTAIN": i % 5,
         "YRSCHOOL": i % 12, "EMPSTAT": i % 4, "MARST": 1 + i % 4, "URBAN": 1 + i % 2}
        for i in range(600)
    ]  # fmt: skip
    path = tmp_path / "ipumsi_00001.parquet"
    pd.DataFrame(rows).to_parquet(path)
    duck = fp.harmonise("ipums", path)
    assert len(duck.place_wave) == 4
    same(duck, fp.harmonise("ipums", path, engine="spark"))


def test_without_spark_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    survey = make_survey(tmp_path)
    with pytest.raises(InapplicableError, match=r"Spark engine is not installed[\s\S]*fanpin\[spark\]"):
        fp.harmonise(survey.mapping, survey.raw, engine="spark")
