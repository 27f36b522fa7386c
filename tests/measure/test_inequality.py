"""Inequality by group: designs, replicates, domains, the engine, decompositions, and every bad input by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.measure import inequality, inequality_decomposition, poverty

DESIGN = Design(weight="weight", stratum="region", psu="village")
EVERY = ["gini", "theil_l", "theil_t", "ge:2", "ge:-0.5", "atkinson:0.5", "atkinson:1", "qsr", "palma"]
SMOOTH = EVERY[:-2]


def test_all_indices_with_their_joint_covariance(sample):
    found = inequality(sample, welfare="income", indices=EVERY, design=DESIGN, by="female")
    assert list(found.rows["term"]) == list(np.repeat(EVERY, 2))
    assert found.kind == "inequality"
    assert found.df_resid == 56
    assert (found.std_errors > 0).all()
    assert (np.linalg.eigvalsh(found.cov) > -1e-18).all()
    assert abs(found.cov.iloc[0, 1]) > 0  # women and men live in the same villages


def test_a_domain_keeps_the_design_of_the_whole_sample(sample):
    both = inequality(sample, welfare="income", design=DESIGN, by="female").select(female=1)
    alone = inequality(
        sample.assign(income=sample["income"].where(sample["female"] == 1)).dropna(), welfare="income", design=DESIGN
    )
    assert both.params.iloc[0] == pytest.approx(alone.params.iloc[0], rel=1e-13)
    with pytest.warns(DroppedRowsWarning, match="income 6"):
        kept = inequality(
            sample.assign(income=sample["income"].where(sample["female"] == 1)), welfare="income", design=DESIGN
        )
    assert both.std_errors.iloc[0] == pytest.approx(kept.std_errors.iloc[0], rel=1e-12)


def test_persons_are_counted_with_size(sample):
    by_size = inequality(sample, welfare="income", indices=EVERY, size="members")
    repeated = sample.loc[sample.index.repeat(sample["members"])]
    assert by_size.params.to_numpy() == pytest.approx(
        inequality(repeated, welfare="income", indices=EVERY).params.to_numpy()
    )
    assert by_size.rows["population"].iloc[0] == sample["members"].sum()


def test_an_ibis_table_gives_the_same(sample, as_table):
    ours = inequality(sample, welfare="income", indices=EVERY, design=DESIGN, by="region", size="members")
    theirs = inequality(as_table(sample), welfare="income", indices=EVERY, design=DESIGN, by="region", size="members")
    assert theirs.params.to_numpy() == pytest.approx(ours.params.to_numpy(), rel=1e-10)
    assert theirs.std_errors.to_numpy() == pytest.approx(ours.std_errors.to_numpy(), rel=1e-10)


def test_the_jackknife_comes_close_to_linearisation(sample):
    linear = inequality(sample, welfare="income", indices=SMOOTH, design=DESIGN)
    jackknife = inequality(sample, welfare="income", indices=SMOOTH, design=DESIGN.replicates("jkn"))
    assert jackknife.std_errors.to_numpy() == pytest.approx(linear.std_errors.to_numpy(), rel=0.03)
    parts = {"welfare": "income", "group": "female", "index": "gini"}
    linear = inequality_decomposition(sample, design=DESIGN, **parts)
    jackknife = inequality_decomposition(sample, design=DESIGN.replicates("jkn"), **parts)
    assert jackknife.std_errors["within"] == pytest.approx(linear.std_errors["within"], rel=0.05)


def test_the_bootstrap_comes_close_for_shares_and_the_jackknife_is_noted(sample):
    linear = inequality(sample, welfare="income", indices=["qsr", "palma"], design=DESIGN)
    bootstrap = inequality(
        sample, welfare="income", indices=["qsr", "palma"], design=DESIGN.replicates("bootstrap", n=400, seed=1)
    )
    assert bootstrap.std_errors.to_numpy() == pytest.approx(linear.std_errors.to_numpy(), rel=0.15)
    jackknife = inequality(sample, welfare="income", indices=["gini", "qsr"], design=DESIGN.replicates("jkn"))
    assert any("inconsistent for qsr:" in note for note in jackknife.notes)


def test_smoothed_boundaries_are_noted_where_they_are_used(sample):
    smoothed = inequality(sample, welfare="income", indices=["gini", "qsr"], design=DESIGN, bandwidth="convey")
    plain = inequality(sample, welfare="income", indices=["gini", "qsr"], design=DESIGN)
    assert smoothed.std_errors["gini"] == plain.std_errors["gini"]
    assert smoothed.std_errors["qsr"] == pytest.approx(plain.std_errors["qsr"], rel=0.1)
    assert smoothed.std_errors["qsr"] != plain.std_errors["qsr"]
    assert any(note.startswith("qsr: welfare at the boundaries") for note in smoothed.notes)
    assert not any("boundaries" in note for note in plain.notes)


def test_the_scale_of_weights_and_of_welfare_does_not_matter(sample):
    ours = inequality(sample, welfare="income", indices=EVERY, design=DESIGN)
    scaled = sample.assign(weight=sample["weight"] * 500, income=sample["income"] / 7)
    theirs = inequality(scaled, welfare="income", indices=EVERY, design=DESIGN)
    assert theirs.params.to_numpy() == pytest.approx(ours.params.to_numpy(), rel=1e-10)
    assert theirs.std_errors.to_numpy() == pytest.approx(ours.std_errors.to_numpy(), rel=1e-10)


# welfare out of range


def test_welfare_of_zero_is_refused_for_logarithms_and_counted(sample):
    sample.loc[[3, 9], "income"] = 0.0
    with pytest.raises(DataError, match=r"theil_l, atkinson:1 of 'income': not defined") as refused:
        inequality(sample, welfare="income", indices=["gini", "theil_l", "theil_t", "atkinson:1"])
    assert "2 of 1200 rows, first at position 3 (0.17 %" in str(refused.value)
    assert "data['income'].where(data['income'] > 0)" in str(refused.value)
    left = sample.assign(income=sample["income"].where(sample["income"] > 0))
    with pytest.warns(DroppedRowsWarning, match="income 2"):
        assert inequality(left, welfare="income", indices="theil_l", design=DESIGN).nobs == 1198


def test_negative_welfare_is_refused_for_entropy_and_noted_for_the_gini(sample):
    sample.loc[5, "income"] = -40.0
    for index in ("theil_t", "ge:2", "atkinson:0.5"):
        with pytest.raises(DataError, match="not defined where welfare is negative"):
            inequality(sample, welfare="income", indices=[index])
    with pytest.raises(DataError, match="not defined where welfare is negative"):
        inequality_decomposition(sample, welfare="income", group="region", index="theil_t")
    assert any("1 rows have negative income" in n for n in inequality(sample, welfare="income").notes)


def test_rows_outside_all_groups_are_not_refused(sample):
    sample["income"] = sample["income"].where(sample["region"] != "north", 0.0)
    sample["place"] = sample["region"].where(sample["region"] != "north")
    with pytest.warns(DroppedRowsWarning, match="place 300"):
        found = inequality(sample, welfare="income", indices="theil_l", by="place", design=DESIGN)
    assert list(found.rows["place"]) == ["east", "south", "west"]


def test_a_group_without_a_positive_mean_has_no_gini(sample):
    sample.loc[sample["region"] == "east", "income"] = -1.0
    found = inequality(sample, welfare="income", by="region")
    assert np.isnan(found.params["gini[region=east]"])
    assert found.params.notna().sum() == 3
    assert any("not defined: gini[region=east]" in n for n in found.notes)


# decompositions


@pytest.mark.parametrize("index", ["theil_l", "theil_t", "ge:2", "gini"])
def test_parts_add_up_with_their_covariance(sample, index):
    found = inequality_decomposition(sample, welfare="income", group="region", index=index, design=DESIGN)
    total = inequality(sample, welfare="income", indices=[index], design=DESIGN)
    pieces = [t for t in found.rows["term"] if t in ("between", "within", "overlap")]
    assert found.params["total"] == pytest.approx(total.params.iloc[0], rel=1e-12)
    assert found.std_errors["total"] == pytest.approx(total.std_errors.iloc[0], rel=1e-10)
    assert found.params[pieces].sum() == pytest.approx(found.params["total"], rel=1e-12)
    assert found.cov.loc[pieces, pieces].to_numpy().sum() == pytest.approx(found.std_errors["total"] ** 2, rel=1e-9)
    assert found.params["share_between"] == pytest.approx(found.params["between"] / found.params["total"], rel=1e-12)


def test_a_decomposition_in_each_domain(sample):
    found = inequality_decomposition(sample, welfare="income", group="region", by="female", design=DESIGN)
    women = sample[sample["female"] == 1]
    alone = inequality_decomposition(women, welfare="income", group="region", design=DESIGN)
    assert found.select(female=1).params.to_numpy() == pytest.approx(alone.params.to_numpy(), rel=1e-12)
    assert found.by == ("female",)


def test_rows_without_a_group_are_counted(sample):
    sample["place"] = sample["region"].where(sample.index > 6)
    with pytest.warns(DroppedRowsWarning, match="place 7"):
        assert inequality_decomposition(sample, welfare="income", group="place", design=DESIGN).nobs == 1193


# bad input


@pytest.mark.parametrize(
    ("asked", "error", "match"),
    [
        ({"welfare": "incom"}, UnknownNameError, "did you mean 'income'"),
        ({"welfare": None}, InputError, "names no column"),
        ({"indices": ["ginni"]}, UnknownNameError, "did you mean 'gini'"),
        ({"indices": ["theil"]}, UnknownNameError, "theil_t"),
        ({"indices": ["ge"]}, InputError, "does not say which one"),
        ({"indices": ["ge:two"]}, InputError, "a number after the colon"),
        ({"indices": ["ge:nan"]}, InputError, "a number after the colon"),
        ({"indices": ["atkinson:0"]}, InputError, "a positive number after the colon"),
        ({"indices": []}, InputError, "empty or repeated"),
        ({"indices": ["gini", "gini"]}, InputError, "empty or repeated"),
        ({"indices": 2}, InputError, "names no columns"),
        ({"bandwidth": "n"}, UnknownNameError, "one of convey"),
        ({"by": "regoin"}, UnknownNameError, "did you mean 'region'"),
        ({"by": ["region", "region"]}, InputError, "named twice"),
        ({"size": "persons"}, UnknownNameError, "unknown column"),
        ({"design": "village"}, InputError, "expected: a fanpin Design"),
        ({"design": Design(weight="wt")}, UnknownNameError, "did you mean 'weight'"),
        ({"welfare": "region"}, DataError, "is not numeric"),
    ],
)  # fmt: skip
def test_bad_requests(sample, asked, error, match):
    with pytest.raises(error, match=match):
        inequality(sample, **{"welfare": "income", **asked})


@pytest.mark.parametrize(
    ("asked", "error", "match"),
    [
        ({"index": "qsr"}, UnknownNameError, "unknown index 'qsr'"),
        ({"index": "ge:"}, InputError, "does not say which one"),
        ({"index": None}, InputError, "index=None"),
        ({"group": "regions"}, UnknownNameError, "did you mean 'region'"),
        ({"group": "region", "by": "region"}, InputError, "is also given as by="),
        ({"group": "income"}, InputError, "is also given as welfare="),
        ({"group": "one"}, DataError, "one value of 'one'"),
    ],
)
def test_bad_decompositions(sample, asked, error, match):
    with pytest.raises(error, match=match):
        inequality_decomposition(sample.assign(one=1), **{"welfare": "income", "group": "region", **asked})


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"income": np.inf}, "infinite"),
        ({"income": np.nan}, "no row is left"),
        ({"weight": 0.0}, "zero values"),
        ({"weight": -1.0}, "negative values"),
        ({"members": 0}, "zero values"),
    ],
)
def test_bad_columns(sample, change, match):
    with pytest.raises(DataError, match=match):
        inequality(sample.assign(**change), welfare="income", design=DESIGN, size="members")


def test_no_rows(sample):
    with pytest.raises(DataError, match="no rows"):
        inequality(sample.iloc[:0], welfare="income")
    with pytest.raises(InputError, match="data is no table"):
        inequality([1, 2], welfare="income")


# poverty indices beyond the powers of the gap


def test_an_estimated_line_counts_in_the_standard_error(sample):
    options = {"welfare": "income", "indices": ["watts", "sen_shorrocks_thon", "income_gap_ratio", "rmpg"]}
    estimated = poverty(sample, line=Line.relative(0.6), design=DESIGN, **options)
    taken = sample.assign(line=estimated.diagnostics["line"])
    known = poverty(taken, line=Line.column("line"), design=DESIGN, **options)
    bootstrap = poverty(
        sample, line=Line.relative(0.6), design=DESIGN.replicates("bootstrap", n=400, seed=3), **options
    )
    assert estimated.params.to_numpy() == pytest.approx(known.params.to_numpy(), rel=1e-12)
    smooth = ["watts", "sen_shorrocks_thon", "income_gap_ratio"]
    assert bootstrap.std_errors[smooth].to_numpy() == pytest.approx(estimated.std_errors[smooth].to_numpy(), rel=0.2)
    # a line taken as known is far off for the first two
    assert (known.std_errors[smooth[:2]] / bootstrap.std_errors[smooth[:2]] > 1.25).all()


def test_a_median_gap_without_a_density_says_what_to_do(sample):
    sample["income"] = sample["income"].where(sample["income"] > 80, -sample["income"])
    asked = {"welfare": "income", "line": Line.absolute(80, currency="CNY", year=2010), "indices": "rmpg"}
    with pytest.raises(DataError, match="density of welfare at the median of the poor"):
        poverty(sample, design=DESIGN, **asked)
    replicated = poverty(sample, design=DESIGN.replicates("bootstrap", n=50, seed=1), **asked)
    assert replicated.params["rmpg"] > 1  # the median of the poor is negative
    assert replicated.std_errors["rmpg"] > 0


def test_scale_of_money_does_not_matter_for_poverty(sample):
    options = {"indices": ["watts", "sen_shorrocks_thon", "income_gap_ratio", "rmpg"], "design": DESIGN}
    ours = poverty(sample, welfare="income", line=Line.relative(0.6), **options)
    theirs = poverty(
        pd.DataFrame(sample).assign(income=sample["income"] * 12), welfare="income", line=Line.relative(0.6), **options
    )
    assert theirs.params.to_numpy() == pytest.approx(ours.params.to_numpy(), rel=1e-10)
    assert theirs.std_errors.to_numpy() == pytest.approx(ours.std_errors.to_numpy(), rel=1e-8)
