"""Extracts written to a folder, whole or not at all, and the same bytes for the same study."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Literal, cast

from fanpin.core.atomic import atomic_path
from fanpin.simulate.census import DECIMALS, WIDTHS
from fanpin.simulate.ddi import codebook, fixed_width
from fanpin.simulate.extracts import Extract
from fanpin.simulate.xlsx import write_xlsx

NO_CLOCK = datetime(2000, 1, 1)  # what a .dta file says of its making
STATA_UNICODE: Literal[118] = 118


def write_extract(extract: Extract, folder: Path) -> list[Path]:
    """Write one extract below `folder`, with its codebook if it has one; return the files."""
    target = folder / extract.path
    with atomic_path(target) as path:
        if extract.kind == "dta":
            _write_dta(extract, path)
        elif extract.kind == "xlsx":
            write_xlsx(extract.frame, path, title=extract.title, sheet="SIMULATED")
        else:
            path.write_bytes(_text_bytes(extract))
    if extract.kind not in ("csv.gz", "fixed"):
        return [target]
    return [target, _write_codebook(extract, target)]


def _write_dta(extract: Extract, path: Path) -> None:
    labels = {name: extract.labels.get(name, "")[:80] for name in extract.frame.columns}
    extract.frame.to_stata(
        path,
        write_index=False,
        version=STATA_UNICODE,
        time_stamp=NO_CLOCK,
        data_label=extract.title[:80],
        variable_labels=labels,
        value_labels={k: cast("dict[float, str]", dict(v)) for k, v in extract.values.items()},
    )


def _text_bytes(extract: Extract) -> bytes:
    if extract.kind == "fixed":
        text = fixed_width(extract.frame, WIDTHS, DECIMALS)
    else:
        text = extract.frame.to_csv(index=False, lineterminator="\n")
    raw = text.encode("utf-8")
    return raw if extract.kind == "csv" else gzip.compress(raw, mtime=0)


def _write_codebook(extract: Extract, data: Path) -> Path:
    stem = data.name.split(".")[0]
    fixed = extract.kind == "fixed"
    text = codebook(
        data.name.removesuffix(".gz"),
        extract.frame,
        widths=WIDTHS,
        decimals=DECIMALS if fixed else {},
        labels=extract.labels,
        values=extract.values,
        title=extract.title,
        fixed=fixed,
    )
    with atomic_path(data.with_name(f"{stem}.xml")) as path:
        path.write_text(text, "utf-8")
    return data.with_name(f"{stem}.xml")
