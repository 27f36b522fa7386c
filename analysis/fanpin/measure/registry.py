"""Indices by name: adding one takes a file with its two functions in `fanpin.kernels.indices` and a line here."""

from __future__ import annotations

from collections.abc import Callable

from fanpin.kernels.index import Density, LineIndex
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
