"""Results as JSON: plain data tagged with kind and format version; no pickles."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.design import Design, Replicates
from fanpin.core.errors import InputError, RawFileError, unknown_name
from fanpin.results.collection import Collection
from fanpin.results.estimates import Estimates
from fanpin.results.hypothesis import HypothesisTest
from fanpin.results.measures import Measures

FORMAT = 1
KINDS: dict[str, type] = {c.__name__: c for c in (Estimates, Measures, HypothesisTest)}


def to_json(result: Any) -> str:
    """A result as JSON text; numbers keep all digits, and equal results give equal bytes.

    Raises
    ------
    InputError : the object is not a result, or holds something that is not plain data.
    """
    return (
        json.dumps({"format": FORMAT, **_encode_result(result)}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    )


def from_json(text: str, *, where: str | None = None) -> Any:
    """The result stored by `to_json`.

    Raises
    ------
    InputError : the text is not a stored result, or was written in another format version.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError("not a stored result", expected="JSON text", got=str(error), where=where) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        got = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise InputError("a result stored in another format", expected=f"format {FORMAT}", got=got, where=where,
                         next_step="build it again: make report")  # fmt: skip
    return _decode_result(data, where)


def load_result(path: str | Path) -> Any:
    """The result stored in a file."""
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise RawFileError("a result file cannot be read", got=str(error), where=path,
                           next_step="build it first: make report") from error  # fmt: skip
    return from_json(text, where=str(path))


def _encode_result(result: Any) -> dict[str, Any]:
    name = type(result).__name__
    if isinstance(result, Collection):
        return {"kind": "Collection", "members": {k: _encode_result(v) for k, v in result.members.items()}}
    if name not in KINDS:
        raise InputError(f"a {name} is not a result", expected=", ".join([*KINDS, "Collection"]))
    kept = {f.name: getattr(result, f.name) for f in fields(result) if f.name != "frame"}
    return {"kind": name, "fields": {k: _encode(v, f"{name}.{k}") for k, v in kept.items()}}


def _decode_result(data: dict[str, Any], where: str | None) -> Any:
    if data["kind"] == "Collection":
        return Collection({k: _decode_result(v, where) for k, v in data["members"].items()})
    if data["kind"] not in KINDS:
        raise unknown_name("kind of result", data["kind"], [*KINDS, "Collection"], where=where)
    return KINDS[data["kind"]](**{k: _decode(v) for k, v in data["fields"].items()})


def _encode(value: Any, path: str) -> Any:
    """Plain data; what JSON lacks is a dict with one key that starts with '$'."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or isinstance(value, (bool, int, str)):
        return None if value is pd.NA else value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, (list, tuple)):
        items = [_encode(v, f"{path}[{i}]") for i, v in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {str(k): _encode(v, f"{path}.{k}") for k, v in value.items()}
    if isinstance(value, Design):
        return {"$design": asdict(value)}
    if isinstance(value, pd.Series):
        return {
            "$series": {
                "index": _encode(list(value.index), path),
                "name": value.name,
                "values": _encode(list(value), path),
            }
        }
    if isinstance(value, pd.DataFrame):
        columns = {str(c): _encode(list(value[c]), f"{path}.{c}") for c in value.columns}
        return {"$frame": {"index": _encode(list(value.index), path), "columns": columns}}
    raise InputError(f"{path} holds a {type(value).__name__}, which cannot be stored", expected="plain data")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "$float":
            return float(inner)
        if tag == "$tuple":
            return tuple(_decode(v) for v in inner)
        if tag == "$design":
            made = inner.get("replication")
            return Design(**{**inner, "replication": None if made is None else Replicates(**made)})
        if tag == "$series":
            return pd.Series(_decode(inner["values"]), index=_decode(inner["index"]), name=inner["name"])
        if tag == "$frame":
            columns = {c: _decode(v) for c, v in inner["columns"].items()}
            return pd.DataFrame(columns, index=pd.Index(_decode(inner["index"])))
    return {k: _decode(v) for k, v in value.items()}
