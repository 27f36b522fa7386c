"""Conditional logit: R and published numbers, invariances, every problem of the data by name."""

from __future__ import annotations

import doctest
import sys

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fanpin.core.engine import quiet
from fanpin.core.errors import (
    DataError,
    DroppedRowsWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import average_effects, fixed_effects_logit, hazard

FORMULA = "relapse ~ x + trained + C(duration)"


@pytest.fixture
def panel() -> pd.DataFrame:
    """Simulated: 120 units, 5 periods, repeated events."""
    rng = np.random.default_rng(31)
    units, periods = 120, 5
    frame = pd.DataFrame({"id": np.repeat([f"h{i}" for i in range(units)], periods),
                          "duration": np.tile(np.arange(1, periods + 1), units)})  # fmt: skip
    own = np.repeat(rng.normal(size=units), periods)
    frame["x"] = rng.normal(size=len(frame)) + own
    frame["trained"] = rng.integers(0, 2, len(frame)).astype(bool)
    frame["village"] = np.repeat(np.arange(units) % 40, periods)
    frame["weight"] = np.repeat(rng.integers(1, 4, units), periods).astype(float)
    frame["female"] = np.repeat(rng.integers(0, 2, units), periods)
    frame["relapse"] = (own + 0.6 * frame["x"] - 0.5 * frame["trained"] + rng.logistic(size=len(frame)) > 0).astype(int)
    return frame


def _matches(result, expected):
    assert result.params.to_numpy() == pytest.approx(list(expected["coef"].values()), rel=1e-10)
    assert result.std_errors.to_numpy() == pytest.approx(expected["se"], rel=1e-10)
    assert result.loglik == pytest.approx(expected["loglik"], abs=1e-9)
    assert result.diagnostics["null_loglik"] == pytest.approx(expected["loglik0"], abs=1e-9)


def test_gsoep_equals_clogit(root, golden):
    expected = golden("f_clogit")["gsoep"]
    frame = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")
    # the golden's line counts incomes tied at 60 % of the median as they stand in the file
    frame["poor"] = frame["hhninc"] < 0.6 * frame.groupby("year")["hhninc"].transform("median")
    formula = "poor ~ kids + married + outwork + docvis + hospvis + C(year)"
    result = fixed_effects_logit(formula, frame, unit="id")
    _matches(result, expected)
    assert (result.nobs, result.counts["units"]) == (expected["rows"], expected["units"])
    assert result.counts["units_without_variation"] == expected["set_aside"]
    for cov, name in (("robust", "se_cluster_HC0"), ("cluster", "se_cluster_G_over_Gm1")):
        robust = fixed_effects_logit(formula, frame, unit="id", cov=cov)
        assert robust.std_errors.to_numpy() == pytest.approx(list(expected["cluster"][name].values()), rel=1e-10)
    assert robust.counts["clusters"] == expected["cluster"]["groups"]


@pytest.mark.shared
def test_teen_poverty_equals_clogit_and_the_printed_table(shared, golden):
    frame = pd.read_csv(shared / "data/public/teen_poverty/teen_poverty_long.csv.gz")
    formula = "pov ~ mother + spouse + inschool + hours + C(year)"
    result = fixed_effects_logit(formula, frame, unit="id")
    expected = golden("f_clogit")["teen_poverty"]
    _matches(result, expected)
    printed = golden("published/teen_poverty_fe_logit")
    for name, (estimate, std_error) in printed["coefficients"].items():
        assert round(result.params[name], 7) == estimate
        assert round(result.std_errors[name], 7) == std_error
    assert [round(result.params[f"C(year)[T.{t}]"], 7) for t in (2, 3, 4, 5)] == printed["years"]
    assert round(result.loglik, 4) == printed["loglik"]
    assert result.counts["units"] == printed["informative"]
    assert result.counts["units_without_variation"] == printed["units"] - printed["informative"]
    clustered = fixed_effects_logit(formula, frame, unit="id", cov="cluster")
    assert clustered.std_errors.to_numpy() == pytest.approx(
        list(expected["cluster"]["se_cluster_G_over_Gm1"].values()), rel=1e-10
    )


@pytest.mark.shared
def test_union_membership_equals_the_manual(shared, golden):
    frame = pd.read_csv(shared / "data/public/union/union.csv.gz")
    result = fixed_effects_logit("union ~ age + grade + not_smsa + south*year", frame, unit="idcode")
    printed = golden("published/union_fe_logit")
    assert (result.nobs, result.counts["units"]) == (printed["rows"], printed["units"])
    assert round(result.loglik, 3) == printed["loglik"]
    for name, (estimate, std_error) in printed["coefficients"].items():
        assert result.params[name] == pytest.approx(estimate, rel=1e-6)
        assert result.std_errors[name] == pytest.approx(std_error, rel=1e-6)


def test_twenty_periods_equal_clogit(golden):
    rng = np.random.default_rng(13)
    own = np.repeat(rng.normal(size=50_000), 5)
    x = np.round(rng.normal(size=(250_000, 6)) + 0.5 * own[:, None], 6)
    y = own - 0.5 + x @ [0.5, -0.5, 0.3, -0.3, 0.2, 0.0] + rng.logistic(size=250_000) > 0
    frame = pd.DataFrame(x[:20_000], columns=[f"x{j}" for j in range(1, 7)])
    frame["y"], frame["id"] = y[:20_000], np.repeat(np.arange(1000), 20)
    result = fixed_effects_logit("y ~ x1 + x2 + x3 + x4 + x5 + x6", frame, unit="id")
    _matches(result, golden("f_clogit")["simulated_20_periods"])


def test_order_of_rows_labels_of_units_and_scale_do_not_matter(panel):
    first = fixed_effects_logit(FORMULA, panel, unit="id", cov="cluster", cluster="village")
    moved = panel.sample(frac=1, random_state=1)
    moved["id"] = pd.factorize(moved["id"])[0] * 7.5  # ids that are not whole numbers
    moved["x"] = 100 * moved["x"] + 3
    second = fixed_effects_logit(FORMULA, moved, unit="id", cov="cluster", cluster="village")
    scale = np.where(first.params.index == "x", 100, 1)
    assert second.params.to_numpy() * scale == pytest.approx(first.params.to_numpy(), rel=1e-9)
    assert second.std_errors.to_numpy() * scale == pytest.approx(first.std_errors.to_numpy(), rel=1e-9)
    assert second.counts == first.counts


def test_integer_weights_equal_repeated_units(panel):
    weighted = fixed_effects_logit(FORMULA, panel, unit="id", weight="weight")
    copies = [panel[panel["weight"] > c].assign(id=panel["id"] + f"-{c}") for c in range(3)]
    repeated = pd.concat(copies, ignore_index=True).assign(source=lambda d: d["id"].str.split("-").str[0])
    plain = fixed_effects_logit(FORMULA, repeated, unit="id")
    assert weighted.params.to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-10)
    assert weighted.std_errors.to_numpy() == pytest.approx(plain.std_errors.to_numpy(), rel=1e-10)
    assert weighted.loglik == pytest.approx(plain.loglik, rel=1e-12)
    sandwich = fixed_effects_logit(FORMULA, panel, unit="id", weight="weight", cov="cluster")
    kept = fixed_effects_logit(FORMULA, repeated, unit="id", cov="cluster", cluster="source")
    assert sandwich.std_errors.to_numpy() == pytest.approx(kept.std_errors.to_numpy(), rel=1e-10)
    with pytest.raises(InapplicableError, match="pseudo-likelihood"):
        weighted.lr_test(fixed_effects_logit("relapse ~ x", panel, unit="id", weight="weight"))


