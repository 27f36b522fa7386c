from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, TiesAtLineWarning, UnknownNameError
from fanpin.core.line import Line
from fanpin.panel import poverty_status, ties_at_line

KEYS = {"unit": "id", "time": "year"}
HALF = Line.relative(0.6)


def small(income, **columns):
    n = len(income)
    return pd.DataFrame({"id": range(n), "year": [2000] * n, "y": income, **columns})


def status(data, line=HALF, **options):
    return poverty_status(data, welfare="y", line=line, **KEYS, **options)


def test_german_panel_counts_as_stored_and_with_tolerance(gsoep, gsoep_status):
    stored = gsoep_status.groupby("year")["is_poor"].sum().to_dict()
    assert stored == {1984: 492, 1985: 606, 1986: 540, 1987: 462, 1988: 587}
    tolerant = poverty_status(gsoep, welfare="hhninc", line=HALF, tolerance=1e-6, **KEYS)
    assert tolerant.groupby("year")["is_poor"].sum().to_dict() == {
        1984: 489,
        1985: 498,
        1986: 450,
        1987: 462,
        1988: 587,
    }


def test_german_panel_line_is_numpys_to_the_last_bit(gsoep, gsoep_status):
    expected = gsoep.groupby("year")["hhninc"].median().mul(0.6)
    assert gsoep_status.groupby("year")["line"].first().to_dict() == expected.to_dict()
    recomputed = (gsoep_status["hhninc"] < gsoep_status["line"]).astype(int)
    assert (recomputed == gsoep_status["is_poor"]).all()


def test_german_panel_warns_of_ties_with_counts(gsoep):
    with pytest.warns(
        TiesAtLineWarning, match=r"201 observations .* 201 of them below \(year 1984: 3, 1985: 108, 1986: 90\)"
    ):
        poverty_status(gsoep, welfare="hhninc", line=HALF, **KEYS)


def test_ties_at_line_accounts_for_every_poor_row(gsoep_status):
    ties = ties_at_line(gsoep_status, welfare="hhninc", time="year").set_index("year")
    assert ties["poor_below"].to_dict() == {1984: 489, 1985: 498, 1986: 450, 1987: 462, 1988: 587}
    assert ties["poor_on_line"].to_dict() == {1984: 3, 1985: 108, 1986: 90, 1987: 0, 1988: 0}
    assert ties["ties"].to_dict() == ties["poor_on_line"].to_dict()
    assert ties["rows"].sum() == len(gsoep_status)
    assert (ties["poor_below"] + ties["poor_on_line"] == gsoep_status.groupby("year")["is_poor"].sum()).all()


def test_income_in_another_unit_does_not_change_who_is_poor(gsoep, gsoep_status):
    scaled = gsoep.assign(y=gsoep["hhninc"] * 12000)
    with pytest.warns(TiesAtLineWarning):
        marks = status(scaled)
    assert (marks["is_poor"] == gsoep_status["is_poor"]).all()


def test_median_is_the_mean_of_two_values_when_half_lies_below():
    assert status(small([1.0, 2.0, 4.0, 9.0]))["line"].iloc[0] == 0.6 * 3.0
    assert status(small([1.0, 2.0, 4.0]))["line"].iloc[0] == 0.6 * 2.0


def test_weighted_median_counts_weights_not_rows():
    data = small([1.0, 2.0, 10.0], w=[1.0, 1.0, 5.0])
    assert status(data, weight="w")["line"].iloc[0] == 6.0
    even = small([1.0, 2.0, 10.0], w=[0.1, 0.2, 0.3])  # 0.1 + 0.2 is not exactly half of the sum
    assert status(even, weight="w")["line"].iloc[0] == 0.6 * 6.0


def test_weighted_mean_line():
    data = small([1.0, 2.0, 6.0], w=[1.0, 1.0, 2.0])
    assert status(data, Line.relative(0.5, of="mean"), weight="w")["line"].iloc[0] == 0.5 * 15 / 4


