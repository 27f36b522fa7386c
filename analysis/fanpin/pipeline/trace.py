"""From a printed number back to the raw files: table, result, data, raw files, each with its hash."""

from __future__ import annotations

from pathlib import Path

from fanpin.core.errors import InputError, RawFileError, unknown_name
from fanpin.pipeline import project
from fanpin.pipeline.provenance import SUFFIX, Record, read_record, record_path
from fanpin.pipeline.raw import RAW
from fanpin.pipeline.study import Study, load_studies, load_study, study_names
from fanpin.report.content import Cell, Source, Table


def trace(root: Path, address: str) -> str:
    """The origin of a printed number, as text.

    Parameters
    ----------
    address : `table:row:column`, with `study:` before it where several studies have a table of that name.

    Raises
    ------
    InputError : the address is not of that form, or names a table of several studies.
    UnknownNameError : no such table, row or column; the closest names are given.
    RawFileError : the table has not been built.
    """
    study, name, row, column = _parse(root, address)
    path = study.out / "tables" / f"{name}.json"
    record = read_record(record_path(path.parent, "table", name))
    if record is None or not path.is_file():
        raise RawFileError(f"table {name!r} of {study.id} has not been built", where=project.relative(path, root),
                           next_step=f"make report STUDY={study.id}")  # fmt: skip
    cell = Table.from_json(path.read_text("utf-8")).cell(row, column)
    lines = [_heading(study, name, cell), *_step("table", record, path, root)]
    records = _records(study)
    result = _result_record(cell, study, records)
    if result is not None and cell.source is not None:
        lines += _result(cell.source, result, study)
    elif cell.source is not None:
        lines.append(f"  read from    {cell.source.result}, row {cell.source.term}, column {cell.source.statistic}")
    lines += _origins(result or record, records, study)
    return "\n".join([*lines, *_code(record)])


def _parse(root: Path, address: str) -> tuple[Study, str, str, str]:
    """Row ids may hold colons (interactions): the first word is the study or table, the last the column."""
    words = address.split(":")
    names = study_names(root)
    if words[0] in names and len(words) > 1:
        study, words = load_study(words[0], root=root), words[1:]
        if words[0] not in study.tables:
            raise unknown_name("table", words[0], study.tables, where=study.path.name)
    else:
        studies, _ = load_studies(root)
        having = [s for s in studies if words[0] in s.tables]
        if not having:
            raise unknown_name("table", words[0], {t for s in studies for t in s.tables}, where=project.MARK)
        if len(having) > 1:
            raise InputError(f"several studies have a table {words[0]!r}", expected="study:table:row:column",
                             next_step=f"try {having[0].id}:{address}")  # fmt: skip
        study = having[0]
    if len(words) < 3:
        raise InputError(f"{address!r} is not the address of a number", expected="table:row:column",
                         next_step=f"tables of {study.id}: {', '.join(study.tables)}")  # fmt: skip
    return study, words[0], ":".join(words[1:-1]), words[-1]


def _heading(study: Study, name: str, cell: Cell) -> str:
    exact = "" if cell.value is None else f"   (exactly {cell.value!r})"
    return f"{study.id}:{cell.id}\n  printed      {cell.text}{exact}\n  title        {study.tables[name].title.get('en', name)}"


def _step(label: str, record: Record, path: Path, root: Path) -> list[str]:
    digest = record.outputs.get(project.relative(path, root), "?")
    return [f"  {label:<12} {project.relative(path, root)}   sha256 {digest[:16]}…"]


def _records(study: Study) -> dict[str, Record]:
    """Output path -> the record of the step that wrote it."""
    found: dict[str, Record] = {}
    for folder in (study.processed, study.out):
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            record = read_record(path)
            if record is not None:
                found |= dict.fromkeys(record.outputs, record)
    return found


def _result_record(cell: Cell, study: Study, records: dict[str, Record]) -> Record | None:
    """The step that made the result a cell shows; None where it shows a data set."""
    return records.get(_result_path(cell.source, study)) if cell.source else None


def _result_path(source: Source, study: Study) -> str:
    return project.relative(study.out / "estimates" / f"{source.result}.json", study.root)


def _result(source: Source, record: Record, study: Study) -> list[str]:
    """The result a cell shows: its file, term and statistic, what was asked, and the rows used."""
    asked = ", ".join(f"{k} = {v}" for k, v in record.request.items() if v not in (None, False, [], {}))
    used = ", ".join(f"{k} {v:,.0f}" for k, v in record.facts.items())
    return [*_step("result", record, study.root / _result_path(source, study), study.root),
            f"  shows        {source.statistic} of {source.term}", f"  asked        {asked}", f"  rows used    {used}"]  # fmt: skip


def _origins(record: Record, records: dict[str, Record], study: Study) -> list[str]:
    """All files behind a step, nearest first; raw ones with origin and licence."""
    lines: list[str] = []
    seen: set[str] = set()
    waiting = list(record.inputs.items())
    while waiting:
        path, digest = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        kind = "raw file" if path.startswith(f"{RAW.as_posix()}/") else "from"
        lines.append(f"  {kind:<12} {path}   sha256 {digest[:16]}…")
        if path in records:
            waiting += records[path].inputs.items()
    sources = dict.fromkeys(f.source for f in study.raw_files() if f"{RAW.as_posix()}/{f.path}" in seen)
    for name in sources:
        source = study.manifest.sources[name]
        lines += [f"  source       {source.title}: {source.origin}", f"  licence      {source.licence}"]
    return lines


def _code(record: Record) -> list[str]:
    packages = ", ".join(f"{k} {v}" for k, v in record.packages.items())
    return [
        f"  code         fanpin {record.code['fanpin']}, commit {record.code['commit']}",
        f"  packages     {packages}",
    ]
