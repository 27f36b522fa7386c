"""Check a parsed TOML file against a JSON schema, naming the place of what does not fit."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from fanpin.core.errors import StudyError


@cache
def _schema(package: str, name: str) -> Any:
    return json.loads(files(package).joinpath(name).read_text("utf-8"))


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
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(_schema(package, schema)).iter_errors(text))
    if error is None:
        return
    place, said = "", text  # the place in words: models are named by their id
    for step in error.absolute_path:
        said = said[step]
        named = said.get("id") if isinstance(said, dict) and isinstance(step, int) else None
        place += f" {named or step}" if isinstance(step, int) else f".{step}" if place else str(step)
    raise StudyError(
        f"{kind} is not as it should be: {error.message[:200]}", got=repr(said)[:80] if place else None,
        where=f"{where} {place}".strip(), next_step=next_step,
    )  # fmt: skip
