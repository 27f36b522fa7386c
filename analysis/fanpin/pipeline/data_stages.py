"""Raw extracts to harmonised tables to the analysis panel: the stages harmonise and panel."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fanpin.core.atomic import atomic_path
from fanpin.core.errors import InapplicableError, StudyError, require_columns
from fanpin.pipeline import descriptions, project, simulation
from fanpin.pipeline.derived import with_derived
from fanpin.pipeline.provenance import is_current, read_record, record_path, write_record

if TYPE_CHECKING:
    from fanpin.core.options import Engine
    from fanpin.pipeline.study import Study

HARMONISED = ("household_wave", "person_wave", "place_wave")
PANEL = ("panel", "spells", "risk", "counts", "ties")
DESCRIBED = ("issues", "accounts", "catalogue", "variables", "rows", "missing")
REGISTER = ("register_poverty",)  # made with the panel where the county's register is at hand
LINKS = ("links", "attrition_states")  # made with the panel where households are linked


def harmonise(study: Study, *, accept: bool = False, engine: Engine = "duckdb") -> dict[str, Any]:
    """Apply each extract's mapping; write the canonical tables, what describes them, and compare the committed catalogue.

    Parameters
    ----------
    accept : write the catalogue as it is now beside the study file, instead of comparing it.
    engine : "duckdb" or "spark"; the tables are the same.

    Raises
    ------
    RawFileError : a raw file is missing or changed.
    DataError, StudyError : an extract breaks a promise; or the catalogue differs from the committed one.
    """
    _require_mapped(study)
    study.check_raw()
    simulation.ensure(study)
    import fanpin as fp

    parts: dict[str, list[pd.DataFrame]] = {}
    for source, files, prefix in _mapped(study):
        done = fp.harmonise(source, files, engine=engine)
        names = {table: f"{prefix}_{table}" if prefix else table for table in HARMONISED}
        given = {names[table]: getattr(done, table) for table in HARMONISED if getattr(done, table) is not None}
        described = {"issues": done.issues, "catalogue": done.catalogue,
                     "accounts": descriptions.account(source, files, done, names)}  # fmt: skip
        if study.file.link and prefix is not None and prefix == study.file.link.former:
            described = {"catalogue": done.catalogue}  # its rows are of files that another extract accounts for
        for name, table in [*given.items(), *described.items()]:
            parts.setdefault(name, []).append(table)
    if double := [name for name in parts if name.endswith(HARMONISED) and len(parts[name]) > 1]:
        raise StudyError(
            f"two extracts give {', '.join(double)}", expected="one extract a canonical table, or a prefix for one of them",
            where=study.path,
        )  # fmt: skip
    tables = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
    (accept_catalogue if accept else compare_catalogue)(tables["catalogue"], study)
    canonical = {name: table for name, table in tables.items() if name.endswith(HARMONISED)}
    tables["issues"] = descriptions.list_issues(parts["issues"])
    tables["variables"] = descriptions.summarise_catalogue(tables["catalogue"])
    tables |= {"rows": descriptions.count_rows(canonical), "missing": descriptions.missing_by_reason(canonical)}
    facts = {f"{name} rows": len(table) for name, table in tables.items() if name.endswith((*HARMONISED, "issues"))}
    _write(study, "harmonise", tables, request=harmonise_request(study), inputs=harmonise_inputs(study), facts=facts)
    return facts


def compare_catalogue(catalogue: pd.DataFrame, study: Study) -> None:
    """Raise when the variable catalogue differs from the one committed beside the study file.

    Waves that are not at hand are left out of the comparison, so that part of a survey can be built. A user's own files
    need no committed catalogue: their releases, and so the shares missing, differ from user to user.
    """
    path = catalogue_path(study)
    new = catalogue.to_csv(index=False).splitlines()
    if not path.is_file():
        if any(extract.own for extract in study.file.extracts.values()):
            return
        raise StudyError("the study has no committed variable catalogue", expected=path.name, where=path.parent,
                         next_step=f"fanpin harmonise {study.id} --accept-catalogue, read it, commit it")  # fmt: skip
    old = path.read_text("utf-8").splitlines()
    waves = {f",{w}," for w in catalogue["wave"].astype(str)}
    missing = [line for line in old[1:] if line not in set(new) and any(w in f",{line}," for w in waves)]
    added = [line for line in new if line not in set(old)]
    if missing or added:
        changes = [*(f"- {line}" for line in missing[:5]), *(f"+ {line}" for line in added[:5])]
        raise StudyError(
            f"the variable catalogue changed: {len(missing)} line(s) gone, {len(added)} new",
            got="\n    " + "\n    ".join(changes),
            where=project.relative(path, study.root),
            next_step=f"if the change is meant: fanpin harmonise {study.id} --accept-catalogue, and commit the file",
        )


def accept_catalogue(catalogue: pd.DataFrame, study: Study) -> None:
    """Write the catalogue beside the study file, to be read and committed."""
    with atomic_path(catalogue_path(study)) as temporary:
        catalogue.to_csv(temporary, index=False)


def catalogue_path(study: Study) -> Path:
    """The committed catalogue of a study."""
    return study.path.with_suffix(".catalogue.csv")


def panel(study: Study) -> dict[str, Any]:
    """Canonical table to panel with status, spells, the relapse risk set, and the counts printed about them."""
    spec, line, rules = study.file.panel, study.line, study.file.spells
    if spec is None or line is None:
        raise InapplicableError(f"the study {study.id!r} has no panel", expected="a [panel] section", where=study.path)
    import fanpin as fp
    from fanpin.panel import ties_at_line

    source, links = _linked(study)
    if prices := study.file.prices:
        source = fp.deflate(source, columns=prices.columns, time=spec.time, base_year=prices.base_year,
                            prices=prices.series, period=spec.period)  # fmt: skip
    source = with_derived(source, study.file.derive, where=f"{study.path.name} [derive]")
    place = f"{study.path.name} [panel]"
    require_columns(
        source.columns, [spec.unit, spec.time, spec.welfare, spec.weight, spec.size, *spec.where], where=place
    )
    kept = source[_where(source, spec.where) & source[spec.welfare].notna()].reset_index(drop=True)
    weight = spec.weight
    if weight and spec.size:
        kept["person_weight"] = kept[weight] * kept[spec.size]
        weight = "person_weight"
    status = fp.poverty_status(kept, welfare=spec.welfare, line=line, unit=spec.unit, time=spec.time,
                               weight=weight, strict=spec.strict, tolerance=spec.tolerance)  # fmt: skip
    names = {"unit": spec.unit, "time": spec.time, "poor": "is_poor"}
    spells = fp.spells(status, **names, max_gap=rules.max_gap)
    risk = fp.relapse_risk_set(
        status,
        **names,
        max_gap=rules.max_gap,
        min_escape=rules.min_escape,
        left_censored=rules.left_censored,
        lagged=rules.lagged,
    )
    risk["log_gap"] = np.log(risk["gap"])  # an offset for waves that are not one step apart
    tables = {
        "panel": status,
        "spells": spells,
        "risk": risk,
        "counts": descriptions.describe_panel(source, status, spells, risk, unit=spec.unit),
        "ties": descriptions.with_headcounts(ties_at_line(status, welfare=spec.welfare, time=spec.time)),
        **links,
    }
    if register := register_table(study):
        tables["register_poverty"] = descriptions.cross_register(status, study.dataset(register))
    facts = {"panel rows": len(status), "risk rows": len(risk), "relapses": int(risk["relapse"].sum())}
    _write(study, "panel", tables, request=panel_request(study), inputs=panel_inputs(study), facts=facts)
    return facts


def register_table(study: Study) -> str | None:
    """The canonical table of the county's monitoring register, beside that of a survey; None where there is none."""
    prefixes = [e.prefix for e in study.file.extracts.values() if e.source == "register" and e.prefix]
    return f"{prefixes[0]}_household_wave" if prefixes and study.file.panel else None


