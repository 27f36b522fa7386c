"""Linear panel models: R's plm and fixest, published numbers, dummies by hand, designs, problems by name."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import wage_panel

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DesignWarning,
    DroppedRowsWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import linear_panel
from fanpin.results import from_json, to_json

WAGES = "lwage ~ expersq + married + union + hours"
POVERTY = "poor ~ kids + married + outwork + docvis + hospvis"
# linearmodels ships the wages in single precision: seven digits
SHIPPED = 3e-6


def _values(block):
    return np.array(list(block.values()))


@pytest.fixture(scope="module")
def wages() -> pd.DataFrame:
    return wage_panel.load()


@pytest.fixture(scope="module")
def gsoep(root) -> pd.DataFrame:
    frame = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")
    return frame.assign(poor=frame["hhninc"] < 0.6 * frame.groupby("year")["hhninc"].transform("median"))


@pytest.mark.parametrize(
    ("name", "effects"),
    [("fe_oneway", ("unit",)), ("fe_twoway", ("unit", "time")), ("pooled", "pooled"), ("between", "between")],
)
def test_wages_equal_plm(wages, golden, name, effects):
    known = golden("g_linear")["wages"][name]
    classic = linear_panel(WAGES, wages, unit="nr", time="year", effects=effects, cov="classic")
    assert classic.params.to_numpy() == pytest.approx(_values(known["coef"]), rel=SHIPPED)
    assert classic.std_errors.to_numpy() == pytest.approx(_values(known["se"]), rel=1e-7)
    assert classic.df_resid == known["df_resid"]
    if "HC0" in known:
        clustered = linear_panel(WAGES, wages, unit="nr", time="year", effects=effects)
        expected = _values(known["HC0"]) * np.sqrt(545 / 544)
        assert clustered.std_errors.to_numpy() == pytest.approx(expected, rel=1e-6)
        assert (clustered.counts["clusters"], clustered.df_resid) == (545, None)


def test_robust_errors_and_fixest(wages, golden):
    known = golden("g_linear")
    robust = linear_panel(WAGES, wages, unit="nr", time="year", effects="unit", cov="robust")
    assert robust.std_errors.to_numpy() == pytest.approx(_values(known["wages"]["fe_oneway"]["white1"]), rel=1e-6)
    assert any("inconsistent for more than two waves" in note for note in robust.notes)
    twoway = linear_panel(WAGES, wages, unit="nr", time="year")
    expected = _values(known["fixest_twoway_noadj"]) * np.sqrt(545 / 544)
    assert twoway.std_errors.to_numpy() == pytest.approx(expected, rel=1e-6)


def test_random_effects_equal_swamy_and_arora(wages, golden):
    known = golden("g_linear")["wages"]["re_swamy_arora"]
    formula = f"{WAGES} + educ + black + hisp + exper"
    result = linear_panel(formula, wages, unit="nr", time="year", effects="random", cov="classic")
    assert result.params.to_numpy() == pytest.approx(_values(known["coef"]), rel=SHIPPED)
    assert result.std_errors.to_numpy() == pytest.approx(_values(known["se"]), rel=1e-7)
    assert result.diagnostics["sigma"] ** 2 == pytest.approx(known["sigma2"]["id"], rel=1e-6)
    assert result.diagnostics["sigma_residual"] ** 2 == pytest.approx(known["sigma2"]["idios"], rel=1e-6)
    clustered = linear_panel(formula, wages, unit="nr", time="year", effects="random")
    assert clustered.std_errors.to_numpy() == pytest.approx(_values(known["HC0"]) * np.sqrt(545 / 544), rel=1e-6)


def test_a_trend_is_the_constant_of_differences(wages, golden):
    known = golden("g_linear")["wages"]["first_difference"]
    result = linear_panel(f"{WAGES} + year", wages, unit="nr", time="year", effects="difference", cov="classic")
    order = ["year", "expersq", "married", "union", "hours"]
    assert result.params[order].to_numpy() == pytest.approx(_values(known["coef"]), rel=SHIPPED)
    assert result.std_errors[order].to_numpy() == pytest.approx(_values(known["se"]), rel=1e-7)
    assert (result.df_resid, result.nobs) == (known["df_resid"], 545 * 7)


@pytest.mark.parametrize(
    ("name", "effects"),
    [("lpm_rwm_oneway_unbalanced", ("unit",)), ("lpm_rwm_twoway_unbalanced", ("unit", "time"))],
)
def test_unbalanced_poverty_equals_plm_and_the_design(gsoep, golden, name, effects):
    known = golden("g_linear")["gsoep"][name]
    options = {"unit": "id", "time": "year", "effects": effects}
    classic = linear_panel(POVERTY, gsoep, **options, cov="classic")
    assert classic.params.to_numpy() == pytest.approx(_values(known["coef"]), rel=1e-10)
    assert classic.std_errors.to_numpy() == pytest.approx(_values(known["se"]), rel=1e-10)
    assert classic.df_resid == known["df_resid"]
    clustered = linear_panel(POVERTY, gsoep, **options)
    units = gsoep["id"].nunique()
    expected = _values(known["HC0"]) * np.sqrt(units / (units - 1))
    assert clustered.std_errors.to_numpy() == pytest.approx(expected, rel=1e-10)
    # one stratum, unit weights: the design's covariance is the clustered one
    design = linear_panel(POVERTY, gsoep, **options, design=Design(psu="id"))
    assert design.params.to_numpy() == pytest.approx(classic.params.to_numpy(), rel=1e-9)
    assert design.std_errors.to_numpy() == pytest.approx(clustered.std_errors.to_numpy(), rel=1e-9)
    assert (design.cov_type, design.df_resid) == ("design", units - 1)


@pytest.mark.shared
def test_participation_equals_the_published_fixed_effects(shared, golden):
    frame = pd.read_csv(shared / "data/public/lfp/lfp.csv.gz")
    result = linear_panel("lfp ~ kids + lhinc", frame, unit="id", time="period")
    for term, (estimate, std_error) in golden("published/participation")["fe_linear"].items():
        assert round(result.params[term], 4) == estimate
        assert round(result.std_errors[term], 4) == std_error
    # the same with absorbed effects counted in the degrees of freedom, which other programs do, is a tenth larger
    rows, absorbed = len(frame), frame["id"].nunique() + 4
    assert result.std_errors["kids"] * np.sqrt(rows / (rows - absorbed - 2)) == pytest.approx(0.0102, abs=1e-4)


@pytest.fixture
def panel() -> pd.DataFrame:
    """Simulated: 40 units, up to 5 waves with gaps, weights that vary over time."""
    rng = np.random.default_rng(51)
    frame = pd.DataFrame({"id": np.repeat([f"h{i}" for i in range(40)], 5), "wave": np.tile([1, 3, 5, 7, 9], 40)})
    own = np.repeat(rng.normal(size=40), 5)
    frame["x"], frame["z"] = rng.normal(size=200) + own, rng.normal(size=200)
    frame["female"], frame["village"] = np.repeat(rng.integers(0, 2, 40), 5), np.repeat(np.arange(40) % 8, 5)
    frame["w"] = rng.integers(1, 5, 200).astype(float)
    frame["y"] = own + 0.5 * frame["x"] - 0.2 * frame["z"] + 0.1 * frame["wave"] + rng.normal(size=200)
    return frame[rng.random(200) < 0.85].reset_index(drop=True)


@pytest.mark.parametrize("effects", [("unit",), ("time",), ("unit", "time")])
def test_weighted_fixed_effects_are_weighted_dummies(panel, effects):
    result = linear_panel(
        "y ~ x + z", panel, unit="id", time="wave", effects=effects, design=Design(weight="w", psu="id")
    )
    dummies = [
        pd.get_dummies(panel[{"unit": "id", "time": "wave"}[e]], drop_first=i > 0) for i, e in enumerate(effects)
    ]
    x = np.column_stack([panel[["x", "z"]], *dummies]).astype(float)
    w = panel["w"].to_numpy()
    b = np.linalg.lstsq(x * np.sqrt(w)[:, None], panel["y"] * np.sqrt(w))[0]
    assert result.params.to_numpy() == pytest.approx(b[:2], rel=1e-9)
    scores = pd.DataFrame(x * (w * (panel["y"].to_numpy() - x @ b))[:, None]).groupby(panel["id"]).sum().to_numpy()
    bread = np.linalg.pinv(x.T @ (x * w[:, None]))
    units = panel["id"].nunique()
    cov = (bread @ scores.T @ scores @ bread)[:2, :2] * units / (units - 1)
    assert result.cov.to_numpy() == pytest.approx(cov, rel=1e-8)


def test_order_of_rows_labels_and_scale_do_not_matter(panel):
    with pytest.warns(DesignWarning, match="only 8 clusters in 'village'") as caught:
        first = linear_panel("y ~ x + z", panel, unit="id", time="wave", cluster="village")
    assert caught[0].filename == __file__
    moved = panel.sample(frac=1, random_state=1)
    moved = moved.assign(id=pd.factorize(moved["id"])[0] + 0.5, x=10 * moved["x"] + 7, wave=moved["wave"] ** 2)
    with pytest.warns(DesignWarning, match="only 8 clusters"):
        second = linear_panel("y ~ x + z", moved, unit="id", time="wave", cluster="village")
    assert second.params.to_numpy() * [10, 1] == pytest.approx(first.params.to_numpy(), rel=1e-9)
    assert second.std_errors.to_numpy() * [10, 1] == pytest.approx(first.std_errors.to_numpy(), rel=1e-9)
    assert second.counts == first.counts


def test_between_is_least_squares_of_means_and_differences_are_of_neighbours(panel):
    between = linear_panel("y ~ x + z", panel, unit="id", time="wave", effects="between", cov="classic")
    means = panel.groupby("id")[["y", "x", "z"]].mean()
    b = np.linalg.lstsq(np.column_stack([np.ones(len(means)), means[["x", "z"]]]), means["y"])[0]
    assert between.params.to_numpy() == pytest.approx(b, rel=1e-9)
    assert between.nobs == len(means)
    difference = linear_panel("y ~ x + z", panel, unit="id", time="wave", effects="difference", cov="classic")
    step = panel.groupby("id")[["y", "x", "z", "wave"]].diff()
    step = step[step["wave"] == 2]
    b = np.linalg.lstsq(step[["x", "z"]], step["y"])[0]
    assert difference.params.to_numpy() == pytest.approx(b, rel=1e-9)
    assert difference.nobs == len(step)


def test_random_effects_without_unit_effects_are_the_pooled_fit(panel):
    # outcomes whose unit means vary less than independent errors would
    spread = panel["y"] - panel.groupby("id")["y"].transform("mean") + 0.1 * panel["x"]
    frame = panel.assign(y=spread)
    random, pooled = (linear_panel("y ~ x", frame, unit="id", time="wave", effects=e) for e in ("random", "pooled"))
    assert random.diagnostics["sigma"] == 0
    assert any("estimated as 0" in note for note in random.notes)
    assert random.params.to_numpy() == pytest.approx(pooled.params.to_numpy(), rel=1e-9)


def test_missing_values_designs_and_storage(panel):
    frame = panel.assign(x=panel["x"].where(panel.index % 9 != 0))
    with pytest.warns(DroppedRowsWarning, match="x 20"):
        result = linear_panel("y ~ x + z", frame, unit="id", time="wave")
    assert result.nobs == frame["x"].notna().sum()
    assert to_json(from_json(to_json(result))) == to_json(result)
    with pytest.warns(DesignWarning, match="the design has no PSUs"):
        linear_panel("y ~ x", panel, unit="id", time="wave", design=Design(weight="w"))


@pytest.mark.parametrize(
    ("change", "formula", "options", "error", "words"),
    [
        ({}, "y ~ x + female", {}, EstimationError, "female does not vary beyond the unit and time effects"),
        ({}, "y ~ x + C(wave)", {}, EstimationError, "do not vary beyond the unit and time effects"),
        ({}, "y ~ x + I(3*x)", {}, EstimationError, "is a combination of others"),
        ({}, "y ~ x + I(x + wave)", {}, EstimationError, "is a combination of others"),
        ({}, "y ~ 1", {}, InputError, "only a constant"),
        ({"x": 1.0}, "y ~ x", {"effects": "pooled"}, EstimationError, "column 'x' is constant"),
        ({"y": 2.0}, "y ~ x", {}, EstimationError, "outcome 'y' does not vary"),
        ({"y": np.inf}, "y ~ x", {}, DataError, "infinite values"),
        ({"y": "a"}, "y ~ x", {}, DataError, "not numeric"),
        ({"wave": 1}, "y ~ x", {}, DataError, "rows repeat a pair"),
        ({"wave": None}, "y ~ x", {}, DataError, "'wave' has missing values"),
        ({}, "y ~ x", {"effects": "village"}, UnknownNameError, "unknown effects 'village'"),
        ({}, "y ~ x", {"effects": ()}, InputError, "no effects are named"),
        ({}, "y ~ x", {"cov": "hc3"}, UnknownNameError, "value for cov="),
        ({}, "y ~ x", {"cov": "robust", "cluster": "village"}, InputError, "needs cov='cluster'"),
        ({}, "y ~ x", {"effects": "between", "cluster": "z"}, DataError, "varies within units"),
        ({}, "y ~ x", {"effects": "random", "design": Design(psu="id")}, InapplicableError, "no design-based"),
        ({}, "y ~ x", {"cov": "classic", "design": Design(psu="id")}, InputError, "its own covariance"),
        ({}, "y ~ x", {"time": "year"}, UnknownNameError, "unknown column 'year'"),
        ({}, "y ~ eval('x')", {}, UnknownNameError, "formula function"),
    ],
)
def test_problems_are_named(panel, change, formula, options, error, words):
    with pytest.raises(error, match=words):
        linear_panel(formula, panel.assign(**change), **{"unit": "id", "time": "wave", **options})


def test_too_little_data_is_named(panel):
    single = panel.drop_duplicates("id")
    with pytest.raises(EstimationError, match="no unit has two rows"):
        linear_panel("y ~ x", single, unit="id", time="wave")
    with pytest.raises(EstimationError, match="has one unit"):
        linear_panel("y ~ x", panel[panel["id"] == "h1"], unit="id", time="wave")
    with pytest.raises(EstimationError, match="2 rows cannot determine 3 coefficients"):
        linear_panel("y ~ x + z", single.head(2), unit="id", time="wave", effects="pooled")


def test_the_example():
    outcome = doctest.testmod(sys.modules["fanpin.models.linear_panel"])
    assert (outcome.failed, outcome.attempted) == (0, 3)
