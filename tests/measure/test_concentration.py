"""fp.concentration and its decomposition: printed numbers, designs, bounds, statsmodels, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError, UnknownNameError
from fanpin.measure.concentration import concentration, concentration_decomposition
from fanpin.measure.inequality import inequality
from fanpin.report.table import table
from fanpin.results.codec import from_json, to_json

DESIGN = Design(weight="weight", stratum="region", psu="village")
CAUSES = ["age", "female", "log_income"]


@pytest.fixture
def homes() -> pd.DataFrame:
    """480 simulated households in 24 villages of 2 regions; the poor are ill more often and spend less."""
    rng = np.random.default_rng(11)
    village = np.repeat(np.arange(24), 20)
    income = np.exp(rng.normal(0, 0.4, 24)[village] + rng.normal(4, 0.6, 480)).round(1)
    age = rng.integers(20, 80, 480)
    return pd.DataFrame({
        "income": income, "log_income": np.log(income), "age": age, "female": rng.random(480) < 0.5,
        "ill": (rng.random(480) < 1 / (1 + np.exp(0.8 * np.log(income) - 0.03 * age - 1))).astype(int),
        "visits": rng.poisson(1 + income / 100), "score": rng.integers(1, 6, 480), "weight": rng.uniform(1, 4, 480).round(2),
        "members": rng.integers(1, 7, 480), "village": village, "region": np.array(["north", "south"])[village % 2],
    })  # fmt: skip


def test_printed_index_of_grouped_data(golden):
    """Table 8.1 of O'Donnell et al.: the index, and the sum of p_t L_(t+1) - p_(t+1) L_t it is worked out by, to 4 digits."""
    printed = golden("published/under_five_deaths_india")
    data = pd.DataFrame({"births": printed["births"], "rate": printed["rate"], "wealth": range(1, 6)})
    found = concentration(data, outcome="rate", rank="wealth", design=Design(weight="births")).params["concentration"]
    assert found == pytest.approx(printed["concentration"], abs=5e-5)
    people = (data["births"].cumsum() / data["births"].sum()).to_numpy()
    deaths = (data["births"] * data["rate"]).cumsum() / (data["births"] * data["rate"]).sum()
    steps = people[:-1] * deaths.to_numpy()[1:] - people[1:] * deaths.to_numpy()[:-1]
    assert steps == pytest.approx(printed["partial_sums"], abs=5e-5)
    assert found == pytest.approx(steps.sum(), rel=1e-12)


def test_over_its_own_rank_it_is_the_gini_of_fp_inequality(homes):
    own = concentration(homes, outcome="income", rank="income", by="region", design=DESIGN, size="members")
    gini = inequality(homes, welfare="income", by="region", design=DESIGN, size="members")
    assert own.params.to_numpy() == pytest.approx(gini.params.to_numpy(), rel=1e-12)
    assert own.cov.to_numpy() == pytest.approx(gini.cov.to_numpy(), rel=1e-8)


def test_it_is_the_slope_of_the_convenient_regression(homes):
    """2 var(R) h/mean on R: the weighted slope is the index (Kakwani, Wagstaff & van Doorslaer 1997)."""
    sm = pytest.importorskip("statsmodels.api")
    w = homes["weight"] / homes["weight"].sum()
    ordered = homes.assign(w=w).groupby("income")["w"].sum()
    rank = homes["income"].map(ordered.cumsum() - ordered / 2)
    variance = w @ (rank - w @ rank) ** 2
    fitted = sm.WLS(2 * variance * homes["ill"] / (w @ homes["ill"]), sm.add_constant(rank), weights=w).fit()
    found = concentration(homes, outcome="ill", rank="income", design=Design(weight="weight"))
    assert found.params["concentration"] == pytest.approx(fitted.params.iloc[1], rel=1e-10)


