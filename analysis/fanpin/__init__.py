"""fanpin (返贫): why households that had left poverty fall back.

Names are loaded when first used, so that ``import fanpin as fp`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fanpin.harmonise import codebook, harmonise, sources

if TYPE_CHECKING:
    from fanpin.core.design import Design
    from fanpin.core.line import Line
    from fanpin.measure import poverty, survival, transitions
    from fanpin.models import average_effects, hazard
    from fanpin.monitor import township_rates
    from fanpin.panel import (
        attrition,
        attrition_states,
        chain_income,
        deflate,
        entry_risk_set,
        equivalise,
        exit_risk_set,
        identity_checks,
        income_components,
        income_total_check,
        join_places,
        link_panel,
        panel_links,
        poverty_status,
        relapse_risk_set,
        shared_weights,
        spells,
        staying_weights,
        tail_counts,
        top_bottom_code,
        weight_summary,
    )
    from fanpin.pipeline.study import Study, load_study
    from fanpin.report import figures
    from fanpin.report.table import table
    from fanpin.simulate import simulate_city_c

__version__ = version("fanpin")

_HOME = {
    "Design": "fanpin.core.design",
    "Line": "fanpin.core.line",
    "Study": "fanpin.pipeline.study",
    "attrition": "fanpin.panel",
    "attrition_states": "fanpin.panel",
    "average_effects": "fanpin.models",
    "chain_income": "fanpin.panel",
    "deflate": "fanpin.panel",
    "entry_risk_set": "fanpin.panel",
    "equivalise": "fanpin.panel",
    "exit_risk_set": "fanpin.panel",
    "hazard": "fanpin.models",
    "identity_checks": "fanpin.panel",
    "income_components": "fanpin.panel",
    "income_total_check": "fanpin.panel",
    "join_places": "fanpin.panel",
    "link_panel": "fanpin.panel",
    "load_study": "fanpin.pipeline.study",
    "panel_links": "fanpin.panel",
    "poverty": "fanpin.measure",
    "poverty_status": "fanpin.panel",
    "relapse_risk_set": "fanpin.panel",
    "simulate_city_c": "fanpin.simulate",
    "shared_weights": "fanpin.panel",
    "spells": "fanpin.panel",
    "staying_weights": "fanpin.panel",
    "survival": "fanpin.measure",
    "table": "fanpin.report.table",
    "tail_counts": "fanpin.panel",
    "top_bottom_code": "fanpin.panel",
    "township_rates": "fanpin.monitor",
    "transitions": "fanpin.measure",
    "weight_summary": "fanpin.panel",
}

__all__ = [
    "Design",
    "Line",
    "Study",
    "attrition",
    "attrition_states",
    "average_effects",
    "chain_income",
    "codebook",
    "deflate",
    "entry_risk_set",
    "equivalise",
    "exit_risk_set",
    "figures",
    "harmonise",
    "hazard",
    "identity_checks",
    "income_components",
    "income_total_check",
    "join_places",
    "link_panel",
    "load_study",
    "panel_links",
    "poverty",
    "poverty_status",
    "relapse_risk_set",
    "shared_weights",
    "simulate_city_c",
    "sources",
    "spells",
    "staying_weights",
    "survival",
    "table",
    "tail_counts",
    "top_bottom_code",
    "township_rates",
    "transitions",
    "weight_summary",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("fanpin.report.figures")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fanpin' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
