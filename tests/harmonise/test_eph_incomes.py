"""Argentina's household survey: incomes by source of each person and their sums by household, from one raw quarter."""

from __future__ import annotations

import pandas as pd
import pytest

import fanpin as fp

pytestmark = pytest.mark.shared
CLASSES = {"income_employer": "1", "income_own_account": "2", "income_wage": "3"}  # CAT_OCUP
OTHER = {
    "income_pension": "V2_M", "income_severance": "V3_M", "income_unemployment": "V4_M", "income_transfers": "V5_M",
    "income_rent": "V8_M", "income_profit": "V9_M", "income_interest": "V10_M", "income_scholarship": "V11_M",
    "income_alimony": "V12_M", "income_other": "V18_M",
}  # fmt: skip


@pytest.fixture(scope="module")
def quarter(shared):
    folder = shared / "data" / "eph-2003-2006"
    files = [folder / f"{kind}_a04t3.tsv.gz" for kind in ("hogar", "indiv")]
    raw = pd.read_csv(files[1], sep="\t", encoding="latin-1", quoting=3, dtype=str, keep_default_na=False)
    made = fp.harmonise("eph", files)
    person = raw["CODUSU"] + "|" + raw["AGLOMERADO"] + "|" + raw["NRO_HOGAR"] + "|" + raw["COMPONENTE"]
    return made, raw.set_index(person.rename("person_id")).loc[made.person_wave["person_id"]]


def test_main_job_income_by_class_of_worker(quarter):
    made, raw = quarter
    persons = made.person_wave.set_index("person_id")
    asked = raw["H15"] == "1"
    for column, code in CLASSES.items():
        expected = raw["P21"].astype(float).where(raw["CAT_OCUP"] == code, 0.0) * 12
        assert (persons[column] == expected)[asked].all()
        assert persons.loc[raw.index[raw["H15"] == "0"], column + "__missing"].eq("not_asked").all()
        assert persons.loc[raw.index[raw["H15"] == "2"], column + "__missing"].eq("refused").all()
    both = persons["income_own_account"] + persons["income_employer"]
    assert persons["income_operating"].equals(both.rename("income_operating"))


def test_other_sources_are_the_raw_amounts_times_twelve(quarter):
    made, raw = quarter
    persons = made.person_wave.set_index("person_id")
    for column, variable in OTHER.items():
        expected = 12 * raw[variable].astype(float)
        assert (persons[column] == expected)[raw["H15"] != "2"].all(), column
    bonus = 12 * raw[["PP08J1", "PP08J2", "PP08J3", "V21_M"]].astype(float).sum(axis=1)
    assert (persons["income_bonus"] == bonus)[raw["H15"] == "1"].all()
    assert persons["workfare"].sum() == (raw[["PJ1_1", "PJ2_1", "PJ3_1"]] == "1").any(axis=1).sum() == 1463


def test_household_sums_are_missing_where_a_member_gave_no_interview(quarter):
    made, raw = quarter
    households = made.household_wave.set_index("household_id")
    own = (raw["CODUSU"] + "|" + raw["AGLOMERADO"] + "|" + raw["NRO_HOGAR"]).rename("household_id")
    refused = (raw["H15"] == "2").groupby(own).any().reindex(households.index)
    for column, variable in {**OTHER, "income_main_job": "P21", "income_other_jobs": "TOT_P12"}.items():
        expected = (12 * raw[variable].astype(float)).groupby(own).sum().reindex(households.index)
        assert (households[column] == expected)[refused == 0].all(), column
        assert households[column][refused == 1].isna().all()
    assert set(households.loc[refused == 1, "income_pension__missing"]) == {"refused"}
    assert refused.sum() == 46


def test_sources_come_to_personal_income_but_for_one_in_a_hundred(quarter):
    made, _raw = quarter
    persons = made.person_wave[made.person_wave["income_person"].notna() & made.person_wave["income_main_job"].notna()]
    parts = ["income_main_job", "income_other_jobs", "income_bonus", *OTHER]
    differs = (persons[parts].sum(axis=1) - persons["income_person"]).abs() > 12
    assert differs.mean() < 0.01
