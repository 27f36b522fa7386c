"""Changes of poverty: closed forms, additivity, influence, replicates, groups, bad input."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.kernels.density import row_density
from fanpin.kernels.indices.poverty_change import GroupParts, GrowthRedistribution
from fanpin.measure import contrast, poverty, poverty_change

LINE = Line.absolute(100, currency="CNY", year=2010)
DESIGN = Design(weight="w", stratum="area", psu="village")
INDICES = ("headcount", "gap", "severity")
METHODS = [("shapley", "first"), ("datt_ravallion", "first"), ("datt_ravallion", "second")]


def measured(data, **options):
    return poverty_change(data, **{"welfare": "y", "line": LINE, "time": "wave", "first": 1, "second": 2, **options})


@pytest.fixture
def panel():
    """600 households at three waves, in 60 villages of 2 areas; some move to town."""
    rng = np.random.default_rng(21)
    tendency = rng.normal(0, 0.4, 600) + rng.normal(0, 0.2, 60)[np.arange(600) % 60]
    town = np.arange(600) % 3 == 0
    waves = []
    for t in (1, 2, 3):
        town = town | (rng.uniform(size=600) < 0.1 * (t - 1))
        y = 105 * np.exp(tendency + 0.12 * t + 0.3 * town + rng.normal(0, 0.25 + 0.05 * t, 600))
        waves.append(pd.DataFrame({"id": np.arange(600), "wave": t, "village": np.arange(600) % 60, "y": y,
                                   "sector": np.where(town, "town", "country"), "w": rng.uniform(1, 3, 600)}))  # fmt: skip
    return pd.concat(waves, ignore_index=True).assign(area=lambda d: d.village % 2)


def lognormal(mean, sigma, n=20_000):
    return mean * np.exp(sigma * stats.norm.ppf((np.arange(n) + 0.5) / n) - sigma**2 / 2)


@pytest.mark.parametrize(("method", "reference"), METHODS)
@pytest.mark.parametrize("index", INDICES)
def test_equal_growth_is_growth_alone(panel, index, method, reference):
    one = panel[panel.wave == 1]
    both = pd.concat([one, one.assign(wave=2, y=one.y * 1.2)], ignore_index=True)
    made = measured(both, index=index, method=method, reference=reference, design=DESIGN)
    assert made.params["change"] < -0.005
    assert made.params["growth"] == pytest.approx(made.params["change"], rel=1e-12)
    assert made.params["redistribution"] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("index", INDICES)
def test_spread_at_one_mean_is_redistribution_alone(panel, index):
    one = panel[panel.wave == 1]
    mean = np.average(one.y, weights=one.w)
    both = pd.concat([one, one.assign(wave=2, y=mean + 1.3 * (one.y - mean))], ignore_index=True)
    made = measured(both, index=index, design=DESIGN)
    assert made.params["redistribution"] == pytest.approx(made.params["change"], rel=1e-9)
    assert made.params["growth"] == pytest.approx(0, abs=1e-12)


def test_lognormal_headcounts_have_a_closed_form():
    """P(m, s) = F((ln(z/m) + s^2/2)/s), F the normal distribution function."""
    (m1, s1), (m2, s2) = (120.0, 0.5), (150.0, 0.7)
    data = pd.DataFrame(
        {"y": np.concatenate([lognormal(m1, s1), lognormal(m2, s2)]), "wave": np.repeat([1, 2], 20_000)}
    )

    def rate(m, s):
        return stats.norm.cdf((np.log(100 / m) + s**2 / 2) / s)

    expected = {"first": rate(m1, s1), "second": rate(m2, s2), "growth": rate(m2, s1) - rate(m1, s1),
                "redistribution": rate(m1, s2) - rate(m1, s1)}  # fmt: skip
    made = measured(data, method="datt_ravallion").params
    for term, value in expected.items():
        assert made[term] == pytest.approx(value, abs=2e-4)
    assert made["residual"] == pytest.approx(made["change"] - made["growth"] - made["redistribution"], rel=1e-12)


@pytest.mark.parametrize("index", INDICES)
def test_shapley_is_the_mean_over_both_references(panel, index):
    shapley = measured(panel, index=index, design=DESIGN).params
    first, second = (measured(panel, index=index, method="datt_ravallion", reference=r, design=DESIGN).params
                     for r in ("first", "second"))  # fmt: skip
    for term in ("growth", "redistribution"):
        assert shapley[term] == pytest.approx((first[term] + second[term]) / 2, rel=1e-12)
    assert shapley["growth"] + shapley["redistribution"] == pytest.approx(shapley["change"], rel=1e-12)
    assert first["residual"] == pytest.approx(-second["residual"], rel=1e-10)


def test_levels_and_change_are_those_of_poverty(panel):
    made = measured(panel, index="gap", design=DESIGN)
    base = poverty(panel[panel.wave < 3], welfare="y", line=LINE, indices="gap", by="wave", design=DESIGN)
    change = contrast(base, {"change": {"gap[wave=2]": 1, "gap[wave=1]": -1}})
    np.testing.assert_allclose(made.params[["first", "second"]], base.params, rtol=1e-12)
    np.testing.assert_allclose(made.std_errors[["first", "second"]], base.std_errors, rtol=1e-10)
    assert made.std_errors["change"] == pytest.approx(change.std_errors["change"], rel=1e-10)
    added = contrast(made, {"sum": {"growth": 1, "redistribution": 1}})
    assert added.std_errors["sum"] == pytest.approx(made.std_errors["change"], rel=1e-10)


def _slopes(index, x, w):
    out = []
    for i in range(len(w)):
        up, down = w.copy(), w.copy()
        up[i], down[i] = w[i] + 1e-5, w[i] - 1e-5
        out.append((index.value(x, up) - index.value(x, down)) / 2e-5)
    return np.array(out)


@pytest.mark.parametrize(("method", "reference"), METHODS)
@pytest.mark.parametrize("power", [1, 2])
def test_influence_is_the_derivative_in_the_weights(power, method, reference):
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.lognormal(0.1, 0.6, 50), rng.integers(0, 2, 50)])
    w = rng.uniform(1, 3, 50)
    index = GrowthRedistribution(power, method, reference, True, partial(row_density, rule="n"))
    np.testing.assert_allclose(index.influence(x, w), _slopes(index, x, w), atol=1e-8)


@pytest.mark.parametrize("method", ["shapley", "ravallion_huppi"])
@pytest.mark.parametrize("power", [0, 1, 2])
def test_influence_of_group_parts_is_the_derivative_in_the_weights(power, method):
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.lognormal(0.1, 0.6, 60), rng.integers(0, 2, 60), rng.integers(0, 3, 60)])
    w = rng.uniform(1, 3, 60)
    index = GroupParts(power, method, True, ("a", "b", "c"))
    np.testing.assert_allclose(index.influence(x, w), _slopes(index, x, w), atol=1e-8)


@pytest.mark.parametrize("index", ["gap", "severity"])
def test_jackknife_and_linearised_errors_agree(panel, index):
    linear = measured(panel, index=index, method="datt_ravallion", design=DESIGN)
    jackknife = measured(panel, index=index, method="datt_ravallion", design=DESIGN.replicates("jkn"))
    np.testing.assert_allclose(jackknife.std_errors, linear.std_errors, rtol=0.05)
    assert jackknife.cov_type == "jkn"


def test_linearised_error_of_the_headcount_is_its_spread_over_samples():
    """400 simulated pairs of samples of 1,500 each; four standard errors of a standard deviation are 14 %."""
    rng = np.random.default_rng(1)
    index = GrowthRedistribution(0, "shapley", "first", True, partial(row_density, rule="n"))
    w, wave = np.ones(3000), np.repeat([0.0, 1.0], 1500)
    estimates, errors = [], []
    for _ in range(400):
        y = np.concatenate([rng.lognormal(0.2, 0.6, 1500), rng.lognormal(0.4, 0.7, 1500)])
        x = np.column_stack([y, wave])
        estimates.append(index.value(x, w))
        errors.append(np.sqrt((index.influence(x, w) ** 2).sum(axis=0)))
    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(estimates, axis=0), rtol=0.14)


def test_the_jackknife_of_the_headcount_is_warned_of(panel):
    notes = " ".join(measured(panel, design=DESIGN.replicates("jkn")).notes)
    assert "jackknife is inconsistent for first, second, change, growth" in notes
    assert "inconsistent" not in " ".join(measured(panel, design=DESIGN.replicates("bootstrap", 20, seed=1)).notes)


def test_groups_by_hand():
    data = pd.DataFrame({"wave": [1] * 4 + [2] * 4, "sector": list("aabb") + list("abbb"),
                         "y": [50, 150, 150, 150, 150, 50, 150, 150.0]})  # fmt: skip
    made = measured(data, by_group="sector", method="ravallion_huppi").params
    assert made["within[sector=a]"] == pytest.approx(0.5 * (0 - 0.5))
    assert made["within[sector=b]"] == pytest.approx(0.5 * (1 / 3))
    assert made["shift[sector=a]"] == pytest.approx((0.25 - 0.5) * 0.5)
    assert made["interaction[sector=a]"] == pytest.approx((0.25 - 0.5) * (0 - 0.5))
    shapley = measured(data, by_group="sector").params
    assert shapley["within[sector=a]"] == pytest.approx(0.375 * (0 - 0.5))
    assert shapley["shift[sector=b]"] == pytest.approx(0.25 * (1 / 3) / 2)


@pytest.mark.parametrize(("method", "kinds"), [("shapley", 2), ("ravallion_huppi", 3)])
def test_group_parts_add_up(panel, method, kinds):
    made = measured(panel, by_group="sector", method=method, design=DESIGN)
    total = made.select(sector="all groups").params
    assert total.iloc[3:].sum() == pytest.approx(total.iloc[2], rel=1e-10)
    assert len(made.rows) == 3 + 3 * kinds
    for kind in ("within", "shift"):
        parts = made.select(term=kind).params
        assert parts.iloc[1:].sum() == pytest.approx(parts.iloc[0], rel=1e-10)
    jackknife = measured(panel, by_group="sector", method=method, design=DESIGN.replicates("jkn"))
    np.testing.assert_allclose(jackknife.std_errors, made.std_errors, rtol=0.05)


def test_persons_are_counted_by_size(panel):
    sized = panel.assign(persons=1 + panel.id % 4)
    weighted = panel.assign(w=panel.w * sized.persons)
    made, expected = measured(sized, size="persons", design=DESIGN), measured(weighted, design=DESIGN)
    np.testing.assert_allclose(made.params, expected.params, rtol=1e-12)
    np.testing.assert_allclose(made.std_errors, expected.std_errors, rtol=1e-12)


def test_order_of_rows_and_other_waves_do_not_matter(panel):
    made = measured(panel.sample(frac=1, random_state=3), index="gap", design=DESIGN)
    expected = measured(panel[panel.wave < 3], index="gap", design=DESIGN)
    np.testing.assert_allclose(made.cov, expected.cov, rtol=1e-8)
    assert made.counts["rows"] == 1200


def test_a_line_of_each_wave(panel):
    nominal = panel.assign(y=panel.y * panel.wave, z=100.0 * panel.wave)
    line = Line.by_time({1: 100, 2: 200}, currency="CNY")
    for given in (line, Line.column("z")):
        made = measured(nominal, line=given, index="gap", design=DESIGN)
        np.testing.assert_allclose(made.params, measured(panel, index="gap", design=DESIGN).params, rtol=1e-12)


def test_missing_welfare_is_counted(panel):
    with pytest.warns(DroppedRowsWarning, match="y 2;") as caught:
        measured(panel.assign(y=panel.y.where(panel.id != 5)), design=DESIGN)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"first": 7}, UnknownNameError, "unknown wave first= '7'"),
        ({"second": 1}, InputError, "are one wave"),
        ({"method": "ravallion_huppi"}, InputError, "not for growth and redistribution[\\s\\S]*give by_group="),
        ({"method": "datt_ravallion", "by_group": "sector"}, InputError, "not for groups[\\s\\S]*leave by_group= out"),
        ({"reference": "second"}, InputError, "has no reference wave"),
        ({"reference": "last"}, UnknownNameError, "reference="),
        ({"index": "watts"}, UnknownNameError, "index="),
        ({"line": Line.relative(0.6)}, InputError, "relative line is estimated"),
        ({"line": Line.by_time({1: 5}, currency="CNY")}, DataError, "no amount for 1 waves"),
        ({"by_group": "industry"}, UnknownNameError, "unknown column 'industry'"),
        ({"by_group": "term"}, InputError, "name that the result needs"),
        ({"size": "members"}, UnknownNameError, "unknown column 'members'"),
        ({"welfare": 3}, InputError, "names no column"),
    ],
)
def test_requests_that_cannot_be(panel, options, error, message):
    with pytest.raises(error, match=message):
        measured(panel.assign(term=1), **options)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda d: d.assign(y=d.y.where(d.wave == 1, -d.y)), {}, "mean 'y' is not positive at wave 2"),
        (lambda d: d.assign(y=d.y.where(d.wave == 1)), {}, "mean 'y' is not positive at wave 2[\\s\\S]*no value"),
        (
            lambda d: d.assign(sector=d.sector.where(d.wave > 1, "country")),
            {"by_group": "sector"},
            "1 groups of 'sector'",
        ),
        (lambda d: d.assign(y="x"), {}, "not numeric"),
        (lambda d: d.assign(w=-1.0), {}, "negative values"),
        (lambda d: d.assign(wave=d.wave + 0.5), {}, "whole number"),
        (lambda d: d.iloc[:0], {}, "no rows"),
    ],
)
def test_data_that_cannot_be(panel, change, options, message):
    with pytest.raises(DataError, match=message):
        measured(change(panel), design=DESIGN, **options)
