"""The source cfps-former: names and evidence as documented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fanpin.harmonise.catalogue import find_layouts

CONCEPTS = {
    "leaving_reason": "roster: reason for leaving", "alive": "roster: alive", "co": "roster: economically a member",
}  # fmt: skip
STATUS = {"verified": "verified", "verified_in_script": "script only", "unverified": "unverified"}


@pytest.mark.shared
def test_variables_and_evidence_are_the_documented_ones(shared: Path) -> None:
    listed = json.loads((shared / "reference" / "layouts.json").read_text("utf-8"))["sources"]["cfps"]["concepts"]
    cells = {c["concept"]: c["waves"] for c in listed if c["concept"] in CONCEPTS.values()}
    layouts = find_layouts("cfps-former")
    assert [la.waves for la in layouts] == [(w,) for w in range(2010, 2023, 2)]
    for layout in layouts:
        wave, table = str(layout.waves[0]), layout.tables["person_wave"]
        assert table.keep[0].variable == cells[CONCEPTS["co"]][wave]["var"]
        assert table.keep[0].codes == ("0",)
        assert table.keep[1].variable == cells[CONCEPTS["leaving_reason"]][wave]["var"]
        for name in ("leaving_reason", "alive"):
            cell = cells[CONCEPTS[name]][wave]
            assert table.columns[name].variables == (cell["var"],)
            assert table.columns[name].evidence == STATUS[cell["status"]]
