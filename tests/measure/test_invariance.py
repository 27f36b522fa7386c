"""What every measure must obey, asked of a dictionary of all of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import FanpinError, FanpinWarning
from fanpin.core.line import Line

DESIGN = fp.Design(weight="weight", stratum="region", psu="village")
MONEY = ("income", "wage", "farm", "spending", "medical", "own_line")
POVERTY = ("headcount", "gap", "severity", "watts", "sen_shorrocks_thon", "income_gap_ratio", "rmpg")
INEQUALITY = ("gini", "theil_l", "theil_t", "ge:2", "atkinson:1", "atkinson:0.5", "qsr", "palma")
HEALTH = {"oop": "medical", "capacity": "spending", "welfare": "income", "line": Line.column("own_line")}
Measured = Callable[..., Any]

# Measures of households at one wave; of a panel below.
CROSS_SECTION: dict[str, Measured] = {
    "poverty, own lines": lambda d, **o: fp.poverty(d, welfare="income", line=Line.column("own_line"), indices=POVERTY, **o),
    "poverty, relative line": lambda d, **o: fp.poverty(d, welfare="income", line=Line.relative(0.6), indices=POVERTY, **o),
    "inequality": lambda d, **o: fp.inequality(d, welfare="income", indices=INEQUALITY, **o),
    "lorenz curve": lambda d, **o: fp.lorenz(d, welfare="income", points=[0.2, 0.5, 0.8], **o),
    "tip curve": lambda d, **o: fp.tip(d, welfare="income", line=Line.column("own_line"), points=[0.1, 0.3, 1], **o),
    "income sources": lambda d, **o: fp.income_sources(d, sources=["wage", "farm"], **o),
    "concentration": lambda d, **o: fp.concentration(d, outcome="medical", rank="income", **o),
    "multidimensional": lambda d, **o: fp.multidimensional(
        d, indicators=["ill", "unschooled", "female"], weights="equal", cutoff=0.5, **o),
    "health burden": lambda d, **o: fp.health_burden(d, **HEALTH, **o),
}  # fmt: skip
SMOOTH = (
    "poverty, own lines",
    "lorenz curve",
    "tip curve",
    "income sources",
    "concentration",
    "multidimensional",
    "health burden",
    "inequality",
)
ROUGH_TERMS = ("rmpg", "qsr", "palma")
RARE = ("mean_positive_overshoot:0.4",)  # a mean over 1 % of the households, whose jackknife is some way off
PANEL: dict[str, Measured] = {
    "transitions": lambda d, **o: fp.transitions(d, unit="household", time="wave", poor="is_poor", **o),
    "chronic poverty": lambda d, **o: fp.chronic_poverty(
        d, unit="household", time="wave", welfare="income", line=Line.column("own_line"), index="severity", **o),
}  # fmt: skip


@pytest.fixture(scope="module")
def households() -> pd.DataFrame:
    """960 households in 48 villages of 4 regions, incomes in cents without ties."""
    rng = np.random.default_rng(11)
    n, village = 960, np.repeat(np.arange(48), 20)
    income = np.exp(4.5 + rng.normal(0, 0.3, 48)[village] + rng.normal(0, 0.5, n))
    share = rng.uniform(0.05, 0.95, n)
    return pd.DataFrame({
        "household": np.arange(n), "village": village, "region": np.array(["n", "s", "e", "w"])[village % 4],
        "weight": rng.integers(1, 5, n).astype(float), "income": income, "wage": income * share,
        "farm": income * (1 - share), "spending": income * rng.uniform(0.5, 1.0, n), "own_line": 60.0 + 20.0 * (village % 2),
        "medical": income * rng.beta(1, 6, n) * 0.5, "ill": rng.integers(0, 2, n), "unschooled": rng.integers(0, 2, n),
        "female": rng.integers(0, 2, n),
    })  # fmt: skip


@pytest.fixture(scope="module")
def panel(households) -> pd.DataFrame:
    """The households at four waves."""
    rng = np.random.default_rng(12)
    waves = [households.assign(wave=w, income=households.income * np.exp(rng.normal(0, 0.5, 960))) for w in range(4)]
    stacked = pd.concat(waves, ignore_index=True)
    return stacked.assign(is_poor=(stacked.income < stacked.own_line).astype(int))


@pytest.fixture(params=[*CROSS_SECTION, *PANEL])
def case(request, households, panel) -> tuple[str, Measured, pd.DataFrame]:
    name = request.param
    return (name, CROSS_SECTION[name], households) if name in CROSS_SECTION else (name, PANEL[name], panel)


def _same(one, other, *, rtol=1e-9):
    np.testing.assert_allclose(one.params, other.params, rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(one.std_errors, other.std_errors, rtol=1e-6, atol=1e-12)


def test_the_order_of_rows_does_not_matter(case):
    _, measure, data = case
    _same(measure(data.sample(frac=1, random_state=1), design=DESIGN), measure(data, design=DESIGN))


def test_the_scale_of_weights_does_not_matter(case):
    _, measure, data = case
    _same(measure(data.assign(weight=data.weight * 1e4), design=DESIGN), measure(data, design=DESIGN))


def test_the_unit_of_money_does_not_matter(case):
    _, measure, data = case
    other = data.assign(**{c: data[c] * 7.25 for c in MONEY})
    _same(measure(other, design=DESIGN), measure(data, design=DESIGN), rtol=1e-8)


def test_a_weight_of_k_is_k_rows(case):
    name, measure, data = case
    if name in PANEL:
        pytest.skip("a unit of a panel cannot stand twice")
    repeated = data.loc[data.index.repeat(data.weight.astype(int))].reset_index(drop=True)
    weighted, copies = measure(data, design=DESIGN), measure(repeated.assign(weight=1.0), design=DESIGN)
    np.testing.assert_allclose(copies.params, weighted.params, rtol=1e-9)
    smooth = ~weighted.rows["term"].isin(ROUGH_TERMS).to_numpy() & ("relative" not in name)
    np.testing.assert_allclose(copies.std_errors[smooth], weighted.std_errors[smooth], rtol=1e-8, atol=1e-12)


def test_a_population_twice_as_large_looks_the_same(case):
    """Every village and its twin: estimates stay, variances fall as the number of villages in a stratum says."""
    _, measure, data = case
    twin = data.assign(village=data.village + 1000, household=data.household + 10_000)
    once, twice = measure(data, design=DESIGN), measure(pd.concat([data, twin], ignore_index=True), design=DESIGN)
    np.testing.assert_allclose(twice.params, once.params, rtol=1e-8, atol=1e-12)
    smooth = ~once.rows["term"].isin(ROUGH_TERMS).to_numpy() & ("relative" not in case[0])
    # 12 villages a stratum: n/(n - 1) of 24 against 12, and totals half as large
    expected = np.sqrt(24 / 23 / (12 / 11) / 2)
    np.testing.assert_allclose(
        (twice.std_errors / once.std_errors)[smooth & (once.std_errors > 1e-12)], expected, rtol=1e-6
    )


def test_one_group_is_the_whole(case):
    _, measure, data = case
    one = measure(data.assign(all="all"), by="all", design=DESIGN)
    _same(one, measure(data, design=DESIGN))


def test_a_group_is_a_domain_of_the_whole_design(case):
    """Rows of other groups, emptied of what is measured, still tell the design; dropping them would not."""
    _, measure, data = case
    by = measure(data, by="female", design=DESIGN)
    assert by.counts["psus"] == 48 and by.df_resid == 44
    inside = {str(c) for c in by.rows["female"]}
    assert inside == {"0", "1"}


@pytest.mark.parametrize("name", SMOOTH)
def test_linearised_errors_of_smooth_measures_are_those_of_the_jackknife(name, households):
    linear = CROSS_SECTION[name](households, design=DESIGN)
    jackknife = CROSS_SECTION[name](households, design=DESIGN.replicates("jkn"))
    smooth = ~linear.rows["term"].isin((*ROUGH_TERMS, *RARE)).to_numpy() & (linear.std_errors > 1e-12).to_numpy()
    np.testing.assert_allclose(jackknife.params, linear.params)
    np.testing.assert_allclose(jackknife.std_errors[smooth], linear.std_errors[smooth], rtol=0.06)


@pytest.mark.parametrize(
    ("name", "terms"), [("inequality", ("qsr", "palma")), ("poverty, relative line", ("headcount", "rmpg"))]
)
def test_linearised_errors_of_quantile_measures_are_near_those_of_the_bootstrap(name, terms, households):
    linear = CROSS_SECTION[name](households, design=DESIGN)
    bootstrap = CROSS_SECTION[name](households, design=DESIGN.replicates("bootstrap", 200, 3))
    ratio = bootstrap.std_errors[list(terms)] / linear.std_errors[list(terms)]
    assert ((ratio > 0.7) & (ratio < 1.4)).all(), ratio


def test_missing_welfare_is_counted_and_keeps_its_village_in_the_design(case):
    name, measure, data = case
    column = {"multidimensional": "ill", "transitions": "is_poor"}.get(
        name, "medical" if "health" in name or "conc" in name else "income"
    )
    column = "wage" if name == "income sources" else column
    gone = data.assign(**{column: data[column].where(data.village != 5)})
    with pytest.warns(FanpinWarning):
        made = measure(gone, design=DESIGN)
    assert made.counts["psus"] == 48


SPOILT: dict[str, Callable[[pd.DataFrame, str], pd.DataFrame]] = {
    "a weight of zero": lambda d, c: d.assign(weight=d.weight.where(d.household != 3, 0.0)),
    "a negative weight": lambda d, c: d.assign(weight=d.weight.where(d.household != 3, -1.0)),
    "a weight beyond numbers": lambda d, c: d.assign(weight=d.weight.where(d.household != 3, 1e300)),
    "a missing weight": lambda d, c: d.assign(weight=d.weight.where(d.household != 3)),
    "all missing": lambda d, c: d.assign(**{c: np.nan}),
    "infinite": lambda d, c: d.assign(**{c: d[c].astype(float).where(d.index != 3, np.inf)}),
    "beyond numbers": lambda d, c: d.assign(**{c: d[c].astype(float).where(d.index != 3, 1e300)}),
    "text": lambda d, c: d.assign(**{c: d[c].astype(str)}),
    "no rows": lambda d, c: d.iloc[:0],
    "one row": lambda d, c: d.iloc[:1],
    "one village": lambda d, c: d[d.village == 0],
    "strata of one village": lambda d, c: d.assign(region=d.village),
    "two columns of one name": lambda d, c: pd.concat([d, d[[c]]], axis=1),
}
SUBJECT = {"income sources": "wage", "concentration": "medical", "multidimensional": "ill", "health burden": "medical",
           "transitions": "is_poor"}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_bad_data_are_refused_by_name(case, spoilt):
    name, measure, data = case
    with warnings.catch_warnings(), pytest.raises(FanpinError):
        warnings.simplefilter("ignore", FanpinWarning)  # rows left out are announced before the refusal
        measure(SPOILT[spoilt](data, SUBJECT.get(name, "income")), design=DESIGN)


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0])
def test_degenerate_welfare_gives_numbers_or_a_reason(case, value):
    """Everybody alike, nobody with anything: an answer, missing by name, or a refusal; never a bare error of numpy."""
    name, measure, data = case
    column = SUBJECT.get(name, "income")
    if column in ("ill", "is_poor") and value < 0:
        pytest.skip("flags have no negative values")
    try:
        made = measure(data.assign(**{column: value}), design=DESIGN)
    except FanpinError:
        return
    undefined = made.params.isna()
    assert made.std_errors[~undefined].ge(0).all()
    assert not undefined.any() or "not defined" in " ".join(made.notes)
