"""Columns that a study derives from those of its panel: arithmetic, and conditions that give 1 or 0."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.errors import StudyError, require_columns

ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.In: lambda column, listed: column.isin(listed),
    ast.NotIn: lambda column, listed: ~column.isin(listed),
}  # fmt: skip
REASON = "__missing"
ALLOWED = "columns, numbers, texts, + - * /, comparisons, in [...], and, or, not"


def with_derived(data: pd.DataFrame, formulas: Mapping[str, str], *, where: str) -> pd.DataFrame:
    """The data with a column for each formula, in order: later formulas may use earlier columns.

    A condition gives 1.0 or 0.0. A value is missing where a column it names is, for the reason in `x__missing` of the first
    such column, and where it divides by 0.

    Raises
    ------
    StudyError : a formula that cannot be read, holds anything but what is allowed, or cannot be computed; a name that is
        taken.
    UnknownNameError : a formula names a column that is not there.
    """
    made = data.copy()
    for name, text in formulas.items():
        place = f"{where} {name}"
        if name in made:
            raise StudyError(f"the column {name!r} is there already", where=place, next_step="choose another name")
        tree = _tree(text, place)
        columns = names_in(text)
        require_columns(made.columns, columns, where=place)
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = pd.Series(_value(tree, made), index=made.index).astype(float)
        except (TypeError, ValueError) as error:
            raise StudyError("a formula cannot be computed", got=f"{text}: {error}", where=place) from error
        made[name] = values.where(made[columns].notna().all(axis=1) & np.isfinite(values))
        if reasons := [made[c + REASON].where(made[c].isna()) for c in columns if c + REASON in made]:
            made[name + REASON] = reduce(lambda first, then: first.fillna(then), reasons)
    return made


def names_in(text: str) -> list[str]:
    """The columns a formula names, each once."""
    return list(dict.fromkeys(n.id for n in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(n, ast.Name)))


def _tree(text: str, where: str) -> ast.expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise StudyError("a formula cannot be read", got=text, expected=ALLOWED, where=where) from error
    for node in ast.walk(tree):
        if not _is_allowed(node):
            raise StudyError("a formula has a part it cannot have", got=f"{ast.unparse(node)} in {text}", expected=ALLOWED,
                             where=where)  # fmt: skip
    return tree


def _is_allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float, str)) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return type(node.op) in ARITHMETIC
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS
    if isinstance(node, ast.List):
        return all(isinstance(part, ast.Constant) for part in node.elts)
    parts = (ast.Name, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.USub, ast.Not, ast.expr_context)
    return isinstance(node, parts) or type(node) in (*ARITHMETIC, *COMPARISONS)


def _value(node: ast.expr, data: pd.DataFrame) -> Any:
    if isinstance(node, ast.Name):
        return data[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(part, data) for part in node.elts]
    if isinstance(node, ast.BinOp):
        return ARITHMETIC[type(node.op)](_value(node.left, data), _value(node.right, data))
    if isinstance(node, ast.Compare):
        return COMPARISONS[type(node.ops[0])](_value(node.left, data), _value(node.comparators[0], data))
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, data)
        return -value if isinstance(node.op, ast.USub) else ~value.astype(bool)
    assert isinstance(node, ast.BoolOp)
    parts = [_value(part, data).astype(bool) for part in node.values]  # noqa: PD011 (the values of a syntax tree)
    return reduce(operator.and_ if isinstance(node.op, ast.And) else operator.or_, parts)
