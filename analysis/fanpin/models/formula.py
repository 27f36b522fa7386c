"""Model formulas: parsed by formulaic, limited to a vocabulary that cannot run code.

``outcome ~ x + C(duration) + log(income) + age:female``: the operators ``+ - : * / ^ ( )`` between terms; inside
``I(...)`` or ``{...}`` arithmetic on columns; the functions of `FUNCTIONS`. Every function acts row by row, so a stored
model needs only the levels of its factors to rebuild its design matrix; transforms that depend on the whole sample
(scaling, splines, orthogonal polynomials) are columns to make beforehand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from formulaic import Formula
from formulaic.errors import FormulaicError
from formulaic.formula import SimpleFormula
from formulaic.parser.types import Factor
from formulaic.transforms import TRANSFORMS

from fanpin.core.errors import InputError, require_columns, unknown_name

FUNCTIONS: dict[str, Callable] = {
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": TRANSFORMS["I"],
}
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
LARGEST_POWER = 10.0
WORDS = ["C", *FUNCTIONS]
ALLOWED = f"columns, the operators + - : * / ^, arithmetic inside I(...), and the functions {', '.join(WORDS)}"
EXAMPLE = "relapse ~ income_hhi + log(age) + C(duration)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFormula:
    """A checked formula.

    Attributes
    ----------
    text : the formula as given.
    outcome : the column on the left.
    rhs : the text on the right.
    terms : formulaic's parsed right-hand side.
    factors : factor expression -> columns it uses, for every factor of every term.
    categorical : columns inside C().
    arithmetic : columns inside arithmetic or a function, which must be numeric.
    """

    text: str
    outcome: str
    rhs: str
    terms: SimpleFormula
    factors: dict[str, tuple[str, ...]]
    categorical: tuple[str, ...]
    arithmetic: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Columns on the right, in order of appearance."""
        return tuple(dict.fromkeys(name for names in self.factors.values() for name in names))


def parse_formula(text: str, columns: Iterable[object]) -> ModelFormula:
    """The formula, checked against the words allowed and the columns there are.

    Raises
    ------
    InputError : not one outcome on the left of one ~, no term on the right, or a word outside the vocabulary.
    UnknownNameError : a column or function that does not exist; the closest names are given.
    """
    if not isinstance(text, str) or text.count("~") != 1:
        raise InputError("a model formula needs one '~'", expected=f"such as {EXAMPLE!r}", got=repr(text))
    left, rhs = (side.strip() for side in text.split("~"))
    known = [str(c) for c in columns]
    outcome = _outcome(left, known, text)
    terms = _parse_terms(rhs, text)
    found = _Found(known, text)
    for term in terms:
        for factor in term.factors:
            found.add(factor)
    if outcome in found.columns:
        raise InputError(f"the outcome {outcome!r} is on both sides of the formula", got=text)
    for name in sorted(found.columns & found.functions):
        raise InputError(f"{name!r} is a column and a function of the formula", got=text, next_step="rename the column")
    return ModelFormula(text=text, outcome=outcome, rhs=rhs, terms=terms, factors=found.factors,
                        categorical=tuple(dict.fromkeys(found.categorical)),
                        arithmetic=tuple(dict.fromkeys(found.arithmetic)))  # fmt: skip


def _outcome(left: str, known: list[str], text: str) -> str:
    name = left[1:-1] if len(left) > 1 and left[0] == left[-1] == "`" else left
    if name not in known and not name.isidentifier():
        raise InputError("the left side of the formula is not one column", expected="a 0/1 column", got=repr(left),
                         where=text, next_step="make the outcome a column of the data first")  # fmt: skip
    require_columns(known, [name], where=f"the left side of {text!r}")
    return name


def _parse_terms(rhs: str, text: str) -> SimpleFormula:
    try:
        parsed = Formula(rhs)
    except (FormulaicError, SyntaxError) as error:
        reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).strip().splitlines()
        raise InputError("the formula cannot be read", expected=ALLOWED, got=reason[0] if reason else None, where=text,
                         next_step=f"compare {EXAMPLE!r}") from error  # fmt: skip
    if not isinstance(parsed, SimpleFormula):
        raise InputError("the formula has several parts", expected="one right-hand side, without |", got=text)
    if not rhs or len(parsed) == 0:
        raise InputError("the formula has no term on the right", expected=f"such as {EXAMPLE!r}", got=text)
    return parsed


