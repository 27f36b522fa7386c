"""Design-based measurement: poverty indices, transition rates, relapse-free shares; every one with its standard error."""

from fanpin.measure.poverty import poverty
from fanpin.measure.survival import survival
from fanpin.measure.transitions import transitions

__all__ = ["poverty", "survival", "transitions"]
