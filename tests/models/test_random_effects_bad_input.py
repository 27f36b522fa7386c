"""Bad input to random effects and normal frailty, each caught by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import DataError, DroppedRowsWarning, EstimationError, InputError, UnknownNameError
from fanpin.models import hazard, random_effects


@pytest.fixture(scope="module")
def panel():
    """Simulated units of four rows in villages of ten."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"id": np.repeat(np.arange(60), 4), "x": rng.normal(size=240)})
    frame["village"], frame["w"] = frame["id"] // 10, 1.5
    frame["y"] = (rng.random(240) < 0.2 + 0.3 * (frame["id"] % 2)).astype(int)
    return frame


BAD = {
    "unknown column": ({"formula": "y ~ z"}, UnknownNameError, "unknown column 'z'"),
    "unknown unit": ({"unit": "household"}, UnknownNameError, "unknown column 'household'"),
    "unit no name": ({"unit": 3}, InputError, "names no column"),
    "link": ({"link": "cauchit"}, UnknownNameError, "cauchit"),
    "few points": ({"points": 1}, InputError, "Laplace"),
    "text points": ({"points": "many"}, InputError, "no number of quadrature points"),
    "too many points": ({"points": 1000}, InputError, "from 7 to 400"),
    "adaptive": ({"adaptive": "mean"}, InputError, "no kind of quadrature"),
    "cov": ({"cov": "hc1"}, UnknownNameError, "hc1"),
    "cluster without cov": ({"cluster": "village"}, InputError, "needs cov='cluster'"),
    "design and cov": ({"design": Design(psu="id"), "cov": "robust"}, InputError, "brings its own covariance"),
    "varying weight": (
        {"design": Design(weight="row_weight")},
        DataError,
        "the weight 'row_weight' varies within units",
    ),
    "unit in two psus": ({"design": Design(psu="row_psu")}, DataError, "units lie in several PSUs of 'row_psu'"),
    "unit in two clusters": ({"cov": "cluster", "cluster": "row_psu"}, DataError, "units lie in several clusters"),
    "one row a unit": ({"unit": "row"}, EstimationError, "every 'row' has one row"),
    "no variation": ({"formula": "fixed ~ x"}, EstimationError, "no 'id' has rows with and rows without the event"),
    "no outcome": ({"formula": "none ~ x"}, EstimationError, "is 0 in all"),
    "separation": ({"formula": "y ~ x + twice"}, EstimationError, "separates|predicts"),
    "constant": ({"formula": "y ~ x + one"}, EstimationError, "'one' is constant"),
    "outcome not binary": ({"formula": "x ~ w"}, DataError, "not 0/1"),
    "infinite": ({"formula": "y ~ wild"}, DataError, "infinite"),
    "runs code": ({"formula": "y ~ __import__('os').getcwd()"}, InputError, "not allowed|cannot be read"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(panel, case):
    asked, error, message = case
    n = len(panel)
    frame = panel.assign(row=range(n), row_weight=1.0 + np.arange(n) % 2, row_psu=np.arange(n) % 50, one=1.0, none=0,
                         fixed=(panel["id"] % 2), twice=panel["y"] * 2.0, wild=np.where(np.arange(n) == 5, np.inf, 1.0))  # fmt: skip
    with pytest.raises(error, match=message):
        random_effects(**{"formula": "y ~ x", "data": frame, "unit": "id", **asked})


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"frailty": "normal", "cov": "robust"}, InputError, "needs to know the unit"),
        ({"frailty": "gaussian", "unit": "id"}, UnknownNameError, "gaussian"),
        ({"points": 12, "unit": "id"}, InputError, "points=12 without frailty"),
        ({"frailty": "normal", "unit": "id", "points": 2}, InputError, "points=2"),
    ],
)
def test_bad_frailty_is_named(panel, asked, error, message):
    with pytest.raises(error, match=message):
        hazard("y ~ x", panel, **asked)


def test_missing_values_are_counted(panel):
    with pytest.warns(DroppedRowsWarning, match="x 20"):
        result = random_effects("y ~ x", panel.assign(x=panel["x"].where(panel.index >= 20)), unit="id")
    assert result.nobs == len(panel) - 20
    with pytest.raises(DataError, match="column 'id' has missing values"):
        random_effects("y ~ x", panel.assign(id=panel["id"].where(panel.index > 2)), unit="id")
