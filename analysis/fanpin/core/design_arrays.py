"""A design's columns as arrays: every check by name, once, before any number is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fanpin.core.codes import dense_codes
from fanpin.core.design import Design
from fanpin.core.errors import DataError, require_columns
from fanpin.core.numbers import count_rows, positive_column
from fanpin.core.options import Singleton

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignArrays:
    """A design as the variance engine takes it, rows in the order of the frame.

    Attributes
    ----------
    weight : (n,) positive weights, 1 without a weight column.
    stratum : (n,) integer codes of strata from 0, or None.
    psu : (n,) integer codes of PSUs from 0, each within one stratum, or None.
    fpc : (n,) population counts or shares sampled, constant within a stratum, or None.
    singleton : the rule for strata with one PSU.
    """

    weight: Array
    stratum: Codes | None = None
    psu: Codes | None = None
    fpc: Array | None = None
    singleton: Singleton = "fail"

    def by_psu(self) -> SampledPsus:
        """The PSUs sampled; rows are their own where the design has none."""
        psu = np.arange(len(self.weight), dtype=np.int64) if self.psu is None else self.psu
        count = int(psu.max()) + 1
        return SampledPsus(
            psu=psu, count=count, stratum=_of_psu(self.stratum, psu, count), fpc=_of_psu(self.fpc, psu, count)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledPsus:
    """PSUs as the variance engine takes totals of them.

    Attributes
    ----------
    psu : (n,) PSU of each row, 0 … count - 1.
    count : number of PSUs, P.
    stratum, fpc : (P,) of each PSU, or None.
    """

    psu: Codes
    count: int
    stratum: Codes | None
    fpc: Array | None


def _of_psu(values: NDArray[Value] | None, psu: Codes, count: int) -> NDArray[Value] | None:
    """The value of each PSU, constant over its rows."""
    if values is None:
        return None
    out = np.empty(count, dtype=values.dtype)
    out[psu] = values
    return out


def design_arrays(frame: pd.DataFrame, design: Design | None, *, where: str = "design") -> DesignArrays:
    """The arrays of a design; None is a simple random sample of rows.

    Give it all sampled rows, before any is left out for a domain or a missing outcome.

    Raises
    ------
    UnknownNameError : a column of the design is not in the frame.
    DataError : the frame is empty; a weight is missing, infinite, zero or negative; a stratum or PSU is missing; a PSU
        lies in two strata while `nest=False`; fpc varies within a stratum, is not positive or is smaller than the number
        of PSUs sampled; a stratum has one PSU under `singleton="fail"`.
    """
    if frame.empty:
        raise DataError("no rows", expected="at least one sampled row", where=where)
    if design is None:
        return DesignArrays(weight=np.ones(len(frame)))
    require_columns(frame.columns, design.columns, where=where)
    weight = (
        np.ones(len(frame))
        if design.weight is None
        else positive_column(
            frame,
            design.weight,
            role="weight",
            where=where,
            advice="leave out rows with weight 0: they stand for nobody",
        )
    )
    stratum = None if design.stratum is None else _codes(frame, design.stratum, "stratum", where)
    psu = None if design.psu is None else _psu_codes(frame, design, stratum, where)
    fpc = None if design.fpc is None else positive_column(frame, design.fpc, role="fpc", where=where)
    sampled = _psus_by_stratum(len(frame), stratum, psu)
    _refuse_lonely(frame, design, stratum, psu, sampled, fpc, where)
    if fpc is not None:
        _check_fpc(frame, design, stratum, sampled, fpc, where)
    return DesignArrays(weight=weight, stratum=stratum, psu=psu, fpc=fpc, singleton=design.singleton)


def _codes(frame: pd.DataFrame, name: str, role: str, where: str) -> Codes:
    """Codes from 0 without gaps: of whole numbers in their order, of other labels as they appear."""
    column = frame[name]
    if column.dtype.kind in "iu" and isinstance(column.dtype, np.dtype):
        low, high = int(column.min()), int(column.max())
        if high - low <= 4 * len(column):
            return dense_codes(column.to_numpy().astype(np.int64) - low)[0]
    codes, _ = pd.factorize(column)
    if (codes < 0).any():
        raise DataError(f"{role} column {name!r} has missing values", expected="a label in every row",
                        got=count_rows(codes < 0), where=where)  # fmt: skip
    return codes.astype(np.int64, copy=False)


def _psu_codes(frame: pd.DataFrame, design: Design, stratum: Codes | None, where: str) -> Codes:
    """Codes of PSUs, one for each pair of stratum and label where labels repeat across strata."""
    codes = _codes(frame, str(design.psu), "psu", where)
    if stratum is None:
        return codes
    home = np.empty(int(codes.max()) + 1, dtype=np.int64)
    home[codes] = stratum
    torn = home[codes] != stratum
    if not torn.any():
        return codes
    if not design.nest:
        labels = frame.loc[torn, str(design.psu)].unique()
        raise DataError(f"{len(labels)} PSUs of {design.psu!r} lie in more than one stratum", expected="one stratum each",
                        got=_shown(labels), where=where,
                        next_step="nest=True if labels repeat across strata; otherwise correct the strata")  # fmt: skip
    pairs, _ = pd.factorize(codes * (int(stratum.max()) + 1) + stratum)
    return pairs.astype(np.int64, copy=False)


def _psus_by_stratum(n: int, stratum: Codes | None, psu: Codes | None) -> Codes:
    """Number of PSUs sampled in each stratum."""
    if psu is not None:
        home = np.zeros(int(psu.max()) + 1, dtype=np.int64)
        home[psu] = 0 if stratum is None else stratum
        return np.bincount(home)
    return np.array([n]) if stratum is None else np.bincount(stratum)


def _refuse_lonely(
    frame: pd.DataFrame, design: Design, stratum: Codes | None, psu: Codes | None, sampled: Codes, fpc: Array | None,
    where: str,
) -> None:  # fmt: skip
    if design.singleton != "fail" or not (sampled == 1).any():
        return
    rows = np.ones(len(frame), dtype=bool) if stratum is None else (sampled == 1)[stratum]
    if fpc is not None:
        rows &= fpc != 1.0  # sampled in full: no variance, so one PSU is enough
    if not rows.any():
        return
    if stratum is None:
        raise DataError(f"one PSU in all in column {design.psu!r}" if psu is not None else "one sampled row",
                        expected="at least two PSUs", where=where)  # fmt: skip
    lonely = frame.loc[rows, str(design.stratum)].unique()
    raise DataError(f"{len(lonely)} strata of {design.stratum!r} have a single PSU", expected="at least two PSUs each",
                    got=_shown(lonely), where=where,
                    next_step='Design(singleton="centre") or "certainty", or join the stratum with a similar one')  # fmt: skip


def _check_fpc(
    frame: pd.DataFrame, design: Design, stratum: Codes | None, sampled: Codes, fpc: Array, where: str
) -> None:
    groups = np.zeros(len(frame), dtype=np.int64) if stratum is None else stratum
    labels = np.full(len(sampled), "the sample", dtype=object)
    if stratum is not None:
        labels[groups] = frame[str(design.stratum)]
    first = np.empty(len(sampled))
    first[groups[::-1]] = fpc[::-1]
    varying = np.unique(groups[first[groups] != fpc])
    if len(varying):
        raise DataError(f"fpc column {design.fpc!r} varies within {len(varying)} strata", expected="one value a stratum",
                        got=_shown(labels[varying]), where=where)  # fmt: skip
    short = np.flatnonzero((first > 1) & (first < sampled))
    if len(short):
        facts = [f"{labels[h]}: population {first[h]:g}, sampled {sampled[h]}" for h in short]
        raise DataError(f"fpc column {design.fpc!r} is smaller than the number of PSUs sampled in {len(short)} strata",
                        got=_shown(facts), where=where,
                        next_step="give the number of PSUs in the population, or the share sampled (<= 1)")  # fmt: skip


def _shown(labels: object) -> str:
    items = [str(x) for x in np.asarray(labels, dtype=object)]
    return ", ".join(items[:10]) + (f", … ({len(items)} in all)" if len(items) > 10 else "")
