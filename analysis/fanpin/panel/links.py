"""Which household of a later wave continues which household of an earlier one: links made and links refused."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fanpin.core.errors import DataError, LinkWarning
from fanpin.panel.frames import check_same_kind, check_unique, checked_frame, numbers

WHERE = "panel links"
ORIGIN = "origin_household_id"
INTERVIEWED = "interviewed"
ELSEWHERE = "more members come from another household or wave"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The columns that say who is where and when; None where the data have no such column."""

    unit: str
    time: str
    origin: str | None
    person: str
    relation: str | None
    size: str | None


@dataclass(frozen=True, slots=True)
class Linked:
    """Interviewed household-waves, numbered by (unit, time), and the links between them.

    Attributes
    ----------
    nodes : a row a household interviewed at a wave, its index the node's number; columns unit, time, origin, size, row (its
        position in the caller's frame).
    silent : positions in the caller's frame of households not interviewed.
    edges : a row a link considered: before, after (nodes), made, reason, basis, common, old_head (the branch holds the earlier household's head), members_before, members.
    """

    nodes: pd.DataFrame
    silent: np.ndarray
    edges: pd.DataFrame


def panel_links(
    waves: pd.DataFrame | list[pd.DataFrame],
    *,
    persons: pd.DataFrame | None = None,
    unit: str = "household_id",
    time: str = "wave",
    origin: str | None = ORIGIN,
    person: str = "person_id",
    size: str | None = "household_size",
) -> pd.DataFrame:
    """Every link between a household of one wave and a household of an earlier wave, made or refused, with the reason.

    With `persons`, a household continues the earlier household in which most of its members were last seen; ties go to
    the one its head comes from, then to the same number, the later wave and the smaller number. A household number that
    returns without any common member is refused: surveys give one branch of a split household the old number, and their
    documentation warns against taking equal numbers for equal households. Without `persons` the same number is taken for
    the same household, and a new number for a branch of its household of origin.

    Parameters
    ----------
    waves
        household_wave: one frame of several waves, or a list of frames of single waves. Where there is a column
        `interviewed`, its rows of 0 link nothing.
    persons
        person_wave, one row a person and wave, of the same waves.
    unit, time, person
        household, wave and person.
    origin
        the column that holds the household from which a branch comes; it need not be there.
    size
        members, where `persons` does not count them; it need not be there.

    Returns
    -------
    One row a pair considered, ordered by unit and time:

    unit, time, from_<unit>, from_<time> : the household, and the earlier one.
    status : "made" or "refused".
    kind : of links made, "same" (number kept), "renamed" (another number, no other branch), "split" (one of several
        branches).
    reason : why a link was refused.
    basis : "persons", "household" (same number) or "origin".
    common_members : persons in both, or in the later one and the last wave that lists any of them under the earlier
        household's number; missing without `persons`.
    members_before, members : persons (or `size`) of the earlier and the later household.

    Raises
    ------
    UnknownNameError : a column does not exist.
    DataError : duplicate (unit, time) or (person, time); a wave without persons; keys of different types.

    Warns
    -----
    LinkWarning : persons whose household is not in the data at that wave.
    """
    table, names = opened_waves(waves, unit=unit, time=time, origin=origin, person=person, persons=persons, size=size)
    linked = find_links(table, persons, names)
    return shown_links(linked, names)


def opened_waves(
    waves: pd.DataFrame | list[pd.DataFrame], *, unit: str, time: str, origin: str | None, person: str,
    persons: pd.DataFrame | None, size: str | None, needed: tuple[str | None, ...] = (),
) -> tuple[pd.DataFrame, Names]:  # fmt: skip
    """One frame of all waves, checked, with the names of the columns it really has."""
    if isinstance(waves, (list, tuple)):
        for wave in waves:
            checked_frame(wave, [unit, time], where=WHERE)
        waves = pd.concat(waves, ignore_index=True)
    asked = None if origin == ORIGIN and origin not in getattr(waves, "columns", ()) else origin
    table = checked_frame(waves, [unit, time, asked, *needed], where=WHERE)
    check_unique(table, [unit, time], where=WHERE)
    relation = None
    if persons is not None:
        checked_frame(persons, [person, unit, time], where="persons of the panel links")
        check_unique(persons, [person, time], where="persons of the panel links")
        check_same_kind(table[unit], persons[unit], where="persons of the panel links")
        relation = "relation" if "relation" in persons.columns else None
    counted = size if size in table.columns else None
    return table, Names(unit=unit, time=time, origin=asked, person=person, relation=relation, size=counted)


