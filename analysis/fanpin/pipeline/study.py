"""A study: what its file declares, and the data, results and tables built from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanpin.core.design import Design
from fanpin.core.errors import FanpinError, InapplicableError, RawFileError, StudyError, unknown_name
from fanpin.core.line import Line
from fanpin.core.options import Language, check_option
from fanpin.pipeline import project
from fanpin.pipeline.raw import RAW, Manifest, RawFile, check_raw, load_manifest, missing_files
from fanpin.pipeline.study_file import Analysis, Extract, StudyFile, TableSpec, read_study_file

if TYPE_CHECKING:
    import pandas as pd

    from fanpin.report.content import Table


QUARTERS = {
    str(4 * year + quarter): {"en": f"{year} Q{quarter}", "zh": f"{year}年第{quarter}季度"}
    for year in range(1980, 2061)
    for quarter in range(1, 5)
}


@dataclass(frozen=True, eq=False)
class Study:
    """A study of the project; `load_study` makes one.

    Attributes
    ----------
    root : the project's folder.
    file : what analysis/studies/<id>.toml declares.
    """

    root: Path
    file: StudyFile

    @property
    def id(self) -> str:
        """The study's name, that of its file."""
        return self.file.id

    @property
    def line(self) -> Line | None:
        """The poverty line, if the study has a panel."""
        return self.file.line

    @property
    def design(self) -> Design | None:
        """The survey design, if the data have one."""
        return self.file.design

    @property
    def causes(self) -> dict[str, tuple[str, ...]]:
        """Cause -> the columns that stand for it in this study's data (empty: not measured)."""
        return self.file.causes

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Printed words of the study's own terms, in both languages; quarters among them where waves are quarters."""
        panel = self.file.panel
        return {**(QUARTERS if panel and panel.period == "quarter" else {}), **self.file.labels}

    @property
    def models(self) -> dict[str, Analysis]:
        """Declared models and measures by id."""
        return self.file.analyses

    @property
    def tables(self) -> dict[str, TableSpec]:
        """Declared tables by id."""
        return self.file.tables

    @property
    def notebooks(self) -> tuple[Path, ...]:
        """The notebooks that make the report, in order."""
        return tuple(self.root / "notebooks" / f"{name}.ipynb" for name in self.file.notebooks)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources whose mappings read the study's extracts."""
        return tuple(dict.fromkeys(e.source for e in self.file.extracts.values() if e.source))

    @property
    def path(self) -> Path:
        """The study file."""
        return self.root / project.MARK / f"{self.id}.toml"

    @property
    def processed(self) -> Path:
        """Where built data stand."""
        return self.root / "data/processed" / self.id

    @property
    def out(self) -> Path:
        """Where results, tables and the report stand."""
        return self.root / "reports/out" / self.id

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest of raw files."""
        return load_manifest(self.root)

    def title(self, lang: Language = "en") -> str:
        """The study's title."""
        return self.file.title[check_option("lang", lang, Language)]

    @property
    def simulation(self) -> Path:
        """Where simulated raw files stand."""
        return self.processed / "simulated"

    def extract_paths(self, extract: Extract) -> list[Path]:
        """The extract's files: simulated or own ones that are there, or those the manifest lists, there or not.

        Raises
        ------
        StudyError : a file that is there is not in the manifest, or none matches.
        """
        if extract.simulated:
            return sorted(p for pattern in extract.files for p in self.simulation.glob(pattern))
        if extract.own:
            return sorted(p for pattern in extract.files for p in self.root.glob(pattern) if p.name != "README.md")
        listed = {self.manifest.path(f) for f in self.manifest.files.values()}
        found: set[Path] = set()
        for pattern in extract.files:
            inside = project.relative(self.root / pattern, self.root)
            if not inside.startswith(f"{RAW.as_posix()}/"):
                raise StudyError(f"raw files outside {RAW}", expected=f"{RAW}/…", got=pattern, where=self.path)
            found |= {p for p in listed if p.relative_to(self.root).match(pattern)}
            there = set(self.root.glob(pattern))
            if there - listed:
                unlisted = sorted(p.name for p in there - listed)
                raise StudyError(
                    f"{len(unlisted)} raw file(s) are not in the manifest: {', '.join(unlisted[:5])}",
                    where=RAW / "MANIFEST.toml",
                    next_step="add each with its sha256, origin, licence and citation",
                )
        if not found:
            raise StudyError("an extract without files", expected=", ".join(extract.files), where=self.path)
        return sorted(found)

    def raw_files(self) -> list[RawFile]:
        """The manifest's entries for all extracts of the study."""
        listed = [e for e in self.file.extracts.values() if not (e.simulated or e.own)]
        paths = {p for extract in listed for p in self.extract_paths(extract)}
        return [f for f in self.manifest.files.values() if self.manifest.path(f) in paths]

    def missing_raw(self) -> list[RawFile]:
        """The entries whose files are not there."""
        return [f for f in self.raw_files() if not self.manifest.path(f).is_file()]

    def wanted_files(self) -> str:
        """What the user has to put where before the study can be built; "" where nothing is missing."""
        for extract in self.file.extracts.values():
            if extract.own and not self.extract_paths(extract):
                from fanpin.pipeline.own_files import own_files

                folder = Path(extract.files[0]).parent.as_posix()
                return f"put your files into {folder}/ under their published names, {own_files(str(extract.source))}"
        missing = self.missing_raw()
        return f"fanpin fetch {missing[0].source}" if missing else ""

    def is_simulated(self, dataset: str) -> bool:
        """Whether a data set rests on simulated files."""
        from fanpin.pipeline import datasets

        return self.file.simulated or any(self.file.extracts[e].simulated for e in datasets.extracts_of(self, dataset))

    def check_raw(self) -> None:
        """Raise unless every raw file is there and unchanged."""
        if any(e.own and not self.extract_paths(e) for e in self.file.extracts.values()):
            raise RawFileError(f"the study {self.id!r} has no raw files yet", next_step=self.wanted_files())
        missing = self.missing_raw()
        if missing:
            raise missing_files(self.manifest, missing)
        check_raw(self.manifest, self.raw_files())

    def dataset(self, name: str) -> pd.DataFrame:
        """A data set by name: one of the study's tables as they stand, or one built by the stages harmonise and panel."""
        from fanpin.pipeline import datasets

        return datasets.read(self, name)

    def panel(self) -> pd.DataFrame:
        """The canonical panel with `line`, `is_poor` and `gap`; built first if it is not there or out of date."""
        self._needs_panel()
        return self.dataset("panel")

    def risk_set(self) -> pd.DataFrame:
        """The person-period file of households that escaped poverty; see `fanpin.relapse_risk_set`."""
        self._needs_panel()
        return self.dataset("risk")

    def result(self, name: str) -> Any:
        """The result of a declared model or measure; estimated first if it is not there or out of date."""
        from fanpin.pipeline import result_stages

        if name not in self.models:
            raise unknown_name("model or measure", name, self.models, where=self.path.name)
        return result_stages.result(self, name)

    def table(self, name: str, lang: Language = "en") -> Table:
        """A declared table; built first if it is not there or out of date."""
        from fanpin.pipeline import table_stages

        if name not in self.tables:
            raise unknown_name("table", name, self.tables, where=self.path.name)
        return table_stages.table(self, name, lang)

    def number(self, address: str, lang: Language = "en") -> str:
        """A printed number by its address `table:row:column`, for use in sentences."""
        name, _, inside = address.partition(":")
        row, _, column = inside.rpartition(":")
        return self.table(name, lang).cell(row, column).text

    def _needs_panel(self) -> None:
        if self.file.panel is None:
            raise InapplicableError(
                f"the study {self.id!r} has no panel", expected="a [panel] section", where=self.path.name
            )


def study_names(root: Path) -> list[str]:
    """The studies of a project."""
    return sorted(p.stem for p in (root / project.MARK).glob("*.toml"))


def load_studies(root: Path) -> tuple[list[Study], dict[str, FanpinError]]:
    """The studies of a project that can be read, and what is wrong with each of the others."""
    studies, wrong = [], {}
    for name in study_names(root):
        try:
            studies.append(load_study(name, root=root))
        except FanpinError as error:
            wrong[name] = error
    return studies, wrong


def load_study(name: str, *, root: str | Path | None = None) -> Study:
    """The study declared in analysis/studies/<name>.toml.

    Parameters
    ----------
    root : the project's folder; default: found from the current folder upwards.

    Raises
    ------
    UnknownNameError : no such study; the closest names are given.
    StudyError : the file asks for something that cannot be built.
    """
    folder = Path(root).resolve() if root else project.find_root()
    if name not in study_names(folder):
        raise unknown_name("study", name, study_names(folder), where=folder / project.MARK)
    return Study(root=folder, file=read_study_file(folder / project.MARK / f"{name}.toml"))
