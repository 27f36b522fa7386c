"""Chronic and transient poverty: by hand, closed forms, the correction for few waves, unbalanced panels, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InapplicableError, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.kernels.indices.chronic import ChronicTransient, severity_bias, unit_poverty
from fanpin.measure import chronic_poverty, contrast

LINE = Line.absolute(100, currency="CNY", year=2010)
DESIGN = Design(weight="w", stratum="area", psu="village")


def measured(panel, **options):
    return chronic_poverty(panel, **{"unit": "id", "time": "wave", "welfare": "y", "line": LINE, **options})


@pytest.fixture
def panel():
    """240 households at four waves, in 24 villages of 2 areas, with weights."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"id": np.repeat(np.arange(240), 4), "wave": np.tile(np.arange(4), 240)})
    village = frame["id"] % 24
    level = 110 + 30 * rng.normal(size=240)[frame["id"]] + 15 * rng.normal(size=24)[village]
    return frame.assign(village=village, area=village % 2, w=1.0 + frame["id"] % 4, y=level + 25 * rng.normal(size=960))


def test_by_hand():
    panel = pd.DataFrame(
        {"id": [1, 1, 2, 2], "wave": [1, 2, 1, 2], "y": [40.0, 120.0, 60.0, 80.0], "w": [1.0, 1, 3, 3]}
    )
    made = measured(panel, design=Design(weight="w"))
    total = (1 * 0.36 / 2 + 3 * (0.16 + 0.04) / 2) / 4
    chronic = (1 * 0.04 + 3 * 0.09) / 4
    np.testing.assert_allclose(made.params, [total, chronic, total - chronic, chronic / total], rtol=1e-12)
    corrected = measured(panel, method="bias_corrected", design=Design(weight="w"))
    bias = (1 * (0.8**2 / 2) / 2 + 3 * (0.2**2 / 2) / 2) / 4
    assert corrected.params["chronic"] == pytest.approx(chronic - bias, rel=1e-12)
    assert corrected.params["transient"] == pytest.approx(total - chronic + bias, rel=1e-12)
    assert corrected.params["total"] == pytest.approx(total, rel=1e-12)


def test_without_fluctuation_all_poverty_is_chronic(panel):
    still = panel.assign(y=panel.groupby("id")["y"].transform("mean"))
    for index in ("headcount", "gap", "severity"):
        made = measured(still, index=index)
        assert made.params["transient"] == pytest.approx(0, abs=1e-15)
        assert made.params["chronic_share"] == pytest.approx(1)


def test_always_poor_severity_is_transient_by_the_variance_alone(panel):
    """For units never above the line the gap has no transient part, and that of the severity is the variance within."""
    poor = panel.assign(y=30 + (panel.y - panel.y.min()) / (panel.y.max() - panel.y.min()) * 60)
    assert measured(poor, index="gap").params["transient"] == pytest.approx(0, abs=1e-15)
    within = (poor["y"] / 100).groupby(poor["id"]).var(ddof=0).mean()
    assert measured(poor).params["transient"] == pytest.approx(within, rel=1e-10)
    unbiased = (poor["y"] / 100).groupby(poor["id"]).var(ddof=1).mean()
    assert measured(poor, method="bias_corrected").params["transient"] == pytest.approx(unbiased, rel=1e-10)


def test_the_correction_takes_off_what_few_waves_add():
    """Households whose long-run welfare is known: 60,000 simulated, three waves each."""
    rng = np.random.default_rng(77)
    n, waves = 60_000, 3
    long_run = rng.normal(0.9, 0.25, n)
    seen = (long_run[:, None] + rng.normal(0, 0.3, (n, waves))).ravel()
    truth = np.mean(np.where(long_run < 1, (1 - long_run) ** 2, 0))
    units = unit_poverty(seen, np.repeat(np.arange(n), waves), n, power=2, strict=True)
    raw, corrected = units.chronic.mean(), (units.chronic - severity_bias(units)).mean()
    assert raw - truth > 0.015
    assert abs(corrected - truth) < 0.15 * (raw - truth)


def test_influence_is_the_derivative_in_the_weights():
    rng = np.random.default_rng(3)
    x, w = rng.uniform(size=(30, 2)) * [1.0, 0.5], rng.uniform(1, 3, 30)
    index, step = ChronicTransient(), 1e-6
    for i in range(30):
        up, down = w.copy(), w.copy()
        up[i], down[i] = w[i] + step, w[i] - step
        slope = (index.value(x, up) - index.value(x, down)) / (2 * step)
        np.testing.assert_allclose(index.influence(x, w)[i], slope, atol=1e-9)


def test_parts_and_their_errors_add_up(panel):
    made = measured(panel, design=DESIGN, method="bias_corrected")
    again = contrast(made, {"total": {"chronic": 1, "transient": 1},
                            "share": lambda p: p["chronic"] / p["total"]})  # fmt: skip
    assert again.params["total"] == pytest.approx(made.params["total"], rel=1e-12)
    assert again.std_errors["total"] == pytest.approx(made.std_errors["total"], rel=1e-10)
    assert again.std_errors["share"] == pytest.approx(made.std_errors["chronic_share"], rel=1e-7)
    jackknife = measured(panel, design=DESIGN.replicates("jkn"), method="bias_corrected")
    np.testing.assert_allclose(jackknife.std_errors, made.std_errors, rtol=0.08)  # a ratio on 24 PSUs
    assert (made.df_resid, made.counts["psus"], made.counts["rows"]) == (22, 24, 240)


