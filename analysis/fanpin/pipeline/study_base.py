"""A study file laid over the one it extends."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fanpin.core.errors import StudyError, unknown_name


def with_base(path: Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parsed file, laid over the study it extends: its own measures, models and tables stand before the base's."""
    try:
        own = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError("a study file is not TOML in UTF-8", got=error, where=path) from error
    base = own.pop("extends", None)
    if base is None:
        return own
    other = path.with_name(f"{base}.toml")
    if not other.is_file() or base in (*seen, path.stem):
        raise unknown_name(
            "study to extend", base, [p.stem for p in path.parent.glob("*.toml") if p != path], where=path
        )
    return _laid_over(with_base(other, (*seen, path.stem)), own)


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict) and key != "line":
            merged[key] = _laid_over(base[key], value)
        elif key in ("measures", "models", "tables") and isinstance(value, list) and isinstance(base.get(key), list):
            ids = {spec.get("id") for spec in value}
            merged[key] = [*value, *(spec for spec in base[key] if spec.get("id") not in ids)]
        else:
            merged[key] = value
    return merged
