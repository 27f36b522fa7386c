"""Where the project's files are."""

from __future__ import annotations

import os
from pathlib import Path

from fanpin.core.errors import StudyError

MARK = Path("analysis/studies")


def find_root(start: Path | None = None) -> Path:
    """The project's root: $FANPIN_ROOT, or the first folder from `start` (default: here) upwards with analysis/studies.

    Raises
    ------
    StudyError : no such folder.
    """
    named = os.environ.get("FANPIN_ROOT")
    here = Path(named) if named else (start or Path.cwd())
    for folder in (here, *here.parents):
        if (folder / MARK).is_dir():
            return folder.resolve()
    raise StudyError(
        "no fanpin project here",
        expected=f"a folder that holds {MARK}",
        where=here,
        next_step="run from inside the project, or set FANPIN_ROOT to its folder",
    )


def relative(path: Path, root: Path) -> str:
    """The path as written in records: relative to the root, with forward slashes; links are kept as they are.

    Raises
    ------
    StudyError : the path leaves the project.
    """
    plain = Path(os.path.normpath(path if path.is_absolute() else root / path))
    if not plain.is_relative_to(root):
        raise StudyError("a path leaves the project", expected=f"a path inside {root}", got=path)
    return plain.relative_to(root).as_posix()
