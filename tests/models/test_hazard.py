"""Hazards: invariances, designs, offsets, missing values, tables of an engine, storage."""

from __future__ import annotations

import doctest
import importlib
import sys

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanpin.core.design import Design
from fanpin.core.engine import quiet
from fanpin.core.errors import DataError, DesignWarning, DroppedRowsWarning, UnknownNameError
from fanpin.kernels.links import LINKS
from fanpin.models import hazard
from fanpin.models.hazard import HazardRequest
from fanpin.results import from_json, to_json

FORMULA = "relapse ~ x + trained + region + C(duration)"
LINK_NAMES = sorted(LINKS)


def test_request_is_frozen_and_result_reports_it(rows):
    result = hazard(FORMULA, rows, link="logit", unit="id", cluster="village")
    assert result.options["cluster"] == "village"
    assert result.options["unit"] == "id"
    assert (result.kind, result.outcome, result.link, result.formula) == ("hazard", "relapse", "logit", FORMULA)
    assert result.cov_type == "cluster"
    assert result.df_resid is None
    assert result.counts == {"units": 150, "events": rows["relapse"].sum(), "clusters": 50}
    assert result.diagnostics["gradient_norm"] < 1e-12
    assert result.diagnostics["condition_number"] > 1
    request = HazardRequest.checked(
        "y ~ x", link="logit", unit="id", design=None, cov="cluster", cluster=None, offset=None
    )
    with pytest.raises(AttributeError):
        request.link = "probit"


def test_spells_are_counted_within_units(rows):
    frame = rows.assign(spell=np.where(rows["id"] < 10, (rows["duration"] > 1) + 1, 1))
    counts = hazard("relapse ~ x", frame, unit="id").counts
    assert counts["spells"] == frame[["id", "spell"]].drop_duplicates().shape[0]


@pytest.mark.parametrize("link", LINK_NAMES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_rows_and_labels_of_units_do_not_matter(risk_rows, link, seed):
    rng = np.random.default_rng(seed)
    labels = pd.Series(rng.permutation(10_000)[:150].astype(str))
    moved = risk_rows.assign(id=risk_rows["id"].map(labels)).sample(frac=1, random_state=int(seed))
    first, second = hazard(FORMULA, risk_rows, link=link, unit="id"), hazard(FORMULA, moved, link=link, unit="id")
    assert second.params.to_numpy() == pytest.approx(first.params.to_numpy(), rel=1e-9, abs=1e-11)
    assert second.std_errors.to_numpy() == pytest.approx(first.std_errors.to_numpy(), rel=1e-9)
    assert second.counts == first.counts


@pytest.fixture(scope="module")
def risk_rows():
    """Rows that hypothesis may reuse between examples."""
    rng = np.random.default_rng(21)
    frame = pd.DataFrame({"id": np.repeat(np.arange(150), 3), "duration": np.tile([1, 2, 3], 150)})
    frame["x"] = rng.normal(size=450)
    frame["trained"] = rng.integers(0, 2, 450)
    frame["region"] = np.repeat(rng.choice(["east", "north", "west"], 150), 3)
    frame["relapse"] = rng.random(450) < 0.3
    return frame


@pytest.mark.parametrize("link", LINK_NAMES)
@settings(max_examples=10, deadline=None)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10))
def test_units_of_measurement_scale_coefficients_and_errors(risk_rows, link, scale, shift):
    first = hazard(FORMULA, risk_rows, link=link, unit="id")
    second = hazard(FORMULA, risk_rows.assign(x=risk_rows["x"] * scale + shift), link=link, unit="id")
    assert second.params["x"] * scale == pytest.approx(first.params["x"], rel=1e-8)
    assert second.std_errors["x"] * scale == pytest.approx(first.std_errors["x"], rel=1e-8)
    assert second.loglik == pytest.approx(first.loglik, rel=1e-12)


