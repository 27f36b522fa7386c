"""docs/add-a-survey.md works as it stands: its mapping files and commands are taken from the page and run."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.errors import RawFileError, StudyError, UnknownNameError
from fanpin.harmonise.failures import ExtractError

HOUSEHOLD = [
    "CODUSU", "NRO_HOGAR", "ANO4", "TRIMESTRE", "REGION", "AGLOMERADO", "PONDERA", "IX_TOT", "IX_MEN10", "DECIFR", "IPCF",
]  # fmt: skip
PERSON = ["CODUSU", "NRO_HOGAR", "COMPONENTE", "ANO4", "TRIMESTRE", "AGLOMERADO", "CH03", "CH06", "CH08"]
RAW = Path("data") / "raw" / "eph"
SOME = ("03t3", "06t2", "06t3", "06t4")  # the quarters that the page says something about


@dataclass
class Walk:
    """The page, and a folder in which a reader follows it."""

    text: str
    folder: Path

    def block(self, language: str, number: int) -> str:
        return re.findall(rf"```{language}\n(.*?)```", self.text, re.DOTALL)[number]

    def write(self, name: str, *blocks: int) -> None:
        """A mapping file made of the page's TOML blocks of these numbers, one below the other."""
        assert f"`my-eph/{name}`" in self.text
        path = self.folder / "my-eph" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(self.block("toml", b) for b in blocks), "utf-8")

    def run(self, number: int) -> dict[str, Any]:
        """The names that a Python block of the page leaves behind."""
        left: dict[str, Any] = {}
        exec(self.block("python", number), left)
        return left

    def change(self, old: str, new: str) -> None:
        path = self.folder / "my-eph" / "2003-2006.toml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def walk(root, tmp_path, monkeypatch) -> Walk:
    monkeypatch.chdir(tmp_path)
    RAW.mkdir(parents=True)
    return Walk((root / "docs" / "add-a-survey.md").read_text("utf-8"), tmp_path)


@pytest.fixture
def made_up(walk) -> Walk:
    """Two quarters of a made-up EPH, 2006 Q3 and Q4: two households, the second of one person."""
    for quarter in ("3", "4"):
        _write(f"hogar_a06t{quarter}", HOUSEHOLD, [
            ["10", "1", "2006", quarter, "44", "9", "120", "2", "1", "05", "100.5"],
            ["11", "1", "2006", quarter, "1", "33", "340", "1", "None", "12", "-9"],
        ])  # fmt: skip
        _write(f"indiv_a06t{quarter}", PERSON, [
            ["10", "1", "1", "2006", quarter, "9", "1", "40", "1"],
            ["10", "1", "2", "2006", quarter, "9", "3", "-1", "4"],
            ["11", "1", "1", "2006", quarter, "33", "1", "71", "9"],
        ])  # fmt: skip
    return walk


@pytest.fixture
def real(walk, shared) -> Walk:
    """The released files, all quarters."""
    for path in (shared / "data" / "eph-2003-2006").glob("*.tsv.gz"):
        (RAW / path.name).symlink_to(path)
    return walk


def _write(name: str, header: list[str], rows: list[list[str]]) -> None:
    text = "".join("\t".join(row) + "\n" for row in [header, *rows])
    (RAW / f"{name}.tsv.gz").write_bytes(gzip.compress(text.encode()))


def _header(path: Path) -> tuple[str, ...]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return tuple(next(lines).rstrip("\n").split("\t"))


def test_the_first_file_gives_keys_and_says_what_it_left_aside(made_up):
    made_up.write("2003-2006.toml", 0)
    made = made_up.run(0)["made"]
    assert made.household_wave.to_dict("list") == {"household_id": ["10|9|1", "11|33|1"], "wave": [8027, 8027]}
    assert made.issues[["file", "action"]].to_numpy().tolist() == [["hogar_a06t4.tsv.gz", "not read"]]
    assert made.rows_read == {"hogar_a06t3.tsv.gz": 2}


def test_columns_persons_and_reasons(made_up):
    made_up.write("2003-2006.toml", 0, 1, 2)
    made = fp.harmonise("my-eph", RAW)
    homes = made.household_wave.set_index("household_id")
    assert homes["region"].tolist() == ["Patagonia", "Greater Buenos Aires"]
    assert homes.loc["10|9|1", "income_pc"] == 1206.0
    assert homes.loc["11|33|1", "income_pc__missing"] == "refused"
    assert homes["children_under_10"].tolist() == [1, 0]
    assert homes["head_age"].tolist() == [40, 71]
    assert homes.loc["10|9|1", "any_uninsured"] == 1
    assert homes.loc["11|33|1", "any_uninsured__missing"] == "dont_know"
    assert made.person_wave["age"].tolist() == [40, 0, 71]


def test_a_wave_is_added_by_a_file_that_extends_the_first(made_up):
    made_up.write("2003-2006.toml", 0, 1, 2)
    made_up.write("2006-q4.toml", 3)
    made = fp.harmonise("my-eph", RAW)
    assert made.household_wave["wave"].tolist() == [8027, 8028] * 2
    assert len(made.person_wave) == 6
    assert not len(made.issues)
    compared = made_up.run(1)
    assert set(compared["new"]) == set(compared["last"])


