"""Parameters and what is refused at the door."""

from __future__ import annotations

import pytest

import fanpin as fp
from fanpin.core.errors import InputError, UnknownNameError
from fanpin.core.prices import price_levels
from fanpin.simulate.truth import declared, parameters


def test_the_papers_numbers_stand_in_the_parameters() -> None:
    p = parameters(None)
    assert sum(p["township_households"].values()) == 1404
    assert p["income_shares"]["operating"] == 0.3463
    assert p["farming_share"] > 0.60
    assert max(p["trained_share"].values()) < 0.20
    assert p["classrooms"] == {"urban": 303, "rural": 165}
    assert p["computers"] == {"urban": 1136, "rural": 689}
    assert p["reimbursed"] == {"township": 0.90, "county": 0.85, "city": 0.80, "region": 0.60}
    assert p["monitoring"]["not_in_need"] == pytest.approx(725 / 1404, abs=5e-4)


def test_every_parameter_has_its_unit_and_source() -> None:
    for name, entry in declared().items():
        assert set(entry) == {"value", "unit", "source", "within"}, name


def test_prices_are_the_toolkits() -> None:
    levels = price_levels("cn-rural-cpi")
    assert parameters(None)["rural_prices"]["2020"] == levels[2020] / levels[2010]


def test_a_table_may_be_replaced_in_part() -> None:
    p = parameters({"relapse": {"illness": 0.0}, "misreport_sd": 0})
    assert p["relapse"]["illness"] == 0.0
    assert p["relapse"]["trained"] == declared()["relapse"]["value"]["trained"]
    assert p["misreport_sd"] == 0.0


def test_years_may_be_numbers() -> None:
    assert parameters({"escape_wave": {2020: 0.5}})["escape_wave"]["2020"] == 0.5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"misreport": 0}, "misreport_sd"),
        ({"relapse": {"ill": 1}}, "illness"),
        ({"frailty": {"sigma": 1}}, "relapse"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(given: dict, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        parameters(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([("misreport_sd", 0)], "mapping"),
        ({"misreport_sd": "none"}, "no number"),
        ({"misreport_sd": True}, "no number"),
        ({"misreport_sd": float("nan")}, "no number"),
        ({"misreport_sd": -0.1}, "out of range"),
        ({"relapse": 0.5}, "table of numbers"),
        ({"income_shares": {"operating": 0.9}}, "do not add to one"),
        ({"hospital_level": {"region": 0.9}}, "do not add to one"),
        ({"frailty": {"correlation": 1.5}}, "correlation"),
        ({"frailty": {"relapse": -0.5}}, "negative"),
        ({"attrition": {"moved": -0.5}}, "no share"),
        ({"demography": {"birth": 2}}, "no share"),
        ({"monitoring": {"undercoverage": 5}}, "no share"),
        ({"income_nonpoor": {"persistence": 3}}, "no share"),
        ({"farming_share": 0}, "out of range"),
    ],
)
def test_values_that_make_no_sense_are_refused(given: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parameters(given)  # type: ignore[arg-type]


def test_no_households_in_any_township() -> None:
    with pytest.raises(InputError, match="no township"):
        parameters({"township_households": dict.fromkeys("ABCDEFGHIJKLM", 0)})


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"households": 5}, "too few"),
        ({"households": 100.5}, "too few or no number"),
        ({"waves": (2014, 2015)}, "2015"),
        ({"waves": ()}, "not waves"),
        ({"waves": "2014"}, "not waves"),
        ({"seed": -1}, "no seed"),
        ({"seed": None}, "no seed"),
    ],
)
def test_requests_that_cannot_be_simulated(request_: dict, words: str) -> None:
    asked = {"households": 100, "waves": (2014, 2016), "seed": 1, **request_}
    with pytest.raises(InputError, match=words):
        fp.simulate_city_c(**asked)


def test_a_survey_that_loses_everyone_says_so() -> None:
    with pytest.raises(InputError, match="no household is left in 2016"):
        fp.simulate_city_c(households=50, waves=(2014, 2016), seed=1, truth={"attrition": {"refused": 1}})
