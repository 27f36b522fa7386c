"""Checks on raw rows, before they are mapped: keys, lookups, rows left out, labels, and published rules."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import ibis
import ibis.expr.types as ir

from fanpin.core.engine import fetch_frame, fetch_value
from fanpin.harmonise.cells import Cells, table_cells
from fanpin.harmonise.failures import DUPLICATE, Failure
from fanpin.harmonise.formulas import evaluate
from fanpin.harmonise.mapping import Check, ColumnMap, Keep, TableMap
from fanpin.harmonise.raw import ABSENT, RawRole, split_reference
from fanpin.harmonise.read import FILE, RawFile
from fanpin.harmonise.readers.columns import TAG
from fanpin.harmonise.validate import by_file


def key_failures(raw: RawRole) -> list[Failure]:
    """Rows of a role that share what should identify a row."""
    return _repeated(raw, raw.role.key) if raw.role.key else []


def lookup_failures(table: TableMap, roles: dict[str, RawRole]) -> list[Failure]:
    """Looked-up rows that share a key, which stops the build, and those that no row looks up."""
    failures: list[Failure] = []
    for lookup in table.lookups:
        if lookup.role not in roles:
            continue
        there = roles[lookup.role]
        if tuple(v for _, v in lookup.on) != there.role.key:
            failures += _repeated(there, tuple(v for _, v in lookup.on))
        keys = [there.find(v)[0][1].column for _, v in lookup.on]
        unmatched = there.rows
        for role in (r for r in table.roles if r in roles):
            here = roles[role].rows
            own = [roles[role].find(v)[0][1].column for v, _ in lookup.on]
            unmatched = unmatched.anti_join(here, [unmatched[k] == here[o] for k, o in zip(keys, own, strict=True)])
        failures += by_file(
            unmatched, keys[0], table=table.name, column=lookup.on[0][1], action="not used",
            rule=f"no row of {', '.join(table.roles)} has this {'|'.join(v for _, v in lookup.on)}",
        )  # fmt: skip
    return failures


def _repeated(raw: RawRole, variables: tuple[str, ...]) -> list[Failure]:
    keys = [raw.find(v)[0][1].column for v in variables]
    rows = raw.rows.filter(*[raw.rows[k].notnull() for k in keys])
    repeated = rows.group_by([FILE, *keys]).agg(rows__=rows.count())
    repeated = repeated.filter(repeated.rows__ > 1)
    if not int(fetch_value(repeated.count())):
        return []
    shown = repeated.mutate(key__=ibis.literal("|").join([repeated[k].cast("string") for k in keys]))
    return [
        Failure(
            file=str(file), table="", column="|".join(variables), rule=f"{len(part)} {DUPLICATE} of the {raw.role.name} file",
            rows=int(part["rows__"].sum()), action="stopped", expected="one row a key",
            examples=", ".join(f"{k} ({n})" for k, n in zip(part["key__"].head(5), part["rows__"].head(5), strict=True)),
        )
        for file, part in fetch_frame(shown.order_by([FILE, "key__"])).groupby(FILE)
    ]  # fmt: skip


def blank_failures(raw: RawRole) -> list[Failure]:
    """Rows that are empty in every variable that is read."""
    return [
        Failure(file=file, table="", column="", rule="row without any value", rows=rows, examples="", action="left out")
        for file, rows in raw.blank.items() if rows
    ]  # fmt: skip


def unnamed_missing(table: TableMap, roles: dict[str, RawRole]) -> list[Failure]:
    """Extended missing values of Stata or SAS that the mapping does not name; they are "lost_in_coding"."""
    failures: list[Failure] = []
    for raw in (roles[r] for r in roles):
        tags = {f"c{i}": tag for i, tag in enumerate(_tags(table, raw))}
        if not tags:
            continue
        unnamed = {n: raw.rows[t].notnull() & ~raw.rows[t].isin(named) for n, (_, _, t, named) in tags.items()}
        counts = (
            fetch_frame(raw.rows.aggregate(**{n: raw.rows.count(where=u) for n, u in unnamed.items()}))
            .fillna(0)
            .iloc[0]
        )
        for n, (column, variable, tag, _) in tags.items():
            if counts[n]:
                failures += by_file(
                    raw.rows.filter(unnamed[n]), tag, table=table.name, column=column, action="set missing",
                    rule=f"a missing value of {variable} that the mapping does not name",
                )  # fmt: skip
    return failures


def _tags(table: TableMap, raw: RawRole) -> Iterator[tuple[str, str, str, list[str]]]:
    """Column, raw variable, its tags on the engine, and those that the mapping names."""
    for column in table.columns.values():
        reasons = {} if column.missing is None else {**raw.role.missing, **column.missing}
        for variable in column.variables:
            where, name = split_reference(variable, table)
            for found, field in raw.find(name) if raw.role.name in where else ():
                if field.tagged:
                    yield column.name, found, f"{field.column}{TAG}", [ABSENT, *reasons, *column.recode, *column.codes]


def passed_over(table: TableMap, raw: RawRole) -> list[Failure]:
    """Columns of the file that could have been meant: a second name of a variable, or a name like one that is absent."""
    failures: list[Failure] = []
    for file in raw.files:
        names = {n.lower(): n for n in file.header.names if n}
        wanted = {n for c in table.columns.values() for v in c.variables for where, n in [split_reference(v, table)]
                  if raw.role.name in where and not any(sign in n for sign in "*?[")}  # fmt: skip
        called = {
            v: [names[a.lower()] for a in (v, *raw.role.aliases.get(v, ())) if a.lower() in names] for v in wanted
        }
        unused = [n for n in names.values() if n not in {a for found in called.values() for a in found}]
        about: dict[str, Any] = {"file": file.path.name, "table": table.name, "rows": 0, "action": "not read"}
        for variable in sorted(wanted):
            if len(called[variable]) > 1:
                rule = f"{called[variable][0]} is read, which these are other names of"
                failures.append(Failure(**about, column=variable, rule=rule, examples=", ".join(called[variable][1:])))
            elif not called[variable] and (close := _close(variable, unused)):
                rule = f"the file has no {variable}, but a column called much like it"
                failures.append(Failure(**about, column=variable, rule=rule, examples=", ".join(close)))
    return failures


def _close(variable: str, names: list[str]) -> list[str]:
    """Names that differ in few letters; names with digits are numbers of questions, which are alike and mean other things."""
    if len(variable) < 3 or any(c.isdigit() for c in variable):
        return []
    return get_close_matches(variable, [n for n in names if not any(c.isdigit() for c in n)], n=3, cutoff=0.8)


def left_out(table: TableMap, roles: dict[str, RawRole]) -> list[Failure]:
    """Rows that do not meet the table's conditions, counted by condition; the first one a row fails counts."""
    failures: list[Failure] = []
    if not table.keep:
        return failures
    for role in (r for r in table.roles if r in roles):
        cells = table_cells(table, role, roles, wanted=[k.variable for k in table.keep], only_kept=False)
        rows = cells.rows
        for keep in table.keep:
            found = cells.find(keep.variable)
            if not found:
                continue
            meets = found[0].has(keep.codes) if keep.codes else found[0].there
            shown = rows.filter(~meets).select(FILE, shown__=found[0].text)
            failures += by_file(shown, "shown__", table=table.name, column=keep.variable, rule=_condition(keep),
                                action="left out")  # fmt: skip
            rows = rows.filter(meets)
            cells = Cells(table=table, role=role, rows=rows, roles=roles)
    return failures


