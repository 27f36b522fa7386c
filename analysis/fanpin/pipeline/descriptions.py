"""Tables that describe built data: rows by wave, rows accounted for, what is missing and why, counts of a panel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from fanpin.core.options import MissingReason
from fanpin.pipeline.derived import names_in

if TYPE_CHECKING:
    from fanpin.harmonise.harmonised import Harmonised
    from fanpin.pipeline.study import Study

REASONS = get_args(MissingReason)
CATEGORIES = ("unstable", "marginal", "sudden hardship", "not monitored")  # of the register, in the order printed
LINKS = ("first", "same", "renamed", "branch", "new_branch", "refused")  # in the order printed
# arguments of measures that name columns
MEASURED = ("oop", "capacity", "total", "sources", "indicators", "outcome", "rank", "column")
SUFFIXES = re.compile(r"(_before_escape|_real_\d{4})$")  # of columns that the panel makes from canonical ones


def count_rows(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of each canonical table by wave: a row a wave, a column a table; missing where a table has no such wave."""
    counts = {name: frame["wave"].value_counts() for name, frame in tables.items()}
    frame = pd.DataFrame(counts).sort_index().astype("Int64")
    return frame.rename_axis("wave").reset_index()


def account(source: str, files: list[Path], done: Harmonised, names: Mapping[str, str]) -> pd.DataFrame:
    """Rows read and what became of them, for each canonical table that is made from raw rows.

    Parameters
    ----------
    names : canonical table -> the name it has in the study.

    Returns
    -------
    `source`, `table`, `raw_rows` of the files whose rows are the table's, those `left_out` and `joined` (to others of
    the same key) as `issues` lists them, those `kept`, and those `unexplained`: 0 where nothing is lost.
    """
    from fanpin.harmonise.catalogue import find_layouts
    from fanpin.harmonise.read import matched_files

    listed = done.issues.groupby(["table", "action"])["rows"].sum()
    read: dict[str, int] = {}
    for raw in matched_files(files, find_layouts(source))[0]:
        for mapped in raw.layout.tables.values():
            if raw.role.name in mapped.roles:
                read[mapped.name] = read.get(mapped.name, 0) + done.rows_read[raw.path.name]
    rows = []
    for table, number in sorted(read.items()):
        frame = getattr(done, table)
        kept = 0 if frame is None else len(frame)
        left, joined = (int(listed.get((table, action), 0)) for action in ("left out", "joined"))
        rows.append({"source": source, "table": names[table], "raw_rows": number, "left_out": left, "joined": joined,
                     "kept": kept, "unexplained": number - left - joined - kept})  # fmt: skip
    return pd.DataFrame(rows)