def test_a_wave_that_differs_says_so_below(made_up):
    made_up.write("2003-2006.toml", 0, 1, 2)
    made_up.write("2006-q4.toml", 3, 4)
    _write("hogar_a06t4", [*HOUSEHOLD[:-1], "INGRESO_PC"], [
        ["10", "1", "2006", "4", "44", "9", "120", "2", "1", "05", "200"],
        ["11", "1", "2006", "4", "1", "33", "340", "1", "None", "12", "-8"],
    ])  # fmt: skip
    _write("indiv_a06t4", PERSON[:-1], [
        ["10", "1", "1", "2006", "4", "9", "1", "40"], ["11", "1", "1", "2006", "4", "33", "1", "71"],
    ])  # fmt: skip
    made = fp.harmonise("my-eph", RAW)
    last = made.household_wave[made.household_wave["wave"] == 8028].set_index("household_id")
    assert last.loc["10|9|1", "income_pc"] == 2400.0
    assert last.loc["11|33|1", "income_pc__missing"] == "refused"
    assert last["any_uninsured__missing"].tolist() == ["not_asked"] * 2
    assert last["head_age"].tolist() == [40, 71]
    persons = made.person_wave[made.person_wave["wave"] == 8028]
    assert persons["health_insured__missing"].tolist() == ["not_asked"] * 2
    listed = fp.codebook("my-eph").query("table == 'household_wave' and column == 'income_pc'")
    assert listed["variables"].tolist() == ["IPCF", "INGRESO_PC"]


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ('"IX_TOT"', '"IX_TOTAL"', UnknownNameError, ["no column 'IX_TOTAL'", "did you mean 'IX_TOT'"]),
        ("household_size", "hh_size", UnknownNameError, ["'hh_size'", "did you mean 'household_size'"]),
        (', 44 = "Patagonia"', "", ExtractError, ["unknown code in REGION", "44 (1)", 'bad_values="missing"']),
        ('null = ["None"]', "", ExtractError, ["not a whole number in IX_MEN10", "None (1)"]),
        (', note = "pesos of the month before the interview, times 12"', "", StudyError, ["a factor needs a note"]),
        (", 8027]", "]", ExtractError, ["unknown wave", "8027 (2)", "hogar_a06t3.tsv.gz"]),
        ('join = ["CODUSU", "AGLOMERADO", "NRO_HOGAR"]', 'join = ["ANO4", "NRO_HOGAR"]', ExtractError, ["2 rows"]),
    ],
)
def test_mistakes_are_named_with_what_to_do(made_up, old, new, error, said):
    made_up.write("2003-2006.toml", 0, 1)
    made_up.change(old, new)
    with pytest.raises(error) as caught:
        fp.harmonise("my-eph", str(RAW / "hogar_*"))
    assert all(words in str(caught.value) for words in said), str(caught.value)


@pytest.mark.shared
def test_the_real_quarters_to_2006_q3_and_then_2006_q4(real):
    real.write("2003-2006.toml", 0)
    keys = fp.harmonise("my-eph", str(RAW / "hogar_a06*"))
    assert keys.issues["file"].tolist() == ["hogar_a06t4.tsv.gz"]
    assert sum(keys.rows_read.values()) == len(keys.household_wave)
    real.write("2003-2006.toml", 0, 1, 2)
    listed = [RAW / f"{kind}_a{quarter}.tsv.gz" for quarter in SOME for kind in ("hogar", "indiv")]
    with pytest.raises(RawFileError, match="no file of 'my-eph'"):
        fp.harmonise("my-eph", listed)  # a file named one by one must be one that the mapping knows
    real.write("2006-q4.toml", 3)
    made = fp.harmonise("my-eph", listed)
    rows = made.household_wave["wave"].value_counts()
    assert all(f"{rows[wave]:,}" in real.text for wave in (8026, 8027, 8028))
    found = made.issues[["file", "rule", "rows"]].to_numpy().tolist()
    assert found == [["hogar_a03t3.tsv.gz", "no person with relation=head", 3]]
    assert made.household_wave["income_pc"].notna().all()


@pytest.mark.shared
def test_what_the_page_says_of_2006_q4_is_true(real):
    compared = real.run(1)
    new, last = compared["new"], compared["last"]
    assert set(new) == set(last)
    assert not any(set(new[c]) - set(last[c]) for c in ("REGION", "DECIFR", "AGLOMERADO"))
    before = pd.read_csv(RAW / "hogar_a06t2.tsv.gz", sep="\t", dtype=str, usecols=["AGLOMERADO"])
    assert set(new["AGLOMERADO"]) - set(before["AGLOMERADO"]) == {"38", "91", "93"}
    for kind, mapped, said in (("hogar", HOUSEHOLD, "{} household"), ("indiv", PERSON, "{} person")):
        [header] = {_header(path) for path in RAW.glob(f"{kind}_*")}
        assert set(mapped) <= set(header)
        assert said.format(len(header)) in real.text
