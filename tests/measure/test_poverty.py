"""Poverty indices: closed forms, invariances, resampling by hand, both engines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DesignWarning, DroppedRowsWarning
from fanpin.core.line import Line
from fanpin.measure import poverty
from fanpin.results import from_json, to_json

DESIGN = Design(weight="weight", stratum="region", psu="village")


def yuan(amount):
    return Line.absolute(amount, currency="CNY", year=2010)


def measure(frame, line=None, **options):
    return poverty(frame, welfare="income", line=line or yuan(70), **{"design": DESIGN, **options})


def test_everybody_poor_nobody_poor_and_one_income_for_all(sample):
    everybody = measure(sample.assign(income=35.0))
    np.testing.assert_array_equal(everybody.params, [1.0, 0.5, 0.25])
    np.testing.assert_allclose(everybody.std_errors, 0.0, atol=1e-15)
    nobody = measure(sample, yuan(1e-6))
    np.testing.assert_array_equal(nobody.params, 0.0)
    np.testing.assert_array_equal(nobody.std_errors, 0.0)
    assert any("nobody or everybody" in n for n in nobody.notes)


def test_incomes_on_the_line(sample):
    on_it = sample.assign(income=70.0)
    assert measure(on_it).params["headcount"] == 0.0
    loose = measure(on_it, strict=False)
    np.testing.assert_array_equal(loose.params, [1.0, 0.0, 0.0])
    assert any("1200 rows lie within one millionth of the line" in n for n in loose.notes)


def test_negative_incomes_have_gaps_above_one_and_are_announced():
    frame = pd.DataFrame({"income": [-100.0, 100.0]})
    result = poverty(frame, welfare="income", line=yuan(100))
    np.testing.assert_array_equal(result.params, [0.5, 1.0, 2.0])
    assert any("1 rows have negative income" in n for n in result.notes)


def test_simple_random_sample_is_the_textbook_proportion():
    y = np.r_[np.full(30, 1.0), np.full(70, 9.0)]
    result = poverty(pd.DataFrame({"y": y}), welfare="y", line=yuan(5), indices="headcount")
    assert result.params["headcount"] == 0.3
    assert result.std_errors["headcount"] == pytest.approx(np.sqrt(0.3 * 0.7 / 99))
    assert (result.df_resid, result.nobs, result.interval) == (99, 100, "wald")


def test_size_counts_persons(sample):
    by_hand = sample.assign(weight=sample["weight"] * sample["members"])
    sized = measure(sample, size="members")
    pd.testing.assert_frame_equal(sized.cov, measure(by_hand).cov)
    assert sized.rows["population"][0] == pytest.approx(by_hand["weight"].sum())


@pytest.mark.parametrize("line", [yuan(70), Line.column("own_line"), Line.relative(0.6), Line.relative(0.5, of="mean")])
def test_order_of_rows_and_scale_of_weights_do_not_matter(sample, line):
    plain = measure(sample, line, by="female")
    shuffled = measure(sample.sample(frac=1, random_state=1), line, by="female")
    scaled = measure(sample.assign(weight=sample["weight"] * 1000), line, by="female")
    for other in (shuffled, scaled):
        np.testing.assert_allclose(other.params, plain.params, rtol=1e-12)
        np.testing.assert_allclose(other.cov, plain.cov, rtol=1e-9, atol=1e-18)


def test_weights_are_repetitions_for_estimates(sample):
    whole = sample.assign(weight=(sample["weight"] * 2).round())
    repeated = whole.loc[whole.index.repeat(whole["weight"].astype(int))].assign(weight=1.0)
    for line in (yuan(70), Line.relative(0.6)):
        one, many = measure(whole, line), measure(repeated, line)
        np.testing.assert_allclose(one.params, many.params, rtol=1e-12)
        # PSU totals are the same, so the variance is too, up to the bandwidth of an estimated line.
        np.testing.assert_allclose(one.std_errors, many.std_errors, rtol=1e-9)


def test_scale_of_money_does_not_matter(sample):
    plain = measure(sample, Line.relative(0.6))
    cents = measure(sample.assign(income=sample["income"] * 100), Line.relative(0.6))
    np.testing.assert_allclose(cents.params, plain.params, rtol=1e-12)
    np.testing.assert_allclose(cents.std_errors, plain.std_errors, rtol=1e-9)


def test_subgroups_add_up(sample):
    whole, parts = measure(sample), measure(sample, by=["region", "female"])
    for term in ("headcount", "gap", "severity"):
        rows = parts.rows[parts.rows["term"] == term]
        assert np.average(rows["estimate"], weights=rows["population"]) == pytest.approx(whole.params[term], rel=1e-12)
    assert parts.rows["n"].sum() == 3 * 1200


def test_a_group_is_a_domain_of_the_whole_sample(sample):
    """Influence 0 outside: the same as measuring an index that is 0/0 elsewhere, not as a sample of its own."""
    west = measure(sample, by="female", indices="gap").std_errors["gap[female=1]"]
    w, inside = sample["weight"].to_numpy(), (sample["female"] == 1).to_numpy()
    g = np.clip((70 - sample["income"].to_numpy()) / 70, 0, None)
    share = (w * g)[inside].sum() / w[inside].sum()
    u = np.where(inside, w * (g - share), 0.0) / w[inside].sum()
    totals = pd.Series(u).groupby([sample["region"], sample["village"]]).sum()
    by_region = [t.to_numpy() for _, t in totals.groupby(level=0)]
    variance = sum(len(t) / (len(t) - 1) * ((t - t.mean()) ** 2).sum() for t in by_region)
    assert west == pytest.approx(np.sqrt(variance), rel=1e-12)


@pytest.mark.parametrize("line", [yuan(70), Line.relative(0.5, of="mean")])
def test_standard_errors_match_a_jackknife_by_hand(sample, line):
    """Delete one village at a time, reweight its region, recompute everything, the line included."""
    full = measure(sample, line, by="female", indices=("gap", "severity"))
    cov = np.zeros((4, 4))
    for _, region in sample.groupby("region"):
        villages = region["village"].unique()
        n, replicates = len(villages), []
        for left_out in villages:
            kept = sample[sample["village"] != left_out]
            boosted = kept["weight"].where(kept["region"] != region["region"].iloc[0], kept["weight"] * n / (n - 1))
            replicates.append(
                measure(kept.assign(weight=boosted), line, by="female", indices=("gap", "severity")).params
            )
        deviation = np.array(replicates) - np.array(replicates).mean(axis=0)
        cov += (n - 1) / n * deviation.T @ deviation
    np.testing.assert_allclose(full.std_errors, np.sqrt(np.diag(cov)), rtol=0.02)


def test_difference_of_groups_uses_the_joint_covariance(sample):
    result = measure(sample, by="region", indices="headcount")
    # Regions are strata here: their estimates are independent.
    off = result.cov.to_numpy()[~np.eye(4, dtype=bool)]
    np.testing.assert_allclose(off, 0.0, atol=1e-20)
    shared_villages = measure(sample, by="female", indices="headcount")
    assert shared_villages.cov.iloc[0, 1] > 0  # both sexes live in the same villages


def test_the_line_belongs_to_the_whole_sample(sample):
    result = measure(sample, Line.relative(0.6), by="region")
    assert result.diagnostics["line"] == measure(sample, Line.relative(0.6)).diagnostics["line"]
    own = measure(sample, Line.relative(0.6, by="region"), by="region")
    assert own.diagnostics["line[region=east]"] != own.diagnostics["line[region=west]"]
    alone = measure(sample[sample["region"] == "east"], Line.relative(0.6))
    assert own.diagnostics["line[region=east]"] == alone.diagnostics["line"]
    assert own.params["gap[region=east]"] == pytest.approx(alone.params["gap"], rel=1e-12)
    # East is a stratum with its own line, so that the other regions add nothing.
    assert own.std_errors["gap[region=east]"] == pytest.approx(alone.std_errors["gap"], rel=1e-9)


def test_groups_come_in_sorted_or_declared_order(sample):
    assert list(measure(sample, by="region", indices="gap").rows["region"]) == ["east", "north", "south", "west"]
    ordered = pd.Categorical(sample["region"], categories=["west", "north", "unused", "east", "south"])
    result = measure(sample.assign(part=ordered), by="part", indices="gap")
    assert list(result.rows["part"]) == ["west", "north", "east", "south"]
    assert from_json(to_json(result)).params.equals(result.params)


@pytest.mark.parametrize("by", [None, "region", ["female", "region"]])
@pytest.mark.parametrize("line", [yuan(70), Line.column("own_line"), Line.relative(0.6)])
@pytest.mark.parametrize("size", [None, "members"])
def test_both_engines_agree(sample, as_table, by, line, size):
    sample.loc[[3, 77, 400], "income"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="income 3"):
        frame = measure(sample, line, by=by, size=size)
    with pytest.warns(DroppedRowsWarning, match="income 3"):
        table = measure(as_table(sample), line, by=by, size=size)
    assert list(frame.keys) == list(table.keys)
    np.testing.assert_allclose(table.params, frame.params, rtol=1e-10)
    np.testing.assert_allclose(table.cov, frame.cov, rtol=1e-10, atol=1e-20)
    assert list(table.rows["n"]) == list(frame.rows["n"])
    assert (table.counts, table.notes, table.df_resid) == (frame.counts, frame.notes, frame.df_resid)


def test_engine_without_psu_loads_the_rows(sample, as_table):
    design = Design(weight="weight", stratum="region")
    pd.testing.assert_frame_equal(measure(as_table(sample), design=design).cov, measure(sample, design=design).cov)


def test_missing_values_are_counted_and_their_villages_stay(sample):
    sample.loc[sample["village"] == 7, "income"] = np.nan
    sample["sex"] = sample["female"].astype(float).where(sample.index != 500)
    sample["line"] = pd.Series(70.0, index=sample.index).where(sample.index != 600)
    with pytest.warns(DroppedRowsWarning, match="of 1200: income 20, line 1, sex 1"):
        result = measure(sample, Line.column("line"), by="sex")
    assert result.counts == {"rows": 1178, "psus": 60, "strata": 4}
    assert any("their PSUs stay in the design" in n for n in result.notes)


def test_a_group_without_welfare_is_left_out_by_name(sample, as_table):
    sample.loc[sample["region"] == "west", "income"] = np.nan
    for data in (sample, as_table(sample)):
        with pytest.warns(DroppedRowsWarning) as caught:
            result = measure(data, by="region")
        assert any("1 groups without income, left out: region=west" in str(w.message) for w in caught)
        assert list(result.rows["region"].unique()) == ["east", "north", "south"]
        assert {w.filename for w in caught} == {measure.__code__.co_filename}  # points at the caller


def test_a_group_with_one_psu_has_no_standard_error(sample):
    sample["alone"] = (sample["village"] == 1).astype(int)
    with pytest.warns(DesignWarning, match=r"3 estimates rest on a single PSU.*headcount\[alone=1\]"):
        result = measure(sample, by="alone")
    assert list(result.std_errors.isna()) == [False, True] * 3


def test_notes_say_what_was_done(sample):
    notes = " / ".join(measure(sample, Line.relative(0.6), size="members").notes)
    assert "income below the line of 60 % of the median" in notes
    assert "weights, strata (region), clusters (village)" in notes
    assert "multiplied by members" in notes
    assert "sampling error is included" in notes


def test_an_atom_at_the_median_is_reported():
    smooth = poverty(pd.DataFrame({"y": np.linspace(1, 40, 400)}), welfare="y", line=Line.relative(0.6))
    assert not any("exactly at the median" in n for n in smooth.notes)
    tied = pd.DataFrame({"y": [1.0] * 20 + [10.0] * 40 + list(np.linspace(11, 40, 40))})
    assert any(
        "40.0 % of the weight lies exactly at the median" in n
        for n in poverty(tied, welfare="y", line=Line.relative(0.6)).notes
    )
