"""Bring raw files into data/raw, from their public address or from a folder, checked against the manifest."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import RawFileError, StudyError
from fanpin.pipeline.raw import Manifest, RawFile, sha256_of

TIMEOUT_SECONDS = 60


def fetch(
    manifest: Manifest, source: str, *, folder: Path | None = None, base_url: str | None = None,
    say: Callable[[str], None] = print,
) -> list[Path]:  # fmt: skip
    """Fetch the missing files of a source and return the paths of all its files.

    A file that is there and matches is left alone; one that is there and does not match is never overwritten.

    Parameters
    ----------
    folder : take files by name from here instead of the network.
    base_url : another address than the manifest's, for a mirror.

    Raises
    ------
    RawFileError : a file cannot be had, or is not the one the manifest describes; nothing half-written remains.
    StudyError : the source ships with the project and has no address.
    """
    files = manifest.of_source(source)
    base = base_url or manifest.sources[source].base_url
    if folder is None and (base is None or not all(f.url for f in files)):
        raise StudyError(
            f"raw source {source!r} has no public address", next_step=f"put the files into data/raw/{source}"
        )
    for number, file in enumerate(files, start=1):
        target = manifest.path(file)
        if target.is_file():
            if sha256_of(target) != file.sha256:
                raise _not_the_file(file, target, "move it away, then fetch again")
            continue
        say(f"[fetch] {number}/{len(files)} {file.path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            origin = _copy(file, folder, temporary) if folder else _download(f"{base}/{file.url}", temporary)
            if sha256_of(temporary) != file.sha256:
                raise _not_the_file(file, origin, "the copy was damaged on the way, or the origin has changed")
    return [manifest.path(f) for f in files]


def _copy(file: RawFile, folder: Path, target: Path) -> str:
    origin = folder / Path(file.path).name
    if not origin.is_file():
        raise RawFileError("a file to copy is not there", expected=origin.name, where=folder)
    shutil.copyfile(origin, target)
    return str(origin)


def _download(url: str, target: Path) -> str:
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise RawFileError("an address that cannot be trusted", expected="https://…", got=url)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response, target.open("wb") as stream:
            shutil.copyfileobj(response, stream)
    except (urllib.error.URLError, OSError) as error:
        raise RawFileError(
            "a file could not be downloaded", got=error, where=url,
            next_step="check the network, or copy the files yourself: fanpin fetch SOURCE --from FOLDER",
        ) from error  # fmt: skip
    return url


def _not_the_file(file: RawFile, where: object, next_step: str) -> RawFileError:
    return RawFileError(f"{file.path} is not the file the manifest describes", expected=f"sha256 {file.sha256}",
                        got="another sha256", where=where, next_step=next_step)  # fmt: skip
