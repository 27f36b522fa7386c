"""Average marginal effects on the probability scale of a fitted binary model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.arguments import as_names
from fanpin.core.errors import DataError, InapplicableError, InputError, unknown_name
from fanpin.kernels.delta import delta_covariance
from fanpin.kernels.marginal import EffectSums, Rows
from fanpin.models.design_matrix import DesignMatrix
from fanpin.models.effect_sums import Contrast, effect_sums
from fanpin.models.encoding import as_floats
from fanpin.models.frailty_response import Response, response_of
from fanpin.models.sample import as_frame, complete_rows
from fanpin.results import Estimates
from fanpin.results.digest import frame_digest
from fanpin.results.measures import measure_key

Array = NDArray[np.float64]
FIXED_NOTE = "covariates are taken as fixed: standard errors hold for the rows averaged over"


@dataclass(frozen=True, slots=True)
class Averaging:
    """What is averaged over.

    Attributes
    ----------
    frame : complete rows, with the columns of `at` replaced.
    weight : (n,) weights.
    offset : (n,) or None.
    group : (n,) codes of the groups of `by`.
    labels : the `by` values of each group.
    notes : rows left out.
    """

    frame: pd.DataFrame
    weight: Array
    offset: Array | None
    group: NDArray[np.intp]
    labels: list[dict[str, Any]]
    notes: tuple[str, ...]


def average_effects(
    result: Estimates,
    data: Any = None,
    *,
    at: Mapping[str, Any] | None = None,
    by: str | Sequence[str] | None = None,
) -> Estimates:
    r"""Average marginal effects on the probability of the event.

    For a column v the effect in row i is the discrete change h(η_i | v = high) − h(η_i | v = low) where v is a 0/1 column
    (high 1, low 0) or a factor (each level against the reference), and the derivative ∂h(η_i)/∂v otherwise. Effects are
    averaged over rows, with the design's weights if the model has them. The design matrix is computed again at each
    value, so interactions, powers and functions of v are followed. For a hazard the rows are person-periods at risk.
    Where the model has a unit effect, h is the probability with the effect integrated out over its unconditional law: that
    of units drawn anew, not of the survivors among those at risk; the standard error includes that of sigma.

    Parameters
    ----------
    result : Estimates
        From `fanpin.hazard` or `fanpin.random_effects`.
    data : DataFrame or Ibis table, optional
        Rows to average over; by default those of the estimation. A result loaded from a file needs it.
    at : mapping, optional
        Columns held at a value in every row, such as ``{"age": 40}``.
    by : str or sequence of str, optional
        Columns whose values define groups, each with its own averages.

    Returns
    -------
    Estimates
        kind "average_effects", terms such as ``age``, ``C(duration)[T.2]`` or, with `by`, ``age[female=1]``. The
        covariance is J V J' by the delta method, V being the model's own (clustered, robust or design-based) and J
        analytic. Covariates are taken as fixed, as Stata's ``margins`` does by default: sampling of the rows themselves
        adds no variance.

    Raises
    ------
    InapplicableError : the result is not a fitted binary model, or has no data and none were given.
    UnknownNameError : a column of `at` or `by` that does not exist, or a level the model does not know.
    InputError : a value of `at` that is missing or infinite.
    DataError : a derivative that is not finite, such as that of sqrt(v) at 0.

    References
    ----------
    Bartus (2005), Stata Journal 5:309-329. Karaca-Mandic, Norton & Dowd (2012), Health Services Research 47:255-274,
    doi:10.1111/j.1475-6773.2011.01314.x.

    Examples
    --------
    >>> import pandas as pd
    >>> from fanpin.models import hazard
    >>> rows = pd.DataFrame({"id": range(40), "x": [0, 1] * 20, "event": [0, 1, 0, 0, 1, 1, 0, 1] * 5})
    >>> fit = hazard("event ~ x", rows, link="logit", unit="id")
    >>> average_effects(fit).params.round(4).to_dict()
    {'x': 0.5}
    """
    if not isinstance(result, Estimates):
        raise InputError("not a fitted model", expected="the result of fp.hazard", got=type(result).__name__)
    if "model_matrix" not in result.options or result.link is None:
        raise InapplicableError(f"a result of kind {result.kind!r} has no marginal effects", expected="a fitted hazard")
    matrix = DesignMatrix.from_options(result.options["model_matrix"])
    groups = list(as_names("by", by))
    if at is not None and not isinstance(at, Mapping):
        raise InputError(f"at={at!r} fixes no columns", expected="column -> value, such as {'age': 40}")
    over = _averaging(result, matrix, data, dict(at or {}), groups)
    contrasts = _contrasts(matrix, set(result.options["binary"]))
    if not contrasts:
        raise InapplicableError("the model has no covariate", got=result.formula, expected="at least one column")
    response = response_of(result, matrix)
    averages = _averages(matrix, contrasts, over, response)
    counts = dict(result.counts) if data is None else {}  # those of the estimation
    asked = {"at": dict(at or {}), "by": groups}
    return _assemble(result, contrasts, over, averages, names=response.names, counts=counts, options=asked)


def _averaging(result: Estimates, matrix: DesignMatrix, data: Any, at: dict[str, Any], by: list[str]) -> Averaging:
    offset, weight = result.options["offset"], None if result.design is None else result.design.weight
    needed = [*matrix.formula.variables, *(name for name in (offset, weight) if name is not None)]
    frame = as_frame(result.estimation_frame(data), [*needed, *by])
    sample = complete_rows(frame, needed, where="average_effects", present=by)
    fixed = _held(sample.frame, matrix, at, offset)
    group, labels = _groups(sample.frame, by)
    return Averaging(
        frame=fixed,
        weight=np.ones(len(fixed)) if weight is None else _weights(fixed[weight]),
        offset=None if offset is None else as_floats(fixed[offset], "offset"),
        group=group,
        labels=labels,
        notes=sample.notes,
    )


def _held(frame: pd.DataFrame, matrix: DesignMatrix, at: dict[str, Any], offset: str | None) -> pd.DataFrame:
    """The frame with the columns of `at` replaced."""
    for name, value in at.items():
        if name not in matrix.levels and name != offset:
            raise unknown_name("column to hold at a value", name, matrix.levels, where="at=")
        known = matrix.levels.get(name)
        if known is not None and value not in known:
            raise unknown_name(f"level of {name!r}", value, known, where="at=")
        if known is None and not (isinstance(value, (int, float, np.number)) and math.isfinite(value)):
            raise InputError(f"{name!r} cannot be held at {value!r}", expected="a finite number", where="at=")
    return frame.assign(**at) if at else frame


def _weights(values: pd.Series) -> Array:
    weight = as_floats(values, "average_effects")
    if (weight < 0.0).any() or weight.sum() <= 0.0:
        raise DataError(
            f"weight column {values.name!r} has negative values or sums to 0", expected="weights of 0 or more"
        )
    return weight


def _groups(frame: pd.DataFrame, by: list[str]) -> tuple[NDArray[np.intp], list[dict[str, Any]]]:
    if not by:
        return np.zeros(len(frame), dtype=np.intp), [{}]
    codes = np.asarray(frame.groupby(by, sort=True, observed=True).ngroup(), dtype=np.intp)
    first = np.unique(codes, return_index=True)[1]
    labels = frame[by].iloc[first].to_dict("records")
    return codes, [{str(name): value for name, value in row.items()} for row in labels]


def _contrasts(matrix: DesignMatrix, binary: set[str]) -> list[Contrast]:
    """The effects of a formula, in the order in which its columns appear."""
    found = []
    for variable, known in matrix.levels.items():
        part = matrix.part(variable)
        if known is not None:
            base = matrix.reference(variable)
            found += [Contrast(matrix.level_name(variable, level), variable, (base, level), part)
                      for level in known if level != base]  # fmt: skip
        else:
            found.append(Contrast(variable, variable, (0.0, 1.0) if variable in binary else None, part))
    return found


def _averages(matrix: DesignMatrix, contrasts: list[Contrast], over: Averaging, response: Response) -> list[EffectSums]:
    """Group averages of each effect, and their gradients."""
    count = len(over.labels)
    sums = [EffectSums(np.zeros(count), np.zeros((count, len(response.names)))) for _ in contrasts]
    for encoded, rows in _blocks(matrix, over):
        for i, contrast in enumerate(contrasts):
            sums[i] = sums[i] + effect_sums(contrast, encoded, rows, response)
    total = np.bincount(over.group, weights=over.weight, minlength=count)
    averages = [EffectSums(s.total / total, s.gradient / total[:, None]) for s in sums]
    for contrast, average in zip(contrasts, averages, strict=True):
        if not (np.isfinite(average.total).all() and np.isfinite(average.gradient).all()):
            raise DataError(f"the effect of {contrast.variable!r} is not finite in some row", where=matrix.formula.text,
                            next_step="look for functions without a derivative there, such as sqrt or log at 0")  # fmt: skip
    return averages


def _blocks(matrix: DesignMatrix, over: Averaging) -> Iterator[tuple[pd.DataFrame, Rows]]:
    for rows, encoded in matrix.encoded_blocks(over.frame):
        offset = None if over.offset is None else over.offset[rows]
        x = matrix.expand(encoded)
        yield encoded, Rows(x, offset, over.weight[rows], over.group[rows], len(over.labels))


def _assemble(
    result: Estimates,
    contrasts: list[Contrast],
    over: Averaging,
    averages: list[EffectSums],
    *,
    names: Sequence[str],
    counts: dict[str, float],
    options: dict[str, Any],
) -> Estimates:
    keys = [measure_key(c.term, labels) for c in contrasts for labels in over.labels]
    jacobian = np.concatenate([average.gradient for average in averages])
    cov = delta_covariance(jacobian, result.cov.loc[list(names), list(names)].to_numpy(dtype=float))
    return Estimates(
        params=pd.Series(np.concatenate([a.total for a in averages]), index=keys, name="estimate"),
        cov=pd.DataFrame(cov, index=keys, columns=keys),
        nobs=len(over.frame),
        cov_type=result.cov_type,
        kind="average_effects",
        df_resid=result.df_resid,
        outcome=result.outcome,
        formula=result.formula,
        link=result.link,
        counts=counts,
        options={**options, "of": result.kind},
        notes=(*over.notes, FIXED_NOTE, *result.notes),
        simulated=result.simulated,
        design=result.design,
        digest=frame_digest(over.frame[list(dict.fromkeys(contrast.variable for contrast in contrasts))]),
        frame=over.frame,
    )
