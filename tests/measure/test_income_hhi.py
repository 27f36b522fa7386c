"""fp.income_hhi: closed forms, invariance, the rules for losses and missing sources, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fanpin.core.errors import DataError, InputError, UnknownNameError
from fanpin.measure.income_concentration import income_hhi

NAMES = ["wage", "farm", "rent", "gift"]


def frame(*rows):
    return pd.DataFrame(np.array(rows, dtype=float), columns=NAMES)


def only(data, **options):
    return income_hhi(data, sources=NAMES, **options)[options.get("out", "income_hhi")].to_numpy()


def test_one_source_and_k_equal_sources():
    data = frame(*[[7.0] * k + [0.0] * (4 - k) for k in (1, 2, 3, 4)])
    assert only(data) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], rel=1e-14)
    assert only(data, measure="entropy") == pytest.approx(np.log([1, 2, 3, 4]), abs=1e-14)
    assert only(data, measure="dominant_share") == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], rel=1e-14)


def test_shares_worked_by_hand():
    data = frame([50, 30, 20, 0])
    assert only(data)[0] == pytest.approx(0.38)
    assert only(data, measure="dominant_share")[0] == pytest.approx(0.5)
    assert only(data, measure="entropy")[0] == pytest.approx(
        -(0.5 * np.log(0.5) + 0.3 * np.log(0.3) + 0.2 * np.log(0.2))
    )


@settings(deadline=None, max_examples=50)
@given(arrays.arrays(float, (6, 4), elements=st.integers(-50, 1000)), st.floats(1e-3, 1e6), st.permutations(range(4)))
def test_scale_and_order_do_not_matter_and_bounds_hold(amounts, scale, order):
    data = pd.DataFrame(amounts, columns=NAMES)
    for measure in ("hhi", "entropy", "dominant_share"):
        for losses in ("floor", "drop"):
            base = only(data, measure=measure, losses=losses)
            assert only(data * scale, measure=measure, losses=losses) == pytest.approx(base, rel=1e-9, nan_ok=True)
            turned = pd.DataFrame(amounts[:, order], columns=NAMES)
            assert only(turned, measure=measure, losses=losses) == pytest.approx(base, rel=1e-9, nan_ok=True)
            low, high = (0, np.log(4)) if measure == "entropy" else (1 / 4, 1)
            known = base[~np.isnan(base)]
            assert ((known >= low - 1e-12) & (known <= high + 1e-12)).all()


def test_losses_count_as_nothing_or_leave_the_row_missing():
    data = frame([60, 40, -20, 0], [60, 40, 0, 0], [-5, 0, 0, 0])
    floored = income_hhi(data, sources=NAMES)
    assert floored["income_hhi"].iloc[:2].tolist() == pytest.approx([0.52, 0.52])
    assert floored["income_hhi__missing"].fillna("").tolist() == ["", "", "no_income"]
    dropped = income_hhi(data, sources=NAMES, losses="drop")
    assert np.isnan(dropped["income_hhi"]).tolist() == [True, False, True]
    assert dropped["income_hhi__missing"].fillna("").tolist() == ["negative_source", "", "negative_source"]


def test_rows_without_income_are_missing_with_the_reason():
    found = income_hhi(frame([0, 0, 0, 0], [1, 0, 0, 0]), sources=NAMES)
    assert np.isnan(found["income_hhi"].iloc[0])
    assert found["income_hhi__missing"].fillna("").tolist() == ["no_income", ""]


def test_missing_sources_and_their_reasons():
    data = frame([np.nan, 5, 5, 0], [np.nan, 5, 5, 0], [np.nan, 5, 5, 0], [1, np.nan, np.nan, 0])
    data["wage__missing"] = pd.Series(["not_applicable", "refused", None, None], dtype="str")
    data["rent__missing"] = pd.Series([None, None, None, "dont_know"], dtype="str")
    found = income_hhi(data, sources=NAMES)
    assert found["income_hhi"].iloc[0] == 0.5
    assert np.isnan(found["income_hhi"].iloc[1:]).all()
    assert found["income_hhi__missing"].fillna("").tolist() == ["", "refused", "source_missing", "source_missing"]


def test_the_data_are_copied_and_kept():
    data = frame([1, 2, 3, 4], [4, 3, 2, 1]).set_axis(["b", "a"])
    data.attrs["simulated"] = True
    before = data.copy()
    found = income_hhi(data, sources=NAMES, out="mix", measure="entropy")
    pd.testing.assert_frame_equal(data, before)
    pd.testing.assert_frame_equal(found[NAMES], before)
    assert list(found.columns) == [*NAMES, "mix", "mix__missing"]
    assert found.attrs == {"simulated": True}
    assert found["mix"].iloc[0] == pytest.approx(found["mix"].iloc[1])


def test_amounts_near_the_largest_number_taken_have_shares():
    assert only(frame([1e99, 1e99, 0, 0])) == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"sources": ["wage"]}, InputError, "two or more different sources"),
        ({"sources": ["wage", "wage"]}, InputError, "two or more different sources"),
        ({"sources": ["wage", "frm"]}, UnknownNameError, "did you mean 'farm'"),
        ({"losses": "floored"}, UnknownNameError, "did you mean 'floor'"),
        ({"measure": "hhhi"}, UnknownNameError, "did you mean 'hhi'"),
        ({"out": "wage"}, InputError, "'wage' has a name that the result needs"),
        ({"out": 3}, InputError, "out=3 names no column"),
    ],
)
def test_what_cannot_be_asked(options, kind, message):
    with pytest.raises(kind, match=message):
        income_hhi(frame([1, 2, 3, 4]), **{"sources": NAMES, **options})


def test_data_that_cannot_be():
    data = frame([1, 2, 3, 4])
    with pytest.raises(DataError, match="infinite"):
        income_hhi(data.assign(wage=np.inf), sources=NAMES)
    with pytest.raises(DataError, match="not numeric"):
        income_hhi(data.assign(wage="much"), sources=NAMES)
    with pytest.raises(DataError, match="no rows"):
        income_hhi(data.iloc[:0], sources=NAMES)
    with pytest.raises(InputError, match="no table"):
        income_hhi([1, 2], sources=NAMES)
    with pytest.raises(InputError, match="'income_hhi__missing' has a name"):
        income_hhi(data.assign(income_hhi__missing="x"), sources=NAMES)
