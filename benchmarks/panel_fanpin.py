"""Ours: raw EPH files to the relapse risk set."""

from __future__ import annotations

import json
import sys
import time

import fanpin as fp

if __name__ == "__main__":
    begin = time.perf_counter()
    harmonised = fp.harmonise("eph", sys.argv[1])
    panel = harmonised.household_wave
    panel = panel[(panel["interviewed"] == 1) & panel["income_pc"].notna()]
    panel = panel.assign(person_weight=panel["weight"] * panel["household_size"])
    status = fp.poverty_status(panel, welfare="income_pc", line=fp.Line.relative(0.6), unit="household_id", time="wave",
                               weight="person_weight")  # fmt: skip
    spells = fp.spells(status, unit="household_id", time="wave", poor="is_poor", max_gap=None)
    risk = fp.relapse_risk_set(status, unit="household_id", time="wave", poor="is_poor", max_gap=None)
    print(json.dumps({"rows": len(status), "at_risk": len(risk), "relapses": int(risk["relapse"].sum()),
                      "spells": len(spells), "seconds": round(time.perf_counter() - begin, 2)}))  # fmt: skip
