"""Classes of units as combinations of mass points, one set of points for each of several effects.

Class (m, l, …) has the m-th point of the first effect, the l-th of the second and so on; shares are free over the
combinations, so effects may be correlated in any way. The first point of each effect is 0, beside the free intercept of
its process. With `linked`, a last process (the state at the first wave) has no effect of its own: it is shifted by a free
amount for each point of every effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from fanpin.kernels.links import Array
from fanpin.kernels.mass_points.mixture import Mixture, Process

Combination = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """How many points each effect has, and which combinations have a share.

    Attributes
    ----------
    masses : points of each effect.
    classes : combinations with a share, points counted from 0.
    linked : whether a last process is shifted by the points of all effects.
    """

    masses: tuple[int, ...]
    classes: tuple[Combination, ...]
    linked: bool

    @classmethod
    def full(cls, masses: tuple[int, ...], *, linked: bool) -> ClassPlan:
        """Every combination of points."""
        return cls(masses, tuple(product(*(range(m) for m in masses))), linked)

    @property
    def own(self) -> list[slice]:
        """Where the points 2, 3, … of each effect stand in psi."""
        ends = np.cumsum([0, *(m - 1 for m in self.masses)])
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @property
    def shifts(self) -> list[slice]:
        """Where the linked process's shifts for the points 2, 3, … of each effect stand in psi."""
        first = sum(m - 1 for m in self.masses)
        return [slice(s.start + first, s.stop + first) for s in self.own] if self.linked else []

    def effects(self) -> Array:
        """The coefficients of the effects in psi, (classes, processes, free effects)."""
        width = sum(m - 1 for m in self.masses) * (2 if self.linked else 1)
        out = np.zeros((len(self.classes), len(self.masses) + self.linked, width))
        for c, combination in enumerate(self.classes):
            for p, point in enumerate(combination):
                if point > 0:
                    out[c, p, self.own[p].start + point - 1] = 1.0
                    if self.linked:
                        out[c, -1, self.shifts[p].start + point - 1] = 1.0
        return out

    def mixture(self, processes: tuple[Process, ...], units: int, weight: Array | None) -> Mixture:
        """The mixture of these classes."""
        return Mixture(processes, units, self.effects(), weight)

    def points(self, mixture: Mixture, params: Array) -> list[Array]:
        """The mass points of each effect, the first 0."""
        psi = params[mixture.effect_slice]
        return [np.append(0.0, psi[own]) for own in self.own]


def in_descending_order(plan: ClassPlan, mixture: Mixture, params: Array) -> tuple[ClassPlan, Array]:
    """The same likelihood with each effect's points in descending order: the first class has the highest hazard.

    The first column of every process must be its intercept, which takes up the change of origin.
    """
    out, psi = params.copy(), params[mixture.effect_slice].copy()
    orders = [np.argsort(-points, kind="stable") for points in plan.points(mixture, params)]
    slopes = mixture.slopes
    for p, order in enumerate(orders):
        targets = [(p, plan.own[p]), *([(len(slopes) - 1, plan.shifts[p])] if plan.linked else [])]
        for process, where in targets:
            values = np.append(0.0, params[mixture.effect_slice][where])[order]
            out[slopes[process].start] += values[0]
            psi[where] = values[1:] - values[0]
    out[mixture.effect_slice] = psi
    ranks = [np.argsort(order) for order in orders]
    renamed = [tuple(int(ranks[p][m]) for p, m in enumerate(combination)) for combination in plan.classes]
    return _sorted(plan, renamed, out, mixture)


def _sorted(plan: ClassPlan, renamed: list[Combination], params: Array, mixture: Mixture) -> tuple[ClassPlan, Array]:
    order = sorted(range(len(renamed)), key=lambda c: renamed[c])
    logs = np.append(0.0, params[mixture.share_slice])[order]
    out = params.copy()
    out[mixture.share_slice] = logs[1:] - logs[0]
    return ClassPlan(plan.masses, tuple(renamed[c] for c in order), plan.linked), out


def without_classes(plan: ClassPlan, mixture: Mixture, params: Array, empty: list[int]) -> tuple[ClassPlan, Array]:
    """The plan and parameters without some classes, whose shares are 0."""
    kept = [c for c in range(len(plan.classes)) if c not in empty]
    logs = np.append(0.0, params[mixture.share_slice])[kept]
    smaller = ClassPlan(plan.masses, tuple(plan.classes[c] for c in kept), plan.linked)
    return smaller, np.concatenate([params[: mixture.share_slice.start], logs[1:] - logs[0]])
