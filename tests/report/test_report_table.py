"""What `table` makes of each kind of result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_samples import estimates, measures

from fanpin.core.errors import DataError, InputError, UnknownNameError
from fanpin.report.content import Table, split_cell_id
from fanpin.report.labels import label
from fanpin.report.numbers import decimals_for, fixed
from fanpin.report.table import table
from fanpin.results import Collection


def labels_of(made: Table, role: str) -> list[str]:
    return [r.label for r in made.rows if r.role == role]


def test_models_stand_side_by_side_with_errors_in_brackets(fits):
    made = table(fits, id="t4")
    assert [c.label for c in made.columns] == ["Cloglog", "Logit", "Probit"]
    cell = made.cell("schooling_years", "cloglog")
    assert (cell.text, cell.id) == ("−0.083", "t4:schooling_years:cloglog")
    assert cell.value == fits["cloglog"].params["schooling_years"]
    error = made.cell("schooling_years.std_error", "cloglog")
    assert (error.text, error.source.statistic, error.source.term) == ("(0.063)", "std_error", "schooling_years")
    assert labels_of(made, "estimate")[-1] == "Constant"
    assert labels_of(made, "stat") == ["Observations", "Units", "Spells", "Events", "Clusters", "Log-likelihood",
                                       "Covariance"]  # fmt: skip
    assert made.cell("stat.loglik", "probit").text == "−235.70"
    assert made.cell("stat.cov_type", "probit").text == "Clustered"
    assert made.notes == ("Standard errors in brackets, robust to clustering by person.",)


def test_rows_select_order_and_group_terms_and_expand_categories(fits):
    made = table(fits, rows={"Duration": ["C(duration)"], "Causes": ["schooling_years"]}, stats=["events", "aic"])
    assert labels_of(made, "group") == [label("Duration", {}, "en"), "Causes"]
    assert [r.id for r in made.rows if r.role == "estimate"] == [
        "C(duration)[T.2]",
        "C(duration)[T.3]",
        "schooling_years",
    ]
    assert all(r.depth == 1 for r in made.rows if r.role == "estimate")
    assert labels_of(made, "stat") == ["Events", "AIC"]
    assert made.cell("stat.aic", "logit").value == pytest.approx(18 - 2 * fits["logit"].loglik)


def test_panels_under_each_other_keep_the_first_panels_row_names(fits, effects):
    made = table({"Coefficients": fits, "Average effects": effects}, stats=["nobs"])
    assert labels_of(made, "panel") == ["Panel A. Coefficients", "Panel B. Average effects"]
    assert made.cell("age", "logit").source.result == "Coefficients/logit"
    assert made.cell("average_effects.age", "logit").value == effects["logit"].params["age"]
    assert made.cell("average_effects.age", "logit").source.result == "Average effects/logit"
    with pytest.raises(UnknownNameError):
        made.cell("average_effects.Intercept", "logit")


def test_panels_beside_each_other_share_a_heading_and_state_facts_once(fits, effects):
    made = table({"Coefficients": fits, "Average effects": effects}, panels="beside")
    assert [(c.spanner, c.label) for c in made.columns[:2]] == [
        ("Cloglog", "Coefficients"),
        ("Cloglog", "Average effects"),
    ]
    assert made.cell("age", "logit.average_effects").value == effects["logit"].params["age"]
    assert made.cell("Intercept", "logit.average_effects").text == ""
    assert (made.cell("stat.nobs", "logit").text, made.cell("stat.nobs", "logit.average_effects").text) == ("493", "")


def test_stars_are_off_unless_asked_for(fits):
    assert table(fits).cell("C(duration)[T.2]", "cloglog").text == "−0.549"
    starred = table(fits, stars=True)
    assert starred.cell("C(duration)[T.2]", "cloglog").text == "−0.549**"
    assert starred.notes[-1].startswith("* p < 0.10")


def test_small_errors_get_the_decimals_they_need():
    fit = estimates({"income": 0.000412, "age": 0.5}, {"income": 0.000093, "age": 0.1})
    made = table(fit)
    assert made.cell("income", "1").text == "0.000412"
    assert made.cell("income.std_error", "1").text == "(0.000093)"
    assert made.cell("age", "1").text == "0.500"
    assert table(fit, digits=2).cell("income", "1").text == "0.00"


def test_an_error_that_cannot_be_computed_is_a_dash():
    made = table(estimates({"x": 1.0}, {"x": float("nan")}))
    assert (made.cell("x.std_error", "1").text, made.cell("x.std_error", "1").value) == ("(–)", None)


def test_measures_take_a_row_each(poverty):
    made = table(poverty, id="p", percent=True)
    assert [c.label for c in made.columns] == ["Estimate", "Std. error", "95 % interval", "n"]
    row = "headcount[region=Tirol]"
    assert [made.cell(row, c).text for c in ("estimate", "std_error", "interval", "n")] == [
        "15.4", "0.9", "[13.6, 17.2]", "1,317"]  # fmt: skip
    assert made.cell(row, "estimate").value == 0.1538
    assert labels_of(made, "group") == ["Headcount ratio", "Poverty gap"]
    assert made.stub == "Region"


def test_measures_pivot_to_columns(poverty):
    by_region = table(poverty, pivot="region", stats=["n"])
    assert [c.id for c in by_region.columns] == ["Wien", "Tirol", "Salzburg"]
    assert by_region.cell("gap", "Tirol").text == "0.043"
    assert by_region.cell("gap.std_error", "Tirol").text == "(0.003)"
    assert by_region.cell("gap.n", "Tirol").text == "1,317"
    by_term = table(poverty, pivot="term", columns=["H", "G"])
    assert [c.label for c in by_term.columns] == ["H", "G"]
    assert by_term.cell("region=Wien", "headcount").source.term == "headcount[region=Wien]"


def test_context_columns_of_measures_are_shown_on_request(townships):
    made = table(
        townships, stats=["count", "n", "estimate", "shrunken"], percent=["shrunken"], columns={"count": "Recorded"}
    )
    assert [c.label for c in made.columns] == ["Recorded", "n", "Estimate", "Shrunken rate"]
    assert [c.text for c in made.rows[0].cells] == ["113", "308", "36.7", "40.5"]
    assert table(townships, stats=["shrunken"], formats={"shrunken": ".2%"}).rows[0].cells[0].text == "40.46%"


def test_several_measures_are_panels(poverty, townships):
    made = table({"poverty": poverty, "rates": townships}, stats=["estimate", "n"], rows=["headcount", "rate"])
    assert labels_of(made, "panel") == ["Panel A. Poverty", "Panel B. Rates"]
    assert made.cell("rates.rate[township=A]", "n").source.result == "rates"
    with pytest.raises(InputError, match="other measures of the table have"):
        table({"rates": townships, "poverty": poverty}, stats=["estimate", "shrunken"])


def test_tests_take_a_row_each(tests):
    made = table(tests)
    assert [c.id for c in made.columns] == ["statistic", "df", "p_value", "cramers_v"]
    assert [c.text for c in made.rows[0].cells] == ["63.976", "36", "0.003", "0.123"]
    assert [c.text for c in made.rows[1].cells] == ["3.100", "3, 120", "0.029", ""]
    assert made.notes[0] == "Null hypothesis of Pearson chi-squared: outcomes do not differ by township."


def test_data_frames_are_printed_with_their_index_as_labels():
    frame = pd.DataFrame({"town": ["A", "B"], "n": [1308, 26], "share": [0.25, np.nan], "word": ["x", None]})
    made = table(frame, formats={"share": ".1%"}, columns={"n": "Households"})
    assert (made.stub, made.columns[0].label, made.columns[2].align) == ("Town", "Households", "text")
    assert [c.text for c in made.rows[0].cells] == ["1,308", "25.0%", "x"]
    assert [c.text for c in made.rows[1].cells] == ["26", "–", "–"]
    assert made.cell("A", "n").source.term == "A"


def test_two_levels_of_index_and_columns_become_groups_and_headings():
    index = pd.MultiIndex.from_tuples([("East", "A"), ("East", "B"), ("West", "A")], names=["side", "town"])
    columns = pd.MultiIndex.from_tuples([("2016", "mean"), ("2016", "sd")])
    made = table(pd.DataFrame([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]], index=index, columns=columns))
    assert labels_of(made, "group") == ["East", "West"]
    assert [c.spanner for c in made.columns] == ["2016", "2016"]
    assert made.cell("West.A", "2016.sd").text == "6.00"


def test_simulated_results_are_named_in_title_and_notes(fits, poverty):
    fit = estimates({"age": 1.0}, {"age": 0.1}, simulated=True)
    every = table(fit, title="A title")
    assert every.simulated
    assert every.title == "A title (simulated data)"
    assert every.notes[0].startswith("All numbers rest on simulated data")
    some = table({"real": fits["logit"], "made_up": fit})
    assert some.title == "Simulated data"
    assert some.notes[0].endswith("stand behind: Made up.")
    frame = pd.DataFrame({"a": [1], "b": [2]})
    frame.attrs["simulated"] = True
    assert table(frame).simulated
    assert not table(poverty).simulated


def test_chinese_words_come_from_the_terms(fits):
    made = table(fits, lang="zh", stats=["nobs"])
    assert labels_of(made, "estimate")[-1] == "常数项"
    assert labels_of(made, "stat") == ["观测数"]
    assert "聚类" in made.notes[0]


def test_labels_take_names_apart():
    assert label("C(duration)[T.3]", {"duration": "Years since escape"}, "en") == "Years since escape = 3"
    assert (
        label("age:np.log(income_total)", {"income_total": {"en": "income", "zh": "收入"}}, "en") == "Age × ln(income)"
    )
    assert label("C(x, Treatment('a:b'))[T.c]", {}, "en") == "X = c"
    assert label("some_new_column", {}, "en") == "Some new column"
    assert label("x[1] + y", {}, "en") == "x[1] + y"


def test_numbers_print_with_a_true_minus_and_no_negative_zero():
    assert [fixed(v, 2) for v in (-1234.5, -0.001, 0.0, float("nan"), float("inf"))] == [
        "−1,234.50",
        "0.00",
        "0.00",
        "–",
        "–",
    ]
    assert (decimals_for([0.0004, 0.2], None), decimals_for([0.0004], 3), decimals_for([], None)) == (5, 3, 3)


def test_cell_ids_split_even_where_a_term_has_colons():
    assert split_cell_id("t4:age:illness:normal") == ("t4", "age:illness", "normal")
    for bad in ("t4", "t4:age", ":age:x"):
        with pytest.raises(InputError, match="not a cell id"):
            split_cell_id(bad)


def test_a_collection_is_taken_as_its_members(fits):
    assert [c.id for c in table(Collection(fits)).columns] == ["cloglog", "logit", "probit"]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"style": "three_line"}, "did you mean 'three-line'"),
        ({"lang": "cn"}, "value for lang="),
        ({"rows": ["schooling"]}, "did you mean 'schooling_years'"),
        ({"rows": {"Causes": ["C(durations)"]}}, r"did you mean .*C\(duration\)"),
        ({"stats": ["log_lik"]}, "did you mean 'loglik'"),
        ({"columns": {"cloglg": "x"}}, "did you mean 'cloglog'"),
        ({"panels": "side"}, "value for panels="),
    ],
)
def test_unknown_words_answer_with_the_closest(fits, options, hint):
    with pytest.raises(UnknownNameError, match=hint):
        table(fits, **options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"columns": ["a", "b", "a"]}, "two columns have the same name"),
        ({"columns": ["a"]}, "does not name every column"),
        ({"rows": "age"}, "single text"),
        ({"rows": ["age", "age"]}, "asked for twice"),
        ({"id": "a:b"}, "cannot name a table"),
        ({"digits": -1}, "not a number of decimals"),
        ({"pivot": "region"}, "no meaning in a table of estimates"),
        ({"percent": True}, "no meaning in a table of estimates"),
    ],
)
def test_impossible_requests_are_refused(fits, options, problem):
    with pytest.raises(InputError, match=problem):
        table(fits, **options)


@pytest.mark.parametrize("nothing", [[], {}, Collection({}), {"A": []}])
def test_a_table_of_nothing_is_refused(nothing):
    with pytest.raises(InputError, match=r"no results"):
        table(nothing)


def test_results_that_cannot_share_a_table_are_named(fits, poverty, tests):
    with pytest.raises(InputError, match="results of different kinds") as raised:
        table({"fit": fits["logit"], "poverty": poverty})
    assert "Estimates: fit; Measures: poverty" in str(raised.value)
    with pytest.raises(InputError, match="side by side"):
        table({"fit": fits["logit"], "group": [fits["probit"]]})
    with pytest.raises(InputError, match="not a result"):
        table("t4")
    with pytest.raises(InputError, match="'1' is not a result"):
        table([fits["logit"].params])
    with pytest.raises(InputError, match="no meaning in a table of hypothesis tests"):
        table(tests, stars=True)


def test_bad_measures_and_frames_are_named(poverty):
    with pytest.raises(UnknownNameError, match="did you mean 'region'"):
        table(poverty, pivot="regon")
    with pytest.raises(UnknownNameError, match="did you mean 'headcount'"):
        table(poverty, rows=["headcont"])
    with pytest.raises(UnknownNameError, match="unknown stat"):
        table(poverty, stats=["shrunk"])
    with pytest.raises(InputError, match="pivoted table"):
        table(poverty, pivot="region", stats=["estimate"])
    with pytest.raises(InputError, match="same name"):
        table(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "b"]))
    with pytest.raises(DataError, match="same label"):
        table(pd.DataFrame({"a": ["x", "x"], "b": [1, 2]}))
    with pytest.raises(DataError, match="empty"):
        table(pd.DataFrame({"a": []}))
    with pytest.raises(UnknownNameError, match="formats="):
        table(pd.DataFrame({"a": ["x"], "b": [1]}), formats={"c": ".1f"})
    with pytest.raises(InputError, match="number format"):
        table(pd.DataFrame({"a": ["x"], "b": ["y"]}), formats={"b": ".1f"})
    with pytest.raises(InputError, match="other columns than the first"):
        table({"p": pd.DataFrame({"a": ["x"], "b": [1]}), "q": pd.DataFrame({"a": ["x"], "c": [1]})})


def test_colliding_row_names_are_refused():
    rows = [{"term": "a", "n": 1, "estimate": 0.5}]
    one = measures(rows, [0.1])
    made = table([one, one])
    assert [r.id for r in made.rows] == ["a", "2.a"]
    with pytest.raises(InputError, match="two rows of table"):
        Table(id="t", title="", columns=made.columns, rows=(made.rows[0], made.rows[0]))


def test_notes_name_columns_in_words_and_do_not_repeat_themselves():
    said = "standard errors clustered by person_id; 12 rows lack hospital_stays or C(duration)[T.2]; new_thing kept"
    fit = estimates({"age": 1.0}, {"age": 0.1}, notes=(said,), options={"cluster": "person_id"})
    made = table(fit, labels={"hospital_stays": "Stays in hospital"})
    assert made.notes[0] == "Standard errors in brackets."
    assert made.notes[1].startswith(
        "standard errors clustered by person; 12 rows lack stays in hospital or waves since"
    )
    assert made.notes[1].endswith("= 2; new_thing kept")


def test_years_have_no_separators_and_whole_details_no_decimals(tests):
    frame = pd.DataFrame({"town": ["A"], "year": [1984], "n": [1984]})
    assert [c.text for c in table(frame).rows[0].cells] == ["1984", "1,984"]
    counted = [replace(tests[0], details={"small_cells": 24.0})]
    assert table(counted).cell("1", "small_cells").text == "24"


def test_labels_reach_columns_values_and_intervals(poverty, fits):
    labels = {"Wien": {"en": "Vienna", "zh": "维也纳"}, "m1": "First", "interval": "Range"}
    assert table(poverty, labels=labels).rows[1].label == "Vienna"
    assert table(poverty, labels=labels).columns[2].label == "Range"
    assert table(poverty, labels=labels, pivot="region", lang="zh").columns[0].label == "维也纳"
    assert table([fits["logit"]], columns=["m1"], labels=labels).columns[0].label == "First"
    assert table(poverty, columns=["a", "b", "c", "d"]).columns[2].label == "c"
    assert table(poverty, level=0.9).columns[2].label == "90 % interval"
