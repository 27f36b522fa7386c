"""fp.lorenz and fp.tip: against R, against fp.poverty, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InapplicableError, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.measure import lorenz, poverty, tip
from fanpin.results.codec import from_json, to_json

LINE = Line.absolute(80, currency="CNY", year=2010)
DESIGN = Design(weight="weight", stratum="region", psu="village")


@pytest.mark.shared
def test_ordinates_and_standard_errors_of_r(eusilc, golden):
    expected = golden("eusilc_lorenz")["lorenz"]
    found = lorenz(eusilc, welfare="eqIncome", points=[float(k[1:]) for k in expected],
                   design=Design(weight="rb050", stratum="db040", psu="db030"))  # fmt: skip
    np.testing.assert_allclose(found.params, [v["L"] for v in expected.values()], rtol=1e-10)
    np.testing.assert_allclose(found.std_errors, [v["se"] for v in expected.values()], rtol=1e-10)


def test_rows_say_group_and_share_and_the_end_is_certain(sample):
    found = lorenz(sample, welfare="income", by="region", design=DESIGN)
    assert found.by == ("region", "population_share")
    assert found.kind == "lorenz"
    tidy = found.tidy()
    ends = tidy[tidy["population_share"] == 1.0]
    assert ends["estimate"].to_numpy() == pytest.approx(np.ones(4))
    assert (ends["std_error"] < 1e-12).all()
    for _, curve in tidy.groupby("region"):
        assert (np.diff(curve["estimate"]) > 0).all()
        assert (np.diff(curve["estimate"], 2) > -1e-12).all()
    assert from_json(to_json(found)).params.equals(found.params)


def test_generalised_curve_ends_in_the_mean_with_its_standard_error(sample):
    found = lorenz(sample, welfare="income", points=[0.5, 1], generalised=True, design=DESIGN)
    w, y = sample["weight"].to_numpy(), sample["income"].to_numpy()
    mean = w @ y / w.sum()
    assert found.params.iloc[1] == pytest.approx(mean)
    u = pd.Series(w * (y - mean) / w.sum()).groupby([sample["region"], sample["village"]]).sum()
    variance = sum(len(t) * t.var(ddof=1) for _, t in u.groupby(level=0))
    assert found.std_errors.iloc[1] == pytest.approx(np.sqrt(variance))
    half = lorenz(sample, welfare="income", points=[0.5], design=DESIGN).params.iloc[0]
    assert found.params.iloc[0] == pytest.approx(half * mean)


@pytest.mark.parametrize("line", [LINE, Line.relative(0.6), Line.column("own_line")], ids=lambda z: z.kind)
def test_the_end_of_the_tip_curve_is_the_poverty_gap(sample, line):
    asked = {"welfare": "income", "line": line, "by": "region", "design": DESIGN, "size": "members"}
    curve = tip(sample, points=[0.3, 1.0], **asked)
    gaps = poverty(sample, indices="gap", **asked)
    ends = curve.select(population_share=1.0)
    np.testing.assert_allclose(ends.params, gaps.params, rtol=1e-12)
    np.testing.assert_allclose(ends.cov, gaps.cov, rtol=1e-9)
    assert curve.kind == "tip" and curve.by == ("region", "population_share")


def test_tip_is_flat_from_the_headcount_on(sample):
    head = poverty(sample, welfare="income", line=LINE, indices="headcount").params.iloc[0]
    curve = tip(sample, welfare="income", line=LINE).tidy()
    beyond = curve.loc[curve["population_share"] >= head, "estimate"]
    assert np.ptp(beyond) < 1e-12
    assert curve.loc[curve["population_share"] < head, "estimate"].max() < beyond.iloc[0]


def test_linearised_and_jackknife_standard_errors_agree(sample):
    for measure, more in ((lorenz, {}), (tip, {"line": LINE})):
        asked = {"welfare": "income", "points": [0.2, 0.6], **more}
        linear = measure(sample, design=DESIGN, **asked).std_errors
        jack = measure(sample, design=DESIGN.replicates("jkn"), **asked).std_errors
        np.testing.assert_allclose(linear, jack, rtol=0.05)


def test_a_table_of_the_engine_gives_the_same(sample, as_table):
    for measure, more in ((lorenz, {}), (tip, {"line": LINE})):
        asked = {"welfare": "income", "points": [0.2, 0.6], "design": DESIGN, **more}
        np.testing.assert_allclose(measure(as_table(sample), **asked).cov, measure(sample, **asked).cov, rtol=1e-10)


def test_missing_and_negative_welfare_are_said(sample):
    data = sample.assign(income=sample["income"].where(sample.index > 4))
    data.loc[7, "income"] = -5.0
    with pytest.warns(DroppedRowsWarning, match="income 5"):
        found = lorenz(data, welfare="income", design=DESIGN)
    assert any("1 rows have negative income" in n for n in found.notes)
    assert found.nobs == len(data) - 5


@pytest.mark.parametrize(("points", "words"), [([], "there is none"), ([0.5, 0.2], "do not increase"), ([0.2, 0.2], "do not increase"),
                                               ([0.0], "no share"), ([20], "no share"), ("half", "no share"), ([True], "no share")])  # fmt: skip
def test_impossible_points_are_refused(sample, points, words):
    with pytest.raises(InputError, match=words):
        lorenz(sample, welfare="income", points=points)
    with pytest.raises(InputError, match=words):
        tip(sample, welfare="income", line=LINE, points=points)


def test_names_and_options_are_checked(sample):
    with pytest.raises(UnknownNameError, match="did you mean 'income'"):
        lorenz(sample, welfare="incme")
    with pytest.raises(InputError, match="population_share"):
        lorenz(sample.assign(population_share=1), welfare="income", by="population_share")
    with pytest.raises(InputError, match="generalised"):
        lorenz(sample, welfare="income", generalised="yes")
    with pytest.raises(InputError, match="no Line"):
        tip(sample, welfare="income", line=100)
    with pytest.raises(DataError, match="no rows"):
        lorenz(sample[:0], welfare="income")
    with pytest.raises(DataError, match="not numeric"):
        lorenz(sample, welfare="region")
    with pytest.raises(InapplicableError, match="meets 4 estimated lines"):
        tip(sample, welfare="income", line=Line.relative(0.6, by="region"))
