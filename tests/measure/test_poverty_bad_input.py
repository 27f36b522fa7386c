"""What a user may get wrong in fp.poverty, each answered by name, for frames and Ibis tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError, UnknownNameError
from fanpin.core.line import Line
from fanpin.measure import poverty

LINE = Line.absolute(70, currency="CNY", year=2010)
DESIGN = Design(weight="weight", stratum="region", psu="village")


@pytest.fixture(params=["frame", "table"])
def data(request, as_table):
    """Turns a frame into what fp.poverty is given."""
    return as_table if request.param == "table" else lambda frame: frame


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("weight", 0.0, "(zero values|0 missing, 1 zero or negative)"),
        ("weight", -2.0, "(negative values|0 missing, 1 zero or negative)"),
        ("weight", np.nan, "(missing values|1 missing, 0 zero or negative)"),
        ("members", 0.0, "(zero values|1 zero or negative)"),
        ("income", np.inf, "infinite"),
        ("region", None, "stratum column 'region' has missing values"),
        ("village", None, "psu column 'village' has missing values"),
    ],
)
def test_values_that_cannot_be(sample, data, column, value, message):
    if value is None:
        sample[column] = sample[column].astype(object)
    else:
        sample[column] = sample[column].astype(float)
    sample.loc[5, column] = value
    sample["village"] = sample["village"].astype(str).where(sample["village"].notna(), None)
    with pytest.raises(DataError, match=message):
        poverty(data(sample), welfare="income", line=LINE, size="members", design=DESIGN)


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_line_column_of_zero_or_below(sample, data, value):
    sample.loc[9, "own_line"] = value
    with pytest.raises(DataError, match="line column 'own_line' has"):
        poverty(data(sample), welfare="income", line=Line.column("own_line"), design=DESIGN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"welfare": "incom"}, "unknown column 'incom'"),
        ({"line": Line.column("linie")}, "unknown column 'linie'"),
        ({"line": Line.relative(0.6, by="regionn")}, "did you mean 'region'"),
        ({"by": "sex"}, "unknown column 'sex'"),
        ({"size": "member"}, "did you mean 'members'"),
        ({"design": Design(weight="wgt")}, "unknown column 'wgt'"),
        ({"indices": ("headcount", "depth")}, "'depth'"),
        ({"bandwidth": "silverman"}, "'silverman'"),
    ],
)
def test_unknown_names(sample, data, options, message):
    arguments = {"welfare": "income", "line": LINE, **options}
    with pytest.raises(UnknownNameError, match=message):
        poverty(data(sample), **arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line": 70}, "line is no Line"),
        ({"indices": ()}, "indices are empty or repeated"),
        ({"indices": ("gap", "gap")}, "indices are empty or repeated"),
        ({"by": ["region", "region"]}, "by column is named twice"),
    ],
)
def test_options_that_make_no_sense(sample, options, message):
    with pytest.raises(InputError, match=message):
        poverty(sample, **{"welfare": "income", "line": LINE, **options})


def test_by_column_with_a_name_the_result_needs(sample):
    with pytest.raises(InputError, match="'population' has a name that the result needs"):
        poverty(sample.assign(population=1), welfare="income", line=LINE, by="population")


def test_two_columns_of_one_name(sample):
    doubled = pd.concat([sample, sample[["region"]]], axis=1)
    with pytest.raises(InputError, match="two columns of one name"):
        poverty(doubled, welfare="income", line=LINE, by="region")


def test_no_table():
    with pytest.raises(InputError, match="data is no table"):
        poverty([1, 2], welfare="income", line=LINE)


def test_no_rows(sample, data):
    with pytest.raises(DataError, match="rows"):
        poverty(data(sample.iloc[:0]), welfare="income", line=LINE, design=DESIGN)


def test_no_row_with_welfare(sample, data):
    with pytest.raises(DataError, match="no row is left to measure"):
        poverty(data(sample.assign(income=np.nan)), welfare="income", line=LINE, design=DESIGN)


def test_welfare_of_text(sample, data):
    with pytest.raises(DataError, match="'income' is not numeric"):
        poverty(data(sample.assign(income="12,5")), welfare="income", line=LINE, design=DESIGN)


def test_stratum_with_one_psu(sample, data):
    sample.loc[sample["village"] == 0, "region"] = "island"
    with pytest.raises(DataError, match="1 strata of 'region' have a single PSU") as caught:
        poverty(data(sample), welfare="income", line=LINE, design=DESIGN)
    assert "island" in str(caught.value)
    centred = Design(weight="weight", stratum="region", psu="village", singleton="centre")
    assert poverty(data(sample), welfare="income", line=LINE, design=centred).counts["strata"] == 5


def test_relative_line_of_a_median_of_zero(sample):
    sample.loc[:700, "income"] = 0.0
    with pytest.raises(DataError, match="median"):
        poverty(sample, welfare="income", line=Line.relative(0.6), design=DESIGN)


def test_relative_line_of_a_negative_mean(sample):
    with pytest.raises(DataError, match="50 % of the mean of 'income' is no positive line"):
        poverty(sample.assign(income=-1.0 * sample["income"]), welfare="income", line=Line.relative(0.5, of="mean"))


def test_an_impossible_absolute_line():
    with pytest.raises(InputError, match="impossible"):
        Line.absolute(0, currency="CNY", year=2010)


def test_group_of_one_row():
    with pytest.raises(DataError, match="one sampled row"):
        poverty(pd.DataFrame({"income": [3.0]}), welfare="income", line=LINE)
