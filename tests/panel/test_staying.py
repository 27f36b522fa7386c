"""Staying weights, states and tests of attrition, on panels whose law of leaving is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import fanpin as fp
from fanpin.core.errors import DataError, EstimationError, InputError, LinkWarning, UnknownNameError

STEP = 0.9  # how fast the poor (x = 1) leave


def leaving_panel(n=20_000, waves=3, seed=3, loading=STEP):
    """Units leave by a logit of x only, which also lowers the outcome: (everyone's rows, the rows observed)."""
    rng = np.random.default_rng(seed)
    x = rng.binomial(1, 0.4, n).astype(float)
    rows, there = [], np.ones(n, dtype=bool)
    for wave in range(waves):
        y = 10 - 2 * x + 0.5 * wave + rng.normal(size=n)
        rows.append(pd.DataFrame({"panel_id": np.arange(n), "wave": wave, "x": x, "y": y, "there": there}))
        there = there & (rng.random(n) < 1 / (1 + np.exp(-(1.2 - loading * x))))
    whole = pd.concat(rows, ignore_index=True)
    return whole, whole[whole["there"]].reset_index(drop=True)


def mean(rows, weight=None):
    return np.average(rows["y"], weights=None if weight is None else rows[weight])


def test_weights_recover_the_mean_that_leavers_would_have_given():
    whole, seen = leaving_panel()
    weighted = fp.staying_weights(seen, covariates=["x"], trim=None)
    for wave in (1, 2):
        truth = mean(whole[whole["wave"] == wave])
        last = weighted[weighted["wave"] == wave]
        assert abs(mean(last) - truth) > 0.1
        assert mean(last, "staying_weight") == pytest.approx(truth, abs=0.03)
        assert last["staying_weight"].sum() == pytest.approx(20_000, rel=0.01)


def test_stabilised_weights_keep_their_mean_and_the_estimate():
    _, seen = leaving_panel(n=5_000)
    plain = fp.staying_weights(seen, covariates=["x"], trim=None)
    stable = fp.staying_weights(seen, covariates=["x"], trim=None, stabilised=True)
    assert stable["staying_weight"].std() < plain["staying_weight"].std()
    for wave in (0, 1, 2):
        rows = plain["wave"] == wave
        assert mean(stable[rows], "staying_weight") == pytest.approx(mean(plain[rows], "staying_weight"))
        assert stable.loc[rows, "staying_weight"].mean() == pytest.approx(1, abs=0.02)


def test_probabilities_are_those_of_a_weighted_pooled_logit():
    _, seen = leaving_panel(n=2_000)
    base = pd.Series(np.random.default_rng(0).uniform(0.5, 2, 2_000))
    seen = seen.assign(w=seen["panel_id"].map(base))
    found = fp.staying_weights(seen, covariates=["x"], weight="w")
    asked = found[found["wave"] < 2]
    design = np.column_stack([asked["wave"] == 0, asked["wave"] == 1, asked["x"]]).astype(float)
    fit = sm.GLM((asked["state"] == "interviewed").astype(float), design, family=sm.families.Binomial(),
                 var_weights=asked["w"]).fit(tol=1e-14)  # fmt: skip
    np.testing.assert_allclose(asked["p_stay"], fit.fittedvalues, rtol=1e-8)


def test_weights_are_products_by_hand_where_the_model_is_saturated():
    # of ten with x = 1 half stay, of ten with x = 0 eight stay: weights 2 and 1.25
    first = pd.DataFrame({"panel_id": range(20), "wave": 1, "x": [1.0] * 10 + [0.0] * 10})
    second = first.iloc[[0, 1, 2, 3, 4, *range(10, 18)]].assign(wave=2)
    found = fp.staying_weights(pd.concat([first, second]), covariates=["x"], trim=None)
    last = found[found["wave"] == 2]
    np.testing.assert_allclose(last["staying_weight"], np.where(last["x"] == 1, 2.0, 1.25))
    assert last["staying_weight"].sum() == pytest.approx(20)
    cut = fp.staying_weights(pd.concat([first, second]), covariates=["x"], trim=0.5)
    assert cut.loc[cut["wave"] == 2, "staying_weight"].max() == 1.25  # the median factor


def test_the_dead_and_the_unfollowed_are_no_leavers():
    panel = pd.DataFrame({"panel_id": range(8), "wave": 1, "interviewed": 1, "x": [0.0, 1] * 4, "left_reason": None})
    later = panel.assign(wave=2, interviewed=[1, 1, 1, 1, 0, 0, 0, 0])
    later["left_reason"] = [None] * 4 + ["died", "refused", "not_followed", None]
    both = pd.concat([panel, later]).astype({"left_reason": "str"})
    states = fp.attrition_states(both).iloc[0]
    assert states[["interviewed", "attrition", "died", "not_followed", "merged"]].tolist() == [4, 2, 1, 1, 0]
    assert states["retention"] == pytest.approx(4 / 6)
    found = fp.staying_weights(both, covariates=["x"], trim=None)
    assert found["p_stay"].notna().sum() == 6
    both.loc[both["left_reason"] == "died", "left_reason"] = "dead"
    with pytest.raises(UnknownNameError, match="did you mean 'died'"):
        fp.attrition_states(both)


def test_after_a_wave_missed_there_is_no_weight():
    panel = pd.DataFrame({"panel_id": [1, 1, *[2] * 3, *[3] * 3, 4], "wave": [1, 3, 1, 2, 3, 1, 2, 3, 1], "x": 0.0})
    panel["x"] = panel["panel_id"].isin([1, 2]).astype(float)
    found = fp.staying_weights(panel, covariates=["x"], trim=None)
    returned = found[(found["panel_id"] == 1) & (found["wave"] == 3)].iloc[0]
    assert np.isnan(returned["staying_weight"])
    assert found.loc[(found["panel_id"] == 1) & (found["wave"] == 1), "state"].tolist() == ["attrition"]


def test_link_panel_gives_the_same_weights():
    _, seen = leaving_panel(n=1_000)
    data = seen.rename(columns={"panel_id": "household_id"}).assign(weight=2.0)
    panel = fp.link_panel(data, splits="largest", weights="staying", covariates=["x"], trim=0.95)
    direct = fp.staying_weights(seen, covariates=["x"], trim=0.95)
    key = panel.assign(n=panel["panel_id"].astype(int)).sort_values(["n", "wave"])
    np.testing.assert_allclose(key["panel_weight"], 2 * direct["staying_weight"])


def test_members_found_in_another_household_have_merged_not_left():
    households = pd.DataFrame(
        [(h, w) for h in "ABCDEF" for w in (1, 2) if not (w == 2 and h in "BF")], columns=["household_id", "wave"]
    ).assign(weight=1.0, x=[0.0, 0, 1, 0, 0, 1, 1, 0, 0, 1])  # fmt: skip
    people = [
        (f"{h}{i}", h, w) for h, w in zip(households["household_id"], households["wave"], strict=True) for i in (1, 2)
    ]
    people += [("B1", "A", 2), ("F3", "F", 1), ("F4", "F", 1), ("F1", "D", 2)]  # one of F's four has married into D
    persons = pd.DataFrame(people, columns=["person_id", "household_id", "wave"])
    panel = fp.link_panel(households, persons=persons, weights="staying", covariates=["x"], trim=None)
    # once B has merged, F is the only leaver, and only households with x = 1 leave
    assert panel.loc[panel["ended"] == "merged", ["panel_id", "wave"]].to_numpy().tolist() == [["B", 1]]
    assert fp.attrition_states(panel).iloc[0][["attrition", "merged"]].tolist() == [1, 1]
    weight = panel[panel["wave"] == 2].set_index("panel_id")["panel_weight"]
    asked = households[(households["wave"] == 1) & (households["household_id"] != "B")].set_index("household_id")["x"]
    share = 1 - 1 / asked.sum()
    assert weight[asked[asked == 1].index.drop("F")].to_numpy() == pytest.approx(1 / share, rel=1e-3)


def test_extreme_weights_are_summarised():
    panel = pd.DataFrame({"wave": [1, 1, 1, 2], "panel_weight": [1.0, 1, 4, np.nan]})
    one, two = fp.weight_summary(panel).to_dict("records")
    assert (one["rows"], one["total"], one["maximum"], one["ratio"]) == (3, 6, 4, 4)
    assert one["largest_share"] == pytest.approx(4 / 6)
    assert one["kish"] == pytest.approx(3 * (1 + 1 + 16) / 6**2)
    assert two["missing"] == 1


def test_selection_on_the_outcome_is_found_and_its_absence_is_not():
    _, seen = leaving_panel(n=6_000)
    table = fp.attrition(seen.assign(z=np.random.default_rng(1).normal(size=len(seen))), outcome="y", covariates=["z"])
    found = table.set_index(["test", "term"])
    assert found.loc[("BGLW", "left"), "estimate"] < -0.3
    assert found.loc[("BGLW", "left and its products"), "p_value"] < 1e-8
    assert found.loc[("BGLW", "products of left"), "df"] == 1
    assert found.loc[("FGM", "outcome"), "p_value"] < 1e-8
    given_x = fp.attrition(seen, outcome="y", covariates=["x"]).set_index(["test", "term"])
    assert given_x.loc[("FGM", "outcome"), "p_value"] > 0.01
    assert given_x.loc[("BGLW", "left"), "p_value"] > 0.01


def test_the_size_of_the_tests_is_nominal_without_selection():
    rejected = {"FGM": 0, "BGLW": 0}
    for seed in range(100):
        _, seen = leaving_panel(n=400, waves=2, seed=seed, loading=0.0)
        table = fp.attrition(seen, outcome="y", covariates=["x"]).set_index(["test", "term"])
        rejected["FGM"] += table.loc[("FGM", "outcome"), "p_value"] < 0.05
        rejected["BGLW"] += table.loc[("BGLW", "left and its products"), "p_value"] < 0.05
    assert all(count <= 5 + 3 * np.sqrt(100 * 0.05 * 0.95) for count in rejected.values()), rejected


def test_the_probit_of_leaving_is_statsmodels_with_clusters():
    _, seen = leaving_panel(n=800)
    table = fp.attrition(seen, outcome="y", covariates=["x"])
    rows = fp.staying_weights(seen, covariates=["x"])
    rows = rows[rows["p_stay"].notna()]
    design = np.column_stack([rows["y"], rows["x"], rows["wave"] == 0, rows["wave"] == 1]).astype(float)
    fit = sm.Probit((rows["state"] == "attrition").astype(float), design).fit(disp=0, cov_type="cluster",
                    cov_kwds={"groups": rows["panel_id"]}, maxiter=100, tol=1e-12)  # fmt: skip
    row = table[(table["test"] == "FGM") & (table["term"] == "outcome")].iloc[0]
    assert row["estimate"] == pytest.approx(fit.params.iloc[0], rel=1e-6)
    assert row["std_error"] == pytest.approx(fit.bse.iloc[0], rel=5e-3)  # expected against observed information


def test_the_first_wave_regression_is_the_interacted_one():
    _, seen = leaving_panel(n=800)
    table = fp.attrition(seen, outcome="y", covariates=["x"])
    first = seen[seen["wave"] == 0]
    left = ~first["panel_id"].isin(seen.loc[seen["wave"] == 2, "panel_id"])
    x, a = first["x"] - first["x"].mean(), left.astype(float)
    fit = sm.OLS(first["y"], np.column_stack([np.ones(len(x)), x, a, a * x])).fit(cov_type="HC1", use_t=True)
    row = table[table["term"] == "left"].iloc[0]
    assert (row["estimate"], row["std_error"]) == pytest.approx((fit.params.iloc[2], fit.bse.iloc[2]))
    joint = fit.f_test(np.eye(4)[2:])
    assert table.loc[table["term"] == "left and its products", "statistic"].iloc[0] == pytest.approx(
        float(joint.statistic)
    )


def test_bad_input_is_named():
    _, seen = leaving_panel(n=300)
    with pytest.raises(DataError, match="nobody leaves"):
        fp.staying_weights(seen[seen["panel_id"].isin(seen.loc[seen["wave"] == 2, "panel_id"])], covariates=["x"])
    with pytest.raises(DataError, match="covariate 'x' is missing"):
        fp.staying_weights(seen.assign(x=seen["x"].where(seen.index != 3)), covariates=["x"])
    with pytest.raises(EstimationError, match="collinear"):
        fp.staying_weights(seen.assign(x2=2 * seen["x"]), covariates=["x", "x2"])
    stays = seen.groupby("panel_id")["wave"].transform("max") > seen["wave"]
    with pytest.raises(EstimationError, match="separate"):
        fp.staying_weights(seen.assign(s=stays.astype(float)), covariates=["s"])
    with pytest.raises(DataError, match="base weight must be positive"):
        fp.staying_weights(seen.assign(w=0.0), covariates=["x"], weight="w")
    with pytest.raises(InputError, match="no quantile"):
        fp.staying_weights(seen, covariates=["x"], trim=1.0)
    with pytest.raises(InputError, match="name that the result needs"):
        fp.staying_weights(seen.assign(state=1), covariates=["x"])
    with pytest.raises(UnknownNameError, match="unknown column 'z'"):
        fp.attrition(seen, outcome="y", covariates=["z"])
    with pytest.raises(DataError, match="weight 'w' must be positive"):
        fp.attrition(seen.assign(w=-1.0), outcome="y", covariates=["x"], weight="w")
    with pytest.raises(DataError, match="'y' is not numeric"):
        fp.attrition(seen.assign(y="high"), outcome="y", covariates=["x"])
    with pytest.raises(DataError, match="nobody leaves"):
        fp.attrition(seen[seen["wave"] == 0], outcome="y", covariates=["x"])


def test_rows_without_weight_after_a_gap_are_counted():
    data = pd.DataFrame({"household_id": list("AABBBCCCD"), "wave": [1, 3, 1, 2, 3, 1, 2, 3, 1], "weight": 1.0})
    data["x"] = data["household_id"].isin(["A", "B"]).astype(float)
    with pytest.warns(LinkWarning, match="1 of 9 rows have no panel weight"):
        fp.link_panel(data, splits="largest", weights="staying", covariates=["x"], trim=None)
