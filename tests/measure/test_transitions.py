"""Transition rates: real counts, ratios by hand, both engines, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DesignWarning, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.measure import transitions
from fanpin.panel import relapse_risk_set

TERMS = ["stay_nonpoor", "entry", "exit", "persistence", "relapse"]
DESIGN = Design(weight="w", stratum="area", psu="village")


def rates(data, **options):
    return transitions(data, **{"unit": "id", "time": "year", "poor": "is_poor", **options})


@pytest.fixture
def panel():
    """400 households in 40 villages of 2 areas, five waves, a tenth of the household-waves missing."""
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({"id": np.repeat(np.arange(400), 5), "year": np.tile(np.arange(2010, 2015), 400)})
    village = frame["id"] % 40
    tendency = rng.normal(size=400)[frame["id"]] + rng.normal(0, 0.7, 40)[village]
    frame["is_poor"] = (tendency + rng.normal(size=2000) > 0.8).astype(int)
    frame = frame.assign(village=village, area=village % 2, w=rng.uniform(1, 3, 2000), female=frame["id"] % 3 == 0)
    return frame[rng.uniform(size=2000) > 0.1].reset_index(drop=True)


def test_counts_of_the_real_panel(gsoep, golden):
    """German Socio-Economic Panel 1984-88, consecutive years."""
    expected = golden("gsoep_survival")["transitions"]
    result = rates(gsoep)
    assert list(result.rows["term"]) == TERMS
    assert list(result.rows["count"][:4]) == [expected[k] for k in ("n00", "n01", "n10", "n11")]
    assert list(result.rows.iloc[4][["count", "n"]]) == [97, 493]
    assert (result.counts["pairs"], result.counts["rows"], result.df_resid) == (11862, 19609, 6126)
    assert result.params["exit"] == pytest.approx(508 / 1570)


def test_counts_of_the_real_panel_whatever_the_gap(gsoep):
    rows = rates(gsoep, max_gap=None).rows.set_index("term")
    assert rows.loc["exit", "count"] == 610
    assert list(rows.loc["relapse", ["count", "n"]]) == [118, 581]


@pytest.mark.shared
def test_published_counts_of_marital_status(shared):
    """Stata manual, xttrans of msp on nlswork: 7697 1866 / 1133 13100; pairs of rows, whatever the years between."""
    file = shared / "data/public/nlswork/nlswork.csv.gz"
    if not file.exists():
        pytest.skip("nlswork is not in the folder of public data")
    women = pd.read_csv(file)[["idcode", "year", "msp"]].sort_values(["idcode", "year"])
    women["row"] = women.groupby("idcode").cumcount()
    with pytest.warns(DroppedRowsWarning, match="'msp' is missing"):
        result = transitions(women, unit="idcode", time="row", poor="msp")
    assert list(result.rows["count"][:4]) == [7697, 1866, 1133, 13100]


@pytest.mark.parametrize("max_gap", [1, 2, None])
def test_relapse_is_the_rate_over_the_risk_set(panel, max_gap):
    risk = relapse_risk_set(panel, unit="id", time="year", poor="is_poor", max_gap=max_gap)
    result = rates(panel, max_gap=max_gap, design=DESIGN).rows.set_index("term").loc["relapse"]
    assert (result["n"], result["count"]) == (len(risk), risk["relapse"].sum())
    assert result["estimate"] == pytest.approx(np.average(risk["relapse"], weights=risk["w"]), rel=1e-12)


def test_standard_error_is_that_of_a_ratio_clustered_by_unit(panel):
    ordered = panel.sort_values(["id", "year"])
    before = ordered.groupby("id")[["year", "is_poor"]].shift()
    pair = (ordered["year"] - before["year"] == 1) & (before["is_poor"] == 1)
    left = (ordered["is_poor"] == 0)[pair]
    u = (left - left.mean()) / pair.sum()
    totals = u.groupby(ordered["id"][pair]).sum().reindex(ordered["id"].unique(), fill_value=0.0)
    g = len(totals)
    expected = np.sqrt(g / (g - 1) * ((totals - totals.mean()) ** 2).sum())
    result = rates(panel)
    assert result.params["exit"] == pytest.approx(left.mean(), rel=1e-12)
    assert result.std_errors["exit"] == pytest.approx(expected, rel=1e-12)
    assert any("clusters (id)" in n for n in result.notes)


def test_complementary_rates_have_one_standard_error(panel):
    result = rates(panel, design=DESIGN)
    for a, b in (("stay_nonpoor", "entry"), ("exit", "persistence")):
        assert result.params[a] + result.params[b] == pytest.approx(1, rel=1e-14)
        assert result.cov.loc[a, b] == pytest.approx(-result.cov.loc[a, a], rel=1e-10)


def test_jackknife_by_hand(panel):
    panel["village"] %= 16
    full = rates(panel, design=DESIGN)
    cov = np.zeros((5, 5))
    for area, part in panel.groupby("area"):
        villages, replicates = part["village"].unique(), []
        n = len(villages)
        for left_out in villages:
            kept = panel[panel["village"] != left_out]
            weight = kept["w"].where(kept["area"] != area, kept["w"] * n / (n - 1))
            replicates.append(rates(kept.assign(w=weight), design=DESIGN).params)
        deviation = np.array(replicates) - np.array(replicates).mean(axis=0)
        cov += (n - 1) / n * deviation.T @ deviation
    np.testing.assert_allclose(full.std_errors, np.sqrt(np.diag(cov)), rtol=0.08)


def test_design_without_psu_clusters_by_unit(panel):
    result = rates(panel, design=Design(weight="w", stratum="area"))
    pd.testing.assert_frame_equal(result.cov, rates(panel, design=Design(weight="w", stratum="area", psu="id")).cov)


@pytest.mark.parametrize("by", [None, "year", ["female", "year"]])
@pytest.mark.parametrize("design", [None, DESIGN])
def test_both_engines_agree(panel, as_table, by, design):
    panel["is_poor"] = panel["is_poor"].astype(float).where(panel["village"] != 3)  # a village without any status
    with pytest.warns(DroppedRowsWarning):
        frame = rates(panel, by=by, design=design)
    with pytest.warns(DroppedRowsWarning):
        table = rates(as_table(panel), by=by, design=design)
    pd.testing.assert_frame_equal(table.rows, frame.rows, rtol=1e-12)
    np.testing.assert_allclose(table.cov, frame.cov, rtol=1e-10, atol=1e-14 * frame.cov.to_numpy().max())
    assert (table.counts, table.df_resid, table.notes) == (frame.counts, frame.df_resid, frame.notes)
    assert design is None or frame.counts["psus"] == 40


def test_groups_are_those_of_the_later_wave(panel):
    result = rates(panel, by="year")
    assert list(result.select(term="entry").rows["year"]) == [2011, 2012, 2013, 2014]
    assert list(result.select(term="relapse").rows["year"]) == [2012, 2013, 2014]
    assert result.select(term="entry").rows["n"].sum() == rates(panel).rows["n"][0]


def test_order_of_rows_does_not_matter(panel):
    pd.testing.assert_frame_equal(rates(panel.sample(frac=1, random_state=2)).rows, rates(panel).rows)


def test_missing_groups_are_counted(panel):
    panel["kind"] = panel["female"].astype(float).where(panel.index != panel.index[panel["year"] == 2014][0])
    with pytest.warns(DroppedRowsWarning, match="kind 1"):
        rates(panel, by="kind")


def test_states_nobody_was_in_are_said_so():
    frame = pd.DataFrame({"id": [1, 1, 2, 2], "year": [1, 2, 1, 2], "is_poor": 0})
    result = rates(frame)
    assert list(result.rows["term"]) == ["stay_nonpoor", "entry"]
    assert sum("no rate of" in n for n in result.notes) == 3
    assert list(result.std_errors) == [0.0, 0.0]


def test_a_rate_that_rests_on_one_unit_has_no_standard_error():
    frame = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3], "year": [1, 2] * 3, "is_poor": [1, 0, 0, 0, 0, 1]})
    with pytest.warns(DesignWarning, match="2 estimates rest on a single PSU.*: exit, persistence"):
        result = rates(frame)
    assert list(result.std_errors.isna()) == [False, False, True, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(w=d["w"].where(d.index != 7, 0.0)), "(zero values|zero or negative)"),
        (lambda d: d.assign(w=-d["w"]), "(negative values|zero or negative)"),
        (lambda d: pd.concat([d, d.iloc[[3]]]), "duplicate key"),
        (lambda d: d.assign(is_poor=2), "neither 0 nor 1"),
        (lambda d: d.assign(is_poor=np.nan), "'is_poor' is missing in all"),
        (lambda d: d.assign(year=d["year"] + 0.5), "not a whole number"),
        (lambda d: d.iloc[:0], "no rows"),
        (lambda d: d.drop_duplicates("id"), "no unit is observed twice"),
        (lambda d: d.assign(village=1, area=1), "one PSU in all|single PSU"),
    ],
)
@pytest.mark.parametrize("engine", ["frame", "table"])
def test_data_that_cannot_be(panel, as_table, change, message, engine):
    changed = change(panel)
    with pytest.raises(DataError, match=message):
        rates(as_table(changed) if engine == "table" else changed, design=DESIGN)


def test_names_and_options_that_cannot_be(panel):
    with pytest.raises(UnknownNameError, match="unknown column 'household'"):
        rates(panel, unit="household")
    with pytest.raises(UnknownNameError, match="unknown column 'sex'"):
        rates(panel, by="sex")
    with pytest.raises(UnknownNameError, match="unknown column 'wt'"):
        rates(panel, design=Design(weight="wt"))
    with pytest.raises(InputError, match="'count' has a name that the result needs"):
        rates(panel.assign(count=1), by="count")
    with pytest.raises(InputError, match="max_gap"):
        rates(panel, max_gap=0)
    with pytest.raises(InputError, match="data is no table"):
        rates({"id": [1]})
