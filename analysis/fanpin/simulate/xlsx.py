"""A table as an Excel workbook of one sheet, the same bytes each time: no clock and no program's name in it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

EPOCH = (1980, 1, 1, 0, 0, 0)
TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>
</Types>"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>
<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>
</Relationships>"""
BOOK = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>"""
BOOK_RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>
</Relationships>"""
CORE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{title}</dc:title></cp:coreProperties>"""


def write_xlsx(frame: pd.DataFrame, path: Path, *, title: str, sheet: str) -> None:
    """Write the frame with its headings; empty texts and missing values become empty cells."""
    parts = {
        "[Content_Types].xml": TYPES, "_rels/.rels": RELATIONS, "docProps/core.xml": CORE.format(title=escape(title)),
        "xl/workbook.xml": BOOK.format(sheet=escape(sheet)), "xl/_rels/workbook.xml.rels": BOOK_RELATIONS,
        "xl/worksheets/sheet1.xml": _sheet(frame),
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            book.writestr(info, text.encode("utf-8"))


def _sheet(frame: pd.DataFrame) -> str:
    letters = [_letters(k) for k in range(frame.shape[1])]
    columns = [_cells(frame.iloc[:, k], letter) for k, letter in enumerate(letters)]
    head = "".join(_text(f"{letter}1", str(name)) for letter, name in zip(letters, frame.columns, strict=True))
    rows = [f'<row r="1">{head}</row>']
    rows += [f'<row r="{n}">{"".join(cells)}</row>' for n, cells in enumerate(zip(*columns, strict=True), start=2)]
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:{_letters(len(frame.columns) - 1)}{len(frame) + 1}"/><sheetData>'
        + "\n".join(rows) + "</sheetData></worksheet>"
    )  # fmt: skip


def _cells(column: pd.Series, letter: str) -> list[str]:
    places = [f"{letter}{n}" for n in range(2, len(column) + 2)]
    if column.dtype.kind in "iuf":
        values = column.to_numpy()
        gaps = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
        texts = [repr(v) for v in values.tolist()]
        return ["" if gap else f'<c r="{p}"><v>{t}</v></c>' for p, t, gap in zip(places, texts, gaps, strict=True)]
    return ["" if v == "" or v != v else _text(p, str(v)) for p, v in zip(places, column.tolist(), strict=True)]


def _text(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _letters(k: int) -> str:
    """Column 0 is A, 25 is Z, 26 is AA."""
    return (_letters(k // 26 - 1) if k >= 26 else "") + chr(ord("A") + k % 26)
