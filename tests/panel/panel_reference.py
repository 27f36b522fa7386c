"""Spells and risk sets written slowly and plainly, one unit at a time, to compare the engine's with."""

from __future__ import annotations

from itertools import groupby


def linked_spells(waves, max_gap):
    """Waves [(time, poor)] of one unit -> lists of waves; each list is a spell, with how it began."""
    spells = []
    for i, (time, poor) in enumerate(waves):
        previous = waves[i - 1] if i else None
        near = previous is not None and (max_gap is None or time - previous[0] <= max_gap)
        if not (near and previous[1] == poor):
            spells.append({"state": poor, "waves": [], "dated": near, "poor_before": any(p for _, p in waves[:i])})
        spells[-1]["waves"].append(time)
    return spells


def by_unit(rows):
    ordered = sorted(rows)
    return {u: [(t, p) for _, t, p in group] for u, group in groupby(ordered, key=lambda r: r[0])}


def reference_spells(rows, max_gap):
    last_wave = max(t for _, t, _ in rows)
    out = []
    for unit, waves in by_unit(rows).items():
        spells = linked_spells(waves, max_gap)
        for k, spell in enumerate(spells):
            start, end = spell["waves"][0], spell["waves"][-1]
            if k + 1 < len(spells):
                ended = "transition" if spells[k + 1]["dated"] else "gap"
            else:
                ended = "end" if end == last_wave else "attrition"
            out.append((unit, k + 1, spell["state"], start, end, end - start + 1, not spell["dated"],
                        ended != "transition", ended))  # fmt: skip
    return out


def reference_risk(rows, max_gap, *, state, least, keep):
    """Rows (unit, spell, time, duration, entry, event, gap, left_censored, time of the last wave in the other state)."""
    out = []
    for unit, waves in by_unit(rows).items():
        spells = linked_spells(waves, max_gap)
        for k, spell in enumerate(spells):
            if spell["state"] != state or not keep(spell):
                continue
            seen = list(spell["waves"])
            ends_by_event = k + 1 < len(spells) and spells[k + 1]["dated"]
            if ends_by_event:
                seen.append(spells[k + 1]["waves"][0])
            others = [t for t, p in waves if p != state and t < seen[0]]
            for i in range(least, len(seen)):
                event = int(ends_by_event and i == len(seen) - 1)
                out.append((unit, k + 1, seen[i], seen[i] - seen[0], seen[least - 1] - seen[0], event,
                            seen[i] - seen[i - 1], not spell["dated"], others[-1] if others else None))  # fmt: skip
    return out
