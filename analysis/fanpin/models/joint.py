"""A joint test of all terms that come from some columns."""

from __future__ import annotations

import dataclasses

from fanpin.core.errors import unknown_name
from fanpin.results import Estimates, HypothesisTest


def joint_test(result: Estimates, *, columns: tuple[str, ...] | list[str]) -> HypothesisTest:
    """Wald test that every coefficient of the named columns is 0, with the result's own covariance.

    Parameters
    ----------
    result : a fitted model.
    columns : columns of the data; a categorical column stands for all its levels.

    Returns
    -------
    HypothesisTest : chi-squared, or F where the result has degrees of freedom.

    Raises
    ------
    UnknownNameError : a column has no term in the model.
    InapplicableError : the covariance of the terms is singular.
    """
    origin = {term: variable_of(term) for term in result.params.index}
    for column in columns:
        if column not in origin.values():
            raise unknown_name("column of the model", column, set(origin.values()), where=result.formula)
    terms = [term for term, column in origin.items() if column in columns]
    return dataclasses.replace(result.wald_test(terms), name=f"Joint test of {', '.join(columns)}")


def variable_of(term: str) -> str:
    """The column behind a term: `C(region)[T.2]` and `region` both come from `region`."""
    return term.split("[")[0].removeprefix("C(").split(",")[0].removesuffix(")").strip()
