"""Households linked over waves: splits, merges, numbers used again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_households import HOUSEHOLDS, PERSONS

import fanpin as fp
from fanpin.core.columns import canonical_columns
from fanpin.core.errors import DataError, DesignWarning, InputError, LinkWarning, UnknownNameError
from fanpin.panel.branches import column_rule

LEVEL = HOUSEHOLDS.assign(weight=HOUSEHOLDS["household_id"].map({"A": 2.0, "B": 2.0, "C": 1.0, "D": 3, "E": 3, "F": 5}))


def linked(splits="branch_weight", data=LEVEL, persons=PERSONS, **options):
    return fp.link_panel(data, persons=persons, splits=splits, **options)


def histories(panel):
    """panel_id -> the household and wave of each of its rows."""
    return {u: list(zip(g["household_id"], g["wave"], strict=True)) for u, g in panel.groupby("panel_id")}


def test_links_made_and_refused_are_listed_with_reasons():
    links = fp.panel_links(HOUSEHOLDS, persons=PERSONS)
    seen = links.set_index(["household_id", "wave", "from_household_id", "from_wave"])
    assert len(links) == 10
    assert seen.loc[("B", 2, "A", 1), ["status", "kind", "common_members", "members_before", "members"]].tolist() == [
        "made", "split", 2, 4, 2,
    ]  # fmt: skip
    assert seen.loc[("A", 2, "A", 1), ["kind", "common_members"]].tolist() == ["split", 1]
    assert seen.loc[("E", 2, "D", 1), ["status", "kind"]].tolist() == ["made", "renamed"]
    assert seen.loc[("C", 2, "C", 1), ["status", "reason", "basis", "common_members"]].tolist() == [
        "refused", "no common member", "household", 0,
    ]  # fmt: skip
    assert seen.loc[("E", 3, "F", 2), ["status", "reason", "common_members"]].tolist() == [
        "refused", "more members come from another household or wave", 1,
    ]  # fmt: skip
    assert (links["status"] == "made").sum() == 8


def test_every_branch_continues_the_history_with_its_share_of_the_weight():
    panel = linked()
    assert histories(panel) == {
        "A/A": [("A", 1), ("A", 2), ("A", 3)],
        "A/B": [("A", 1), ("B", 2), ("B", 3)],
        "C": [("C", 1)],
        "C@2": [("C", 2), ("C", 3)],
        "D": [("D", 1), ("E", 2), ("E", 3)],
        "F": [("F", 1), ("F", 2)],
    }
    # of A's members found again one is in A and two are in B; a4 is not found
    assert panel[panel["panel_id"] == "A/A"]["panel_weight"].tolist() == pytest.approx([2 / 3] * 3)
    assert panel[panel["panel_id"] == "A/B"]["panel_weight"].tolist() == pytest.approx([4 / 3] * 3)
    assert panel[panel["panel_id"] == "A/B"]["link"].tolist() == ["first", "branch", "same"]
    assert panel[panel["panel_id"] == "C@2"]["link"].tolist() == ["refused", "same"]
    assert panel.loc[panel["panel_id"].isin(["A/A", "A/B"]), "branches"].tolist() == [2, 1, 1, 2, 1, 1]


def test_branch_weights_keep_the_total_of_each_origin_at_every_wave():
    panel = linked()
    of_a = panel[panel["panel_id"].str.startswith("A/")].groupby("wave")["panel_weight"].sum()
    assert of_a.tolist() == pytest.approx([2.0, 2.0, 2.0])
    whole = panel.groupby("wave")["panel_weight"].sum()
    assert whole.tolist() == pytest.approx([11.0, 11.0, 6.0])  # F merged into E's unit at wave 3


def test_the_weight_divided_is_that_before_the_split_and_another_scale_is_said():
    with pytest.warns(DesignWarning, match="the mean weight differs between waves"):
        panel = linked(data=LEVEL.assign(weight=LEVEL["weight"].where(LEVEL["wave"] == 1, 10 * LEVEL["weight"])))
    assert panel[panel["panel_id"] == "A/B"]["panel_weight"].tolist() == pytest.approx([4 / 3] * 3)


def test_shares_multiply_over_successive_splits():
    data = pd.DataFrame(
        [("A", 1), ("A", 2), ("B", 2), ("B", 3), ("G", 3)], columns=["household_id", "wave"]
    ).assign(weight=12.0)  # fmt: skip
    people = [("1", "A", 1), ("2", "A", 1), ("3", "A", 1), ("1", "A", 2), ("2", "B", 2), ("3", "B", 2), ("2", "B", 3),
              ("3", "G", 3)]  # fmt: skip
    panel = linked(data=data, persons=pd.DataFrame(people, columns=["person_id", "household_id", "wave"]))
    assert panel.groupby("panel_id")["panel_weight"].first().round(9).to_dict() == {"A/A": 4, "A/B": 4, "A/G": 4}
    assert panel.groupby("wave")["panel_weight"].sum().round(9).tolist() == [12, 12, 8]  # A is not seen at wave 3
    assert panel[(panel["panel_id"] == "A/G")]["household_id"].tolist() == ["A", "B", "G"]


def test_the_largest_branch_inherits_and_the_others_start_anew():
    panel = linked("largest")
    assert histories(panel)["A"] == [("A", 1), ("B", 2), ("B", 3)]
    assert histories(panel)["A@2"] == [("A", 2), ("A", 3)]
    assert panel[panel["panel_id"] == "A@2"]["link"].tolist() == ["new_branch", "same"]
    assert len(panel) == len(HOUSEHOLDS)
    assert panel["panel_weight"].tolist() == panel["weight"].tolist()


def test_a_tie_goes_to_the_branch_of_the_earlier_head_then_to_the_smaller_number():
    data = pd.DataFrame([("A", 1), ("B", 2), ("C", 2)], columns=["household_id", "wave"])
    people = pd.DataFrame(
        [("1", "A", 1, "other"), ("2", "A", 1, "head"), ("1", "B", 2, "head"), ("2", "C", 2, "other")],
        columns=["person_id", "household_id", "wave", "relation"],
    )
    assert histories(linked("largest", data, people, weight=None))["A"] == [("A", 1), ("C", 2)]
    assert histories(linked("largest", data, people.drop(columns="relation"), weight=None))["A"] == [("A", 1), ("B", 2)]


def test_branches_put_together_follow_the_rule_of_each_column():
    data = LEVEL.assign(has_children=[0, 0, 1, 0, 1, *[0] * 8], region=["r1", "r1", "r2", "r1", "r2", *["r3"] * 8])
    panel = linked("base_household", data)
    both = panel[(panel["panel_id"] == "A") & (panel["wave"] == 3)].iloc[0]
    assert (both["income_total"], both["household_size"], both["branches"]) == (120, 5, 2)
    assert both["income_pc"] == pytest.approx(120 / 5)
    assert (both["has_children"], both["household_id"], both["region"]) == (1, "B", "r2")  # B holds most of A's members
    assert both["panel_weight"] == 2
    assert not panel.duplicated(["panel_id", "wave"]).any()
    assert panel["income_total"].sum() == data["income_total"].sum()
    assert panel["branches"].sum() == len(data)


def test_weights_of_branches_are_averaged_over_the_members_of_the_origin():
    with_others = linked("base_household", HOUSEHOLDS)
    both = with_others[(with_others["panel_id"] == "A") & (with_others["wave"] == 2)].iloc[0]
    assert both["panel_weight"] == both["weight"] == pytest.approx((1 * 2 + 2 * 9) / 3)


def test_money_that_one_branch_does_not_report_is_missing_with_its_reason():
    data = LEVEL.assign(income_total__missing=None).astype({"income_total__missing": "str"})
    hit = (data["household_id"] == "B") & (data["wave"] == 2)
    data.loc[hit, ["income_total", "income_total__missing"]] = [np.nan, "refused"]
    panel = linked("base_household", data)
    both = panel[(panel["panel_id"] == "A") & (panel["wave"] == 2)].iloc[0]
    assert np.isnan(both["income_total"])
    assert both["income_total__missing"] == "refused"


def test_columns_without_a_rule_are_refused_by_name_and_can_be_given_one():
    data = LEVEL.assign(pigs=1.0)
    with pytest.raises(InputError, match="column 'pigs' has no rule"):
        linked("base_household", data)
    panel = linked("base_household", data, rules={"pigs": "sum"})
    assert panel["pigs"].sum() == len(data)
    with pytest.raises(UnknownNameError, match=r"rules\['pigs'\]"):
        linked("base_household", data, rules={"pigs": "total"})
    with pytest.raises(InputError, match="rules are for splits='base_household'"):
        linked("largest", data, rules={"pigs": "sum"})


def test_every_canonical_money_column_is_added_up_or_averaged():
    for column in canonical_columns().values():
        if column.unit == "currency/year":
            assert column_rule(column) == "sum", column.name
        if column.unit == "currency/year and person":
            assert column_rule(column) == "mean", column.name


def test_without_persons_numbers_and_origins_link():
    origin = HOUSEHOLDS["household_id"].replace({"B": "A", "E": "D"})
    data = LEVEL.assign(origin_household_id=origin)
    panel = linked(data=data, persons=None)
    assert histories(panel)["A/B"] == [("A", 1), ("B", 2), ("B", 3)]
    assert histories(panel)["C"] == [("C", 1), ("C", 2), ("C", 3)]  # nobody can tell
    assert histories(panel)["D"] == [("D", 1), ("E", 2), ("E", 3)]
    assert panel[panel["panel_id"] == "A/B"]["branch_share"].tolist() == pytest.approx([0.5] * 3)  # by household size
    assert set(fp.panel_links(data)["basis"]) == {"household", "origin"}
    assert histories(linked("largest", data, None))["A"] == [("A", 1), ("A", 2), ("A", 3)]  # keeps the number


def test_branches_of_an_origin_never_observed_are_one_base_household():
    data = pd.DataFrame({"household_id": ["A", "B", "B"], "wave": [1, 1, 2], "origin_household_id": "O", "weight": 1.0})
    assert histories(linked("base_household", data, None)) == {"O": [("A", 1), ("B", 2)]}
    beside = data.assign(
        household_id=["A", "B", "B"], origin_household_id=[None, "A", "A"]
    )  # A and B are first seen together
    assert histories(linked("base_household", beside, None)) == {"A": [("A", 1), ("B", 2)]}


def test_persons_refute_an_origin():
    data = LEVEL.assign(origin_household_id=HOUSEHOLDS["household_id"].replace({"F": "D"}))
    data.loc[(data["household_id"] == "F") & (data["wave"] == 1), "wave"] = 0
    people = PERSONS.copy()
    people.loc[(people["household_id"] == "F") & (people["wave"] == 1), "wave"] = 0
    links = fp.panel_links(data.assign(origin_household_id="D"), persons=people)
    refused = links[links["basis"] == "origin"]
    assert set(refused["household_id"]) == {"C"}
    assert set(refused["reason"]) == {"no common member"}


def test_a_household_not_interviewed_stays_in_its_unit_and_links_nothing():
    data = LEVEL[LEVEL["household_id"].isin(["A", "B", "C", "F"])].assign(interviewed=1.0)
    silent = pd.DataFrame({"household_id": ["F", "A", "Z"], "wave": [3, 4, 2], "interviewed": 0.0})
    people = PERSONS[~PERSONS["household_id"].isin(["D", "E"])]
    for splits in ("branch_weight", "largest", "base_household"):
        panel = linked(splits, pd.concat([data, silent]), people)
        assert histories(panel)["F"] == [("F", 1), ("F", 2), ("F", 3)]
        assert histories(panel)["Z"] == [("Z", 2)]
        assert (panel["link"] == "not_interviewed").sum() == 3
        assert not panel.duplicated(["panel_id", "wave"]).any()
        assert panel.loc[panel["link"] == "not_interviewed", "panel_weight"].isna().all()


@pytest.mark.parametrize("splits", ["branch_weight", "largest", "base_household"])
def test_neither_the_order_of_rows_nor_a_list_of_waves_matters(splits):
    whole = linked(splits)
    rng = np.random.default_rng(1)
    shuffled = linked(splits, LEVEL.sample(frac=1, random_state=rng), PERSONS.sample(frac=1, random_state=rng))
    pd.testing.assert_frame_equal(whole, shuffled)
    by_wave = [wave for _, wave in LEVEL.groupby("wave")]
    pd.testing.assert_frame_equal(whole, linked(splits, by_wave))


@pytest.mark.parametrize("seed", range(8))
def test_no_row_is_lost_and_totals_are_kept_in_random_families(seed):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"person_id": np.arange(60).astype(str), "household_id": rng.integers(0, 15, 60).astype(str)})
    waves = []
    for wave in range(5):
        waves.append(people.assign(wave=wave))
        moves = rng.random(60) < 0.15
        people = people.assign(
            household_id=np.where(moves, rng.integers(0, 25, 60).astype(str), people["household_id"])
        )
    persons = pd.concat(waves)
    data = persons[["household_id", "wave"]].drop_duplicates().assign(weight=1.0, income_total=1.0)
    for splits in ("branch_weight", "largest", "base_household"):
        panel = linked(splits, data, persons)
        assert not panel.duplicated(["panel_id", "wave"]).any()
        if splits == "branch_weight":
            rows = panel[["household_id", "wave"]].drop_duplicates()
            assert len(rows) == len(data)
            shares = panel.groupby(["household_id", "wave"])["branch_share"].sum()
            assert (shares <= 1 + 1e-9).all()
            first = panel[panel["link"].isin(["first", "refused"])]
            assert first["panel_weight"].sum() == pytest.approx(len(first[["household_id", "wave"]].drop_duplicates()))
        else:
            assert panel["branches"].sum() == len(data)


def test_persons_without_household_are_counted():
    lost = pd.DataFrame({"person_id": ["z"], "household_id": ["Z"], "wave": [2], "relation": ["head"]})
    with pytest.warns(LinkWarning, match="1 of 26 persons have no interviewed household"):
        linked(persons=pd.concat([PERSONS, lost]))


def test_a_number_whose_rosters_alternate_is_one_household():
    data = pd.DataFrame({"household_id": "A", "wave": [1, 2, 3, 4], "weight": 1.0})
    people = pd.DataFrame([("1", "A", 1), ("2", "A", 1), ("1", "A", 2), ("2", "A", 3), ("1", "A", 4)],
                          columns=["person_id", "household_id", "wave"])  # fmt: skip
    assert set(linked(data=data, persons=people)["panel_id"]) == {"A"}
    assert fp.panel_links(data, persons=people)["kind"].tolist() == ["same"] * 3
    strangers = people.assign(person_id=["1", "2", "x", "y", "1"])  # two families pass through before the first returns
    assert set(linked(data=data, persons=strangers)["panel_id"]) == {"A", "A@2", "A@3"}


def test_a_household_without_a_roster_cannot_be_checked():
    links = fp.panel_links(LEVEL, persons=PERSONS[~((PERSONS["household_id"] == "A") & (PERSONS["wave"] == 3))])
    said = links[(links["household_id"] == "A") & (links["wave"] == 3)]
    assert said["reason"].tolist() == ["no persons listed at one of the waves"]


BAD = [
    ({}, {"splits": "biggest"}, UnknownNameError, "value for splits= 'biggest'"),
    ({}, {"weights": "none"}, UnknownNameError, "value for weights= 'none'"),
    ({}, {"unit": "fid"}, UnknownNameError, "unknown column 'fid'"),
    ({}, {"origin": "fid10"}, UnknownNameError, "unknown column 'fid10'"),
    ({}, {"weight": "w"}, UnknownNameError, "unknown column 'w'"),
    ({}, {"weights": "staying"}, InputError, "needs covariates"),
    ({}, {"covariates": ["income_total"]}, InputError, "are for weights='staying'"),
    ({}, {"trim": 99}, InputError, "trim=99 is no quantile"),
    ({}, {"covariates": "income_total"}, InputError, "is one text"),
    ({"wave": 1}, {}, DataError, r"duplicate key \(household_id, wave\)"),
    ({"wave": 2010.5}, {}, DataError, "not a whole number"),
    ({"wave": "2010"}, {}, DataError, "not a whole number"),
    ({"household_id": None}, {}, DataError, "'household_id' is missing"),
    ({"weight": -1.0}, {}, DataError, "weight 'weight' is negative"),
    ({"weight": "1"}, {}, DataError, "'weight' is not numeric"),
    ({"household_id": range(13)}, {}, DataError, "in one table and"),
    ({"panel_id": 1}, {}, InputError, "has a name that the result needs"),
]


@pytest.mark.parametrize(("columns", "options", "error", "message"), BAD)
def test_bad_input_is_named(columns, options, error, message):
    with pytest.raises(error, match=message):
        linked(data=LEVEL.assign(**columns), **options)


def test_bad_persons_are_named():
    with pytest.raises(DataError, match=r"duplicate key \(person_id, wave\)"):
        linked(persons=pd.concat([PERSONS, PERSONS.iloc[:1]]))
    with pytest.raises(DataError, match="no persons at wave 3"):
        linked(persons=PERSONS[PERSONS["wave"] < 3])
    with pytest.raises(UnknownNameError, match="unknown column 'person_id'"):
        linked(persons=PERSONS.drop(columns="person_id"))
    with pytest.raises(InputError, match="data is no table"):
        fp.link_panel({"household_id": [1]})
    with pytest.raises(DataError, match="no rows"):
        linked(data=LEVEL.iloc[:0])


def test_rows_without_a_weight_are_kept_and_counted():
    data = LEVEL.assign(weight=LEVEL["weight"].where(LEVEL["household_id"] != "F"))
    with pytest.warns(LinkWarning, match="2 of 14 rows have no panel weight"):
        panel = linked(data=data)
    assert len(panel) == 14
