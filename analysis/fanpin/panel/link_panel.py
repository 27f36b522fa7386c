"""Household waves to a panel of units that stay the same over splits and merges."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fanpin.core.errors import DataError, DesignWarning, InputError, LinkWarning
from fanpin.core.options import ColumnRule, PanelWeights, Splits, check_option
from fanpin.panel.branches import put_together
from fanpin.panel.frames import check_new, numbers
from fanpin.panel.lineage import Lineage, trace_lineage
from fanpin.panel.links import ORIGIN, Linked, Names, find_links, opened_waves
from fanpin.panel.staying import check_staying, stayed

WHERE = "link_panel"
NEW = ["panel_id", "link", "ended", "branches", "branch_share", "panel_weight"]
SCALE = 2.0  # a change of the mean weight by more than this factor is a change of scale


def link_panel(
    waves: pd.DataFrame | list[pd.DataFrame],
    *,
    splits: Splits = "branch_weight",
    weights: PanelWeights = "delivered",
    unit: str = "household_id",
    time: str = "wave",
    origin: str | None = ORIGIN,
    persons: pd.DataFrame | None = None,
    person: str = "person_id",
    size: str | None = "household_size",
    weight: str | None = "weight",
    covariates: Sequence[str] = (),
    stabilised: bool = False,
    trim: float | None = 0.99,
    rules: Mapping[str, ColumnRule] | None = None,
) -> pd.DataFrame:
    """Link the waves of households into a panel whose units stay the same over splits and merges.

    `panel_links` says how a household finds its predecessor, and lists every link made and refused. What becomes of a
    household whose members live in several households later is a choice:

    "branch_weight"
        Every branch is a unit of its own that continues the history of the household it comes from: the waves before the
        split stand in the unit of each branch. The weight of that household is divided over its branches in proportion to
        the members they have of it (members not found again are left out), so at each wave the weights of all branches
        observed there add up to the household's weight. The panel then stands for the households of the first wave, each
        averaged over its members. For totals of the households of a later wave every branch needs the full weight of its
        household instead: `shared_weights` (Ernst 1989, Lavallée 2007), or the weights delivered for that wave.
    "largest"
        The branch with most members of the earlier household, at the first wave where any branch is seen, is the
        household; ties go to the branch of the earlier head, then to the smaller number. The other branches start as new
        units, whose earlier life is not observed (left truncation). Without `persons` the branch that keeps the number
        comes first, then the largest.
    "base_household"
        The branches seen at a wave are put together into one row: money and counts of persons are added, money per
        person is divided by all members, flags are 1 if one branch has 1, weights are averaged over the members from the
        household of origin, all else is the main branch's (see `fanpin.panel.branches.column_rule`).

    Two households that merge continue the unit from which most members come; the other unit ends.

    Parameters
    ----------
    waves
        household_wave: one frame of several waves, or a list of frames of single waves. A row whose `interviewed` is 0 is
        kept in the unit of that household's last interview and tells, by `left_reason`, why it was not interviewed.
    splits
        the rule for split households.
    weights
        "delivered": the row's own weight, divided under "branch_weight". "staying": the weight of the unit's first row
        (divided under "branch_weight") times the inverse probability of having stayed, see `staying_weights`.
    unit, time, origin, persons, person, size
        as in `panel_links`.
    weight
        the column of weights; None counts each household once.
    covariates, stabilised, trim
        for weights="staying", see `staying_weights`.
    rules
        for "base_household": {column: "sum" | "mean" | "any" | "main"} for columns that are not canonical.

    Returns
    -------
    The rows of all waves, ordered by unit and time; none is lost. In front `panel_id` (the household's number at its first
    wave as text; a branch under "branch_weight" adds its own, 101/205, and a number used again its wave, 101@2014) and
    then every column of the data; at the end

    link : "first" (no earlier household), "same", "renamed", "branch", "new_branch" (starts anew under "largest"),
        "refused" (starts anew, see `panel_links`) or "not_interviewed".
    ended : "merged" at a unit's last interview, if at least half of its members are found in other households later; else "".
    branches : units in which the household's row stands ("branch_weight"), households put together ("base_household").
    branch_share : share of the weight of the household before the split; only under "branch_weight".
    panel_weight : as chosen by `weights`; missing for rows not interviewed, and after a wave missed with "staying".

    Raises
    ------
    UnknownNameError, InputError : a column or option does not exist, a column has a name the result needs, or a column has no
        rule when branches are put together; "staying" without covariates.
    DataError : duplicate (unit, time) or (person, time); weights missing, negative or not numeric.

    Warns
    -----
    LinkWarning : persons without household; rows without a panel weight.
    DesignWarning : the mean weight differs between waves by more than a factor of 2, so weights carried over a split are
        not on the scale of the later wave.

    References
    ----------
    Ernst (1989), Weighting issues for longitudinal household and family estimates, in Kasprzyk et al., Panel Surveys,
    139-159. Lavallée (2007), Indirect Sampling, Springer, doi:10.1007/978-0-387-70782-2.
    """
    check_option("splits", splits, Splits)
    check_option("weights", weights, PanelWeights)
    if rules and splits != "base_household":
        raise InputError(f"rules are for splits='base_household', not {splits!r}", where=WHERE)
    check_staying(weights, covariates=covariates, stabilised=stabilised, trim=trim)
    table, names = opened_waves(
        waves,
        unit=unit,
        time=time,
        origin=origin,
        person=person,
        persons=persons,
        size=size,
        needed=(weight, *covariates),
    )
    check_new(table, NEW, where=WHERE)
    linked = find_links(table, persons, names)
    lineage = trace_lineage(linked, splits)
    base = _weights_of(table, linked, weight)
    panel = _interviewed_rows(table, linked, lineage, base)
    if splits == "branch_weight" and weights == "delivered":
        _warn_of_scale(linked, lineage, base)
    elif splits == "base_household":
        panel = put_together(
            panel.sort_values(["panel_id", time, "members__", unit], ascending=[True, True, False, True]).drop(
                columns="branches"
            ),
            key=["panel_id", time], members="members__", keep=["link", "ended", "branch_share", unit],
            averaged=[c for c in (weight, "weight__") if c], size=names.size, rules=rules or {},
        )  # fmt: skip
    panel = _with_silent(panel, table, linked, lineage, names).sort_values(["panel_id", time]).reset_index(drop=True)
    if weights == "staying":
        panel["weight__"] = stayed(
            panel, time=time, covariates=tuple(covariates), stabilised=stabilised, trim=trim
        )  # fmt: skip
    return _finished(panel, table, splits)


def _weights_of(table: pd.DataFrame, linked: Linked, weight: str | None) -> np.ndarray:
    """Each node's delivered weight."""
    if weight is None:
        return np.ones(len(linked.nodes))
    values = numbers(table, weight, where=WHERE)
    if (values < 0).any():
        raise DataError(f"weight {weight!r} is negative", got=f"{int((values < 0).sum())} rows", where=WHERE)
    return values[linked.nodes["row"].to_numpy()]


