"""Run a job in a process of its own and report wall seconds and peak memory, best of several runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "POLARS_MAX", "RAYON")}


def run(job: str, program: str, script: Path, *words: str, runs: int = 3) -> dict[str, Any]:
    """Run `python script words…`; the script prints one JSON line of facts last. Returns the row of a table."""
    best: dict[str, Any] = {}
    for _ in range(runs):
        start = time.perf_counter()
        command = [sys.executable, str(script), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **THREADS}, text=True)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{job} with {program} failed: {' '.join(command)}")
        facts = json.loads(said.strip().splitlines()[-1])
        row = {"job": job, "program": program, "seconds": facts.pop("seconds", round(seconds, 2)),
               "peak_mib": usage.ru_maxrss // 1024, "facts": facts}  # fmt: skip
        if not best or row["seconds"] < best["seconds"]:
            best = row
    return best


def show(rows: list[dict[str, Any]]) -> None:
    """Print each program's time and memory, and how many times fanpin's they are."""
    own = {row["job"]: row for row in rows if row["program"] == "fanpin"}
    print(f"\n{'job':64}{'program':<18}{'seconds':>9}{'time':>8}{'MiB':>8}{'memory':>8}")
    for row in rows:
        time_ratio, memory_ratio = (row[key] / own[row["job"]][key] for key in ("seconds", "peak_mib"))
        numbers = f"{row['seconds']:>9.2f}{time_ratio:>7.1f}x{row['peak_mib']:>8.0f}{memory_ratio:>7.1f}x"
        print(f"{row['job']:64}{row['program']:<18}{numbers}", flush=True)
