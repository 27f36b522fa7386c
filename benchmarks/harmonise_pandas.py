"""Raw EPH files to the harmonised household table as a plain pandas script: python harmonise_pandas.py FOLDER.

The same columns and values as fanpin's, and the reasons for missing that occur. It checks no codes, keys or households,
keeps no account of rows and makes no catalogue.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HOME = ["CODUSU", "AGLOMERADO", "NRO_HOGAR", "ANO4", "TRIMESTRE", "PONDERA", "REGION", "REALIZADA", "IX_TOT", "IX_MEN10", "ITF",
        "IPCF", "DECIFR", "IDIMPH"]  # fmt: skip
SINGLE = {
    "income_pension": "V2_M", "income_severance": "V3_M", "income_unemployment": "V4_M", "income_transfers": "V5_M",
    "income_rent": "V8_M", "income_profit": "V9_M", "income_interest": "V10_M", "income_scholarship": "V11_M",
    "income_alimony": "V12_M", "income_other": "V18_M",
}  # fmt: skip
PERSON = ["CODUSU", "AGLOMERADO", "NRO_HOGAR", "COMPONENTE", "ANO4", "TRIMESTRE", "H15", "CH03", "CH04", "CH06", "CH08", "NIVEL_ED",
          "ESTADO", "CAT_INAC", "CAT_OCUP", "P47T", "P21", "TOT_P12", "PP08J1", "PP08J2", "PP08J3", "V21_M", "PJ1_1", "PJ2_1", "PJ3_1",
          *SINGLE.values()]  # fmt: skip
TEXT = {"CODUSU": str, "AGLOMERADO": str, "NRO_HOGAR": str, "COMPONENTE": str, "IDIMPH": str}


def read(pattern, columns):
    files = sorted(Path(sys.argv[1]).glob(pattern))
    return pd.concat(
        [pd.read_csv(f, sep="\t", encoding="latin-1", usecols=columns, dtype={k: v for k, v in TEXT.items() if k in columns},
                     na_values=["None"], keep_default_na=False, quoting=3) for f in files], ignore_index=True,
    )  # fmt: skip


def keyed(d):
    d["household_id"] = d["CODUSU"].str.strip() + "|" + d["AGLOMERADO"].str.strip() + "|" + d["NRO_HOGAR"].str.strip()
    d["wave"] = 4 * d["ANO4"] + d["TRIMESTRE"]
    return d


homes, people = keyed(read("hogar_*", HOME)), keyed(read("indiv_*", PERSON))
out = homes[["household_id", "wave"]].assign(
    year=homes["ANO4"], quarter=homes["TRIMESTRE"], weight=homes["PONDERA"].astype(float), stratum=homes["AGLOMERADO"].str.strip(),
    psu=homes["CODUSU"].str.strip(), interviewed=homes["REALIZADA"], household_size=homes["IX_TOT"],
    region=homes["REGION"].map({1: "Greater Buenos Aires", 40: "Northwest", 41: "Northeast", 42: "Cuyo", 43: "Pampa", 44: "Patagonia"}),
    children_under_10=pd.to_numeric(homes["IX_MEN10"]).fillna(0).astype(int),
    income_imputed=(pd.to_numeric(homes["IDIMPH"]) != 0).astype(int),
)  # fmt: skip
refused = (homes["DECIFR"] == 12).to_numpy()
for name, variable in {"income_total": "ITF", "income_pc": "IPCF"}.items():
    out[name] = homes[variable].where(~refused & (homes[variable] != -9)) * 12

absent = people["H15"] == 2
not_asked = people["H15"] == 0
age = people["CH06"].replace(-1, 0)
kept = pd.DataFrame({"household_id": people["household_id"], "wave": people["wave"]})
reason = pd.DataFrame(index=people.index)


def add(name, values, *, hidden, why, codes=None):
    """A person's value with its reason for missing."""
    kept[name] = values.where(~hidden)
    reason[name] = np.where(hidden, why, None)
    if codes is not None:
        for code, text in codes[1].items():
            found = codes[0] == code
            kept.loc[found, name] = np.nan
            reason.loc[found & ~hidden, name] = text


none = pd.Series(False, index=people.index)
add("female", people["CH04"].map({1: 0.0, 2: 1.0}), hidden=none, why="refused")
add("education", people["NIVEL_ED"].map({1: "primary incomplete", 2: "primary", 3: "secondary incomplete", 4: "secondary",
    5: "tertiary incomplete", 6: "tertiary", 7: "no schooling"}), hidden=people["NIVEL_ED"] == 9, why="dont_know")  # fmt: skip
