"""The design matrix of a formula, and all that is needed to build it again for other data.

Rows are encoded and expanded in blocks, so that beside the matrix itself memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulaic import ModelSpec
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from fanpin.core.errors import DataError, InputError, require_columns
from fanpin.models.encoding import Levels, encode, learn_levels
from fanpin.models.formula import FUNCTIONS, ModelFormula, parse_formula

Array = NDArray[np.float64]
BLOCK = 65_536  # rows expanded at a time
LARGEST = 1e100  # squares of larger values overflow when summed


@dataclass(frozen=True, slots=True)
class Dummies:
    """The columns that code the main effect of one factor against its reference level.

    Attributes
    ----------
    variable : the data column.
    reference : its reference level.
    columns : positions in the design matrix.
    """

    variable: str
    reference: Any
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MatrixPart:
    """Some columns of a design matrix.

    Attributes
    ----------
    columns : positions in the full matrix.
    spec : formulaic's description of these columns alone.
    """

    columns: NDArray[np.intp]
    spec: ModelSpec

    def expand(self, encoded: pd.DataFrame) -> Array:
        """The columns for encoded rows, (n, number of columns)."""
        return _expand(self.spec, encoded)


class DesignMatrix:
    """Builds the design matrix of one formula with fixed factor levels.

    Parameters
    ----------
    formula : the checked formula.
    levels : levels of each factor, None for numeric columns, see `encoding.learn_levels`.
    """

    def __init__(self, formula: ModelFormula, levels: Levels) -> None:
        self.formula, self.levels = formula, dict(levels)
        self._spec = _materialised_spec(formula, self.levels)
        self.names: tuple[str, ...] = tuple(str(name) for name in self._spec.column_names)

    @classmethod
    def learn(cls, formula: ModelFormula, frame: pd.DataFrame) -> DesignMatrix:
        """The builder whose factor levels are those of the frame."""
        return cls(formula, learn_levels(frame, formula))

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesignMatrix:
        """The builder described by `to_options`, as stored with a result."""
        levels = {name: None if known is None else tuple(known) for name, known in options["levels"].items()}
        return cls(parse_formula(options["formula"], [options["outcome"], *levels]), levels)

    def to_options(self) -> dict[str, Any]:
        """Plain data from which `from_options` rebuilds this object."""
        levels = {name: None if known is None else list(known) for name, known in self.levels.items()}
        return {"formula": self.formula.text, "outcome": self.formula.outcome, "levels": levels}

    def build(self, frame: pd.DataFrame) -> Array:
        """The (n, k) matrix of the frame's rows, row-major.

        Raises
        ------
        DataError : a term is not finite, such as the logarithm of 0, or of a size that overflows; a numeric column holds text.
        UnknownNameError : a column is absent, or a factor has a level not seen before.
        """
        require_columns(frame.columns, self.formula.variables, where=f"the formula {self.formula.text!r}")
        x = np.empty((len(frame), len(self.names)))
        for rows, encoded in self.encoded_blocks(frame):
            x[rows] = self.expand(encoded)
        self._require_finite(x)
        return x

    def encoded_blocks(self, frame: pd.DataFrame) -> Iterator[tuple[slice, pd.DataFrame]]:
        """Blocks of rows with only the formula's columns, as floats and categoricals."""
        used = frame[list(self.formula.variables)]
        for start in range(0, len(frame), BLOCK):
            rows = slice(start, min(start + BLOCK, len(frame)))
            yield rows, encode(used.iloc[rows], self.levels, self.formula.text)

    def expand(self, encoded: pd.DataFrame) -> Array:
        """The matrix of encoded rows."""
        if not self.formula.variables:  # an intercept alone
            return np.ones((len(encoded), len(self.names)))
        return _expand(self._spec, encoded)

    def part(self, variable: str) -> MatrixPart:
        """The columns that change with a data column."""
        expressions = {expr for expr, names in self.formula.factors.items() if variable in names}
        terms = [term for term in self._spec.formula if expressions & {factor.expr for factor in term.factors}]
        columns = [i for term in terms for i in self._spec.term_indices[term]]
        return MatrixPart(np.array(columns, dtype=np.intp), self._spec.subset(terms))

    def reference(self, variable: str) -> Any:
        """The level a factor is compared with."""
        known = self.levels[variable]
        assert known is not None
        return next((d.reference for d in self.dummies() if d.variable == variable), known[0])

    def level_name(self, variable: str, level: Any) -> str:
        """How formulaic names a level of a factor: `C(duration)[T.2]`, or `region[T.North]` for a bare column."""
        expression = next(expr for expr, names in self.formula.factors.items() if names == (variable,))
        return f"{expression}[T.{level}]"

    def dummies(self) -> list[Dummies]:
        """The factors that stand in the formula as main effects against a reference level."""
        found = []
        for term, columns in self._spec.term_indices.items():
            expressions = [factor.expr for factor in term.factors]
            variable = self.formula.factors.get(expressions[0], ("",))[0] if len(expressions) == 1 else ""
            known = self.levels.get(variable)
            if known is not None and len(columns) == len(known) - 1:
                found.append(Dummies(variable, self._reference(columns, known), tuple(columns)))
        return found

    def _reference(self, columns: list[int], known: tuple[Any, ...]) -> Any:
        """The level without a column; Treatment() may have chosen another than the first."""
        coded = [self.names[i] for i in columns]
        return next(level for level in known if not any(name.endswith(f"[T.{level}]") for name in coded))

    def _require_finite(self, x: Array) -> None:
        largest = np.maximum(x.max(axis=0), -x.min(axis=0))  # NaN stays NaN
        for j in map(int, np.flatnonzero(~np.isfinite(largest))):
            raise DataError(f"the term {self.names[j]!r} is not finite", got=_count(~np.isfinite(x[:, j])),
                            expected="numbers that every function of the formula accepts", where=self.formula.text,
                            next_step="log(0) and the like: use log1p, or leave the rows out")  # fmt: skip
        for j in map(int, np.flatnonzero((largest > LARGEST) | ((largest > 0.0) & (largest < 1.0 / LARGEST)))):
            raise DataError(f"the values of {self.names[j]!r} reach {largest[j]:g}", where=self.formula.text,
                            expected=f"sizes between {1 / LARGEST:g} and {LARGEST:g}", next_step="rescale the column")  # fmt: skip


