"""Foster-Greer-Thorbecke poverty indices with design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fanpin.core.design import Design
from fanpin.core.line import Line
from fanpin.core.options import Bandwidth, PovertyIndex
from fanpin.measure.cells import By
from fanpin.measure.poverty_records import grouped_records, row_records
from fanpin.measure.poverty_request import poverty_request
from fanpin.measure.poverty_result import poverty_measures
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


def poverty(
    data: pd.DataFrame | ir.Table,
    *,
    welfare: str,
    line: Line,
    indices: Sequence[PovertyIndex] = ("headcount", "gap", "severity"),
    strict: bool = True,
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    bandwidth: Bandwidth = "n",
) -> Measures:
    """Headcount, poverty gap and severity: ``P_a = Sum w ((z - y)/z)^a 1[y < z] / Sum w``, a = 0, 1, 2.

    Standard errors are linearised: the influence of each row, summed by PSU, goes through the variance engine
    (`fanpin.kernels.variance`). With a relative line the influence includes that of the line, P'(z) times the influence
    of the median or mean it is a share of (Deville 1999; Berger & Skinner 2003; Osier 2009), and the line belongs to the
    full sample also where `by` splits the indices. The joint covariance covers all indices and groups.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design. From an
        Ibis table with a `psu` column and an absolute or column line, sums by PSU and group come as one grouped query;
        otherwise the columns needed are loaded.
    welfare : str
        Income or consumption, in the unit and period of the line; negative values give gaps above 1.
    line : Line
        `Line.absolute` is compared with welfare as it stands, per year; `Line.column` is each row's own line;
        `Line.relative` is estimated on all rows with welfare (within `line.by`).
    indices : sequence of {"headcount", "gap", "severity"}
        The indices, in this order.
    strict : bool
        Poor if y < z; False: y <= z (Eurostat). Numbers are compared as stored.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight, so that persons are counted and not households.
    bandwidth : {"n", "convey"}
        Density for relative lines. "n" smooths ln y with a bandwidth from the number of PSUs (Silverman's rule); "convey"
        smooths y with S_w (Sum w)^(-1/5), as the R packages convey and vardpoor, and depends on the scale of the weights.

    Returns
    -------
    Measures
        Kind "poverty": a row an index and group, `n` rows of data and `population` (sum of weights) behind it. With a
        relative line, diagnostics hold the line and its standard error. Intervals are Wald intervals with t on
        PSUs - strata degrees of freedom: gap and severity are no shares of trials, and one formula serves all.

    Raises
    ------
    UnknownNameError : a column or option does not exist.
    InputError : the line is no Line, indices or by are empty or repeated.
    DataError : no rows; welfare not numeric or infinite; a line of 0 or below; weights, sizes, strata, PSUs or fpc that
        cannot be (see `fanpin.core.design_arrays`); a relative line whose median is not positive.

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare, line or group, counted by column; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Foster, Greer & Thorbecke (1984), Econometrica 52:761-766, doi:10.2307/1913475.
    Deville (1999), Survey Methodology 25:193-203. Osier (2009), Survey Research Methods 3:167-195.
    Berger & Skinner (2003), Applied Statistics 52:457-468, doi:10.1111/1467-9876.00417.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> people = pd.DataFrame({"income": [50.0, 150.0, 80.0, 300.0]})
    >>> fp.poverty(people, welfare="income", line=fp.Line.absolute(100, currency="CNY", year=2010)).params["headcount"]
    np.float64(0.5)
    """
    request = poverty_request(data, welfare=welfare, line=line, indices=indices, strict=strict, by=by, design=design,
                              size=size, bandwidth=bandwidth)  # fmt: skip
    records = row_records(data, request) if request.needs_rows(data) else grouped_records(data, request)
    return poverty_measures(records, request)
