"""fanpin (返贫): why households that had left poverty fall back.

Names are loaded when first used, so that ``import fanpin as fp`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fanpin.harmonise import harmonise, sources

if TYPE_CHECKING:
    from fanpin.core.design import Design
    from fanpin.core.line import Line
    from fanpin.measure import poverty, survival, transitions
    from fanpin.models import average_effects, hazard
    from fanpin.monitor import township_rates
    from fanpin.panel import entry_risk_set, exit_risk_set, poverty_status, relapse_risk_set, spells
    from fanpin.pipeline.study import Study, load_study
    from fanpin.report import figures
    from fanpin.report.table import table

__version__ = version("fanpin")

_HOME = {
    "Design": "fanpin.core.design",
    "Line": "fanpin.core.line",
    "Study": "fanpin.pipeline.study",
    "average_effects": "fanpin.models",
    "entry_risk_set": "fanpin.panel",
    "exit_risk_set": "fanpin.panel",
    "hazard": "fanpin.models",
    "load_study": "fanpin.pipeline.study",
    "poverty": "fanpin.measure",
    "poverty_status": "fanpin.panel",
    "relapse_risk_set": "fanpin.panel",
    "spells": "fanpin.panel",
    "survival": "fanpin.measure",
    "table": "fanpin.report.table",
    "township_rates": "fanpin.monitor",
    "transitions": "fanpin.measure",
}

__all__ = [
    "Design",
    "Line",
    "Study",
    "average_effects",
    "entry_risk_set",
    "exit_risk_set",
    "figures",
    "harmonise",
    "hazard",
    "load_study",
    "poverty",
    "poverty_status",
    "relapse_risk_set",
    "sources",
    "spells",
    "survival",
    "table",
    "township_rates",
    "transitions",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("fanpin.report.figures")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fanpin' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
