"""fp.group_difference: against scipy and closed forms, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fanpin.core.errors import DataError, InputError, UnknownNameError
from fanpin.measure import group_difference


def test_welch_and_hedges(sample):
    found = group_difference(sample, column="income", group="female")
    men, women = (sample.loc[sample["female"] == f, "income"].to_numpy() for f in (0, 1))
    welch = stats.ttest_ind(women, men, equal_var=False)
    assert found.stat == pytest.approx(welch.statistic)
    assert found.df == pytest.approx(welch.df)
    assert found.pvalue == pytest.approx(welch.pvalue)
    n = len(men) + len(women)
    pooled = np.sqrt(((len(men) - 1) * men.var(ddof=1) + (len(women) - 1) * women.var(ddof=1)) / (n - 2))
    g = (women.mean() - men.mean()) / pooled * (1 - 3 / (4 * n - 9))
    assert found.details["hedges_g"] == pytest.approx(g)
    assert found.details["hedges_low"] < g < found.details["hedges_high"]
    assert (found.details["mean_1"], found.details["mean_2"]) == pytest.approx((men.mean(), women.mean()))
    assert any("unweighted" in n for n in found.notes)


def test_rows_are_chosen_and_missing_values_left_out(sample):
    data = sample.assign(income=sample["income"].where(sample["members"] > 1))
    north = data[(data["region"] == "north") & data["income"].notna()]
    found = group_difference(data, column="income", group="female", at={"region": "north"})
    assert found.details["mean_1"] == pytest.approx(north.loc[north["female"] == 0, "income"].mean())
    assert "region = north" in found.notes[0]


def test_bad_input(sample):
    with pytest.raises(UnknownNameError, match="did you mean 'income'"):
        group_difference(sample, column="incme", group="female")
    with pytest.raises(DataError, match="has 4 values"):
        group_difference(sample, column="income", group="region")
    with pytest.raises(DataError, match="not numeric"):
        group_difference(sample, column="region", group="female")
    with pytest.raises(InputError, match="no row has region = nowhere"):
        group_difference(sample, column="income", group="female", at={"region": "nowhere"})
    with pytest.raises(DataError, match="too small, or nothing varies"):
        group_difference(sample.assign(income=1.0), column="income", group="female")
    with pytest.raises(InputError, match="no table"):
        group_difference([1, 2], column="income", group="female")
