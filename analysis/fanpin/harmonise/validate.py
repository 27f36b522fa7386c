"""Checks on mapped tables: those that stop the build, and those that are listed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fanpin.core.columns import KEYS
from fanpin.core.engine import fetch_frame, fetch_value
from fanpin.core.options import BadValues
from fanpin.harmonise.cells import is_number
from fanpin.harmonise.derive import HOUSEHOLD, meets
from fanpin.harmonise.engines import Store
from fanpin.harmonise.expressions import BIG, Mapped, is_identifier, reason_of
from fanpin.harmonise.failures import DUPLICATE, Failure
from fanpin.harmonise.mapping import OTHER, ColumnMap, DerivedMap, Layout, TableMap
from fanpin.harmonise.read import FILE


def stopping_failures(
    mapped: Mapped, stored: ir.Table, table: TableMap, layout: Layout, *, bad_values: BadValues, store: Store
) -> list[Failure]:
    """Text that the mapping does not understand, keys that are missing, waves that the mapping does not know.

    They stop the build, or with bad_values="missing" leave a missing value, or leave a row without a key or wave out. A
    value that is missing without a reason is an empty field or text not understood. Many columns have none of either, so
    only for those that do is the text looked up.
    """
    lost = {"lost_in_coding"} if bad_values == "missing" else set()
    silent = {
        (c, "silent"): stored[c].isnull() & (reason_of(stored, c).isnull() | reason_of(stored, c).isin(lost))
        for c in table.columns
    }
    suspects = [c for c, _ in _failing(stored, silent)]
    if not suspects:
        return _unknown_waves(stored, table, layout, bad_values)
    checks = _bad_checks(mapped.of(suspects), suspects, table)
    failing = _failing(mapped.of(suspects), checks)
    if not failing:
        return _unknown_waves(stored, table, layout, bad_values)
    shown = list(
        dict.fromkeys([c for c, _ in failing] + [k for k in KEYS[table.name] if any(f == "none" for _, f in failing)])
    )
    rows = store.keep(f"failing/{layout.name}/{table.name}", mapped.of(shown))
    checks = _bad_checks(rows, shown, table)
    failures = [f for key in failing for f in _bad_rows(rows.filter(checks[key]), key, table, bad_values)]
    return failures + _unknown_waves(stored, table, layout, bad_values)


def _bad_checks(rows: ir.Table, columns: list[str], table: TableMap) -> dict[tuple[str, str], ir.BooleanValue]:
    checks = {(c, "bad"): rows[f"{c}__bad"].notnull() for c in columns}
    return checks | {
        (k, "none"): rows[k].isnull() & rows[f"{k}__bad"].isnull() for k in columns if k in KEYS[table.name]
    }


def _bad_rows(rows: ir.Table, failing: tuple[str, str], table: TableMap, bad_values: BadValues) -> list[Failure]:
    column, check = failing
    rule, expected, step = _rule(table.columns[column]) if check == "bad" else _NO_KEY
    shown = f"{column}__bad"
    if check == "none":
        parts = [ibis.literal(f"{k}=") + ibis.coalesce(rows[k].cast("string"), rows[f"{k}__bad"], ibis.literal("empty"))
                 for k in KEYS[table.name]]  # fmt: skip
        rows, shown = rows.mutate(keys__=ibis.literal(" ").join(parts)), "keys__"
    return by_file(
        rows, shown, table=table.name, column=column, rule=rule, expected=expected, next_step=step,
        action=_action(bad_values, of_row=column in KEYS[table.name]),
    )  # fmt: skip


def _unknown_waves(stored: ir.Table, table: TableMap, layout: Layout, bad_values: BadValues) -> list[Failure]:
    if layout.waves is None:
        return []
    return by_file(
        stored.filter(stored.wave.notnull() & ~stored.wave.isin(list(layout.waves))), "wave", table=table.name,
        column="wave", rule="unknown wave", action=_action(bad_values, of_row=True),
        expected=f"a wave of {layout.source}/{layout.name}.toml: {', '.join(map(str, layout.waves))}",
    )  # fmt: skip


def _action(bad_values: BadValues, *, of_row: bool) -> str:
    if bad_values == "stop":
        return "stopped"
    return "left out" if of_row else "set missing"


def usable_rows(stored: ir.Table, table: TableMap, layout: Layout) -> ir.Table:
    """The rows that have a key and a wave of the layout."""
    rows = stored.filter(*[stored[k].notnull() for k in KEYS[table.name]])
    return rows if layout.waves is None else rows.filter(rows.wave.isin(list(layout.waves)))


def collapse_failures(rows: ir.Table, table: TableMap) -> list[Failure]:
    """How many rows of each file become one a key with others, and the columns that differ within a key."""
    keys = list(KEYS[table.name])
    return _rows_joined(rows, keys, table) + _differing(rows, keys, table)


def _rows_joined(rows: ir.Table, keys: list[str], table: TableMap) -> list[Failure]:
    counted = rows.group_by([FILE, *keys]).agg(rows__=rows.count())
    first = (counted[FILE] == counted[FILE].min().over(group_by=keys)).cast("int64")  # its row stands for the key
    by = counted.mutate(first__=first).group_by(FILE).agg(joined__=lambda t: t.rows__.sum() - t.first__.sum())
    return [
        Failure(file=str(row[FILE]), table=table.name, column="|".join(keys), rule="rows joined to one a key",
                rows=int(row["joined__"]), examples="", action="joined")
        for row in fetch_frame(by.order_by(FILE)).to_dict("records") if row["joined__"]
    ]  # fmt: skip


def _differing(rows: ir.Table, keys: list[str], table: TableMap) -> list[Failure]:
    others = [c for c in table.columns if c not in keys]
    counted = rows.group_by(keys).agg(**{FILE: rows[FILE].min()}, **{c: rows[c].nunique() for c in others})
    by = fetch_frame(counted.aggregate(**{c: (counted[c] > 1).cast("int64").sum() for c in others})).iloc[0]
    return [
        failure
        for column in others if by[column]
        for failure in by_file(
            _named_keys(counted.filter(counted[column] > 1), keys), "key__", table=table.name, column=column, action="kept",
            rule="differs within a key; the smallest value is taken",
        )
    ]  # fmt: skip


def _named_keys(rows: ir.Table, keys: list[str]) -> ir.Table:
    return rows.mutate(key__=ibis.literal(" ").join([ibis.literal(f"{k}=") + rows[k].cast("string") for k in keys]))


def _failing(rows: ir.Table, checks: dict[tuple[str, str], ir.BooleanValue]) -> list[tuple[str, str]]:
    """The checks that some row fails, found in one pass over the table."""
    if not checks:
        return []
    names = {f"check{i}": key for i, key in enumerate(checks)}
    counted = rows.aggregate(**{n: checks[key].fill_null(False).cast("int64").sum() for n, key in names.items()})
    return [names[str(n)] for n, count in fetch_frame(counted).iloc[0].items() if count > 0]


_NO_KEY = ("key missing", "a value in every row", "fill the key in, or take the rows out, in a copy of the file")


_IDENTIFIERS = "export identifiers as text, take rows of totals out"


def _rule(column: ColumnMap) -> tuple[str, str, str]:
    """The rule that text breaks which the mapping does not understand, what it expects, and the next step."""
    variables = column.formula.text if column.formula else "|".join(column.variables)
    also = f" or one of {', '.join(column.missing)}" if column.missing else ""
    if column.recode or column.column.dtype == "boolean":
        codes = [c for c in column.recode if c != OTHER] or ["0", "1"]
        return f"unknown code in {variables}", "one of " + ", ".join([*codes, *(column.missing or {})]), ""
    if column.origin == "year_quarter":
        return f"no year and quarter in {variables}", "a whole year, and a quarter from 1 to 4", ""
    if is_identifier(column):
        return f"no identifier in {variables}", "identifiers with all their digits, and no row of totals", _IDENTIFIERS
    kind = "whole number" if column.column.dtype == "integer" else "number"
    return f"not a {kind} in {variables}", f"a {kind}{also}", ""


def by_file(
    rows: ir.Table,
    shown: str,
    *,
    table: str,
    column: str,
    rule: str,
    action: str,
    expected: str = "",
    next_step: str = "",
) -> list[Failure]:
    """One failure a file, with the five commonest values of the column `shown` as examples."""
    counted = rows.group_by([FILE, shown]).agg(rows__=rows.count())
    frame = fetch_frame(counted.order_by([FILE, ibis.desc("rows__"), shown]))
    failures = []
    for file, part in frame.groupby(FILE, sort=True):
        top = part.head(5)
        listed = ", ".join(f"{_plain(v)} ({n})" for v, n in zip(top[shown], top["rows__"], strict=True))
        failures.append(Failure(
            file=str(file), table=table, column=column, rule=rule, rows=int(part["rows__"].sum()),
            examples=listed + (", …" if len(part) > 5 else ""), action=action, expected=expected, next_step=next_step,
        ))  # fmt: skip
    return failures


def _plain(value: object) -> str:
    if isinstance(value, float):
        return "empty" if value != value else f"{value:g}"
    return "empty" if value is None else str(value)


def duplicate_keys(rows: ir.Table, table: str) -> list[Failure]:
    """Keys that stand in more than one row, with the files they come from."""
    key = list(KEYS[table])
    keyed = rows.filter(*[rows[k].notnull() for k in key])  # missing keys are another failure
    keyed = keyed.mutate(hash__=ibis.literal("|").join([keyed[k].cast("string") for k in key]).hash())
    twice = keyed.group_by("hash__").agg(n__=keyed.count()).filter(lambda t: t.n__ > 1)
    if not int(fetch_value(twice.count())):  # numbers need far less memory than the keys themselves
        return []
    keyed = keyed.semi_join(twice, "hash__")
    repeated = keyed.group_by(key).agg(rows__=keyed.count(), first__=keyed[FILE].min(), last__=keyed[FILE].max())
    repeated = repeated.filter(repeated.rows__ > 1)
    keys = int(fetch_value(repeated.count()))
    if not keys:
        return []
    first = fetch_frame(repeated.order_by(key).limit(3)).to_dict("records")
    files = sorted({f for r in first for f in (r["first__"], r["last__"])})
    step = "keep one release of the files" if len(files) > 1 else "keep one row for each key, in a copy of the file"
    examples = "; ".join(f"{', '.join(f'{k}={r[k]}' for k in key)}: {r['rows__']} rows" for r in first)
    return [Failure(
        file=", ".join(files), table=table, column="|".join(key), rule=f"{keys} {DUPLICATE}", next_step=step,
        rows=int(fetch_value(repeated.rows__.sum())), examples=examples, action="stopped", expected="one row a key",
    )]  # fmt: skip


def range_failures(rows: ir.Table, table: TableMap, layout: Layout) -> list[Failure]:
    """Values outside the declared limits; they are kept, since only the survey knows whether they are errors."""
    checks: dict[tuple[str, str], ir.BooleanValue] = {}
    for name, mapped in table.columns.items():
        low, high = mapped.limits
        if low is not None:
            checks[name, f"below {low:g}"] = rows[name] < low
        if high is not None:
            checks[name, f"above {high:g}"] = rows[name] > high
        elif mapped.column.dtype == "float":
            checks[name, f"above {BIG:g}, where numbers lose digits"] = rows[name] >= BIG
        if mapped.column.unit == "year x 100 + month":
            checks[name, "no month of a year"] = ~(
                (rows[name] % 100).between(1, 12) & rows[name].between(190001, 210012)
            )
        if codes := _codes_like(mapped, table, layout):
            checks[name, "looks like a code that the mapping does not have"] = rows[name].isin(codes)
    return [
        failure
        for name, rule in _failing(rows, checks)
        for failure in by_file(
            rows.filter(checks[name, rule]), name, table=table.name, column=name, rule=rule, action="kept"
        )
    ]


def _codes_like(mapped: ColumnMap, table: TableMap, layout: Layout) -> list[float]:
    """Negative whole numbers among the codes for missing of a file whose values may be negative, but not codes themselves."""
    if (
        mapped.origin != "from"
        or mapped.column.dtype not in ("float", "integer")
        or mapped.missing is None
        or mapped.factor
    ):
        return []
    roles = {v.partition(".")[0] if "." in v else table.roles[0] for v in mapped.variables}
    known = {float(c) for r in roles if r in layout.roles for c in layout.roles[r].missing if is_number(c)}
    known |= {float(c) for c in (*mapped.missing, *mapped.replace, *mapped.recode) if is_number(c)}
    negative = [c for c in known if -100 < c < 0]
    if not negative or (mapped.limits[0] is not None and mapped.limits[0] >= 0):
        return []
    return [float(c) for c in range(int(min(negative)), 0) if c not in known]


def household_failures(persons: ir.Table, households: ir.Table, derived: list[DerivedMap]) -> list[Failure]:
    """Persons without a household, and households with two or no persons where `first` looks for one."""
    same = [persons.household_id == households.household_id, persons.wave == households.wave]
    failures = by_file(
        persons.anti_join(households, same), "household_id", table="person_wave", column="household_id",
        rule="household not in household_wave", action="kept",
    )  # fmt: skip
    failures += by_file(
        households.anti_join(persons, same), "household_id", table="household_wave", column="household_id",
        rule="household without persons", action="kept",
    )  # fmt: skip
    firsts: dict[str, DerivedMap] = {}
    for one in derived:
        any_known = any(isinstance(w, dict) and "known" in w for w in one.where.values())
        if one.aggregate == "first" and one.where and not any_known:  # whichever member has the value
            firsts.setdefault(str(one.where), one)  # one check for all columns that look for the same person
    for one in firsts.values():
        failures += _not_one(persons, households, one)
    return failures


def _not_one(persons: ir.Table, households: ir.Table, derived: DerivedMap) -> list[Failure]:
    found = ibis.and_(ibis.literal(True), *[meets(persons[c], w) for c, w in derived.where.items()])
    counted = persons.group_by(HOUSEHOLD).agg(found__=found.cast("int64").sum())
    joined = households.select(FILE, *HOUSEHOLD).join(counted, HOUSEHOLD)
    words = ", ".join(f"{c}={w}" for c, w in derived.where.items())
    return [
        failure
        for odd, rule in (
            (joined.found__ == 0, f"no person with {words}"),
            (joined.found__ > 1, f"several with {words}"),
        )
        for failure in by_file(
            joined.filter(odd), "household_id", table="household_wave", column=derived.name, rule=rule, action="kept"
        )
    ]