@pytest.mark.parametrize("link", LINK_NAMES)
def test_integer_weights_equal_repeated_rows_that_keep_their_psu(rows, link):
    weighted = hazard(FORMULA, rows, link=link, design=Design(weight="weight", psu="id"))
    repeated = rows.loc[np.repeat(rows.index, rows["weight"].astype(int))].reset_index(drop=True)
    plain = hazard(FORMULA, repeated, link=link, unit="id")
    assert weighted.params.to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-10)
    assert weighted.loglik == pytest.approx(plain.loglik, rel=1e-12)
    # one stratum: the score total is 0, so the design's covariance is the clustered one
    assert weighted.std_errors.to_numpy() == pytest.approx(plain.std_errors.to_numpy(), rel=1e-9)
    assert (weighted.cov_type, weighted.df_resid) == ("design", 149.0)
    assert weighted.design == Design(weight="weight", psu="id")


def test_scale_of_weights_does_not_matter(rows):
    first = hazard(FORMULA, rows, design=Design(weight="weight", psu="id"))
    second = hazard(FORMULA, rows.assign(weight=rows["weight"] * 1e5), design=Design(weight="weight", psu="id"))
    assert second.params.to_numpy() == pytest.approx(first.params.to_numpy(), rel=1e-11)
    assert second.std_errors.to_numpy() == pytest.approx(first.std_errors.to_numpy(), rel=1e-10)


def test_robust_equals_clusters_of_one_row(rows):
    robust = hazard(FORMULA, rows, cov="robust")
    single = hazard(FORMULA, rows.assign(row=range(len(rows))), cluster="row")
    n = len(rows)
    assert single.cov.to_numpy() == pytest.approx(robust.cov.to_numpy() * n / (n - 1), rel=1e-10)


def test_a_psu_that_loses_all_rows_still_counts(rows):
    frame = rows.assign(x=rows["x"].where(rows["village"] != 7), stratum=rows["village"] % 2)
    design = Design(weight="weight", stratum="stratum", psu="village")
    with pytest.warns(DroppedRowsWarning):
        kept = hazard("relapse ~ x", frame, design=design)
    assert (kept.counts["psus"], kept.counts["strata"], kept.df_resid) == (50, 2, 48)
    without = hazard("relapse ~ x", frame.dropna(), design=design)
    assert without.counts["psus"] == 49
    assert kept.params.to_numpy() == pytest.approx(without.params.to_numpy(), rel=1e-12)
    assert (kept.std_errors.to_numpy() != without.std_errors.to_numpy()).all()


def test_a_design_without_psus_warns_where_units_repeat(rows):
    with pytest.warns(DesignWarning, match="the design has no PSUs"):
        result = hazard("relapse ~ x", rows, design=Design(weight="weight"), unit="id")
    assert result.counts["psus"] == len(rows)


def test_problems_of_the_design_are_named(rows):
    with pytest.raises(DataError, match="weight column 'weight' has zero values"):
        hazard("relapse ~ x", rows.assign(weight=0.0), design=Design(weight="weight", psu="id"))
    with pytest.raises(UnknownNameError, match="unknown column 'wt'"):
        hazard("relapse ~ x", rows, design=Design(weight="wt"))


@pytest.mark.parametrize("link", LINK_NAMES)
def test_offset_has_coefficient_one(rows, link):
    frame = rows.assign(known=0.5 * rows["x"])
    free, fixed = (
        hazard("relapse ~ x", frame, link=link, unit="id"),
        hazard("relapse ~ x", frame, link=link, unit="id", offset="known"),
    )
    assert fixed.params["x"] == pytest.approx(free.params["x"] - 0.5, rel=1e-9)
    assert fixed.loglik == pytest.approx(free.loglik, rel=1e-12)
    assert fixed.options["offset"] == "known"


def test_log_gap_is_exact_for_cloglog():
    # constant rate r a year: P(event in g years) = 1 - exp(-r g)
    gaps = np.repeat([1, 2], [4000, 4000])
    share = 1 - np.exp(-0.2 * gaps)
    frame = pd.DataFrame({"id": np.arange(8000), "log_gap": np.log(gaps)})
    frame["event"] = np.concatenate([np.arange(4000) < 4000 * share[0], np.arange(4000) < 4000 * share[-1]])
    result = hazard("event ~ 1", frame, unit="id", offset="log_gap")
    assert np.exp(result.params["Intercept"]) == pytest.approx(0.2, rel=1e-3)


