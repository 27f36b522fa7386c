"""A simulated census extract of many persons, from Parquet to one row a place: fanpin on DuckDB and Spark, and plain pandas.

python benchmarks/census.py [--persons N] [--spark]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

import measured

HERE = Path(__file__).parent
CHUNK = 1_000_000


def write_census(path: Path, persons: int, seed: int = 1) -> None:
    """Persons in households of one to seven, in 340 prefectures, with the columns of an IPUMS extract of 2000."""
    rng = np.random.default_rng(seed)
    writer = None
    serial = 0
    for start in range(0, persons, CHUNK):
        n = min(CHUNK, persons - start)
        sizes = rng.integers(1, 8, n)
        sizes = sizes[: np.searchsorted(np.cumsum(sizes), n) + 1]
        household = np.repeat(np.arange(len(sizes)), sizes)[:n]
        first = np.r_[True, household[1:] != household[:-1]]
        number = np.arange(n) - np.maximum.accumulate(np.where(first, np.arange(n), 0)) + 1
        place = rng.integers(1, 341, len(sizes))[household]
        age = rng.integers(0, 95, n)
        table = pa.table({
            "YEAR": np.full(n, 2000, np.int32), "SAMPLE": np.full(n, 156200001, np.int64),
            "SERIAL": (serial + household + 1) * 1000, "PERNUM": number, "PERSONS": sizes[household],
            "PERWT": np.full(n, 105.33), "GEO1_CN": 156011 + place % 29, "GEO2_CN": 156000000 + place,
            "URBAN": 1 + (rng.random(n) < 0.37), "RELATE": np.where(number == 1, 1, rng.integers(2, 6, n)),
            "SEX": rng.integers(1, 3, n), "AGE": np.where(rng.random(n) < 0.001, 999, age),
            "MARST": rng.integers(1, 5, n), "EDATTAIN": np.where(age < 6, 0, rng.integers(1, 5, n)),
            "YRSCHOOL": np.where(age < 6, 99, rng.integers(0, 19, n)), "EMPSTAT": np.where(age < 15, 0, rng.integers(1, 4, n)),
            "CN2000A_REGTYPE": rng.integers(1, 3, n),
        })  # fmt: skip
        serial += len(sizes)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def main(persons: int, runs: int = 1, *, spark: bool = True) -> list[dict]:
    """The rows of the benchmark table."""
    job = f"census of {persons:,} persons, Parquet to places"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ipumsi_00001.parquet"
        write_census(path, persons)
        rows = [measured.run(job, "fanpin", HERE / "census_fanpin.py", str(path), "duckdb", runs=runs)]
        if spark:
            rows.append(measured.run(job, "fanpin on Spark", HERE / "census_fanpin.py", str(path), "spark", runs=1))
        rows.append(measured.run(job, "pandas", HERE / "census_pandas.py", str(path), runs=runs))
    for row in rows[1:]:
        assert row["facts"] == rows[0]["facts"], (
            f"{row['program']} gives other places: {row['facts']} {rows[0]['facts']}"
        )
    return rows


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=20_000_000)
    parser.add_argument("--no-spark", action="store_true")
    asked = parser.parse_args()
    measured.show(main(asked.persons, spark=not asked.no_spark))