add(
    "out",
    people["ESTADO"].map({1: 0.0, 2: 1.0, 3: 1.0}),
    hidden=none,
    why="",
    codes=(people["ESTADO"], {0: "refused", 4: "not_applicable"}),
)
add(
    "insured",
    people["CH08"].map({1: 1.0, 2: 1, 3: 1, 12: 1, 13: 1, 23: 1, 123: 1, 4: 0}),
    hidden=people["CH08"] == 9,
    why="dont_know",
)
add("disabled", (people["CAT_INAC"] == 6).astype(float), hidden=absent, why="refused")
add("person", people["P47T"] * 12.0, hidden=absent | (people["P47T"] == -9), why="refused")
work = {
    "income_main_job": people["P21"], "income_other_jobs": people["TOT_P12"], "income_wage": people["P21"] * (people["CAT_OCUP"] == 3),
    "income_own_account": people["P21"] * (people["CAT_OCUP"] == 2), "income_employer": people["P21"] * (people["CAT_OCUP"] == 1),
    "income_operating": people["P21"] * people["CAT_OCUP"].isin([1, 2]),
    "income_bonus": people[["PP08J1", "PP08J2", "PP08J3", "V21_M"]].sum(axis=1),
}  # fmt: skip
for name, values in work.items():
    add(name, values * 12.0, hidden=absent | not_asked, why=np.where(not_asked, "not_asked", "refused"))
    kept.loc[age <= 9, name] = 0.0  # no part of the sum
    reason.loc[age <= 9, name] = None
for name, variable in SINGLE.items():
    add(name, people[variable] * 12.0, hidden=absent | (people[variable] == -9), why="refused")
add("income_property", people[["V8_M", "V9_M", "V10_M"]].sum(axis=1) * 12.0, hidden=absent, why="refused")
add("workfare", (people[["PJ1_1", "PJ2_1", "PJ3_1"]] == 1).any(axis=1).astype(float), hidden=none, why="refused")

key = [kept["household_id"], kept["wave"]]
rows = pd.MultiIndex.from_frame(out[["household_id", "wave"]])
head = kept.assign(age=age, id=people["COMPONENTE"].str.strip())[(people["CH03"] == 1)].sort_values("id")
head = head.drop_duplicates(["household_id", "wave"]).set_index(["household_id", "wave"])
for name, column in {
    "head_age": "age",
    "head_female": "female",
    "head_education": "education",
    "head_out_of_work": "out",
}.items():
    out[name] = head[column].reindex(rows).to_numpy()
why = reason.loc[people["CH03"] == 1, ["education", "out"]].set_index(
    rows.__class__.from_frame(kept.loc[people["CH03"] == 1, ["household_id", "wave"]])
)
why = why[~why.index.duplicated()]
for name, column in {"head_education": "education", "head_out_of_work": "out"}.items():
    out[f"{name}__missing"] = np.where(out[name].isna(), why[column].reindex(rows), None)
for name, column, value in [
    ("any_uninsured", "insured", 0),
    ("any_disabled", "disabled", 1),
    ("any_workfare", "workfare", 1),
]:
    met = (kept[column] == value).groupby(key).any().reindex(rows).to_numpy()
    doubt = (kept[column].isna() & (reason[column] != "not_applicable")).groupby(key).any().reindex(rows).to_numpy()
    out[name] = np.where(met, 1.0, np.where(doubt, np.nan, 0.0))
    out[f"{name}__missing"] = np.where(np.isnan(out[name]), reason[column].groupby(key).min().reindex(rows), None)
doubt = kept["person"].isna().groupby(key).any().reindex(rows).to_numpy()
out["earners"] = np.where(doubt, np.nan, (kept["person"] > 0).groupby(key).sum().reindex(rows).to_numpy())
out["earners__missing"] = np.where(doubt, "refused", None)
sums = [*work, *SINGLE, "income_property"]
totals = kept[sums].groupby(key).sum().reindex(rows)
hidden = kept[sums].isna().groupby(key).any().reindex(rows)
reasons = reason[sums].groupby(key).min().reindex(rows)
for name in sums:
    gone = hidden[name].to_numpy()
    out[name] = totals[name].to_numpy()
    out.loc[gone, name] = np.nan
    out[f"{name}__missing"] = np.where(gone, reasons[name], None)
out = out.sort_values(["household_id", "wave"], ignore_index=True)

shown = [c for c in sorted(out.columns) if out[c].dtype.kind in "fiu"]
print(json.dumps({"rows": len(out), **{c: round(float(out[c].sum()), 1) for c in shown},
                  **{f"{c} missing": int(out[c].isna().sum()) for c in shown}}))  # fmt: skip
