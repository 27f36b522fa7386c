"""Columns, terms, lines, options and errors."""

from __future__ import annotations

import pytest

from fanpin.core.columns import KEYS, canonical_column, canonical_columns
from fanpin.core.design import Design
from fanpin.core.errors import FanpinError, InputError, UnknownNameError, require_columns, unknown_name
from fanpin.core.line import Line, official_lines
from fanpin.core.options import Link, check_level, check_option
from fanpin.core.terms import all_terms, term


def test_every_canonical_column_is_fully_declared() -> None:
    for column in canonical_columns().values():
        assert column.en
        assert column.zh
        assert set(column.tables) <= set(KEYS)
        assert column.minimum is None or column.maximum is None or column.minimum < column.maximum
        if column.name.startswith("income_") and column.dtype == "float":
            assert column.unit.startswith("currency/year"), column.name


def test_keys_are_declared_for_their_tables() -> None:
    for table, key in KEYS.items():
        assert all(table in canonical_column(name).tables for name in key)


def test_an_unknown_column_answers_with_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'household_size'"):
        canonical_column("household_sise", table="household_wave")


def test_every_term_has_both_languages() -> None:
    assert all(set(words) == {"en", "zh"} and all(words.values()) for words in all_terms().values())
    assert term("estimate", "zh") == "估计值"
    with pytest.raises(UnknownNameError, match="did you mean 'estimate'"):
        term("estimat")


def test_amounts_are_turned_into_years() -> None:
    assert Line.absolute(10, currency="CNY", year=2016, period="month").amount == 120
    assert Line.absolute(2, currency="PPP", year=2017, period="day").amount == 730


def test_official_lines_have_sources_and_leave_out_unconfirmed_years() -> None:
    assert Line.official("cn-rural", 2016).amount == 2952
    assert "about 4,000" in str(Line.official("cn-rural", 2020).source)
    assert "2018" not in official_lines()["cn-rural"]["amounts"]
    with pytest.raises(UnknownNameError, match="unknown year"):
        Line.official("cn-rural", 2018)
    with pytest.raises(UnknownNameError, match="did you mean 'cn-rural'"):
        Line.official("cn_rural", 2016)


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf"), "2300"])
def test_impossible_amounts_are_refused(amount: object) -> None:
    with pytest.raises(InputError, match="impossible"):
        Line.absolute(amount, currency="CNY", year=2010)  # type: ignore[arg-type]


def test_impossible_relative_lines_are_refused() -> None:
    with pytest.raises(InputError, match="divide a percentage by 100"):
        Line.relative(60)
    with pytest.raises(UnknownNameError, match="one of mean, median"):
        Line.relative(0.6, of="mode")  # type: ignore[arg-type]


def test_options_answer_with_the_allowed_words() -> None:
    assert check_option("link", "logit", Link) == "logit"
    with pytest.raises(UnknownNameError, match="did you mean 'logit'"):
        check_option("link", "logti", Link)
    with pytest.raises(InputError, match="not a share"):
        check_level(95)


def test_designs_list_their_columns_once() -> None:
    assert Design(weight="w", stratum="s", psu="s").columns == ("w", "s")
    with pytest.raises(UnknownNameError, match="singleton"):
        Design(singleton="center")  # type: ignore[arg-type]


def test_errors_show_each_fact_on_its_line() -> None:
    error = FanpinError("what", expected="a", got="b", where="c", next_step="d")
    assert str(error).splitlines() == ["what", "  expected: a", "  got: b", "  where: c", "  next step: d"]
    unknown = unknown_name("column", "Age", ["age", "sex"], where="x.csv")
    assert str(unknown).splitlines()[-1] == "  next step: did you mean 'age'?"
    require_columns(["a"], ["a", None], where="here")
    with pytest.raises(UnknownNameError, match="unknown column 'b'"):
        require_columns(["a"], ["b"], where="here")
