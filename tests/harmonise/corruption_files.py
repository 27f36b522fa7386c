"""Corruptions of whole files: names, formats, encodings, headings, and what stands beside them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
from corruptions import (
    CENSUS,
    CENSUS_FILES,
    CENSUS_XML,
    FAMCONF,
    FAMECON,
    FAMECON_2016,
    FIXED,
    FIXED_FILES,
    FIXED_XML,
    HOMES,
    HOMES_CSV,
    HOUSEHOLDS,
    PLACE_FILES,
    PLACES,
    REGISTER,
    ROSTER,
    Case,
    added,
    as_csv,
    book,
    both,
    copied,
    cut,
    heading,
    line,
    removed,
    renamed,
    replaced,
    stata,
    swapped,
    text,
)

from fanpin.core.errors import RawFileError, UnknownNameError
from fanpin.harmonise.failures import ExtractError

PARQUET = "ipumsi_00001.parquet"
NEXT_RELEASE = "cfps2018famecon_202312.dta"


def to_parquet(folder: Path, rows: int | None = None) -> None:
    """The census as a Parquet file."""
    frame = pd.read_csv(folder / CENSUS)
    (folder / CENSUS).unlink()
    (folder / CENSUS_XML).unlink()
    frame.head(len(frame) if rows is None else rows).to_parquet(folder / PARQUET)


def upper_case(frame, meta):
    """Names of columns in capitals, their labels with them."""
    for words in meta.values():
        words |= {k.upper(): v for k, v in words.items()}
    return frame.rename(columns=str.upper)


def zip_of_something_else(folder: Path) -> None:
    with zipfile.ZipFile(folder / HOMES, "w") as archive:
        archive.writestr("readme.txt", "no workbook")


def raw_bytes(name, change):
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def title_line(sheet):
    sheet.insert_rows(1)
    sheet.cell(1, 1).value = "防返贫监测户信息"


def merged_headings(sheet):
    title_line(sheet)
    sheet.merge_cells("A1:C1")


def units_under_headings(sheet):
    sheet.insert_rows(2)
    for column in range(8, sheet.max_column + 1):
        sheet.cell(2, column).value = "（元）"


def sheet_of_notes(sheet):
    notes = sheet.parent.create_sheet("说明")
    notes.append(["项目", "说明"])
    notes.append([1, 2])


def last_variable_left_out(xml: str) -> str:
    head, _, tail = xml.rpartition("<var ")
    return head + tail[tail.index("</var>") + len("</var>") :]


NAMES = [
    Case(name="a file of 2016 named 2018", source="cfps", files=(FAMECON, FAMECON_2016),
         spoil=both(removed(FAMECON), renamed(FAMECON_2016, FAMECON)), error=UnknownNameError, column="fid18",
         expected="columns that cfps/2018.toml needs of its famecon file", step="those of a famecon file of cfps/2016.toml"),
    Case(name="waves swapped", source="cfps", files=(FAMECON_2016, FAMECON), spoil=swapped(FAMECON, FAMECON_2016),
         error=UnknownNameError, column="cid16", expected="cfps/2016.toml", step="is the file misnamed?"),
    Case(name="households and roster swapped", source="cfps", files=ROSTER, spoil=swapped(FAMECON, FAMCONF),
         error=UnknownNameError, column="fincome1", expected="of its famecon file", step="those of a famconf file"),
    Case(name="a wave nobody knows", source="cfps", files=HOUSEHOLDS, spoil=renamed(FAMECON, "cfps2034famecon.dta"),
         error=RawFileError, file="cfps2034famecon.dta", expected="cfps2010famecon*", step="published names"),
    Case(name="a wave nobody knows beside a known one", source="cfps", files=HOUSEHOLDS,
         spoil=copied(FAMECON, "cfps2034famecon.dta"), file="cfps2034famecon.dta", rows=0, rule="no pattern", action="not read"),
    Case(name="two releases of one file", source="cfps", files=HOUSEHOLDS, spoil=copied(FAMECON, NEXT_RELEASE),
         error=RawFileError, got=NEXT_RELEASE, expected="one file", step="keep one release"),
    Case(name="two releases of a table of many files", source="places", files=PLACE_FILES,
         spoil=copied(PLACES, "places_2.csv"), error=ExtractError, column="place_id|wave", rows=52, rule="26 duplicate keys",
         got="2 rows", expected="one row a key", step="keep one release"),
    Case(name="roster without its households", source="cfps", files=ROSTER, spoil=removed(FAMECON), error=RawFileError,
         file="famconf", expected="cfps2018famecon*", step="put the famecon file beside"),
    Case(name="names of file and columns in capitals", source="cfps", files=HOUSEHOLDS,
         spoil=both(stata(FAMECON, upper_case), renamed(FAMECON, FAMECON.upper()))),
    Case(name="names of columns in small letters", source="ipums", files=CENSUS_FILES,
         spoil=line(CENSUS, 0, str.lower)),
    Case(name="hidden and temporary files", source="places", files=PLACE_FILES,
         spoil=both(added("~$places_1.xlsx", b"x"), added(".DS_Store"), added("._places_1.csv", b"\0"))),
    Case(name="only hidden files", source="places", files=PLACE_FILES, spoil=both(removed(PLACES), added(".DS_Store")),
         error=RawFileError, file="case", expected="a folder with files", step="check the path"),
    Case(name="a file of another kind beside", source="places", files=PLACE_FILES, spoil=added("说明.xlsx", b"x"),
         file="说明.xlsx", rows=0, rule="no pattern", action="not read"),
]  # fmt: skip

FORMATS = [
    Case(name="Stata file cut off", source="cfps", files=HOUSEHOLDS, spoil=cut(FAMECON), error=RawFileError,
         rule="cut off", got="without its end", expected="a whole Stata file", step="fetch the file again"),
    Case(name="gzip cut off", source="ipums", files=CENSUS_FILES, spoil=cut(CENSUS), error=RawFileError,
         rule="cannot be unpacked", expected="a whole file packed by gzip", step="cut off on the way"),
    Case(name="workbook cut off", source="register", files=REGISTER, spoil=cut(HOMES), error=RawFileError,
         rule="cut off or damaged", expected="a whole Excel workbook", step="fetch the file again"),
    Case(name="Parquet cut off", source="ipums", files=CENSUS_FILES, spoil=both(to_parquet, cut(PARQUET)),
         error=RawFileError, file=PARQUET, rule="cut off or damaged", expected="a whole Parquet file", step="fetch the file again"),
    Case(name="text cut off within a line", source="places", files=PLACE_FILES, spoil=text(PLACES, lambda t: t[:-40]),
         error=RawFileError, got="Row #26", expected="19 columns in every line", step="fetch the file again"),
    *[Case(name=f"empty file {files[0][-5:]}", source=source, files=files, spoil=added(files[0]), error=RawFileError,
           rule="is empty", got="0 bytes", expected="column names and rows", step="fetch the file again")
      for source, files in (("places", PLACE_FILES), ("cfps", HOUSEHOLDS), ("register", REGISTER))],
    *[Case(name=f"no rows {file[-7:]}", source=source, files=files, file=file, spoil=spoil, error=RawFileError,
           rule="no rows", expected="at least one row", step="export it again")
      for source, files, file, spoil in (
          ("places", PLACE_FILES, PLACES, text(PLACES, lambda t: t.split("\n")[0] + "\n")),
          ("cfps", HOUSEHOLDS, FAMECON, stata(FAMECON, lambda frame, _: frame.head(0))),
          ("register", REGISTER, HOMES, book(HOMES, lambda sheet: sheet.delete_rows(2, 1000))),
          ("ipums", CENSUS_FILES, PARQUET, lambda folder: to_parquet(folder, rows=0)),
      )],
    Case(name="blank sheet", source="register", files=REGISTER, spoil=book(HOMES, lambda sheet: sheet.delete_rows(1, 1000)),
         error=RawFileError, rule="no cells", expected="column names and rows", step="fetch the file again"),
    Case(name="text named .dta", source="cfps", files=HOUSEHOLDS, spoil=added(FAMECON, b"fid18,fincome1\n1,2\n"),
         error=RawFileError, rule="not what its ending says", got="fid18,fincome1", expected="a Stata file", step="ending"),
    Case(name="another zip named .xlsx", source="register", files=REGISTER, spoil=zip_of_something_else, error=RawFileError,
         got="without a workbook", expected="a whole Excel workbook", step="fetch the file again"),
    Case(name="web page named .xlsx", source="register", files=REGISTER, spoil=added(HOMES, b"<html><table/></html>"),
         error=RawFileError, got="a web page", expected="an Excel workbook", step="a page or a pointer was saved"),
    Case(name="pointer in place of a packed file", source="ipums", files=CENSUS_FILES,
         spoil=added(CENSUS, b"version https://git-lfs.github.com/spec/v1\n"), error=RawFileError, got="a pointer",
         expected="packed by gzip", step="fetch the file again"),
    Case(name="text named .parquet", source="ipums", files=CENSUS_FILES, file=PARQUET,
         spoil=both(removed(CENSUS), removed(CENSUS_XML), added(PARQUET, b"YEAR,SEX\n2000,1\n")), error=RawFileError,
         rule="not what its ending says", expected="a Parquet file", step="ending"),
    Case(name="fixed width without its codebook", source="ipums", files=FIXED_FILES, spoil=removed(FIXED_XML),
         error=RawFileError, file=FIXED_XML, rule="no codebook", expected=FIXED_XML, step="fetch the DDI codebook"),
    Case(name="codebook of another extract", source="ipums", files=(*FIXED_FILES, *CENSUS_FILES), file=FIXED_XML,
         spoil=both(removed(CENSUS), removed(FIXED_XML), renamed(CENSUS_XML, FIXED_XML)), error=RawFileError,
         rule="of another extract", got="ipumsi_00001", expected=FIXED, step="fetch the DDI codebook"),
    Case(name="codebook cut off", source="ipums", files=FIXED_FILES, spoil=cut(FIXED_XML), error=RawFileError,
         file=FIXED_XML, rule="cut off or damaged", expected="a DDI codebook", step="fetch the DDI codebook"),
    Case(name="codebook without the last variable", source="ipums", files=FIXED_FILES,
         spoil=text(FIXED_XML, last_variable_left_out), error=RawFileError, rule="do not have the width", got="in line 1,",
         expected="characters in every line", step="both of the same extract"),
    Case(name="fixed width with a short line", source="ipums", files=FIXED_FILES, spoil=line(FIXED, 3, lambda t: t[:-2]),
         error=RawFileError, rule="do not have the width", got="in line 4,", expected="characters in every line",
         step="both of the same extract"),
]  # fmt: skip

ENCODINGS = [
    Case(name="register in GB 18030", source="register", files=REGISTER, spoil=as_csv(HOMES, HOMES_CSV, encoding="gb18030")),
    Case(name="UTF-16", source="places", files=PLACE_FILES, spoil=text(PLACES, str, encoding="utf-16")),
    Case(name="UTF-8 with a byte order mark", source="places", files=PLACE_FILES, spoil=text(PLACES, str, encoding="utf-8-sig")),
    Case(name="GB 18030 where only UTF-8 is read", source="ipums", files=CENSUS_FILES, error=RawFileError,
         spoil=text(CENSUS, lambda t: t.replace("YRSCHOOL", "受教育年限", 1), encoding="gb18030"), got="utf-8: invalid",
         expected="text in utf-8", step="it can be read as gb18030"),
    Case(name="Latin-1 where only UTF-8 is read", source="ipums", files=CENSUS_FILES, error=RawFileError,
         spoil=text(CENSUS, lambda t: t.replace("YRSCHOOL", "AÑOS É", 1), encoding="latin-1"), got="utf-8: invalid",
         expected="text in utf-8", step="it can be read as"),
    Case(name="two encodings in one file", source="places", files=PLACE_FILES, error=RawFileError,
         spoil=raw_bytes(PLACES, lambda b: b + "9199,甲乡".encode("gb18030") + b",1" * 17 + b"\n"), got="utf-8: invalid",
         expected="text in utf-8 or gb18030", step="fetch the file again, or save it as UTF-8"),
    Case(name="bytes that are no text", source="places", files=PLACE_FILES, spoil=raw_bytes(PLACES, lambda b: b + b"\0" * 9),
         error=RawFileError, got="bytes that are no text", expected="a text file", step="fetch the file again"),
    Case(name="carriage returns only", source="places", files=PLACE_FILES,
         spoil=raw_bytes(PLACES, lambda b: b.replace(b"\n", b"\r"))),
]  # fmt: skip

HEADINGS = [
    Case(name="merged headings", source="register", files=REGISTER, spoil=book(HOMES, merged_headings), error=RawFileError,
         rule="merged cells", got="A1:C1", expected="one cell each", step="take the merge apart"),
    Case(name="a title over the headings", source="register", files=REGISTER, spoil=book(HOMES, title_line),
         error=RawFileError, rule="columns have no name", got="nothing in B1", expected="a name over every filled column",
         step="into the first row"),
    Case(name="headings of two lines", source="register", files=REGISTER, spoil=book(HOMES, units_under_headings),
         error=RawFileError, rule="two lines", got="（元） under", expected="one row of column names", step="take the second line"),
    Case(name="two headings alike", source="register", files=REGISTER, spoil=heading(HOMES, "年收入", "纯收入"),
         error=RawFileError, column="纯收入", rule="two columns have one name", expected="names that differ", step="another name"),
    Case(name="an empty heading", source="register", files=REGISTER, spoil=heading(HOMES, "年收入", None),
         error=RawFileError, rule="columns have no name", expected="a name over every", step="into the first row"),
    Case(name="an empty heading in text", source="places", files=PLACE_FILES, spoil=replaced(PLACES, "床位数", ""),
         error=RawFileError, rule="columns have no name", got="column 16, after '卫生室数'", expected="a name over every",
         step="into the first row"),
    Case(name="two sheets of different layouts", source="register", files=REGISTER, spoil=book(HOMES, sheet_of_notes),
         error=RawFileError, got="说明: 项目, 说明", expected="one sheet", step="of its own"),
    Case(name="no headings", source="places", files=PLACE_FILES, spoil=line(PLACES, 0, lambda t: ",".join(map(str, range(19)))),
         error=RawFileError, rule="holds no column names", got="0, 1, 2", expected="column names separated by commas",
         step="with its column names"),
    Case(name="semicolons between fields", source="register", files=REGISTER, error=RawFileError, file=HOMES_CSV,
         spoil=as_csv(HOMES, HOMES_CSV, separator=";"), got="semicolons", expected="separated by commas", step="export"),
    Case(name="a needed column under another name", source="register", files=REGISTER,
         spoil=heading(HOMES, "人均纯收入", "人均纯收入额"), error=UnknownNameError, column="人均纯收入",
         expected="columns that register/export.toml needs", step="did you mean '人均纯收入额'"),
    Case(name="a needed column gone", source="cfps", files=HOUSEHOLDS, error=UnknownNameError, column="pce",
         spoil=stata(FAMECON, lambda frame, _: frame.drop(columns="pce")), expected="cfps/2018.toml", step="fetch the release"),
    Case(name="an optional column under another name", source="places", files=PLACE_FILES,
         spoil=replaced(PLACES, "执业医师数", "执业医师人数"), column="执业医师数", rows=0, rule="called much like it",
         got="执业医师人数", action="not read", differs={"place_wave": {"doctors": 26}}),
    Case(name="two columns that could be the one", source="places", files=PLACE_FILES,
         spoil=replaced(PLACES, "床位数", "总人口"), column="人口", rows=0, rule="人口 is read", got="总人口", action="not read",
         differs={"place_wave": {"hospital_beds": 26}}),
    Case(name="unbalanced quotation marks", source="places", files=PLACE_FILES, spoil=line(PLACES, 3, lambda t: '"' + t),
         error=RawFileError, got="Row #3", expected="19 columns in every line", step="set quote in the mapping"),
    Case(name="a line with a field too many", source="places", files=PLACE_FILES, spoil=line(PLACES, 4, lambda t: t + ",9"),
         error=RawFileError, got="Row #4: Expected 19 columns, got 20", expected="19 columns", step="fetch the file again"),
    Case(name="a line with a field too few", source="places", files=PLACE_FILES,
         spoil=line(PLACES, 4, lambda t: t.rpartition(",")[0]), error=RawFileError, got="Row #4: Expected 19 columns, got 18",
         expected="19 columns", step="fetch the file again"),
    Case(name="a formula never calculated", source="register", files=REGISTER,
         spoil=book(HOMES, lambda sheet: sheet.__setitem__("H2", "=1+1")), error=RawFileError, rule="formulas have no value",
         got="H2", expected="calculated values", step="open the workbook in Excel and save it"),
    Case(name="cells merged in a column that is read", source="register", files=REGISTER,
         spoil=book(HOMES, lambda sheet: sheet.merge_cells("A2:A3")), error=RawFileError, rule="rows have merged cells",
         got="A2:A3", expected="a value in each cell", step="fill each of its cells"),
]  # fmt: skip
