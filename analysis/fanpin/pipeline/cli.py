"""The command line: one verb a build step, and a few for people."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanpin.core.errors import FanpinError
from fanpin.pipeline.project import find_root

if TYPE_CHECKING:
    from fanpin.pipeline.study import Study

app = typer.Typer(
    name="fanpin", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="fanpin (返贫): why households that had left poverty fall back. A study is one file in analysis/studies/; "
    "`make report` runs harmonise, panel, estimate, table and report for each.",
)  # fmt: skip

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="name of a file in analysis/studies, without .toml")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="which ones; default: all")]


def main() -> None:
    """Entry point: an error of ours is printed as it is, without a traceback (unless FANPIN_DEBUG is set)."""
    warnings.showwarning = _say_warning
    try:
        app()
    except FanpinError as error:
        if os.environ.get("FANPIN_DEBUG"):
            raise
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        print(f"fanpin: {error}{notes}", file=sys.stderr)
        raise SystemExit(1) from None


@app.command()
def study(
    names: Names = None,
    make_rules: Annotated[
        bool, typer.Option("--make-rules", help="check raw files and write .build/report.mk")
    ] = False,
) -> None:
    """List the studies, show one, or write make's rules for them.

    Example: fanpin study gsoep
    """
    from fanpin.pipeline import rules
    from fanpin.pipeline.study import load_study, study_names

    root = find_root()
    if make_rules:
        studies, left_out = rules.prepare(root, names or [])
        checked = len({f.path for s in studies for f in s.raw_files()})
        print(f"[raw] {checked} raw files are as the manifest says; studies: {', '.join(s.id for s in studies)}")
        for sentence in left_out:
            print(f"[raw] left out {sentence}")
        return
    for name in names or study_names(root):
        for key, value in {"study": name, **rules.describe(load_study(name, root=root))}.items():
            print(f"{key:>20}  {value}")
        print()


@app.command()
def harmonise(
    name: StudyName,
    accept_catalogue: Annotated[
        bool, typer.Option("--accept-catalogue", help="write the variable catalogue as it is now, to be committed")
    ] = False,
    engine: Annotated[str, typer.Option(help="duckdb, or spark where one machine is not enough")] = "duckdb",
) -> None:
    """Apply the study's mappings to its raw files: canonical tables, failed checks and variable catalogue.

    Example: fanpin harmonise gsoep
    """
    from fanpin.pipeline import data_stages

    opened = _open(name)
    _run(opened, "harmonise", lambda: data_stages.harmonise(opened, accept=accept_catalogue, engine=engine))  # type: ignore[arg-type]
    if accept_catalogue:
        print(f"[{name}] wrote {data_stages.catalogue_path(opened)}")


@app.command()
def simulate(name: StudyName) -> None:
    """Write the simulated raw files that a study declares, with their truth beside them.

    Example: fanpin simulate city-c
    """
    from fanpin.pipeline import simulation

    opened = _open(name)
    _run(opened, "simulate", lambda: simulation.simulate(opened))


@app.command()
def panel(name: StudyName) -> None:
    """Poverty status, spells and the relapse risk set from the canonical tables.

    Example: fanpin panel gsoep
    """
    from fanpin.pipeline import data_stages

    opened = _open(name)
    _run(opened, "panel", lambda: data_stages.panel(opened))


@app.command()
def estimate(name: StudyName, results: Names = None) -> None:
    """Estimate the models and measures a study declares, and store them as JSON.

    Example: fanpin estimate gsoep cloglog
    """
    from fanpin.pipeline import result_stages

    opened = _open(name)
    for result in _chosen("model or measure", results, opened.models):
        _run(opened, f"estimate {result}", partial(result_stages.estimate, opened, result))


@app.command()
def table(name: StudyName, tables: Names = None) -> None:
    """Make the tables a study declares, as HTML, LaTeX, Word and JSON.

    Example: fanpin table gsoep relapse-models
    """
    from fanpin.pipeline import table_stages

    opened = _open(name)
    for one in _chosen("table", tables, opened.tables):
        _run(opened, f"table {one}", partial(table_stages.build, opened, one))


@app.command()
def report(
    name: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="name of the study")] = None,
    notebook: Annotated[str | None, typer.Option(help="execute this notebook only, for example 02-data")] = None,
    index: Annotated[
        bool, typer.Option("--index", help="write reports/out/index.html, which links the studies")
    ] = False,
) -> None:
    """Execute a study's notebooks and bind them into report.html and report.docx.

    Example: fanpin report gsoep
    """
    from fanpin.pipeline import report_stages

    if index:
        print(f"[index] {report_stages.index(find_root())}")
    elif name is None:
        raise typer.BadParameter("give a STUDY, or --index")
    elif notebook:
        opened = _open(name)
        _run(opened, f"notebook {notebook}", lambda: report_stages.execute(opened, notebook))
    else:
        opened = _open(name)
        _run(opened, "report", lambda: report_stages.bind(opened))


@app.command()
def codebook(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="a source, for example cfps; fanpin sources lists them")
    ],
    lang: Annotated[str, typer.Option(help="the language that stands first: en or zh")] = "en",
) -> None:
    """Write the codebook of a source: every column, its variables wave by wave, codes and reasons for missing.

    Example: fanpin codebook gsoep
    """
    from fanpin.pipeline.report_stages import write_codebook

    for path in write_codebook(find_root(), source, lang):  # type: ignore[arg-type]
        print(f"[codebook] {path}")


@app.command()
def sources() -> None:
    """List the surveys and registers that mappings exist for, with what confirms their variable names.

    Example: fanpin sources
    """
    import fanpin as fp

    known = fp.sources().groupby(["source", "layout"], sort=False)
    for (source, layout), rows in known:
        waves = sorted(rows["wave"].dropna().unique())
        span = "any year" if not waves else f"{waves[0]}" if len(waves) == 1 else f"{waves[0]}-{waves[-1]}"
        print(f"{source:<12}{layout:<20}{span:<12}{rows['verified'].sum():>4} verified {rows['script_only'].sum():>4} script only "
              f"{rows['unverified'].sum():>4} unverified  {rows['title'].iloc[0]}")  # fmt: skip


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="a source in data/raw/MANIFEST.toml, for example eph")
    ],
    folder: Annotated[Path | None, typer.Option("--from", help="copy the files from this folder instead")] = None,
    base_url: Annotated[str | None, typer.Option("--url", help="another address, for a mirror")] = None,
) -> None:
    """Bring the raw files of a source into data/raw, each checked against its sha256.

    Example: fanpin fetch eph
    """
    from fanpin.pipeline.fetch import fetch as fetch_files
    from fanpin.pipeline.raw import load_manifest

    files = fetch_files(load_manifest(find_root()), source, folder=folder, base_url=base_url)
    print(f"[fetch] {len(files)} files of {source} are in {files[0].parent}")


@app.command()
def trace(
    address: Annotated[str, typer.Argument(metavar="[STUDY:]TABLE:ROW:COLUMN", help="a printed number")],
) -> None:
    """Say where a printed number comes from: result, rows used, inputs with their hashes, code version.

    Example: fanpin trace gsoep:relapse-models:age:cloglog
    """
    from fanpin.pipeline.trace import trace as follow

    print(follow(find_root(), address))


@app.command()
def doctor() -> None:
    """Check the installation, the raw files and the studies, and say what to do about each problem.

    Example: fanpin doctor
    """
    from fanpin.pipeline.doctor import examine

    problems = examine(find_root(), say=print)
    raise typer.Exit(1 if problems else 0)


def _say_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    """A warning as one line of text, without the source line that raised it."""
    print(f"  note ({category.__name__}): {message}", file=sys.stderr, flush=True)


def _open(name: str) -> Study:
    from fanpin.pipeline.study import load_study

    return load_study(name, root=find_root())


def _chosen(kind: str, names: list[str] | None, known: dict[str, Any]) -> list[str]:
    from fanpin.core.errors import unknown_name

    for name in names or []:
        if name not in known:
            raise unknown_name(kind, name, known)
    return names or list(known)


def _run(opened: Study, what: str, step: Callable[[], dict[str, Any]]) -> None:
    start = time.perf_counter()
    print(f"[{opened.id}] {what} …", flush=True)
    facts = ", ".join(
        f"{key} {value:,.0f}" if isinstance(value, (int, float)) else f"{key} {value}" for key, value in step().items()
    )
    print(f"[{opened.id}] {what}: {facts or 'done'} ({time.perf_counter() - start:.1f} s)", flush=True)