def _condition(keep: Keep) -> str:
    return f"{keep.variable} is not {' or '.join(keep.codes)}" if keep.codes else f"{keep.variable} is empty"


def label_failures(table: TableMap, roles: dict[str, RawRole]) -> list[Failure]:
    """Variables and codes whose label in the file speaks of something else than the mapping expects: a changed meaning."""
    failures: list[Failure] = []
    for column in (c for c in table.columns.values() if c.label or c.code_labels):
        for variable in column.variables:
            where, name = split_reference(variable, table)
            for file in (f for r in where if r in roles for f in roles[r].files):
                for what, words, label in _labels(file, name, column):
                    if not any(word.lower() in label.lower() for word in words):
                        failures.append(Failure(
                            file=file.path.name, table=table.name, column=column.name, rows=0, examples=label,
                            rule=f"the {what} speaks of something else", action="kept", expected=" or ".join(words),
                        ))  # fmt: skip
    return failures


def _labels(file: RawFile, variable: str, column: ColumnMap) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Labels of a variable and its codes in a file, each with the words that the mapping expects in it."""
    actual = {n.lower(): n for n in file.header.names}.get(variable.lower(), "")
    if column.label and (label := file.header.labels.get(actual, "")):
        yield f"label of {variable}", column.label, label
    labels = file.header.value_labels.get(actual, {})
    given = {f"{code:g}" if isinstance(code, float) else code: text for code, text in labels.items()}
    for code, words in column.code_labels.items():
        if code in given:
            yield f"value label of {variable} = {code}", words, given[code]


def rule_failures(raw: RawRole) -> list[Failure]:
    """Rows that break a published rule between variables, and rules that could not be checked."""
    failures: list[Failure] = []
    checkable: list[Check] = []
    for check in raw.role.checks:
        absent = [v for side in (check.left, check.right) for v in side.variables if not raw.find(v)]
        if absent:
            failures.append(Failure(
                file=", ".join(f.path.name for f in raw.files), table="", column=absent[0], rows=0, examples="",
                rule=f"cannot be checked: {check.rule}", action="not checked", expected=f"a variable {absent[0]}",
            ))  # fmt: skip
        else:
            checkable.append(check)
    if not checkable:
        return failures
    wanted = [v for check in checkable for side in (check.left, check.right) for v in side.variables]
    alone = TableMap(name="", roles=(raw.role.name,), columns={}, derived={})
    cells = table_cells(alone, raw.role.name, {raw.role.name: raw}, wanted=wanted)
    sides = [tuple(evaluate(side, cells.formula_cells)[0] for side in (c.left, c.right)) for c in checkable]
    broken = [(left - right).abs() > c.tolerance for c, (left, right) in zip(checkable, sides, strict=True)]
    counts = fetch_frame(
        cells.rows.aggregate(**{f"c{i}": cells.rows.count(where=b) for i, b in enumerate(broken)})
    ).iloc[0]
    for i, check in enumerate(checkable):  # one pass over the rows says which rules are broken at all
        if counts[f"c{i}"]:
            left, right = sides[i]
            failures += _rule_failures(check, cells, left, right, broken[i])
    return failures


def _rule_failures(
    check: Check, cells: Cells, left: ir.FloatingValue, right: ir.FloatingValue, broken: ir.BooleanValue
) -> list[Failure]:
    found = cells.rows.filter(broken)
    shown = ibis.literal(" against ").join([left.round(2).cast("string"), right.round(2).cast("string")])
    return by_file(found.select(FILE, shown__=shown), "shown__", table="", column=check.left.text.strip(),
                   rule=f"breaks {check.rule}", action="kept", expected=check.note or check.rule)  # fmt: skip
