"""Names of measures with a colon in words, in the long and the wide layout."""

from __future__ import annotations

import pytest
from report_samples import measures

from fanpin.report.labels import label, measure_label
from fanpin.report.table import table

WORDS = {"ill": {"en": "A member is ill", "zh": "有成员患病"}}


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("censored:ill", "Poor and deprived, a member is ill", "贫困且被剥夺的比例，有成员患病"),
        ("catastrophic:0.1", "Catastrophic health spending, above 10 %", "灾难性卫生支出发生率（超过10%）"),
        ("ge:2", "Generalised entropy, α = 2", "广义熵指数（α = 2）"),
        ("ge:-1", "Generalised entropy, α = -1", "广义熵指数（α = -1）"),
        ("gini:0.5", "Gini index, 0.5", "基尼系数，0.5"),
        ("headcount", "Headcount ratio", "贫困发生率"),
    ],
)
def test_measures_with_a_colon_are_no_interactions(name, en, zh):
    assert measure_label(name, WORDS, "en") == en
    assert measure_label(name, WORDS, "zh") == zh


def test_interactions_of_a_model_stay_interactions():
    assert label("age:ill", WORDS, "en") == "Age × A member is ill"


def test_given_words_come_first():
    assert measure_label("censored:ill", {"censored:ill": "Ill and poor"}, "en") == "Ill and poor"


@pytest.fixture
def burden():
    rows = [{"term": t, "wave": w, "source": s, "estimate": 0.1, "n": 9}
            for t in ("catastrophic:0.1", "catastrophic:0.4") for w in (2014, 2022) for s in ("income_wage", "rest")]  # fmt: skip
    return measures(rows, [0.01] * 8, ("wave", "source"), kind="health_burden")


def test_long_tables_word_measures_and_the_names_of_columns_among_values(burden):
    words = [r.label for r in table(burden).rows]
    assert words[:3] == ["Catastrophic health spending, above 10 %", "2014, Wages and salaries", "2014, rest"]


def test_wide_tables_word_measures_in_rows_and_in_columns(burden):
    wide = table(burden, pivot="wave")
    assert wide.rows[0].label == "Catastrophic health spending, above 10 %, Wages and salaries"
    assert [c.label for c in wide.columns] == ["2014", "2022"]
    columns = table(burden, pivot="term", lang="zh").columns
    assert [c.label for c in columns] == ["灾难性卫生支出发生率（超过10%）", "灾难性卫生支出发生率（超过40%）"]


def test_values_have_words_of_their_own_in_their_column():
    rows = [{"term": t, "share_of": b, "estimate": 0.1, "n": 9}
            for t, b in (("catastrophic:0.1", "capacity"), ("catastrophic:0.1", "total"), ("headcount_net", "line"))]  # fmt: skip
    made = measures(rows, [0.01] * 3, ("share_of",), kind="health_burden")
    words = {"total": {"en": "Households", "zh": "户数"}, "share_of=capacity": {"en": "non-food", "zh": "非食品"}}
    assert [r.label for r in table(made, labels=words, columns=["a", "b", "c", "d"]).rows if r.role == "data"] == [
        "non-food", "of the total budget", "against the line"]  # fmt: skip
