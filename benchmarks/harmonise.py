"""Raw EPH files to the harmonised household table: fanpin beside a plain pandas script with the same columns and values.

python benchmarks/harmonise.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import measured

HERE = Path(__file__).resolve().parent
REAL = HERE.parent / "data/raw/eph"


def main(runs: int = 3, folder: Path = REAL) -> list[dict[str, Any]]:
    """Run both programs; raises where a sum or a count of missing values differs."""
    if not any(folder.glob("*.tsv.gz")):
        print("harmonise: left out, the raw files are not there (fanpin fetch eph)")
        return []
    job = "28 raw EPH files to household_wave, 59 columns"
    ours = measured.run(job, "fanpin", HERE / "harmonise_fanpin.py", str(folder), runs=runs)
    theirs = measured.run(job, "pandas", HERE / "harmonise_pandas.py", str(folder), runs=runs)
    if ours["facts"] != theirs["facts"]:
        differ = [k for k in ours["facts"] if ours["facts"][k] != theirs["facts"].get(k)]
        raise RuntimeError(f"the programs disagree on {differ}")
    return [ours, theirs]


if __name__ == "__main__":
    measured.show(main())
