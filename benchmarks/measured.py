"""Run a job in a process of its own and report wall seconds and peak memory, best of several runs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "POLARS_MAX", "RAYON")}


def run(
    job: str, program: str, script: Path, *words: str, runs: int = 3, python: str = sys.executable
) -> dict[str, Any]:
    """Run `python script words…`; the script prints one JSON line of facts last. Returns the row of a table."""
    best: dict[str, Any] = {}
    for _ in range(runs):
        start = time.perf_counter()
        command = [python, str(script), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **THREADS}, text=True)
        assert process.stdout is not None
        peaks: dict[int, int] = {}
        watch = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
        watch.start()
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{job} with {program} failed: {' '.join(command)}")
        facts = json.loads(said.strip().splitlines()[-1])
        row = {"job": job, "program": program, "seconds": facts.pop("seconds", round(seconds, 2)),
               "peak_mib": (usage.ru_maxrss + sum(kb for pid, kb in peaks.items() if pid != process.pid)) // 1024, "facts": facts}  # fmt: skip
        if not best or row["seconds"] < best["seconds"]:
            best = row
    return best


def _watch(root: int, peaks: dict[int, int]) -> None:
    """Follow the peak memory (KiB) of a process and of those it starts, such as Spark's Java, until it ends."""
    while (Path("/proc") / str(root)).exists():
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, StopIteration):  # a process may end while it is read
                facts = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
                parents[int(folder.name)] = int(facts["PPid"]), int(facts.get("VmHWM", "0 kB").split()[0])
        family = {root}
        while more := {pid for pid, (parent, _) in parents.items() if parent in family} - family:
            family |= more
        for pid in family & parents.keys():
            peaks[pid] = max(peaks.get(pid, 0), parents[pid][1])
        time.sleep(0.5)


def show(rows: list[dict[str, Any]]) -> None:
    """Print each program's time and memory, and how many times fanpin's they are."""
    own = {row["job"]: row for row in rows if row["program"] == "fanpin"}
    print(f"\n{'job':64}{'program':<18}{'seconds':>9}{'time':>8}{'MiB':>8}{'memory':>8}")
    for row in rows:
        time_ratio, memory_ratio = (row[key] / own[row["job"]][key] for key in ("seconds", "peak_mib"))
        numbers = f"{row['seconds']:>9.2f}{time_ratio:>7.1f}x{row['peak_mib']:>8.0f}{memory_ratio:>7.1f}x"
        print(f"{row['job']:64}{row['program']:<18}{numbers}", flush=True)
