"""A table of the townships by year: schools, teaching equipment, clinics, roads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.cfps_households import community
from fanpin.simulate.extracts import Extract
from fanpin.simulate.population import TOWNS, TOWNSHIPS
from fanpin.simulate.register import township_names

PAPER_YEAR = 2023  # the year of the paper's equipment rates; earlier years had less
GROWTH = 0.08  # a year


def places(waves: tuple[int, ...], p: Mapping[str, Any], rng: np.random.Generator) -> Extract:
    """A row a township and year.

    Equipment per 10,000 pupils of all towns together, and of all other townships together, is the paper's number at
    PAPER_YEAR and GROWTH less for each year before.
    """
    counts = np.array([p["township_households"][t] for t in TOWNSHIPS])
    town = np.array([t in TOWNS for t in TOWNSHIPS])
    population = np.rint(9000 + 60 * counts + rng.integers(0, 3000, len(counts))).astype(int)
    pupils = np.rint(0.09 * population).astype(int)
    distance = np.where(town, rng.uniform(2, 15, len(counts)), rng.uniform(15, 60, len(counts))).round(1)
    spread = {k: rng.lognormal(0, 0.15, len(counts)) for k in ("classrooms", "computers")}
    clinics = 2 + population // 4000
    tables = []
    for year in waves:
        less = (1 + GROWTH) ** (year - PAPER_YEAR)
        rooms, computers = (_stock(p[k], spread[k], pupils, town, less) for k in ("classrooms", "computers"))
        tables.append(
            pd.DataFrame(
                {
                    "地区代码": community(pd.Series(np.arange(1, len(counts) + 1))),
                    "地区名称": list(township_names().values()),
                    "年度": year,
                    "省": "广西壮族自治区",
                    "市": "C市",
                    "县": "T县",
                    "人口": population,
                    "学校数": 1 + pupils // 400,
                    "专任教师数": pupils // 15,
                    "在校学生数": pupils,
                    "多媒体教室数": rooms,
                    "计算机数": computers,
                    "每万名学生多媒体教室数": np.round(rooms / pupils * 10_000, 2),
                    "每万名学生计算机数": np.round(computers / pupils * 10_000, 2),
                    "卫生室数": clinics,
                    "床位数": clinics * 6,
                    "执业医师数": clinics * 2,
                    "到县城距离": distance,
                    "硬化路覆盖率": np.minimum(100, np.where(town, 92, 70) + 2 * (year - 2010)).astype(float),
                }
            )
        )
    return Extract(path="places/places_simulated.csv", kind="csv", frame=pd.concat(tables, ignore_index=True))


def _stock(
    rate: Mapping[str, float], spread: np.ndarray, pupils: np.ndarray, town: np.ndarray, less: float
) -> np.ndarray:
    """Pieces of equipment: the group's rate on all its pupils, spread over its places, in whole pieces that add up."""
    out = np.zeros(len(pupils), dtype=int)
    for group, name in ((town, "urban"), (~town, "rural")):
        total = round(float(rate[name] * less * pupils[group].sum() / 10_000))
        part = spread[group] * pupils[group] / (spread[group] * pupils[group]).sum() * total
        whole = np.floor(part).astype(int)
        order = np.argsort(whole - part, kind="stable")
        whole[order[: total - whole.sum()]] += 1
        out[group] = whole
    return out
