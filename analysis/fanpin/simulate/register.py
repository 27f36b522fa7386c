"""The county's register of households lifted out of poverty and of those it monitors, as exported to Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fanpin.simulate.extracts import SIMULATED, Extract
from fanpin.simulate.population import TOWNS, TOWNSHIPS

UNSTABLE, MARGINAL, SUDDEN = "脱贫不稳定户", "边缘易致贫户", "突发严重困难户"
RELATIONS = {
    "head": ("户主", "户主"),
    "spouse": ("配偶", "配偶"),
    "child": ("之子", "之女"),
    "child_in_law": ("之女婿", "之儿媳"),
    "grandchild": ("之孙子", "之孙女"),
    "parent": ("之父", "之母"),
}
FIRST_YEAR = 2014  # households were registered from then on
EDUCATION = np.array(["文盲或半文盲", "小学", "初中", "高中", "大专", "本科及以上"])


def township_names() -> dict[int, str]:
    """Serial number -> the township's name, 乡 for a township and 镇 for a town."""
    return {k: t + ("镇" if t in TOWNS else "乡") for k, t in enumerate(TOWNSHIPS, start=1)}


def register(
    households: pd.DataFrame,
    people: pd.DataFrame,
    famecon: pd.DataFrame,
    p: Mapping[str, Any],
    rng: np.random.Generator,
) -> tuple[list[Extract], pd.DataFrame]:
    """The exports of households and of persons, one of each a year, and who is monitored and should be.

    In the register is every household that was ever poor, and every monitored one. A household is in need if it is
    poor, or below the monitoring line with a cause present, or its medical spending is a hardship; undercoverage is
    the share of these left out, and not_in_need the share of those monitored that are not.
    """
    rows = households.join(_flags(households, p, rng))
    rows["listed"] = rows["ever_poor"] | (rows["category"] != "")
    extracts = []
    for year in sorted(w for w in rows["wave"].unique() if w >= FIRST_YEAR):
        listed = rows[(rows["wave"] == year) & rows["listed"]]
        table = _households(listed, famecon, year)
        members = people[(people["wave"] == year) & people["member"] & people["household"].isin(listed["household"])]
        extracts.append(_extract("户信息", year, table))
        extracts.append(_extract("人员信息", year, _persons(members, table, year)))
    return extracts, rows[["household", "wave", "in_need", "category", "listed"]]


def _extract(kind: str, year: int, table: pd.DataFrame) -> Extract:
    return Extract(
        path=f"register/防返贫监测_{kind}_{year}.xlsx", kind="xlsx", frame=table, title=f"{SIMULATED}; {kind} {year}"
    )