class _Found:
    """What the factors of a formula use; raises at the first word outside the vocabulary."""

    def __init__(self, known: list[str], text: str) -> None:
        self.known, self.text = known, text
        self.factors: dict[str, tuple[str, ...]] = {}
        self.categorical: list[str] = []
        self.arithmetic: list[str] = []
        self.functions: set[str] = set()

    @property
    def columns(self) -> set[str]:
        return {name for names in self.factors.values() for name in names}

    def add(self, factor: Factor) -> None:
        if factor.eval_method is Factor.EvalMethod.LITERAL:
            if factor.expr != "1":
                raise InputError(f"the number {factor.expr} is no term", expected=ALLOWED, where=self.text,
                                 next_step="write arithmetic as I(2 * x)")  # fmt: skip
        elif factor.eval_method is Factor.EvalMethod.LOOKUP:
            self._require(factor.expr)
            self.factors[factor.expr] = (factor.expr,)
        else:
            self._expression(factor.expr)

    def _expression(self, expr: str) -> None:
        quoted: dict[str, str] = {}
        try:
            tree = ast.parse(_without_backticks(expr, quoted), mode="eval").body
        except SyntaxError as error:
            raise self._refused(expr) from error
        used: list[str] = []
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "C":
            self.functions.add("C")
            used.append(self._factor_column(tree, expr, quoted))
            self.categorical += used
        else:
            self._walk(tree, expr, quoted, used)
            self.arithmetic += used
        if not used:
            raise InputError(f"{expr} uses no column", expected=ALLOWED, where=self.text)
        self.factors[expr] = tuple(dict.fromkeys(used))

    def _factor_column(self, call: ast.Call, expr: str, quoted: dict[str, str]) -> str:
        """The column of C(column) or C(column, Treatment("reference"))."""
        fits = 1 <= len(call.args) <= 2 and not call.keywords and isinstance(call.args[0], ast.Name)
        if not fits or (len(call.args) == 2 and not _is_treatment(call.args[1])):
            raise InputError(f"{expr} is not a factor", expected='C(column) or C(column, Treatment("reference level"))',
                             where=self.text)  # fmt: skip
        first = call.args[0]
        assert isinstance(first, ast.Name)
        name = quoted.get(first.id, first.id)
        self._require(name)
        return name

    def _walk(self, node: ast.AST, expr: str, quoted: dict[str, str], used: list[str]) -> None:
        if isinstance(node, ast.Name):
            name = quoted.get(node.id, node.id)
            self._require(name)
            used.append(name)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS):
            before = len(used)
            self._walk(node.left, expr, quoted, used)
            if isinstance(node.op, ast.Pow) and (len(used) == before or not _is_small(node.right)):
                raise InputError(f"{expr} has a power that is not allowed", where=self.text,
                                 expected=f"a column to a number of at most {LARGEST_POWER:g}, such as I(age**2)")  # fmt: skip
            self._walk(node.right, expr, quoted, used)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            self._walk(node.operand, expr, quoted, used)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in FUNCTIONS:
                raise unknown_name("formula function", node.func.id, WORDS, where=self.text,
                                   next_step="make the column in the data and use its name")  # fmt: skip
            if len(node.args) != 1 or node.keywords:
                raise InputError(f"{node.func.id}() takes one argument", got=expr, where=self.text)
            self.functions.add(node.func.id)
            self._walk(node.args[0], expr, quoted, used)
        elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
            raise self._refused(expr)

    def _require(self, name: str) -> None:
        require_columns(self.known, [name], where=f"the right side of {self.text!r}")

    def _refused(self, expr: str) -> InputError:
        return InputError(f"{expr!r} is not allowed in a formula", expected=ALLOWED, where=self.text,
                          next_step="make the column in the data and use its name")  # fmt: skip


def _without_backticks(expr: str, quoted: dict[str, str]) -> str:
    """The expression with `any name` replaced by plain ones, recorded in `quoted`."""

    def replace(match: re.Match) -> str:
        plain = f"quoted_{len(quoted)}_"
        quoted[plain] = match[1]
        return plain

    return re.sub(r"`([^`]+)`", replace, expr)


def _is_treatment(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Treatment"
        and len(node.args) == 1
        and not node.keywords
        and isinstance(node.args[0], ast.Constant)
        and type(node.args[0].value) in (int, str)
    )


def _is_small(node: ast.AST) -> bool:
    """A small constant: powers of integers by large ones could run without end."""
    power = node.operand if isinstance(node, ast.UnaryOp) else node
    value = power.value if isinstance(power, ast.Constant) else None
    return isinstance(value, (int, float)) and abs(value) <= LARGEST_POWER
