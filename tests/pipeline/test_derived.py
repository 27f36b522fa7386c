"""Columns a study derives, and the words "first" and "last"."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.errors import StudyError, UnknownNameError
from fanpin.pipeline.derived import names_in, with_derived
from fanpin.pipeline.ends import end_of, ends_of


@pytest.fixture
def homes() -> pd.DataFrame:
    return pd.DataFrame({"spent": [10.0, np.nan, 30.0], "spent__missing": [None, "refused", None], "size": [2, 4, 0],
                         "fuel": ["wood", "gas", None], "school": [5.0, 9.0, np.nan]})  # fmt: skip


def test_arithmetic_and_conditions(homes: pd.DataFrame) -> None:
    made = with_derived(homes, {
        "spent_pc": "spent / size", "twice": "-2 * spent_pc + (1 - 0.5)", "lacks_fuel": "fuel in ['wood', 'coal']",
        "few": "school < 6", "both": "few == 1 and not fuel == 'gas'", "either": "school >= 9 or fuel != 'gas'",
    }, where="study")  # fmt: skip
    expected = {"spent_pc": [5, np.nan, np.nan], "twice": [-9.5, np.nan, np.nan], "lacks_fuel": [1, 0, np.nan],
                "few": [1, 0, np.nan], "both": [1, 0, np.nan], "either": [1, 1, np.nan]}  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_array_equal(made[name], values, err_msg=name)
    assert "spent_pc" not in homes


def test_reasons_for_missing_are_carried_along(homes: pd.DataFrame) -> None:
    made = with_derived(
        homes, {"spent_pc": "spent / size", "again": "spent_pc * 2", "few": "school < 6"}, where="study"
    )
    assert made["again__missing"].tolist()[1] == "refused"
    assert made["again__missing"].isna().tolist() == [True, False, True]
    assert "few__missing" not in made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("spent /", "cannot be read"),
        ("spent ** 2", "part it cannot have"),
        ("__import__('os')", "part it cannot have"),
        ("spent.max()", "part it cannot have"),
        ("0 < spent < 5", "part it cannot have"),
        ("fuel in [spent]", "part it cannot have"),
        ("True", "part it cannot have"),
        ("fuel * 2 - 'x'", "cannot be computed"),
        ("fuel < 5", "cannot be computed"),
    ],
)
def test_other_formulas_are_refused_by_name(homes: pd.DataFrame, text: str, words: str) -> None:
    with pytest.raises(StudyError, match=words) as raised:
        with_derived(homes, {"new": text}, where="study [derive]")
    assert "study [derive] new" in str(raised.value)


def test_unknown_and_taken_names_are_refused(homes: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'spent'"):
        with_derived(homes, {"new": "spnt + 1"}, where="study")
    with pytest.raises(StudyError, match="'size' is there already"):
        with_derived(homes, {"size": "spent + 1"}, where="study")
    assert names_in("a / b + a") == ["a", "b"]


def test_first_and_last_stand_for_waves() -> None:
    rows = pd.DataFrame({"wave": [2016, 2014, 2022], "region": ["first", "last", "x"]})
    assert ends_of({"wave": ["first", "last"], "region": "first", "term": "gap"}, rows) == {
        "wave": [2014, 2022], "region": "first", "term": "gap",
    }  # fmt: skip
    assert end_of("last", rows["wave"]) == 2022
    assert end_of(2016, rows["wave"]) == 2016
    assert end_of(None, rows["wave"]) is None
