from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panel_reference import reference_risk, reference_spells

from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.panel import entry_risk_set, exit_risk_set, relapse_risk_set, spells

KEYS = {"unit": "id", "time": "year", "poor": "poor"}
GSOEP = {"unit": "id", "time": "year", "poor": "is_poor"}
FRONT = ["id", "spell", "year", "duration", "entry"]


def panel(**histories):
    """Histories such as a="PN.P": a letter a wave, P poor, N not, a dot not observed."""
    rows = [(u, t, int(s == "P")) for u, h in histories.items() for t, s in enumerate(h, start=1) if s != "."]
    return pd.DataFrame(rows, columns=["id", "year", "poor"])


# --- facts on the real panel -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("max_gap", "facts"), [(1, (508, 320, 493, 97, 315)), (None, (610, 390, 581, 118, 385))])
def test_german_panel_counts(gsoep_status, max_gap, facts):
    found = spells(gsoep_status, max_gap=max_gap, **GSOEP)
    risk = relapse_risk_set(gsoep_status, max_gap=max_gap, **GSOEP)
    escapes = int(((found["state"] == 0) & ~found["left_censored"]).sum())
    at_risk = risk.groupby(["id", "spell"]).ngroups
    assert (escapes, at_risk, len(risk), int(risk["relapse"].sum()), risk["id"].nunique()) == facts


@pytest.mark.parametrize(("function", "event"), [(relapse_risk_set, "relapse"), (exit_risk_set, "exit")])
def test_german_person_periods_are_the_golden_ones_row_by_row(gsoep_status, golden, function, event):
    risk = function(gsoep_status, **GSOEP)
    expected = pd.DataFrame(golden("gsoep_person_periods")[event], columns=["id", "year", "duration", event])
    expected = expected.sort_values(["id", "year"], ignore_index=True)
    pd.testing.assert_frame_equal(risk[["id", "year", "duration", event]], expected)


@pytest.mark.shared
@pytest.mark.parametrize(("function", "event"), [(relapse_risk_set, "relapse"), (exit_risk_set, "exit")])
def test_german_person_periods_carry_the_golden_columns(gsoep_status, shared, function, event):
    golden_rows = pd.read_csv(shared / f"golden/data/{event}_person_period.csv.gz").sort_values(["id", "year"])
    risk = function(gsoep_status, **GSOEP).rename(columns={"duration": "dur", "is_poor": "poor"})
    same = [c for c in golden_rows.columns if c in risk.columns and c != "spell"]
    assert {"age", "educ", "kids", "outwork", "docvis", "hospvis", "hhninc", "line", "poor"} <= set(same)
    pd.testing.assert_frame_equal(risk[same], golden_rows[same].reset_index(drop=True), check_dtype=False, rtol=1e-14)


@pytest.mark.shared
def test_argentine_panel_counts(shared):
    from fanpin.core.line import Line
    from fanpin.panel import poverty_status

    use = ["CODUSU", "NRO_HOGAR", "AGLOMERADO", "ANO4", "TRIMESTRE", "PONDERA", "IX_TOT", "IPCF"]
    files = sorted((shared / "data/eph-2003-2006").glob("hogar_*.tsv.gz"))
    raw = pd.concat([pd.read_csv(f, sep="\t", encoding="latin-1", usecols=use, dtype={"CODUSU": str}) for f in files])
    raw["household"] = raw["CODUSU"] + "|" + raw["AGLOMERADO"].astype(str) + "|" + raw["NRO_HOGAR"].astype(str)
    raw["wave"] = 4 * raw["ANO4"] + raw["TRIMESTRE"]
    raw["persons"] = raw["PONDERA"] * raw["IX_TOT"]
    marks = poverty_status(
        raw, welfare="IPCF", line=Line.relative(0.6), unit="household", time="wave", weight="persons", tolerance=1e-9
    )
    keys = {"unit": "household", "time": "wave", "poor": "is_poor"}
    found = spells(marks, max_gap=None, **keys)
    risk = relapse_risk_set(marks, max_gap=None, **keys)
    escapes = int(((found["state"] == 0) & ~found["left_censored"]).sum())
    assert (len(marks), marks["household"].nunique()) == (199850, 83544)
    assert (escapes, len(risk), int(risk["relapse"].sum())) == (9361, 5686, 1943)


# --- what the columns mean ---------------------------------------------------------------------------------------


