"""fp.health_burden: hand-computed table, joint standard errors, two budgets, bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import (
    ComparabilityWarning,
    DataError,
    DroppedRowsWarning,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.core.line import Line
from fanpin.measure.health_burden import health_burden
from fanpin.measure.poverty import poverty
from fanpin.results.codec import from_json, to_json

LINE = Line.absolute(80, currency="CNY", year=2010)
DESIGN = Design(weight="weight", stratum="region", psu="village")
POOR = {"line": LINE, "welfare": "total"}


@pytest.fixture
def homes() -> pd.DataFrame:
    """480 simulated households in 24 villages of 2 regions."""
    rng = np.random.default_rng(99)
    village = np.repeat(np.arange(24), 20)
    total = np.exp(rng.normal(0, 0.3, 24)[village] + rng.normal(4.6, 0.5, 480)).round(2)
    return pd.DataFrame({
        "total": total, "nonfood": (total * rng.uniform(0.3, 0.8, 480)).round(2),
        "spent": (total * rng.beta(0.6, 4, 480) * (rng.random(480) < 0.8)).round(2), "weight": rng.uniform(1, 4, 480).round(2),
        "village": village, "region": np.array(["north", "south"])[village % 2], "members": rng.integers(1, 7, 480),
        "own_line": 60.0 + 40.0 * (village % 2), "insured": rng.integers(0, 2, 480),
    })  # fmt: skip


@pytest.fixture
def ask(homes):
    """Calls the measure with what is not given taken from here."""

    def call(data=None, **options):
        return health_burden(homes if data is None else data, **{"oop": "spent", "capacity": "nonfood", **options})

    return call


def test_a_table_worked_by_hand():
    data = pd.DataFrame(
        {"spent": [5.0, 20, 100, 60], "nonfood": [100.0, 100, 200, 50], "income": [200.0, 110, 90, 300]}
    )
    found = health_burden(data, oop="spent", capacity="nonfood", thresholds=(0.1, 0.4), welfare="income",
                          line=Line.absolute(100, currency="CNY", year=2010)).params  # fmt: skip
    assert found["catastrophic:0.1"] == 0.75
    assert found["overshoot:0.4"] == pytest.approx((0.1 + 0.8) / 4)
    assert found["mean_positive_overshoot:0.4"] == pytest.approx(0.45)
    assert found[["headcount_gross", "headcount_net", "impoverishment"]].tolist() == [0.25, 0.5, 0.25]
    assert found["further_impoverished"] == 0.25
    assert found[["gap_gross", "gap_net"]].tolist() == pytest.approx([0.1 / 4, (0.1 + 1.1) / 4])
    assert found["gap_increase"] == pytest.approx((0.1 + 1.0) / 4)


def test_default_thresholds_and_context(ask):
    found = ask()
    assert list(found.rows["term"][:3]) == ["catastrophic:0.1", "catastrophic:0.25", "catastrophic:0.4"]
    assert list(found.rows["threshold"][:4]) == [0.1, 0.25, 0.4, 0.1]
    assert found.by == ()
    assert len(found.rows) == 9


def test_two_budgets_are_told_apart(ask):
    both = ask(total="total", by="region", design=DESIGN, **POOR)
    assert both.by == ("region", "share_of")
    for budget in ("nonfood", "total"):
        alone = ask(capacity=budget, design=DESIGN, by="region")
        part = both.select(share_of="capacity" if budget == "nonfood" else "total")
        assert part.params.to_numpy() == pytest.approx(alone.params.to_numpy())
        assert part.cov.to_numpy() == pytest.approx(alone.cov.to_numpy())
    assert set(both.select(share_of="line").rows["term"]) >= {"impoverishment", "gap_increase"}


@pytest.mark.parametrize("line", [LINE, Line.column("own_line")])
def test_gross_and_net_poverty_are_those_of_fp_poverty(homes, ask, line):
    found = ask(line=line, welfare="total", design=DESIGN, by="region", size="members")
    net = homes.assign(net=homes["total"] - homes["spent"])
    for kind, welfare in (("gross", "total"), ("net", "net")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            poor = poverty(net, welfare=welfare, line=line, indices=("headcount", "gap"), design=DESIGN, by="region", size="members")  # fmt: skip
        part = found.select(term=[f"headcount_{kind}", f"gap_{kind}"])
        assert part.params.to_numpy() == pytest.approx(poor.params.to_numpy(), rel=1e-12)
        assert part.cov.to_numpy() == pytest.approx(poor.cov.to_numpy(), rel=1e-9)


def test_the_change_has_the_joint_standard_error(ask):
    found = ask(design=DESIGN, **POOR)
    cov = found.cov
    for change, after, before in (("impoverishment", "headcount_net", "headcount_gross"), ("gap_increase", "gap_net", "gap_gross")):  # fmt: skip
        by_hand = cov.loc[after, after] + cov.loc[before, before] - 2 * cov.loc[after, before]
        assert found.std_errors[change] ** 2 == pytest.approx(by_hand, rel=1e-9)
        assert found.std_errors[change] < np.sqrt(cov.loc[after, after] + cov.loc[before, before])


def test_jackknife_agrees_with_linearised(ask):
    replicated = ask(design=DESIGN.replicates("jkn"), **POOR).std_errors.to_numpy()
    assert replicated == pytest.approx(ask(design=DESIGN, **POOR).std_errors.to_numpy(), rel=0.03)


def test_an_ibis_table_gives_the_same(homes, ask, as_table):
    options = {"design": DESIGN, "by": "insured", "total": "total", **POOR}
    assert ask(as_table(homes), **options).cov.to_numpy() == pytest.approx(ask(**options).cov.to_numpy(), rel=1e-12)


def test_result_is_stored_and_read_back(ask):
    found = ask(total="total", by="region", **POOR)
    pd.testing.assert_frame_equal(from_json(to_json(found)).tidy(), found.tidy())


def test_rows_without_capacity_and_shares_above_one_are_noted(homes, ask):
    homes.loc[:3, "nonfood"] = [0.0, -5.0, 0.0, 10.0]
    homes.loc[:3, "spent"] = [10.0, 5.0, 0.0, 20.0]
    found = ask(homes)
    assert any("3 rows have nonfood of 0 or below: taken as a share of 1 in the 2 that spend" in n for n in found.notes)
    assert any(n.endswith("rows spend more than their nonfood: shares above 1 are kept") for n in found.notes)
    rest = ask(homes.iloc[4:])
    for t in ("0.1", "0.4"):
        counted = found.params[f"catastrophic:{t}"] * 480 - rest.params[f"catastrophic:{t}"] * 476
        assert counted == pytest.approx(3)
        excess = found.params[f"overshoot:{t}"] * 480 - rest.params[f"overshoot:{t}"] * 476
        assert excess == pytest.approx(2 * (1 - float(t)) + 2 - float(t))


def test_missing_values_are_counted_by_column(homes, ask):
    homes.loc[:4, "spent"] = np.nan
    homes.loc[10, "total"] = np.nan
    homes.loc[20:22, "own_line"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="of 480: spent 5, total 1, own_line 3") as caught:
        found = ask(homes, line=Line.column("own_line"), welfare="total", design=DESIGN)
    assert caught[0].filename == __file__
    assert found.nobs == 471
    assert found.counts["psus"] == 24


def test_negative_welfare_after_spending_is_noted(homes, ask):
    homes.loc[0, ["total", "spent"]] = [10.0, 30.0]
    assert any("1 rows have negative total net of spent" in n for n in ask(homes, **POOR).notes)


def test_a_group_without_catastrophic_spending(homes, ask):
    homes.loc[homes["region"] == "south", "spent"] = 0.0
    found = ask(homes, by="region", design=DESIGN)
    assert found.params["catastrophic:0.1[region=south]"] == 0
    assert np.isnan(found.params["mean_positive_overshoot:0.1[region=south]"])
    assert any("not defined" in n for n in found.notes)


def test_units_that_do_not_fit_are_announced(homes, ask):
    homes["per_person"] = homes["total"] / 5
    with pytest.warns(ComparabilityWarning, match="nonfood exceeds per_person in .* of 480 rows") as caught:
        found = ask(homes, line=LINE, welfare="per_person")
    assert caught[0].filename == __file__
    assert any("same unit" in n for n in found.notes)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"oop": "spend"}, UnknownNameError, "did you mean 'spent'"),
        ({"capacity": "nonfod"}, UnknownNameError, "did you mean 'nonfood'"),
        ({"total": "totl"}, UnknownNameError, "did you mean 'total'"),
        ({"line": Line.column("linie"), "welfare": "total"}, UnknownNameError, "'linie'"),
        ({"line": LINE, "welfare": "totl"}, UnknownNameError, "did you mean 'total'"),
        ({"size": "member"}, UnknownNameError, "did you mean 'members'"),
        ({"by": "regoin"}, UnknownNameError, "did you mean 'region'"),
        ({"design": Design(weight="wgt")}, UnknownNameError, "'wgt'"),
        ({"oop": 3}, InputError, "oop=3 names no column"),
        ({"line": LINE}, InputError, "line= without welfare="),
        ({"welfare": "total"}, InputError, "welfare= without line="),
        ({"line": 80, "welfare": "total"}, InputError, "line is no Line"),
        ({"line": Line.by_time({1: 80}, currency="CNY"), "welfare": "total"}, InputError, "needs the panel's time"),
        (
            {"line": Line.relative(0.6), "welfare": "total"},
            InapplicableError,
            "has a sampling error that is not included",
        ),
        ({"line": Line.column("total"), "welfare": "total"}, InputError, "line= and welfare= are one column"),
        ({"capacity": "spent"}, InputError, "oop= and capacity= are one column"),
        ({"total": "nonfood"}, InputError, "capacity= and total= are one column"),
        ({"line": LINE, "welfare": "spent"}, InputError, "oop= and welfare= are one column"),
        ({"thresholds": ()}, InputError, "thresholds are empty or repeated"),
        ({"thresholds": (0.1, 0.1)}, InputError, "thresholds are empty or repeated"),
        ({"thresholds": 10}, InputError, "divide a percentage by 100"),
        ({"thresholds": (0.1, 0.0)}, InputError, "threshold 0.0 is no share"),
        ({"thresholds": "10 %"}, InputError, "'10 %' is no share"),
        ({"design": "weight"}, InputError, "design is a str"),
    ],
)
def test_what_cannot_be_asked(ask, options, kind, message):
    with pytest.raises(kind, match=message):
        ask(**options)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("spent", -1.0, "oop column 'spent' has negative values"),
        ("spent", np.inf, "infinite"),
        ("nonfood", "much", "capacity column 'nonfood' is not numeric"),
        ("total", np.inf, "infinite"),
        ("own_line", 0.0, "line column 'own_line' has zero values"),
        ("members", 0.0, "zero values"),
        ("weight", -1.0, "negative values"),
    ],
)
def test_values_that_cannot_be(homes, ask, column, value, message):
    homes[column] = homes[column].astype(object if isinstance(value, str) else float)
    homes.loc[3, column] = value
    with pytest.raises(DataError, match=message):
        ask(homes, line=Line.column("own_line"), welfare="total", size="members", design=DESIGN)


def test_no_rows_and_names_the_result_needs(homes, ask):
    with pytest.raises(DataError, match="no rows"):
        ask(homes.iloc[:0])
    with pytest.raises(InputError, match="'threshold' has a name that the result needs"):
        ask(homes.assign(threshold=1), by="threshold")
