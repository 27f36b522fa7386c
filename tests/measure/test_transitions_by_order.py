"""Transition rates by order of spell, and with replicate weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DesignWarning, InputError
from fanpin.measure import transitions

DESIGN = Design(weight="w", stratum="area", psu="village")


def rates(data, **options):
    return transitions(data, **{"unit": "id", "time": "year", "poor": "is_poor", **options})


@pytest.fixture
def panel():
    """500 households in 20 villages of 2 areas, nine waves, a tenth of the household-waves missing."""
    rng = np.random.default_rng(31)
    frame = pd.DataFrame({"id": np.repeat(np.arange(500), 9), "year": np.tile(np.arange(2010, 2019), 500)})
    village = frame["id"] % 20
    frame["is_poor"] = (rng.normal(size=500)[frame["id"]] * 0.6 + rng.normal(size=4500) > 0.3).astype(int)
    frame = frame.assign(village=village, area=village % 2, w=rng.uniform(1, 3, 4500))
    return frame[rng.uniform(size=4500) > 0.1].reset_index(drop=True)


def test_orders_by_hand():
    """p n p n n p n | q: n p n p: a first relapse and a second; the first spell of 2 is no escape."""
    frame = pd.DataFrame({"id": [1] * 7 + [2] * 4, "year": [*range(7), *range(4)],
                          "is_poor": [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]})  # fmt: skip
    with pytest.warns(DesignWarning, match="single PSU"):
        rows = rates(frame, by_order=True).rows.set_index(["term", "order"])
    assert list(rows.loc[("relapse", 1), ["n", "count"]]) == [2, 2]
    assert list(rows.loc[("relapse", 2), ["n", "count"]]) == [2, 1]
    assert list(rows.loc[("exit", 1), ["n", "count"]]) == [2, 2]
    assert list(rows.loc[("exit", 3), ["n", "count"]]) == [1, 1]
    assert list(rows.loc[("entry", 1), ["n", "count"]]) == [2, 2]
    assert list(rows.loc[("entry", 2), ["n", "count"]]) == [3, 2]
    assert ("relapse", 3) not in rows.index


def _orders(panel):
    """Pairs at risk of relapse with the number of escapes so far, by a loop over households."""
    found = []
    for _, part in panel.sort_values("year").groupby("id"):
        escapes, dated, before = 0, False, None
        for row in part.itertuples():
            near = before is not None and row.year - before.year == 1
            if near and before.is_poor == 0 and dated:
                found.append((escapes, row.is_poor, row.w))
            if not near or row.is_poor != before.is_poor:
                dated = near and row.is_poor == 0
                escapes += dated
            before = row
    return pd.DataFrame(found, columns=["order", "relapse", "w"])


def test_relapse_by_order_is_that_of_a_loop_over_households(panel):
    expected = _orders(panel)
    made = rates(panel, by_order=True, design=DESIGN).select(term="relapse")
    grouped = expected.groupby("order")
    assert list(made.rows["order"]) == list(grouped.groups)
    assert list(made.rows["n"]) == list(grouped.size())
    assert list(made.rows["count"]) == list(grouped["relapse"].sum())
    ratio = grouped.apply(lambda d: np.average(d.relapse, weights=d.w), include_groups=False)
    np.testing.assert_allclose(made.params, ratio, rtol=1e-12)


def test_orders_add_up_to_all(panel):
    whole, parts = rates(panel).rows, rates(panel, by_order=True).rows
    pd.testing.assert_series_equal(
        parts.groupby("term")["n"].sum().sort_index(), whole.set_index("term")["n"].sort_index()
    )


def test_both_engines_agree_by_order(panel, as_table):
    frame, table = (rates(d, by_order=True, by="area", design=DESIGN) for d in (panel, as_table(panel)))
    pd.testing.assert_frame_equal(table.rows, frame.rows, rtol=1e-12)
    np.testing.assert_allclose(table.cov, frame.cov, rtol=1e-9, atol=1e-14)
    assert frame.by == ("area", "order")


def test_an_order_of_the_data_is_refused(panel):
    with pytest.raises(InputError, match="'order' has a name that the result needs"):
        rates(panel.assign(order=1), by="order", by_order=True)
    with pytest.raises(InputError, match="by_order"):
        rates(panel, by_order="yes")


def test_jackknife_replicates_are_rates_taken_anew(panel):
    made = rates(panel, design=DESIGN.replicates("jkn"))
    full, cov = rates(panel, design=DESIGN).params, np.zeros((5, 5))
    for village in range(20):
        weight = panel["w"].where(panel["area"] != village % 2, panel["w"] * 10 / 9)
        again = rates(panel.assign(w=weight)[panel["village"] != village], design=DESIGN).params
        cov += 0.9 * np.outer(again - full, again - full)
    np.testing.assert_allclose(made.cov, cov, rtol=1e-8, atol=1e-15)
    assert made.cov_type == "jkn"
    assert any("standard errors from replicate weights (delete-one jackknife)" in n for n in made.notes)


@pytest.mark.parametrize("kind", ["jkn", "bootstrap"])
def test_replicated_errors_are_near_linearised_ones_on_both_engines(panel, as_table, kind):
    design = DESIGN.replicates(kind, **({"n": 400, "seed": 2} if kind == "bootstrap" else {}))
    made, linear = rates(panel, design=design), rates(panel, design=DESIGN)
    np.testing.assert_allclose(made.std_errors, linear.std_errors, rtol=0.15)
    assert (made.df_resid, made.counts) == (linear.df_resid, linear.counts)
    pd.testing.assert_series_equal(made.params, linear.params)
    table = rates(as_table(panel), design=DESIGN.replicates("jkn"))
    if kind == "jkn":
        np.testing.assert_allclose(table.cov, made.cov, rtol=1e-8, atol=1e-15)


def test_replicates_without_psu_are_of_units(panel):
    few = panel[panel["id"] < 60]
    made, linear = rates(few, design=Design(weight="w").replicates("jkn")), rates(few, design=Design(weight="w"))
    np.testing.assert_allclose(made.std_errors, linear.std_errors, rtol=0.05)
    assert made.counts["psus"] == 60
