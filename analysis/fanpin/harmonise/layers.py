"""Mapping files laid over each other, and wide files read once a wave, before their words are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fanpin.core.errors import StudyError, unknown_name
from fanpin.harmonise.mapping import Origin

ORIGINS = get_args(Origin)


def extended(stem: str, raw: Mapping[str, dict[str, Any]], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The content of a mapping file laid over the one it extends; an entry set to false is taken out."""
    own = dict(raw[stem])
    base = own.pop("extends", None)
    if base is None:
        return own
    if base not in raw:
        raise unknown_name("mapping file to extend", base, [r for r in raw if r != stem], where=f"{stem}.toml")
    if base in (*seen, stem):
        raise StudyError("mapping files extend each other in a circle", where=" -> ".join((*seen, stem, base)))
    return _laid_over(extended(base, raw, (*seen, stem)), own)


def _laid_over(base: dict[str, Any], own: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if value is False and key != "missing":
            if key not in merged:
                raise unknown_name("entry to take out of the base", key, merged, where=".".join(path) or None)
            del merged[key]
        elif isinstance(value, dict) and isinstance(merged.get(key), dict) and not _stands_alone(value, (*path, key)):
            merged[key] = _laid_over(merged[key], value, (*path, key))
        else:
            merged[key] = value
    return merged


def _stands_alone(value: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether an entry replaces that of the base whole: a column with an origin, a derived one with an aggregate."""
    if len(path) == 4 and path[0] == "tables":
        return bool(origins_of(value)) if path[2] == "columns" else "aggregate" in value
    return False


def origins_of(spec: Mapping[str, Any]) -> list[str]:
    """The origins a column names; `carried_by` is one only where there is no other."""
    given = [o for o in ORIGINS if o in spec]
    return [o for o in given if o != "carried_by"] or given


def repeated(content: dict[str, Any], where: str) -> list[tuple[int | None, dict[str, Any]]]:
    """The content, or the content of each wave with {letter} and {wave} replaced, and the wave where there are several."""
    rest = dict(content)
    each = rest.pop("for_each", None)
    if each is None:
        return [(None, rest)]
    if not isinstance(each, dict) or len(each) != 1 or "waves" in rest:
        raise StudyError("for_each names one letter and its waves, and takes the place of waves", got=each, where=where)
    [(letter, waves)] = each.items()
    return [
        (
            wave if len(waves) > 1 else None,
            {**_replaced(rest, {f"{{{letter}}}": value, "{wave}": str(wave)}), "waves": [wave]},
        )
        for value, wave in waves.items()
    ]


def _replaced(part: Any, words: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {_replaced(k, words): _replaced(v, words) for k, v in part.items()}
    if isinstance(part, list):
        return [_replaced(v, words) for v in part]
    if isinstance(part, str):
        for old, new in words.items():
            part = part.replace(old, new)
    return part
