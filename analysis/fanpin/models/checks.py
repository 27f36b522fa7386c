"""Problems of the data that keep a binary model from being estimated, named before and after the optimiser.

Rank and overlap can only grow with rows: what a part of a large sample shows to be sound needs no look at the rest.

Albert & Anderson (1984), Biometrika 71:1-10, for separation; Konis (2007), DPhil thesis, Oxford, for its detection by
linear programming.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from fanpin.core.errors import EstimationError
from fanpin.kernels.blocks import crossproduct
from fanpin.models.design_matrix import Dummies

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

PART = 20_000  # rows looked at first
LEAST_UNEXPLAINED = 1e-11  # 1 - R² of a column on the others below which it is their combination
LARGEST_PROGRAM = 200_000  # rows of the linear programme


@dataclass(frozen=True, slots=True)
class Problem:
    """What the checks look at.

    Attributes
    ----------
    x : (n, k) design matrix, columns `names`.
    y : (n,) outcome `outcome`.
    dummies : factors with a reference level.
    where : the formula, for messages.
    """

    x: Array
    y: Flags
    names: Sequence[str]
    outcome: str
    dummies: Sequence[Dummies]
    where: str


def check_identified(problem: Problem) -> None:
    """Raise for the first thing that leaves a coefficient without a finite estimate, by name.

    Raises
    ------
    EstimationError : the outcome never or always happens; fewer rows than columns; a constant column; a level or column
        whose rows all have, or all lack, the event (perfect prediction); columns that are combinations of others.
    """
    n = len(problem.x)
    events = int(problem.y.sum())
    if events in (0, n):
        raise EstimationError(f"the outcome {problem.outcome!r} is {'0' if events == 0 else '1'} in all {n:,} rows",
                              expected="rows with and without the event", where=problem.where)  # fmt: skip
    _refuse_few_rows(problem)
    _refuse_constant(problem)
    _refuse_perfect_prediction(problem)
    _refuse_collinear(problem)


def check_columns(problem: Problem) -> None:
    """Raise for what leaves a coefficient of any linear predictor undetermined, by name.

    Raises
    ------
    EstimationError : fewer rows than columns; a constant column; columns that are combinations of others.
    """
    _refuse_few_rows(problem)
    _refuse_constant(problem)
    _refuse_collinear(problem)


def _refuse_few_rows(problem: Problem) -> None:
    n, k = problem.x.shape
    if n < k:
        raise EstimationError(f"{n} rows cannot determine {k} coefficients", expected=f"at least {k} rows",
                              where=problem.where, next_step="leave columns out of the formula")  # fmt: skip


def _part(problem: Problem) -> slice:
    return slice(None, None, max(1, len(problem.x) // PART))


def _refuse_constant(problem: Problem) -> None:
    x = problem.x[_part(problem)]
    for j in map(int, np.flatnonzero(x.max(axis=0) == x.min(axis=0))):
        column = problem.x[:, j]
        if problem.names[j] != "Intercept" and column.max() == column.min():
            raise EstimationError(f"the column {problem.names[j]!r} is constant", got=f"{column[0]:g} in every row",
                                  where=problem.where, next_step="leave it out of the formula")  # fmt: skip


def _refuse_perfect_prediction(problem: Problem) -> None:
    has_intercept = "Intercept" in problem.names
    for j, name in enumerate(problem.names):
        if name != "Intercept" and _separates(problem, (j,), has_intercept):
            raise _perfect_prediction(problem, problem.x[:, j], name)
    for factor in problem.dummies if has_intercept else ():
        if _separates(problem, factor.columns, has_intercept):
            reference = 1.0 - problem.x[:, list(factor.columns)].sum(axis=1)
            raise _perfect_prediction(problem, reference, f"{factor.variable} = {factor.reference}")


def _separates(problem: Problem, columns: tuple[int, ...], has_intercept: bool) -> bool:
    """Whether a threshold on the sum of the columns has all events on one side and all others on the other.

    Without an intercept the threshold is 0.
    """
    return all(
        _is_apart(problem.x[rows][:, list(columns)].sum(axis=1), problem.y[rows], has_intercept)
        for rows in (_part(problem), slice(None))
    )


def _is_apart(values: Array, y: Flags, has_intercept: bool) -> bool:
    if y.all() or not y.any():
        return True
    events, others = values[y], values[~y]
    if has_intercept:
        return bool(events.min() >= others.max() or events.max() <= others.min())
    return bool((events.min() >= 0.0 >= others.max()) or (events.max() <= 0.0 <= others.min()))


def _perfect_prediction(problem: Problem, column: Array, name: str) -> EstimationError:
    """The error that names the level or column, its rows and its events."""
    advice = "join the level with a neighbour, or leave its rows and the level out"
    if np.isin(column, (0.0, 1.0)).all():
        inside, outside = column == 1.0, column == 0.0
        alone = inside if problem.y[inside].all() or not problem.y[inside].any() else outside
        value = "1" if alone is inside else "0"
        return EstimationError(
            f"{name} predicts {problem.outcome} perfectly: its coefficient would be infinite",
            got=f"where the column is {value}: {int(alone.sum()):,} rows, {int(problem.y[alone].sum()):,} events",
            expected="rows with and without the event at every level", where=problem.where, next_step=advice,
        )  # fmt: skip
    events, others = column[problem.y], column[~problem.y]
    return EstimationError(
        f"{name} separates the outcomes of {problem.outcome}: its coefficient would be infinite",
        got=f"{name} is {events.min():g} to {events.max():g} in rows with the event, "
        f"{others.min():g} to {others.max():g} in the others",
        expected="ranges that overlap", where=problem.where,
        next_step="look for a variable that repeats the outcome; leave it out or group it",
    )  # fmt: skip


def _refuse_collinear(problem: Problem) -> None:
    has_intercept = "Intercept" in problem.names
    found = first_dependent(problem.x[_part(problem)], has_intercept)
    if found is not None:
        found = first_dependent(problem.x, has_intercept)
    if found is None:
        return
    column, others = found
    listed = ", ".join(problem.names[j] for j in others) or "the constant"
    raise EstimationError(f"the column {problem.names[column]!r} is a combination of others", got=listed,
                          expected="columns of full rank", where=problem.where,
                          next_step=f"leave {problem.names[column]!r} or one of the others out")  # fmt: skip


def first_dependent(x: Array, has_intercept: bool) -> tuple[int, list[int]] | None:
    """The first column that is a combination of earlier ones, with those; columns centred when there is an intercept."""
    scaled = x - x.mean(axis=0) if has_intercept else x.copy()
    norms = np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
    kept: list[int] = []
    scaled /= np.where(norms > 0.0, norms, 1.0)
    gram = crossproduct(scaled)
    for j in range(int(has_intercept), len(norms)):
        if norms[j] == 0.0:  # constant in this part of the rows
            return j, []
        if kept:
            slopes = np.linalg.solve(gram[np.ix_(kept, kept)], gram[kept, j])
            if 1.0 - gram[kept, j] @ slopes < LEAST_UNEXPLAINED:
                return j, [kept[i] for i in np.flatnonzero(np.abs(slopes) > 1e-6)]
        kept.append(j)
    return None


def no_convergence(problem: Problem, direction: Array, iterations: int) -> EstimationError:
    """The error for a fit that found no maximum: separation by name where it is the reason.

    `direction` is the optimiser's last step, which under separation points to infinity.
    """
    separating = direction if _is_separating(problem, direction) else _separating_direction(problem)
    if separating is None:
        return EstimationError(f"no maximum of the likelihood after {iterations} iterations", where=problem.where,
                               next_step="rescale or centre the columns; look for levels with few events")  # fmt: skip
    reach = np.abs(separating) * (problem.x.max(axis=0) - problem.x.min(axis=0))
    named = [problem.names[j] for j in np.argsort(-reach) if reach[j] > 0.01 * reach.max()]
    margin = np.where(problem.y, 1.0, -1.0) * (problem.x @ separating)
    certain = margin > 1e-3 * np.abs(margin).max()
    return EstimationError(
        f"a combination of columns predicts {problem.outcome} perfectly: coefficients would be infinite",
        got=f"columns {', '.join(named[:8])}; {int(certain.sum()):,} rows predicted with certainty, "
        f"{int(problem.y[certain].sum()):,} of them events",
        expected="no combination of columns with all events on one side", where=problem.where,
        next_step="leave one of these columns out, or join levels",
    )  # fmt: skip


def _is_separating(problem: Problem, direction: Array) -> bool:
    """Whether no row moves against its outcome along the direction, and some row moves with it."""
    margin = np.where(problem.y, 1.0, -1.0) * (problem.x @ direction)
    largest = float(np.abs(margin).max())
    return largest > 0.0 and bool(margin.min() >= -1e-6 * largest)


def _separating_direction(problem: Problem) -> Array | None:
    """A separating direction by linear programming, or None: maximise the summed margins, none negative, |d| <= 1."""
    if len(problem.x) > LARGEST_PROGRAM:
        return None
    scale = np.abs(problem.x).max(axis=0)
    signed = np.where(problem.y, 1.0, -1.0)[:, None] * problem.x / scale
    answer = optimize.linprog(-signed.mean(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1.0, 1.0))
    if answer.status != 0 or answer.fun > -1e-9:
        return None
    return np.asarray(answer.x / scale)
