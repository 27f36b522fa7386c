"""Notebooks executed, and bound into one page and one Word file a study: the stages notebook and report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import FanpinError, StudyError, unknown_name
from fanpin.core.options import Language, check_option
from fanpin.pipeline import project
from fanpin.pipeline.provenance import code_digest, read_record, record_path, write_record

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from fanpin.pipeline.study import Study

SECONDS_A_CELL = 600
KEPT_METADATA = ("tags",)


class NotebookError(FanpinError):
    """A cell of a notebook raised."""


def execute(study: Study, name: str, lang: Language = "en") -> dict[str, Any]:
    """Run one notebook for a study and store it with its outputs, without clock or machine in the bytes.

    Raises
    ------
    NotebookError : a cell raised; names the notebook, the cell and the error.
    """
    import nbformat

    notebook = read_notebook(study, name)
    _set_parameters(notebook, {"STUDY": study.id, "LANG": lang}, study, name)
    _run(notebook, study, name)
    _strip(notebook)
    path = study.out / "notebooks" / f"{name}.ipynb"
    with atomic_path(path) as temporary:
        temporary.write_text(nbformat.writes(notebook) + "\n", "utf-8")
    facts = {"cells": len(notebook.cells)}
    write_record(record_path(path.parent, "notebook", name), root=study.root, stage="notebook", study=study.id, name=name,
                 request=notebook_request(study), inputs=_notebook_inputs(study, name), outputs=[path], facts=facts)  # fmt: skip
    return facts


def bind(study: Study, lang: Language = "en") -> dict[str, Any]:
    """Bind a study's executed notebooks into report.html and report.docx."""
    import nbformat

    from fanpin.report.page import render_html
    from fanpin.report.word import render_docx

    inputs = [study.out / "notebooks" / f"{name}.ipynb" for name in study.file.notebooks]
    for path in inputs:
        if not path.is_file():
            raise StudyError(f"notebook {path.stem} has not been executed", where=project.relative(path, study.root),
                             next_step=f"fanpin report {study.id} --notebook {path.stem}")  # fmt: skip
    notebooks = [nbformat.read(path, as_version=4) for path in inputs]
    words: dict[str, Any] = {"title": study.title(lang), "subtitle": study.file.summary[lang], "study": study.id, "lang": lang,
             "notices": notices(study), "sources": sources(study), "provenance_line": _provenance_line(study)}  # fmt: skip
    outputs = [study.out / "report.html", study.out / "report.docx"]
    with atomic_path(outputs[0]) as page:
        page.write_text(render_html(notebooks, **words), "utf-8")
    render_docx(notebooks, outputs[1], **words)
    facts = {"kB html": outputs[0].stat().st_size // 1024, "kB docx": outputs[1].stat().st_size // 1024}
    write_record(record_path(study.out, "report"), root=study.root, stage="report", study=study.id,
                 request=report_request(study), inputs=inputs, outputs=outputs, facts=facts)  # fmt: skip
    return facts


def index(root: Path, lang: Language = "en") -> str:
    """Write reports/out/index.html, which links the reports that are built, and the codebooks of their sources; returns its path."""
    from fanpin.pipeline.study import load_studies
    from fanpin.report.page import IndexEntry, render_index

    built = [s for s in load_studies(root)[0] if read_record(record_path(s.out, "report")) is not None]
    for source in dict.fromkeys(source for s in built for source in s.sources):
        write_codebook(root, source, lang)
    entries = [
        IndexEntry(
            study=s.id,
            title=s.title(lang),
            sentence=s.file.summary[lang],
            html=f"{s.id}/report.html",
            docx=f"{s.id}/report.docx",
            simulated=any(marks := simulated_extracts(s)),
            partly=not all(marks),
            tables=tuple((_title(s, name, lang), f"{s.id}/tables/{name}.docx") for name in s.tables),
            codebooks=tuple((source, f"codebooks/{codebook_name(source, lang)}.html") for source in s.sources),
        )
        for s in built
    ]
    path = root / "reports/out/index.html"
    with atomic_path(path) as temporary:
        temporary.write_text(render_index(entries, lang=lang), "utf-8")
    return project.relative(path, root)


def simulated_extracts(study: Study) -> list[bool]:
    """Of each extract, whether it is simulated."""
    return [e.simulated or study.file.simulated for e in study.file.extracts.values()]


def _title(study: Study, name: str, lang: Language) -> str:
    from fanpin.core.terms import term
    from fanpin.pipeline.table_stages import is_simulated

    spec = study.tables[name]
    return spec.title[lang] + (term("simulated_suffix", lang) if is_simulated(study, spec) else "")


def write_codebook(root: Path, source: str, lang: Language = "en") -> list[str]:
    """Write the codebook of a source into reports/out/codebooks, as HTML and Markdown; returns the paths."""
    import fanpin as fp
    from fanpin.core.terms import term
    from fanpin.report.codebook import render_codebook_html, render_codebook_markdown

    check_option("lang", lang, Language)
    book = fp.codebook(source)
    title = term("codebook_title", lang).format(source=source)
    folder = root / "reports/out/codebooks"
    folder.mkdir(parents=True, exist_ok=True)
    stem = codebook_name(source, lang)
    texts = {f"{stem}.html": render_codebook_html(book, title=title, lang=lang),
             f"{stem}.md": render_codebook_markdown(book, title=title, lang=lang)}  # fmt: skip
    for name, text in texts.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, "utf-8")
    return [project.relative(folder / name, root) for name in texts]


