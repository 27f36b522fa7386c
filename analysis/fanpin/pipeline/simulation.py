"""The stage simulate: raw files with a known truth, written as a real survey would deliver them."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

from fanpin.core.errors import InapplicableError
from fanpin.pipeline.provenance import is_current, read_record, record_path, write_record

if TYPE_CHECKING:
    from fanpin.pipeline.study import Study


def simulate(study: Study) -> dict[str, Any]:
    """Write the simulated raw files a study declares.

    Raises
    ------
    InapplicableError : the study has no [simulate] section.
    """
    spec = study.file.simulate
    if spec is None:
        raise InapplicableError(f"the study {study.id!r} simulates nothing", expected="a [simulate] section",
                                where=study.path.name)  # fmt: skip
    import fanpin as fp

    made = fp.simulate_city_c(households=spec.households, waves=spec.waves, seed=spec.seed, truth=spec.truth or None)
    shutil.rmtree(study.simulation, ignore_errors=True)
    outputs = sorted(made.write(study.simulation))
    facts = {"files": len(outputs), "MB": sum(p.stat().st_size for p in outputs) / 2**20}
    write_record(record_path(study.simulation, "simulate"), root=study.root, stage="simulate", study=study.id,
                 request=request(study), inputs=[], outputs=outputs, facts=facts)  # fmt: skip
    return facts


def request(study: Study) -> dict[str, Any]:
    """What the study asks to be simulated."""
    return dataclasses.asdict(study.file.simulate) if study.file.simulate else {}


def ensure(study: Study) -> None:
    """Simulate unless the files are there and current; nothing where the study simulates nothing."""
    if study.file.simulate is None:
        return
    record = read_record(record_path(study.simulation, "simulate"))
    if not is_current(record, root=study.root, request=request(study), inputs=[]):
        simulate(study)
