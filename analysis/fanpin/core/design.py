"""The survey design: which columns hold weights, strata, clusters and population sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fanpin.core.errors import InputError
from fanpin.core.options import Replication, Singleton, check_option

REPLICATE_WORDS = {"jkn": "delete-one jackknife", "brr": "balanced repeated replication", "fay": "Fay's balanced replication",
                   "bootstrap": "rescaled bootstrap"}  # fmt: skip


@dataclass(frozen=True)
class Replicates:
    """How replicate weights are made, see `Design.replicates`."""

    kind: Replication
    n: int | None = None
    seed: int | None = None
    rho: float = 0.0


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
    replication : how standard errors are replicated instead of linearised; made by `replicates`.
    """

    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    fpc: str | None = None
    nest: bool = True
    singleton: Singleton = "fail"
    replication: Replicates | None = None

    def __post_init__(self) -> None:
        check_option("singleton", self.singleton, Singleton)
        if self.fpc is not None and self.psu is None and self.stratum is None and self.weight is None:
            raise InputError("fpc without psu, stratum or weight", expected="the sampled units that fpc counts")

    @classmethod
    def from_svy(cls, design: Any) -> Design:
        """The design of the package svy in these terms: its stratum, psu, wgt and pop_size.

        A stratum with one PSU raises, whatever svy would do; choose another rule with `dataclasses.replace`.

        Raises
        ------
        InputError : the object is no svy design, names several columns in a role, or has parts without counterpart here
            (second-stage units, replicate weights, selection probabilities, measures of size).
        """
        roles = {"weight": "wgt", "stratum": "stratum", "psu": "psu", "fpc": "pop_size"}
        if not all(hasattr(design, theirs) for theirs in roles.values()):
            raise InputError("no svy design", expected="an svy.Design", got=type(design).__name__)
        others = [p for p in ("ssu", "rep_wgts", "prob", "mos", "hit") if getattr(design, p, None) is not None]
        if others:
            raise InputError(f"an svy design with {', '.join(others)} has no counterpart here",
                             expected="stratum, psu, wgt and pop_size")  # fmt: skip
        parts = {ours: getattr(design, theirs) for ours, theirs in roles.items()}
        for ours, value in parts.items():
            if value is not None and not isinstance(value, str):
                raise InputError(f"an svy design with {roles[ours]}={value!r}", expected="the name of one column",
                                 next_step="join the columns into one")  # fmt: skip
        return cls(**{**parts, "fpc": None} if getattr(design, "wr", False) else parts)

    def replicates(
        self, kind: Replication, n: int | None = None, seed: int | None = None, *, rho: float | None = None
    ) -> Design:
        """The design with replicate weights: every statistic, its estimated line too, is taken anew with each of them.

        Parameters
        ----------
        kind : {"jkn", "brr", "fay", "bootstrap"}
            "jkn" leaves out one PSU at a time; it is inconsistent for what rests on quantiles (medians, estimated lines,
            quintile shares). "brr" halves strata of two PSUs each, "fay" weighs the halves by rho and 2 - rho. "bootstrap"
            draws n_h - 1 of the n_h PSUs of each stratum and rescales (Rao & Wu 1988; Rao, Wu & Yue 1992).
        n : int or None
            Replicates of the bootstrap, at least 2.
        seed : int or None
            Seed of the bootstrap, which it needs: results are to be repeatable.
        rho : float or None
            Fay's factor, 0 <= rho < 1; 0.5 by default.

        Raises
        ------
        UnknownNameError : the kind is not known.
        InputError : an argument that the kind needs is missing or out of range, or one it does not use is given.

        References
        ----------
        Rao, Wu & Yue (1992), Survey Methodology 18:209-217. Wolter (2007), Introduction to Variance Estimation, ch. 3-5.
        """
        check_option("kind", kind, Replication)
        drawn, fay = kind == "bootstrap", kind == "fay"
        if drawn and (not isinstance(n, int) or n < 2 or not isinstance(seed, int)):
            raise InputError("the bootstrap needs n and seed", expected='such as replicates("bootstrap", 500, seed=1)',
                             got=f"n={n!r}, seed={seed!r}")  # fmt: skip
        if not drawn and (n is not None or seed is not None):
            raise InputError(
                f"{kind!r} takes no n or seed: the design sets its replicates", got=f"n={n!r}, seed={seed!r}"
            )
        if rho is not None and not (fay and 0.0 <= rho < 1.0):
            raise InputError(f"rho={rho!r} does not fit {kind!r}", expected='0 <= rho < 1, with kind "fay"')
        shrink = (0.5 if rho is None else rho) if fay else 0.0
        return replace(self, replication=Replicates(kind, n, seed, shrink))

    @property
    def method(self) -> str:
        """How standard errors come about, for notes under tables."""
        made = self.replication
        if made is None:
            return "linearised standard errors"
        size = f", {made.n} replicates, seed {made.seed}" if made.kind == "bootstrap" else ""
        return f"standard errors from replicate weights ({REPLICATE_WORDS[made.kind]}{size})"

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
