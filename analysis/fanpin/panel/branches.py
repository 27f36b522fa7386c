"""Branches of a split household put together again: one row a household of origin and wave."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fanpin.core.columns import Column, canonical_columns
from fanpin.core.errors import InputError
from fanpin.core.options import ColumnRule, check_option

REASON = "__missing"


def column_rule(column: Column) -> ColumnRule:
    """How a canonical column of several branches becomes one value.

    Money and counts of persons are summed, money per person is the mean weighted by household size (the sum over the
    branches divided by all their members), flags are 1 where any branch has 1, weights are the mean over the members of the
    household of origin, and everything else is that of the main branch, which holds most of its members.
    """
    if column.name == "weight" or (column.unit.startswith("currency") and "person" in column.unit):
        return "mean"
    if column.unit.startswith("currency") or column.unit == "persons":
        return "sum"
    return "any" if column.dtype == "boolean" else "main"


def put_together(
    table: pd.DataFrame, *, key: list[str], members: str, keep: list[str], averaged: list[str], size: str | None,
    rules: Mapping[str, ColumnRule],
) -> pd.DataFrame:  # fmt: skip
    """One row a key; rows are expected in order of the branches, the main one first.

    Parameters
    ----------
    table : rows of one or more branches a key, with the column `members` of members from the household of origin.
    key, keep : columns of the key, and those taken from the main branch whatever their name.
    averaged : weights: their mean over the members from the household of origin, missing ones left out.
    size : household size, by which means of other columns are weighted.
    rules : a rule for columns that are not canonical, or another one for those that are.

    Raises
    ------
    InputError : branches meet and a column has no rule.
    """
    several = table.duplicated(key, keep=False)
    single, split = table[~several], table[several]
    if not len(split):
        return table.assign(branches=1)
    chosen = _rules_for(split, [*key, *keep, *averaged, members], rules)
    groups = split.groupby(key, sort=False)
    whole = groups.head(1).set_index(key)
    for name, rule in chosen.items():
        whole[name] = _combined(split, key, name, rule, over=size or members)
    for name in averaged:
        known = split[split[name].notna()]
        whole[name] = _combined(known, key, name, "mean", over=members).reindex(whole.index)
    whole["branches"] = groups.size()
    whole = whole.astype({
        n: split[n].dtype for n in chosen if pd.api.types.is_integer_dtype(split[n]) and not whole[n].isna().any()
        and chosen[n] in ("sum", "any")
    })  # fmt: skip
    whole = _with_reasons(whole.reset_index(), split, key, chosen)
    joined = pd.concat([single.assign(branches=1), whole[[*table.columns, "branches"]]], ignore_index=True)
    return joined.astype({"branches": "int64"})


def _rules_for(split: pd.DataFrame, others: list[str], rules: Mapping[str, ColumnRule]) -> dict[str, ColumnRule]:
    known = canonical_columns()
    for name, rule in rules.items():
        check_option(f"rules[{name!r}]", rule, ColumnRule)
    chosen: dict[str, ColumnRule] = {}
    for name in split.columns:
        if name in others or name.endswith(REASON):
            continue
        if name in rules:
            chosen[name] = rules[name]
        elif name in known:
            chosen[name] = column_rule(known[name])
        else:
            raise InputError(
                f"branches of a household meet, and column {name!r} has no rule", expected="sum, mean, any or main",
                next_step=f"rules={{{name!r}: 'sum'}}, or leave the column out",
            )  # fmt: skip
    return chosen


def _combined(split: pd.DataFrame, key: list[str], name: str, rule: ColumnRule, *, over: str) -> pd.Series:
    keys = [split[k] for k in key]
    if rule == "main":
        return split[name].groupby(keys, sort=False).agg(lambda s: s.iloc[0])
    values = split[name].astype("float64")
    unknown = values.isna().groupby(keys, sort=False).any()
    if rule == "sum":
        return values.groupby(keys, sort=False).sum().where(~unknown)
    if rule == "any":
        top = values.groupby(keys, sort=False).max()
        return top.where(~unknown | (top == 1))
    weight = split[over].astype("float64")
    weighed = (values * weight).groupby(keys, sort=False).sum() / weight.groupby(keys, sort=False).sum()
    return weighed.where(~(unknown | weight.isna().groupby(keys, sort=False).any()))


def _with_reasons(
    whole: pd.DataFrame, split: pd.DataFrame, key: list[str], chosen: dict[str, ColumnRule]
) -> pd.DataFrame:
    """The reason of the first branch that has one, where the value of all branches together is missing."""
    for name in chosen:
        reason = f"{name}{REASON}"
        if reason in split.columns:
            first = split.groupby(key, sort=False)[reason].first().set_axis(whole.index)
            whole[reason] = first.where(whole[name].isna())
    return whole
