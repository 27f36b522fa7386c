"""A declared model or measure to a stored result: the stage estimate."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanpin.core.atomic import atomic_path
from fanpin.core.design import Design
from fanpin.core.errors import FanpinError, StudyError, unknown_name
from fanpin.pipeline import datasets
from fanpin.pipeline.ends import end_of, ends_of
from fanpin.pipeline.provenance import is_current, read_record, record_path, write_record
from fanpin.pipeline.study_file import read_line, read_section
from fanpin.results import load_result, to_json

if TYPE_CHECKING:
    import pandas as pd

    from fanpin.pipeline.study import Study
    from fanpin.pipeline.study_file import Analysis


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """What a `kind` in a study file calls, the data set it reads by default, and the arguments the study gives it."""

    home: str
    name: str
    on: str | None = None
    given: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()  # arguments that name a further data set
    follows: bool = False  # takes the result of a model or measure, named by `of`


KINDS = {
    "poverty": Kind(home="fanpin.measure", name="poverty", on="panel", given=("welfare", "line", "design", "strict")),
    "transitions": Kind(home="fanpin.measure", name="transitions", on="panel",
                        given=("unit", "time", "poor", "max_gap", "design")),
    "inequality": Kind(home="fanpin.measure", name="inequality", on="panel", given=("welfare", "design")),
    "lorenz": Kind(home="fanpin.measure", name="lorenz", on="panel", given=("welfare", "design")),
    "tip": Kind(home="fanpin.measure", name="tip", on="panel", given=("welfare", "line", "design")),
    "income_sources": Kind(home="fanpin.measure", name="income_sources", on="panel", given=("design",)),
    "health_burden": Kind(home="fanpin.measure", name="health_burden", on="panel", given=("welfare", "line", "design")),
    "concentration": Kind(home="fanpin.measure", name="concentration", on="panel", given=("design",)),
    "multidimensional": Kind(home="fanpin.measure", name="multidimensional", on="panel", given=("design",)),
    "chronic_poverty": Kind(home="fanpin.measure", name="chronic_poverty", on="panel",
                            given=("unit", "time", "welfare", "line", "strict", "design")),
    "poverty_change": Kind(home="fanpin.measure", name="poverty_change", on="panel",
                           given=("welfare", "line", "time", "strict", "design")),
    "differences": Kind(home="fanpin.measure", name="differences", follows=True),
    "contrast": Kind(home="fanpin.measure", name="contrast", follows=True),
    "group_difference": Kind(home="fanpin.measure", name="group_difference", on="panel"),
    "survival": Kind(home="fanpin.measure", name="survival", on="risk", given=("unit", "design")),
    "hazard": Kind(home="fanpin.models", name="hazard", on="risk", given=("unit", "design")),
    "average_effects": Kind(home="fanpin.models", name="average_effects", follows=True),
    "joint_test": Kind(home="fanpin.models", name="joint_test", follows=True),
    "township_rates": Kind(home="fanpin.monitor", name="township_rates"),
    "heterogeneity": Kind(home="fanpin.monitor", name="heterogeneity"),
    "totals": Kind(home="fanpin.monitor", name="compare_totals", reads=("printed",)),
}  # fmt: skip


SUPPLIED = ("data", "result", "risk_set", "measures")  # arguments that no option of a declaration names


def estimate(study: Study, name: str) -> dict[str, Any]:
    """Run one declared model or measure and store its result as JSON.

    Raises
    ------
    StudyError, UnknownNameError : the declaration names an unknown kind, argument, data set or column.
    FanpinError : whatever the analysis itself refuses, with the place in the study file.
    """
    analysis = study.models[name]
    result = run_analysis(study, analysis)
    path = result_path(study, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(to_json(result), "utf-8")
    facts = _facts(study, analysis, result)
    write_record(record_path(path.parent, "estimate", name), root=study.root, stage="estimate", study=study.id,
                 name=name, request=request_of(study, analysis), inputs=input_paths(study, analysis), outputs=[path],
                 facts=facts)  # fmt: skip
    return facts


def _facts(study: Study, analysis: Analysis, result: Any) -> dict[str, Any]:
    """Rows used and counts; what follows a model and counts nothing itself used the model's rows."""
    facts = {"rows": int(result.nobs), **result.counts} if hasattr(result, "nobs") else {}
    if analysis.of is None or len(facts) > 1:
        return facts
    base = read_record(record_path(study.out / "estimates", "estimate", analysis.of))
    return {**(base.facts if base else {}), **facts}


