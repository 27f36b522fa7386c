"""Names of curves at their right ends."""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST = 0.055  # of the axis, between two names


def write_names(axes: Any, ends: list[tuple[str, float, float, str]]) -> None:
    """Write each curve's name to the right of its end; names of close curves are moved apart.

    Parameters
    ----------
    axes : with its limits set.
    ends : name, x, y and colour of each curve.
    """
    low, high = axes.get_ylim()
    heights = apart([y for _, _, y, _ in ends], LEAST * (high - low))
    for (name, x, _, colour), height in zip(ends, heights, strict=True):
        axes.annotate(name, (x, height), xytext=(4, 0), textcoords="offset points", color=colour, va="center",
                      annotation_clip=False)  # fmt: skip


def apart(heights: list[float], least: float) -> list[float]:
    """Heights moved as little as needed to stand at least `least` apart, in their order."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights, dtype=float)[order]
    for _ in range(200):
        gaps = np.diff(placed)
        if len(gaps) == 0 or gaps.min() >= least * (1 - 1e-9):
            break
        for i in np.flatnonzero(gaps < least):
            shift = (least - (placed[i + 1] - placed[i])) / 2
            placed[i], placed[i + 1] = placed[i] - shift, placed[i + 1] + shift
    result = np.empty_like(placed)
    result[order] = placed
    return result.tolist()
