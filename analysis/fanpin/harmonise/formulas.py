"""The small language of `compute` and of checks: arithmetic of raw variables, with Stata's row totals."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from fanpin.core.errors import StudyError

OPERATORS: dict[type, Callable[[ir.NumericValue, ir.NumericValue], ir.NumericValue]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b.nullif(0), ast.FloorDiv: lambda a, b: (a / b.nullif(0)).floor(),
    ast.Mod: lambda a, b: a - b * (a / b.nullif(0)).floor(),
}  # fmt: skip
FUNCTIONS = ("min", "max", "abs", "rowtotal", "rowmax")
PASSED_OVER = ("not_applicable", "not_asked")  # the parts that a row total or maximum does without

Cell = tuple[ir.FloatingValue, ir.StringValue]  # a number, and its reason for missing


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A checked expression: its text, its tree, and the variables (or patterns of them) it reads."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]


def parse_formula(text: str, where: str) -> Formula:
    """Read an expression; raises StudyError for anything but arithmetic, names and the listed functions."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise StudyError("a formula cannot be read", got=text, expected="such as fp509 + fp510", where=where) from error
    found: list[str] = []
    _collect(tree, found, text, where)
    return Formula(text=text, tree=tree, variables=tuple(dict.fromkeys(found)))


def _collect(node: ast.expr, found: list[str], text: str, where: str) -> None:
    if isinstance(node, ast.Name):
        found.append(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found.append(f"{node.value.id}.{node.attr}")
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        _collect(node.left, found, text, where)
        _collect(node.right, found, text, where)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        _collect(node.operand, found, text, where)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and node.args:
        for part in node.args:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found.append(part.value)
            else:
                _collect(part, found, text, where)
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise StudyError(
            "a formula has a part it cannot have", got=f"{ast.unparse(node)} in {text}", where=where,
            expected=f"numbers, variables, + - * / // % and {', '.join(FUNCTIONS)}",
        )  # fmt: skip


def matching(pattern: str, names: list[str]) -> list[str]:
    """The names that a name or a pattern stands for."""
    return [n for n in names if fnmatchcase(n, pattern)] if any(c in pattern for c in "*?[") else [pattern]


def evaluate(formula: Formula, cell: Callable[[str], list[Cell]]) -> Cell:
    """The value of a formula and its reason for missing; `cell` gives the cells that a variable or pattern stands for."""
    return _value(formula.tree, cell)


def is_null(reason: ir.StringValue) -> bool:
    """Whether an expression is NULL whatever the row."""
    op = reason.op()
    return isinstance(op, ops.Literal) and op.value is None


def first_known(*reasons: ir.StringValue) -> ir.StringValue:
    """The first of several reasons that a row has; NULL itself where none can have one."""
    some = [r for r in reasons if not is_null(r)]
    return ibis.null("string") if not some else some[0] if len(some) == 1 else ibis.coalesce(*some)


def _value(node: ast.expr, cell: Callable[[str], list[Cell]]) -> Cell:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            raise AssertionError("patterns stand in row functions only")
        return ibis.literal(float(node.value), "float64"), ibis.null("string")  # type: ignore[arg-type]
    if isinstance(node, (ast.Name, ast.Attribute)):
        return cell(ast.unparse(node))[0]
    if isinstance(node, ast.UnaryOp):
        value, reason = _value(node.operand, cell)
        return (-value if isinstance(node.op, ast.USub) else value), reason
    if isinstance(node, ast.BinOp):
        (a, why_a), (b, why_b) = _value(node.left, cell), _value(node.right, cell)
        return OPERATORS[type(node.op)](a, b), first_known(why_a, why_b)
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return _call(node.func.id, [c for part in node.args for c in _parts(part, cell)])


def _parts(node: ast.expr, cell: Callable[[str], list[Cell]]) -> list[Cell]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return cell(node.value)
    return [_value(node, cell)]


def _call(name: str, parts: list[Cell]) -> Cell:
    values, reasons = [v for v, _ in parts], [r for _, r in parts]
    if name == "abs":
        return values[0].abs(), reasons[0]
    if name in ("min", "max"):
        pick = ibis.least if name == "min" else ibis.greatest
        complete = ibis.and_(*[v.notnull() for v in values])
        return ibis.ifelse(complete, pick(*values), ibis.null("float64")), first_known(*reasons)
    passed = [r.isin(PASSED_OVER).fill_null(False) for r in reasons]
    hidden = [v.isnull() & ~p for v, p in zip(values, passed, strict=True)]
    there = ibis.or_(*[v.notnull() for v in values])
    if name == "rowtotal":
        total = reduce(lambda a, b: a + b, [v.fill_null(0.0) for v in values])
    else:
        total = reduce(_larger, values)
    known = there & ~ibis.or_(*hidden)
    why = ibis.coalesce(
        *[ibis.ifelse(h, r, ibis.null("string")) for h, r in zip(hidden, reasons, strict=True)],
        ibis.ifelse(there, ibis.null("string"), first_known(*reasons)),
    )
    empty_part = ibis.or_(*[h & r.isnull() for h, r in zip(hidden, reasons, strict=True)])
    return ibis.ifelse(known, total, ibis.null("float64")), ibis.ifelse(empty_part, ibis.null("string"), why)


def _larger(a: ir.FloatingValue, b: ir.FloatingValue) -> ir.FloatingValue:
    return ibis.ifelse(a.isnull() | (b > a), b, a).fill_null(a)
