"""A DDI codebook and the lines of a fixed-width file, as IPUMS delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd


def codebook(
    file: str,
    frame: pd.DataFrame,
    *,
    widths: Mapping[str, int],
    decimals: Mapping[str, int],
    labels: Mapping[str, str],
    values: Mapping[str, Mapping[int, str]],
    title: str,
    fixed: bool,
) -> str:
    """The DDI 2.5 text that describes a rectangular extract; `decimals` are implied in fixed-width files only."""
    start, parts = 1, []
    for name in frame.columns:
        parts.append(_variable(name, start, widths[name], decimals.get(name, 0), labels[name], values.get(name, {})))
        start += widths[name]
    form = "fixed length fields" if fixed else "comma-delimited"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<codeBook version="2.5" xmlns="ddi:codebook:2_5">
  <docDscr><citation><titlStmt><titl>{escape(title)}</titl></titlStmt></citation></docDscr>
  <stdyDscr>
    <citation>
      <titlStmt><titl>{escape(title)}</titl></titlStmt>
      <prodStmt><prodDate date="2000-01-01">none: simulated</prodDate></prodStmt>
      <serStmt><serName abbr="ipumsi">IPUMS International layout, simulated</serName><serInfo>none: simulated</serInfo></serStmt>
    </citation>
    <stdyInfo><sumDscr/><notes>{escape(title)}</notes></stdyInfo>
    <dataAccs><useStmt><citReq>{escape(title)}</citReq><conditions>Simulated data: no conditions.</conditions></useStmt></dataAccs>
  </stdyDscr>
  <fileDscr ID="ExtractData">
    <fileTxt>
      <fileName>{escape(file)}</fileName>
      <fileCont>{escape(title)}</fileCont>
      <fileStrc type="rectangular"/>
      <fileType charset="UTF-8">UTF-8 data file</fileType>
      <format>{form}</format>
      <filePlac>simulated</filePlac>
    </fileTxt>
  </fileDscr>
  <dataDscr>
{"".join(parts)}  </dataDscr>
</codeBook>
"""


def _variable(name: str, start: int, width: int, decimals: int, label: str, words: Mapping[int, str]) -> str:
    categories = "".join(
        f"      <catgry><catValu>{code}</catValu><labl>{escape(word)}</labl></catgry>\n" for code, word in words.items()
    )
    interval = "discrete" if words else "contin"
    return f"""    <var ID={quoteattr(name)} name={quoteattr(name)} dcml="{decimals}" files="ExtractData" intrvl="{interval}">
      <location StartPos="{start}" EndPos="{start + width - 1}" width="{width}"/>
      <labl>{escape(label)}</labl>
      <txt>{escape(label)}, simulated</txt>
{categories}      <concept vocab="IPUMS">Simulated</concept>
      <varFormat schema="other" type="numeric"/>
    </var>
"""


def fixed_width(frame: pd.DataFrame, widths: Mapping[str, int], decimals: Mapping[str, int]) -> str:
    """The frame as lines of digits: right-aligned with leading zeros, decimals implied."""
    columns = []
    for name in frame.columns:
        scaled = np.rint(frame[name].to_numpy(float) * 10 ** decimals.get(name, 0)).astype(np.int64)
        columns.append(np.char.zfill(scaled.astype(str), widths[name]))
    lines = columns[0]
    for column in columns[1:]:
        lines = np.char.add(lines, column)
    return "\n".join(lines) + "\n"