def find_links(table: pd.DataFrame, persons: pd.DataFrame | None, names: Names) -> Linked:
    """Nodes and edges of the panel."""
    met = np.ones(len(table), dtype=bool)
    if INTERVIEWED in table.columns:
        met = numbers(table, INTERVIEWED, where=WHERE) != 0
    nodes = pd.DataFrame(
        {"unit": table[names.unit], "time": table[names.time].astype("int64"), "row": np.arange(len(table))}
    )
    nodes["origin"] = table[names.origin] if names.origin else None
    nodes["size"] = numbers(table, names.size, where=WHERE) if names.size else np.nan
    nodes = nodes[met].sort_values(["unit", "time"]).reset_index(drop=True)
    edges = _by_number(nodes, names) if persons is None else _by_persons(nodes, persons, names)
    return Linked(nodes, np.flatnonzero(~met), edges)


def shown_links(linked: Linked, names: Names) -> pd.DataFrame:
    """The edges as the table users see."""
    edges, nodes = linked.edges, linked.nodes
    after, before = nodes.loc[edges["after"]], nodes.loc[edges["before"]]
    branches = edges[edges["made"]].groupby("before")["after"].size()
    several = edges["before"].map(branches).fillna(0).to_numpy() > 1
    same = after["unit"].to_numpy() == before["unit"].to_numpy()
    kind = np.select([~edges["made"], several, same], ["", "split", "same"], "renamed")
    shown = pd.DataFrame({
        names.unit: after["unit"].to_numpy(), names.time: after["time"].to_numpy(),
        f"from_{names.unit}": before["unit"].to_numpy(), f"from_{names.time}": before["time"].to_numpy(),
        "status": np.where(edges["made"], "made", "refused"), "kind": kind, "reason": edges["reason"].to_numpy(),
        "basis": edges["basis"].to_numpy(), "common_members": edges["common"].to_numpy(),
        "members_before": edges["members_before"].to_numpy(), "members": edges["members"].to_numpy(),
    })  # fmt: skip
    order = [names.unit, names.time, "status", f"from_{names.time}", f"from_{names.unit}"]
    return shown.sort_values(order).reset_index(drop=True)


