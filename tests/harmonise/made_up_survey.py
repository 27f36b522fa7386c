"""A made-up survey: its mapping and its files, which tests change one thing at a time."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

MAPPING = """
waves = [2020, 2021]
currency = "XXX"
title = { en = "Made-up survey", zh = "虚构调查" }

[files.homes]
pattern = "homes*.csv*"
null = ["NA"]

[files.people]
pattern = "people*.tsv*"
quote = ""

[tables.household_wave]
from = "homes"
[tables.household_wave.columns]
household_id = { from = "HH", evidence = "verified" }
wave = { from = "YEAR", evidence = "verified" }
region = { from = "REG", recode = { 1 = "north", 2 = "south" }, missing = { 9 = "dont_know" }, evidence = "verified" }
household_size = { from = "SIZE", evidence = "script only" }
income_total = { from = "INC", factor = 12, missing = { -9 = "refused" }, note = "a month", evidence = "verified" }
interviewed = { constant = 1, evidence = "unverified" }
[tables.household_wave.derived]
head_age = { aggregate = "first", of = "age", where = { relation = "head" }, evidence = "verified" }
any_uninsured = { aggregate = "any", where = { health_insured = 0 }, evidence = "verified" }

[tables.person_wave]
from = "people"
[tables.person_wave.columns]
household_id = { from = "HH", evidence = "verified" }
person_id = { join = ["HH", "LINE"], evidence = "verified" }
wave = { from = "YEAR", evidence = "verified" }
relation = { from = "REL", recode = { 1 = "head", "*" = "other" }, evidence = "verified" }
age = { from = "AGE", replace = { -1 = 0 }, empty = { reason = "refused" }, evidence = "verified" }
health_insured = { from = "INS", missing = { 7 = "not_applicable", 8 = "dont_know" }, evidence = "verified" }
"""
HOMES = """HH,YEAR,REG,SIZE,INC
a,2020,1,2,100.5
a,2021,2,2,-9
b,2020,9,1,NA
"""
PEOPLE = """HH\tYEAR\tLINE\tREL\tAGE\tINS
a\t2020\t1\t1\t40\t1
a\t2020\t2\t3\t-1\t0
a\t2021\t1\t1\t41\t1
a\t2021\t2\t5\t1\t8
b\t2020\t1\t1\t\t7
"""


def same(found, expected):
    """Equal lists in which a missing value equals a missing value."""
    return [None if v != v else v for v in found] == [None if v != v else v for v in expected]


@dataclass
class Survey:
    """A folder with a mapping and one with raw files."""

    mapping: Path
    raw: Path

    def write(self, name: str, text: str, *, encoding: str = "utf-8") -> Path:
        path = self.raw / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        path = (self.mapping if name.endswith(".toml") else self.raw) / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def harmonise(self, files=None):
        import fanpin as fp

        return fp.harmonise(str(self.mapping), self.raw if files is None else files)


def make_survey(folder: Path) -> Survey:
    made = Survey(folder / "made-up", folder / "raw")
    made.mapping.mkdir()
    made.raw.mkdir()
    (made.mapping / "first.toml").write_text(MAPPING, "utf-8")
    made.write("homes.csv", HOMES)
    made.write("people.tsv", PEOPLE)
    return made
