"""Prices, equivalence scales, income from sources, chained series and extreme values, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import ComparabilityWarning, DataError, InputError, UnknownNameError
from fanpin.core.prices import price_levels, price_series
from fanpin.panel.equivalence import adult_equivalents

INCOME = pd.DataFrame({"household_id": ["a", "a", "b"], "wave": [2018, 2020, 2022], "y": [1000.0, np.nan, 1020.0]})


def test_price_levels_are_chained_from_yearly_indices():
    rural = price_levels("cn-rural-cpi")
    assert rural[2008] / rural[2007] == pytest.approx(1.065)
    assert rural[2020] / rural[2018] == pytest.approx(1.032 * 1.031)
    assert (min(rural), max(rural)) == (2007, 2024)
    # the factor that CFPS users apply to bring 2022 to prices of 2010
    national = price_levels("cn-cpi")
    assert national[2022] / national[2010] == pytest.approx(1.318, abs=5e-4)
    assert all(series["source"] and series["status"] for series in price_series().values())


def test_money_is_brought_to_the_base_year():
    real = fp.deflate(INCOME, columns="y", time="wave", base_year=2020)
    assert real["y_real_2020"].tolist() == pytest.approx(
        [1000 * 1.032 * 1.031, np.nan, 1020 / (1.007 * 1.02)], nan_ok=True
    )
    assert real["y"].equals(INCOME["y"])
    national = fp.deflate(INCOME, columns=["y"], time="wave", base_year=2018, prices="cn-cpi")
    assert national["y_real_2018"].iloc[0] == 1000


def test_prices_of_ones_own_by_place_and_quarter():
    prices = pd.DataFrame({"province": ["x", "x", "z", "z"], "year": [2018, 2020] * 2, "index": [50, 100, 80, 100]})
    data = pd.DataFrame({"wave": [2018, 2018, 2020], "province": ["x", "z", "z"], "y": 10.0}, index=[5, 6, 7])
    real = fp.deflate(data, columns="y", time="wave", base_year=2020, prices=prices, by="province")
    assert real["y_real_2020"].tolist() == pytest.approx([20, 12.5, 10])
    quarters = pd.DataFrame({"wave": [4 * 2004 + q for q in (1, 2, 3, 4)], "index": [90.0, 100, 110, 100]})
    data = pd.DataFrame({"wave": [4 * 2004 + 1, 4 * 2004 + 3], "y": 99.0})
    real = fp.deflate(data, columns="y", time="wave", base_year=2004, prices=quarters, period="quarter")
    assert real["y_real_2004"].tolist() == pytest.approx([110, 90])
    yearly = fp.deflate(data, columns="y", time="wave", base_year=2005, period="quarter",
                        prices=pd.DataFrame({"year": [2004, 2005], "index": [1.0, 2.0]}))  # fmt: skip
    assert yearly["y_real_2005"].tolist() == [198, 198]


BAD_PRICES = [
    ({"prices": "cn-urban-cpi"}, UnknownNameError, "unknown price series 'cn-urban-cpi'"),
    ({"base_year": 1990}, DataError, "no base year 1990"),
    ({"by": "household_id"}, InputError, "does not differ by household_id"),
    ({"period": "quarter"}, InputError, "are not of period 'quarter'"),
    ({"period": "month"}, UnknownNameError, "value for period="),
    ({"columns": "z"}, UnknownNameError, "unknown column 'z'"),
    ({"columns": []}, InputError, "no column to deflate"),
    ({"columns": "household_id"}, DataError, "'household_id' is not numeric"),
    ({"prices": pd.DataFrame({"y": [1]})}, UnknownNameError, "unknown column 'index'"),
    ({"prices": pd.DataFrame({"index": [1]})}, InputError, "neither a year nor a time"),
    ({"prices": pd.DataFrame({"year": [2018, 2018], "index": [1, 2]})}, DataError, "several rows"),
    ({"prices": pd.DataFrame({"year": [2018, 2020], "index": [1, 0]})}, DataError, "zero or negative"),
    ({"prices": pd.DataFrame({"year": [2018, 2020], "index": [1, 2]})}, DataError, r"no price for year\s*: 2022"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD_PRICES)
def test_bad_prices_are_named(options, error, message):
    with pytest.raises(error, match=message):
        fp.deflate(INCOME, **{"columns": "y", "time": "wave", "base_year": 2020, **options})


def test_years_and_quarters_are_told_apart():
    with pytest.raises(InputError, match="times 8077 to 8077 are not of period 'year'"):
        fp.deflate(pd.DataFrame({"wave": [8077], "y": [1.0]}), columns="y", time="wave", base_year=2019)
    with pytest.raises(DataError, match="no price for year: 2025"):
        fp.deflate(pd.DataFrame({"wave": [2025], "y": [1.0]}), columns="y", time="wave", base_year=2019)
    with pytest.raises(InputError, match="'y_real_2020' has a name that the result needs"):
        fp.deflate(INCOME.assign(y_real_2020=1), columns="y", time="wave", base_year=2020)


FAMILIES = pd.DataFrame(
    {"household_id": ["a", "b", "c"], "wave": 1, "household_size": [4, 1, 2], "y": [900.0, 100, 50]}
)
MEMBERS = pd.DataFrame({
    "household_id": ["a"] * 4 + ["b"] + ["c"] * 2, "wave": 1, "age": [35, 31, 6, 8, 61, 13, 10], "female": [0, 1, 0, 1, 1, 0, 1],
})  # fmt: skip
SCALES = {
    "per_capita": [4, 1, 2],
    "square_root": [2, 1, 2**0.5],
    "oecd": [1 + 0.7 + 2 * 0.5, 1, 1.5],  # c: two children, one counts as the first adult
    "modified_oecd": [1 + 0.5 + 2 * 0.3, 1, 1.3],
    # INDEC's own example: a man of 35, a woman of 31, a son of 6 and a daughter of 8 are 3.09
    "ar_adult_equivalent": [3.09, 0.67, 0.90 + 0.70],
}


@pytest.mark.parametrize("scale", SCALES)
def test_scales_by_hand(scale):
    found = fp.equivalise(FAMILIES, income="y", scale=scale, persons=MEMBERS)
    assert found["equivalent_adults"].tolist() == pytest.approx(SCALES[scale])
    assert found["y_equivalised"].tolist() == pytest.approx(
        [y / n for y, n in zip([900, 100, 50], SCALES[scale], strict=True)]
    )


def test_indecs_other_example_and_the_ends_of_the_table():
    # a woman of 35, her son of 18 and her mother of 61 are 2.46
    people = pd.DataFrame({"household_id": "a", "wave": 1, "age": [35, 18, 61], "female": [1, 0, 1]})
    data = FAMILIES.iloc[:1].assign(household_size=3)
    assert fp.equivalise(data, income="y", scale="ar_adult_equivalent", persons=people)["equivalent_adults"].iloc[
        0
    ] == (pytest.approx(0.77 + 1.02 + 0.67))
    ends = people.assign(age=[0, 75, 110], female=[np.nan, 0, 0])
    found = fp.equivalise(data, income="y", scale="ar_adult_equivalent", persons=ends)
    assert found["equivalent_adults"].iloc[0] == pytest.approx(0.35 + 0.83 + 0.74)
    table = adult_equivalents()["ar_adult_equivalent"]
    assert "INDEC" in table["source"]
    assert [row[0] for row in table["units"]] == [*range(19), 30, 46, 61, 76]


def test_adults_and_children_can_be_counted_already():
    data = FAMILIES.assign(grown=[2, 1, 0], young=[2, 0, 2])
    found = fp.equivalise(data, income="y", scale="modified_oecd", adults="grown", children="young")
    assert found["equivalent_adults"].tolist() == pytest.approx(SCALES["modified_oecd"])


def test_unknown_members_and_other_sizes_are_said():
    with pytest.warns(ComparabilityWarning, match="1 of 3 households have no equivalent adults"):
        found = fp.equivalise(FAMILIES, income="y", scale="oecd", persons=MEMBERS[MEMBERS["household_id"] != "b"])
    assert np.isnan(found["equivalent_adults"].iloc[1])
    with pytest.warns(ComparabilityWarning, match="1 of 3 households have no equivalent adults"):
        fp.equivalise(FAMILIES, income="y", scale="ar_adult_equivalent",
                      persons=MEMBERS.assign(female=MEMBERS["female"].where(MEMBERS["age"] != 61)))  # fmt: skip
    with pytest.warns(ComparabilityWarning, match="1 of 3 households count other members than 'household_size' says"):
        fp.equivalise(FAMILIES.assign(household_size=[5, 1, 2]), income="y", scale="oecd", persons=MEMBERS)


def test_bad_scales_are_named():
    with pytest.raises(UnknownNameError, match="value for scale="):
        fp.equivalise(FAMILIES, income="y", scale="oxford")
    with pytest.raises(InputError, match="needs the members"):
        fp.equivalise(FAMILIES, income="y", scale="oecd")
    with pytest.raises(InputError, match="needs the members"):
        fp.equivalise(FAMILIES, income="y", scale="ar_adult_equivalent", adults="household_size", children="wave")
    with pytest.raises(DataError, match="'household_size' is below 1"):
        fp.equivalise(FAMILIES.assign(household_size=0), income="y")
    with pytest.raises(DataError, match="'age' is below 0"):
        fp.equivalise(FAMILIES, income="y", scale="oecd", persons=MEMBERS.assign(age=-1))
    with pytest.raises(UnknownNameError, match="unknown column 'female'"):
        fp.equivalise(FAMILIES, income="y", scale="ar_adult_equivalent", persons=MEMBERS.drop(columns="female"))
    with pytest.raises(DataError, match="duplicate key"):
        fp.equivalise(pd.concat([FAMILIES, FAMILIES]), income="y", scale="oecd", persons=MEMBERS)
    with pytest.raises(InputError, match="needs size"):
        fp.equivalise(FAMILIES, income="y", size=None)


SOURCES = ["wage", "business", "transfer"]
EARNED = pd.DataFrame({
    "household_id": list("abcde"), "wave": 1, "wage": [100.0, 0, 10, np.nan, 0], "business": [50.0, -80, 20, 5, 0],
    "transfer": [0.0, 20, np.nan, 1, 0], "total": [150.0, -60, 30, 6, 3],
    "transfer__missing": [None, None, "not_applicable", None, None], "wage__missing": [None, None, None, "refused", None],
})  # fmt: skip


def test_income_adds_up_with_losses_kept():
    found = fp.income_components(EARNED, sources=SOURCES)
    assert found["income_from_sources"].tolist() == pytest.approx([150, -60, 30, np.nan, 0], nan_ok=True)
    assert found["negative_sources"].tolist() == [0, 1, 0, 0, 0]
    assert found["dominant_source"].tolist()[:4] == ["wage", "business", "business", "business"]
    assert found["dominant_source"].isna().tolist() == [False] * 4 + [True]
    assert found["dominant_negative"].tolist() == [0, 1, 0, 0, 0]


def test_totals_that_differ_are_listed_largest_first():
    data = EARNED.assign(total=[150.5, -600, np.nan, 6, 3])
    listed = fp.income_total_check(data, sources=SOURCES, total="total")
    assert listed[["household_id", "reason"]].to_numpy().tolist() == [
        ["b", "differs"], ["e", "differs"], ["c", "total missing"], ["d", "component missing"],
    ]  # fmt: skip
    assert listed["difference"].tolist()[:2] == [-540, 3]
    assert listed["ratio"].tolist()[0] == 10
    assert len(fp.income_total_check(data, sources=SOURCES, total="total", tolerance=0)) == 5


def test_bad_sources_are_named():
    with pytest.raises(InputError, match="two or more different sources"):
        fp.income_components(EARNED, sources=["wage"])
    with pytest.raises(InputError, match="two or more different sources"):
        fp.income_components(EARNED, sources=["wage", "wage"])
    with pytest.raises(UnknownNameError, match="unknown column 'rent'"):
        fp.income_components(EARNED, sources=["wage", "rent"])
    with pytest.raises(DataError, match="not numeric"):
        fp.income_components(EARNED, sources=["wage", "household_id"])
    with pytest.raises(InputError, match="tolerance=-1"):
        fp.income_total_check(EARNED, sources=SOURCES, total="total", tolerance=-1)


SERIES = pd.DataFrame({
    "wave": [2010, 2018, 2018, 2020], "net": [1.0, np.nan, np.nan, np.nan], "comparable": [np.nan, 2, np.nan, np.nan],
    "current": [9.0, 8, 7, 6],
})  # fmt: skip


def test_income_series_are_chosen_wave_by_wave():
    with pytest.warns(
        ComparabilityWarning, match=r"2010 \(net\) and 2018 \(comparable\); 2018 \(comparable\) and 2020"
    ):
        found = fp.chain_income(SERIES, series={2010: "net", 2018: "comparable", 2020: "current"})
    assert found["income_chained"].tolist() == pytest.approx([1, 2, np.nan, 6], nan_ok=True)  # no mixing within a wave
    assert found["income_chained_series"].tolist() == ["net", "comparable", "comparable", "current"]
    with pytest.warns(ComparabilityWarning):
        ordered = fp.chain_income(SERIES, series=["net", "comparable", "current"])
    pd.testing.assert_frame_equal(found, ordered)
    assert fp.chain_income(SERIES, series=["current"])["income_chained"].tolist() == [9, 8, 7, 6]


def test_waves_without_a_series_are_named():
    with pytest.raises(DataError, match="no income series for wave 2020"):
        fp.chain_income(SERIES, series=["net", "comparable"])
    with pytest.raises(DataError, match="no income series for wave 2018, 2020"):
        fp.chain_income(SERIES, series={2010: "net"})
    with pytest.raises(UnknownNameError, match="unknown column 'fincome2'"):
        fp.chain_income(SERIES, series=["fincome2"])
    with pytest.raises(InputError, match="no series"):
        fp.chain_income(SERIES, series=[])


TAILS = pd.DataFrame({"g": ["x"] * 10 + ["z"], "y": [*map(float, range(1, 10)), 100.0, 7.0], "imp": [0] * 9 + [1, 0]})


def test_tails_are_winsorised_trimmed_or_marked_within_groups():
    coded = fp.top_bottom_code(TAILS, column="y", lower=0.15, upper=0.85, by="g")
    # the smallest y with F(y) > .15 and > .85 of ten: 2 and 9
    assert coded["y_winsorised"].tolist() == [2, 2, 3, 4, 5, 6, 7, 8, 9, 9, 7]
    assert coded["y_tail"].tolist() == [-1, *[0] * 8, 1, 0]
    trimmed = fp.top_bottom_code(TAILS, column="y", lower=0.15, upper=0.85, by="g", method="trim")["y_trimmed"]
    assert trimmed.isna().tolist() == [True, *[False] * 8, True, False]
    flagged = fp.top_bottom_code(TAILS, column="y", upper=0.85, by="g", method="flag")
    assert [c for c in flagged if c not in TAILS] == ["y_tail"]
    counts = fp.tail_counts(coded, column="y", by="g", imputed="imp").set_index("g")
    assert counts.loc["x", ["rows", "below", "above", "coded_imputed", "largest"]].tolist() == [10, 1, 1, 1, 9]
    assert counts.loc["x", "share_coded"] == 0.2
    assert fp.tail_counts(coded, column="y")["rows"].tolist() == [11]


def test_quantiles_leave_out_imputed_values_and_follow_weights():
    coded = fp.top_bottom_code(TAILS, column="y", upper=0.95, imputed="imp")
    assert coded["y_winsorised"].max() == 9  # with the imputed 100 among the values it would be 100
    assert fp.top_bottom_code(TAILS, column="y", upper=0.95)["y_winsorised"].max() == 100
    twice = pd.concat([TAILS, TAILS.iloc[:3]])
    weighted = fp.top_bottom_code(TAILS.assign(w=[2.0] * 3 + [1.0] * 8), column="y", lower=0.2, weight="w")
    repeated = fp.top_bottom_code(twice, column="y", lower=0.2)
    assert weighted["y_winsorised"].tolist() == repeated["y_winsorised"].tolist()[:11]


def test_bad_tails_are_named():
    for lower, upper in ((None, None), (0.9, 0.1), (1, None), (0.5, 0.5), (None, 99.0)):
        with pytest.raises(InputError, match="are no quantiles"):
            fp.top_bottom_code(TAILS, column="y", lower=lower, upper=upper)
    with pytest.raises(UnknownNameError, match="value for method="):
        fp.top_bottom_code(TAILS, column="y", upper=0.9, method="clip")
    with pytest.raises(DataError, match="imputed values only"):
        fp.top_bottom_code(TAILS.assign(imp=1), column="y", upper=0.9, imputed="imp")
    with pytest.raises(DataError, match="weight 'w' must be positive"):
        fp.top_bottom_code(TAILS.assign(w=0.0), column="y", upper=0.9, weight="w")
    with pytest.raises(DataError, match="'g' is not numeric"):
        fp.top_bottom_code(TAILS, column="g", upper=0.9)
    with pytest.raises(UnknownNameError, match="unknown column 'y_tail'"):
        fp.tail_counts(TAILS, column="y")