def _interviewed_rows(table: pd.DataFrame, linked: Linked, lineage: Lineage, base: np.ndarray) -> pd.DataFrame:
    rows = lineage.rows
    node = rows["node"].to_numpy()
    panel = table.iloc[linked.nodes["row"].to_numpy()[node]].reset_index(drop=True)
    added = pd.DataFrame({
        "panel_id": rows["panel_id"].to_numpy(), "link": lineage.status[node], "ended": _ended(linked)[node],
        "branches": rows["branches"].to_numpy(),
        "branch_share": rows["share"].to_numpy(), "members__": lineage.members[node],
        "weight__": base[rows["anchor"].to_numpy()] * rows["share"].to_numpy(),
    })  # fmt: skip
    return pd.concat([panel, added], axis=1)


def _ended(linked: Linked) -> np.ndarray:
    """The word "merged" for last interviews of which at least half of the members count for another unit later."""
    edges = linked.edges
    moved = edges[
        ~edges["made"] & (edges["basis"] == "persons") & ~edges["before"].isin(edges.loc[edges["made"], "before"])
    ]
    found = moved.groupby("before").agg(common=("common", "sum"), members=("members_before", "first"))
    merged = set(found.index[2 * found["common"] >= found["members"]])
    return np.array(["merged" if n in merged else "" for n in range(len(linked.nodes))], dtype=object)


