"""A sample of persons in the layout of IPUMS International, census of 2000: City C and a neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.extracts import SIMULATED, Extract
from fanpin.simulate.population import made_households, made_persons

YEAR, SAMPLE, COUNTRY = 2000, 156200001, 156
PROVINCE = 156045
PREFECTURES = (156045098, 156045099)  # the neighbour and City C: numbers of no real prefecture
HOUSEHOLDS = 1500
RELATE = {"head": 1, "spouse": 2, "child": 3, "child_in_law": 4, "grandchild": 4, "parent": 4}
WIDTHS = {
    "COUNTRY": 3,
    "YEAR": 4,
    "SAMPLE": 9,
    "SERIAL": 12,
    "HHWT": 8,
    "GEOLEV1": 6,
    "GEO1_CN": 6,
    "GEO2_CN": 9,
    "URBAN": 1,
    "GQ": 2,
    "PERSONS": 4,
    "ELECTRIC": 1,
    "WATSUP": 2,
    "TOILET": 2,
    "SEWAGE": 2,
    "ROOMS": 2,
    "PERNUM": 4,
    "PERWT": 8,
    "RELATE": 1,
    "AGE": 3,
    "SEX": 1,
    "MARST": 1,
    "EDATTAIN": 1,
    "YRSCHOOL": 2,
    "EMPSTAT": 1,
    "CN2000A_REGTYPE": 1,
}
DECIMALS = {"HHWT": 2, "PERWT": 2}
LABELS = {
    "COUNTRY": "Country",
    "YEAR": "Year",
    "SAMPLE": "IPUMS sample identifier",
    "SERIAL": "Household serial number",
    "HHWT": "Household weight",
    "GEOLEV1": "1st subnational geographic level",
    "GEO1_CN": "China, province",
    "GEO2_CN": "China, prefecture",
    "URBAN": "Urban-rural status",
    "GQ": "Group quarters status",
    "PERSONS": "Number of persons in the household",
    "ELECTRIC": "Electricity",
    "WATSUP": "Water supply",
    "TOILET": "Toilet",
    "SEWAGE": "Sewage",
    "ROOMS": "Number of rooms",
    "PERNUM": "Person number",
    "PERWT": "Person weight",
    "RELATE": "Relationship to household head",
    "AGE": "Age",
    "SEX": "Sex",
    "MARST": "Marital status",
    "EDATTAIN": "Educational attainment",
    "YRSCHOOL": "Years of schooling",
    "EMPSTAT": "Activity status",
    "CN2000A_REGTYPE": "Registration type (hukou)",
}
VALUES = {
    "URBAN": {1: "Rural", 2: "Urban"},
    "GQ": {10: "Households", 20: "Group quarters"},
    "RELATE": {1: "Head", 2: "Spouse/partner", 3: "Child", 4: "Other relative", 5: "Non-relative"},
    "SEX": {1: "Male", 2: "Female", 9: "Unknown"},
    "MARST": {0: "NIU", 1: "Single", 2: "Married", 3: "Separated/divorced", 4: "Widowed", 9: "Unknown"},
    "EDATTAIN": {0: "NIU", 1: "Less than primary", 2: "Primary", 3: "Secondary", 4: "University", 9: "Unknown"},
    "EMPSTAT": {0: "NIU", 1: "Employed", 2: "Unemployed", 3: "Inactive", 9: "Unknown"},
    "CN2000A_REGTYPE": {0: "NIU", 1: "Agricultural", 2: "Non-agricultural"},
    "ELECTRIC": {0: "NIU", 1: "Yes", 2: "No", 9: "Unknown"},
    "WATSUP": {0: "NIU", 10: "Piped", 20: "No piped water", 99: "Unknown"},
    "TOILET": {0: "NIU", 10: "No toilet", 20: "Toilet", 99: "Unknown"},
    "SEWAGE": {0: "NIU", 10: "Connected", 20: "Not connected"},
}


def census(p: Mapping[str, Any], rng: np.random.Generator) -> list[Extract]:
    """The same sample as csv and as fixed width, each with a DDI codebook."""
    frame = _persons(p, rng)
    shared: dict[str, Any] = {
        "frame": frame,
        "labels": LABELS,
        "values": VALUES,
        "title": f"{SIMULATED}; IPUMS International layout",
    }
    return [
        Extract(path="census/ipumsi_00001.csv.gz", kind="csv.gz", **shared),
        Extract(path="census-fixed-width/ipumsi_00002.dat.gz", kind="fixed", **shared),
    ]


def _persons(p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    homes = made_households(HOUSEHOLDS, p, rng)
    people = made_persons(homes, YEAR, p, rng).sort_values(["household", "code"], ignore_index=True)
    homes = homes.assign(
        number=np.arange(1, HOUSEHOLDS + 1), place=np.where(rng.random(HOUSEHOLDS) < 0.5, *PREFECTURES)
    )
    for name, share, yes, no in (
        ("ELECTRIC", 0.9, 1, 2),
        ("WATSUP", 0.3, 10, 20),
        ("TOILET", 0.5, 20, 10),
        ("SEWAGE", 0.1, 10, 20),
    ):
        homes[name] = np.where(rng.random(HOUSEHOLDS) < share, yes, no)
    homes["rooms"] = rng.integers(1, 7, HOUSEHOLDS)
    homes["urban"] = homes["township"].isin([10, 13])
    home = homes.set_index("household").loc[people["household"]].reset_index()
    age = (YEAR - people["birth_year"]).to_numpy()
    years = np.minimum(np.clip(age - 6, 0, None), people["schooling_end"].to_numpy())
    reached = np.select([years < 6, years < 9, years < 15], [1, 2, 3], 4)
    works = (age >= 16) & (age < 70) & (rng.random(len(people)) < 0.85)
    weight = 10.0
    return pd.DataFrame(
        {
            "COUNTRY": COUNTRY,
            "YEAR": YEAR,
            "SAMPLE": SAMPLE,
            "SERIAL": home["number"].to_numpy() * 1000,
            "HHWT": weight,
            "GEOLEV1": PROVINCE,
            "GEO1_CN": PROVINCE,
            "GEO2_CN": home["place"],
            "URBAN": np.where(home["urban"], 2, 1),
            "GQ": 10,
            "PERSONS": people.groupby("household")["pid"].transform("size"),
            "ELECTRIC": home["ELECTRIC"],
            "WATSUP": home["WATSUP"],
            "TOILET": home["TOILET"],
            "SEWAGE": home["SEWAGE"],
            "ROOMS": home["rooms"],
            "PERNUM": people.groupby("household").cumcount() + 1,
            "PERWT": weight,
            "RELATE": people["relation"].map(RELATE),
            "AGE": age,
            "SEX": np.where(people["male"], 1, 2),
            "MARST": np.select(
                [age < 15, people["spouse"] > 0, people["relation"].isin(["head", "parent"])], [0, 2, 4], 1
            ),
            "EDATTAIN": np.where(age < 6, 0, reached),
            "YRSCHOOL": np.where(age < 6, 99, years),
            "EMPSTAT": np.select([age < 15, works], [0, 1], 3),
            "CN2000A_REGTYPE": np.where(home["urban"] & (people["pid"] % 3 == 0), 2, 1),
        }
    )
