"""make's rules, generated from the studies: a target is the record of a step, its prerequisites what the step reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import FanpinError
from fanpin.pipeline import data_stages, project, report_stages, result_stages, simulation, table_stages
from fanpin.pipeline.provenance import SUFFIX, code_files, is_current, plain, read_record, record_path
from fanpin.pipeline.study import Study, load_studies, load_study

BUILD = Path(".build")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One step: what it makes, what it depends on, the command, and what the study asks of it.

    `reads` are the files whose hashes the step's record holds; None where only the record itself knows them.
    """

    stage: str
    target: Path
    inputs: tuple[Path, ...]
    command: str
    request: dict[str, Any]
    reads: tuple[Path, ...] | None = None


def prepare(root: Path, names: list[str]) -> tuple[list[Study], list[str]]:
    """Check raw files, forget steps that are out of date, and write `.build/report.mk`.

    Parameters
    ----------
    names : studies to build; empty for all that can be read and whose raw files are there.

    Returns
    -------
    The studies that will be built, and a sentence for each that is left out.

    Raises
    ------
    RawFileError : a raw file changed; or one of a study asked for by name is missing.
    """
    readable, wrong = load_studies(root)
    left_out = [] if names else [f"{name}: {error}" for name, error in wrong.items()]
    studies = []
    for study in [load_study(name, root=root) for name in names] or readable:
        if not names and (wanted := study.wanted_files()):
            left_out.append(f"{study.id}: raw files are not there; {wanted}")
            continue
        study.check_raw()
        studies.append(study)
    rules = [(study, rule) for study in studies for rule in rules_of(study)]
    for study, rule in rules:
        _forget_stale(study, rule)
    _forget_index(root, studies)
    text = _render([rule for _, rule in rules], studies, root)
    _write_if_new(root / BUILD / "report.mk", text)
    return studies, left_out


def rules_of(study: Study) -> Iterator[Rule]:
    """The steps of a study, in order."""
    last: tuple[Path, ...] = ()
    if study.file.simulate is not None:
        target = record_path(study.simulation, "simulate")
        yield Rule(stage="simulate", target=target, command=f"simulate {study.id}", inputs=(), reads=(),
                   request=simulation.request(study))  # fmt: skip
        last = (target,)
    if any(e.source for e in study.file.extracts.values()):
        target = record_path(study.processed, "harmonise")
        yield Rule(stage="harmonise", target=target, command=f"harmonise {study.id}",
                   inputs=(*last, *data_stages.raw_inputs(study), *_catalogue(study)),
                   reads=tuple(data_stages.harmonise_inputs(study)), request=data_stages.harmonise_request(study))  # fmt: skip
        last = (target,)
    if study.file.panel is not None:
        target = record_path(study.processed, "panel")
        yield Rule(stage="panel", target=target, command=f"panel {study.id}", inputs=last, reads=tuple(data_stages.panel_inputs(study)),
                   request=data_stages.panel_request(study))  # fmt: skip
        last = (target,)
    estimates = {name: record_path(study.out / "estimates", "estimate", name) for name in study.models}
    for name, analysis in study.models.items():
        base = (estimates[analysis.of],) if analysis.of in estimates else ()
        reads = tuple(result_stages.input_paths(study, analysis))
        tables = tuple(p for p in reads if p.suffix == ".csv")
        yield Rule(stage="estimate", target=estimates[name], command=f"estimate {study.id} {name}",
                   inputs=(*last, *base, *tables), reads=reads, request=result_stages.request_of(study, analysis))  # fmt: skip
    tables_made = {name: record_path(study.out / "tables", "table", name) for name in study.tables}
    for name, spec in study.tables.items():
        needed = tuple(estimates[r] for r in table_stages.results_of(study, spec))
        printed = tuple(p for p in table_stages.data_paths(study, spec) if p.suffix == ".csv")
        yield Rule(stage="table", target=tables_made[name], command=f"table {study.id} {name}",
                   inputs=(*last, *needed, *printed), reads=tuple(table_stages.input_paths(study, spec)), request=table_stages.request_of(study, spec))  # fmt: skip
    executed = []
    for notebook in study.notebooks:
        executed.append(record_path(study.out / "notebooks", "notebook", notebook.stem))
        yield Rule(stage="notebook", target=executed[-1], command=f"report {study.id} --notebook {notebook.stem}",
                   inputs=(notebook, *last, *estimates.values(), *tables_made.values()),
                   request=report_stages.notebook_request(study))  # fmt: skip
    yield Rule(stage="report", target=record_path(study.out, "report"), command=f"report {study.id}",
               inputs=tuple(executed), request=report_stages.report_request(study))  # fmt: skip