def test_a_line_of_each_wave_is_one_of_welfare_over_it(panel):
    prices = {0: 1.0, 1: 1.1, 2: 1.3, 3: 1.2}
    nominal = panel.assign(y=panel.y * panel.wave.map(prices), z=100 * panel.wave.map(prices))
    by_time = Line.by_time({t: 100 * p for t, p in prices.items()}, currency="CNY")
    expected = measured(panel, design=DESIGN)
    for line in (by_time, Line.column("z")):
        made = measured(nominal, line=line, design=DESIGN)
        np.testing.assert_allclose(made.params, expected.params, rtol=1e-12)
        np.testing.assert_allclose(made.cov, expected.cov, rtol=1e-9)


def test_order_of_rows_does_not_matter(panel):
    shuffled = measured(panel.sample(frac=1, random_state=1), design=DESIGN, by="area")
    np.testing.assert_allclose(shuffled.cov, measured(panel, design=DESIGN, by="area").cov, rtol=1e-9)


def test_units_seen_too_rarely_stay_in_the_design_only(panel):
    gone = (panel["id"] < 40) & (panel["wave"] > 0)
    holes = panel.assign(y=panel["y"].where((panel["id"] != 100) | (panel["wave"] < 3)))[~gone]
    with pytest.warns(DroppedRowsWarning) as caught:
        made = measured(holes, design=DESIGN)
    assert "rows without y or a line, of 840: 1" in str(caught[0].message)
    assert "enough waves 40" in str(caught[1].message)
    assert {w.filename for w in caught} == {__file__}
    assert (made.rows["n"].iloc[0], made.counts["psus"]) == (200, 24)
    assert "40 of 240 units are seen at fewer than 2 waves" in made.notes
    assert "units by number of waves: 1 at 3, 199 at 4; each unit counts once" in made.notes
    kept = panel[panel["id"] >= 40].assign(y=holes["y"])
    with pytest.warns(DroppedRowsWarning):
        assert measured(kept, design=DESIGN).params["chronic"] == pytest.approx(made.params["chronic"], rel=1e-12)
    with pytest.warns(DroppedRowsWarning):
        assert measured(holes, design=DESIGN, min_waves=4).rows["n"].iloc[0] == 199


def test_weights_and_groups_are_those_of_the_last_wave(panel):
    moving = panel.assign(
        w=panel["w"].where(panel["wave"] == 3, 77.0), place=np.where(panel["wave"] == 3, panel["area"], 9)
    )
    made = measured(moving, design=DESIGN, by="place")
    assert list(made.select(term="total").rows["place"]) == [0, 1]
    expected = measured(panel, design=DESIGN, by="area")
    np.testing.assert_allclose(made.params, expected.params, rtol=1e-12)


def test_nobody_poor_has_no_chronic_share(panel):
    made = measured(panel.assign(y=panel["y"] + 1000))
    assert made.params["total"] == 0
    assert np.isnan(made.params["chronic_share"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"line": Line.relative(0.6)}, InputError, "relative line is estimated[\\s\\S]*poverty_status"),
        ({"line": 100}, InputError, "line is no Line"),
        ({"line": Line.by_time({0: 1.0}, currency="CNY")}, DataError, "no amount for 3 waves"),
        ({"index": "watts"}, UnknownNameError, "index="),
        ({"method": "duclos"}, UnknownNameError, "method="),
        ({"method": "bias_corrected", "index": "gap"}, InapplicableError, "no correction for few waves"),
        ({"method": "bias_corrected", "min_waves": 1}, InputError, "units seen twice"),
        ({"min_waves": 0}, InputError, "min_waves"),
        ({"min_waves": 9}, DataError, "no unit is seen at 9 waves"),
        ({"welfare": "income"}, UnknownNameError, "unknown column 'income'"),
        ({"unit": "household"}, UnknownNameError, "unknown column 'household'"),
        ({"by": "sex"}, UnknownNameError, "unknown column 'sex'"),
        ({"design": Design(weight="wt")}, UnknownNameError, "unknown column 'wt'"),
        ({"design": "psu"}, InputError, "design is a str"),
        ({"strict": 1}, InputError, "strict"),
    ],
)
def test_requests_that_cannot_be(panel, options, error, message):
    with pytest.raises(error, match=message):
        measured(panel, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: pd.concat([d, d.iloc[[3]]]), "more than|twice|duplicate|several"),
        (lambda d: d.assign(y="much"), "not numeric"),
        (lambda d: d.assign(y=np.inf), "infinite"),
        (lambda d: d.assign(y=np.nan), "missing in all"),
        (
            lambda d: d.assign(village=d["village"] + 100 * (d["wave"] == 2)),
            "psu 'village' differs between the waves of 240",
        ),
        (lambda d: d.assign(area=d["wave"] % 2), "stratum 'area' differs"),
        (lambda d: d.assign(w=0.0), "zero values"),
        (lambda d: d.iloc[:0], "no rows"),
        (lambda d: d.assign(wave=d["wave"] + 0.5), "whole number"),
    ],
)
@pytest.mark.filterwarnings("ignore::fanpin.core.errors.DroppedRowsWarning")
def test_data_that_cannot_be(panel, change, message):
    with pytest.raises(DataError, match=message):
        measured(change(panel), design=DESIGN)


def test_no_table_is_refused():
    with pytest.raises(InputError, match="data is no table"):
        measured([1, 2])
