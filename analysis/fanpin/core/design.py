"""The survey design: which columns hold weights, strata, clusters and population sizes."""

from __future__ import annotations

from dataclasses import dataclass

from fanpin.core.errors import InputError
from fanpin.core.options import Singleton, check_option


@dataclass(frozen=True)
class Design:
    """Columns that describe how rows were sampled (first stage, with or without replacement).

    Parameters
    ----------
    weight : sampling weight, proportional to the inverse inclusion probability; None weighs rows equally.
    stratum : first-stage stratum.
    psu : primary sampling unit; None makes every row its own.
    fpc : number of PSUs in the stratum's population (> 1), or the sampled share (<= 1); None samples with replacement.
    nest : PSU labels repeat across strata, so a PSU is the pair (stratum, psu).
    singleton : a stratum with one PSU raises ("fail"), is centred on the grand mean ("centre"), or adds
        no variance ("certainty").
    """

    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    fpc: str | None = None
    nest: bool = True
    singleton: Singleton = "fail"

    def __post_init__(self) -> None:
        check_option("singleton", self.singleton, Singleton)
        if self.fpc is not None and self.psu is None and self.stratum is None and self.weight is None:
            raise InputError("fpc without psu, stratum or weight", expected="the sampled units that fpc counts")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns used, without repeats."""
        named = (self.weight, self.stratum, self.psu, self.fpc)
        return tuple(dict.fromkeys(c for c in named if c is not None))

    def describe(self) -> str:
        """The design in words, for notes under tables; a column with the canonical name of its role goes without saying."""
        roles = (("weights", self.weight, "weight"), ("strata", self.stratum, "stratum"), ("clusters", self.psu, "psu"),
                 ("fpc", self.fpc, "fpc"))  # fmt: skip
        parts = [role if column == canonical else f"{role} ({column})" for role, column, canonical in roles if column]
        return ", ".join(parts) if parts else "simple random sample"