def _linked(study: Study) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The canonical table of the panel, its households linked where the study says how, and tables of the links."""
    spec, link = study.file.panel, study.file.link
    assert spec is not None
    source = study.dataset(spec.table)
    if link is None:
        return source, {}
    import fanpin as fp

    people = spec.table.replace("household_wave", "person_wave")
    known = (study.processed / f"{people}.parquet").is_file()
    persons = study.dataset(people) if known else None
    weight, size, origin = (
        column if column in source else None for column in ("weight", "household_size", "origin_household_id")
    )
    if persons is not None and link.former and (study.processed / f"{link.former}_person_wave.parquet").is_file():
        source = fp.with_left_households(source, persons=persons, former=study.dataset(f"{link.former}_person_wave"))
    linked = fp.link_panel(
        source, persons=persons, time=spec.time, origin=origin, size=size, weight=weight, splits=link.splits,
        weights=link.weights, covariates=link.covariates, stabilised=link.stabilised, trim=link.trim,
    )  # fmt: skip
    states = fp.attrition_states(linked, time=spec.time)
    if "interviewed" in linked:  # rows of households that ended tell why, and hold nothing to measure
        linked = linked[linked["interviewed"] == 1].reset_index(drop=True)
    return linked, {"links": descriptions.count_links(linked, time=spec.time), "attrition_states": states}


def ensure(study: Study, stage: str) -> None:
    """Run a data stage, and those before it, unless its outputs are there and current."""
    if stage == "panel":
        ensure(study, "harmonise")
    else:
        simulation.ensure(study)
    build, request, inputs = {
        "harmonise": (harmonise, harmonise_request, harmonise_inputs),
        "panel": (panel, panel_request, panel_inputs),
    }[stage]
    record = read_record(record_path(study.processed, stage))
    if not is_current(record, root=study.root, request=request(study), inputs=inputs(study)):
        build(study)


def _mapped(study: Study) -> list[tuple[str, list[Path], str]]:
    """Source (a name, or a folder of the project), files and prefix of every extract that a mapping reads."""
    return [
        (str(_own_folder(study, e.source) or e.source), study.extract_paths(e), e.prefix)
        for e in study.file.extracts.values()
        if e.source
    ]


def _own_folder(study: Study, source: str) -> Path | None:
    from fanpin.harmonise.catalogue import source_names

    folder = study.root / source
    return folder if source not in source_names() and folder.is_dir() else None


def _require_mapped(study: Study) -> None:
    if not _mapped(study):
        raise InapplicableError(f"the study {study.id!r} has nothing to harmonise", expected="an extract with a source",
                                where=study.path.name)  # fmt: skip


def _where(frame: pd.DataFrame, where: dict[str, Any]) -> pd.Series:
    keep = pd.Series(True, index=frame.index)
    for column, value in where.items():
        keep &= frame[column] == value
    return keep


def harmonise_request(study: Study) -> dict[str, Any]:
    """The mapped extracts, as declared."""
    return {name: dataclasses.asdict(e) for name, e in study.file.extracts.items() if e.source}


def harmonise_inputs(study: Study) -> list[Path]:
    """The raw files behind them."""
    return [path for _, files, _ in _mapped(study) for path in files] + own_mappings(study)


def own_mappings(study: Study) -> list[Path]:
    """The mapping files of sources that are folders of the user's."""
    folders = {_own_folder(study, e.source) for e in study.file.extracts.values() if e.source}
    return sorted(path for folder in folders if folder for path in folder.glob("*.toml"))