def codebook_name(source: str, lang: Language = "en") -> str:
    """What the files of a source's codebook are called, without their ending."""
    return source if lang == "en" else f"{source}.{lang}"


def read_notebook(study: Study, name: str) -> NotebookNode:
    """A notebook of the study by name."""
    import nbformat

    paths = {p.stem: p for p in study.notebooks}
    if name not in paths:
        raise unknown_name("notebook", name, paths, where=study.path.name)
    if not paths[name].is_file():
        raise StudyError(f"the notebook {name} is not there", where=project.relative(paths[name], study.root))
    return nbformat.read(paths[name], as_version=4)


def notebook_request(study: Study) -> dict[str, Any]:
    """What a notebook's output depends on besides its own text and the files it reads."""
    return {"study": study.id, "notices": notices(study), "tables": list(study.tables), "models": list(study.models)}


def report_request(study: Study) -> dict[str, Any]:
    """What the bound report says besides the notebooks."""
    return {"title": study.file.title, "summary": study.file.summary, "notebooks": list(study.file.notebooks),
            "notices": notices(study), "sources": sources(study)}  # fmt: skip


def notices(study: Study) -> list[str]:
    """Sentences above everything else: what is real and what is simulated."""
    simulated = simulated_extracts(study)
    if all(simulated):
        return ["The data of this report are simulated. No number here describes a real household."]
    if any(simulated):
        return ["Part of this report rests on simulated households, which describe no real ones: every table and figure "
                "made from them says so in its title. What does not say so is real."]  # fmt: skip
    return ["The data of this report are real; none is simulated."]


def sources(study: Study) -> list[str]:
    """A line for each raw source: how to cite it, where it comes from, under which licence."""
    used = [study.manifest.sources[name] for name in dict.fromkeys(f.source for f in study.raw_files())]
    lines = [f"{s.citation.rstrip('.')}. Origin: {s.origin}. Licence: {s.licence}." for s in used]
    lines += [f"Files of the user's own, layout {e.source}, which may not be passed on: how to obtain and cite them stands in "
              f"{Path(e.files[0]).parent.as_posix()}/README.md." for e in study.file.extracts.values() if e.own]  # fmt: skip
    if made := study.file.simulate:
        lines.append(f"Simulated files, which describe nobody: fanpin.simulate_city_c(households={made.households}, "
                     f"waves={list(made.waves)}, seed={made.seed}).")  # fmt: skip
    return lines


def _set_parameters(notebook: NotebookNode, values: dict[str, str], study: Study, name: str) -> None:
    """Replace the values in the cell tagged `parameters`; each must be assigned there."""
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise StudyError(
            f"notebook {name} has {len(cells)} cells tagged 'parameters'", expected="one", where=study.path.name
        )
    cells[0].source = "\n".join(f"{key} = {value!r}" for key, value in values.items())


def _run(notebook: NotebookNode, study: Study, name: str) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    os.environ["FANPIN_ROOT"] = str(study.root)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # else every kernel warns that it listens on this machine only by TCP
        resources={"metadata": {"path": str(study.root / "notebooks")}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        at = next((i for i, c in enumerate(notebook.cells, 1) if _failed(c)), "?")
        raise NotebookError(
            f"notebook {name} stopped with {error.ename}", got=error.evalue,
            where=f"notebooks/{name}.ipynb, cell {at}, study {study.id}",
            next_step=f"open it and run it with STUDY = {study.id!r}",
        ) from error  # fmt: skip


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


def _strip(notebook: NotebookNode) -> None:
    """Leave nothing that differs between two runs: cell ids by position, no kernel or timing metadata."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in KEPT_METADATA}
        cell.id = f"cell-{number:02d}"


def _notebook_inputs(study: Study, name: str) -> list[Path]:
    results = [study.out / "estimates" / f"{m}.json" for m in study.models]
    tables = [study.out / "tables" / f"{t}.json" for t in study.tables]
    data = [study.processed / "panel.parquet"] if study.file.panel else []
    return [study.root / "notebooks" / f"{name}.ipynb", *(p for p in (*results, *tables, *data) if p.is_file())]


def _provenance_line(study: Study) -> str:
    import fanpin

    return f"fanpin {fanpin.__version__}, report code {code_digest('report')[:12]}, study {study.id}"
