"""Arguments of a wrong kind are named by every public function, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import InputError

FRAME = pd.DataFrame({"u": [1, 1, 2, 2], "t": [1, 2, 1, 2], "y": [1.0, 5.0, 2.0, 6.0], "p": [1, 0, 1, 0]})
LINE = fp.Line.absolute(3, currency="X", year=2000)
WRONG: dict[str, Callable[[], object]] = {
    "status of a dict": lambda: fp.poverty_status({}, welfare="y", line=LINE, unit="u", time="t"),
    "status without welfare": lambda: fp.poverty_status(FRAME, welfare=None, line=LINE, unit="u", time="t"),
    "strict as a word": lambda: fp.poverty_status(FRAME, welfare="y", line=LINE, unit="u", time="t", strict="no"),
    "spells of an array": lambda: fp.spells(FRAME.to_numpy(), unit="u", time="t", poor="p"),
    "spells without unit": lambda: fp.spells(FRAME, unit=None, time="t", poor="p"),
    "risk set of a list": lambda: fp.relapse_risk_set([], unit="u", time="t", poor="p"),
    "lagged as a number": lambda: fp.relapse_risk_set(FRAME, unit="u", time="t", poor="p", lagged=3),
    "poverty by a number": lambda: fp.poverty(FRAME, welfare="y", line=LINE, by=3),
    "poverty with a design in words": lambda: fp.poverty(FRAME, welfare="y", line=LINE, design="w"),
    "poverty of an index that is none": lambda: fp.poverty(FRAME, welfare="y", line=LINE, indices=3),
    "transitions with a design as a dict": lambda: fp.transitions(FRAME, unit="u", time="t", poor="p", design={}),
    "survival with a design in words": lambda: fp.survival(FRAME, design="w"),
    "hazard with a list of units": lambda: fp.hazard("p ~ y", FRAME, unit=["u"]),
    "effects of nothing": lambda: fp.average_effects(None),
    "line within a number": lambda: fp.Line.relative(0.6, by=3),
    "stars as a word": lambda: fp.table(FRAME, stars="yes"),
    "formats as a word": lambda: fp.table(FRAME, formats=".1f"),
    "digits as a fraction": lambda: fp.table(FRAME, digits=2.5),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_kind_of_argument_is_named(call: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        call()
