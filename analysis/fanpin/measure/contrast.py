"""Functions of measures, linear or smooth, with the joint covariance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.errors import EstimationError, InputError, unknown_name
from fanpin.kernels.delta import delta_covariance, delta_method
from fanpin.measure.assemble import assemble
from fanpin.results import Measures

Array = NDArray[np.float64]
Combination = Mapping[str, float] | Callable[[pd.Series], float]
WHERE = "fp.contrast"
STACK = 2


def contrast(measures: Measures, combinations: Mapping[str, Combination]) -> Measures:
    """Linear combinations and smooth functions of measures, with their joint covariance.

    With estimates b and covariance V, a function g(b) has covariance ``J V J'``, J = dg/db (the delta method; exact where g
    is linear). V is that of one design, so that groups which share PSUs, and waves which share households, are not taken
    as independent: let `by=` name the wave and the design's `psu` hold a household's rows of all waves. Several lines
    are compared in the same way: stack the rows once for each line, with columns for the line and its name, and measure
    with `Line.column` by that name; the design's `psu` must hold all copies of a household.

    Parameters
    ----------
    measures : Measures
        One result: numbers of two results have no joint covariance.
    combinations : {name: {key: coefficient}} or {name: function}
        The new rows. Keys are those of `measures.keys`, such as "headcount[wave=2016]". A function takes the estimates
        as a Series by key and returns a number; it is differentiated numerically, to about ten digits.

    Returns
    -------
    Measures
        Of the same kind, a row for each name; `n` counts the rows of data in the groups a combination rests on. Intervals
        are Wald intervals with the degrees of freedom of the measures.

    Raises
    ------
    InputError : no Measures, or several; no combination; a coefficient that is no finite number.
    UnknownNameError : a key does not exist; the closest ones are named.
    EstimationError : a function is not finite at the estimates, such as the ratio to a measure of 0.

    References
    ----------
    Oehlert (1992), The American Statistician 46:27-29, doi:10.1080/00031305.1992.10475842.

    Examples
    --------
    >>> import numpy as np, pandas as pd, fanpin as fp
    >>> panel = pd.DataFrame({"id": [1, 2, 3, 4] * 2, "wave": [1] * 4 + [2] * 4, "y": [5.0, 9, 20, 30, 15, 8, 25, 40]})
    >>> line = fp.Line.absolute(10, currency="CNY", year=2010)
    >>> poor = fp.poverty(panel, welfare="y", line=line, indices="headcount", by="wave", design=fp.Design(psu="id"))
    >>> fp.contrast(poor, {
    ...     "change": {"headcount[wave=2]": 1, "headcount[wave=1]": -1},
    ...     "ratio": lambda p: p["headcount[wave=2]"] / p["headcount[wave=1]"],
    ... }).params.tolist()
    [-0.25, 0.5]
    """
    check_measures(measures, where=WHERE)
    if not isinstance(combinations, Mapping) or not combinations:
        raise InputError("no combination is given", expected="{name: {key: coefficient}} or {name: function}",
                         got=repr(combinations), where=WHERE)  # fmt: skip
    values, slopes = np.empty(len(combinations)), np.zeros((len(combinations), len(measures.rows)))
    for i, (name, given) in enumerate(combinations.items()):
        values[i], slopes[i] = _function(measures, name, given) if callable(given) else _linear(measures, name, given)
    said = {name: words(given) for name, given in combinations.items()}
    return combined(measures, pd.DataFrame({"term": list(combinations)}), values, slopes, by=(),
                    options={"contrast": said}, notes=tuple(f"{k} = {v}" for k, v in said.items()), stacklevel=STACK)  # fmt: skip


def check_measures(measures: Any, *, where: str) -> None:
    """Raise unless one result of measures is given."""
    if isinstance(measures, Measures):
        return
    several = isinstance(measures, (list, tuple, Mapping))
    raise InputError(
        "several results have no joint covariance" if several else f"a {type(measures).__name__} holds no measures",
        expected="one Measures, such as fp.poverty gives", where=where,
        next_step="stack the waves or groups in one table and measure once, with by=" if several else None,
    )  # fmt: skip


def combined(
    measures: Measures, rows: pd.DataFrame, values: Array, slopes: Array, *, by: tuple[str, ...],
    options: dict[str, Any], notes: tuple[str, ...], stacklevel: int,
) -> Measures:  # fmt: skip
    """Measures of the values (q,), functions of the given measures with slopes (q, k)."""
    cov = measures.cov.to_numpy(dtype=float)
    unknown = np.isnan(np.diag(cov))
    joint = delta_covariance(slopes, np.where(unknown[:, None] | unknown[None, :], 0.0, cov))
    rests_on_unknown = (slopes[:, unknown] != 0).any(axis=1)
    joint[rests_on_unknown] = joint[:, rests_on_unknown] = np.nan
    if measures.interval != "wald":
        notes = (*notes, "limits of functions of the measures are Wald limits")
    made = rows.assign(estimate=values, n=[_rows_behind(measures, s != 0) for s in slopes])
    return assemble(
        made, joint, by=by, stacklevel=stacklevel + 1, notes=(*measures.notes, *notes), kind=measures.kind,
        cov_type=measures.cov_type, df_resid=measures.df_resid, counts=dict(measures.counts),
        options={**measures.options, **options}, simulated=measures.simulated, design=measures.design,
    )  # fmt: skip


def _rows_behind(measures: Measures, used: NDArray[np.bool_]) -> int:
    """Rows of data in the groups used: indices of one group rest on the same rows."""
    chosen = measures.rows[used]
    return int(chosen.groupby(list(measures.by), dropna=False)["n"].max().sum() if measures.by else chosen["n"].max())


def _linear(measures: Measures, name: str, given: Any) -> tuple[float, Array]:
    """Value and slopes of a linear combination; measures it does not name have no part in it."""
    if not isinstance(given, Mapping) or not given:
        raise InputError(f"combination {name!r} is neither coefficients nor a function",
                         expected="{key: coefficient} or a function of the estimates", got=repr(given), where=WHERE)  # fmt: skip
    keys = list(measures.keys)
    slopes = np.zeros(len(keys))
    for key, coefficient in given.items():
        if key not in keys:
            raise unknown_name("measure", key, keys, where=f"combination {name!r} of {WHERE}")
        number = isinstance(coefficient, Real) and not isinstance(coefficient, bool)
        if not number or not isfinite(coefficient):
            raise InputError(
                f"coefficient {coefficient!r} of {key!r} is no finite number", where=f"combination {name!r}"
            )
        slopes[keys.index(key)] = float(coefficient)
    if not slopes.any():
        raise InputError(f"all coefficients of {name!r} are 0", where=WHERE)
    used = slopes != 0
    return float(slopes[used] @ measures.params.to_numpy()[used]), slopes


def _function(measures: Measures, name: str, given: Callable[[pd.Series], float]) -> tuple[float, Array]:
    """Value and slopes of a function; estimates that are not defined are handed over as they are."""
    params = measures.params
    b = params.to_numpy()
    defined = np.isfinite(b)
    scale = np.where(b[defined] == 0, 1.0, np.abs(b[defined]))  # steps in proportion, also to small shares

    def of_deviations(d: Array) -> Array:
        moved = b.copy()
        moved[defined] = b[defined] + scale * d
        return _evaluated(name, given, pd.Series(moved, index=params.index))

    at = np.zeros(len(scale))
    value = float(_evaluated(name, given, params)[0])
    try:
        found = delta_method(of_deviations, at, np.diag(at))
    except EstimationError as error:
        raise EstimationError(f"combination {name!r} is not finite at the estimates", got=error.got, where=WHERE,
                              next_step="see which measures are 0 or not defined") from error  # fmt: skip
    slopes = np.zeros(len(b))
    slopes[defined] = found.jacobian[0] / scale
    if not slopes.any():
        raise InputError(f"combination {name!r} depends on no measure", where=WHERE)
    return value, slopes


def _evaluated(name: str, given: Callable[[pd.Series], float], params: pd.Series) -> Array:
    try:
        with np.errstate(all="ignore"):
            value = given(params)
    except KeyError as error:
        raise unknown_name("measure", error.args[0], params.index, where=f"combination {name!r} of {WHERE}") from error
    except ZeroDivisionError:
        value = np.nan
    if np.ndim(value) != 0 or not isinstance(value, Real):
        raise InputError(f"combination {name!r} does not return a number", got=repr(value), where=WHERE)
    return np.array([value], dtype=float)


def words(given: Any) -> str:
    """A combination as it is printed under a table."""
    if callable(given):
        name = getattr(given, "__name__", "")
        return f"{name}(estimates)" if name.isidentifier() else "a smooth function of the estimates"
    terms = [(abs(float(c)), "-" if c < 0 else "+", key) for key, c in given.items() if c != 0]
    text = " ".join(f"{sign} {key}" if size == 1 else f"{sign} {size:g} {key}" for size, sign, key in terms)
    return text.removeprefix("+ ")
