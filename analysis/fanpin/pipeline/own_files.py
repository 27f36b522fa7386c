"""Which files of a source a user has to bring, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fanpin.harmonise.mapping import Layout


def own_files(source: str) -> str:
    """The names of a source's raw files, waves that are called alike together; `<wave>` stands for the wave."""
    from fanpin.harmonise.catalogue import find_layouts

    waves: dict[str, list[str]] = {}
    for layout in find_layouts(source):
        named = waves.setdefault(_pattern(layout), [])
        if layout.stem not in named:
            named.append(layout.stem)
    if len(waves) == 1:
        return next(iter(waves))
    return "; ".join(f"{_span(named)}: {pattern}" for pattern, named in waves.items())


def _pattern(layout: Layout) -> str:
    """The first pattern of each role of a layout; those that may be absent stand last."""
    wave = layout.stem if layout.stem.isdigit() else "<wave>"
    names = {r.patterns[0].replace(wave, "<wave>"): r.optional for r in layout.roles.values()}
    needed = [name for name, optional in names.items() if not optional]
    welcome = [name for name, optional in names.items() if optional]
    return ", ".join([*needed, *([f"and if you have them {', '.join(welcome)}"] if welcome else [])])


def _span(stems: list[str]) -> str:
    return stems[0] if len(stems) == 1 else f"{stems[0]} to {stems[-1]}"
