"""Run a job in a process of its own and report wall seconds and peak memory, best of several runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "POLARS_MAX", "RAYON")}


def run(job: str, program: str, script: Path, *words: str, runs: int = 3) -> dict[str, object]:
    """Run `python script words…`; the script prints one JSON line of facts last. Returns the row of a table."""
    best: dict[str, object] = {}
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
        if not best or float(str(row["seconds"])) < float(str(best["seconds"])):
            best = row
    return best


def show(rows: list[dict[str, object]], peer: str) -> None:
    """Print rows with ratios to the named peer (above 1: the peer takes longer, or more memory)."""
    base = next(r for r in rows if r["program"] == peer)
    print(f"\n{rows[0]['job']}   (ratios: {peer} / program)")
    print(f"  {'program':<24}{'seconds':>10}{'ratio':>8}{'peak MiB':>10}{'ratio':>8}   facts")
    for row in rows:
        seconds, memory = float(str(row["seconds"])), float(str(row["peak_mib"]))
        ratios = float(str(base["seconds"])) / seconds, float(str(base["peak_mib"])) / memory
        facts = ", ".join(f"{k} {v}" for k, v in dict(row["facts"]).items())  # type: ignore[call-overload]
        print(f"  {row['program']!s:<24}{seconds:>10.2f}{ratios[0]:>8.2f}{memory:>10.0f}{ratios[1]:>8.2f}   {facts}")
