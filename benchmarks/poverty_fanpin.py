"""Poverty indices with fanpin: python poverty_fanpin.py FILE national|regions|relative|ibis|ibis-regions."""

import json
import sys
import time

import ibis
import pandas as pd

import fanpin as fp

path, job = sys.argv[1:]
design = fp.Design(weight="weight", stratum="stratum", psu="psu")
line = fp.Line.relative(0.6) if job == "relative" else fp.Line.absolute(5000, currency="CNY", year=2010)
by = "region" if job in ("regions", "ibis-regions") else None
data = (
    ibis.duckdb.connect(memory_limit="2500MB").read_parquet(path) if job.startswith("ibis") else pd.read_parquet(path)
)
if isinstance(data, pd.DataFrame):  # what is imported on first use is not measured
    fp.poverty(data.iloc[: len(data) // 200], welfare="income", line=line, design=design, by=by)
start = time.perf_counter()
made = fp.poverty(data, welfare="income", line=line, design=design, by=by)
seconds = time.perf_counter() - start
print(json.dumps({
    "seconds": round(seconds, 3),
    "estimates": [round(float(x), 9) for x in made.params.iloc[:3]],
    "errors": [round(float(x), 9) for x in made.std_errors.iloc[:3]],
}))  # fmt: skip
