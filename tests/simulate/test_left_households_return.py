"""Why households left, from the simulated rosters back to the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

import fanpin as fp
from fanpin.panel import with_left_households

WORDS = {"died": "died", "moved": "out_of_scope", "dissolved": "dissolved"}


@pytest.fixture(scope="module")
def frail() -> fp.SimulatedStudy:
    """Many die, so that some households dissolve."""
    mortal = {"demography": {"mortality": 6}}
    return fp.simulate_city_c(households=200, waves=(2012, 2014, 2016, 2018), seed=3, truth=mortal)


@pytest.mark.slow
def test_reasons_are_the_true_ones_and_attrition_is_refusal(frail: fp.SimulatedStudy, tmp_path: Path) -> None:
    frail.write(tmp_path / "city-c")
    folder = tmp_path / "city-c" / "cfps"
    made = fp.harmonise("cfps", folder)
    former = fp.harmonise("cfps-former", sorted(folder.glob("*famconf*")))
    gone = former.issues[former.issues["action"].isin(["left out", "joined"])]
    assert sum(former.rows_read.values()) == len(former.person_wave) + gone["rows"].sum()

    rows = with_left_households(made.household_wave, persons=made.person_wave, former=former.person_wave)
    silent = rows[rows["interviewed"] == 0]
    left = frail.truth.left
    told = left[left["why"] != "refused"]
    expected = {(str(h), w): WORDS[y] for h, w, y in zip(told["household"], told["wave"], told["why"], strict=True)}
    assert set(expected.values()) == set(WORDS.values())
    assert (
        dict(zip(zip(silent["household_id"], silent["wave"], strict=True), silent["left_reason"], strict=True))
        == expected
    )

    states = fp.attrition_states(fp.link_panel(rows, persons=made.person_wave, splits="largest")).set_index("next_wave")
    for why, state in {**WORDS, "refused": "attrition"}.items():
        counted = left[left["why"] == why].groupby("wave").size().reindex(states.index, fill_value=0)
        assert states[state].tolist() == counted.tolist(), why
