"""fp.multidimensional and its robustness: printed numbers, waves in one design, weights and cutoffs, bad input."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DroppedRowsWarning,
    InapplicableError,
    InputError,
    TiesAtLineWarning,
    UnknownNameError,
)
from fanpin.measure.multidimensional import multidimensional
from fanpin.measure.multidimensional_robustness import multidimensional_robustness
from fanpin.results.codec import from_json, to_json

NAMES = ["school", "ill", "water"]
WEIGHTS = {"school": 1 / 3, "ill": 1 / 3, "water": 1 / 3}


@pytest.fixture
def panel() -> pd.DataFrame:
    """300 simulated households in 30 villages, seen in two waves."""
    rng = np.random.default_rng(11)
    lasting = rng.random((300, 3)) < [0.5, 0.3, 0.4]
    waves = []
    for wave in (1, 2):
        now = np.where(rng.random((300, 3)) < 0.85, lasting, rng.random((300, 3)) < 0.4)
        waves.append(pd.DataFrame(now.astype(int), columns=NAMES).assign(
            home=np.arange(300), village=np.arange(300) // 10, wave=wave, weight=rng.uniform(1, 3, 300).round(2),
            members=rng.integers(1, 6, 300), place=np.array(["east", "west", "north"])[np.arange(300) // 100],
        ))  # fmt: skip
    return pd.concat(waves, ignore_index=True)


@pytest.fixture
def ask(panel):
    """Calls the measure with what is not given taken from here."""

    def call(data=None, **options):
        given = {"indicators": NAMES, "weights": "equal", "cutoff": 0.5, **options}
        return multidimensional(panel if data is None else data, **given)

    return call


def flag(values: pd.Series, below: float) -> pd.Series:
    return (values < below).astype(float).where(values.notna())


@pytest.mark.shared
def test_the_printed_example_of_nlsw88(shared, golden):
    file = shared / "data/public/nlsw88/nlsw88.csv.gz"
    if not file.exists():
        pytest.skip("the nlsw88 extract is not in the folder of data")
    women = pd.read_csv(file)
    for name, below in {"wage": 4, "collgrad": 1, "hours": 26}.items():
        women[name] = flag(women[name], below)
    with pytest.warns(DroppedRowsWarning, match="of 2246: hours 4"):
        found = multidimensional(women, indicators=["wage", "collgrad", "hours"], weights="equal", cutoff=1 / 3)
    printed = golden("published/nlsw88_multidimensional")
    for term in ("headcount", "intensity", "adjusted_headcount"):
        estimate, error = printed[term]["estimate"], printed[term]["std_error"]
        digits = printed[term]["digits"]
        assert found.params[term] == pytest.approx(estimate, abs=0.5 * 10 ** -digits[0])
        assert found.std_errors[term] == pytest.approx(error, abs=0.5 * 10 ** -digits[1])
    assert found.nobs == 2242


def test_terms_and_their_context(ask):
    found = ask()
    assert list(found.rows["term"][:5]) == ["headcount", "intensity", "adjusted_headcount", "uncensored:school", "uncensored:ill"]  # fmt: skip
    assert list(found.rows["indicator"][2:5]) == ["", "school", "ill"]
    assert found.by == ()
    assert found.params[[f"contribution:{n}" for n in NAMES]].sum() == pytest.approx(1.0)
    assert "cutoff" not in found.rows


def test_several_cutoffs_equal_one_at_a_time(ask):
    both = ask(cutoff=[1 / 3, 2 / 3], by="wave", design=Design("weight", psu="village"))
    assert both.by == ("wave", "cutoff")
    for k in (1 / 3, 2 / 3):
        alone, part = ask(cutoff=k, by="wave", design=Design("weight", psu="village")), both.select(cutoff=round(k, 4))
        assert part.params.to_numpy() == pytest.approx(alone.params.to_numpy())
        assert part.cov.to_numpy() == pytest.approx(alone.cov.to_numpy())
    headcount = both.select(term="headcount", wave=1)
    assert headcount.params.iloc[0] > headcount.params.iloc[1]


def test_change_between_waves_uses_the_overlap(panel, ask):
    """The change's variance in one design equals that of a regression-free difference by household totals."""
    found = ask(by="wave", design=Design("weight", psu="home")).select(term="adjusted_headcount")
    cov = found.cov.to_numpy()
    change = float(found.params.iloc[1] - found.params.iloc[0])
    joint = float(np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]))
    assert cov[0, 1] > 0.1 * cov[0, 0]
    assert joint < np.sqrt(cov[0, 0] + cov[1, 1])
    # by hand: each household's w (c 1[poor] - M0) / Sum w in wave 2 less that in wave 1
    score = panel[NAMES].mean(axis=1)
    panel["held"] = score.where(score >= 0.5, 0.0)
    parts = []
    for wave in (1, 2):
        part = panel[panel["wave"] == wave].set_index("home")
        mean = np.average(part["held"], weights=part["weight"])
        parts.append((mean, part["weight"] * (part["held"] - mean) / part["weight"].sum()))
    assert change == pytest.approx(parts[1][0] - parts[0][0], rel=1e-12)
    assert joint == pytest.approx(np.sqrt(300) * (parts[1][1] - parts[0][1]).std(), rel=1e-10)


