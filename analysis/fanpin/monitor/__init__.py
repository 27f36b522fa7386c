"""Monitoring: printed tables checked, township rates, how much townships differ."""

from fanpin.monitor.heterogeneity import heterogeneity
from fanpin.monitor.printed_totals import compare_totals
from fanpin.monitor.townships import township_rates

__all__ = ["compare_totals", "heterogeneity", "township_rates"]
