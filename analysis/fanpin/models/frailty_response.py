"""The event probability of a fitted model as a function of the linear predictor, unit effects integrated out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fanpin.kernels.links import Array, Link, link_by_name
from fanpin.kernels.marginal import Curve
from fanpin.kernels.random_effects.curve import integrated_curve, sigma_derivative
from fanpin.models.design_matrix import DesignMatrix
from fanpin.results import Estimates


@dataclass(frozen=True, slots=True)
class Response:
    """A probability with parameters beyond the coefficients.

    Attributes
    ----------
    level : the probability, its slope and its bend.
    derivatives : for each further parameter, the derivative of the probability and of its slope.
    beta : (k,) coefficients.
    names : coefficients, then further parameters: those of `result.cov` that effects depend on.
    """

    level: Link | Curve
    derivatives: tuple[Curve, ...]
    beta: Array
    names: tuple[str, ...]


def response_of(result: Estimates, matrix: DesignMatrix) -> Response:
    """The response of a result; at the boundary sigma = 0, or without unit effects, the link alone."""
    assert result.link is not None
    link, names = link_by_name(result.link), matrix.names
    beta = np.asarray(result.params[list(names)], dtype=float)
    if "sigma" not in result.params.index or result.options["boundary"]:
        return Response(link, (), beta, names)
    sigma = float(result.params["sigma"])
    return Response(integrated_curve(link, sigma), (sigma_derivative(link, sigma),), beta, (*names, "sigma"))
