"""Every printed word in English and Chinese, from one file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from fanpin.core.errors import unknown_name
from fanpin.core.options import Language, check_option


@cache
def all_terms() -> dict[str, dict[str, str]]:
    """Term key -> {"en": …, "zh": …}, from terms.toml."""
    return tomllib.loads(files("fanpin.core").joinpath("terms.toml").read_text("utf-8"))


def term(key: str, lang: Language = "en") -> str:
    """The printed form of a term key.

    Raises
    ------
    UnknownNameError : no such key; the closest keys are named.
    """
    check_option("lang", lang, Language)
    if key not in all_terms():
        raise unknown_name("term", key, all_terms(), where="fanpin/core/terms.toml")
    return all_terms()[key][lang]