def test_spells_say_how_each_begins_and_ends():
    found = spells(panel(a="PPNN.NP", b="NP.....", c=".....PP"), **KEYS)
    rows = [tuple(r) for r in found.itertuples(index=False)]
    assert list(found.columns) == ["id", "spell", "state", "start", "end", "duration", "left_censored",
                                   "right_censored", "ended_by"]  # fmt: skip
    assert rows == [
        ("a", 1, 1, 1, 2, 2, True, False, "transition"),
        ("a", 2, 0, 3, 4, 2, False, True, "gap"),
        ("a", 3, 0, 6, 6, 1, True, False, "transition"),
        ("a", 4, 1, 7, 7, 1, False, True, "end"),
        ("b", 1, 0, 1, 1, 1, True, False, "transition"),
        ("b", 2, 1, 2, 2, 1, False, True, "attrition"),
        ("c", 1, 1, 6, 7, 2, True, True, "end"),
    ]


def test_max_gap_decides_what_a_gap_is():
    history = panel(a="PN..NP")
    assert spells(history, max_gap=2, **KEYS)["ended_by"].tolist() == ["transition", "gap", "transition", "end"]
    assert spells(history, max_gap=3, **KEYS)["duration"].tolist() == [1, 4, 1]
    risk = relapse_risk_set(history, max_gap=None, **KEYS)
    assert risk[["year", "duration", "gap", "relapse"]].to_numpy().tolist() == [[5, 3, 3, 0], [6, 4, 1, 1]]


def test_relapse_rows_run_from_the_wave_after_the_escape_to_the_relapse():
    risk = relapse_risk_set(panel(a="PNNPPNN", b="NNP", c="PN", d="PPP"), **KEYS)
    assert list(risk.columns) == [*FRONT, "relapse", "gap", "left_censored", "poor"]
    assert risk[[*FRONT, "relapse"]].to_numpy().tolist() == [
        ["a", 2, 3, 1, 0, 0],
        ["a", 2, 4, 2, 0, 1],
        ["a", 4, 7, 1, 0, 0],
    ]
    assert [str(risk[c].dtype) for c in ("spell", "duration", "entry", "relapse", "gap", "left_censored")] == [
        *["int64"] * 5, "bool",
    ]  # fmt: skip


def test_min_escape_delays_entry_and_drops_short_escapes():
    history = panel(a="PNNNP", b="PNPNN", c="PNNP")
    risk = relapse_risk_set(history, min_escape=2, **KEYS)
    assert risk[[*FRONT, "relapse"]].to_numpy().tolist() == [
        ["a", 2, 4, 2, 1, 0],
        ["a", 2, 5, 3, 1, 1],
        ["c", 2, 4, 2, 1, 1],
    ]
    assert len(relapse_risk_set(history, min_escape=4, **KEYS)) == 0


def test_entry_counts_time_not_waves():
    assert relapse_risk_set(panel(a="P.N.N.P"), max_gap=2, min_escape=2, **KEYS)["entry"].tolist() == [2]


def test_flag_adds_undated_escapes_of_units_seen_poor_only():
    history = panel(a="P.NNP", b="NN.NP", c="PN.NP", d="NNP")
    assert relapse_risk_set(history, **KEYS).empty
    risk = relapse_risk_set(history, left_censored="flag", **KEYS)
    assert risk[["id", "year", "duration", "relapse", "left_censored"]].to_numpy().tolist() == [
        ["a", 4, 1, 0, True],
        ["a", 5, 2, 1, True],
        ["c", 5, 1, 1, True],
    ]


def test_entry_holds_units_never_seen_poor():
    risk = entry_risk_set(panel(a="NNPNP", b="NN.NN", c="PNN"), **KEYS)
    assert list(risk.columns) == [*FRONT, "gap", "left_censored", "poor"]
    assert risk[FRONT].to_numpy().tolist() == [
        ["a", 1, 2, 1, 0],
        ["a", 1, 3, 2, 1],
        ["b", 1, 2, 1, 0],
        ["b", 2, 5, 1, 0],
    ]
    assert risk["left_censored"].all()


def test_exit_holds_poverty_spells_with_a_known_beginning_or_all():
    history = panel(a="PPN", b="NPPN")
    dropped = exit_risk_set(history, **KEYS)
    assert dropped[[*FRONT, "exit"]].to_numpy().tolist() == [["b", 2, 3, 1, 0, 0], ["b", 2, 4, 2, 0, 1]]
    flagged = exit_risk_set(history, left_censored="flag", **KEYS)
    assert flagged["left_censored"].tolist() == [True, True, False, False]
    assert flagged.query("id == 'a'")[["year", "duration", "exit"]].to_numpy().tolist() == [[2, 1, 0], [3, 2, 1]]


def test_lagged_columns_come_from_the_last_wave_in_the_other_state():
    history = panel(a="PPNNP", b="P.NN").assign(x=[10, 20, 30, 40, 50, 60, 70, 80], s=list("pqrstuvw"))
    risk = relapse_risk_set(history, left_censored="flag", lagged=["x", "s"], **KEYS)
    assert risk[["x_before_escape", "s_before_escape"]].to_numpy().tolist() == [[20, "q"], [20, "q"], [60, "u"]]
    assert risk["x"].tolist() == [40, 50, 80]
    exits = exit_risk_set(panel(a="NPN").assign(x=[1, 2, 3]), lagged=["x"], **KEYS)
    assert exits["x_before_entry"].tolist() == [1]


