"""Inequality indices, and their decomposition between and within groups, with design-based standard errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from fanpin.core.arguments import as_names, check_columns_named
from fanpin.core.design import Design
from fanpin.core.errors import DataError, InputError
from fanpin.core.options import check_option
from fanpin.kernels.index import BoundedIndex
from fanpin.kernels.indices.quantile_shares import MeanAt, ShareRatio, kernel_mean_at
from fanpin.measure.cells import By
from fanpin.measure.indices import measure_indices
from fanpin.measure.inequality_request import Inequality, inequality_request, made_index, negative_note, refuse_low
from fanpin.measure.registry import DECOMPOSED_FAMILIES, DECOMPOSITIONS, INEQUALITY_FAMILIES, INEQUALITY_INDICES
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

STACK = 2  # frames between the engine and the user's call
Smoothing = Literal["convey"]


def inequality(
    data: pd.DataFrame | ir.Table,
    *,
    welfare: str,
    indices: Sequence[str] = ("gini",),
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    bandwidth: Smoothing | None = None,
) -> Measures:
    """Gini, Theil, generalised entropy, Atkinson, quintile share ratio and Palma ratio, with linearised standard errors.

    With N = Sum w, s = y/mean(y) and weighted means::

        gini         Sum_ij w_i w_j |y_i - y_j| / (2 N^2 mean y)          exact with ties, i = j included
        theil_l      - mean ln s                                         GE(0), the mean log deviation
        theil_t      mean s ln s                                         GE(1)
        ge:<a>       (mean s^a - 1) / (a (a - 1))
        atkinson:<e> 1 - (mean s^(1-e))^(1/(1-e)),  1 - exp(mean ln s) at e = 1
        qsr          Sum w y 1[y > Q(.8)] / Sum w y 1[y <= Q(.2)]         quintile share ratio S80/S20
        palma        Sum w y 1[y > Q(.9)] / Sum w y 1[y <= Q(.4)]         top tenth over bottom four tenths

    Q(p) is the smallest y with F(y) > p, and the mean of both values at equality. The Gini index is R laeken's; R convey and
    vardpoor print another, larger by Sum w (w - 1) y/(N^2 mean y), which depends on the scale of the weights.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design.
    welfare : str
        Income or consumption, in any unit: all indices are free of scale. Indices that take logarithms or negative powers
        (theil_l, ge:<a> with a <= 0, atkinson:<e> with e >= 1) are defined for positive welfare, the other entropy and Atkinson
        indices from 0 up: other values are refused, and left out only where they are made missing. Negative welfare is allowed
        for gini, qsr and palma, and noted.
    indices : str or sequence of str
        The indices, in this order.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc; None is a simple random sample of rows. For qsr and palma, which rest on quantiles, the
        delete-one jackknife is inconsistent: take linearised standard errors, "brr" or "bootstrap".
    size : str or None
        Column of persons a row stands for: multiplies the weight, so that persons are counted and not households.
    bandwidth : {"convey"} or None
        Where the boundary of a share moves, the mean of welfare at it is the quantile itself, and qsr and palma need no
        density. "convey" smooths that mean with h = S_w (Sum w)^(-1/5), as the R packages convey and vardpoor.

    Returns
    -------
    Measures
        Kind "inequality": a row an index and group, `n` rows of data and `population` (sum of weights) behind it, with the
        joint covariance of all indices and groups. Indices that are not defined, as a Gini of a mean that is not positive, are
        missing.

    Raises
    ------
    UnknownNameError : a column, index or option does not exist.
    InputError : indices or by empty or repeated; an index without its number; an aversion that is not positive.
    DataError : no rows; welfare not numeric or infinite, or out of an index's range; weights, sizes, strata, PSUs or fpc that
        cannot be (see `fanpin.core.design_arrays`).

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare or group, counted by column; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Deville (1999), Survey Methodology 25:193-203. Langel & Tille (2011), Journal of Official Statistics 27:635-649; (2013),
    Journal of the Royal Statistical Society A 176:521-540, doi:10.1111/j.1467-985X.2012.01048.x.
    Shorrocks (1980), Econometrica 48:613-625, doi:10.2307/1913126. Atkinson (1970), Journal of Economic Theory 2:244-263.
    Cobham & Sumner (2013), Center for Global Development Working Paper 343 (the Palma ratio).

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> people = pd.DataFrame({"income": [1.0, 1.0, 4.0]})
    >>> fp.inequality(people, welfare="income", indices=["gini", "ge:2"]).params.round(4).to_dict()
    {'gini': 0.3333, 'ge:2': 0.25}
    """
    where = "fp.inequality"
    names = as_names("indices", indices)
    if not names or len(set(names)) < len(names):
        raise InputError("indices are empty or repeated", expected="each index once", got=names, where=where)
    if bandwidth is not None:
        check_option("bandwidth", bandwidth, Smoothing)
    chosen = [_index(name, kernel_mean_at if bandwidth else None, where=where) for name in names]
    asked = inequality_request(data, welfare=welfare, by=by, design=design, size=size, where=where)
    refuse_low(asked, chosen, where=where)
    return measure_indices(
        asked.frame, {welfare: asked.welfare}, chosen, by=asked.by, design=design, size=size, kind="inequality",
        options={"welfare": welfare, "indices": list(names), "by": list(asked.by), "size": size, "bandwidth": bandwidth},
        notes=(*negative_note(asked), *_smoothing_note(chosen, design, bandwidth)), where=where, stacklevel=STACK,
    )  # fmt: skip


def inequality_decomposition(
    data: pd.DataFrame | ir.Table,
    *,
    welfare: str,
    group: str,
    index: str = "theil_l",
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
) -> Measures:
    """An inequality index split into a part between groups and a part within them, with their joint covariance.

    The part between groups is the index once everyone has the mean of their group. Generalised entropy splits exactly, and
    the part within is ``Sum_g p_g^(1-a) s_g^a GE_g(a)``, with p_g and s_g the group's shares of population and welfare. The
    Gini index leaves a residual: ``G = between + Sum_g p_g s_g G_g + overlap``, 0 unless the groups' ranges overlap.

    The part between cannot be negative, and chance differences of sampled means add to it: with many small groups, or means
    that hardly differ, it is too large, and its linearised standard error, which takes it as linear, says little.

    Parameters
    ----------
    data, welfare, by, design, size
        As in `inequality`.
    group : str
        Column of the groups that inequality is split by, which are found anew within each combination of `by`. Their shares
        and means are estimated, and standard errors include that.
    index : str
        "theil_l" (groups weigh by population, whatever their means), "theil_t", "ge:<a>" or "gini".

    Returns
    -------
    Measures
        Kind "inequality_decomposition"; terms `total`, `between`, `within`, for the Gini index `overlap`, and `share_between`
        (of the total), for each combination of `by`.

    Raises
    ------
    UnknownNameError : a column or index does not exist.
    InputError : the group column is among `by`, or is welfare itself; an index without its number.
    DataError : as in `inequality`; all rows belong to one group.

    Warns
    -----
    DroppedRowsWarning : rows with missing welfare, group or by, counted by column.
    DesignWarning : combinations of `by` that rest on a single PSU.

    References
    ----------
    Shorrocks (1980), Econometrica 48:613-625, doi:10.2307/1913126.
    Lambert & Aronson (1993), Economic Journal 103:1221-1227, doi:10.2307/2234247.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> people = pd.DataFrame({"income": [1.0, 3.0, 2.0, 6.0], "village": ["a", "a", "b", "b"]})
    >>> split = fp.inequality_decomposition(people, welfare="income", group="village", index="ge:2")
    >>> split.params.round(4).to_dict()
    {'total': 0.1944, 'between': 0.0556, 'within': 0.1389, 'share_between': 0.2857}
    """
    where = "fp.inequality_decomposition"
    check_columns_named(where, index=index, group=group)
    parts = made_index(index, DECOMPOSITIONS, DECOMPOSED_FAMILIES, where=where)
    asked = inequality_request(data, welfare=welfare, others=[group], by=by, design=design, size=size, where=where)
    refuse_low(asked, [parts], where=where)
    codes = _group_codes(asked, group, where=where)
    return measure_indices(
        asked.frame, {welfare: asked.welfare, group: codes}, [parts], by=asked.by, design=design, size=size,
        kind="inequality_decomposition",
        options={"welfare": welfare, "group": group, "index": index, "by": list(asked.by), "size": size},
        notes=(f"{index} of {welfare} between and within groups of {group}", *negative_note(asked)), where=where,
        stacklevel=STACK,
    )  # fmt: skip


def _index(name: str, mean_at: MeanAt | None, *, where: str) -> BoundedIndex:
    indices: dict[str, Callable[[], BoundedIndex]] = {
        n: partial(make, mean_at) for n, make in INEQUALITY_INDICES.items()
    }
    families: dict[str, Callable[[float], BoundedIndex]] = {
        family: partial(_of_family, make, name) for family, make in INEQUALITY_FAMILIES.items()
    }
    return made_index(name, indices, families, where=where)


def _of_family(make: Callable[[float, str], BoundedIndex], name: str, number: float) -> BoundedIndex:
    return make(number, name)


def _smoothing_note(
    indices: Sequence[BoundedIndex], design: Design | None, bandwidth: Smoothing | None
) -> tuple[str, ...]:
    rough = [i.name for i in indices if isinstance(i, ShareRatio)]
    if not rough or bandwidth is None or (design is not None and design.replication is not None):
        return ()
    return (f"{', '.join(rough)}: welfare at the boundaries smoothed by the bandwidth rule {bandwidth!r}",)


def _group_codes(asked: Inequality, group: str, *, where: str) -> np.ndarray:
    """(n,) codes of the groups as numbers, NaN where missing."""
    if group in asked.by or group == asked.name:
        taken = "welfare" if group == asked.name else "by"
        raise InputError(f"group column {group!r} is also given as {taken}=", expected="another column", where=where)
    codes = asked.frame.groupby(group, sort=True, observed=True).ngroup().to_numpy()
    found = np.unique(codes[asked.inside & (codes >= 0)])
    if len(found) == 1:
        raise DataError(f"all rows measured have one value of {group!r}", expected="two groups or more", where=where)
    return np.where(codes >= 0, codes, np.nan).astype(float)
