"""Mapping cells of the sources other than CFPS, against the collected layouts and against the headers of real files."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from fnmatch import fnmatch
from importlib.resources import files
from typing import Any

import pytest
from layout_concepts import CONCEPTS, EVIDENCE, OWN

from fanpin.harmonise.catalogue import find_layouts
from fanpin.harmonise.formulas import matching, parse_formula

SOURCES = files("fanpin.harmonise") / "sources"
WEAKEST = ["unverified", "script only", "verified"]
FILES = {
    "chip": ["chip2013", "chip2018", "chip_older"],
    "chns": ["chns"],
    "charls": ["charls"],
    "lsms-isa": ["lsms_isa_harmonised"],
}
NOT_MAPPED = {"asset_12", "oinc_12", "subh_12", "urban_11", "Plot_dataset.dta", "Plotcrop_dataset.dta"}
REAL = {
    "eu-silc/es-2013-2015": {"merged": "ecv-spain/*.gz"},
    "eph/2003-2006": {"household": "eph-2003-2006/hogar_*.tsv.gz", "individual": "eph-2003-2006/indiv_*.tsv.gz"},
}


def content(name: str) -> dict[str, Any]:
    """A mapping file as it stands."""
    return tomllib.loads((SOURCES / f"{name}.toml").read_text("utf-8"))


def variables(spec: dict[str, Any]) -> list[str]:
    """The raw variables of a column, without their roles."""
    if "compute" in spec:
        found = list(parse_formula(spec["compute"], "").variables)
    else:
        found = [v for o in ("from", "join", "any", "year_quarter") for v in _listed(spec.get(o, []))]
    found += [m["variable"] for m in spec.get("missing_if", [])]
    return [v.partition(".")[2] or v for v in found]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def cells(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Table, column and specification of every column of a mapping file that reads a raw variable."""
    tables = content(name)["tables"]
    return [
        (t, c, spec) for t, table in tables.items() for c, spec in table.get("columns", {}).items() if variables(spec)
    ]


def spellings(variable: str, aliases: dict[str, list[str]]) -> list[str]:
    """How the layouts may write a variable: under another name, by wave, without a prefix shared by several."""
    given = [variable, *aliases.get(variable, [])]
    if "{" in variable:
        waves = [("1", "2011"), ("2", "2013"), ("3", "2015"), ("4", "2018")]
        given += [variable.replace("{w}", w).replace("{wave}", year) for w, year in waves] + [
            variable.replace("r{w}", "")
        ]
    if variable.startswith("风险"):
        given.append("致贫/返贫风险1..5")
    given += [variable.replace("*", "##"), variable.replace("exp[1-8]", "exp1..exp8")]
    return [*given, f"{variable[:-1]}({variable[-1]})"]


def stands_in(variable: str, text: str, aliases: dict[str, list[str]]) -> bool:
    return any(
        re.search(rf"(?<![A-Za-z0-9_{{}}#]){re.escape(s)}(?![A-Za-z0-9_{{}}#])", text, re.IGNORECASE)
        for s in spellings(variable, aliases)
    )


@pytest.fixture(scope="module")
def layouts(shared) -> dict[str, Any]:
    return json.loads((shared / "reference" / "layouts.json").read_text("utf-8"))["sources"]


@pytest.mark.shared
@pytest.mark.parametrize("name", CONCEPTS)
def test_every_cell_is_the_concept_it_says_with_its_evidence(name, layouts):
    source, wanted = CONCEPTS[name]
    concepts = {c["concept"]: c for c in layouts[source]["concepts"]}
    role_aliases = [r.get("aliases", {}) for r in content(name)["files"].values()]
    aliases = {k: v for given in role_aliases for k, v in given.items()}
    wrong = []
    for table, column, spec in cells(name):
        if column in OWN.get(name, ()):
            continue
        stated = [concepts[c] for c in _listed(wanted[column])]
        text = " ; ".join(f"{c.get('var', c.get('heading'))} {c.get('note', '')}" for c in stated)
        wrong += [f"{table}.{column}: {v}" for v in variables(spec) if not stands_in(v, text, aliases)]
        weakest = min((EVIDENCE[c["status"]] for c in stated), key=WEAKEST.index)
        if spec["evidence"] != weakest:
            wrong.append(f"{table}.{column}: {spec['evidence']}, layouts {weakest}")
    assert not wrong


@pytest.mark.parametrize("name", [*CONCEPTS, *REAL])
def test_derived_columns_are_as_sure_as_what_they_are_made_from(name):
    tables = content(name)["tables"]
    for table in tables.values():
        for column, spec in table.get("derived", {}).items():
            parent = tables[spec.get("from", "person_wave")]["columns"]
            read = [*_listed(spec.get("of", [])), *spec.get("where", {}), *spec.get("among", {})]
            evidence = [parent[c]["evidence"] for c in read] or [spec["evidence"]]
            assert spec["evidence"] == min(evidence, key=WEAKEST.index), column


@pytest.mark.parametrize("name", [*CONCEPTS, *REAL, "places/tables"])
def test_every_mapping_loads(name):
    source, stem = name.split("/")
    assert stem in {layout.stem for layout in find_layouts(source)}


@pytest.mark.shared
@pytest.mark.parametrize(("source", "known"), FILES.items())
def test_every_published_file_name_meets_one_pattern(source, known, layouts):
    roles = {(la.stem, r.name): r for la in find_layouts(source) for r in la.roles.values()}
    for name in (n for k in known for n in layouts[k]["files"]):
        path = name if "." in name else f"{name}.dta"
        meets = [key for key, role in roles.items() if any(fnmatch(path.lower(), p.lower()) for p in role.patterns)]
        assert len(meets) == (0 if name in NOT_MAPPED else 1), name


@pytest.mark.shared
@pytest.mark.parametrize(("name", "role"), [(n, r) for n, roles in REAL.items() for r in roles])
def test_every_variable_stands_in_the_headers_of_the_real_files(name, role, shared):
    tables = {t for t, spec in content(name)["tables"].items() if role in _listed(spec["from"])}
    wanted = {v for t, _, spec in cells(name) if t in tables for v in variables(spec)}
    wanted |= {k["variable"] for t in tables for k in content(name)["tables"][t].get("keep", [])}
    found = sorted((shared / "data").glob(REAL[name][role]))
    assert found
    for path in found:
        with gzip.open(path, "rt", encoding="latin-1") as file:
            header = re.split(r"[,\t]", file.readline().rstrip("\n").replace('"', ""))
        assert not [v for v in wanted if not set(matching(v, header)) & set(header)], path.name
