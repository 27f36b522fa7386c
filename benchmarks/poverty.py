"""Poverty indices with design-based errors: fanpin, bare numpy, svy and R survey where they are installed; and one larger than memory.

python benchmarks/poverty.py [--rows N …] [--out-of-memory N] [--svy-python PATH]

svy needs an environment of its own (`uv venv svy && uv pip install --python svy/bin/python svy==0.35.0 pyarrow`), whose
python goes to --svy-python. R needs the packages survey and arrow; it takes part where `Rscript` is on the path.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import measured
from poverty_data import write_households

HERE = Path(__file__).parent
PSUS = 100_000


def main(sizes: list[int], out_of_memory: int, *, svy_python: str | None = None, runs: int = 3) -> list[dict]:
    """The rows of the benchmark table; estimates and standard errors must agree within a job."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            path = Path(folder) / f"{n}.parquet"
            write_households(path, n, PSUS)
            rows += _in_memory(path, n, svy_python, runs)
            path.unlink()
        if out_of_memory:
            path = Path(folder) / "large.parquet"
            write_households(path, out_of_memory, PSUS)
            job = f"FGT 0-2 with design errors, {out_of_memory:.0e} rows of Parquet on DuckDB"
            rows.append(measured.run(job, "fanpin", HERE / "poverty_fanpin.py", str(path), "ibis", runs=1))
    return rows


def _in_memory(path: Path, n: int, svy_python: str | None, runs: int) -> list[dict]:
    rows = []
    for kind, what in (("national", "FGT 0-2 with design errors"), ("regions", "the same by 50 regions")):
        job = f"{what}, {n:.0e} rows, 100,000 PSUs"
        own = measured.run(job, "fanpin", HERE / "poverty_fanpin.py", str(path), kind, runs=runs)
        others = [measured.run(job, "bare numpy", HERE / "poverty_numpy.py", str(path), kind, runs=runs)]
        if kind == "national" and svy_python:
            script = HERE / "poverty_svy.py"
            others.append(measured.run(job, "svy", script, str(path), runs=runs, python=svy_python))
        if kind == "national" and shutil.which("Rscript"):
            script = HERE / "poverty_survey.R"
            others.append(measured.run(job, "R survey", script, str(path), runs=1, python="Rscript"))
        for other in others:
            for key in ("estimates", "errors"):
                np.testing.assert_allclose(other["facts"][key], own["facts"][key], atol=2e-9)
        rows += [own, *others]
    return rows


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--out-of-memory", type=int, default=100_000_000)
    parser.add_argument("--svy-python")
    asked = parser.parse_args()
    measured.show(main(asked.rows, asked.out_of_memory, svy_python=asked.svy_python))
