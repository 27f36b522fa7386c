"""From links to panel units: which household-waves make up one history, by the rule for split households."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.options import Splits
from fanpin.panel.links import Linked


@dataclass(frozen=True, slots=True)
class Lineage:
    """Who belongs to which unit.

    Attributes
    ----------
    rows : a row a unit and household-wave: node, panel_id, share (of the origin's weight), branches, and anchor, the node
        whose weight is divided (the node itself before any split).
    status : (nodes,) how each household-wave is linked backwards.
    members : (nodes,) members of the unit's first household that the branch stands for: size there (or 1) x share.
    """

    rows: pd.DataFrame
    status: np.ndarray
    members: np.ndarray


@dataclass(frozen=True, slots=True)
class _Tree:
    """Household-waves by number, with the predecessor of each and, of each, its branches."""

    unit: list[object]
    time: list[int]
    origin: list[Any]
    in_time: list[int]
    parent: dict[int, int]
    ranked: dict[int, list[int]]  # node -> its branches, the heir first
    count: dict[int, float]  # node -> members it has of its predecessor


def trace_lineage(linked: Linked, splits: Splits) -> Lineage:
    """Units by rule; every household-wave stands in at least one."""
    tree = _grown(linked)
    trace = {"largest": _largest, "branch_weight": _branches, "base_household": _base}[splits]
    rows = trace(tree)
    return Lineage(rows, _statuses(tree, linked, splits), _members(tree, linked.nodes["size"].fillna(1.0).tolist()))


def _grown(linked: Linked) -> _Tree:
    made = linked.edges[linked.edges["made"]]
    nodes = linked.nodes
    after = nodes.loc[made["after"]]
    same = nodes.loc[made["before"], "unit"].to_numpy() == after["unit"].to_numpy()
    known = made["common"].notna().to_numpy()
    size = after["size"].to_numpy()
    count = np.where(known, made["common"], size)
    # Without persons nobody knows which branch holds most members of the earlier household: the number kept says it.
    ranked = made.assign(
        time=after["time"].to_numpy(), unit=after["unit"].to_numpy(), count=count, kept=same & ~known,
    ).sort_values(
        ["before", "time", "kept", "count", "old_head", "unit"], ascending=[True, True, False, False, False, True]
    )  # fmt: skip
    children: dict[int, list[int]] = {}
    for before, after_node in zip(ranked["before"].tolist(), ranked["after"].tolist(), strict=True):
        children.setdefault(before, []).append(after_node)
    parent = dict(zip(made["after"].tolist(), made["before"].tolist(), strict=True))
    counts = dict(zip(ranked["after"].tolist(), ranked["count"].tolist(), strict=True))
    in_time = nodes.sort_values(["time", "unit"]).index.tolist()
    return _Tree(
        nodes["unit"].tolist(), nodes["time"].tolist(), nodes["origin"].tolist(), in_time, parent, children, counts
    )


def _shares(tree: _Tree) -> dict[int, float]:
    """Each branch's share in its split; 1 for a node that no split leads to."""
    share = dict.fromkeys(tree.in_time, 1.0)
    for branches in tree.ranked.values():
        counts = np.array([tree.count[b] for b in branches], dtype=float)
        if np.isnan(counts).any() or counts.sum() <= 0:
            counts = np.ones(len(branches))
        for branch, part in zip(branches, (counts / counts.sum()).tolist(), strict=True):
            share[branch] = part
    return share


def _members(tree: _Tree, size: list[float]) -> np.ndarray:
    share, members = _shares(tree), np.array(size, dtype=float)
    for node in tree.in_time:
        if node in tree.parent:
            members[node] = members[tree.parent[node]] * share[node]
    return members


def _largest(tree: _Tree) -> pd.DataFrame:
    heirs = {branches[0] for branches in tree.ranked.values()}
    unit: dict[int, int] = {}  # node -> the first node of its unit
    for node in tree.in_time:
        unit[node] = unit[tree.parent[node]] if node in heirs else node
    labels = _labels(tree, sorted(set(unit.values())), {})
    order = tree.in_time
    return pd.DataFrame({"node": order, "panel_id": [labels[unit[n]] for n in order], "share": 1.0, "branches": 1,
                         "anchor": order})  # fmt: skip


def _base(tree: _Tree) -> pd.DataFrame:
    root: dict[int, int] = {}
    for node in tree.in_time:
        root[node] = root[tree.parent[node]] if node in tree.parent else node
    first_seen: dict[object, int] = {}
    for node in tree.in_time:
        first_seen.setdefault(tree.unit[node], tree.time[node])
    key: dict[int, int] = {}  # roots of one origin that was itself never observed before them are one unit
    shared: dict[object, int] = {}
    for r in (n for n in tree.in_time if root[n] == n):
        origin = tree.origin[r] if pd.notna(tree.origin[r]) else tree.unit[r]
        unseen = first_seen.get(origin, tree.time[r]) >= tree.time[r]
        key[r] = shared.setdefault(origin, r) if unseen else r
    labels = _labels(tree, sorted(set(key.values())), {r: origin for origin, r in shared.items()})
    order = tree.in_time
    return pd.DataFrame({"node": order, "panel_id": [labels[key[root[n]]] for n in order], "share": 1.0, "branches": 1,
                         "anchor": order})  # fmt: skip


def _branches(tree: _Tree) -> pd.DataFrame:
    """One unit a leaf; the waves before a split stand in the unit of every branch, with the branch's share."""
    share = _shares(tree)
    to_node: dict[int, float] = {}
    root: dict[int, int] = {}
    anchor: dict[int, int] = {}
    cut: dict[int, int] = {}  # the first node after the last split
    for node in tree.in_time:
        before = tree.parent.get(node)
        if before is None:
            to_node[node], root[node], anchor[node], cut[node] = 1.0, node, node, node
            continue
        split = len(tree.ranked[before]) > 1
        undivided = anchor[before] == before and not split
        to_node[node] = to_node[before] * share[node]
        root[node], cut[node] = root[before], node if split else cut[before]
        anchor[node] = node if undivided else anchor[before]
    leaves = [n for n in tree.in_time if n not in tree.ranked]
    labels = _leaf_labels(tree, leaves, root, cut)
    found: list[tuple[int, str, float, int]] = []
    for leaf in leaves:
        place: int | None = leaf
        while place is not None:
            found.append((place, labels[leaf], to_node[leaf], anchor[place]))
            place = tree.parent.get(place)
    rows = pd.DataFrame(found, columns=["node", "panel_id", "share", "anchor"])
    rows["branches"] = rows.groupby("node")["panel_id"].transform("size")
    return rows


def _labels(tree: _Tree, firsts: list[int], named: dict[int, object]) -> dict[int, str]:
    """A text for each unit: the household's number at its first wave; a number used again gets its wave, as in 101@2014."""
    return _unique({n: (str(named.get(n, tree.unit[n])), tree.time[n]) for n in firsts})


def _leaf_labels(tree: _Tree, leaves: list[int], root: dict[int, int], cut: dict[int, int]) -> dict[int, str]:
    roots = _labels(tree, sorted({root[leaf] for leaf in leaves}), {})
    said = {}
    for leaf in leaves:
        own, last = roots[root[leaf]], cut[leaf]
        said[leaf] = (own if last == root[leaf] else f"{own}/{tree.unit[last]}", tree.time[last])
    return _unique(said)


def _unique(said: dict[int, tuple[str, int]]) -> dict[int, str]:
    """The labels, those used by an earlier unit with their wave."""
    labels: dict[int, str] = {}
    used: set[str] = set()
    for node, (label, when) in sorted(said.items(), key=lambda item: (item[1][1], item[1][0], item[0])):
        label = label if label not in used else f"{label}@{when}"
        while label in used:
            label += "@"
        used.add(label)
        labels[node] = label
    return labels


def _statuses(tree: _Tree, linked: Linked, splits: Splits) -> np.ndarray:
    refused = set(linked.edges.loc[~linked.edges["made"], "after"].tolist()) - set(tree.parent)
    said = []
    for node in range(len(tree.unit)):
        before = tree.parent.get(node)
        if before is None:
            said.append("refused" if node in refused else "first")
        elif len(tree.ranked[before]) > 1:
            heir = tree.ranked[before][0] == node
            said.append("branch" if splits != "largest" or heir else "new_branch")
        else:
            said.append("same" if tree.unit[before] == tree.unit[node] else "renamed")
    return np.array(said, dtype=object)
