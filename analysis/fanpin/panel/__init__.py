"""Canonical tables to the analysis panel: links over waves, money, poverty status, spells, risk sets and attrition."""

from fanpin.panel.attrition import attrition
from fanpin.panel.equivalence import equivalise
from fanpin.panel.identity import identity_checks
from fanpin.panel.income import chain_income, income_components, income_total_check
from fanpin.panel.left_households import with_left_households
from fanpin.panel.link_panel import link_panel
from fanpin.panel.links import panel_links
from fanpin.panel.money import deflate
from fanpin.panel.places import join_places
from fanpin.panel.risk_sets import entry_risk_set, exit_risk_set, relapse_risk_set
from fanpin.panel.spells import spells
from fanpin.panel.states import attrition_states
from fanpin.panel.status import poverty_status, ties_at_line
from fanpin.panel.staying import staying_weights, weight_summary
from fanpin.panel.tails import tail_counts, top_bottom_code
from fanpin.panel.weight_share import shared_weights

__all__ = [
    "attrition",
    "attrition_states",
    "chain_income",
    "deflate",
    "entry_risk_set",
    "equivalise",
    "exit_risk_set",
    "identity_checks",
    "income_components",
    "income_total_check",
    "join_places",
    "link_panel",
    "panel_links",
    "poverty_status",
    "relapse_risk_set",
    "shared_weights",
    "spells",
    "staying_weights",
    "tail_counts",
    "ties_at_line",
    "top_bottom_code",
    "weight_summary",
    "with_left_households",
]
