"""What `instrumented` was asked, checked at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fanpin.core.arguments import as_names, check_columns_named, check_design, check_linearised
from fanpin.core.design import Design
from fanpin.core.errors import InputError
from fanpin.core.options import UnitCovariance, check_option

KIND = "instrumented"
Names = str | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentedRequest:
    """The request; `cov` is "robust" and without effect where there is a design."""

    formula: str
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    cov: UnitCovariance
    cluster: str | None
    design: Design | None

    @classmethod
    def checked(cls, formula: str, *, endogenous: Names, instruments: Names, cov: UnitCovariance, cluster: str | None,
                design: Design | None) -> InstrumentedRequest:  # fmt: skip
        """The request; raises for columns in two roles and options that contradict each other."""
        check_option("cov", cov, UnitCovariance)
        check_design(design)
        check_linearised(design, where=KIND)
        inner, outer = as_names("endogenous", endogenous), as_names("instruments", instruments)
        for role, names in (("endogenous", inner), ("instruments", outer)):
            if not names:
                raise InputError(f"{role}= names no column", expected="a column name or a list of column names")
            if len(set(names)) < len(names):
                raise InputError(f"{role}= names a column twice", got=", ".join(names))
        both = sorted(set(inner) & set(outer))
        if both:
            raise InputError(f"{', '.join(both)}: endogenous and an instrument at once", expected="one role each")
        if len(outer) < len(inner):
            raise InputError(f"{len(outer)} instruments cannot identify {len(inner)} endogenous columns",
                             expected="at least as many instruments as endogenous columns",
                             got=f"instruments {', '.join(outer)}; endogenous {', '.join(inner)}")  # fmt: skip
        if cluster is not None:
            check_columns_named(KIND, cluster=cluster)
        if (cov == "cluster") != (cluster is not None):
            raise InputError(f"cov={cov!r} with cluster={cluster!r}", expected="cov='cluster' and cluster= together")
        if design is not None and cov != "robust":
            raise InputError("design= brings its own covariance; cov= and cluster= cannot be used with it",
                             next_step="leave them out, or give Design(psu=…) instead of cluster=")  # fmt: skip
        return cls(formula=formula, endogenous=inner, instruments=outer, cov=cov, cluster=cluster, design=design)