def test_intervals_stay_between_0_and_1(ask):
    found = ask(cutoff=1.0, design=Design("weight", psu="village"))
    p, se = found.params["headcount"], found.std_errors["headcount"]
    half = stats.t(29).ppf(0.975) * se / (p * (1 - p))
    limits = 1 / (1 + np.exp(-np.log(p / (1 - p)) - np.array([-half, half])))
    assert found.conf_int().loc["headcount"].to_numpy() == pytest.approx(limits)
    assert any("intervals on the logit scale with t" in n for n in found.notes)


def test_dimensions_share_their_weight(ask):
    nested = ask(weights={"person": ["school", "ill"], "home": ["water"]})
    flat = ask(weights={"school": 0.25, "ill": 0.25, "water": 0.5})
    assert nested.params.to_numpy() == pytest.approx(flat.params.to_numpy())
    assert nested.options["weights"] == pytest.approx({"school": 0.25, "ill": 0.25, "water": 0.5})


def test_equal_weights_are_thirds_and_flags_may_be_true_and_false(panel, ask):
    flags = panel.assign(**{n: panel[n].astype(bool) for n in NAMES})
    assert ask(flags, weights=WEIGHTS).params.to_numpy() == pytest.approx(ask().params.to_numpy())


def test_persons_are_counted_by_size(panel, ask):
    sized = ask(size="members", design=Design("weight"))
    multiplied = panel.assign(w=panel["weight"] * panel["members"])
    assert sized.params.to_numpy() == pytest.approx(ask(multiplied, design=Design("w")).params.to_numpy())


def test_groups_do_not_depend_on_one_another(panel, ask):
    grouped = ask(by="place", design=Design("weight")).select(place="west")
    assert grouped.params.to_numpy() == pytest.approx(ask(panel[panel["place"] == "west"], design=Design("weight")).params.to_numpy())  # fmt: skip


def test_jackknife_agrees_with_linearised(ask):
    plain = Design("weight", psu="village")
    assert ask(design=plain.replicates("jkn")).std_errors.to_numpy() == pytest.approx(ask(design=plain).std_errors.to_numpy(), rel=0.02)  # fmt: skip


def test_an_ibis_table_gives_the_same(panel, ask, as_table):
    design = Design("weight", psu="village")
    assert ask(as_table(panel), by="wave", design=design).cov.to_numpy() == pytest.approx(
        ask(by="wave", design=design).cov.to_numpy(), rel=1e-12)  # fmt: skip


def test_result_is_stored_and_read_back(ask):
    found = ask(cutoff=[0.3, 0.6], by="wave")
    again = from_json(to_json(found))
    pd.testing.assert_frame_equal(again.tidy(), found.tidy())
    assert json.loads(to_json(found))["kind"] == "Measures"


