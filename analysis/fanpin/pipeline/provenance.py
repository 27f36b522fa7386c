"""What every build step leaves beside its outputs: hashes of inputs and outputs, the request, code and package versions."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fanpin
from fanpin.core.atomic import atomic_path
from fanpin.pipeline import project
from fanpin.pipeline.raw import sha256_of

FORMAT = 1
SUFFIX = ".provenance.json"
PACKAGES = ("numpy", "pandas", "scipy", "duckdb", "ibis-framework", "statsmodels", "formulaic", "matplotlib")

READING = (
    "pipeline/study.py",
    "pipeline/study_file.py",
    "pipeline/study_base.py",
    "pipeline/study.schema.json",
    "pipeline/datasets.py",
)

# What a stage's outputs depend on, below the package folder; a change there makes them out of date.
STAGE_CODE: dict[str, tuple[str, ...]] = {
    "simulate": ("core", "simulate", *READING, "pipeline/simulation.py"),
    "harmonise": ("core", "harmonise", *READING, "pipeline/data_stages.py", "pipeline/descriptions.py"),
    "panel": ("core", "panel", *READING, "pipeline/data_stages.py", "pipeline/descriptions.py"),
    "estimate": (
        "core",
        "kernels",
        "results",
        "panel",
        "measure",
        "models",
        "monitor",
        *READING,
        "pipeline/result_stages.py",
    ),
    "table": (
        "core",
        "results",
        "report",
        "models/joint.py",
        *READING,
        "pipeline/table_stages.py",
        "pipeline/descriptions.py",
    ),
    "notebook": ("core", "results", "report/figures", *READING, "pipeline/report_stages.py"),
    "report": ("core", "report", *READING, "pipeline/report_stages.py"),
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """One build step.

    Attributes
    ----------
    stage, study, name : the verb, the study, and which model, table or notebook ("" where there is one only).
    request : what was asked, as declared in the study file.
    inputs, outputs : path relative to the project -> sha256.
    facts : counts worth keeping, such as rows used.
    code : package version, commit, and the digest of the code the step ran.
    packages : versions of Python and the packages that compute.
    """

    stage: str
    study: str
    name: str
    request: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, str]
    facts: dict[str, Any] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)


def record_path(folder: Path, stage: str, name: str = "") -> Path:
    """Where a step's record stands: beside its outputs, named after them."""
    return folder / f"{name or stage}{SUFFIX}"


def write_record(
    path: Path, *, root: Path, stage: str, study: str, name: str = "", request: dict[str, Any],
    inputs: list[Path], outputs: list[Path], facts: dict[str, Any] | None = None,
) -> Record:  # fmt: skip
    """Write the record of a finished step, last and atomically: a step without a record did not finish."""
    record = Record(
        stage=stage, study=study, name=name, request=plain(request), inputs=hashes(inputs, root),
        outputs=hashes(outputs, root), facts=facts or {}, packages=package_versions(),
        code={"fanpin": fanpin.__version__, "commit": commit(root), "digest": code_digest(stage)},
    )  # fmt: skip
    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps({"format": FORMAT, **asdict(record)}, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
    return record


def read_record(path: Path) -> Record | None:
    """The record, or None where there is none or it was written in another format."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return Record(**data) if data.pop("format", None) == FORMAT else None


def is_current(record: Record | None, *, root: Path, request: dict[str, Any], inputs: list[Path]) -> bool:
    """Whether the step would give the same outputs again: same request, inputs, code and packages, and its outputs unchanged."""
    if record is None or record.request != plain(request):
        return False
    if record.code.get("digest") != code_digest(record.stage) or record.packages != package_versions():
        return False
    if any(not p.is_file() for p in inputs) or record.inputs != hashes(inputs, root):
        return False
    return outputs_unchanged(record, root)


def outputs_unchanged(record: Record, root: Path) -> bool:
    """Whether every output is there as it was written."""
    return all((root / p).is_file() and sha256_of(root / p) == digest for p, digest in record.outputs.items())


def hashes(paths: list[Path], root: Path) -> dict[str, str]:
    """Relative path -> sha256, sorted by path."""
    return {project.relative(p, root): sha256_of(p) for p in sorted(paths)}


def plain(request: Any) -> Any:
    """The request as JSON holds it, so that a stored and a new one can be compared."""
    return json.loads(json.dumps(request, default=str))


def code_files(stage: str) -> list[Path]:
    """The package's files that a stage depends on."""
    package = Path(fanpin.__file__).parent
    found: set[Path] = set()
    for part in STAGE_CODE[stage]:
        place = package / part
        if place.is_dir():
            found |= {p for p in place.rglob("*") if p.suffix in {".py", ".toml", ".j2", ".css"}}
        else:
            found |= {place} if place.is_file() else set(place.parent.glob(f"{place.name}*.py"))
    return sorted(found)


@cache
def code_digest(stage: str) -> str:
    """SHA-256 over the code a stage depends on."""
    digest = hashlib.sha256()
    package = Path(fanpin.__file__).parent
    for path in code_files(stage):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def commit(root: Path) -> str:
    """The commit the project stands at, marked when the source differs from it; "unknown" outside git."""
    try:
        head = _git(root, "rev-parse", "HEAD").strip()
        changed = _git(root, "status", "--porcelain", "--", "analysis", "notebooks").strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if changed else head


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout


@cache
def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
