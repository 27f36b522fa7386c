"""Households with incomes, weights and clusters for the poverty benchmarks, written as Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

CHUNK = 5_000_000


def write_households(path: Path, rows: int, psus: int, *, regions: int = 50, seed: int = 1) -> None:
    """`rows` households in `psus` clusters of 100 strata and `regions` regions; rows of a cluster lie together.

    Columns: income (lognormal, alike within clusters), weight, stratum, psu, region.
    """
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.3, psus)
    writer = None
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        psu = (np.arange(start, start + n) * psus // rows).astype(np.int64)
        table = pa.table({
            "income": np.exp(9.0 + level[psu] + rng.normal(0, 0.6, n)), "weight": rng.uniform(50, 150, n),
            "stratum": psu % 100, "psu": psu, "region": psu * regions // psus,
        })  # fmt: skip
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