def raw_inputs(study: Study) -> list[Path]:
    """Those of them that no step makes."""
    raw = [p for e in study.file.extracts.values() if e.source and not e.simulated for p in study.extract_paths(e)]
    return raw + own_mappings(study)


def panel_request(study: Study) -> dict[str, Any]:
    """What the study says of panel, line and spells."""
    parts: dict[str, Any] = {"panel": study.file.panel, "line": study.line, "spells": study.file.spells,
                             "link": study.file.link, "prices": study.file.prices}  # fmt: skip
    declared = {name: dataclasses.asdict(part) for name, part in parts.items() if part is not None}
    return {**declared, **({"derive": study.file.derive} if study.file.derive else {})}


def panel_inputs(study: Study) -> list[Path]:
    """The canonical table behind the panel."""
    spec = study.file.panel
    if spec is None:
        return []
    tables = [spec.table, *([spec.table.replace("household_wave", "person_wave")] if study.file.link else [])]
    tables += [register] if (register := register_table(study)) else []
    paths = [study.processed / f"{table}.parquet" for table in dict.fromkeys(tables)]
    return [p for p in paths if p.is_file() or p == paths[0]]


def _write(
    study: Study, stage: str, tables: dict[str, pd.DataFrame], *, request: dict[str, Any], inputs: list[Path],
    facts: dict[str, Any],
) -> None:  # fmt: skip
    study.processed.mkdir(parents=True, exist_ok=True)
    outputs = []
    for name, table in tables.items():
        outputs.append(study.processed / f"{name}.parquet")
        with atomic_path(outputs[-1]) as temporary:
            table.to_parquet(temporary, index=False)
    write_record(record_path(study.processed, stage), root=study.root, stage=stage, study=study.id,
                 request=request, inputs=inputs, outputs=outputs, facts=facts)  # fmt: skip