def test_a_group_in_which_nobody_is_poor(panel, ask):
    panel.loc[panel["place"] == "west", NAMES] = 0
    found = ask(panel, by="place", cutoff=1 / 3)
    assert found.params["headcount[place=west]"] == 0
    assert np.isnan(found.params["intensity[place=west]"])
    assert np.isnan(found.std_errors["contribution:ill[place=west]"])
    assert any("not defined" in n and "intensity[place=west]" in n for n in found.notes)


def test_missing_indicators_are_counted_by_column(panel, ask):
    panel["ill"] = panel["ill"].astype(float).where(panel.index >= 7)
    panel["water"] = panel["water"].astype(float).where(panel.index != 100)
    with pytest.warns(DroppedRowsWarning, match="of 600: ill 7, water 1") as caught:
        found = ask(panel)
    assert caught[0].filename == __file__
    assert found.nobs == 592
    assert found.counts["psus"] == 600


def test_a_cutoff_rounded_upwards_is_announced(ask):
    with pytest.warns(TiesAtLineWarning, match=r"scores of 0.666667 lie just below the cutoff 0.667"):
        found = ask(cutoff=0.667)
    assert any("was a cutoff of 0.666667 meant?" in n for n in found.notes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(cutoff=0.6666)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"weights": {"school": 0.5, "ill": 0.4, "water": 0.2}}, InputError, "weights sum to 1.1"),
        ({"weights": {"school": 0.5, "ill": 0.5}}, InputError, "1 indicators have no weight"),
        ({"weights": {"school": 0.5, "ill": 0.3, "watr": 0.2}}, UnknownNameError, "did you mean 'water'"),
        ({"weights": {"school": 1.2, "ill": 0.3, "water": -0.5}}, InputError, "weight of 'water' is -0.5"),
        ({"weights": {"school": 1.0, "ill": 0.0, "water": 0.0}}, InputError, "weight of 'ill' is 0.0"),
        ({"weights": {"school": np.nan, "ill": 0.5, "water": 0.5}}, InputError, "weight of 'school' is nan"),
        ({"weights": "same"}, InputError, "weights='same' are no weights"),
        ({"weights": {}}, InputError, "are no weights"),
        ({"weights": {"person": ["school", "ill"], "water": 0.5}}, InputError, "mix numbers and lists"),
        (
            {"weights": {"person": ["school", "ill"], "home": ["ill", "water"]}},
            InputError,
            "'ill' is in two dimensions",
        ),
        ({"weights": {"person": NAMES, "home": []}}, InputError, "dimension 'home' has no indicator"),
        ({"weights": {"person": ["school", "ill"], "home": ["roof", "water"]}}, UnknownNameError, "'roof'"),
        ({"cutoff": 0}, InputError, "cutoff 0 is no share"),
        ({"cutoff": 33}, InputError, "divide a percentage by 100"),
        ({"cutoff": "union"}, InputError, "'union' is no share"),
        ({"cutoff": []}, InputError, "cutoffs are empty or repeated"),
        ({"cutoff": [0.5, 0.5]}, InputError, "cutoffs are empty or repeated"),
        ({"cutoff": np.nan}, InputError, "nan is no share"),
        ({"indicators": []}, InputError, "indicators are empty or repeated"),
        ({"indicators": ["school", "school"]}, InputError, "indicators are empty or repeated"),
        ({"indicators": ["school", "ill", "watr"]}, UnknownNameError, "did you mean 'water'"),
        ({"by": "cutoff"}, UnknownNameError, "unknown column 'cutoff'"),
        ({"size": "member"}, UnknownNameError, "did you mean 'members'"),
        ({"size": 3}, InputError, "size=3 names no column"),
        ({"design": Design(psu="villag")}, UnknownNameError, "did you mean 'village'"),
        ({"design": "village"}, InputError, "design is a str"),
    ],
)
def test_what_cannot_be_asked(ask, options, kind, message):
    with pytest.raises(kind, match=message):
        ask(**options)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("ill", 2, "'ill' has values that are neither 0 nor 1"), ("ill", 0.5, "neither 0 nor 1"), ("water", "no", "is not numeric"),
     ("weight", 0.0, "zero values"), ("ill", np.inf, "infinite")],
)  # fmt: skip
def test_values_that_cannot_be(panel, ask, column, value, message):
    panel[column] = panel[column].astype(object if isinstance(value, str) else float)
    panel.loc[3, column] = value
    with pytest.raises(DataError, match=message):
        ask(panel, design=Design("weight"))


