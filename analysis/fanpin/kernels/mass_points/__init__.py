"""Finite mixtures of unit effects for binary outcomes of one or several processes, by maximum likelihood."""

from fanpin.kernels.mass_points.classes import ClassPlan
from fanpin.kernels.mass_points.fit import ClassFit, fit_classes
from fanpin.kernels.mass_points.gateaux import GateauxPoint, gateaux_maximum
from fanpin.kernels.mass_points.maximise import MixtureFit, maximise, maximise_from
from fanpin.kernels.mass_points.mixture import Mixture, MixturePoint, Process

__all__ = ["ClassFit", "ClassPlan", "GateauxPoint", "Mixture", "MixtureFit", "MixturePoint", "Process", "fit_classes",
           "gateaux_maximum", "maximise", "maximise_from"]  # fmt: skip