def test_kinds_are_related_as_stated(homes):
    found = {k: concentration(homes, outcome="ill", rank="income", kind=k, design=DESIGN).params["concentration"]
             for k in ("standard", "erreygers", "wagstaff")}  # fmt: skip
    mean = np.average(homes["ill"], weights=homes["weight"])
    assert found["erreygers"] == pytest.approx(4 * mean * found["standard"], rel=1e-12)
    assert found["wagstaff"] == pytest.approx(found["standard"] / (1 - mean), rel=1e-12)
    assert found["standard"] < -0.02


def test_true_and_false_are_bounded_as_zero_and_one(homes):
    flags = homes.assign(ill=homes["ill"] == 1)
    one = concentration(flags, outcome="ill", rank="income", kind="erreygers", design=DESIGN)
    two = concentration(homes, outcome="ill", rank="income", kind="erreygers", design=DESIGN, bounds=(0, 1))
    assert one.tidy().equals(two.tidy())


def test_outcomes_on_a_scale_need_its_bounds(homes):
    with pytest.raises(InputError, match="the erreygers index needs the bounds of outcome 'score'") as caught:
        concentration(homes, outcome="score", rank="income", kind="erreygers")
    assert "those that occur" in str(caught.value)
    found = concentration(homes, outcome="score", rank="income", kind="erreygers", bounds=(1, 5))
    unit = concentration(homes.assign(score=(homes["score"] - 1) / 4), outcome="score", rank="income", kind="erreygers", bounds=(0, 1))  # fmt: skip
    assert found.params.to_numpy() == pytest.approx(unit.params.to_numpy(), rel=1e-10)


@pytest.mark.parametrize("kind", ["standard", "erreygers", "wagstaff"])
def test_replicates_agree_with_linearised(homes, kind):
    linear = concentration(homes, outcome="ill", rank="income", kind=kind, by="region", design=DESIGN)
    jackknife = concentration(homes, outcome="ill", rank="income", kind=kind, by="region", design=DESIGN.replicates("jkn"))  # fmt: skip
    assert jackknife.std_errors.to_numpy() == pytest.approx(linear.std_errors.to_numpy(), rel=0.06)


def test_decomposition_layout_and_sums(homes):
    found = concentration_decomposition(homes, outcome="visits", rank="income", determinants=CAUSES, by="region", design=DESIGN)  # fmt: skip
    assert found.by == ("region", "determinant")
    assert len(found.rows) == 2 * (4 * 3 + 3)
    alone = concentration(homes, outcome="visits", rank="income", by="region", design=DESIGN)
    for region in ("north", "south"):
        own = found.select(region=region, term="concentration", determinant="visits")
        assert own.params.to_numpy() == pytest.approx(alone.select(region=region).params.to_numpy(), rel=1e-12)
        assert own.cov.to_numpy() == pytest.approx(alone.select(region=region).cov.to_numpy(), rel=1e-8)
        assert found.select(region=region, term="contribution").params.sum() == pytest.approx(
            own.params.iloc[0], rel=1e-11
        )
        shares = found.select(region=region, term="share")
        assert shares.params.sum() == pytest.approx(1, rel=1e-11)
        assert shares.cov.to_numpy().sum() == pytest.approx(0, abs=1e-10)


def test_elasticities_are_those_of_weighted_least_squares(homes):
    sm = pytest.importorskip("statsmodels.api")
    found = concentration_decomposition(homes, outcome="visits", rank="income", determinants=CAUSES, design=DESIGN)
    z = homes[CAUSES].astype(float)
    fitted = sm.WLS(homes["visits"].astype(float), sm.add_constant(z), weights=homes["weight"]).fit()
    mean = np.average(homes["visits"], weights=homes["weight"])
    for name in CAUSES:
        by_hand = fitted.params[name] * np.average(z[name], weights=homes["weight"]) / mean
        assert found.params[f"elasticity[determinant={name}]"] == pytest.approx(by_hand, rel=1e-9)
        own = concentration(homes.assign(z=z[name]), outcome="z", rank="income", design=DESIGN).params["concentration"]
        assert found.params[f"concentration[determinant={name}]"] == pytest.approx(own, rel=1e-10)
        assert found.params[f"contribution[determinant={name}]"] == pytest.approx(by_hand * own, rel=1e-9)


