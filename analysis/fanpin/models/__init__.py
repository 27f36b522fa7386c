"""Estimators of relapse, and what follows a fitted model."""

from fanpin.models.discrete_frailty import discrete_hazard
from fanpin.models.effects import average_effects
from fanpin.models.fixed_effects_logit import fixed_effects_logit
from fanpin.models.hazard import hazard
from fanpin.models.instrumented import instrumented
from fanpin.models.instrumented_tests import anderson_rubin_set, instrument_tests
from fanpin.models.joint import joint_test
from fanpin.models.linear_panel import linear_panel
from fanpin.models.linear_panel_tests import hausman, mundlak_test
from fanpin.models.multi_spell import multi_spell, unobserved_effects
from fanpin.models.pool import pool, pooled_test
from fanpin.models.random_effects import random_effects
from fanpin.models.random_effects_after import frailty_test, posterior_effects, quadrature_check
from fanpin.models.random_effects_predict import unit_probabilities
from fanpin.models.survey_glm import survey_glm

__all__ = [
    "anderson_rubin_set",
    "average_effects",
    "discrete_hazard",
    "fixed_effects_logit",
    "frailty_test",
    "hausman",
    "hazard",
    "instrument_tests",
    "instrumented",
    "joint_test",
    "linear_panel",
    "multi_spell",
    "mundlak_test",
    "pool",
    "pooled_test",
    "posterior_effects",
    "quadrature_check",
    "random_effects",
    "survey_glm",
    "unit_probabilities",
    "unobserved_effects",
]
