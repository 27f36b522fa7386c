"""A declared table, from stored results or a data set, to HTML, LaTeX, Word and JSON: the stage table."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import FanpinError, require_columns, unknown_name
from fanpin.core.options import Language, check_option
from fanpin.core.terms import term
from fanpin.models.joint import variable_of
from fanpin.pipeline import datasets, descriptions, result_stages
from fanpin.pipeline.provenance import is_current, read_record, record_path, write_record
from fanpin.report.content import Table
from fanpin.report.table import table as make_table
from fanpin.results import Estimates

if TYPE_CHECKING:
    from fanpin.pipeline.study import Study
    from fanpin.pipeline.study_file import TableSpec

OWN_OPTIONS = ("index", "where")  # of data tables: the columns that label rows, and the values that rows have


def build(study: Study, name: str, lang: Language = "en") -> dict[str, Any]:
    """Make one declared table and store it in every format."""
    spec = study.tables[name]
    made = make(study, spec, lang)
    folder = study.out / "tables"
    outputs = [folder / f"{name}.{ending}" for ending in ("json", "html", "tex", "docx")]
    writers = (made.to_json, made.to_html, made.to_latex)
    for path, write in zip(outputs, writers, strict=False):
        with atomic_path(path) as temporary:
            temporary.write_text(write(), "utf-8")
    made.to_docx(outputs[-1])
    facts = {"rows": len(made.rows), "columns": len(made.columns)}
    write_record(record_path(folder, "table", name), root=study.root, stage="table", study=study.id, name=name,
                 request=request_of(study, spec), inputs=input_paths(study, spec), outputs=outputs, facts=facts)  # fmt: skip
    return facts


def make(study: Study, spec: TableSpec, lang: Language = "en") -> Table:
    """The table a declaration asks for, in a language, with the id of its result behind every cell.

    Raises
    ------
    UnknownNameError : it names an unknown result, data set, row or option.
    """
    check_option("lang", lang, Language)
    place = f"{study.path.name} [[tables]] {spec.id}"
    allowed = [
        p for p in inspect.signature(make_table).parameters if p not in ("results", "id", "title", "labels", "lang")
    ]
    for option in spec.options:
        if option not in (*allowed, *OWN_OPTIONS):
            raise unknown_name("option of a table", option, allowed, where=place)
    options = {k: v for k, v in spec.options.items() if k not in OWN_OPTIONS}
    try:
        results, origins = (_data if spec.data else _results)(study, spec, lang)
        notes = [words[lang] for words in spec.notes]
        if study.file.design_note and any(result_stages.has_design(study, r) for r in results_of(study, spec)):
            notes.append(study.file.design_note[lang])
        if options.get("rows") == "causes":
            options["rows"], said = _by_cause(study, results, lang)
            notes += said
        elif options.get("rows") == "used":
            options["rows"] = [c for c in descriptions.columns_used(study) if c in results.index]
        made = make_table(results, id=spec.id, title=spec.title[lang], lang=lang, labels=study.labels,
                          notes=notes, **options)  # fmt: skip
    except FanpinError as error:
        error.add_note(f"  in: {place}")
        raise
    return _with_origins(made, origins)


def table(study: Study, name: str, lang: Language = "en") -> Table:
    """A declared table; built first unless the stored one is current. Other languages are made in memory."""
    spec = study.tables[name]
    for result in results_of(study, spec):
        result_stages.result(study, result)
    if lang != "en":
        return make(study, spec, lang)
    path = study.out / "tables" / f"{name}.json"
    record = read_record(record_path(path.parent, "table", name))
    if spec.data:
        datasets.ensure(study, spec.data)
    if not is_current(record, root=study.root, request=request_of(study, spec), inputs=input_paths(study, spec)):
        build(study, name)
    return Table.from_json(path.read_text("utf-8"))


def results_of(study: Study, spec: TableSpec) -> list[str]:
    """The ids of the results a table shows, checked."""
    names = _listed(spec.of)
    for name in names:
        if name not in study.models:
            raise unknown_name("result", name, study.models, where=f"{study.path.name} [[tables]] {spec.id}")
    return names


def data_paths(study: Study, spec: TableSpec) -> list[Path]:
    """The files of the data set a table shows; none for a table of results."""
    if spec.data is None:
        return []
    if spec.data not in datasets.names(study):
        raise unknown_name(
            "data set", spec.data, datasets.names(study), where=f"{study.path.name} [[tables]] {spec.id}"
        )
    return datasets.paths(study, spec.data)


def input_paths(study: Study, spec: TableSpec) -> list[Path]:
    """The files a table is made from."""
    results = dict.fromkeys(results_of(study, spec))
    return [*data_paths(study, spec), *(result_stages.result_path(study, r) for r in results)]


def request_of(study: Study, spec: TableSpec) -> dict[str, Any]:
    """The declaration with the study's labels and causes, for the record and for make."""
    return {
        **dataclasses.asdict(spec),
        "labels": study.labels,
        "causes": study.causes,
        "design_note": study.file.design_note,
        "used": descriptions.columns_used(study) if spec.options.get("rows") == "used" else [],
    }


