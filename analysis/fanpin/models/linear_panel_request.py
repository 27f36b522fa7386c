"""What `linear_panel` was asked, checked at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanpin.core.arguments import check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.errors import InapplicableError, InputError, unknown_name
from fanpin.core.options import PanelEffects, UnitCovariance, check_option

KIND = "linear_panel"
ONE_WORD: tuple[PanelEffects, ...] = ("pooled", "random", "between", "difference")
WORDS = {"fixed": "fixed effects", "pooled": "pooled least squares", "random": "random effects (Swamy-Arora)",
         "between": "least squares of unit means", "difference": "first differences"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearPanelRequest:
    """What was asked of `linear_panel`, checked; `cluster` is the column in use, or None."""

    formula: str
    unit: str
    time: str
    effects: PanelEffects
    absorbed: tuple[str, ...]
    cov: UnitCovariance
    cluster: str | None
    design: Design | None

    @classmethod
    def checked(cls, formula: str, *, unit: str, time: str, effects: Any, cov: UnitCovariance, cluster: str | None,
                design: Design | None) -> LinearPanelRequest:  # fmt: skip
        """The request; raises for options that contradict each other."""
        check_option("cov", cov, UnitCovariance)
        check_columns_named(KIND, unit=unit, time=time, **({} if cluster is None else {"cluster": cluster}))
        check_design(design)
        check_linearised(design, where=KIND)
        kind, absorbed = _effects(effects)
        if cluster is not None and cov != "cluster":
            raise InputError(f"cluster={cluster!r} needs cov='cluster'", got=f"cov={cov!r}")
        if design is not None:
            if cov != "cluster" or cluster is not None:
                raise InputError("design= brings its own covariance; cov= and cluster= cannot be used with it",
                                 next_step="leave them out, or give Design(psu=…) instead of cluster=")  # fmt: skip
            if kind not in ("fixed", "pooled"):
                raise InapplicableError(f"effects={kind!r} has no design-based estimates here: its transformation mixes rows "
                                        "of different weights", expected="fixed effects or 'pooled'")  # fmt: skip
        by = (cluster or unit) if design is None and cov == "cluster" else None
        return cls(formula=formula, unit=unit, time=time, effects=kind, absorbed=absorbed, cov=cov, cluster=by,
                   design=design)  # fmt: skip

    @property
    def identifiers(self) -> list[str]:
        """Columns that may not be missing."""
        return list(dict.fromkeys([self.unit, self.time, *([self.cluster] if self.cluster else [])]))

    @property
    def removed(self) -> str:
        """What takes variation away, in words."""
        if self.effects == "fixed":
            return f"the {' and '.join(self.absorbed)} effects"
        return {"difference": "differencing", "between": "averaging"}.get(self.effects, "")


def _effects(effects: Any) -> tuple[PanelEffects, tuple[str, ...]]:
    """The estimator and the effects it absorbs."""
    for word in ONE_WORD:
        if effects == word:
            return word, ()
    asked = (effects,) if isinstance(effects, str) else tuple(effects or ())
    for name in asked:
        if name not in ("unit", "time"):
            raise unknown_name("effects", name, ["unit", "time", *ONE_WORD])
    if not asked:
        raise InputError("no effects are named", expected="such as ('unit', 'time'), or 'pooled' for none")
    return "fixed", tuple(name for name in ("unit", "time") if name in asked)