def test_line_is_taken_within_time_and_groups():
    data = pd.DataFrame({"id": [1, 2, 1, 2], "year": [1, 1, 2, 2], "place": ["a", "b", "a", "b"], "y": [1.0, 2, 3, 4]})
    lined = status(data, Line.relative(0.5, by="place")).set_index(["id", "year"])["line"]
    assert lined.to_dict() == {(1, 1): 0.5, (1, 2): 1.5, (2, 1): 1.0, (2, 2): 2.0}
    assert status(data, Line.relative(0.5)).groupby("year")["line"].first().to_dict() == {1: 0.75, 2: 1.75}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30), st.integers(0, 10**6))
def test_unweighted_median_is_numpys(incomes, seed):
    shuffled = np.random.default_rng(seed).permutation(incomes)
    line = Line.relative(1.0)
    assert status(small(shuffled), line, tolerance=1e-12)["line"].iloc[0] == np.median(incomes)


def test_strict_and_not_strict_differ_exactly_on_the_line():
    data = small([99.0, 100.0, 101.0])
    line = Line.absolute(100, currency="EUR", year=2000)
    assert status(data, line)["is_poor"].tolist() == [1, 0, 0]
    assert status(data, line, strict=False)["is_poor"].tolist() == [1, 1, 0]


def test_tolerance_puts_near_incomes_on_the_line():
    data = small([98.0, 99.5, 100.5, 102.0])
    line = Line.absolute(100, currency="EUR", year=2000)
    strict = status(data, line, tolerance=0.01)
    assert strict["is_poor"].tolist() == [1, 0, 0, 0]
    assert strict["gap"].tolist() == [0.02, 0, 0, 0]
    weak = status(data, line, tolerance=0.01, strict=False)
    assert weak["is_poor"].tolist() == [1, 1, 1, 0]
    assert (weak["gap"] >= 0).all()


def test_gap_is_the_shortfall_as_a_share_of_the_line():
    marks = status(small([-50.0, 0.0, 25.0, 100.0, 200.0]), Line.absolute(100, currency="EUR", year=2000))
    assert marks["gap"].tolist() == [1.5, 1.0, 0.75, 0.0, 0.0]


def test_column_line_and_recomputing_with_another_line():
    data = small([1.0, 5.0], own=[2.0, 2.0])
    marks = status(data, Line.column("own"))
    assert marks["is_poor"].tolist() == [1, 0]
    again = status(marks, Line.absolute(10, currency="EUR", year=2000))
    assert again["is_poor"].tolist() == [1, 1]
    assert list(again.columns) == [*data.columns, "line", "is_poor", "gap"]


def test_output_is_ordered_and_keeps_the_frames_own_types():
    data = pd.DataFrame({
        "id": ["b", "a", "a"], "year": [1, 2, 1], "y": [3.0, 2.0, 1.0], "k": pd.Categorical(["u", "v", "u"]),
        "when": pd.to_datetime(["2000-01-01"] * 3), "thing": [{"x": 1}, None, 3],
    }, index=[7, 8, 9])  # fmt: skip
    before = data.copy(deep=True)
    marks = status(data)
    assert marks[["id", "year"]].to_numpy().tolist() == [["a", 1], ["a", 2], ["b", 1]]
    assert marks["k"].dtype == data["k"].dtype
    assert marks["when"].dtype == data["when"].dtype
    assert marks["thing"].tolist() == [3, None, {"x": 1}]
    assert [str(marks[c].dtype) for c in ("line", "is_poor", "gap")] == ["float64", "int64", "float64"]
    pd.testing.assert_frame_equal(data, before)


def test_ibis_table_gives_ibis_table_with_the_same_rows(gsoep, gsoep_status, as_table):
    table = as_table(gsoep)
    with pytest.warns(TiesAtLineWarning):
        marks = poverty_status(table, welfare="hhninc", line=HALF, **KEYS)
    assert isinstance(marks, ibis.Table)
    frame = fetch_frame(marks.order_by(["id", "year"]))
    pd.testing.assert_frame_equal(frame[gsoep_status.columns], gsoep_status, check_dtype=False)
    ties = ties_at_line(marks, welfare="hhninc", time="year")
    assert fetch_frame(ties)["poor_below"].tolist() == [489, 498, 450, 462, 587]


