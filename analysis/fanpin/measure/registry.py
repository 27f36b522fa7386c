"""Indices by name: adding one takes a file with its two functions in `fanpin.kernels.indices` and a line here."""

from __future__ import annotations

from collections.abc import Callable

from fanpin.kernels.index import BoundedIndex, Density, LineIndex
from fanpin.kernels.indices.atkinson import Atkinson
from fanpin.kernels.indices.decomposition import EntropyParts, GiniParts
from fanpin.kernels.indices.entropy import GeneralisedEntropy
from fanpin.kernels.indices.gini import Gini
from fanpin.kernels.indices.quantile_shares import MeanAt, ShareRatio
from fanpin.kernels.indices.rmpg import RelativeMedianGap
from fanpin.kernels.indices.sen import IncomeGapRatio, SenShorrocksThon
from fanpin.kernels.indices.watts import Watts

# Made from whether the poor have y < z, and a density at a point of values with weights.
LINE_INDICES: dict[str, Callable[[bool, Density], LineIndex]] = {
    "watts": lambda strict, density: Watts(),
    "sen_shorrocks_thon": lambda strict, density: SenShorrocksThon(),
    "income_gap_ratio": lambda strict, density: IncomeGapRatio(strict=strict),
    "rmpg": lambda strict, density: RelativeMedianGap(density=density, strict=strict),
}

# Made from the mean of welfare at a quantile, where it is not the quantile itself.
INEQUALITY_INDICES: dict[str, Callable[[MeanAt | None], BoundedIndex]] = {
    "gini": lambda mean_at: Gini(),
    "theil_l": lambda mean_at: GeneralisedEntropy(0.0, "theil_l"),
    "theil_t": lambda mean_at: GeneralisedEntropy(1.0, "theil_t"),
    "qsr": lambda mean_at: ShareRatio(0.2, 0.8, "qsr", mean_at),
    "palma": lambda mean_at: ShareRatio(0.4, 0.9, "palma", mean_at),
}
# Made from the number after the colon, as in "ge:2", and the term's name.
INEQUALITY_FAMILIES: dict[str, Callable[[float, str], BoundedIndex]] = {"ge": GeneralisedEntropy, "atkinson": Atkinson}
# Indices that split between and within groups; those of a family are made from the number.
DECOMPOSITIONS: dict[str, Callable[[], BoundedIndex]] = {
    "gini": GiniParts,
    "theil_l": lambda: EntropyParts(0.0),
    "theil_t": lambda: EntropyParts(1.0),
}
DECOMPOSED_FAMILIES: dict[str, Callable[[float], BoundedIndex]] = {"ge": EntropyParts}
