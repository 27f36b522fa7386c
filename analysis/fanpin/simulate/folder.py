"""The folder of a simulated study: replaced as a whole, and never mixed with other files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fanpin.core.errors import DataError

README = "README.txt"


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `folder` when the block ends well.

    Raises
    ------
    DataError : `folder` holds something other than an earlier simulated study, or is a file.
    """
    target = Path(folder)
    _check_free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    temporary.chmod(0o755)  # mkdtemp gives 0700, which other readers of a shared folder could not open
    try:
        yield temporary
        earlier = temporary.with_name(temporary.name + ".earlier")
        if target.exists():
            target.replace(earlier)
        temporary.replace(target)
        shutil.rmtree(earlier, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_free(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise DataError("the simulated files need a folder", got=f"a file called {target.name}", where=target)
    readme = target / README
    simulated = readme.is_file() and readme.read_text("utf-8").startswith("SIMULATED")
    if any(target.iterdir()) and not simulated:
        raise DataError(
            "the folder holds other files than a simulated study", expected="a new or empty folder", where=target,
            next_step="name another folder, so that simulated and real files are never mixed",
        )  # fmt: skip