def is_simulated(study: Study, spec: TableSpec) -> bool:
    """Whether some number of a table rests on simulated data."""
    if spec.data:
        return study.is_simulated(spec.data)
    return any(result_stages.is_simulated(study, study.models[name]) for name in results_of(study, spec))


def _listed(of: Any) -> list[str]:
    if of is None:
        return []
    if isinstance(of, str):
        return [of]
    return [name for part in of for name in (part["results"] if isinstance(part, dict) else [part])]


def _results(study: Study, spec: TableSpec, lang: Language) -> tuple[Any, dict[str, str]]:
    """What `fp.table` takes, and the name it gives each result -> the result's id.

    Panels share columns: the n-th result of each panel stands in the n-th column, named after the first panel's.
    """
    results_of(study, spec)
    if isinstance(spec.of, list) and isinstance(spec.of[0], dict):
        heads = spec.of[0]["results"]
        panels = {
            part["title"][lang]: {h: study.result(r) for h, r in zip(heads, part["results"], strict=True)}
            for part in spec.of
        }
        origins = {
            f"{part['title'][lang]}/{h}": r for part in spec.of for h, r in zip(heads, part["results"], strict=True)
        }
        return panels, origins
    names = _listed(spec.of)
    if len(names) == 1:
        return study.result(names[0]), {"1": names[0]}
    return {name: study.result(name) for name in names}, {}


def _data(study: Study, spec: TableSpec, lang: Language) -> tuple[Any, dict[str, str]]:
    frame = study.dataset(str(spec.data))
    index, where = spec.options.get("index"), spec.options.get("where", {})
    place = f"{study.path.name} [[tables]] {spec.id}"
    require_columns(frame.columns, [*([index] if isinstance(index, str) else index or []), *where], where=place)
    for column, value in where.items():
        if not (frame[column] == value).any():
            raise unknown_name(f"value of {column}", str(value), sorted(set(frame[column].astype(str))), where=place)
        frame = frame[frame[column] == value]
    frame = frame.set_index(index) if index else frame
    if frame.empty:
        frame = pd.DataFrame("", index=pd.Index(["none"], name=frame.index.names[-1]), columns=frame.columns)
    frame.attrs["simulated"] = study.is_simulated(str(spec.data))
    return frame, {"data": str(spec.data)}


def _by_cause(study: Study, results: Any, lang: Language) -> tuple[dict[str, list[str]], list[str]]:
    """Terms of all models grouped by the study's causes, the rest as controls; and which causes are not measured."""
    members = [m for part in results.values() for m in (part.values() if isinstance(part, dict) else [part])]
    terms = list(dict.fromkeys(t for m in members if isinstance(m, Estimates) for t in m.params.index))
    order = {name: position for position, name in enumerate(study.file.labels)}
    terms.sort(key=lambda t: order.get(t, -1))  # terms that the study labels come in the order of its labels
    groups = {
        _cause_words(study, cause, lang): [t for t in terms if variable_of(t) in columns]
        for cause, columns in study.causes.items()
    }
    used = {t for group in groups.values() for t in group}
    rest = [t for t in terms if t not in used]
    groups[term("controls", lang)] = sorted(rest, key=lambda t: t == "Intercept")  # the constant last
    absent = [heading for heading, group in groups.items() if not group]
    said = [term("note_not_measured", lang).format(causes=", ".join(w.lower() for w in absent))] if absent else []
    return {heading: group for heading, group in groups.items() if group}, said


def _cause_words(study: Study, cause: str, lang: Language) -> str:
    """The heading of a cause: the study's own words where it says what stands for the cause, else the common ones."""
    own = study.labels.get(f"cause_{cause}")
    return own[lang] if own else term(f"cause_{cause}", lang)


def _with_origins(made: Table, origins: dict[str, str]) -> Table:
    """Name in every cell the stored result it shows."""
    rows = tuple(
        dataclasses.replace(row, cells=tuple(
            dataclasses.replace(c, source=dataclasses.replace(c.source, result=origins.get(c.source.result, c.source.result)))
            if c.source else c for c in row.cells
        )) for row in made.rows
    )  # fmt: skip
    return dataclasses.replace(made, rows=rows)
