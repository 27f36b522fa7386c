"""The census job as a plain pandas script: no checks of codes or keys, only the place aggregates. python census_pandas.py FILE."""

import json
import sys

import numpy as np
import pandas as pd

columns = [
    "YEAR",
    "GEO2_CN",
    "PERWT",
    "SEX",
    "AGE",
    "URBAN",
    "RELATE",
    "EDATTAIN",
    "YRSCHOOL",
    "EMPSTAT",
    "CN2000A_REGTYPE",
]
d = pd.read_parquet(sys.argv[1], columns=columns)
w, age = d["PERWT"], d["AGE"].where(d["AGE"] != 999)
key = [d["YEAR"], d["GEO2_CN"]]


def total(mask):
    return w.where(mask, 0.0).groupby(key).sum()


def mean(values, mask):
    known = mask & values.notna()
    return (w * values).where(known, 0.0).groupby(key).sum() / total(known)


level = d["EDATTAIN"].where(~d["EDATTAIN"].isin([0, 9]))
years = d["YRSCHOOL"].where(d["YRSCHOOL"] < 90).astype(float)
status = d["EMPSTAT"].where(~d["EMPSTAT"].isin([0, 9]))
working, adult, prime = age.between(15, 64), age > 24, age.between(16, 60)
known_level, known_status = level.notna() | (d["EDATTAIN"] == 0), status.notna() | (d["EMPSTAT"] == 0)
places = pd.DataFrame({
    "population": w.groupby(key).sum(), "persons": w.groupby(key).size(),
    "size": w.groupby(key).sum() / total(d["RELATE"] == 1),
    "female": mean((d["SEX"] == 2).astype(float), d["SEX"] != 9), "urban": mean((d["URBAN"] == 2).astype(float), d["URBAN"].isin([1, 2])),
    "hukou": total(d["CN2000A_REGTYPE"] == 1) / total(d["CN2000A_REGTYPE"].isin([1, 2])),
    "child": total(age < 15) / total(working), "old": total(age > 64) / total(working),
    "dependency": total((age < 15) | (age > 64)) / total(working), "schooling": mean(years, adult),
    "below": total(adult & (level == 1)) / total(adult & known_level),
    "secondary": total(adult & level.isin([3, 4])) / total(adult & known_level),
    "tertiary": total(adult & (level == 4)) / total(adult & known_level),
    "gap": total(prime & (level == 1)) / total(prime & known_level),
    "employment": total(prime & (status == 1)) / total(prime & known_status),
})  # fmt: skip
assert np.isfinite(places.to_numpy()).all()
print(json.dumps({
    "places": len(places), "population": round(float(places["population"].sum())),
    "schooling": round(float(places["schooling"].mean()), 6), "dependency": round(float(places["dependency"].mean()), 6),
    "employment": round(float(places["employment"].mean()), 6),
}))  # fmt: skip
