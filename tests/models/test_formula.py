"""Formulas: what they may say, what is refused, and the columns they make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.errors import DataError, EstimationError, InputError, UnknownNameError
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.formula import parse_formula

FRAME = pd.DataFrame(
    {
        "y": [0, 1, 0, 1],
        "x": [1.0, 2.0, 3.0, 4.0],
        "b": [True, False, True, True],
        "s": ["a", "b", "c", "a"],
        "户 规模": [1.0, 2.0, 3.0, 3.0],
        "收入": [1.0, 2.0, 4.0, 8.0],
        "n": pd.array([1, 2, 1, 2], dtype="Int64"),
    }
)


def _matrix(formula: str, frame: pd.DataFrame = FRAME) -> DesignMatrix:
    return DesignMatrix.learn(parse_formula(formula, frame.columns), frame)


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ 1", ("Intercept",)),
        ("y ~ x + b", ("Intercept", "x", "b")),
        ("y ~ x * s", ("Intercept", "x", "s[T.b]", "s[T.c]", "x:s[T.b]", "x:s[T.c]")),
        ("y ~ 0 + s + x", ("s[a]", "s[b]", "s[c]", "x")),
        ("y ~ C(n)", ("Intercept", "C(n)[T.2]")),
        ("y ~ C(b)", ("Intercept", "C(b)[T.1]")),
        ("y ~ C(x)", ("Intercept", "C(x)[T.2]", "C(x)[T.3]", "C(x)[T.4]")),
        ('y ~ C(s, Treatment("b"))', ("Intercept", "C(s, Treatment('b'))[T.a]", "C(s, Treatment('b'))[T.c]")),
        ("y ~ log(收入) + I(x**2) + sqrt(x):b", ("Intercept", "log(收入)", "I(x ** 2)", "sqrt(x):b")),
        ("y ~ `户 规模` + C(`户 规模`):x", ("Intercept", "户 规模[T.2]", "户 规模[T.3]", "C(`户 规模`)[1]:x",
                                           "C(`户 规模`)[2]:x", "C(`户 规模`)[3]:x")),
    ],
)  # fmt: skip
def test_columns_are_named_as_formulaic_names_them(formula, names):
    assert _matrix(formula).names == names


def test_values_of_the_design_matrix():
    x = _matrix("y ~ x*C(s) + log(收入)").build(FRAME)
    expected = [
        [1, 1, 0, 0, np.log(1), 0, 0],
        [1, 2, 1, 0, np.log(2), 2, 0],
        [1, 3, 0, 1, np.log(4), 0, 3],
        [1, 4, 0, 0, np.log(8), 0, 0],
    ]
    assert x == pytest.approx(np.array(expected))


def test_blocks_of_rows_give_the_same_matrix(monkeypatch):
    matrix = _matrix("y ~ x*s + C(n)")
    whole = matrix.build(FRAME)
    monkeypatch.setattr("fanpin.models.design_matrix.BLOCK", 3)
    assert (matrix.build(FRAME) == whole).all()


@pytest.mark.parametrize("formula", ["y ~ x*C(s) + log(收入)", 'y ~ C(s, Treatment("b")) + C(n)', "y ~ 0 + s:x + C(b)"])
def test_plain_data_rebuild_the_matrix(formula):
    matrix = _matrix(formula)
    again = DesignMatrix.from_options(matrix.to_options())
    assert again.names == matrix.names
    one = FRAME.iloc[[1]]
    assert (again.build(one) == matrix.build(FRAME)[[1]]).all()


def test_reference_levels_are_known():
    assert [(d.variable, d.reference) for d in _matrix('y ~ C(s, Treatment("b")) + C(n) + x:C(b)').dummies()] == [
        ("s", "b"),
        ("n", 1),
    ]


def test_order_of_categories_sets_the_reference():
    frame = FRAME.assign(s=pd.Categorical(FRAME["s"], categories=["c", "a", "b"]))
    assert _matrix("y ~ s", frame).names == ("Intercept", "s[T.a]", "s[T.b]")


CODE = [
    "y ~ x.__class__",
    "y ~ __import__('os').system('true')",
    "y ~ {__import__('os').system('true')}",
    "y ~ I(x.__class__.__mro__)",
    "y ~ {(lambda: 1)()}",
    "y ~ I(x for x in s)",
    "y ~ I(x[0])",
    "y ~ I(x if x else b)",
    "y ~ np.log(x)",
    "y ~ eval('1')",
    "y ~ I('text')",
    "y ~ I(x := 3)",
    "y ~ C(s, contr.sum)",
    "y ~ C(s, levels=['a'])",
    "y ~ I(9**9**9 * x)",
    "y ~ I(x**9999)",
    "y ~ I((9**9)**9 + x)",
    "y ~ C(x + 1)",
    "y ~ log(x, 2)",
    "y ~ log(C(s))",
    "y ~ 2:x",
    "y ~ I(2)",
    "y ~ x | s",
    "y ~ .",
    "y ~ x +",
    "y ~ (x",
    "y ~",
    "y ~ 0",
    "y",
    "y ~ x ~ s",
    "log(y) ~ x",
    "y + x ~ s",
    "y ~ y + x",
]


@pytest.mark.parametrize("formula", CODE)
def test_words_outside_the_vocabulary_are_refused(formula):
    with pytest.raises((InputError, UnknownNameError)) as caught:
        parse_formula(formula, FRAME.columns)
    assert "\x1b" not in str(caught.value)


def test_refusal_runs_nothing(tmp_path):
    marker = tmp_path / "ran"
    with pytest.raises(InputError, match="not allowed in a formula"):
        parse_formula(f"y ~ {{open({str(marker)!r}, 'w').close()}}", FRAME.columns)
    assert not marker.exists()


def test_unknown_columns_and_functions_get_the_closest_names():
    with pytest.raises(UnknownNameError, match=r"unknown column 'docvi'[\s\S]*did you mean 'docvis'"):
        parse_formula("y ~ docvi", ["y", "docvis", "age"])
    with pytest.raises(UnknownNameError, match=r"unknown formula function 'logg'[\s\S]*C, I, abs, exp, log"):
        parse_formula("y ~ logg(x)", FRAME.columns)
    with pytest.raises(UnknownNameError, match="left side"):
        parse_formula("relapsed ~ x", FRAME.columns)
    with pytest.raises(UnknownNameError, match="formula function 'scale'"):
        parse_formula("y ~ scale(x)", FRAME.columns)


def test_data_that_do_not_fit_the_formula_are_named():
    with pytest.raises(DataError, match="'s' is not numeric"):
        _matrix("y ~ log(s)")
    with pytest.raises(InputError, match="factor and a number"):
        _matrix("y ~ C(x) + log(x)")
    with pytest.raises(DataError, match=r"'log\(x - 1\)' is not finite[\s\S]*1 of 4 rows, first at position 0"):
        _matrix("y ~ log(x - 1)").build(FRAME)
    with pytest.raises(EstimationError, match="'s' has one level"):
        _matrix("y ~ s", FRAME.assign(s="a"))
    with pytest.raises(EstimationError, match=r"1 levels of 's' have no rows[\s\S]*d"):
        _matrix("y ~ s", FRAME.assign(s=pd.Categorical(FRAME["s"], categories=list("abcd"))))
    with pytest.raises(InputError, match="of type datetime"):
        _matrix("y ~ C(d)", FRAME.assign(d=pd.date_range("2020-01-01", periods=4)))
    for power, size in ((1e300, "4e\\+300"), (1e-300, "4e-300")):
        with pytest.raises(DataError, match=rf"the values of 'x' reach {size}[\s\S]*rescale"):
            _matrix("y ~ x").build(FRAME.assign(x=FRAME["x"] * power))
    with pytest.raises(InputError, match="'log' is a column and a function"):
        parse_formula("y ~ log + log(x)", ["y", "x", "log"])
    many = pd.DataFrame({"y": np.arange(400) % 2, "s": [f"town {i}" for i in range(400)]})
    with pytest.raises(InputError, match="400 levels"):
        _matrix("y ~ s", many)
    with pytest.raises(InputError, match="cannot be expanded"):
        _matrix('y ~ C(s, Treatment("z"))')


def test_a_level_not_seen_before_is_named():
    with pytest.raises(UnknownNameError, match=r"unknown level of 's' 'd'[\s\S]*a, b, c"):
        _matrix("y ~ s").build(FRAME.assign(s=list("abcd")))


def test_numbers_delivered_as_objects_are_numbers():
    from decimal import Decimal

    frame = FRAME.assign(x=[Decimal("1.5"), Decimal(2), Decimal(3), Decimal(4)])
    assert _matrix("y ~ x", frame).build(frame)[:, 1] == pytest.approx([1.5, 2, 3, 4])
