"""The grammar of a study file: its sections, and the checks that name what is wrong with one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from fanpin.core.design import Design
from fanpin.core.errors import FanpinError, StudyError, unknown_name
from fanpin.core.line import Line
from fanpin.core.options import LeftCensored, PanelWeights, Splits, WavePeriod, check_option
from fanpin.core.shape import check_shape
from fanpin.pipeline.study_base import with_base

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Section = TypeVar("Section")
Words = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Raw files and the mapping that reads them; without `source` a table used as it stands.

    `simulated` files are those that [simulate] writes, `own` files are the user's and not in the manifest, and `prefix`
    stands before the names of the tables, where several extracts give the same ones.
    """

    files: tuple[str, ...]
    source: str | None = None
    simulated: bool = False
    own: bool = False
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Simulate:
    """What `fanpin.simulate_city_c` is asked for."""

    kind: Literal["city-c"]
    households: int
    waves: tuple[int, ...]
    seed: int
    truth: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_option("kind", self.kind, Literal["city-c"])


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Which canonical table is the panel, and its unit, time and welfare columns.

    `where` keeps the rows whose columns equal the values; `size` turns household weights into person weights for the line;
    `period` says whether a wave is a year or 4 x year + quarter.
    """

    table: str
    unit: str
    time: str = "wave"
    welfare: str = "income_total"
    weight: str | None = None
    size: str | None = None
    where: dict[str, Any] = field(default_factory=dict)
    strict: bool = True
    tolerance: float = 0.0
    period: WavePeriod = "year"

    def __post_init__(self) -> None:
        check_option("period", self.period, WavePeriod)


@dataclass(frozen=True, kw_only=True)
class Spells:
    """How waves make spells; see `fanpin.relapse_risk_set`."""

    max_gap: int | None = 1
    min_escape: int = 1
    left_censored: LeftCensored = "drop"
    lagged: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_option("left_censored", self.left_censored, LeftCensored)


@dataclass(frozen=True, kw_only=True)
class Link:
    """How households are linked over splits and merges, and weighted; see `fanpin.link_panel`.

    `former` is the prefix of an extract that lists who no longer belongs to a household; see `fanpin.with_left_households`.
    """

    former: str | None = None
    splits: Splits = "branch_weight"
    weights: PanelWeights = "delivered"
    covariates: tuple[str, ...] = ()
    stabilised: bool = False
    trim: float = 0.99

    def __post_init__(self) -> None:
        check_option("splits", self.splits, Splits)
        check_option("weights", self.weights, PanelWeights)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Columns that get a deflated twin, x_real_<base_year>; see `fanpin.deflate`."""

    series: str
    base_year: int
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """A model or a measure: `kind` names the function, `on` the data set, `options` its arguments.

    `select` keeps the rows of a measure whose columns have the values given, such as the first and the last wave; they are
    estimated with all others.
    """

    id: str
    kind: str
    on: str | None = None
    of: str | None = None
    title: Words = field(default_factory=dict)
    select: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """A printed table of results (`of`) or of a data set (`data`)."""

    id: str
    title: Words
    of: Any = None
    data: str | None = None
    notes: tuple[Words, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A study as declared in analysis/studies/<id>.toml."""

    id: str
    title: Words
    summary: Words
    notebooks: tuple[str, ...] = ()
    simulated: bool = False
    simulate: Simulate | None = None
    extracts: dict[str, Extract] = field(default_factory=dict)
    panel: Panel | None = None
    link: Link | None = None
    prices: Prices | None = None
    derive: dict[str, str] = field(default_factory=dict)
    line: Line | None = None
    spells: Spells = field(default_factory=Spells)
    design: Design | None = None
    design_note: Words = field(default_factory=dict)
    causes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[str, Words] = field(default_factory=dict)
    analyses: dict[str, Analysis] = field(default_factory=dict)
    tables: dict[str, TableSpec] = field(default_factory=dict)


def read_study_file(path: Path) -> StudyFile:
    """Parse and check one study file.

    Raises
    ------
    StudyError, UnknownNameError : what is wrong and in which section, with the closest known names.
    """
    text = with_base(path)
    check_shape(text, package="fanpin.pipeline", schema="study.schema.json", kind="a study file", where=path.name,
                next_step="compare with analysis/studies/gsoep.toml")  # fmt: skip
    for name in (path.stem, *text.get("notebooks", ())):
        if not NAME.fullmatch(str(name)):
            raise StudyError(
                f"{name!r} cannot name a study or notebook", expected="letters, digits, '-' and '_'", where=path
            )
    known = {f.name for f in dataclasses.fields(StudyFile)} - {"id", "analyses"} | {"models", "measures"}
    for section in text:
        if section not in known:
            raise unknown_name("section of a study", section, known, where=path.name)
    parts: dict[str, Any] = {
        k: text[k] for k in ("title", "summary", "simulated", "labels", "design_note", "derive") if k in text
    }
    parts["notebooks"] = tuple(text.get("notebooks", ()))
    parts["extracts"] = {
        name: read_section(Extract, _as_tuple(spec, "files"), f"{path.name} [extracts.{name}]")
        for name, spec in text.get("extracts", {}).items()
    }
    if "simulate" in text:
        parts["simulate"] = read_section(Simulate, _as_tuple(text["simulate"], "waves"), f"{path.name} [simulate]")
    if simulated := [n for n, e in parts["extracts"].items() if e.simulated and "simulate" not in parts]:
        raise StudyError(f"extract {simulated[0]!r} is simulated", expected="a [simulate] section", where=path.name)
    if "panel" in text:
        parts["panel"] = read_section(Panel, text["panel"], f"{path.name} [panel]")
        parts["line"] = read_line(text.get("line", {}), f"{path.name} [line]")
    for name, kind, listed in (("link", Link, "covariates"), ("prices", Prices, "columns")):
        if name in text:
            parts[name] = read_section(kind, _as_tuple(text[name], listed), f"{path.name} [{name}]")
    if "spells" in text:
        parts["spells"] = read_section(Spells, _spells(text["spells"]), f"{path.name} [spells]")
    if "design" in text:
        parts["design"] = read_section(Design, text["design"], f"{path.name} [design]")
    parts["causes"] = {name: tuple(spec["columns"]) for name, spec in text.get("causes", {}).items()}
    parts["analyses"] = _analyses(text, path.name)
    parts["tables"] = _tables(text, path.name)
    return read_section(StudyFile, {"id": path.stem, **parts}, path.name)


def read_section(kind: type[Section], values: dict[str, Any], where: str) -> Section:
    """A section as its record; unknown and missing keys are named."""
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise unknown_name("key", name, fields, where=where)
    needed = [
        n for n, f in fields.items() if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    missing = [n for n in needed if n not in values]
    if missing:
        raise StudyError(f"the study lacks {', '.join(missing)}", where=where)
    try:
        return kind(**values)
    except FanpinError as error:
        raise _in_study(error, where) from error


def _in_study(error: FanpinError, where: str) -> StudyError:
    """The same problem with its place in the study file."""
    return StudyError(error.problem, expected=error.expected, got=error.got, where=where, next_step=error.next_step)


def _as_tuple(spec: dict[str, Any], key: str) -> dict[str, Any]:
    value = spec.get(key)
    return {**spec, key: (value,) if isinstance(value, str) else tuple(value)} if value is not None else spec


def _spells(spec: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: max_gap = "any" stands for None."""
    spec = _as_tuple(spec, "lagged")
    return {**spec, "max_gap": None} if spec.get("max_gap") == "any" else spec


def read_line(spec: dict[str, Any], where: str) -> Line:
    """The line a table `{kind = "relative", share = 0.6, …}` declares."""
    makers: dict[str, Callable[..., Line]] = {
        "absolute": Line.absolute,
        "relative": Line.relative,
        "official": Line.official,
        "column": Line.column,
        "international": Line.international,
    }
    kind = str(spec.get("kind"))
    if kind not in makers:
        raise unknown_name("kind of line", kind, makers, where=where)
    try:
        return makers[kind](**{k: v for k, v in spec.items() if k != "kind"})
    except TypeError as error:
        raise StudyError(f"the {kind} line is not complete", got=error, where=where) from error
    except FanpinError as error:
        raise _in_study(error, where) from error


def _analyses(text: dict[str, Any], where: str) -> dict[str, Analysis]:
    own = {f.name for f in dataclasses.fields(Analysis)} - {"options"}
    found: dict[str, Analysis] = {}
    for section in ("measures", "models"):
        for spec in text.get(section, []):
            place = f"{where} [[{section}]] {spec.get('id', '?')}"
            record = {k: v for k, v in spec.items() if k in own}
            analysis = read_section(
                Analysis, {**record, "options": {k: v for k, v in spec.items() if k not in own}}, place
            )
            _check_id(analysis.id, found, place)
            found[analysis.id] = analysis
    return found


def _tables(text: dict[str, Any], where: str) -> dict[str, TableSpec]:
    own = {f.name for f in dataclasses.fields(TableSpec)} - {"options"}
    found: dict[str, TableSpec] = {}
    for spec in text.get("tables", []):
        place = f"{where} [[tables]] {spec.get('id', '?')}"
        record = {k: tuple(v) if k == "notes" else v for k, v in spec.items() if k in own}
        table = read_section(TableSpec, {**record, "options": {k: v for k, v in spec.items() if k not in own}}, place)
        _check_id(table.id, found, place)
        if isinstance(table.of, list) and len({len(p["results"]) for p in table.of if isinstance(p, dict)}) > 1:
            raise StudyError(
                "the panels of a table have different numbers of results", expected="one for each column", where=place
            )
        if (table.of is None) == (table.data is None):
            raise StudyError(
                "a table is made of results (of) or of a data set (data)", expected="one of the two", where=place
            )
        found[table.id] = table
    return found


def _check_id(name: str, taken: dict[str, Any], where: str) -> None:
    if not NAME.fullmatch(str(name)):
        raise StudyError(f"id {name!r} cannot name a file", expected="letters, digits, '-' and '_'", where=where)
    if name in taken:
        raise StudyError(f"id {name!r} is used twice", where=where)