def run_analysis(study: Study, analysis: Analysis) -> Any:
    """Call the function a declaration names, with the study's own line, design and column names filled in."""
    kind = kind_of(study, analysis)
    place = place_of(study, analysis)
    function: Callable[..., Any] = getattr(import_module(kind.home), kind.name)
    allowed = [p for p in inspect.signature(function).parameters if p not in (*SUPPLIED, "formula")]
    for option in analysis.options:
        if option not in (*allowed, "formula"):
            raise unknown_name(f"argument of {analysis.kind}", option, allowed, where=place)
    options = _options(study, analysis, kind)
    _check_complete(function, options, kind, place)
    formula = options.pop("formula", None)
    for argument in kind.reads:
        options[argument] = study.dataset(_known_data(study, analysis, options.get(argument)))
    try:
        if kind.follows:
            result = _follow(study, analysis, function, options)
        else:
            data = study.dataset(data_of(study, analysis))
            result = function(*([formula] if formula else []), data, **_with_ends(options, data))
        if analysis.select:
            result = result.select(**ends_of(analysis.select, result.rows))
    except FanpinError as error:
        error.add_note(f"  in: {place}")
        raise
    return dataclasses.replace(result, simulated=True) if is_simulated(study, analysis) else result


def is_simulated(study: Study, analysis: Analysis) -> bool:
    """Whether an analysis rests on simulated data."""
    base = study.models.get(str(analysis.of), analysis)
    return study.is_simulated(data_of(study, base))


def has_design(study: Study, name: str) -> bool:
    """Whether a result follows the survey design, itself or through the model it is made from."""
    analysis = study.models[name]
    return "design" in KINDS[study.models[analysis.of].kind if analysis.of else analysis.kind].given


def _check_complete(function: Callable[..., Any], options: dict[str, Any], kind: Kind, place: str) -> None:
    """Raise for required arguments that neither the declaration nor the study gives."""
    given = {*options, *SUPPLIED}
    parameters = inspect.signature(function).parameters.values()
    missing = [p.name for p in parameters if p.default is p.empty and p.name not in given]
    if missing:
        raise StudyError(f"{kind.name} needs {', '.join(missing)}", where=place)


