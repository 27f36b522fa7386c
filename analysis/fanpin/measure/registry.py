"""Indices by name: adding one takes a file with its two functions in `fanpin.kernels.indices` and a line here."""

from __future__ import annotations

from collections.abc import Callable

from fanpin.kernels.index import LineIndex

# Each is made with strict= (poor if y < z) and density= (at a point, of values with weights).
LINE_INDICES: dict[str, Callable[..., LineIndex]] = {}