def _warn_of_scale(linked: Linked, lineage: Lineage, base: np.ndarray) -> None:
    """Weights carried over a split stand beside those of later waves, so all waves must have one scale."""
    if (lineage.rows["branches"] == 1).all():
        return
    means = pd.Series(base).groupby(linked.nodes["time"].to_numpy()).mean()
    if means.max() > SCALE * means.min():
        listed = ", ".join(f"{t}: {m:,.4g}" for t, m in means.items())
        warnings.warn(
            f"the mean weight differs between waves ({listed}), and branches carry the weight of the wave before their "
            "split; bring the weights to one scale, or use weights='staying'", DesignWarning, stacklevel=3,
        )  # fmt: skip


def _with_silent(
    panel: pd.DataFrame, table: pd.DataFrame, linked: Linked, lineage: Lineage, names: Names
) -> pd.DataFrame:
    """Add the rows of households not interviewed, each to the unit of its last interview where that has no row yet."""
    if not len(linked.silent):
        return panel
    silent = table.iloc[linked.silent].sort_values([names.unit, names.time])
    taken = set(zip(panel["panel_id"].tolist(), panel[names.time].tolist(), strict=True))
    used = set(panel["panel_id"])
    homes = _homes(linked, lineage)
    last_own: dict[object, str] = {}
    labels: list[str] = []
    for who, when in zip(silent[names.unit].tolist(), silent[names.time].tolist(), strict=True):
        earlier = [label for t, label in homes.get(who, []) if t < when]
        candidates = [*earlier[::-1], *([last_own[who]] if who in last_own else [])]
        label = next((c for c in candidates if (c, when) not in taken), None)
        if label is None:
            label = last_own[who] = _free_label(str(who), when, used)
        used.add(label)
        taken.add((label, when))
        labels.append(label)
    added = silent.assign(
        panel_id=labels, link="not_interviewed", ended="", branches=1, branch_share=np.nan, weight__=np.nan
    )
    return pd.concat([panel, added], ignore_index=True)


def _homes(linked: Linked, lineage: Lineage) -> dict[object, list[tuple[int, str]]]:
    """For each household's number, the units in which its interviews stand, in order of time."""
    rows = lineage.rows.sort_values("panel_id", ascending=False)
    nodes = linked.nodes.loc[rows["node"]]
    found: dict[object, list[tuple[int, str]]] = {}
    for who, when, label in zip(nodes["unit"].tolist(), nodes["time"].tolist(), rows["panel_id"].tolist(), strict=True):
        found.setdefault(who, []).append((when, label))
    return {who: sorted(seen, key=lambda pair: pair[0]) for who, seen in found.items()}


def _free_label(who: str, when: int, used: set[str]) -> str:
    label = who if who not in used else f"{who}@{when}"
    while label in used:
        label += "@"
    return label


def _finished(panel: pd.DataFrame, table: pd.DataFrame, splits: Splits) -> pd.DataFrame:
    panel = panel.rename(columns={"weight__": "panel_weight"})
    bare = int((panel["panel_weight"].isna() & (panel["link"] != "not_interviewed")).sum())
    if bare:
        warnings.warn(f"{bare} of {len(panel)} rows have no panel weight: no weight was delivered, or a wave was missed",
                      LinkWarning, stacklevel=3)  # fmt: skip
    share = ["branch_share"] if splits == "branch_weight" else []
    return panel[["panel_id", *table.columns, "link", "ended", "branches", *share, "panel_weight"]]