def _with_ends(options: dict[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    """The options, "first" and "last" replaced by waves: in `at`, and wherever `time` says which column they are of."""
    if isinstance(options.get("at"), dict):
        options = {**options, "at": ends_of(options["at"], data)}
    if options.get("time") not in data:
        return options
    return {k: end_of(v, data[options["time"]]) if k in ("first", "second") else v for k, v in options.items()}


def _follow(study: Study, analysis: Analysis, function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """What comes after a model: its stored result, and its data where the function takes them."""
    base = study.models[str(analysis.of)]
    followed = study.result(base.id)
    if "over" in options and options["over"] in getattr(followed, "rows", ()):
        options = {**options, "base": end_of(options.get("base"), followed.rows[options["over"]])}
    if "data" in inspect.signature(function).parameters:
        options = {"data": study.dataset(data_of(study, base)), **options}
    return function(followed, **options)


def result(study: Study, name: str) -> Any:
    """The stored result of a declaration; estimated first unless it is there and current."""
    analysis = study.models[name]
    inputs = input_paths(study, analysis)
    record = read_record(record_path(result_path(study, name).parent, "estimate", name))
    _ensure_inputs(study, analysis)
    if not is_current(record, root=study.root, request=request_of(study, analysis), inputs=inputs):
        estimate(study, name)
    return load_result(result_path(study, name))


def result_path(study: Study, name: str) -> Path:
    """Where the result of a declaration is stored."""
    return study.out / "estimates" / f"{name}.json"


def input_paths(study: Study, analysis: Analysis) -> list[Path]:
    """The files an analysis reads: its data set, and the result it builds on."""
    kind = kind_of(study, analysis)
    if analysis.of is None:
        further = [_known_data(study, analysis, analysis.options.get(a)) for a in kind.reads]
        return [p for name in (data_of(study, analysis), *further) for p in datasets.paths(study, name)]
    base = study.models[analysis.of]
    return [*datasets.paths(study, data_of(study, base)), result_path(study, base.id)]


def request_of(study: Study, analysis: Analysis) -> dict[str, Any]:
    """The declaration with what the study fills in, for the record and for make."""
    options = _options(study, analysis, kind_of(study, analysis))
    written = {k: dataclasses.asdict(v) if dataclasses.is_dataclass(v) else v for k, v in options.items()}  # type: ignore[arg-type]
    return {
        "kind": analysis.kind,
        "on": analysis.on,
        "of": analysis.of,
        "simulated": is_simulated(study, analysis),
        **({"select": analysis.select} if analysis.select else {}),
        **written,
    }


def kind_of(study: Study, analysis: Analysis) -> Kind:
    """The kind of a declaration, checked: known, and with `of` exactly where it is needed."""
    if analysis.kind not in KINDS:
        raise unknown_name("kind of analysis", analysis.kind, KINDS, where=place_of(study, analysis))
    if KINDS[analysis.kind].follows != (analysis.of is not None):
        raise StudyError(
            "`of` names the model or measure that average_effects, joint_test, contrast and differences follow; no other kind has it",
            got=f"kind {analysis.kind}, of {analysis.of}",
            where=place_of(study, analysis),
        )
    if analysis.of is not None and analysis.of not in study.models:
        raise unknown_name("model or measure", analysis.of, study.models, where=place_of(study, analysis))
    if analysis.of is not None and KINDS[study.models[analysis.of].kind].follows:
        raise StudyError("`of` names no model", expected="the id of a [[models]] entry that is estimated from data",
                         got=analysis.of, where=place_of(study, analysis))  # fmt: skip
    return KINDS[analysis.kind]


def data_of(study: Study, analysis: Analysis) -> str:
    """The name of the data set an analysis reads."""
    return _known_data(study, analysis, analysis.on or KINDS[analysis.kind].on)


def _known_data(study: Study, analysis: Analysis, name: str | None) -> str:
    known = datasets.names(study)
    if name is None or name not in known:
        raise unknown_name("data set", name, known, where=place_of(study, analysis))
    return name


def place_of(study: Study, analysis: Analysis) -> str:
    """Where in which file a declaration stands, for messages."""
    return f"{study.path.name} {analysis.id}"


def _ensure_inputs(study: Study, analysis: Analysis) -> None:
    if analysis.of is not None:
        result(study, analysis.of)
    else:
        for name in (data_of(study, analysis), *(analysis.options[a] for a in kind_of(study, analysis).reads)):
            datasets.ensure(study, name)


def _own_design(given: Any, place: str) -> Design | None:
    """A design of the analysis's own: false for none, or a table like [design]."""
    if given is False:
        return None
    if not isinstance(given, dict):
        raise StudyError(
            "design is neither false nor a table", expected='design = { psu = "…" }', got=given, where=place
        )
    return read_section(Design, given, place)


def _options(study: Study, analysis: Analysis, kind: Kind) -> dict[str, Any]:
    """Declared options over what the study gives; `design = false` leaves the design out."""
    panel = study.file.panel
    offered: dict[str, Any] = {"design": study.design, "poor": "is_poor"}
    if panel is not None:
        line = study.line
        if line is not None and line.kind == "relative":  # as in the panel: within each wave
            line = dataclasses.replace(line, by=(panel.time, *line.by))
        offered |= {"welfare": panel.welfare, "unit": panel.unit, "time": panel.time, "line": line, "strict": panel.strict,
                    "max_gap": study.file.spells.max_gap}  # fmt: skip
    options = {name: offered[name] for name in kind.given if name in offered} | analysis.options
    if "strict" in kind.given and panel is not None and panel.tolerance > 0:
        raise StudyError(f"fp.{kind.name} compares incomes as stored, the panel with a tolerance: a report would hold two definitions",
                         got=f"tolerance = {panel.tolerance:g}", where=place_of(study, analysis),
                         next_step="leave out tolerance, or the measure")  # fmt: skip
    if "design" in options and not isinstance(options["design"], Design | None):
        options["design"] = _own_design(options["design"], place_of(study, analysis))
    for name in ("by", "indices", "columns", "sources", "indicators", "thresholds", "points"):
        if isinstance(options.get(name), list):
            options[name] = tuple(options[name])
    if isinstance(options.get("line"), dict):
        options["line"] = read_line(options["line"], place_of(study, analysis))
    return options