def _by_number(nodes: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Without persons: the same number, else the last wave of the household of origin."""
    number = pd.Series(nodes.index, index=nodes.index)
    previous = number.groupby(nodes["unit"]).shift()
    found = pd.DataFrame({"before": previous, "after": number, "basis": "household"})
    if names.origin:
        rooted = _last_of_origin(nodes)
        found["basis"] = found["basis"].where(found["before"].notna(), "origin")
        found["before"] = found["before"].fillna(rooted)
    edges = found[found["before"].notna()].astype({"before": "int64"})
    sizes = nodes["size"]
    return edges.assign(made=True, reason="", common=np.nan, old_head=False, members_before=sizes.loc[edges["before"]].to_numpy(),
                        members=sizes.loc[edges["after"]].to_numpy()).reset_index(drop=True)  # fmt: skip


def _last_of_origin(nodes: pd.DataFrame) -> pd.Series:
    """For each node, the last earlier node of its household of origin, where that is another household."""
    branches = nodes[nodes["origin"].notna() & (nodes["origin"] != nodes["unit"])]
    asked = pd.DataFrame({"after": branches.index, "unit": branches["origin"], "time": branches["time"]})
    if not len(asked):
        return pd.Series(np.nan, index=nodes.index)
    check_same_kind(nodes["unit"], asked["unit"].rename("origin"), where=WHERE)
    held = pd.DataFrame({"before": nodes.index, "unit": nodes["unit"], "time": nodes["time"]})
    pairs = asked.astype({"unit": held["unit"].dtype}).merge(held, on="unit", suffixes=("", "_before"))
    last = pairs[pairs["time_before"] < pairs["time"]].sort_values("time_before").groupby("after")["before"].last()
    return last.reindex(nodes.index).astype("float64")


def _by_persons(nodes: pd.DataFrame, persons: pd.DataFrame, names: Names) -> pd.DataFrame:
    placed = _placed(nodes, persons, names)
    members = placed.groupby("node").size().reindex(nodes.index, fill_value=0)
    earlier = placed.groupby(names.person)
    moves = placed.assign(before=earlier["node"].shift(), old_head=earlier["head"].shift())
    moves = (
        moves[moves["before"].notna()].astype({"before": "int64", "old_head": bool}).rename(columns={"node": "after"})
    )
    edges = moves.groupby(["before", "after"]).agg(
        common=("head", "size"), head=("head", "any"), old_head=("old_head", "any")
    ).reset_index()  # fmt: skip
    edges = _chosen(edges, nodes)
    refused = _refused_numbers(nodes, placed, members, edges, names)
    whole = pd.concat([edges, refused], ignore_index=True)
    counted = {
        "members_before": members.loc[whole["before"]].to_numpy(),
        "members": members.loc[whole["after"]].to_numpy(),
    }
    return whole.assign(**counted, common=whole["common"].astype("float64"))


def _placed(nodes: pd.DataFrame, persons: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Persons with the node they live in, ordered by person and time; waves without persons raise."""
    bare = sorted(set(nodes["time"]) - set(persons[names.time].astype("int64")))
    if bare:
        raise DataError(f"no persons at {names.time} {', '.join(map(str, bare))}", where="persons of the panel links",
                        expected="persons of every wave, or none at all")  # fmt: skip
    head = (persons[names.relation] == "head").fillna(False).astype(bool) if names.relation else False
    who = pd.DataFrame({
        names.person: persons[names.person], "unit": persons[names.unit], "time": persons[names.time].astype("int64"),
        "head": head,
    })  # fmt: skip
    numbered = nodes[["unit", "time"]].assign(node=nodes.index)
    placed = who.merge(numbered, on=["unit", "time"], how="left")
    lost = int(placed["node"].isna().sum())
    if lost:
        warnings.warn(f"{lost} of {len(placed)} persons have no interviewed household at their wave and link nothing",
                      LinkWarning, stacklevel=5)  # fmt: skip
    return placed[placed["node"].notna()].astype({"node": "int64"}).sort_values([names.person, "time"])


def _chosen(edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Each household's one predecessor; the others are refused."""
    before = nodes.loc[edges["before"]].reset_index(drop=True)
    after_unit = nodes["unit"].loc[edges["after"]].reset_index(drop=True)
    ranked = edges.assign(
        same=(before["unit"] == after_unit), before_time=before["time"], before_unit=before["unit"]
    ).sort_values(
        ["after", "common", "head", "same", "before_time", "before_unit"],
        ascending=[True, False, False, False, False, True],
    )  # fmt: skip
    made = ~ranked["after"].duplicated()
    chosen = ranked.assign(made=made, reason=np.where(made, "", ELSEWHERE), basis="persons")
    return _by_last_wave(chosen, nodes)[["before", "after", "made", "reason", "basis", "common", "old_head"]]


def _by_last_wave(edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """A number kept over waves that list different members of it is one household, not two branches of it.

    Where the members of (h, 3) were last listed in (h, 1), and (h, 2) comes from (h, 1) too, (h, 3) follows (h, 2).
    """
    number = pd.Series(nodes.index, index=nodes.index)
    last = number.groupby(nodes["unit"]).shift().to_numpy()
    unit = nodes["unit"].to_numpy()
    before, after, made = (edges[c].to_numpy() for c in ("before", "after", "made"))
    parent = dict(zip(after[made].tolist(), before[made].tolist(), strict=True))
    moved = before.copy()
    for i in np.flatnonzero(made & (unit[before] == unit[after]) & (last[after] != before)):
        step: int | None = int(last[after[i]])
        while step is not None and step != before[i]:
            step = parent.get(step)
        if step is not None:
            moved[i] = parent[int(after[i])] = int(last[after[i]])
    followed = edges.assign(before=moved).sort_values("made", ascending=False, kind="stable")
    return followed.drop_duplicates(["before", "after"])


def _refused_numbers(
    nodes: pd.DataFrame, placed: pd.DataFrame, members: pd.Series, edges: pd.DataFrame, names: Names
) -> pd.DataFrame:
    """Equal numbers, and households of origin, that persons do not confirm."""
    number = pd.Series(nodes.index, index=nodes.index)
    same = pd.DataFrame({"before": number.groupby(nodes["unit"]).shift(), "after": number, "basis": "household"})
    asked = [same]
    if names.origin:
        unlinked = ~number.isin(edges["after"])
        asked.append(pd.DataFrame({"before": _last_of_origin(nodes), "after": number, "basis": "origin"})[unlinked])
    pairs = pd.concat(asked, ignore_index=True)
    pairs = pairs[pairs["before"].notna()].astype({"before": "int64"})
    seen = pd.MultiIndex.from_frame(edges[["before", "after"]])
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[["before", "after"]]).isin(seen)]
    common = _common(pairs, placed, names)
    listed = (members.loc[pairs["before"]].to_numpy() > 0) & (members.loc[pairs["after"]].to_numpy() > 0)
    reason = np.select([~listed, common == 0], ["no persons listed at one of the waves", "no common member"],
                       "the common members lived elsewhere in between")  # fmt: skip
    return pairs.assign(made=False, reason=reason, common=common, old_head=False)


def _common(pairs: pd.DataFrame, placed: pd.DataFrame, names: Names) -> np.ndarray:
    """How many persons both nodes of each pair hold."""
    held = placed[[names.person, "node"]]
    there = pairs[["before", "after"]].merge(held, left_on="before", right_on="node").drop(columns="node")
    both = there.merge(held, left_on=["after", names.person], right_on=["node", names.person])
    counted = both.groupby(["before", "after"]).size()
    return counted.reindex(pd.MultiIndex.from_frame(pairs[["before", "after"]]), fill_value=0).to_numpy()