def test_standard_errors_of_contributions_agree_with_replicates(homes):
    """Less closely where both factors of a contribution are near 0, here of the sex, so that it is nearly of second order."""
    request = {"outcome": "visits", "rank": "income", "determinants": CAUSES}
    terms = ["contribution", "elasticity"]
    linear = concentration_decomposition(homes, **request, design=DESIGN).select(term=terms).std_errors
    jackknife = (
        concentration_decomposition(homes, **request, design=DESIGN.replicates("jkn")).select(term=terms).std_errors
    )
    small = "contribution[determinant=female]"
    assert jackknife[small] == pytest.approx(linear[small], rel=0.15)
    assert jackknife.drop(small).to_numpy() == pytest.approx(linear.drop(small).to_numpy(), rel=0.08)


def test_the_rank_may_be_a_determinant(homes):
    found = concentration_decomposition(homes, outcome="visits", rank="income", determinants=["income", "age"], design=DESIGN)  # fmt: skip
    gini = inequality(homes, welfare="income", design=DESIGN).params["gini"]
    assert found.params["concentration[determinant=income]"] == pytest.approx(gini, rel=1e-12)


def test_contributions_to_a_bounded_index_sum_to_it(homes):
    for kind in ("erreygers", "wagstaff"):
        found = concentration_decomposition(homes, outcome="ill", rank="income", determinants=CAUSES, kind=kind, design=DESIGN)  # fmt: skip
        whole = concentration(homes, outcome="ill", rank="income", kind=kind, design=DESIGN).params["concentration"]
        assert found.select(term="contribution").params.sum() == pytest.approx(whole, rel=1e-11)


def test_a_group_whose_determinants_do_not_vary_is_named(homes):
    homes.loc[homes["region"] == "south", "female"] = True
    found = concentration_decomposition(homes, outcome="visits", rank="income", determinants=CAUSES, by="region", design=DESIGN)  # fmt: skip
    south = found.select(region="south")
    assert np.isnan(south.params["elasticity[region=south,determinant=age]"])
    assert np.isfinite(south.std_errors["concentration[region=south,determinant=visits]"])
    assert any("not defined: elasticity:age[region=south]" in n for n in found.notes)
    assert found.select(region="north").params.notna().all()


def test_a_group_whose_rows_tie_has_no_index(homes):
    homes.loc[homes["region"] == "south", "income"] = 10.0
    found = concentration(homes, outcome="ill", rank="income", by="region", design=DESIGN)
    assert np.isnan(found.params["concentration[region=south]"])
    assert any("not defined: concentration[region=south]" in n for n in found.notes)


def test_notes_on_binary_and_negative_outcomes(homes):
    assert any(
        "compare groups of different means" in n for n in concentration(homes, outcome="ill", rank="income").notes
    )
    homes["visits"] -= 1
    assert any("rows have negative visits" in n for n in concentration(homes, outcome="visits", rank="income").notes)
    homes["visits"] -= 100
    found = concentration(homes, outcome="visits", rank="income")
    assert np.isnan(found.params["concentration"])
    assert any("not defined: concentration" in n for n in found.notes)


def test_missing_values_are_counted_by_column(homes):
    homes[["visits", "age"]] = homes[["visits", "age"]].astype(float)
    homes.loc[:2, "visits"] = np.nan
    homes.loc[10, "income"] = np.nan
    homes.loc[[20, 21], "age"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="of 480: visits 3, income 1, age 2; their PSUs") as caught:
        found = concentration_decomposition(homes, outcome="visits", rank="income", determinants=CAUSES, design=DESIGN)
    assert caught[0].filename == __file__
    assert found.nobs == 474
    with pytest.warns(DroppedRowsWarning, match="of 480: visits 3, income 1; their PSUs") as caught:
        concentration(homes, outcome="visits", rank="income", design=DESIGN)
    assert caught[0].filename == __file__


