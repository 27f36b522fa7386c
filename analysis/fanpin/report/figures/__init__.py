"""Figures of results, as matplotlib figures that know their caption and their text alternative."""

from fanpin.report.figures.cumulative import lorenz, tip
from fanpin.report.figures.curve import relapse_curve
from fanpin.report.figures.flow import transition_flow
from fanpin.report.figures.paper import PaperFigure, save_figure
from fanpin.report.figures.township import funnel

__all__ = ["PaperFigure", "funnel", "lorenz", "relapse_curve", "save_figure", "tip", "transition_flow"]
