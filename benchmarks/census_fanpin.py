"""The census job with fanpin: python census_fanpin.py FILE ENGINE."""

import json
import sys

import fanpin as fp

made = fp.harmonise("ipums", sys.argv[1], engine=sys.argv[2])
places = made.place_wave
print(json.dumps({
    "places": len(places), "population": round(float(places["population"].sum())),
    "schooling": round(float(places["mean_schooling_years"].mean()), 6),
    "dependency": round(float(places["dependency_ratio"].mean()), 6),
    "employment": round(float(places["employment_rate"].mean()), 6),
}))  # fmt: skip