def test_order_of_rows_repetition_and_monotone_ranks(homes):
    base = concentration(homes, outcome="ill", rank="income").params.to_numpy()
    for other in (homes.sample(frac=1, random_state=0), pd.concat([homes, homes]), homes.assign(income=np.log(homes["income"]))):  # fmt: skip
        assert concentration(other, outcome="ill", rank="income").params.to_numpy() == pytest.approx(base, rel=1e-11)


def test_an_ibis_table_a_stored_result_and_a_printed_table(homes, as_table):
    request = {"outcome": "visits", "rank": "income", "determinants": CAUSES, "by": "region", "design": DESIGN}
    found = concentration_decomposition(homes, **request)
    assert concentration_decomposition(as_table(homes), **request).cov.to_numpy() == pytest.approx(found.cov.to_numpy(), rel=1e-9)  # fmt: skip
    pd.testing.assert_frame_equal(from_json(to_json(found)).tidy(), found.tidy())
    assert "Concentration index" in table(found).to_html()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"outcome": "il"}, UnknownNameError, "did you mean 'ill'"),
        ({"rank": "incme"}, UnknownNameError, "did you mean 'income'"),
        ({"rank": None}, InputError, "rank=None names no column"),
        ({"kind": "erreyger"}, UnknownNameError, "did you mean 'erreygers'"),
        ({"bounds": (0, 1)}, InputError, "bounds do not enter the standard index"),
        ({"kind": "wagstaff", "bounds": (1, 0)}, InputError, "are no bounds"),
        ({"kind": "wagstaff", "bounds": (0, np.inf)}, InputError, "are no bounds"),
        ({"kind": "wagstaff", "bounds": 1}, InputError, "are no bounds"),
        ({"kind": "wagstaff", "bounds": ("0", "1")}, InputError, "are no bounds"),
        ({"kind": "erreygers", "outcome": "visits", "bounds": (0, 1)}, DataError, "values outside its bounds"),
        ({"outcome": "region"}, DataError, "outcome column 'region' is not numeric"),
        ({"rank": "region"}, DataError, "rank column 'region' is not numeric"),
        ({"rank": "one"}, DataError, "rank column 'one' has one value in all rows"),
        ({"by": "regoin"}, UnknownNameError, "did you mean 'region'"),
        ({"size": "member"}, UnknownNameError, "did you mean 'members'"),
        ({"design": "weight"}, InputError, "design is a str"),
    ],
)
def test_what_cannot_be_asked(homes, options, kind, message):
    with pytest.raises(kind, match=message):
        concentration(homes.assign(one=1.0), **{"outcome": "ill", "rank": "income", **options})


@pytest.mark.parametrize(
    ("determinants", "kind", "message"),
    [
        ([], InputError, "determinants are empty or repeated"),
        (["age", "age"], InputError, "determinants are empty or repeated"),
        (["age", "visits"], InputError, "'visits' cannot be a determinant"),
        (["age", "residual"], InputError, "'residual' cannot be a determinant"),
        (["agee"], UnknownNameError, "did you mean 'age'"),
        (["region"], DataError, "determinant column 'region' is not numeric"),
        (["age", "one"], DataError, "determinant 'one' is constant"),
        (["age", "female", "months"], DataError, "determinant 'months' is a linear function of age, female"),
    ],
)
def test_determinants_that_cannot_be(homes, determinants, kind, message):
    homes = homes.assign(one=1.0, months=12 * homes["age"] + 3)
    with pytest.raises(kind, match=message):
        concentration_decomposition(homes, outcome="visits", rank="income", determinants=determinants)


def test_no_rows_and_names_the_result_needs(homes):
    with pytest.raises(DataError, match="no rows"):
        concentration(homes.iloc[:0], outcome="ill", rank="income")
    with pytest.raises(InputError, match="not explained by others"):
        concentration_decomposition(homes, outcome="visits", rank="visits", determinants=["age"])
    with pytest.raises(InputError, match="'determinant' has a name that the result needs"):
        concentration_decomposition(homes.assign(determinant=1), outcome="ill", rank="income", determinants=["age"], by="determinant")  # fmt: skip