def test_rows_without_welfare_are_left_out_with_a_count_by_time():
    data = pd.DataFrame({"id": [1, 2, 3, 1, 2], "year": [1, 1, 1, 2, 2], "y": [1.0, np.nan, 3.0, np.nan, np.nan]})
    data.loc[len(data)] = [3, 2, 8.0]
    with pytest.warns(DroppedRowsWarning, match=r"3 of 6 rows .* 'y' is missing \(year 1: 1, 2: 2\)"):
        marks = status(data)
    assert marks[["id", "year"]].to_numpy().tolist() == [[1, 1], [3, 1], [3, 2]]
    assert marks["line"].tolist() == pytest.approx([1.2, 1.2, 4.8])


BASE = {"id": [1, 2], "year": [2000, 2000], "y": [1.0, 2.0], "w": [1.0, 1.0]}
BAD = [
    ({"year": [2000.5, 2001]}, {}, DataError, "not a whole number"),
    ({"year": ["2000", "2001"]}, {}, DataError, "not a whole number"),
    ({"year": pd.to_datetime(["2000-01-01", "2001-01-01"])}, {}, DataError, "not a whole number"),
    ({"year": [2000, None]}, {}, DataError, "'year' is missing"),
    ({"id": [1, None]}, {}, DataError, "'id' is missing"),
    ({"id": [1, 1]}, {}, DataError, r"duplicate key \(id, year\)"),
    ({"id": [1, "x"]}, {}, DataError, "'id' mixes types"),
    ({"y": ["1", "2"]}, {}, DataError, "welfare 'y' is not numeric"),
    ({"y": [True, False]}, {}, DataError, "welfare 'y' is not numeric"),
    ({"y": [1.0, np.inf]}, {}, DataError, "welfare 'y' is infinite"),
    ({"y": [np.nan, np.nan]}, {}, DataError, "'y' is missing in all 2 rows"),
    ({"y": [-1.0, -2.0]}, {}, DataError, "line is not positive"),
    ({"w": [1.0, 0.0]}, {"weight": "w"}, DataError, "0 missing, 1 zero or negative"),
    ({"w": [1.0, -1.0]}, {"weight": "w"}, DataError, "weight 'w' must be positive"),
    ({"w": [1.0, np.nan]}, {"weight": "w"}, DataError, "1 missing"),
    ({"w": ["a", "b"]}, {"weight": "w"}, DataError, "weight 'w' is not numeric"),
    ({}, {"line": Line.column("w2")}, UnknownNameError, "did you mean 'w'"),
    ({"w": [1.0, 0.0]}, {"line": Line.column("w")}, DataError, "line is not positive"),
    ({"w": [1.0, None]}, {"line": Line.relative(0.6, by="w")}, DataError, "taken within 'w', which is missing"),
    ({}, {"line": 100.0}, InputError, "line is not a Line"),
    ({}, {"tolerance": -1}, InputError, "tolerance"),
    ({}, {"tolerance": 1}, InputError, "tolerance"),
    ({}, {"weight": "weigth"}, UnknownNameError, "unknown column 'weigth'"),
]


@pytest.mark.parametrize(("columns", "options", "error", "message"), BAD)
def test_bad_input_is_named(columns, options, error, message):
    with pytest.raises(error, match=message):
        status(pd.DataFrame({**BASE, **columns}), **options)


def test_empty_frame_and_other_things_are_named():
    with pytest.raises(DataError, match="no rows"):
        status(pd.DataFrame(BASE).iloc[:0])
    with pytest.raises(InputError, match="would be replaced"):
        poverty_status(pd.DataFrame(BASE).rename(columns={"y": "gap"}), welfare="gap", line=HALF, **KEYS)
    with pytest.raises(InputError, match="2 columns named 'y'"):
        status(pd.DataFrame(BASE)[["id", "year", "y", "y"]])
    with pytest.raises(InputError, match="same column"):
        poverty_status(pd.DataFrame(BASE), welfare="y", line=HALF, unit="id", time="id")