def test_missing_values_are_counted_by_variable(rows):
    frame = rows.assign(
        x=rows["x"].where(rows.index % 10 != 0),
        age=rows["age"].astype("Int64").where(rows.index % 15 != 0),
        unused=np.nan,
    )
    with pytest.warns(DroppedRowsWarning) as caught:
        result = hazard("relapse ~ x + age", frame, unit="id")
    n, dropped = len(rows), int(((rows.index % 10 == 0) | (rows.index % 15 == 0)).sum())
    note = f"{dropped} of {n} rows left out because of missing values: x {-(-n // 10)}, age {-(-n // 15)}"
    assert str(caught[0].message) == note
    assert caught[0].filename == __file__
    assert note in result.notes
    assert result.nobs == n - dropped
    same = hazard("relapse ~ x + age", frame.drop(columns="unused").dropna(), unit="id")
    assert same.params.to_numpy() == pytest.approx(result.params.to_numpy(), rel=1e-12)


def test_levels_are_those_of_the_rows_kept(rows):
    frame = rows.assign(x=rows["x"].where(rows["region"] != "west"))
    with pytest.warns(DroppedRowsWarning):
        result = hazard("relapse ~ x + region", frame, unit="id")
    assert list(result.params.index) == ["Intercept", "x", "region[T.north]"]


@pytest.fixture
def as_table():
    """Makes an Ibis table of a frame, on a DuckDB of its own."""

    def make(frame: pd.DataFrame) -> ibis.Table:
        with quiet():
            return ibis.duckdb.connect().create_table("d", pa.Table.from_pandas(frame, preserve_index=False))

    return make


def test_ibis_table_gives_the_same_estimates_from_the_needed_columns(rows, as_table):
    table = as_table(rows.assign(spell=1, age=rows["age"].astype("Int64")))
    result = hazard("relapse ~ x + trained + C(duration) + age", table, unit="id")
    frame = hazard("relapse ~ x + trained + C(duration) + age", rows.assign(spell=1), unit="id")
    assert list(result.params.index) == list(frame.params.index)
    assert result.params.to_numpy() == pytest.approx(frame.params.to_numpy(), rel=1e-10)
    assert result.std_errors.to_numpy() == pytest.approx(frame.std_errors.to_numpy(), rel=1e-10)
    assert sorted(result.frame.columns) == ["age", "duration", "id", "relapse", "spell", "trained", "x"]
    assert result.counts == frame.counts
    with pytest.raises(UnknownNameError, match="unknown column 'household'"):
        hazard("relapse ~ x", table, unit="household")


def test_ibis_table_with_nulls_in_a_factor(rows, as_table):
    table = as_table(rows.assign(duration=rows["duration"].astype("Int64").where(rows.index > 4)))
    with pytest.warns(DroppedRowsWarning, match="duration 5"):
        result = hazard("relapse ~ C(duration)", table, unit="id")
    assert list(result.params.index)[1] == "C(duration)[T.2]"


def test_result_survives_storage(rows):
    result = hazard(FORMULA, rows, design=Design(weight="weight", psu="id"), unit="id")
    again = from_json(to_json(result))
    pd.testing.assert_frame_equal(again.tidy(), result.tidy())
    assert again.options == result.options
    assert again.digest == result.digest
    assert again.frame is None
    assert to_json(again) == to_json(result)


def test_digest_is_of_the_columns_used(rows):
    first = hazard("relapse ~ x", rows, unit="id").digest
    assert hazard("relapse ~ x", rows.assign(age=0), unit="id").digest == first
    assert hazard("relapse ~ x", rows.assign(x=rows["x"] + 1e-9), unit="id").digest != first


def test_the_data_are_left_as_they_were(rows):
    before = rows.copy(deep=True)
    hazard(FORMULA, rows, unit="id")
    pd.testing.assert_frame_equal(rows, before)


@pytest.mark.parametrize("name", ["fanpin.models.hazard", "fanpin.models.effects"])
def test_examples_in_the_documentation(name):
    importlib.import_module(name)
    results = doctest.testmod(sys.modules[name])
    assert results.attempted > 0
    assert results.failed == 0
