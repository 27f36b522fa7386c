"""What is checked before anything is computed on a panel; every failure is named with counts and examples."""

from __future__ import annotations

import warnings
from numbers import Integral

import ibis
import ibis.expr.types as ir

from fanpin.core.engine import fetch_frame, fetch_value
from fanpin.core.errors import DataError, DroppedRowsWarning, InputError


def is_missing(column: ir.Value) -> ir.BooleanValue:
    """NULL, or NaN in a floating column."""
    return column.isnull() | column.isnan() if column.type().is_floating() else column.isnull()


def count_where(table: ir.Table, condition: ir.BooleanValue) -> int:
    """How many rows meet the condition."""
    return int(fetch_value(table.filter(condition).count()))


def check_rows(table: ir.Table) -> None:
    """Raise for a table without rows."""
    if fetch_value(table.count()) == 0:
        raise DataError("the data have no rows", expected="at least one row")


def check_key(table: ir.Table, *, unit: str, time: str) -> None:
    """Raise unless `time` is whole, nothing of the key is missing and no (unit, time) occurs twice."""
    if unit == time:
        raise InputError(f"unit and time are the same column {unit!r}")
    check_time(table, time)
    missing = count_where(table, is_missing(table[unit]))
    if missing:
        raise DataError(f"unit {unit!r} is missing", got=f"{missing} rows without it", expected="a unit in every row")
    pairs = table.group_by([unit, time]).agg(rows=table.count())
    doubled = pairs.filter(pairs.rows > 1)
    if (count := fetch_value(doubled.count())) > 0:
        examples = fetch_frame(doubled.order_by([unit, time]).limit(3)).to_dict("records")
        raise DataError(
            f"duplicate key ({unit}, {time})", expected="one row a unit and wave", got=f"{count} keys that repeat",
            where="; ".join(f"{unit}={e[unit]}, {time}={e[time]}: {e['rows']} rows" for e in examples),
            next_step="drop the duplicates, or name the column that tells them apart",
        )  # fmt: skip


def check_time(table: ir.Table, time: str) -> None:
    """Raise unless the column holds whole numbers in every row."""
    column = table[time]
    if not column.type().is_numeric() or column.type().is_boolean():
        raise DataError(
            f"time {time!r} is not a whole number", got=f"a column of type {column.type()}",
            expected="an integer: the year, or 4 x year + quarter", next_step="derive such a column from the date",
        )  # fmt: skip
    missing = count_where(table, is_missing(column))
    if missing:
        raise DataError(f"time {time!r} is missing", got=f"{missing} rows without it", expected="a wave in every row")
    if not column.type().is_integer():
        odd = table.filter(column != column.floor()).select(time)
        if (count := fetch_value(odd.count())) > 0:
            raise DataError(
                f"time {time!r} is not a whole number", got=f"{count} rows such as {fetch_value(odd[time].min())}",
                expected="an integer: the year, or 4 x year + quarter",
            )  # fmt: skip


def check_number(table: ir.Table, name: str, *, role: str) -> None:
    """Raise unless the column is numeric and, where present, finite."""
    column = table[name]
    if not column.type().is_numeric() or column.type().is_boolean():
        raise DataError(f"{role} {name!r} is not numeric", got=f"a column of type {column.type()}", expected="numbers")
    if column.type().is_floating() and (count := count_where(table, column.isinf())) > 0:
        raise DataError(f"{role} {name!r} is infinite", got=f"{count} rows", expected="finite numbers")


def check_positive(table: ir.Table, name: str, *, role: str) -> None:
    """Raise unless every value is present, finite and greater than 0."""
    check_number(table, name, role=role)
    missing, low = count_where(table, is_missing(table[name])), count_where(table, table[name] <= 0)
    if missing or low:
        raise DataError(
            f"{role} {name!r} must be positive in every row", got=f"{missing} missing, {low} zero or negative",
            next_step=f"leave out the rows whose {role} is not positive, and say how many",
        )  # fmt: skip


def check_state(table: ir.Table, poor: str) -> None:
    """Raise unless the column holds 0, 1 and missing only."""
    column = table[poor]
    if column.type().is_boolean():
        return
    check_number(table, poor, role="poor")
    odd = table.filter(~column.isin([0, 1]))
    if (count := fetch_value(odd.count())) > 0:
        raise DataError(
            f"poor {poor!r} is neither 0 nor 1", got=f"{count} rows such as {fetch_value(odd[poor].min())}",
            next_step="make it with poverty_status",
        )  # fmt: skip


def without_missing(table: ir.Table, name: str, *, time: str) -> ir.Table:
    """The rows where the column is present; a DroppedRowsWarning counts the others by wave."""
    lost = table.filter(is_missing(table[name])).group_by(time).agg(rows=ibis._.count())
    gone = fetch_frame(lost.order_by(time))
    if not len(gone):
        return table
    dropped, whole = int(gone["rows"].sum()), int(fetch_value(table.count()))
    if dropped == whole:
        raise DataError(f"{name!r} is missing in all {whole} rows", expected="some rows that are not missing")
    by_wave = ", ".join(f"{t}: {n}" for t, n in zip(gone[time], gone["rows"], strict=True))
    warnings.warn(
        f"{dropped} of {whole} rows are left out because {name!r} is missing ({time} {by_wave})",
        DroppedRowsWarning, stacklevel=4,
    )  # fmt: skip
    return table.filter(~is_missing(table[name]))


def check_whole(name: str, value: object, *, none: bool = False) -> None:
    """Raise unless an option is a whole number of at least 1 (or None where that is allowed)."""
    if none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(
            f"{name}={value!r} is not a number of steps",
            expected="1, 2, …" + (", or None for any step" if none else ""),
        )


def check_steps(observed: ir.Table, *, max_gap: int | None) -> None:
    """Raise when no unit has two waves within max_gap: no transition could ever be seen.

    `observed` has a column `step`, the time since the unit's previous wave (missing at its first).
    """
    steps = observed.filter(observed.step.notnull()).group_by("step").agg(pairs=ibis._.count()).order_by("step")
    seen = fetch_frame(steps)
    if len(seen) and (max_gap is None or int(seen["step"].min()) <= max_gap):
        return
    listed = ", ".join(f"{int(s)} ({n} times)" for s, n in zip(seen["step"], seen["pairs"], strict=True))
    smallest = int(seen["step"].min()) if len(seen) else None
    raise DataError(
        f"no two waves of a unit lie within max_gap={max_gap}" if len(seen) else "no unit is observed twice",
        got=f"steps between a unit's waves: {listed or 'none'}",
        next_step=f"use max_gap={smallest}, or None for any step"
        if smallest
        else "link the waves by a unit that stays",
    )