def _flags(rows: pd.DataFrame, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    b = p["monitoring"]
    per_head = rows["income_total"] / rows["size"]
    caused = (
        rows["illness"]
        | (rows["out_of_school"] > 0)
        | (rows["workers"] == 0)
        | (rows["schooling_cost"] > 0.2 * rows["income_total"])
    )
    sudden = rows["oop_medical"] > b["hardship"] * rows["income_total"]
    need = rows["poor"] | ((per_head < b["line"] * rows["line"]) & caused) | sudden
    monitors = rows["wave"] >= b["first_year"]
    covered = need & (rng.random(len(rows)) >= b["undercoverage"])
    # of those monitored, the share not_in_need is not: as many of the others as make it so
    wanted = covered.groupby(rows["wave"]).transform("sum") * b["not_in_need"] / max(1 - b["not_in_need"], 1e-9)
    others = ~need
    rank = pd.Series(rng.random(len(rows)), rows.index).where(others, 2.0).groupby(rows["wave"]).rank(method="first")
    flagged = (covered | (others & (rank <= wanted.round()))) & monitors
    ever = rows["ever_poor"] & (rows["hazard_kind"] != "entry")
    name = np.select([~flagged, sudden & (rows["wave"] > 2020), ever], ["", SUDDEN, UNSTABLE], MARGINAL)
    return pd.DataFrame({"in_need": need, "category": name}, index=rows.index)


def _households(rows: pd.DataFrame, famecon: pd.DataFrame, year: int) -> pd.DataFrame:
    said = rows[["household", "wave"]].merge(
        famecon, left_on=["household", "wave"], right_on=["household_id", "wave"], validate="1:1"
    )
    monitored = (rows["category"] != "").to_numpy()
    fid = rows["household"].to_numpy()
    gross, costs = _operating(said)
    transfer = (said["transfer_1"] + said["other_1"]).to_numpy()
    net = said["wage_1"].to_numpy() + gross - costs + said["property_1"].to_numpy() + transfer
    dibao = np.where(said["dibao_receipt"], said["subsidy"].clip(lower=0), 0)
    pension = said["pension"].clip(lower=0).to_numpy()
    removed = monitored & (fid % 4 == 0)
    size = rows["size"].to_numpy()
    columns: dict[str, Any] = {
        "户编号": _number(fid),
        "年度": year,
        "省": "广西壮族自治区",
        "市": "C市",
        "县": "T县",
        "乡": rows["township"].map(township_names()).to_numpy(),
        "村": [f"{v}村" for v in 1 + fid % 9],
        "家庭人口数": size,
        "户类型": np.where(rows["ever_poor"], "脱贫户", "一般农户"),
        "监测对象类别": rows["category"].to_numpy(),
        **_causes(rows, monitored),
        "风险是否已消除": np.select([~monitored, removed], ["", "是"], "否"),
        "风险消除方式": np.where(removed, np.where(fid % 8 == 0, "自然消除", "帮扶消除"), ""),
        "识别监测时间": np.where(monitored, year * 100 + 1 + fid % 6, 0),
        "消除监测时间": np.where(removed, year * 100 + 9 + fid % 4, 0),
        "首次识别时间": np.where(monitored, year * 100 + 1 + fid % 6, 0),
        "年收入": net + costs,
        "纯收入": net,
        "人均纯收入": np.round(net / size, 2),
        "工资性收入": said["wage_1"].to_numpy(),
        "生产经营性收入": gross,
        "生产经营性支出": costs,
        "财产性收入": said["property_1"].to_numpy(),
        "转移性收入": transfer,
        "低保金": dibao,
        "养老保险金": pension,
        "其他转移性收入": transfer - dibao - pension,
        "合规自付支出": rows["oop_medical"].to_numpy(),
        "理赔收入": 0,
        "享受低保政策情况": np.where(dibao > 0, "农村低保", ""),
        "整户无劳动能力兜底保障户": np.where(rows["workers"] == 0, "是", "否"),
        "是否危房户": "否",
        "是否解决安全饮用水": np.where(said["water"] == 1, "否", "是"),
        "耕地面积（亩）": np.round(rows["land"].to_numpy() / 2500, 1),
        "产业帮扶": np.where(fid % 3 == 0, "特色种养", ""),
        "就业帮扶": np.where(rows["away"].to_numpy(bool), "外出务工补助", ""),
        "综合保障": np.where(dibao > 0, "低保", ""),
    }
    table = pd.DataFrame(columns)
    for date in ("识别监测时间", "消除监测时间", "首次识别时间"):
        table[date] = table[date].astype(str).where(table[date] > 0, "")
    return table


def _number(fid: np.ndarray) -> list[str]:
    """A household number of twelve digits, the first of them zero."""
    return [f"{v:012d}" for v in fid]


def _operating(said: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Gross operating income and its costs: a third of the net on top of it, and the losses of a business."""
    net = said["farm_net"].to_numpy() + said["business_profit"].where(said["has_business"] == 1, 0).to_numpy()
    costs = np.rint(net / 3).astype(np.int64)
    return net + costs, costs


def _causes(rows: pd.DataFrame, monitored: np.ndarray) -> dict[str, np.ndarray]:
    """Up to three causes in the order of the register's list, and the cause of the poverty left behind."""
    present = {
        "因病": rows["illness"],
        "因残": rows["workers"] == 0,
        "因学": (rows["out_of_school"] > 0) | (rows["schooling_cost"] > 0.2 * rows["income_total"]),
        "因产业失败": rows["income_business"] < 0,
        "因务工就业不稳": (rows["income_hhi"] > 0.75) & (rows["income_wage"] > 0),
    }
    grid = np.column_stack([v.to_numpy(bool) for v in present.values()])
    words = np.array([*present, "其他"], dtype=object)
    out: dict[str, np.ndarray] = {}
    left = grid.copy()
    for k in range(1, 4):
        any_left = left.any(axis=1)
        first = np.where(any_left, left.argmax(axis=1), len(present))
        default = (k == 1) & ~any_left
        out[f"致贫/返贫风险{k}"] = np.where(monitored & (any_left | default), words[first], "")
        left[np.arange(len(left)), np.minimum(first, len(present) - 1)] = False
    main = np.array(["因病", "因学", "缺技术", "缺劳动力"], dtype=object)
    chosen = np.select([rows["illness"], rows["schooling_cost"] > 0, rows["school_gap"] > 3], [0, 1, 2], 3)
    out["主要致贫原因"] = np.where(rows["ever_poor"], main[chosen], "")
    return out


def _persons(members: pd.DataFrame, table: pd.DataFrame, year: int) -> pd.DataFrame:
    repeated = ["户编号", "年度", "省", "市", "县", "乡", "村", "家庭人口数", "户类型", "监测对象类别", "人均纯收入"]
    rows = members.assign(户编号=_number(members["household"].to_numpy())).merge(
        table[repeated], on="户编号", validate="m:1"
    )
    rows = rows.sort_values(["户编号", "code"], ignore_index=True)
    level = np.searchsorted([6, 9, 12, 15, 16], rows["schooling_years"].to_numpy(), side="right")
    health = np.select([rows["chronic"], rows["hospitalised"]], ["长期慢性病", "患有大病"], "健康")
    can = np.select(
        [rows["age"] < 16, rows["trained_since"] > 0, rows["works"] & (rows["age"] < 60), rows["works"]],
        ["无劳动力", "技能劳动力", "普通劳动力", "弱劳动力或半劳动力"],
        "丧失劳动力",
    )
    stage = np.select(
        [rows["schooling_years"] < 6, rows["schooling_years"] < 9, rows["schooling_years"] < 12],
        ["小学", "初中", "高中"],
        "大专",
    )
    own = pd.DataFrame(
        {
            "人编号": [f"{v:012d}" for v in rows["pid"]],
            "与户主关系": [RELATIONS[r][not m] for r, m in zip(rows["relation"], rows["male"], strict=True)],
            "民族": np.where(rows["han"], "汉族", "壮族"),
            "文化程度": np.where(rows["enrolled"] | (rows["age"] < 6), "", EDUCATION[level]),
            "在校生状况": np.where(rows["enrolled"], stage, "非在校生"),
            "健康状况": health,
            "劳动技能": can,
            "是否已务工": np.where(rows["away"], "是", "否"),
            "务工时间（月）": np.where(rows["away"], 6 + rows["pid"] % 6, 0),
            "是否参加城乡居民基本医疗保险": "是",
            "是否参加大病保险": "是",
        }
    )
    return pd.concat([rows[repeated], own], axis=1)
