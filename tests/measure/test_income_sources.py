"""fp.income_sources: printed numbers, designs, negative sources, totals that differ, bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import ComparabilityWarning, DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.measure.income_sources import income_sources
from fanpin.measure.inequality import inequality
from fanpin.report.table import table
from fanpin.results.codec import from_json, to_json

SOURCES = ["wage", "farm", "rent"]
DESIGN = Design(weight="weight", stratum="region", psu="village")


@pytest.fixture
def homes() -> pd.DataFrame:
    """480 simulated households in 24 villages of 2 regions; one in ten loses on the farm."""
    rng = np.random.default_rng(5)
    village = np.repeat(np.arange(24), 20)
    local = np.exp(rng.normal(0, 0.4, 24))[village]
    data = pd.DataFrame({
        "wage": (local * rng.exponential(50, 480) * (rng.random(480) < 0.7)).round(1),
        "farm": rng.normal(30, 25, 480).round(1), "rent": (rng.random(480) < 0.1) * 40.0,
        "weight": rng.uniform(1, 4, 480).round(2), "village": village, "members": rng.integers(1, 7, 480),
        "region": np.array(["north", "south"])[village % 2],
    })  # fmt: skip
    return data.assign(income=data[SOURCES].sum(axis=1))


@pytest.mark.shared
def test_printed_decomposition_of_200_households(shared, golden):
    """To the digits printed, one unit in the last: there ties, zero wages above all, are ranked in the order of the rows."""
    printed = golden("published/income_sources_ly")
    data = pd.read_csv(shared / "data/public/gini_ly/sample_income_data.csv.gz")
    sources = [c for c in data.columns if c not in ("region", "sample_wgt")]
    found = income_sources(data, sources=sources, by="region", design=Design(weight="sample_wgt"))
    for row in printed["rows"]:
        part = found.select(region=row["region"], source=row["source"]).rows.set_index("term")["estimate"]
        for name, digits in (("share", 3), ("gini", 3), ("correlation", 3)):
            assert part[name] == pytest.approx(row[name], abs=10**-digits)
        exact = 5e-3 if row["ratio"] > 1 else 1e-3
        assert part["contribution"] / part["share"] == pytest.approx(row["ratio"], abs=exact)
    whole = income_sources(data, sources=sources, design=Design(weight="sample_wgt"))
    assert whole.params["gini[source=total]"] == pytest.approx(printed["gini_total"], abs=5e-4)


def test_layout(homes):
    found = income_sources(homes, sources=SOURCES, by="region", design=DESIGN)
    assert found.by == ("region", "source")
    assert len(found.rows) == 2 * 16
    assert list(dict.fromkeys(found.rows["term"])) == ["share", "gini", "correlation", "contribution", "elasticity"]
    assert found.rows["source"].iloc[-1] == "total"
    assert "gini[region=north,source=wage]" in found.keys


def test_parts_add_up_and_the_total_is_that_of_fp_inequality(homes):
    found = income_sources(homes, sources=SOURCES, by="region", design=DESIGN, size="members")
    whole = inequality(homes, welfare="income", by="region", design=DESIGN, size="members")
    for region in ("north", "south"):
        rows = found.select(region=region).rows
        parts = rows[rows["source"] != "total"].pivot(index="source", columns="term", values="estimate")
        g = found.params[f"gini[region={region},source=total]"]
        assert (parts["share"] * parts["gini"] * parts["correlation"]).sum() == pytest.approx(g, rel=1e-12)
        assert parts["contribution"].sum() == pytest.approx(1, rel=1e-12)
        assert parts["elasticity"].sum() == pytest.approx(0, abs=1e-12)
        assert g == pytest.approx(whole.params[f"gini[region={region}]"], rel=1e-12)
    own = found.select(term="gini", source="total")
    assert own.cov.to_numpy() == pytest.approx(whole.cov.to_numpy(), rel=1e-8)


def test_contributions_vary_together_so_that_their_sum_does_not(homes):
    part = income_sources(homes, sources=SOURCES, design=DESIGN).select(term="contribution")
    assert part.cov.to_numpy().sum() == pytest.approx(0, abs=1e-15)
    assert (part.std_errors > 0.001).all()


def test_jackknife_and_bootstrap_agree_with_linearised(homes):
    linear = income_sources(homes, sources=SOURCES, design=DESIGN).std_errors.to_numpy()
    jackknife = income_sources(homes, sources=SOURCES, design=DESIGN.replicates("jkn")).std_errors.to_numpy()
    assert jackknife == pytest.approx(linear, rel=0.08)
    bootstrap = income_sources(homes, sources=SOURCES, design=DESIGN.replicates("bootstrap", n=200, seed=1))
    assert bootstrap.std_errors.to_numpy() == pytest.approx(linear, rel=0.3)


def test_a_total_that_is_the_sum_changes_nothing_but_its_name(homes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = income_sources(homes, sources=SOURCES, total="income", design=DESIGN)
    summed = income_sources(homes, sources=SOURCES, design=DESIGN)
    assert given.rows["estimate"].to_numpy() == pytest.approx(summed.rows["estimate"].to_numpy(), rel=1e-10)
    assert given.rows["source"].iloc[-1] == "income"


def test_a_total_that_differs_is_announced_with_the_size_of_the_difference(homes):
    homes["income"] += np.where(np.arange(480) < 48, 10.0, 0.0)
    with pytest.warns(
        ComparabilityWarning, match="in 48 of 480 rows: larger by 1 on average .* by 10 in size at most"
    ) as caught:
        found = income_sources(homes, sources=SOURCES, total="income")
    assert caught[0].filename == __file__
    assert any("contributions do not sum to 1" in n for n in found.notes)
    assert found.select(term="contribution").params.sum() != pytest.approx(1.0, abs=1e-6)


def test_negative_sources_are_counted_and_named(homes):
    homes["debt"] = -5.0 - 10 * np.random.default_rng(0).random(480)
    homes["trade"] = np.random.default_rng(1).normal(2, 30, 480)
    found = income_sources(homes, sources=[*SOURCES, "debt", "trade"], design=DESIGN)
    lost = int((homes["farm"] < 0).sum())
    assert any(f"rows with negative values, kept: farm {lost}, debt 480, trade" in n for n in found.notes)
    assert any("beyond 1 in size, since values are negative: gini[source=trade]" in n for n in found.notes)
    assert any("negative mean, whose Gini index is negative: share[source=debt]" in n for n in found.notes)
    assert found.select(term="contribution").params.sum() == pytest.approx(1, rel=1e-12)


def test_a_constant_source_has_no_correlation_and_is_named(homes):
    homes["grant"] = 12.0
    found = income_sources(homes, sources=["wage", "grant"], design=DESIGN)
    assert np.isnan(found.params["correlation[source=grant]"])
    assert np.isnan(found.std_errors["correlation[source=grant]"])
    assert found.params["contribution[source=grant]"] == 0
    assert any("not defined: correlation:grant" in n for n in found.notes)


def test_a_group_without_positive_mean_income(homes):
    south = homes["region"] == "south"
    homes.loc[south, SOURCES] = -homes.loc[south, SOURCES].abs()
    found = income_sources(homes, sources=SOURCES, by="region", design=DESIGN)
    assert np.isnan(found.params["gini[region=south,source=total]"])
    assert np.isfinite(found.params["gini[region=north,source=total]"])


def test_missing_sources_count_as_zero_only_where_they_do_not_apply(homes):
    homes.loc[:9, "wage"] = np.nan
    homes["wage__missing"] = pd.Series(["not_applicable"] * 6 + ["refused"] * 4 + [None] * 470, dtype="str")
    with pytest.warns(DroppedRowsWarning, match="of 480: wage 4; their PSUs") as caught:
        found = income_sources(homes, sources=SOURCES, design=DESIGN)
    assert caught[0].filename == __file__
    assert found.nobs == 476
    assert any("does not apply or was not asked, and counts as 0: wage 6" in n for n in found.notes)
    zero = homes.assign(wage=homes["wage"].mask(homes.index < 6, 0.0)).drop(columns="wage__missing")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedRowsWarning)
        again = income_sources(zero, sources=SOURCES, design=DESIGN)
    assert found.params.to_numpy() == pytest.approx(again.params.to_numpy(), rel=1e-13)


def test_order_of_rows_repetition_and_unit(homes):
    base = income_sources(homes, sources=SOURCES).params.to_numpy()
    shuffled = homes.sample(frac=1, random_state=0)
    twice = pd.concat([homes, homes])
    cents = homes.assign(**{s: homes[s] * 100 for s in SOURCES})
    for other in (shuffled, twice, cents):
        assert income_sources(other, sources=SOURCES).params.to_numpy() == pytest.approx(base, rel=1e-10)
    turned = income_sources(homes, sources=SOURCES[::-1]).params
    assert turned[income_sources(homes, sources=SOURCES).keys].to_numpy() == pytest.approx(base, rel=1e-10)


def test_an_ibis_table_gives_the_same_and_results_are_stored(homes, as_table):
    homes["wage__missing"] = pd.Series([None] * 479 + ["not_asked"], dtype="str")
    homes.loc[479, "wage"] = np.nan
    found = income_sources(homes, sources=SOURCES, by="region", design=DESIGN)
    assert income_sources(as_table(homes), sources=SOURCES, by="region", design=DESIGN).cov.to_numpy() == pytest.approx(found.cov.to_numpy(), rel=1e-9)  # fmt: skip
    pd.testing.assert_frame_equal(from_json(to_json(found)).tidy(), found.tidy())


def test_table_has_a_row_a_source_and_a_column_a_term(homes):
    html = table(income_sources(homes, sources=SOURCES, design=DESIGN), pivot="term").to_html()
    for word in ("wage", "farm", "Gini correlation", "Elasticity"):
        assert word in html


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"sources": ["wage"]}, InputError, "two or more different sources"),
        ({"sources": ["wage", "wage"]}, InputError, "two or more different sources"),
        ({"sources": 3}, InputError, "names no columns"),
        ({"sources": ["wage", "frm"]}, UnknownNameError, "did you mean 'farm'"),
        ({"sources": ["wage", "region"]}, DataError, "source column 'region' is not numeric"),
        ({"total": "incme"}, UnknownNameError, "did you mean 'income'"),
        ({"total": "wage"}, InputError, "the total is one of its sources"),
        ({"total": 5}, InputError, "total=5 names no column"),
        ({"by": "regoin"}, UnknownNameError, "did you mean 'region'"),
        ({"size": "member"}, UnknownNameError, "did you mean 'members'"),
        ({"size": 2}, InputError, "size=2 names no column"),
        ({"design": "weight"}, InputError, "design is a str"),
    ],
)
def test_what_cannot_be_asked(homes, options, kind, message):
    with pytest.raises(kind, match=message):
        income_sources(homes, **{"sources": SOURCES, **options})


def test_values_and_names_that_cannot_be(homes):
    with pytest.raises(DataError, match="infinite"):
        income_sources(homes.assign(wage=np.inf), sources=SOURCES)
    with pytest.raises(DataError, match="no rows"):
        income_sources(homes.iloc[:0], sources=SOURCES)
    with pytest.raises(InputError, match="'source' has a name that the result needs"):
        income_sources(homes.assign(source=1), sources=SOURCES, by="source")
    with pytest.raises(InputError, match="a source is named 'total'"):
        income_sources(homes.rename(columns={"wage": "total"}), sources=["total", "farm"])
