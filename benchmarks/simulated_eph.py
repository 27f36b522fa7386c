"""Simulated raw files in the layout of EPH, 14 quarters of about 14,000 households, for machines without the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

QUARTERS = [(y, q) for y in range(2003, 2007) for q in range(1, 5)][2:]
NEW_A_QUARTER = 3600  # dwellings; each is visited in quarters 0, 1, 4 and 5
AREAS = np.array(
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 17, 18, 19, 20, 22, 23, 25, 26, 27, 29, 30, 31, 32, 33, 34]
)


def write(folder: Path) -> Path:
    """Write hogar_aYYtQ.tsv.gz and indiv_aYYtQ.tsv.gz; the same bytes from every call."""
    rng = np.random.default_rng(3)
    dwellings = NEW_A_QUARTER * (len(QUARTERS) + 5)
    fixed = pd.DataFrame({
        "CODUSU": 100_000 + np.arange(dwellings), "NRO_HOGAR": 1, "AGLOMERADO": rng.choice(AREAS, dwellings), "REGION": 43,
        "PONDERA": rng.integers(50, 900, dwellings), "IX_TOT": rng.integers(1, 7, dwellings),
        "level": rng.normal(5.5, 0.8, dwellings), "start": np.arange(dwellings) // NEW_A_QUARTER - 5,
    })  # fmt: skip
    for number, (year, quarter) in enumerate(QUARTERS):
        visited = fixed[(number - fixed["start"]).isin([0, 1, 4, 5])]
        _write_quarter(visited, year, quarter, folder, rng)
    return folder


def _write_quarter(visited: pd.DataFrame, year: int, quarter: int, folder: Path, rng: np.random.Generator) -> None:
    homes = visited.drop(columns=["level", "start"]).assign(
        ANO4=year, TRIMESTRE=quarter, REALIZADA=1, IX_MEN10=0, DECIFR=5
    )
    homes["IPCF"] = np.exp(visited["level"] + rng.normal(0, 0.3, len(visited))).round(1)
    homes["ITF"] = homes["IPCF"] * homes["IX_TOT"]
    homes["IDIMPH"] = "00000"
    homes.to_csv(folder / f"hogar_a{year % 100:02d}t{quarter}.tsv.gz", sep="\t", index=False)
    people = homes.loc[homes.index.repeat(homes["IX_TOT"])].drop(columns=["REALIZADA", "IX_MEN10", "IDIMPH"])
    size = len(people)
    people["COMPONENTE"] = people.groupby("CODUSU").cumcount() + 1
    people["H15"] = 1
    people["CH03"] = np.where(people["COMPONENTE"] == 1, 1, 3)
    for name, choices in {"CH04": [1, 2], "CH08": [1, 4], "NIVEL_ED": [1, 2, 4, 6], "ESTADO": [1, 2, 3],
                          "CAT_INAC": [0, 3, 6]}.items():  # fmt: skip
        people[name] = rng.choice(choices, size)
    people["CH06"] = rng.integers(1, 90, size)
    people["P47T"] = people["P21"] = people["IPCF"].round()
    people = people.assign(TOT_P12=0, V2_M=0, V5_M=0, IDIMPP="00000")
    people.to_csv(folder / f"indiv_a{year % 100:02d}t{quarter}.tsv.gz", sep="\t", index=False)
