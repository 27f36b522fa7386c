"""The peer: a plain pandas script from raw EPH files to the relapse risk set, as a careful user would write it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

KEY = ["CODUSU", "AGLOMERADO", "NRO_HOGAR"]
MONEY = ["P21", "TOT_P12", "P47T", "V2_M", "V5_M"]


def read(folder: Path, kind: str, columns: list[str]) -> pd.DataFrame:
    files = sorted(folder.glob(f"{kind}_a*.tsv.gz"))
    frames = [pd.read_csv(f, sep="\t", encoding="latin-1", usecols=columns, dtype={"CODUSU": str}) for f in files]
    return pd.concat(frames, ignore_index=True)


def household_id(frame: pd.DataFrame) -> pd.Series:
    return frame[KEY[0]] + "|" + frame[KEY[1]].astype(str) + "|" + frame[KEY[2]].astype(str)


def households(folder: Path) -> pd.DataFrame:
    h = read(folder, "hogar", [*KEY, "ANO4", "TRIMESTRE", "REALIZADA", "REGION", "PONDERA", "IX_TOT", "IX_MEN10",
                               "ITF", "IPCF", "DECIFR", "IDIMPH"])  # fmt: skip
    h["household_id"] = household_id(h)
    h["wave"] = 4 * h["ANO4"] + h["TRIMESTRE"]
    h["income_pc"] = (12 * h["IPCF"]).where(pd.to_numeric(h["DECIFR"], errors="coerce") != 12)
    h["income_total"] = 12 * h["ITF"]
    return h[h["REALIZADA"] == 1]


def persons(folder: Path) -> pd.DataFrame:
    p = read(folder, "indiv", [*KEY, "COMPONENTE", "ANO4", "TRIMESTRE", "CH03", "CH04", "CH06", "CH08", "NIVEL_ED",
                               "ESTADO", "CAT_INAC", *MONEY])  # fmt: skip
    p["household_id"] = household_id(p)
    p["wave"] = 4 * p["ANO4"] + p["TRIMESTRE"]
    p[MONEY] = 12 * p[MONEY].where(p[MONEY] >= 0)
    return p


def with_members(h: pd.DataFrame, p: pd.DataFrame) -> pd.DataFrame:
    head = p[p["CH03"] == 1].drop_duplicates(["household_id", "wave"])
    head = head.assign(head_female=head["CH04"] == 2, head_out_of_work=head["ESTADO"] != 1).rename(
        columns={"CH06": "head_age"}
    )
    flags = p.assign(uninsured=p["CH08"] == 4, disabled=p["CAT_INAC"] == 6, earner=p["P47T"] > 0)
    any_of = flags.groupby(["household_id", "wave"]).agg(any_uninsured=("uninsured", "max"), any_disabled=("disabled", "max"),
                                                         earners=("earner", "sum")).reset_index()  # fmt: skip
    columns = ["household_id", "wave", "head_age", "head_female", "head_out_of_work", "NIVEL_ED"]
    return h.merge(head[columns], on=["household_id", "wave"], how="left").merge(
        any_of, on=["household_id", "wave"], how="left"
    )


def weighted_median(y: pd.Series, w: pd.Series) -> float:
    order = np.argsort(y.to_numpy())
    y_sorted, share = y.to_numpy()[order], np.cumsum(w.to_numpy()[order]) / w.sum()
    return float(y_sorted[np.searchsorted(share, 0.5, side="right")])


def risk_set(h: pd.DataFrame) -> pd.DataFrame:
    h = h.dropna(subset=["income_pc"]).sort_values(["household_id", "wave"]).reset_index(drop=True)
    weight = h["PONDERA"] * h["IX_TOT"]
    line = {wave: 0.6 * weighted_median(g["income_pc"], weight[g.index]) for wave, g in h.groupby("wave")}
    h["is_poor"] = (h["income_pc"] < h["wave"].map(line)).astype(int)
    before = h.groupby("household_id")["is_poor"].shift()
    h["spell"] = (before.isna() | (before != h["is_poor"])).groupby(h["household_id"]).cumsum()
    h["escape"] = ((before == 1) & (h["is_poor"] == 0)).astype(int)
    h["escapes_before"] = h.groupby("household_id")["escape"].cumsum() - h["escape"]
    h["previous_escaped"] = (before == 0) & (h["escapes_before"] > 0)
    at_risk = h[h["previous_escaped"]]
    return at_risk.assign(relapse=at_risk["is_poor"])


if __name__ == "__main__":
    begin = time.perf_counter()
    raw = Path(sys.argv[1])
    panel = with_members(households(raw), persons(raw))
    risk = risk_set(panel)
    print(json.dumps({"rows": len(panel), "at_risk": len(risk), "relapses": int(risk["relapse"].sum()),
                      "seconds": round(time.perf_counter() - begin, 2)}))  # fmt: skip