def list_issues(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The failed checks of all sources, a row each: file, table, column, rule, action (twice, as `done`), rows and examples."""
    keys = ["file", "table", "column", "rule", "action"]
    grouped = pd.concat(frames, ignore_index=True).groupby(keys, sort=False, dropna=False)
    listed = grouped.agg(
        rows=("rows", "sum"), examples=("examples", lambda e: "; ".join(dict.fromkeys(e)))
    ).reset_index()
    return listed.assign(done=listed["action"])


def missing_by_reason(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """For each canonical column the share of rows, over all waves, missing for each reason; `share_missing` is their sum."""
    rows = []
    for name, frame in tables.items():
        for column in (c for c in frame.columns if not c.endswith("__missing")):
            why = frame.get(f"{column}__missing", pd.Series(index=frame.index, dtype="str"))
            empty = frame[column].isna()
            shares = {f"missing_{r}": float((empty & (why == r)).mean()) for r in REASONS}
            rows.append({"table": name, "column": column, "share_missing": float(empty.mean()), **shares,
                         "missing_unexplained": float((empty & ~why.isin(REASONS)).mean())})  # fmt: skip
    return pd.DataFrame(rows)


def columns_used(study: Study) -> list[str]:
    """The canonical columns that a study's panel, design, causes and models name, in that order."""
    file = study.file
    named = [getattr(file.panel, name) for name in ("unit", "welfare", "weight", "size") if file.panel]
    named += [getattr(file.design, name) for name in ("weight", "stratum", "psu") if file.design]
    named += file.spells.lagged
    named += file.prices.columns if file.prices else ()
    named += file.link.covariates if file.link else ()
    named += [column for columns in file.causes.values() for column in columns]
    named += [w for a in file.analyses.values() for w in re.findall(r"[A-Za-z]\w*", str(a.options.get("formula", "")))]
    named += [name for a in file.analyses.values() for option in MEASURED for name in _listed(a.options.get(option))]
    derived = {name: [SUFFIXES.sub("", n) for n in names_in(text)] for name, text in file.derive.items()}
    found = _replaced([SUFFIXES.sub("", name) for name in named if name], derived)
    return list(dict.fromkeys(found))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _replaced(names: list[str], derived: Mapping[str, list[str]]) -> list[str]:
    """The names, those of derived columns replaced by what they are derived from."""
    if not any(name in derived for name in names):
        return names
    return _replaced([n for name in names for n in derived.get(name, [name])], derived)


def summarise_catalogue(catalogue: pd.DataFrame) -> pd.DataFrame:
    """The catalogue with all waves of a column in one row: sources, waves, and the share missing over all rows."""
    weighted = catalogue.assign(missing=catalogue["share_missing"] * catalogue["rows"])
    grouped = weighted.groupby(["source", "table", "column"], sort=False)
    summary = grouped.agg(
        variables=(
            "variables",
            lambda v: " / ".join(dict.fromkeys(v)).replace("|", " + ").replace("person_wave.", "member's "),
        ),
        waves=("wave", "nunique"),
        missing=("missing", "sum"),
        rows=("rows", "sum"),
        reasons=("reasons", _reasons),
        evidence=("evidence", lambda e: ", ".join(dict.fromkeys(e))),
        note=("note", lambda n: "; ".join(dict.fromkeys(x for x in n if x))),
    )
    summary["share_missing"] = summary.pop("missing") / summary.pop("rows")
    return summary.reset_index()


def _reasons(texts: pd.Series) -> str:
    """The names of the reasons, without their shares by wave."""
    return ", ".join(dict.fromkeys(part.split()[0] for text in texts for part in text.split("; ") if part))


def count_links(linked: pd.DataFrame, *, time: str) -> pd.DataFrame:
    """How the households of each wave were linked to earlier ones: a row a wave, a column for each way that occurs."""
    counted = pd.crosstab(linked[time], linked["link"])
    ways = [way for way in LINKS if way in counted]
    return counted[[*ways, *(c for c in counted if c not in ways)]].rename_axis(columns=None).reset_index()


def with_headcounts(ties: pd.DataFrame) -> pd.DataFrame:
    """The ties with the (unweighted) share poor as stored, and with incomes near the line taken to lie on it."""
    stored = (ties["poor_below"] + ties["poor_on_line"]) / ties["rows"]
    return ties.assign(share_stored=stored, share_clear=ties["poor_below"] / ties["rows"])


def describe_panel(
    source: pd.DataFrame, status: pd.DataFrame, spells: pd.DataFrame, risk: pd.DataFrame, *, unit: str
) -> pd.DataFrame:
    """The counts a reader asks for first: one row each, `quantity` and `value`."""
    escapes = (spells["state"] == 1) & (spells["ended_by"] == "transition")
    counts = {
        "rows_read": len(source),
        "rows_with_welfare": len(status),
        "rows_poor": int(status["is_poor"].sum()),
        "units": status[unit].nunique(),
        "spells": len(spells),
        "spells_left_censored": int(spells["left_censored"].sum()),
        "spells_right_censored": int(spells["right_censored"].sum()),
        "escapes": int(escapes.sum()),
        "spells_at_risk": len(risk[[unit, "spell"]].drop_duplicates()),
        "units_at_risk": risk[unit].nunique(),
        "rows_at_risk": len(risk),
        "relapses": int(risk["relapse"].sum()),
    }
    return pd.DataFrame({"quantity": list(counts), "value": list(counts.values())})


def cross_register(status: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Households and waves of the panel by the register's category and poverty; registers pad numbers with zeros."""
    keys = ["household_id", "wave"]
    known = register.assign(household_id=register["household_id"].astype(str).str.lstrip("0"))
    held = status.assign(household_id=status["household_id"].astype(str))
    both = held[[*keys, "is_poor"]].merge(known[[*keys, "monitoring_category"]], on=keys, how="left", validate="m:1")
    category = both["monitoring_category"].fillna("not in the register")
    poor = both["is_poor"].astype(bool)
    counts = {"not_poor": (~poor).groupby(category).sum(), "poor": poor.groupby(category).sum()}
    order = [c for c in CATEGORIES if c in set(category)]
    order += sorted(set(category) - set(order))
    return pd.DataFrame(counts).astype(int).loc[order].rename_axis("monitoring_category").reset_index()
