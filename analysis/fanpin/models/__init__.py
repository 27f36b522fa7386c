"""Estimators of relapse, and what follows a fitted model."""

from fanpin.models.effects import average_effects
from fanpin.models.fixed_effects_logit import fixed_effects_logit
from fanpin.models.hazard import hazard
from fanpin.models.joint import joint_test
from fanpin.models.linear_panel import linear_panel
from fanpin.models.pool import pool, pooled_test
from fanpin.models.survey_glm import survey_glm

__all__ = [
    "average_effects",
    "fixed_effects_logit",
    "hazard",
    "joint_test",
    "linear_panel",
    "pool",
    "pooled_test",
    "survey_glm",
]