def test_no_rows_and_names_the_result_needs(panel, ask):
    with pytest.raises(DataError, match="no rows"):
        ask(panel.iloc[:0])
    with pytest.raises(InputError, match="'cutoff' has a name that the result needs"):
        ask(panel.assign(cutoff=1), by="cutoff")


def ranked(**options):
    """Three groups of eight rows: A more deprived than B of both; C deprived of water only."""
    data = pd.DataFrame({
        "place": np.repeat(["A", "B", "C"], 8),
        "school": [1] * 7 + [0] + [1] * 2 + [0] * 6 + [0] * 8,
        "water": [1] * 7 + [0] + [1] * 2 + [0] * 6 + [1] * 5 + [0] * 3,
    })  # fmt: skip
    given = {"indicators": ["school", "water"], "weights": "equal", "cutoffs": [0.5, 1.0], "by": "place", **options}
    return multidimensional_robustness(data, **given).set_index("term")


def test_pairs_that_keep_their_order():
    # headcounts: A 7/8, B 2/8, C 5/8 at k = 1/2; A 7/8, B 2/8, C 0 at k = 1: only B and C change places
    found = ranked()
    assert found.loc["headcount", ["groups", "settings", "pairs", "keep_order"]].tolist() == [3, 2, 3, 2]
    assert found.loc["headcount", "share_keep_order"] == pytest.approx(2 / 3)
    # at k = 1/2, A against C: .25 with a standard error above .2; A against B: .625
    assert found.loc["headcount", "keep_significantly"] == 1
    assert found.loc["headcount", "share_keep_significantly"] == pytest.approx(1 / 3)


def test_weighting_schemes_by_name():
    schemes = {"school": {"school": 0.9, "water": 0.1}, "water": {"school": 0.1, "water": 0.9}}
    found = ranked(weights=schemes, cutoffs=0.1)
    assert found.loc["headcount", "keep_order"] == 3  # the union does not depend on the weights
    assert found.loc["adjusted_headcount", "keep_order"] == 2  # B is poorer than C by school, less poor by water
    nested = ranked(weights={"one": {"all": ["school", "water"]}, "two": "equal"}, cutoffs=0.5)
    assert nested.loc["headcount", "settings"] == 2
    assert nested.loc["headcount", "keep_order"] == 3


def test_significance_uses_the_covariance_of_overlapping_groups(panel):
    """Waves of the same households: their difference is tested with the joint covariance."""
    design = Design("weight", psu="home")
    found = multidimensional_robustness(panel, indicators=NAMES, weights="equal", cutoffs=[1 / 3, 2 / 3], by="wave", design=design)  # fmt: skip
    kept = []
    for k in (1 / 3, 2 / 3):
        m = multidimensional(panel, indicators=NAMES, weights="equal", cutoff=k, by="wave", design=design).select(term="headcount")  # fmt: skip
        a, c = m.params.to_numpy(), m.cov.to_numpy()
        kept.append((a[0] - a[1]) / np.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1]))
    same = kept[0] * kept[1] > 0
    assert found.loc[0, "keep_order"] == int(same)
    assert found.loc[0, "keep_significantly"] == int(same and min(np.abs(kept)) > 1.968)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"cutoffs": 0.5}, InputError, "one setting has nothing to be compared with"),
        ({"by": None}, InapplicableError, "one group has no order"),
        ({"level": 95}, InputError, "confidence level 95"),
        ({"weights": {"a": "equal", "b": {"school": 0.5, "water": 0.6}}}, InputError, "weights sum to 1.1"),
    ],
)
def test_robustness_that_cannot_be_asked(options, kind, message):
    with pytest.raises(kind, match=message):
        ranked(**options)