def _materialised_spec(formula: ModelFormula, levels: Mapping[str, tuple[Any, ...] | None]) -> ModelSpec:
    """Formulaic's spec with its columns fixed, from one made-up row per level."""
    rows = max([2, *(len(known) for known in levels.values() if known is not None)])
    made_up = pd.DataFrame(
        {name: np.ones(rows) if known is None else pd.Categorical(np.resize(np.array(known, dtype=object), rows),
                                                                  categories=list(known))
         for name, known in levels.items()},
        index=pd.RangeIndex(rows),
    )  # fmt: skip
    spec = ModelSpec(formula=formula.terms, output="numpy", na_action="ignore")
    try:
        with np.errstate(all="ignore"):
            return spec.get_model_matrix(made_up, context=FUNCTIONS).model_spec
    except (FormulaicError, ValueError, KeyError) as error:
        raise InputError(
            "the formula cannot be expanded", got=str(error).splitlines()[0], where=formula.text
        ) from error


def _expand(spec: ModelSpec, encoded: pd.DataFrame) -> Array:
    with np.errstate(all="ignore"):  # terms that are not finite are named afterwards
        return np.asarray(spec.get_model_matrix(encoded, context=FUNCTIONS), dtype=float)


def _count(bad: NDArray[np.bool_]) -> str:
    return f"{int(bad.sum()):,} of {len(bad):,} rows, first at position {int(np.flatnonzero(bad)[0])}"
