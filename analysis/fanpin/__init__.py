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
    from fanpin.measure import (
        chronic_poverty,
        concentration,
        concentration_decomposition,
        contrast,
        differences,
        group_difference,
        health_burden,
        income_hhi,
        income_sources,
        inequality,
        inequality_decomposition,
        lorenz,
        multidimensional,
        multidimensional_robustness,
        poverty,
        poverty_change,
        survival,
        tip,
        transitions,
    )
    from fanpin.models import (
        average_effects,
        fixed_effects_logit,
        frailty_test,
        hausman,
        hazard,
        instrumented,
        linear_panel,
        multi_spell,
        mundlak_test,
        pool,
        posterior_effects,
        quadrature_check,
        random_effects,
        survey_glm,
        unit_probabilities,
        unobserved_effects,
    )
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
        with_left_households,
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
    "chronic_poverty": "fanpin.measure",
    "concentration": "fanpin.measure",
    "concentration_decomposition": "fanpin.measure",
    "contrast": "fanpin.measure",
    "deflate": "fanpin.panel",
    "differences": "fanpin.measure",
    "entry_risk_set": "fanpin.panel",
    "equivalise": "fanpin.panel",
    "exit_risk_set": "fanpin.panel",
    "fixed_effects_logit": "fanpin.models",
    "frailty_test": "fanpin.models",
    "group_difference": "fanpin.measure",
    "hausman": "fanpin.models",
    "hazard": "fanpin.models",
    "health_burden": "fanpin.measure",
    "identity_checks": "fanpin.panel",
    "income_components": "fanpin.panel",
    "income_hhi": "fanpin.measure",
    "income_sources": "fanpin.measure",
    "income_total_check": "fanpin.panel",
    "inequality": "fanpin.measure",
    "inequality_decomposition": "fanpin.measure",
    "instrumented": "fanpin.models",
    "join_places": "fanpin.panel",
    "linear_panel": "fanpin.models",
    "link_panel": "fanpin.panel",
    "load_study": "fanpin.pipeline.study",
    "lorenz": "fanpin.measure",
    "multidimensional": "fanpin.measure",
    "multidimensional_robustness": "fanpin.measure",
    "multi_spell": "fanpin.models",
    "mundlak_test": "fanpin.models",
    "panel_links": "fanpin.panel",
    "pool": "fanpin.models",
    "posterior_effects": "fanpin.models",
    "poverty": "fanpin.measure",
    "poverty_change": "fanpin.measure",
    "poverty_status": "fanpin.panel",
    "quadrature_check": "fanpin.models",
    "random_effects": "fanpin.models",
    "relapse_risk_set": "fanpin.panel",
    "shared_weights": "fanpin.panel",
    "simulate_city_c": "fanpin.simulate",
    "spells": "fanpin.panel",
    "staying_weights": "fanpin.panel",
    "survey_glm": "fanpin.models",
    "survival": "fanpin.measure",
    "table": "fanpin.report.table",
    "tail_counts": "fanpin.panel",
    "tip": "fanpin.measure",
    "top_bottom_code": "fanpin.panel",
    "township_rates": "fanpin.monitor",
    "transitions": "fanpin.measure",
    "unit_probabilities": "fanpin.models",
    "unobserved_effects": "fanpin.models",
    "weight_summary": "fanpin.panel",
    "with_left_households": "fanpin.panel",
}

__all__ = [
    "Design",
    "Line",
    "Study",
    "attrition",
    "attrition_states",
    "average_effects",
    "chain_income",
    "chronic_poverty",
    "codebook",
    "concentration",
    "concentration_decomposition",
    "contrast",
    "deflate",
    "differences",
    "entry_risk_set",
    "equivalise",
    "exit_risk_set",
    "figures",
    "fixed_effects_logit",
    "frailty_test",
    "group_difference",
    "harmonise",
    "hausman",
    "hazard",
    "health_burden",
    "identity_checks",
    "income_components",
    "income_hhi",
    "income_sources",
    "income_total_check",
    "inequality",
    "inequality_decomposition",
    "instrumented",
    "join_places",
    "linear_panel",
    "link_panel",
    "load_study",
    "lorenz",
    "multi_spell",
    "multidimensional",
    "multidimensional_robustness",
    "mundlak_test",
    "panel_links",
    "pool",
    "posterior_effects",
    "poverty",
    "poverty_change",
    "poverty_status",
    "quadrature_check",
    "random_effects",
    "relapse_risk_set",
    "shared_weights",
    "simulate_city_c",
    "sources",
    "spells",
    "staying_weights",
    "survey_glm",
    "survival",
    "table",
    "tail_counts",
    "tip",
    "top_bottom_code",
    "township_rates",
    "transitions",
    "unit_probabilities",
    "unobserved_effects",
    "weight_summary",
    "with_left_households",
]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("fanpin.report.figures")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fanpin' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
