"""The test of homogeneity against R's chisq.test and pingouin; bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.errors import DataError, InputError, UnknownNameError
from fanpin.monitor import heterogeneity

CLASSES = ["rec", "indiv", "notrec", "other"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The paper's table of 13 townships and 1,404 households."""
    frame = pd.DataFrame({
        "town": list("ABCDEFGHIJKLM"),
        "rec": [113, 51, 12, 55, 57, 28, 14, 28, 29, 78, 52, 59, 45],
        "indiv": [12, 3, 1, 3, 5, 7, 0, 4, 4, 2, 5, 4, 4],
        "notrec": [183, 64, 13, 42, 63, 26, 26, 22, 30, 81, 56, 45, 74],
        "other": [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 0, 0],
    })  # fmt: skip
    return frame.assign(rest=frame[CLASSES[1:]].sum(axis=1), late=frame["notrec"] + frame["other"],
                        either=frame["rec"] + frame["indiv"])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("t13x4", CLASSES),
        ("t13x3", ["rec", "indiv", "late"]),
        ("t13x2_rec", ["rec", "rest"]),
        ("t13x2_rec_or_indiv", ["either", "late"]),
    ],
)
def test_chi_squared_and_effect_sizes(table, golden, name, columns):
    expected = golden("townships")[name]
    result = heterogeneity(table, columns=columns, by="town")
    assert (result.stat, result.df) == (pytest.approx(expected["chi2"], rel=1e-12), expected["df"])
    assert result.pvalue == pytest.approx(expected["p"], rel=1e-10)
    details = result.details
    assert details["cramers_v"] == pytest.approx(expected["cramers_v"], rel=1e-12)
    assert details["cramers_v_corrected"] == pytest.approx(expected["cramers_v_bias_corrected_bergsma"], rel=1e-12)
    assert details["expected_below_5"] == expected["cells_expected_lt5"]
    if expected["cells_expected_lt5"]:
        p = expected["p_chisq_MC_1e6"]
        assert details["p_monte_carlo"] == pytest.approx(p, abs=4 * np.sqrt(p / 99_999))
        assert f"{expected['cells_expected_lt5']} of" in result.notes[0]
    else:
        assert "p_monte_carlo" not in details
        assert result.notes == ()


def test_over_dispersion_is_that_of_a_quasi_binomial_fit(table, golden):
    result = heterogeneity(table, columns=["rec", "rest"], by="town")
    # R's glm stops at a relative change of the deviance of 1e-8, so its residuals are not quite those of the mean.
    assert result.details["dispersion"] == pytest.approx(golden("townships")["overdispersion_pearson"], rel=1e-6)
    assert result.details["dispersion"] == pytest.approx(golden("townships")["t13x2_rec"]["chi2"] / 12, rel=1e-12)


def test_pingouin_agrees(table):
    import pingouin

    long = table.melt(id_vars="town", value_vars=["rec", "rest"], var_name="kind", value_name="times")
    households = long.loc[long.index.repeat(long["times"])]
    pearson = pingouin.chi2_independence(households, x="town", y="kind", correction=False)[2].iloc[0]
    ours = heterogeneity(table, columns=["rec", "rest"], by="town")
    assert ours.stat == pytest.approx(pearson["chi2"], rel=1e-12)
    assert ours.details["cramers_v"] == pytest.approx(pearson["cramer"], rel=1e-12)


def test_monte_carlo_uses_the_generator_and_leaves_the_global_one(table):
    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = heterogeneity(table, columns=CLASSES, by="town").details["p_monte_carlo"]
    assert heterogeneity(table, columns=CLASSES, by="town").details["p_monte_carlo"] == first
    other = heterogeneity(table, columns=CLASSES, by="town", rng=np.random.default_rng(5)).details["p_monte_carlo"]
    assert other != first
    assert other == pytest.approx(first, abs=0.003)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_empty_townships_and_classes_do_not_count_and_rows_of_one_township_add_up(table):
    plain = heterogeneity(table, columns=["rec", "rest"], by="town")
    empty = pd.concat([table, pd.DataFrame({"town": ["Z"], "rec": [0], "rest": [0]})])
    halves = pd.concat(
        [table.assign(rec=table["rec"] // 2, rest=0), table.assign(rec=table["rec"] - table["rec"] // 2)]
    )
    for frame in (empty, halves, table.sample(frac=1, random_state=1)):
        assert heterogeneity(frame, columns=["rec", "rest"], by="town").stat == pytest.approx(plain.stat, rel=1e-12)
    assert heterogeneity(table.assign(none=0), columns=["rec", "rest", "none"], by="town").df == 12


def test_equal_shares_give_zero():
    frame = pd.DataFrame({"town": ["a", "b"], "x": [10, 20], "y": [30, 60]})
    result = heterogeneity(frame, columns=["x", "y"], by="town")
    assert result.stat == pytest.approx(0.0, abs=1e-12)
    assert result.details["cramers_v_corrected"] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rec": -1}, "has negative values"),
        ({"rec": 0.5}, "has fractional values"),
        ({"rec": np.nan}, "has missing values"),
        ({"rec": 0}, "nothing to compare"),
        ({"town": "A"}, "nothing to compare"),
        ({"town": None}, "a township has no name"),
    ],
)
def test_counts_that_cannot_be(table, change, message):
    with pytest.raises(DataError, match=message):
        heterogeneity(table.assign(**change), columns=["rec", "rest"], by="town")


def test_names_that_cannot_be(table):
    with pytest.raises(UnknownNameError, match="unknown column 'ill'"):
        heterogeneity(table, columns=["rec", "ill"], by="town")
    with pytest.raises(InputError, match="data is no table"):
        heterogeneity([1], columns=["rec", "rest"], by="town")
    for columns in (["rec"], ["rec", "rec"]):
        with pytest.raises(InputError, match="two classes or more"):
            heterogeneity(table, columns=columns, by="town")
