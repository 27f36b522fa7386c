"""Two-stage least squares on arrays, and the reduced form behind its first stage and weak-instrument inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IvArrays:
    """The columns of an instrumented model, n rows.

    Attributes
    ----------
    y : (n,) outcome.
    exogenous : (n, k) included exogenous columns.
    endogenous : (n, m) endogenous columns.
    instruments : (n, q) excluded instruments.
    weight : (n,) positive weights.
    """

    y: Array
    exogenous: Array
    endogenous: Array
    instruments: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Stacked:
    """Several linear equations with their scores side by side.

    Attributes
    ----------
    params : (p,) coefficients.
    scores : (n, p) scores of rows, before weights.
    information : (p, p) derivative of the weighted score total.
    classic : (p, p) covariance for errors of one variance, independent over rows.
    df_resid : rows less coefficients of one equation.
    """

    params: Array
    scores: Array
    information: Array
    classic: Array
    df_resid: float


def two_stage(columns: IvArrays, params: Array) -> Stacked:
    """The second stage at `params`, ordered as exogenous then endogenous: its scores are fitted columns times residuals."""
    x = np.column_stack([columns.exogenous, columns.endogenous])
    z = np.column_stack([columns.exogenous, columns.instruments])
    root = np.sqrt(columns.weight)[:, None]
    fitted = z @ np.linalg.lstsq(z * root, x * root, rcond=None)[0]
    residual = columns.y - x @ params
    information = fitted.T @ (fitted * columns.weight[:, None])
    df = float(len(x) - x.shape[1])
    variance = float(columns.weight @ residual**2) / df
    classic = np.asarray(variance * np.linalg.inv(information), dtype=float)
    return Stacked(params, fitted * residual[:, None], information, classic, df)


def reduced_form(columns: IvArrays) -> Stacked:
    """Outcome and endogenous columns on the instruments, given the exogenous columns.

    Coefficients are stacked by equation: q of the outcome, then q of each endogenous column.
    """
    root = np.sqrt(columns.weight)[:, None]
    given = columns.exogenous * root
    z = columns.instruments - columns.exogenous @ np.linalg.lstsq(given, columns.instruments * root, rcond=None)[0]
    both = np.column_stack([columns.y, columns.endogenous])
    both = both - columns.exogenous @ np.linalg.lstsq(given, both * root, rcond=None)[0]
    gram: Array = z.T @ (z * columns.weight[:, None])
    slopes = np.asarray(np.linalg.solve(gram, z.T @ (both * columns.weight[:, None])), dtype=float)
    residual = both - z @ slopes
    equations, q = both.shape[1], z.shape[1]
    df = float(len(z) - columns.exogenous.shape[1] - q)
    variance = residual.T @ (residual * columns.weight[:, None]) / df
    scores = (residual[:, :, None] * z[:, None, :]).reshape(len(z), equations * q)
    information = np.asarray(np.kron(np.eye(equations), gram), dtype=float)
    classic = np.asarray(np.kron(variance, np.linalg.inv(gram)), dtype=float)
    return Stacked(slopes.T.ravel(), scores, information, classic, df)


def first_stage_f(params: Array, cov: Array, q: int, equation: int) -> float:
    """F that all instruments are 0 in the equation of an endogenous column (counted from 1)."""
    part = slice(equation * q, (equation + 1) * q)
    return float(params[part] @ np.linalg.solve(cov[part, part], params[part])) / q


def anderson_rubin(params: Array, cov: Array, value: float) -> float:
    """The Anderson-Rubin chi-squared of ``coefficient = value`` for one endogenous column, q degrees of freedom.

    Under the hypothesis y - value x does not depend on the instruments, however weak they are.
    """
    q = len(params) // 2
    gap = params[:q] - value * params[q:]
    cross = cov[:q, q:] + cov[q:, :q]
    variance = cov[:q, :q] - value * cross + value**2 * cov[q:, q:]
    return float(gap @ np.linalg.solve(variance, gap))
