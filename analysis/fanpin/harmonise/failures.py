"""What can be wrong with raw data, as one table of failures."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import pandas as pd

from fanpin.core.errors import DataError

DUPLICATE = "duplicate keys"
_LOOKS = (
    (r"#(REF|N/A|VALUE|DIV/0|NAME|NUM|NULL)", "mend the formulas that give errors in the workbook, and save it"),
    (r"^=", "save the workbook with calculated values in place of formulas"),
    (r"[\uff0b-\uff19]", "write numbers with the digits 0 to 9, in a copy of the file"),
    (
        r"^[+-]?\d{1,3}([, ' \u00a0]\d{3})+(\.\d+)? \(",
        "take thousands separators out of the numbers, in a copy of the file",
    ),
    (r"^[+-]?\d+,\d+ \(", "write numbers with a decimal point, in a copy of the file"),
    (r"^[+-]?\d+(\.\d+)?% \(", "take percent signs out of the numbers, in a copy of the file"),
)
COLUMNS = ["file", "table", "column", "rule", "rows", "examples", "action"]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One rule broken by rows of one file.

    Attributes
    ----------
    file : name of the raw file, or of several, joined by commas.
    table, column : the canonical table and column, "" where the rule is about the file as a whole.
    rule : the rule broken, such as "unknown code".
    rows : how many rows break it.
    examples : up to five of the values found, with the rows that have each.
    action : "stopped" (no table was made), "kept" (the rows are in the tables as they are), "set missing" (the rows are,
        without the value), "left out" (the rows are not in the table), "joined" (into one row a key), "not used" (looked-up
        rows that no row asks for), "not read" (a file or column), "not checked" (a rule).
    expected : what the rule asks for.
    next_step : what to do; "" for the usual.
    """

    file: str
    table: str
    column: str
    rule: str
    rows: int
    examples: str
    action: str
    expected: str = ""
    next_step: str = ""


class ExtractError(DataError):
    """Raw files break the promises of their mapping; `issues` holds every failure, as `Harmonised.issues` would."""

    def __init__(self, stops: list[Failure], failures: list[Failure] | None = None) -> None:
        first, rest = stops[0], stops[1:]
        self.issues = issues_frame(failures or stops)
        more = [f"{f.file}, {f.table}.{f.column}: {f.rule} in {f.rows} rows ({f.examples})" for f in rest[:10]]
        super().__init__(
            f"{first.table + '.' if first.table else ''}{first.column}: {first.rule} in {first.rows} rows",
            expected=first.expected or None, got=first.examples, where=first.file,
            next_step=_next_step(stops) + ("; further failures:\n    " + "\n    ".join(more) if more else ""),
        )  # fmt: skip


def _next_step(stops: list[Failure]) -> str:
    step = stops[0].next_step or hint(stops[0].examples) or "correct the mapping or the file"
    if any(f.rule.endswith(DUPLICATE) or DUPLICATE + " of" in f.rule for f in stops):
        return step  # which they stop in any case
    return step + '; bad_values="missing" reads the rest'


def hint(examples: str) -> str:
    """What to do about text where a number belongs, by what it looks like; "" where it looks like nothing known."""
    for looks, step in _LOOKS:
        if re.search(looks, examples):
            return step
    return ""


def issues_frame(failures: list[Failure]) -> pd.DataFrame:
    """The failures as a table, one row each."""
    rows = [{k: v for k, v in asdict(f).items() if k in COLUMNS} for f in failures]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"rows": "int64", **{c: "str" for c in COLUMNS if c != "rows"}})
