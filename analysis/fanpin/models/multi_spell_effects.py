"""The distribution of two correlated effects with mass points: shares, standard deviations, correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fanpin.kernels.mass_points import ClassPlan

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassMoments:
    """Functions of the points and log shares of a plan.

    Attributes
    ----------
    plan : points and classes.
    names : of the values.
    """

    plan: ClassPlan
    names: tuple[str, ...]

    def values(self, tail: Array) -> Array:
        """The values at (points, loadings of the first state, log shares)."""
        effects = self.plan.effects()
        at = effects[:, : len(self.plan.masses), :] @ tail[: effects.shape[2]]  # (classes, effects)
        shares = special.softmax(np.append(0.0, tail[effects.shape[2] :]))
        centred = at - shares @ at
        covariance = (centred.T * shares) @ centred
        sd = np.sqrt(np.diag(covariance))
        varying = [p for p, count in enumerate(self.plan.masses) if count > 1]
        both = [covariance[0, 1] / (sd[0] * sd[1])] if len(varying) == 2 else []
        return np.concatenate([shares, sd[varying], both])


def class_moments(plan: ClassPlan) -> ClassMoments:
    """The moments of a plan with the effects exit and relapse."""
    names = [f"share ({', '.join(str(point + 1) for point in c)})" for c in plan.classes]
    names += [f"sd {effect}" for effect, count in zip(("exit", "relapse"), plan.masses, strict=True) if count > 1]
    if min(plan.masses) > 1:
        names.append("correlation")
    return ClassMoments(plan, tuple(names))