def test_it_recovers_what_a_pooled_logit_misses():
    rng = np.random.default_rng(91)
    own = np.repeat(rng.normal(size=2000), 4)
    frame = pd.DataFrame({"id": np.repeat(np.arange(2000), 4), "x": rng.normal(size=8000) + own})
    frame["relapse"] = own + 0.7 * frame["x"] + rng.logistic(size=8000) > 0
    result = fixed_effects_logit("relapse ~ x", frame, unit="id")
    assert abs(result.params["x"] - 0.7) < 3 * result.std_errors["x"] < 0.15
    assert hazard("relapse ~ x", frame, link="logit", unit="id").params["x"] > 1.0


def test_informative_sampling_needs_the_weights():
    rng = np.random.default_rng(92)
    # two kinds of households with effects 0.2 and 1.2, the second sampled four times as often
    kind = rng.random(4000) < 0.8
    frame = pd.DataFrame({"id": np.repeat(np.arange(4000), 4), "x": rng.normal(size=16_000)})
    slope, own = np.repeat(np.where(kind, 1.2, 0.2), 4), np.repeat(rng.normal(size=4000), 4)
    frame["w"] = np.repeat(np.where(kind, 1.0, 4.0), 4)
    frame["relapse"] = own + slope * frame["x"] + rng.logistic(size=16_000) > 0
    # what the model gives for half the households of each kind, from a sample that is in proportion
    order = frame["id"].map(lambda i: kind[i]).to_numpy()
    few = np.flatnonzero(kind)[: int((~kind).sum())]
    even = frame[~order | frame["id"].isin(few).to_numpy()]
    truth = fixed_effects_logit("relapse ~ x", even, unit="id").params["x"]
    weighted = fixed_effects_logit("relapse ~ x", frame, unit="id", weight="w", cov="robust")
    plain = fixed_effects_logit("relapse ~ x", frame, unit="id")
    assert abs(weighted.params["x"] - truth) < 3 * weighted.std_errors["x"]
    assert abs(plain.params["x"] - truth) > 5 * plain.std_errors["x"]


def test_tables_of_an_engine(panel):
    with quiet():
        table = ibis.duckdb.connect().create_table("d", pa.Table.from_pandas(panel, preserve_index=False))
    ours, theirs = (fixed_effects_logit(FORMULA, data, unit="id", cov="cluster") for data in (panel, table))
    assert theirs.params.to_numpy() == pytest.approx(ours.params.to_numpy(), rel=1e-10)
    assert theirs.std_errors.to_numpy() == pytest.approx(ours.std_errors.to_numpy(), rel=1e-10)


