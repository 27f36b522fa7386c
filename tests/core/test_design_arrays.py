"""Designs as arrays: every column checked by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.design_arrays import design_arrays
from fanpin.core.errors import DataError, UnknownNameError


@pytest.fixture
def frame():
    return pd.DataFrame({
        "w": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "region": ["a", "a", "a", "b", "b", "b"],
        "village": [1, 1, 2, 1, 2, 2],
        "population": [10.0, 10.0, 10.0, 20.0, 20.0, 20.0],
    })  # fmt: skip


def test_villages_of_the_same_number_in_two_regions_are_two_psus(frame):
    arrays = design_arrays(frame, Design(weight="w", stratum="region", psu="village", fpc="population"))
    np.testing.assert_array_equal(arrays.weight, frame["w"])
    np.testing.assert_array_equal(arrays.stratum, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(arrays.psu, [0, 0, 1, 2, 3, 3])
    np.testing.assert_array_equal(arrays.fpc, frame["population"])


def test_no_design_is_a_simple_random_sample(frame):
    arrays = design_arrays(frame, None)
    np.testing.assert_array_equal(arrays.weight, 1.0)
    assert arrays.stratum is arrays.psu is arrays.fpc is None


def test_psu_across_strata_with_labels_meant_to_be_unique(frame):
    with pytest.raises(DataError, match="2 PSUs of 'village' lie in more than one stratum"):
        design_arrays(frame, Design(stratum="region", psu="village", nest=False))
    frame["village"] = [1, 1, 2, 3, 4, 4]
    assert design_arrays(frame, Design(stratum="region", psu="village", nest=False)).psu.max() == 3


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "missing values"), (0.0, "zero values"), (-1.0, "negative values"), (np.inf, "infinite values")],
)
def test_weights_that_cannot_be(frame, value, message):
    frame.loc[4, "w"] = value
    with pytest.raises(DataError, match=f"weight column 'w' has {message}") as caught:
        design_arrays(frame, Design(weight="w"), where="here")
    assert "1 of 6 rows, first at position 4" in str(caught.value)
    assert "where: here" in str(caught.value)


def test_weights_of_text(frame):
    with pytest.raises(DataError, match="'w' is not numeric"):
        design_arrays(frame.assign(w="3"), Design(weight="w"))


@pytest.mark.parametrize("column", ["region", "village"])
def test_missing_stratum_or_psu(frame, column):
    frame[column] = frame[column].astype(object)
    frame.loc[2, column] = None
    with pytest.raises(DataError, match=f"column '{column}' has missing values"):
        design_arrays(frame, Design(stratum="region", psu="village"))


def test_unknown_column_names_the_closest(frame):
    with pytest.raises(UnknownNameError, match="did you mean 'region'"):
        design_arrays(frame, Design(stratum="regoin"))


def test_no_rows(frame):
    with pytest.raises(DataError, match="no rows"):
        design_arrays(frame.iloc[:0], None)


def test_lonely_strata_are_named_unless_a_rule_is_chosen_or_all_is_sampled(frame):
    frame["village"] = [1, 1, 2, 9, 9, 9]
    with pytest.raises(DataError, match="1 strata of 'region' have a single PSU") as caught:
        design_arrays(frame, Design(stratum="region", psu="village"))
    assert "got: b" in str(caught.value)
    assert design_arrays(frame, Design(stratum="region", psu="village", singleton="centre")).singleton == "centre"
    frame["population"] = [10.0] * 3 + [1.0] * 3
    design_arrays(frame, Design(stratum="region", psu="village", fpc="population"))


def test_one_psu_in_all(frame):
    with pytest.raises(DataError, match="one PSU in all"):
        design_arrays(frame.assign(village=1), Design(psu="village"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([10.0, 11.0, 10.0, 20.0, 20.0, 20.0], "varies within 1 strata"),
        ([1.5] * 3 + [20.0] * 3, "smaller than the number of PSUs sampled in 1 strata"),
        ([0.0] + [10.0] * 5, "has zero values"),
    ],
)
def test_population_sizes_that_cannot_be(frame, values, message):
    with pytest.raises(DataError, match=message):
        design_arrays(frame.assign(population=values), Design(stratum="region", psu="village", fpc="population"))
