"""Readers of raw files: every format gives the same numbers and text, and every broken file is named."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from fanpin.core.errors import RawFileError
from fanpin.harmonise.readers import TextOptions, is_data_file, read_header, read_rows

PLAIN = TextOptions()
CHINESE = TextOptions(encodings=("utf-8", "gb18030"))
LONG_ID = "110101199003070017"
ROWS = pd.DataFrame({"hid": ["001", "002", "010"], "income": [1200.5, -8.0, np.nan], "village": ["东村", "西村", ""]})
STATA = {8: 113, 10: 114, 12: 115, 13: 117, 14: 118, 15: 119}


def rows(path, options=PLAIN, *, text=(), **names):
    names = names or {n: n for n in read_header(path, options).names if n}
    return read_rows(path, options, names=names, as_text=frozenset(text))


def written(path: Path, text: str, encoding="utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def fails(path, match, options=PLAIN, **names) -> RawFileError:
    with pytest.raises(RawFileError, match=match) as caught:
        rows(path, options, **names)
    return caught.value


# --- one table in every format ------------------------------------------------------------------------------------


def as_csv(path):
    ROWS.to_csv(path, index=False)


def as_tsv(path):
    ROWS.to_csv(path, index=False, sep="\t")


def as_dta(path):
    pyreadstat.write_dta(ROWS, path)


def as_sav(path):
    pyreadstat.write_sav(ROWS, path)


def as_parquet(path):
    ROWS.to_parquet(path)


def as_xlsx(path):
    ROWS.to_excel(path, index=False)


WRITERS = {"a.csv": as_csv, "a.csv.gz": as_csv, "a.csv.bz2": as_csv, "a.tsv": as_tsv, "A.TSV.GZ": as_tsv,
           "a.dta": as_dta, "a.sav": as_sav, "a.parquet": as_parquet, "a.xlsx": as_xlsx}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_table(tmp_path, name):
    path = tmp_path / name
    if name == "A.TSV.GZ":
        as_tsv(tmp_path / "plain.tsv")
        path.write_bytes(gzip.compress((tmp_path / "plain.tsv").read_bytes()))
    else:
        WRITERS[name](path)
    before = path.read_bytes()
    assert read_header(path, PLAIN).names == ["hid", "income", "village"]
    got = read_rows(path, PLAIN, names={"v": "village", "y": "income", "h": "hid"}, as_text=frozenset({"h"}))
    expected = {"v": ["东村", "西村", None], "y": [1200.5, -8.0, None], "h": ["001", "002", "010"]}
    assert got.to_pydict() == expected
    assert list(got.column_names) == ["v", "y", "h"]
    assert got.schema.field("y").type == pa.float64() and got.schema.field("v").type == pa.string()
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["x.por", "x.xpt"])
def test_portable_formats(tmp_path, name):
    path = tmp_path / name
    table = pd.DataFrame({"HID": ["001", "002"], "INCOME": [1200.5, -8.0]})
    (pyreadstat.write_por if name == "x.por" else pyreadstat.write_xport)(table, path)
    assert rows(path, text=["HID"]).to_pydict() == {"HID": ["001", "002"], "INCOME": [1200.5, -8.0]}
    path.write_bytes(path.read_bytes()[:-100])
    fails(path, "cut off|cannot be read", HID="HID")


def test_endings():
    assert all(map(is_data_file, ["a.CSV", "a.tsv.gz", "a.dat.bz2", "a.sas7bdat", "a.xpt", "a.por", "a.parquet"]))
    assert not any(map(is_data_file, ["a.txt", "a.dta.gz", "a.pdf", "csv", "a.gz"]))


def test_unknown_ending(tmp_path):
    assert ".parquet" in fails(written(tmp_path / "a.doc", "x"), "no format").expected


# --- text ---------------------------------------------------------------------------------------------------------


def test_numbers_and_text(tmp_path):
    lines = "n,nan,inf,mixed,blank,word\n 1 ,nan,inf,1,,None\n-2.5e3,1,2,x,,4\n"
    got = rows(written(tmp_path / "a.csv", lines), TextOptions(null=("None",))).to_pydict()
    assert got == {"n": [1, -2500], "nan": ["nan", "1"], "inf": ["inf", "2"], "mixed": ["1", "x"],
                   "blank": [None, None], "word": [None, 4]}  # fmt: skip


def test_text_that_comes_late(tmp_path):
    path = written(tmp_path / "a.csv", "x,y\n" + "1,2\n" * 60_000 + "one,3\n")
    got = rows(path)
    assert got.schema.types == [pa.string(), pa.float64()]
    assert got["x"][-1].as_py() == "one" and got["y"][-1].as_py() == 3 and got.num_rows == 60_001


def test_gb18030_falls_to_the_next_encoding(tmp_path):
    path = written(tmp_path / "a.csv", "户编号,村\n01,东村\n", "gb18030")
    assert rows(path, CHINESE, text=["户编号"]).to_pydict() == {"户编号": ["01"], "村": ["东村"]}
    error = fails(path, "cannot be read as utf-8")
    assert "it can be read as gb18030" in error.next_step


def test_bytes_that_are_not_utf8_behind_an_ascii_heading(tmp_path):
    path = written(tmp_path / "a.csv", "id,village\n1,东村\n", "gb18030")
    fails(path, "cannot be read as utf-8", id="id")
    assert rows(path, CHINESE)["village"].to_pylist() == ["东村"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_go_before_the_mapping(tmp_path, encoding):
    path = written(tmp_path / "a.csv", "户,x\n东,1\n", encoding)
    assert rows(path, TextOptions(encodings=("gb18030",))).to_pydict() == {"户": ["东"], "x": [1]}


def test_latin_1(tmp_path):
    path = written(tmp_path / "a.csv", "año,x\nCórdoba,1\n" * 1, "latin-1")
    assert rows(path, TextOptions(encodings=("latin-1",)))["año"].to_pylist() == ["Córdoba"]


def test_quoted_line_breaks_and_unquoted_quotation_marks(tmp_path):
    path = written(tmp_path / "a.csv", '"a","b"\r\n"one\r\ntwo",1\r\n"x,y",2\r\n')
    assert rows(path).to_pydict() == {"a": ["one\r\ntwo", "x,y"], "b": [1, 2]}
    path = written(tmp_path / "b.tsv", 'a\tb\n5" pipe\t1\n"x\t2\n')
    assert rows(path, TextOptions(quote=""))["a"].to_pylist() == ['5" pipe', '"x']
    error = fails(path, "columns of the heading row")
    assert "set quote" in error.next_step


def test_identifiers_keep_their_digits(tmp_path):
    path = written(tmp_path / "a.csv", f"id,short\n{LONG_ID},007\n110101199003070018,008\n")
    got = rows(path, text=["id", "short"])
    assert got.to_pydict() == {"id": [LONG_ID, "110101199003070018"], "short": ["007", "008"]}
    path = written(tmp_path / "b.csv", "id\n1.10101E+17\n")
    assert rows(path, text=["id"])["id"].to_pylist() == ["1.10101E+17"]


def test_a_line_cut_off_is_named_by_its_number(tmp_path):
    path = written(tmp_path / "a.csv", "a,b,c\n1,2,3\n4,5\n")
    assert "#2" in str(fails(path, "columns of the heading row").got)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2"])
def test_a_packed_file_cut_off(tmp_path, name):
    body = ("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(200_000))).encode()
    pack = gzip.compress if name.endswith("gz") else bz2.compress
    path = tmp_path / name
    path.write_bytes(pack(body)[:-200])
    fails(path, "cannot be unpacked", a="a")
    path.write_bytes(body)
    fails(path, "cannot be unpacked", a="a")


def test_a_packed_file_without_a_further_ending_has_commas(tmp_path):
    path = tmp_path / "ecv_2013.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert rows(path).to_pydict() == {"a": [1], "b": [2]}


@pytest.mark.parametrize(("body", "match"), [
    ("", "empty"), ("a,b\n", "no rows"), ("a,b\n\n \n", "no rows"), ("a;b\n1;2\n", "no column names"),
    ("1,2\n3,4\n", "no column names"), ("a,A\n1,2\n", "two columns have one name"),
    ("<!DOCTYPE html><html></html>", "not what its ending says"), ("version https://git-lfs.github.com/spec/v1\n", "ending"),
    ("a,b\n1,\0\n", "not what its ending says"),
])  # fmt: skip
def test_text_files_that_are_refused(tmp_path, body, match):
    error = fails(written(tmp_path / "a.csv", body), match, a="a")
    assert error.where == tmp_path / "a.csv" and error.next_step


def test_an_absent_file(tmp_path):
    fails(tmp_path / "a.csv", "not there", a="a")


def test_a_column_that_is_not_there(tmp_path):
    fails(written(tmp_path / "a.csv", "a,b\n1,2\n"), "no column 'c'", c="c")


# --- Stata, SPSS, SAS ---------------------------------------------------------------------------------------------

A, Z = 0x7FE0010000000000, 0x7FE01A0000000000  # Stata's .a and .z as doubles


def stata_with_tags(path: Path, version: int) -> Path:
    """Write marked values, then put extended missing values in their place: no writer makes these."""
    table = pd.DataFrame({"x": [1.0, 987654.25, 123456.25, np.nan], "y": [1.0, 2.0, 3.0, 4.0]})
    pyreadstat.write_dta(table, path, version=version, column_labels={"x": "收入" if version > 13 else "income"},
                         variable_value_labels={"x": {1: "one", 2147483000: "refused"}})  # fmt: skip
    raw = path.read_bytes()
    for value, tag in ((987654.25, A), (123456.25, Z)):
        raw = raw.replace(struct.pack("<d", value), struct.pack("<Q", tag))
    path.write_bytes(raw.replace(struct.pack("<i", 2147483000), struct.pack("<i", 2147483622)))
    return path


@pytest.mark.parametrize("version", STATA)
def test_extended_missing_values_of_stata(tmp_path, version):
    path = stata_with_tags(tmp_path / "a.dta", version)
    header = read_header(path, PLAIN)
    assert header.labels == {"x": "收入" if version > 13 else "income"}
    assert header.value_labels == {"x": {1.0: "one", ".a": "refused"}}
    got = rows(path, v="x", w="y")
    assert got.to_pydict() == {"v": [1, None, None, None], "v__tag": [None, ".a", ".z", None], "w": [1, 2, 3, 4]}
    assert got.schema.field("v").type == pa.float64()
    assert rows(path, text=["v"], v="x")["v"].to_pylist() == ["1", None, None, None]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("version", [8, 12, 13])
def test_chinese_in_files_that_do_not_say_their_encoding(tmp_path, version, encoding):
    """Old Stata files are taken for Western European; replace placeholders by Chinese bytes of the same length."""
    path = tmp_path / "a.dta"
    chinese = {k: t.encode(encoding) for k, t in {"label": "人均纯收入", "value": "农业户口", "cell": "东村"}.items()}
    marks = {k: (k[0].upper() * len(t)) for k, t in chinese.items()}
    table = pd.DataFrame({"x": [1.0, 2.0], "s": [marks["cell"], "b"]})
    pyreadstat.write_dta(table, path, version=version, column_labels={"x": marks["label"]},
                         variable_value_labels={"x": {1: marks["value"]}})  # fmt: skip
    raw = path.read_bytes()
    for key, text in chinese.items():
        raw = raw.replace(marks[key].encode(), text)
    path.write_bytes(raw)
    header = read_header(path, PLAIN)
    assert header.labels == {"x": "人均纯收入"} and header.value_labels == {"x": {1.0: "农业户口"}}
    assert rows(path)["s"].to_pylist() == ["东村", "b"]


def test_western_text_in_old_files_stays_western(tmp_path):
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(pd.DataFrame({"s": ["QQQQ", "b"]}), path, version=12)
    path.write_bytes(path.read_bytes().replace(b"QQQQ", "Éaño".encode("cp1252")))
    assert rows(path)["s"].to_pylist() == ["Éaño", "b"]


def test_codes_that_spss_users_call_missing_stay(tmp_path):
    path = tmp_path / "a.sav"
    table = pd.DataFrame({"x": [1.0, -8.0, np.nan], "s": ["1", "b", ""]})
    pyreadstat.write_sav(table, path, missing_ranges={"x": [-8]}, column_labels={"x": "户口"},
                         variable_value_labels={"x": {-8: "不适用"}, "s": {"b": "bee"}})  # fmt: skip
    assert rows(path).to_pydict() == {"x": [1, -8, None], "s": ["1", "b", None]}
    header = read_header(path, PLAIN)
    assert header.value_labels == {"x": {-8.0: "不适用"}, "s": {"b": "bee"}} and header.labels == {"x": "户口"}


def test_codes_that_users_of_portable_files_call_missing_stay(tmp_path):
    path = tmp_path / "a.por"
    pyreadstat.write_por(pd.DataFrame({"X": [1.0, -8.0, 2.0]}), path)
    flat = path.read_bytes().replace(b"\r\n", b"")
    flat = flat.replace(b"5/8/2/F1/", b"5/8/2/8-8/F1/").rstrip(b"Z")  # 8: the code -8 is missing
    flat += b"Z" * (80 - len(flat) % 80)
    path.write_bytes(b"\r\n".join(flat[i : i + 80] for i in range(0, len(flat), 80)) + b"\r\n")
    assert pyreadstat.read_por(path)[0]["X"].isna().sum() == 1  # so the code is declared missing
    assert rows(path).to_pydict() == {"X": [1, -8, 2]}


def test_extended_missing_values_of_sas(tmp_path):
    path = tmp_path / "a.xpt"
    pyreadstat.write_xport(pd.DataFrame({"X": [1.0, 2.0, 3.0, 4.0]}), path)
    raw = path.read_bytes()
    for number, tag in (("4120000000000000", b"A"), ("4130000000000000", b"_")):  # in IBM's floating point
        raw = raw.replace(bytes.fromhex(number), tag + bytes(7))
    path.write_bytes(raw)
    assert rows(path).to_pydict() == {"X": [1, None, None, 4], "X__tag": [None, ".a", "._", None]}


def test_dates_are_iso_text(tmp_path):
    days = [date(2020, 1, 2), None]
    pyreadstat.write_dta(pd.DataFrame({"d": days, "n": [1.0, 2.0]}), tmp_path / "a.dta")
    assert rows(tmp_path / "a.dta")["d"].to_pylist() == ["2020-01-02", None]
    pq.write_table(pa.table({"d": pa.array(days)}), tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet")["d"].to_pylist() == ["2020-01-02", None]
    pd.DataFrame({"d": days, "n": [1, 2]}).to_excel(tmp_path / "a.xlsx", index=False)
    assert rows(tmp_path / "a.xlsx")["d"].to_pylist() == ["2020-01-02", None]


def test_numbers_wanted_as_text(tmp_path):
    ids = pd.DataFrame({"id": [110101.0, 2.0**53 - 1, 1.5, np.nan], "far": [1.1010119900307002e17, 1, 2, 3]})
    pyreadstat.write_dta(ids, tmp_path / "a.dta")
    got = rows(tmp_path / "a.dta", text=["id", "far"])
    assert got["id"].to_pylist() == ["110101", "9007199254740991", "1.5", None]
    assert got["far"].to_pylist()[:2] == ["1.10101199003070E+17".replace("0E", "E"), "1"]


@pytest.mark.parametrize("version", STATA)
def test_a_stata_file_cut_off(tmp_path, version):
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(pd.DataFrame({"x": np.arange(100.0), "s": ["abc"] * 100}), path, version=version)
    path.write_bytes(path.read_bytes()[:-700])
    assert fails(path, "cut off|cannot be read", x="x").next_step.startswith("fetch the file again")


def test_a_sav_file_cut_off(tmp_path):
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"x": np.arange(1000.0) * 1.5}), path)
    path.write_bytes(path.read_bytes()[:-200])
    fails(path, "cannot be read", x="x")


@pytest.mark.parametrize("name", ["a.dta", "a.sav", "a.por", "a.sas7bdat", "a.xpt", "a.parquet", "a.xlsx"])
def test_files_that_are_not_what_their_ending_says(tmp_path, name):
    error = fails(
        written(tmp_path / name, "<html><body>Please log in</body></html>" * 40), "not what its ending", x="x"
    )
    assert error.got in ("a web page or XML",) and "fetch" in error.next_step
    fails(written(tmp_path / name, ""), "empty", x="x")


def test_statistical_files_without_rows(tmp_path):
    pyreadstat.write_dta(pd.DataFrame({"x": pd.Series([], dtype=float)}), tmp_path / "a.dta")
    fails(tmp_path / "a.dta", "no rows", x="x")
    pyreadstat.write_dta(pd.DataFrame({"x": [1.0], "X": [2.0]}), tmp_path / "b.dta")
    fails(tmp_path / "b.dta", "two columns have one name")


# --- Excel --------------------------------------------------------------------------------------------------------


def book(path: Path, *lines, merge=(), sheets=None) -> Path:
    work = openpyxl.Workbook()
    for title, content in ({"Sheet1": lines} | (sheets or {})).items():
        ws = work.create_sheet(title)
        for line in content:
            ws.append(line)
        for ref in merge:
            ws.merge_cells(ref)
    del work["Sheet"]
    work.save(path)
    return path


def test_excel_cells_of_every_kind(tmp_path):
    path = book(tmp_path / "a.xlsx", ["id", "n", "mixed", "yes", "f"], ["007", "1", 2, True, "x"],
                [None] * 5, [LONG_ID, 2.5, "x", False, "#N/A"])  # fmt: skip
    got = rows(path, text=["id"]).to_pydict()
    assert got == {"id": ["007", None, LONG_ID], "n": [1, None, 2.5], "mixed": ["2", None, "x"], "yes": [1, None, 0],
                   "f": ["x", None, "#N/A"]}  # fmt: skip


def test_numbers_shown_with_leading_zeros_and_numbers_too_long(tmp_path):
    work = openpyxl.Workbook()
    for line in (["id", "long"], [7, int(LONG_ID)], [123, 5]):
        work.active.append(line)
    for line in (2, 3):
        work.active.cell(line, 1).number_format = "000000"
    work.save(tmp_path / "a.xlsx")
    got = rows(tmp_path / "a.xlsx", text=["id", "long"]).to_pydict()
    assert got["id"] == ["000007", "000123"]
    assert got["long"][0].endswith("E+17") and got["long"][1] == "5"
    assert rows(tmp_path / "a.xlsx")["id"].to_pylist() == [7, 123]


@pytest.mark.parametrize(("lines", "merge", "match", "cells"), [
    ([["a", "b"], [1, 2]], ["A1:B1"], "heading row has merged cells", "A1:B1"),
    ([["a", "b"], [None, "c"], [1, 2]], ["A1:A2"], "heading row has merged cells", "A1:A2"),
    ([["a", "b"], [1, 2], [None, 3]], ["A2:A3"], "rows have merged cells", "A2:A3"),
    ([["a", None, "c"], [1, 2, 3]], [], "columns have no name", "B1"),
    ([["title"], ["a", "b"], [1, 2]], [], "columns have no name", "B1"),
    ([["a", "A"], [1, 2]], [], "two columns have one name", "'a' and 'A'"),
    ([[1, 2], [3, 4]], [], "no column names", "row 1"),
    ([["a", "b"], [1, "=1+1"]], [], "formulas have no value", "B2"),
])  # fmt: skip
def test_workbooks_that_are_refused(tmp_path, lines, merge, match, cells):
    error = fails(book(tmp_path / "a.xlsx", *lines, merge=merge), match)
    assert cells in str(error.got) and error.next_step


def test_formulas_elsewhere_do_no_harm(tmp_path):
    path = book(tmp_path / "a.xlsx", ["a", "b"], [1, "=1+1"])
    assert rows(path, a="a").to_pydict() == {"a": [1]}


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    work = openpyxl.Workbook()
    work.active.append(["a"])
    work.active.cell(2, 1).value = "=1+1"
    work.active.cell(2, 1).data_type = "s"
    work.save(tmp_path / "a.xlsx")
    assert rows(tmp_path / "a.xlsx")["a"].to_pylist() == ["=1+1"]


def test_sheets(tmp_path):
    path = book(tmp_path / "a.xlsx", ["a", "b"], [1, 2], sheets={"empty": [], "more": [["a", "b"], [3, 4]]})
    assert rows(path).to_pydict() == {"a": [1, 3], "b": [2, 4]}
    path = book(tmp_path / "b.xlsx", ["a", "b"], [1, 2], sheets={"notes": [["说明"], ["文字"]]})
    assert "notes: 说明" in fails(path, "different layouts").got
    fails(book(tmp_path / "c.xlsx"), "no cells")
    fails(book(tmp_path / "d.xlsx", ["a"]), "no rows")


def test_a_workbook_cut_off_or_old(tmp_path):
    path = book(tmp_path / "a.xlsx", ["a"], [1])
    path.write_bytes(path.read_bytes()[:-500])
    fails(path, "cut off or damaged", a="a")
    path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert ".xls" in fails(path, "not what its ending says", a="a").got
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("a.csv", "a\n1\n")
    path.write_bytes(archive.getvalue())
    fails(path, "cut off or damaged", a="a")


# --- Parquet ------------------------------------------------------------------------------------------------------


def test_parquet_types(tmp_path):
    table = pa.table({
        "i": pa.array([int(LONG_ID), None], pa.int64()), "f": [1.5, float("nan")], "b": [True, None],
        "c": pa.array(["1", " "]).dictionary_encode(), "s": ["x", ""],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    got = rows(tmp_path / "a.parquet", text=["i"]).to_pydict()
    assert got == {"i": [LONG_ID, None], "f": [1.5, None], "b": [1, None], "c": [1, None], "s": ["x", None]}


def test_parquet_files_that_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1.0], "A": [2.0]}), path)
    fails(path, "two columns have one name")
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), path)
    fails(path, "no rows")
    pq.write_table(pa.table({"a": [1.0]}), path)
    path.write_bytes(path.read_bytes()[:-10])
    fails(path, "cut off or damaged")


# --- fixed width --------------------------------------------------------------------------------------------------

DDI = """<?xml version="1.0" encoding="UTF-8"?>
<codeBook xmlns="ddi:codebook:2_5"><fileDscr><fileTxt><fileStrc type="{structure}"/></fileTxt></fileDscr><dataDscr>
<var ID="SERIAL" name="SERIAL" intrvl="contin"><location StartPos="1" EndPos="5" width="5"/><labl>Serial</labl>
<varFormat type="numeric"/></var>
<var ID="HHWT" name="HHWT" dcml="2" intrvl="contin"><location StartPos="6" EndPos="11" width="6"/><labl>Weight</labl>
<varFormat type="numeric"/></var>
<var ID="SEX" name="SEX" intrvl="discrete"><location StartPos="12" EndPos="12" width="1"/><labl>Sex</labl>
<catgry><catValu>1</catValu><labl>Male</labl></catgry><catgry><catValu>2</catValu><labl>Female</labl></catgry>
<catgry><catValu>8</catValu><labl>Unknown</labl></catgry><catgry><catValu>9</catValu><labl>Unknown</labl></catgry>
<varFormat type="numeric"/></var></dataDscr></codeBook>"""
LINES = "000010123451\n000020000252\n00003000050 \n"


def extract(folder: Path, body=LINES, structure="rectangular", name="ipumsi_00001.dat.gz") -> Path:
    (folder / "ipumsi_00001.xml").write_text(DDI.format(structure=structure))
    path = folder / name
    path.write_bytes(gzip.compress(body.encode()) if name.endswith("gz") else body.encode())
    return path


@pytest.mark.parametrize("body", [LINES, LINES.rstrip("\n"), LINES.replace("\n", "\r\n")])
@pytest.mark.parametrize("name", ["ipumsi_00001.dat", "ipumsi_00001.dat.gz"])
def test_fixed_width_with_its_codebook(tmp_path, body, name):
    path = extract(tmp_path, body, name=name)
    header = read_header(path, PLAIN)
    assert header.names == ["SERIAL", "HHWT", "SEX"] and header.labels["HHWT"] == "Weight"
    assert header.value_labels["SEX"] == {1.0: "Male", 2.0: "Female", 8.0: "Unknown", 9.0: "Unknown"}
    got = rows(path, text=["id"], w="HHWT", id="SERIAL", sex="SEX")
    assert got.to_pydict() == {"w": [123.45, 0.25, 0.5], "id": ["00001", "00002", "00003"], "sex": [1, 2, None]}


def test_fixed_width_files_that_are_refused(tmp_path):
    fails(extract(tmp_path, LINES[:-6]), "do not have the width", w="HHWT")
    fails(extract(tmp_path, LINES.replace("1\n", "\n")), "do not have the width", w="HHWT")
    fails(extract(tmp_path, structure="hierarchical"), "several kinds", w="HHWT")
    path = extract(tmp_path)
    (tmp_path / "ipumsi_00001.xml").write_text("<codeBook><dataDscr>")
    fails(path, "codebook is cut off")
    (tmp_path / "ipumsi_00001.xml").write_text("<other/>")
    fails(path, "names no variables")
    (tmp_path / "ipumsi_00001.xml").unlink()
    assert "codebook" in fails(path, "no codebook beside it").next_step


def test_a_text_extract_takes_labels_from_its_codebook(tmp_path):
    path = extract(tmp_path, "SERIAL,HHWT\n1,123.45\n", name="ipumsi_00001.csv.gz")
    assert read_header(path, PLAIN).labels == {"SERIAL": "Serial", "HHWT": "Weight"}
    assert rows(path)["HHWT"].to_pylist() == [123.45]
    (tmp_path / "ipumsi_00001.xml").unlink()
    assert read_header(path, PLAIN).labels == {}


# --- real files ---------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_real_files_as_pandas_reads_them(shared):
    path = shared / "data/eph-2003-2006/hogar_a03t3.tsv.gz"
    options = TextOptions(encodings=("latin-1",), quote="", null=("None",))
    columns = ["CODUSU", "NRO_HOGAR", "AGLOMERADO", "PONDERA", "ITF", "IPCF"]
    got = read_rows(path, options, names={c: c for c in columns}, as_text=frozenset({"CODUSU"})).to_pandas()
    expected = pd.read_csv(path, sep="\t", encoding="latin-1", quoting=3, usecols=columns, dtype={"CODUSU": str})
    for column in columns[1:]:
        np.testing.assert_array_equal(got[column], pd.to_numeric(expected[column], errors="coerce"))
    assert got["CODUSU"].tolist() == expected["CODUSU"].str.strip().tolist()
