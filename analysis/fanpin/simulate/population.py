"""The households and persons of County T before the first wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

TOWNSHIPS = "ABCDEFGHIJKLM"
TOWNS = "JM"  # printed as towns in the paper's table 2; the other eleven count as rural
FIRST_FID = 450001
SOURCES = ("wage", "operating", "property", "transfer", "other")
OLDEST_WAVE = 2010


def made_households(n: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """A row a household: its ids, its township, what stays the same of it, and its state in 2010."""
    fid = FIRST_FID + np.arange(n)
    frame = pd.DataFrame(
        {
            "household": fid,
            "origin": fid,
            "township": _townships(n, p["township_households"]),
            "training_rank": rng.random(n),
            "income_rank": rng.standard_normal(n),
            "land": rng.gamma(4.0, 2500.0, n),
        }
    )
    frame["u_relapse"], frame["u_escape"] = _frailties(n, p["frailty"], rng)
    frame["training_rank"] = _trained_later(frame, p)
    shares = base_shares(n, p, rng)
    for k, source in enumerate(SOURCES):
        frame[f"share_{source}"] = shares[:, k]
    frame["business_part"] = rng.beta(1.0, p["farming_share"] / max(1 - p["farming_share"], 1e-9), n)
    frame["poor"] = rng.random(n) < p["poor_2010"]
    frame["ever_poor"] = frame["poor"]
    frame["spell_start"] = OLDEST_WAVE
    frame["steps"] = 0
    return frame


def _townships(n: int, counts: Mapping[str, float]) -> np.ndarray:
    """Serial numbers 1-13, as near to the counts' proportions as whole households allow (largest remainders)."""
    exact = np.array([counts[t] for t in TOWNSHIPS]) / sum(counts.values()) * n
    whole = np.floor(exact).astype(int)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: n - whole.sum()]] += 1
    return np.repeat(np.arange(1, len(TOWNSHIPS) + 1), whole)


