"""The manifest of raw files: what each is, where it comes from, and that it is unchanged."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from fanpin.core.errors import RawFileError, StudyError, require_columns, unknown_name

RAW = Path("data/raw")
SOURCE_FIELDS = ("title", "origin", "licence", "citation")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder of raw files with one origin, licence and citation."""

    name: str
    title: str
    origin: str
    licence: str
    citation: str
    base_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """One file: path below data/raw, its source, its sha256, and where it can be fetched (None: it ships)."""

    path: str
    source: str
    sha256: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What data/raw/MANIFEST.toml says."""

    root: Path
    sources: dict[str, Source]
    files: dict[str, RawFile]

    def of_source(self, source: str) -> list[RawFile]:
        """The files of one source; raises for an unknown source."""
        if source not in self.sources:
            raise unknown_name("raw source", source, self.sources, where=RAW / "MANIFEST.toml")
        return [f for f in self.files.values() if f.source == source]

    def path(self, file: RawFile) -> Path:
        """Where the file is, or would be."""
        return self.root / RAW / file.path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; read again only when its size or time of change differ."""
    now = path.stat()
    return _sha256(path, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_manifest(root: Path) -> Manifest:
    """Read data/raw/MANIFEST.toml.

    Raises
    ------
    RawFileError : it is missing or not TOML.
    StudyError : a source lacks a field, or a file names an unknown source.
    """
    path = root / RAW / "MANIFEST.toml"
    try:
        text = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RawFileError("the manifest of raw files cannot be read", got=error, where=path) from error
    sources = {}
    for name, entry in text.get("sources", {}).items():
        _check_entry(f"raw source {name!r}", entry, SOURCE_FIELDS, Source, path)
        sources[name] = Source(name=name, **entry)
    files = {}
    for number, entry in enumerate(text.get("files", []), start=1):
        _check_entry(f"raw file {entry.get('path', number)!r}", entry, ("path", "source", "sha256"), RawFile, path)
        files[entry["path"]] = RawFile(**entry)
    for file in files.values():
        if file.source not in sources:
            raise unknown_name("raw source", file.source, sources, where=f"{path}, file {file.path}")
    return Manifest(root=root, sources=sources, files=files)


def _check_entry(what: str, entry: dict[str, Any], needed: tuple[str, ...], kind: type, where: Path) -> None:
    """Raise for fields that are missing or unknown."""
    missing = [f for f in needed if f not in entry]
    if missing:
        raise StudyError(f"{what} lacks {', '.join(missing)}", where=where)
    for name in entry:
        require_columns([f.name for f in fields(kind)], [name], where=f"{where}, {what}")


def check_raw(manifest: Manifest, files: list[RawFile]) -> None:
    """Compare files with the manifest.

    Raises
    ------
    RawFileError : files are missing or changed; all of them are named at once.
    """
    missing = [f for f in files if not manifest.path(f).is_file()]
    if missing:
        raise missing_files(manifest, missing)
    changed = [f.path for f in files if sha256_of(manifest.path(f)) != f.sha256]
    if changed:
        raise RawFileError(
            f"{len(changed)} raw file(s) changed: {', '.join(changed[:5])}",
            expected="the sha256 in data/raw/MANIFEST.toml",
            got="another sha256",
            where=RAW,
            next_step="restore the file (git checkout, or fanpin fetch); a new release needs its own entry in the manifest",
        )


def missing_files(manifest: Manifest, missing: list[RawFile]) -> RawFileError:
    """The error for absent raw files, with the way to get them."""
    source = missing[0].source
    can_fetch = all(f.url for f in missing)
    return RawFileError(
        f"{len(missing)} raw file(s) of {source!r} are not there: {', '.join(f.path for f in missing[:3])}"
        + (" …" if len(missing) > 3 else ""),
        expected=f"{len(manifest.of_source(source))} files in {RAW / Path(missing[0].path).parent}",
        next_step=f"fanpin fetch {source}   (see {RAW / source / 'README.md'})"
        if can_fetch
        else "restore them: git checkout data/raw",
    )
