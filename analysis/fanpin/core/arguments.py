"""Arguments checked at the door, the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fanpin.core.design import Design
from fanpin.core.errors import InapplicableError, InputError


def as_names(argument: str, value: Any) -> tuple[str, ...]:
    """One name, several, or None, as a tuple of names; anything else is refused."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable) and not isinstance(value, dict):
        names = tuple(value)
        if all(isinstance(n, str) for n in names):
            return names
    raise InputError(f"{argument}={value!r} names no columns", expected="a column name or a list of column names")


def check_table(data: Any, *, where: str) -> None:
    """Raise unless the data are a pandas frame or an Ibis table."""
    if not hasattr(data, "columns"):
        raise InputError("data is no table", expected="a pandas DataFrame or an Ibis table", got=type(data).__name__,
                         where=where)  # fmt: skip


def check_design(design: Any) -> None:
    """Raise unless the design is a `Design` or None."""
    if design is not None and not isinstance(design, Design):
        raise InputError(f"design is a {type(design).__name__}", expected="a fanpin Design, such as Design(psu='id')")


def check_linearised(design: Design | None, *, where: str) -> None:
    """Raise for a design with replicate weights where the statistic is not taken anew with them."""
    if design is not None and design.replication is not None:
        raise InapplicableError(f"{where} has no replicate standard errors", expected="a design without .replicates(…)",
                                got=design.method, where=where, next_step="give the design itself: it is linearised")  # fmt: skip


def check_flag(argument: str, value: Any) -> None:
    """Raise unless the value is True or False."""
    if not isinstance(value, bool):
        raise InputError(f"{argument}={value!r} is neither True nor False", expected="True or False")


def check_columns_named(where: str, **columns: Any) -> None:
    """Raise for a needed column that is not named by a text."""
    for argument, value in columns.items():
        if not isinstance(value, str):
            raise InputError(f"{argument}={value!r} names no column", expected="a column name", where=where)
