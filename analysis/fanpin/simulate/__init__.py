"""Simulated survey, register and census extracts of City C, with the truth behind them."""

from fanpin.simulate.study import SimulatedStudy, simulate_city_c
from fanpin.simulate.truth import Truth

__all__ = ["SimulatedStudy", "Truth", "simulate_city_c"]
