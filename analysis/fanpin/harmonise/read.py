"""Raw files: which are given, and which mapping and role each belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

from fanpin.core.errors import RawFileError
from fanpin.harmonise.mapping import FileRole, Layout
from fanpin.harmonise.readers import Header, TextOptions, is_data_file, read_header

FILE = "file__"


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A file, with the mapping and the role its name says it has."""

    path: Path
    layout: Layout
    role: FileRole

    @property
    def options(self) -> TextOptions:
        """How text in the file is written."""
        return TextOptions(encodings=self.role.encodings, quote=self.role.quote, null=self.role.null)

    @cached_property
    def header(self) -> Header:
        """The file's column names and labels."""
        return read_header(self.path, self.options)


def listed_files(files: str | Path | Iterable[str | Path]) -> tuple[list[Path], set[Path]]:
    """Every file that a path, a folder, a glob pattern or a list of these stands for, in the order of their names.

    Returns
    -------
    All files, and those of them that were named one by one.

    Raises
    ------
    RawFileError : a path, folder or pattern stands for no file.
    """
    given = [files] if isinstance(files, (str, Path)) else list(files)
    found: dict[Path, bool] = {}
    for entry in given:
        path = Path(entry)
        if path.is_file():
            found[path] = True
            continue
        inside = path.iterdir() if path.is_dir() else Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        plain = [p for p in inside if p.is_file() and not p.name.startswith((".", "~$"))]
        if not plain:
            raise RawFileError(
                "no file here", got=str(entry), expected="a file, a folder with files, or a pattern",
                next_step="check the path; hidden files, and those that open programs leave (~$…), are passed over",
            )  # fmt: skip
        for p in plain:
            found.setdefault(p, False)
    if not found:
        raise RawFileError("no file was given", expected="a file, a folder, a pattern, or a list of these")
    return sorted(found), {p for p, named in found.items() if named}


def matched_files(files: str | Path | Iterable[str | Path], layouts: list[Layout]) -> tuple[list[RawFile], list[Path]]:
    """Give each file the mapping and role whose pattern its name meets; a wide file has a mapping for each wave.

    Returns
    -------
    The files that are mapped, and those with a data file's ending that no pattern meets.

    Raises
    ------
    RawFileError : no file meets a pattern; a file named one by one meets none, or any file several; a role has files
        missing, or two that fit; two files have one name.
    """
    paths, named = listed_files(files)
    raw: list[RawFile] = []
    unused: list[Path] = []
    for path in paths:
        meets = [(la, role) for la in layouts for role in la.roles.values() if _meets(path, role)]
        if len({(la.stem, role.name) for la, role in meets}) > 1:
            raise RawFileError(
                "the file's name meets several patterns", expected="a name that meets one pattern", where=path,
                got=", ".join(dict.fromkeys(f"{la.source}/{la.stem}: {r.shown}" for la, r in meets)),
            )  # fmt: skip
        raw += [RawFile(path=path, layout=la, role=role) for la, role in meets]
        if not meets and path in named and path.suffix.lower() != ".xml":  # a DDI codebook is read with its data
            raise _no_pattern([path], layouts)
        if not meets and is_data_file(path):
            unused.append(path)
    if not raw:
        raise _no_pattern(paths, layouts)
    _check_names(raw)
    _check_roles(raw)
    return raw, unused


def _meets(path: Path, role: FileRole) -> bool:
    return any(fnmatch(path.name.lower(), pattern.lower()) for pattern in role.patterns)


def _no_pattern(paths: list[Path], layouts: list[Layout]) -> RawFileError:
    patterns = list(dict.fromkeys(p for la in layouts for r in la.roles.values() for p in r.patterns))
    more = f", … ({len(patterns)} in all)" if len(patterns) > 12 else ""
    return RawFileError(
        f"no file of {layouts[0].source!r} is among those given",
        expected="names such as " + ", ".join(patterns[:12]) + more, got=", ".join(p.name for p in paths[:5]),
        where=paths[0].parent, next_step="give the files their published names",
    )  # fmt: skip


def _check_names(raw: list[RawFile]) -> None:
    first: dict[str, Path] = {}
    for file in raw:
        if first.setdefault(file.path.name, file.path) != file.path:
            raise RawFileError(
                f"two files are called {file.path.name!r}", got=f"{first[file.path.name]} and {file.path}",
                next_step="give one of them",
            )  # fmt: skip


def _check_roles(raw: list[RawFile]) -> None:
    """Every role of a layout has its file, and only one where the layout has one wave."""
    for layout in {f.layout.name: f.layout for f in raw}.values():
        for role in layout.roles.values():
            given = [f.path.name for f in raw if f.layout is layout and f.role is role]
            if not given and not role.optional:
                present = sorted({f.role.name for f in raw if f.layout is layout})
                raise RawFileError(
                    f"no {role.name} file of {layout.source!r} {layout.name} is among those given", expected=role.shown,
                    got="only " + ", ".join(present),
                    next_step=f"put the {role.name} file beside the others, under its published name",
                )  # fmt: skip
            if len(given) > 1 and layout.waves is not None and len(layout.waves) == 1 and not role.many:
                raise RawFileError(
                    f"two files fit the {role.name} file of {layout.source!r} {layout.name}",
                    expected=f"one file {role.shown}", got=", ".join(given),
                    next_step="keep one release in the folder, or name the files to read one by one",
                )  # fmt: skip