def test_columns_keep_their_names_and_poverty_gap_makes_room(gsoep_status):
    risk = relapse_risk_set(gsoep_status, **GSOEP)
    assert "poverty_gap" in risk
    assert set(risk["gap"]) == {1}
    marks = gsoep_status.set_index(["id", "year"])["gap"]
    assert risk["poverty_gap"].tolist() == marks.loc[list(zip(risk["id"], risk["year"], strict=True))].tolist()


def test_the_poverty_gap_itself_can_be_lagged(gsoep_status):
    risk = relapse_risk_set(gsoep_status, lagged=["gap"], **GSOEP)
    assert risk["gap_before_escape"].gt(0).all()
    assert risk.loc[risk["relapse"] == 0, "poverty_gap"].eq(0).all()


def test_boolean_and_float_status_are_read_as_numbers():
    history = panel(a="PNNP")
    for kind in (bool, float, "boolean"):
        risk = relapse_risk_set(history.assign(poor=history["poor"].astype(kind)), **KEYS)
        assert risk["relapse"].tolist() == [0, 1]


def test_rows_without_status_count_as_not_observed():
    history = panel(a="PNNP").assign(poor=[1.0, 0.0, np.nan, 1.0])
    with pytest.warns(DroppedRowsWarning, match=r"'poor' is missing \(year 3: 1\)"):
        found = spells(history, **KEYS)
    assert found["ended_by"].tolist() == ["transition", "gap", "end"]


# --- the engine against the reference, and invariances -----------------------------------------------------------

HISTORIES = st.lists(st.text("PN.", min_size=2, max_size=7), min_size=1, max_size=25)
GAPS = st.sampled_from([1, 2, None])


def drawn(histories):
    return panel(**{f"u{i:02d}": h for i, h in enumerate(histories)}, zz="PNNPN")


def tuples(frame, columns):
    return [tuple(r) for r in frame[columns].itertuples(index=False)]


@settings(max_examples=12, deadline=None)
@given(HISTORIES, GAPS)
def test_spells_are_the_references(histories, max_gap):
    data = drawn(histories)
    found = spells(data.sample(frac=1, random_state=1), max_gap=max_gap, **KEYS)
    assert tuples(found, list(found.columns)) == reference_spells(tuples(data, ["id", "year", "poor"]), max_gap)


@settings(max_examples=12, deadline=None)
@given(HISTORIES, GAPS, st.integers(1, 3), st.booleans())
def test_relapse_rows_are_the_references(histories, max_gap, least, flag):
    data = drawn(histories).assign(then=lambda d: d["year"])
    risk = relapse_risk_set(data.sample(frac=1, random_state=2), max_gap=max_gap, min_escape=least,
                            left_censored="flag" if flag else "drop", lagged=["then"], **KEYS)  # fmt: skip
    expected = reference_risk(tuples(data, ["id", "year", "poor"]), max_gap, state=0, least=least,
                              keep=lambda s: s["dated"] or (flag and s["poor_before"]))  # fmt: skip
    columns = [*FRONT, "relapse", "gap", "left_censored", "then_before_escape"]
    assert tuples(risk, columns) == expected


@settings(max_examples=12, deadline=None)
@given(HISTORIES, GAPS)
def test_entry_and_exit_rows_are_the_references(histories, max_gap):
    data = drawn(histories)
    rows = tuples(data, ["id", "year", "poor"])
    exits = exit_risk_set(data, max_gap=max_gap, left_censored="flag", **KEYS)
    expected = reference_risk(rows, max_gap, state=1, least=1, keep=lambda s: True)
    assert tuples(exits, [*FRONT, "exit", "gap", "left_censored"]) == [e[:-1] for e in expected]
    entries = entry_risk_set(data, max_gap=max_gap, **KEYS)
    expected = reference_risk(rows, max_gap, state=0, least=1, keep=lambda s: not s["poor_before"])
    without_delay = [(*e[:4], *e[5:-1]) for e in expected]
    assert tuples(entries, [*FRONT, "gap", "left_censored"]) == without_delay


@settings(max_examples=10, deadline=None)
@given(HISTORIES, GAPS)
def test_entry_and_flagged_relapse_part_the_pairs_that_start_out_of_poverty(histories, max_gap):
    data = drawn(histories)
    entries = entry_risk_set(data, max_gap=max_gap, **KEYS)
    relapses = relapse_risk_set(data, max_gap=max_gap, left_censored="flag", **KEYS)
    both = tuples(entries, ["id", "year"]) + tuples(relapses, ["id", "year"])
    ordered = data.sort_values(["id", "year"])
    before = ordered.groupby("id").shift(1)
    near = (ordered["year"] - before["year"] <= (max_gap or 99)) & (before["poor"] == 0)
    assert sorted(both) == tuples(ordered[near], ["id", "year"])


