"""All benchmarks in one run: time and peak memory of named programs that do the same job, as ratios.

python benchmarks/run.py [--rows N] [--runs K] [--persons N] [--svy-python PATH]
"""

from __future__ import annotations

import argparse

import census
import harmonise
import hazard
import measured
import panel
import poverty

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="person-periods of the hazard fit")
    parser.add_argument("--runs", type=int, default=3, help="runs of each program; the fastest counts")
    parser.add_argument("--persons", type=int, default=20_000_000, help="persons of the simulated census")
    parser.add_argument("--svy-python", help="python of an environment with svy, see poverty.py")
    asked = parser.parse_args()
    if rows := harmonise.main(asked.runs):
        measured.show(rows)
    measured.show(panel.main(asked.runs))
    measured.show(hazard.main(asked.rows))
    measured.show(census.main(asked.persons))
    measured.show(poverty.main([1_000_000, 10_000_000], 100_000_000, svy_python=asked.svy_python, runs=asked.runs))
