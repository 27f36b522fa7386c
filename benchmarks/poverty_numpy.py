"""The same sums in bare numpy, for arrays that need no check: python poverty_numpy.py FILE national|regions."""

import json
import sys
import time

import numpy as np
import pandas as pd

path, job = sys.argv[1:]
frame = pd.read_parquet(path)
y, w, stratum, psu = (frame[c].to_numpy() for c in ("income", "weight", "stratum", "psu"))
region = frame["region"].to_numpy() if job == "regions" else None
start = time.perf_counter()
cell = np.zeros(len(y), dtype=np.int64) if region is None else region
cells = int(cell.max()) + 1
gap = np.maximum(5000.0 - y, 0.0) / 5000.0
size = np.bincount(cell, w, cells)
psus = int(psu.max()) + 1
home = np.zeros(psus, dtype=np.int64)
home[psu] = stratum
n_h = np.bincount(home)
of_psu = np.zeros(psus, dtype=np.int64)  # a cluster lies in one region
of_psu[psu] = cell
estimates, errors = [], []
for g in ((gap > 0).astype(float), gap, gap**2):
    mean = np.bincount(cell, w * g, cells) / size
    t = np.bincount(psu, w * (g - mean[cell]) / size[cell], psus)
    for c in range(cells):
        part = np.where(of_psu == c, t, 0.0) if region is not None else t
        centred = part - (np.bincount(home, part) / n_h)[home]
        errors.append(float(np.sqrt((n_h / (n_h - 1))[home] @ centred**2)))
    estimates += list(mean)
seconds = time.perf_counter() - start
print(json.dumps({"seconds": round(seconds, 3), "estimates": [round(float(x), 9) for x in estimates[:3]],
                  "errors": [round(x, 9) for x in errors[:3]]}))  # fmt: skip