def _render(rules: list[Rule], studies: list[Study], root: Path) -> str:
    reports = [project.relative(record_path(s.out, "report"), root) for s in studies]
    index = project.relative(root / "reports/out/index.html", root)
    lines = ["# Generated from analysis/studies/*.toml; do not edit.", ".PHONY: report",
             f"report: {' '.join(reports)} {index}", "",
             f"{index}: {' '.join(reports)} {_code('report', root)} {_code('harmonise', root)}", "\t@$(FANPIN) report --index", ""]  # fmt: skip
    for rule in rules:
        request = _write_request(rule, root)
        inputs = " ".join(_escape(project.relative(p, root)) for p in (*rule.inputs, request))
        target = _escape(project.relative(rule.target, root))
        lines += [f"{target}: {inputs} {_code(rule.stage, root)}", f"\t@$(FANPIN) {rule.command}", ""]
    return "\n".join(lines)


def _code(stage: str, root: Path) -> str:
    inside = [p for p in code_files(stage) if p.is_relative_to(root)]
    return " ".join(_escape(project.relative(p, root)) for p in inside)


def _write_request(rule: Rule, root: Path) -> Path:
    """The request as a file that changes only when the request does, so that editing one model rebuilds that model."""
    target = project.relative(rule.target, root).replace("/", "__").removesuffix(SUFFIX)
    path = root / BUILD / "requests" / f"{target}.json"
    _write_if_new(path, json.dumps(plain(rule.request), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return path


def _write_if_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text("utf-8") != text:
        with atomic_path(path) as temporary:
            temporary.write_text(text, "utf-8")


def _escape(path: str) -> str:
    return path.replace(" ", "\\ ").replace("$", "$$").replace("#", "\\#")


def _catalogue(study: Study) -> tuple[Path, ...]:
    path = data_stages.catalogue_path(study)
    return (path,) if path.is_file() else ()


def _forget_stale(study: Study, rule: Rule) -> None:
    """Remove the record of a step that would not give the same outputs again; make compares times only."""
    record = read_record(rule.target)
    if record is None:
        rule.target.unlink(missing_ok=True)
        return
    reads = rule.reads if rule.reads is not None else tuple(study.root / p for p in record.inputs)
    if not is_current(record, root=study.root, request=rule.request, inputs=list(reads)):
        rule.target.unlink()


def _forget_index(root: Path, studies: list[Study]) -> None:
    """Remove the index page where a codebook that it links is gone, so that both are written anew."""
    folder = root / "reports/out"
    names = [f"{report_stages.codebook_name(source)}.html" for study in studies for source in study.sources]
    if not all((folder / "codebooks" / name).is_file() for name in names):
        (folder / "index.html").unlink(missing_ok=True)


def describe(study: Study) -> dict[str, Any]:
    """What a study declares, for `fanpin study NAME`."""
    try:
        missing = study.wanted_files() or "none"
    except FanpinError as error:
        missing = error.problem
    return {
        "title": study.title(), "raw files missing": missing,
        "line": study.line.describe() if study.line else None,
        "design": study.design.describe() if study.design else None,
        "spells": asdict(study.file.spells) if study.file.panel else None,
        "models and measures": ", ".join(f"{n} ({a.kind})" for n, a in study.models.items()),
        "tables": ", ".join(study.tables), "notebooks": ", ".join(study.file.notebooks),
    }  # fmt: skip
