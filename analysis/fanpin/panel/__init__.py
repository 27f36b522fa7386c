"""Canonical tables to the analysis panel: poverty status, spells and risk sets."""

from fanpin.panel.risk_sets import entry_risk_set, exit_risk_set, relapse_risk_set
from fanpin.panel.spells import spells
from fanpin.panel.status import poverty_status, ties_at_line

__all__ = ["entry_risk_set", "exit_risk_set", "poverty_status", "relapse_risk_set", "spells", "ties_at_line"]
