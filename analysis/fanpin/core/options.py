"""The words options may take, and the check at the door."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, get_args

from fanpin.core.errors import InputError, unknown_name

Period = Literal["year", "month", "day"]
WavePeriod = Literal["year", "quarter"]
LineStatistic = Literal["median", "mean"]
LeftCensored = Literal["drop", "flag"]
Singleton = Literal["fail", "centre", "certainty"]
Replication = Literal["jkn", "brr", "fay", "bootstrap"]
Link = Literal["cloglog", "logit", "probit"]
Covariance = Literal["cluster", "robust", "classic"]
Family = Literal["binomial", "gaussian", "poisson"]
MeanLink = Literal["logit", "probit", "cloglog", "identity", "log"]
PanelEffects = Literal["fixed", "pooled", "random", "between", "difference"]
UnitCovariance = Literal["classic", "robust", "cluster"]
Frailty = Literal["normal", "discrete"]
EffectTaken = Literal["integrated", "zero", "posterior"]
Points = int | Literal["auto"]
Bandwidth = Literal["n", "convey"]
PovertyIndex = Literal["headcount", "gap", "severity", "watts", "sen_shorrocks_thon", "income_gap_ratio", "rmpg"]
FgtIndex = Literal["headcount", "gap", "severity"]
ChronicMethod = Literal["jalan_ravallion", "bias_corrected"]
ChangeMethod = Literal["shapley", "datt_ravallion", "ravallion_huppi"]
ReferenceWave = Literal["first", "second"]
ConcentrationKind = Literal["standard", "erreygers", "wagstaff"]
Interval = Literal["wald", "logit", "loglog", "wilson"]
Engine = Literal["duckdb", "spark"]
BadValues = Literal["stop", "missing"]
SurvivalScale = Literal["time", "visits"]
Language = Literal["en", "zh"]
TableStyle = Literal["three-line"]
TablePanels = Literal["stacked", "beside"]
MissingReason = Literal["refused", "dont_know", "not_applicable", "not_asked", "below_detection", "lost_in_coding"]
Splits = Literal["branch_weight", "largest", "base_household"]
PanelWeights = Literal["delivered", "staying"]
EquivalenceScale = Literal["per_capita", "square_root", "oecd", "modified_oecd", "ar_adult_equivalent"]
TailMethod = Literal["winsorise", "trim", "flag"]
PlaceWave = Literal["same", "latest"]
ColumnRule = Literal["sum", "mean", "any", "main"]

Word = TypeVar("Word", bound=str)


def check_option(name: str, value: Word, allowed: Any) -> Word:
    """Return `value` if the Literal alias `allowed` lists it; else raise with the allowed words."""
    words = get_args(allowed)
    if value not in words:
        raise unknown_name(f"value for {name}=", value, words)
    return value


def check_level(level: float) -> float:
    """Return a confidence level in (0, 1); else raise."""
    if not 0.0 < level < 1.0:
        raise InputError(f"confidence level {level!r} is not a share", expected="0 < level < 1, such as 0.95")
    return float(level)
