"""Design-based measurement: poverty indices, transition rates, relapse-free shares; every one with its standard error."""

from fanpin.measure.changes import poverty_change
from fanpin.measure.chronic import chronic_poverty
from fanpin.measure.concentration import concentration, concentration_decomposition
from fanpin.measure.contrast import contrast
from fanpin.measure.differences import differences
from fanpin.measure.group_difference import group_difference
from fanpin.measure.health_burden import health_burden
from fanpin.measure.income_concentration import income_hhi
from fanpin.measure.income_sources import income_sources
from fanpin.measure.inequality import inequality, inequality_decomposition
from fanpin.measure.lorenz import lorenz
from fanpin.measure.multidimensional import multidimensional
from fanpin.measure.multidimensional_robustness import multidimensional_robustness
from fanpin.measure.poverty import poverty
from fanpin.measure.survival import survival
from fanpin.measure.tip import tip
from fanpin.measure.transitions import transitions

__all__ = [
    "chronic_poverty",
    "concentration",
    "concentration_decomposition",
    "contrast",
    "differences",
    "group_difference",
    "health_burden",
    "income_hhi",
    "income_sources",
    "inequality",
    "inequality_decomposition",
    "lorenz",
    "multidimensional",
    "multidimensional_robustness",
    "poverty",
    "poverty_change",
    "survival",
    "tip",
    "transitions",
]
