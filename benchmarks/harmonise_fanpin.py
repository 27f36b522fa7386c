"""Raw EPH files to the harmonised household table: python harmonise_fanpin.py FOLDER."""

import json
import sys

import fanpin as fp

out = fp.harmonise("eph", sys.argv[1]).household_wave
assert out is not None
shown = [c for c in sorted(out.columns) if out[c].dtype.kind in "fiu"]
print(json.dumps({"rows": len(out), **{c: round(float(out[c].sum()), 1) for c in shown},
                  **{f"{c} missing": int(out[c].isna().sum()) for c in shown}}))  # fmt: skip
