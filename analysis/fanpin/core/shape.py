"""Check a parsed TOML file against a JSON schema, naming the place of what does not fit."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from fanpin.core.errors import StudyError


@cache
def _validator(package: str, name: str) -> Any:
    import fastjsonschema

    return fastjsonschema.compile(json.loads(files(package).joinpath(name).read_text("utf-8")), use_default=False)


def check_shape(text: dict[str, Any], *, package: str, schema: str, kind: str, where: str, next_step: str) -> None:
    """Raise for a value that is missing or of a wrong type, with its place.

    Parameters
    ----------
    text : the parsed file.
    package, schema : the package and the name of the JSON schema in it.
    kind, where, next_step : words of the error: "a study file", its name, and what to compare it with.

    Raises
    ------
    StudyError : the first thing that does not fit.
    """
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator(package, schema)(text)
    except JsonSchemaValueException as error:
        place, said = _place(error.path[1:], text)
        problem = str(error.message).removeprefix(str(error.name)).strip()
        raise StudyError(
            f"{kind} is not as it should be: {place or 'the file'} {problem[:200]}",
            got=repr(said)[:80] if place else None, where=f"{where} {place}".strip(), next_step=next_step,
        ) from None  # fmt: skip


def _place(path: list[Any], text: Any) -> tuple[str, Any]:
    """Where in the file, in words (models are named by their id), and what stands there."""
    place, said = "", text
    for step in path:
        index = int(step) if isinstance(said, list) else step
        said = said[index]
        named = said.get("id") if isinstance(said, dict) and isinstance(index, int) else None
        place += f" {named or index}" if isinstance(index, int) else f".{index}" if place else str(index)
    return place, said