@settings(max_examples=8, deadline=None)
@given(HISTORIES)
def test_relabelled_units_give_relabelled_rows(histories):
    data = drawn(histories)
    numbers = {u: 1000 - i for i, u in enumerate(sorted(set(data["id"])))}
    relabelled = data.assign(id=data["id"].map(numbers))
    plain = relapse_risk_set(data, **KEYS)
    back = relapse_risk_set(relabelled, **KEYS)
    back["id"] = back["id"].map({n: u for u, n in numbers.items()})
    pd.testing.assert_frame_equal(back.sort_values(["id", "year"], ignore_index=True), plain, check_dtype=False)


def test_ibis_table_gives_the_same_rows(gsoep_status, as_table):
    table = as_table(gsoep_status)
    for function, options in [(relapse_risk_set, {"lagged": ["educ"]}), (exit_risk_set, {}), (entry_risk_set, {})]:
        expression = function(table, **GSOEP, **options)
        assert isinstance(expression, ibis.Table)
        frame = fetch_frame(expression.order_by(["id", "year"]))
        expected = function(gsoep_status, **GSOEP, **options)
        pd.testing.assert_frame_equal(frame[expected.columns], expected, check_dtype=False)
    found = fetch_frame(spells(table, **GSOEP).order_by(["id", "spell"]))
    pd.testing.assert_frame_equal(found, spells(gsoep_status, **GSOEP), check_dtype=False)


def test_expressions_compile_for_another_engine(gsoep_status, as_table):
    table = as_table(gsoep_status)
    for expression in (relapse_risk_set(table, lagged=["educ"], **GSOEP), spells(table, **GSOEP)):
        assert "OVER" in ibis.to_sql(expression, dialect="postgres")


# --- bad input ---------------------------------------------------------------------------------------------------

FUNCTIONS = [spells, relapse_risk_set, exit_risk_set, entry_risk_set]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_steps_wider_than_max_gap_are_listed(function):
    biennial = panel(a="P.N.P", b="P...N")
    with pytest.raises(DataError, match=r"max_gap=1[\s\S]*2 \(2 times\), 4 \(1 times\)[\s\S]*max_gap=2"):
        function(biennial, **KEYS)
    with pytest.raises(DataError, match="no unit is observed twice"):
        function(panel(a="P", b=".N"), max_gap=None, **KEYS)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({"poor": [0, 2, 1]}, {}, DataError, "neither 0 nor 1"),
        ({"poor": ["a", "b", "c"]}, {}, DataError, "not numeric"),
        ({"poor": [np.nan] * 3}, {}, DataError, "missing in all 3 rows"),
        ({"year": [1, 1, 2]}, {}, DataError, "duplicate key"),
        ({"year": [1.5, 2, 3]}, {}, DataError, "whole number"),
        ({"id": ["a", None, "a"]}, {}, DataError, "'id' is missing"),
        ({}, {"max_gap": 0}, InputError, "max_gap=0"),
        ({}, {"max_gap": 1.5}, InputError, "or None"),
        ({}, {"poor": "pore"}, UnknownNameError, "did you mean 'poor'"),
    ],
)
def test_bad_panels_are_named(function, change, options, error, message):
    with pytest.raises(error, match=message):
        function(panel(a="PNN").assign(**change), **{**KEYS, **options})


def test_bad_options_and_reserved_names_are_named():
    data = panel(a="PNNP")
    with pytest.raises(UnknownNameError, match="drop, flag"):
        relapse_risk_set(data, left_censored="keep", **KEYS)
    with pytest.raises(InputError, match="min_escape=0"):
        relapse_risk_set(data, min_escape=0, **KEYS)
    with pytest.raises(UnknownNameError, match="unknown column 'y'"):
        relapse_risk_set(data, lagged=["y"], **KEYS)
    with pytest.raises(InputError, match="'duration' has a name that the result needs"):
        relapse_risk_set(data.assign(duration=1), **KEYS)
    with pytest.raises(InputError, match="'start'"):
        spells(data.rename(columns={"id": "start"}), unit="start", time="year", poor="poor")
    with pytest.raises(DataError, match="no rows"):
        spells(data.iloc[:0], **KEYS)


def test_a_mutable_argument_or_frame_is_left_alone():
    data, lagged = panel(a="PNNP").assign(x=1.0), ["x"]
    before = data.copy(deep=True)
    relapse_risk_set(data, lagged=lagged, **KEYS)
    pd.testing.assert_frame_equal(data, before)
    assert lagged == ["x"]