def test_units_without_variation_are_counted_and_do_not_matter(panel):
    result = fixed_effects_logit(FORMULA, panel, unit="id")
    total = panel.groupby("id")["relapse"].agg(["sum", "size"])
    idle = (total["sum"] == 0) | (total["sum"] == total["size"])
    assert result.counts["units_without_variation"] == idle.sum() > 0
    assert result.counts["rows_without_variation"] == total.loc[idle, "size"].sum()
    assert any("an outcome that does not vary" in note for note in result.notes)
    single = pd.concat([panel, panel.iloc[[0]].assign(id="alone")])  # a unit with one row
    more = fixed_effects_logit(FORMULA, single, unit="id")
    assert more.params.to_numpy() == pytest.approx(result.params.to_numpy(), rel=1e-12)
    assert more.counts["units_without_variation"] == idle.sum() + 1


def test_missing_values_are_counted_by_variable(panel):
    frame = panel.assign(x=panel["x"].where(panel.index % 10 != 0))
    with pytest.warns(DroppedRowsWarning, match="60 of 600 rows left out because of missing values: x 60"):
        result = fixed_effects_logit(FORMULA, frame, unit="id")
    again = fixed_effects_logit(FORMULA, frame.dropna(), unit="id")
    assert again.params.to_numpy() == pytest.approx(result.params.to_numpy(), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "formula", "options", "error", "words"),
    [
        ({}, "relapse ~ x + female", {}, EstimationError, "female does not vary within units"),
        ({}, "relapse ~ x + I(2 * x)", {}, EstimationError, "is a combination of others"),
        ({}, "relapse ~ 1", {}, InputError, "only a constant"),
        ({}, "relapse ~ y", {}, UnknownNameError, "unknown column 'y'"),
        ({}, "relapse ~ __import__('os').system('x')", {}, InputError, "formula"),
        ({}, "relapse ~ x + C(id)", {}, EstimationError, "does not vary|do not vary"),
        ({"relapse": 0}, FORMULA, {}, EstimationError, "varies in none of 120 units"),
        ({"relapse": 1}, FORMULA, {}, EstimationError, "varies in none of 120 units"),
        ({"relapse": 2}, FORMULA, {}, DataError, "is not 0/1"),
        ({"x": np.inf}, FORMULA, {}, DataError, "infinite values"),
        ({"id": None}, FORMULA, {}, DataError, "'id' has missing values"),
        ({}, FORMULA, {"weight": "x"}, DataError, "negative values"),
        ({"weight": 0.0}, FORMULA, {"weight": "weight"}, DataError, "zero values"),
        ({"weight": np.arange(1.0, 601.0)}, FORMULA, {"weight": "weight"}, DataError, "varies within"),
        ({}, FORMULA, {"cov": "cluster", "cluster": "duration"}, DataError, "the cluster 'duration' varies within"),
        ({}, FORMULA, {"cluster": "village"}, InputError, "needs cov='cluster'"),
        ({}, FORMULA, {"cov": "cr2"}, UnknownNameError, "value for cov="),
        ({}, FORMULA, {"unit": "household"}, UnknownNameError, "unknown column 'household'"),
        ({}, FORMULA, {"unit": None}, InputError, "names no column"),
    ],
)
def test_problems_are_named(panel, change, formula, options, error, words):
    with pytest.raises(error, match=words):
        fixed_effects_logit(formula, panel.assign(**change), **{"unit": "id", **options})


def test_separation_is_named(panel):
    alone = panel.assign(known=panel["relapse"] + 0.1 * np.arange(len(panel)) % 0.3)
    with pytest.raises(EstimationError, match="known separates the outcomes of relapse within units"):
        fixed_effects_logit("relapse ~ x + known", alone, unit="id")
    never = panel.assign(relapse=panel["relapse"].where(panel["duration"] != 5, 0))
    with pytest.raises(EstimationError, match=r"C\(duration\)\[T.5\] separates the outcomes"):
        fixed_effects_logit(FORMULA, never, unit="id")
    rng = np.random.default_rng(2)
    noise = rng.normal(size=len(panel))
    together = panel.assign(a=panel["relapse"] + noise, b=noise)
    with pytest.raises(EstimationError, match="a combination of columns separates") as caught:
        fixed_effects_logit("relapse ~ x + a + b", together, unit="id")
    assert "a, b" in str(caught.value) or "b, a" in str(caught.value)


def test_there_are_no_marginal_effects(panel):
    with pytest.raises(InapplicableError, match="no marginal effects"):
        average_effects(fixed_effects_logit(FORMULA, panel, unit="id"))


def test_the_example():
    outcome = doctest.testmod(sys.modules["fanpin.models.fixed_effects_logit"])
    assert (outcome.failed, outcome.attempted) == (0, 4)
