"""Links and identity of two real quarters, against counts made from the raw files by plain joins."""

from __future__ import annotations

import pandas as pd
import pytest

import fanpin as fp

pytestmark = pytest.mark.shared
HOUSEHOLD = ["CODUSU", "AGLOMERADO", "NRO_HOGAR"]


def quarter(shared, kind, q):
    columns = [*HOUSEHOLD, "PONDERA", *(["COMPONENTE", "CH03", "CH04", "CH06"] if kind == "indiv" else [])]
    data = pd.read_csv(
        shared / f"data/eph-2003-2006/{kind}_a04t{q}.tsv.gz", sep="\t", encoding="latin-1", quoting=3, usecols=columns
    )
    data = data[data["AGLOMERADO"] <= 13]  # a third of the sample is enough
    dwelling, town, number = (data[c].astype(str) for c in HOUSEHOLD)
    return data.assign(household_id=dwelling + "|" + town + "|" + number, wave=4 * 2004 + q)


@pytest.fixture(scope="module")
def eph(shared):
    households = pd.concat([quarter(shared, "hogar", q) for q in (1, 2)], ignore_index=True)
    persons = pd.concat([quarter(shared, "indiv", q) for q in (1, 2)], ignore_index=True)
    persons = persons.assign(
        person_id=persons["household_id"] + "|" + persons["COMPONENTE"].astype(str),
        female=(persons["CH04"] == 2).astype(float), age=persons["CH06"].clip(lower=0),
        relation=persons["CH03"].map({1: "head"}).fillna("other").astype("str"),
    )  # fmt: skip
    return households[["household_id", "wave", "PONDERA"]], persons


def test_links_are_the_households_with_a_common_person(eph):
    households, persons = eph
    first, second = (set(households.loc[households["wave"] == w, "household_id"]) for w in (8017, 8018))
    again = persons[persons.duplicated("person_id", keep=False)]
    common = set(again["household_id"])
    links = fp.panel_links(households, persons=persons)
    made = links[links["status"] == "made"]
    assert set(made["household_id"]) == common & first & second
    refused = links[links["status"] == "refused"]
    assert set(refused["household_id"]) == (first & second) - common
    assert set(refused["reason"]) <= {"no common member"}
    panel = fp.link_panel(households, persons=persons, splits="largest", weight="PONDERA")
    assert len(panel) == len(households)
    assert panel["panel_id"].nunique() == len(households) - len(made)


def test_changes_of_persons_are_those_of_a_plain_join(eph):
    _, persons = eph
    a, b = (persons[persons["wave"] == w].set_index("person_id") for w in (8017, 8018))
    both = a.join(b, how="inner", suffixes=("", "_2"))
    found = fp.identity_checks(persons, period="quarter")["check"].value_counts()
    assert found["sex"] == (both["female"] != both["female_2"]).sum() > 100
    assert found["age"] == ((both["age_2"] - both["age"] - 0.25).abs() > 2).sum() > 100
    heads = persons[persons["relation"] == "head"].sort_values("person_id").drop_duplicates(["household_id", "wave"])
    pairs = heads[heads["wave"] == 8017].merge(heads[heads["wave"] == 8018], on="household_id")
    assert found["head"] == (pairs["person_id_x"] != pairs["person_id_y"]).sum() > 10