def _frailties(n: int, frailty: Mapping[str, float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    first, second = rng.standard_normal(n), rng.standard_normal(n)
    mixed = frailty["correlation"] * first + np.sqrt(1 - frailty["correlation"] ** 2) * second
    return frailty["relapse"] * first, frailty["escape"] * mixed


def _trained_later(frame: pd.DataFrame, p: Mapping[str, Any]) -> np.ndarray:
    """Ranks in the queue for training; with training_on_frailty the frail stand further back."""
    sd = p["frailty"]["relapse"]
    scaled = frame["u_relapse"] / sd if sd > 0 else 0.0
    moved = ndtri(frame["training_rank"]) + p["training_on_frailty"] * scaled
    return moved.rank(pct=True).to_numpy()


def base_shares(n: int, p: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """(n, 5) shares of the sources around which each household's shares move."""
    mean = np.array([p["income_shares"][s] for s in SOURCES])
    return dirichlet(np.tile(p["share_concentration"]["between"] * mean, (n, 1)), rng)


def dirichlet(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A Dirichlet draw for each row of `alpha`."""
    drawn = rng.standard_gamma(np.maximum(alpha, 1e-6))
    total = drawn.sum(axis=1, keepdims=True)
    even = np.full_like(drawn, 1 / drawn.shape[1])
    return np.divide(drawn, total, out=even, where=total > 0)


def made_persons(households: pd.DataFrame, year: int, p: Mapping[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """A row a person living in the households in `year`: heads, spouses, parents, children and theirs."""
    n = len(households)
    index = np.arange(n)
    head_age = np.clip(np.round(rng.normal(47, 11, n)), 24, 78).astype(int)
    head_male = rng.random(n) < 0.9
    married = rng.random(n) < np.where(head_age < 68, 0.88, 0.65)
    parts = [_part(index, head_age, head_male, "head")]
    w = index[married]
    parts.append(
        _part(
            w,
            np.clip(head_age[w] + np.where(head_male[w], -2, 2) + rng.integers(-2, 3, len(w)), 20, 80),
            ~head_male[w],
            "spouse",
        )
    )
    parts += _descendants(index, head_age, rng)
    o = index[(rng.random(n) < 0.3) & (head_age < 60)]
    parts.append(_part(o, head_age[o] + rng.integers(20, 29, len(o)), rng.random(len(o)) < 0.35, "parent"))
    people = pd.concat(parts, ignore_index=True)
    people = people.sort_values(["row", "rank"], kind="stable", ignore_index=True)
    people["code"] = 101 + people.groupby("row").cumcount()
    people["origin"] = households["origin"].to_numpy()[people["row"]]
    people["household"] = people["origin"]
    people["pid"] = people["origin"] * 1000 + people["code"]
    _link(people)
    people["birth_year"] = year - people["age"]
    return finished(people.drop(columns=["row", "rank", "age"]), p, rng, year)


RANKS = {"head": 0, "spouse": 1, "parent": 2, "child": 3, "child_in_law": 4, "grandchild": 5}


def _part(row: np.ndarray, age: np.ndarray, male: np.ndarray, relation: str) -> pd.DataFrame:
    return pd.DataFrame({"row": row, "rank": RANKS[relation], "age": age, "male": male, "relation": relation})


def _descendants(index: np.ndarray, head_age: np.ndarray, rng: np.random.Generator) -> list[pd.DataFrame]:
    number = np.where(head_age < 26, 0, np.minimum(rng.poisson(2.0, len(index)), 4))
    row = np.repeat(index, number)
    age = head_age[row] - rng.integers(21, 33, len(row))
    at_home = (age >= 0) & ((age < 18) | (rng.random(len(row)) < np.where(age < 40, 0.45, 0.12)))
    row, age = row[at_home], age[at_home]
    male = rng.random(len(row)) < np.where(age < 22, 0.53, 0.85)
    children = _part(row, age, male, "child")
    # one married son a household lives there with his wife and child
    sons = children[children["male"] & (children["age"] >= 23)].drop_duplicates("row")
    sons = sons[rng.random(len(sons)) < 0.5]
    wives = _part(sons["row"].to_numpy(), (sons["age"] - 1).to_numpy(), np.zeros(len(sons), bool), "child_in_law")
    parents = sons[rng.random(len(sons)) < 0.7]
    small = _part(
        parents["row"].to_numpy(),
        np.maximum(parents["age"].to_numpy() - 23 - rng.integers(0, 6, len(parents)), 0),
        rng.random(len(parents)) < 0.53,
        "grandchild",
    )
    return [children, wives, small]


def _link(people: pd.DataFrame) -> None:
    """Add the pids of spouse, father and mother (0 where they are not in the household)."""
    people["spouse"], people["father"], people["mother"] = 0, 0, 0
    first = {r: people[people["relation"] == r].drop_duplicates("household").set_index("household") for r in RANKS}
    home = people["household"]
    for one, other in (("head", "spouse"), ("spouse", "head")):
        at = people["relation"] == one
        people.loc[at, "spouse"] = _pid_of(first[other]["pid"], home[at])
    wives = first["child_in_law"]
    son = people[(people["relation"] == "child") & people["male"] & (people["age"] >= 23)]
    husband = son.drop_duplicates("household").set_index("household")
    at = people["relation"] == "child_in_law"
    people.loc[at, "spouse"] = _pid_of(husband["pid"], home[at])
    couple = husband["pid"].isin(people["spouse"])
    husbands = people["pid"].isin(husband["pid"][couple])
    people.loc[husbands, "spouse"] = _pid_of(wives["pid"], home[husbands])
    at = people["relation"] == "grandchild"
    people.loc[at, "father"], people.loc[at, "mother"] = (
        _pid_of(husband["pid"], home[at]),
        _pid_of(wives["pid"], home[at]),
    )
    for pair, children in ((("head", "spouse"), "child"), (("parent",), "head")):
        at = people["relation"] == children
        for relation in pair:
            parent = first[relation]
            for column, male in (("father", True), ("mother", False)):
                found = _pid_of(parent.loc[parent["male"] == male, "pid"], home[at])
                people.loc[at, column] = np.maximum(people.loc[at, column], found)


def _pid_of(pids: pd.Series, households: pd.Series) -> np.ndarray:
    return pids.reindex(households).fillna(0).astype(int).to_numpy()


def finished(people: pd.DataFrame, p: Mapping[str, Any], rng: np.random.Generator, year: int) -> pd.DataFrame:
    """Add what does not depend on the household: schooling to be reached, health, and no training yet."""
    n = len(people)
    born = people["birth_year"].to_numpy()
    u = rng.random(n)
    people["schooling_end"] = np.select(
        [born < 1950, born < 1965, born < 1980, born < 1995],
        [
            _pick(u, (0, 3, 6), (0.45, 0.8)),
            _pick(u, (0, 6, 9), (0.15, 0.65)),
            _pick(u, (6, 9, 12), (0.35, 0.9)),
            _pick(u, (6, 9, 12, 15), (0.12, 0.7, 0.87)),
        ],
        np.where(u < p["dropout"], 6, _pick(u, (9, 12, 15, 16), (0.4, 0.75, 0.92))),
    )
    people["chronic"] = rng.random(n) < np.interp(year - born, [15, 40, 60, 80], [0, 0.06, 0.22, 0.4])
    people["han"] = rng.random(n) < 0.15
    people["trained_since"] = 0
    people["member"], people["left_wave"], people["left_reason"] = True, 0, 0
    people["skill"] = rng.gamma(3.0, 1.0, n)
    return people


def _pick(u: np.ndarray, values: tuple[int, ...], limits: tuple[float, ...]) -> np.ndarray:
    return np.array(values)[np.searchsorted(np.array(limits), u, side="right")]
