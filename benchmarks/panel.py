"""Raw quarterly files to the relapse risk set: fanpin beside a plain pandas script that does the same.

python benchmarks/panel.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import measured
import simulated_eph

HERE = Path(__file__).resolve().parent
REAL = HERE.parent / "data/raw/eph"
SAME = ("rows", "at_risk", "relapses")


def main(runs: int = 3) -> list[dict[str, Any]]:
    """Run both programs; raises where their counts differ."""
    with tempfile.TemporaryDirectory() as made:
        real = any(REAL.glob("*.tsv.gz"))
        folder = REAL if real else simulated_eph.write(Path(made))
        job = f"raw {'EPH' if real else 'simulated EPH-like'} files to risk set, 28 files"
        ours = measured.run(job, "fanpin", HERE / "panel_fanpin.py", str(folder), runs=runs)
        theirs = measured.run(job, "pandas", HERE / "panel_pandas.py", str(folder), runs=runs)
    if any(ours["facts"][key] != theirs["facts"][key] for key in SAME):
        raise RuntimeError(f"the programs disagree: {ours['facts']} and {theirs['facts']}")
    return [ours, theirs]


if __name__ == "__main__":
    measured.show(main())
