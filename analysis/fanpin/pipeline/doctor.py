"""Is everything in place? A line a check, and what to do where it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from fanpin.core.errors import FanpinError
from fanpin.pipeline.raw import check_raw, load_manifest
from fanpin.pipeline.rules import rules_of
from fanpin.pipeline.study import load_study, study_names


def examine(root: Path, *, say: Callable[[str], None]) -> int:
    """Run all checks, say each outcome, and return the number of problems."""
    problems = 0
    for what, check in _checks(root):
        try:
            say(f"ok       {what}: {check()}")
        except FanpinError as error:
            problems += 1
            say(f"PROBLEM  {what}: {error}")
    return problems


def _checks(root: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "python", lambda: sys.version.split()[0]
    yield "packages", _packages
    manifest = load_manifest(root)
    for source in manifest.sources:
        yield f"raw files of {source}", partial(_raw, root, source)
    for name in study_names(root):
        yield f"study {name}", partial(_study, root, name)


def _packages() -> str:
    needed = [r.split(";")[0] for r in requires("fanpin") or [] if "extra ==" not in r]
    names = [r.split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip() for r in needed]
    for name in names:
        try:
            version(name)
        except PackageNotFoundError as error:
            raise FanpinError(f"package {name} is not installed", next_step="make setup") from error
    return f"{len(names)} installed"


def _study(root: Path, name: str) -> str:
    return f"{len(list(rules_of(load_study(name, root=root))))} steps"


def _raw(root: Path, source: str) -> str:
    manifest = load_manifest(root)
    files = manifest.of_source(source)
    there = [f for f in files if manifest.path(f).is_file()]
    if not there and all(f.url for f in files):
        return f"none of {len(files)} here; optional: fanpin fetch {source}"
    check_raw(manifest, files)
    return f"{len(files)} files, unchanged"
