"""Estimators of relapse, and what follows a fitted model."""

from fanpin.models.effects import average_effects
from fanpin.models.hazard import hazard
from fanpin.models.joint import joint_test

__all__ = ["average_effects", "hazard", "joint_test"]
