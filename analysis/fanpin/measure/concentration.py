"""Concentration indices of health or another outcome over a rank, with design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from fanpin.core.design import Design
from fanpin.core.options import ConcentrationKind
from fanpin.kernels.indices.concentration import PARTS, Concentration, ConcentrationByDeterminant
from fanpin.measure.cells import By
from fanpin.measure.concentration_request import RESIDUAL, Bounds, Ranked, named_determinants, ranked
from fanpin.measure.described import described
from fanpin.measure.indices import measure_indices
from fanpin.results import Measures

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHERE = "fp.concentration"
DECOMPOSITION = "fp.concentration_decomposition"
STACK = 2  # frames between the engine and the user's call


def concentration(
    data: pd.DataFrame | ir.Table,
    *,
    outcome: str,
    rank: str,
    kind: ConcentrationKind = "standard",
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    bounds: Bounds | None = None,
) -> Measures:
    """The concentration index of an outcome over the rank of another variable: below 0 where the lowest ranks have more of it.

    With R the weighted mid-rank, the weight below a row plus half the weight tied with it, over all weight::

        standard    C = 2 cov(h, R) / mean h
        erreygers   4 mean h C / (b - a)
        wagstaff    (b - a) mean h C / ((b - mean h)(mean h - a))

    for an outcome h with bounds a and b. C over the outcome's own rank is its Gini index. Grouped data are rows with their
    group's mean, weighted by its size.

    Parameters
    ----------
    data : DataFrame or Ibis table
        A row per household or person, the whole sample: rows outside a group of interest still tell the design.
    outcome : str
        Column of numbers, or of 0/1 or true and false.
    rank : str
        Column of numbers by which rows are ranked, the lowest (poorest) first, such as welfare; ranks are taken anew in each
        group of `by`.
    kind : {"standard", "erreygers", "wagstaff"}
        Which index.
    by : str, sequence of str or None
        Columns whose combinations are measured, each as a domain of the whole sample.
    design : Design or None
        Weights, strata, PSUs, fpc, replicates; None is a simple random sample of rows.
    size : str or None
        Column of persons a row stands for: multiplies the weight.
    bounds : (float, float) or None
        Lowest and highest value possible of the outcome, for "erreygers" and "wagstaff"; not needed where all are 0 or 1.

    Returns
    -------
    Measures
        Kind "concentration"; term `concentration`. The standard index is missing, and named, where the mean of the outcome
        is not positive, Wagstaff's where the mean is at a bound, and any in a group whose rows all tie in rank. Influence functions are exact, ties included.

    Raises
    ------
    UnknownNameError : a column or kind does not exist.
    InputError : bounds missing, not two increasing numbers, or given for the standard index.
    DataError : no rows; columns that are not numeric or infinite; values outside the bounds; a rank that orders nobody;
        weights, sizes, strata, PSUs or fpc that cannot be (see `fanpin.core.design_arrays`).

    Warns
    -----
    DroppedRowsWarning : rows with missing values or group, counted by column; groups left without a row.
    DesignWarning : groups that rest on a single PSU.

    References
    ----------
    Kakwani, Wagstaff & van Doorslaer (1997), Journal of Econometrics 77:87-103, doi:10.1016/S0304-4076(96)01807-6.
    Wagstaff (2005), Health Economics 14:429-432, doi:10.1002/hec.953.
    Erreygers (2009), Journal of Health Economics 28:504-515, doi:10.1016/j.jhealeco.2008.02.003.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"ill": [1, 1, 0, 0], "income": [10.0, 20.0, 30.0, 40.0]})
    >>> float(fp.concentration(homes, outcome="ill", rank="income").params["concentration"])
    -0.5
    """
    asked = ranked(data, outcome=outcome, rank=rank, determinants=(), kind=kind, by=by, design=design, size=size,
                   bounds=bounds, context=("population",), where=WHERE)  # fmt: skip
    x = asked.x if rank != outcome else {outcome: asked.x[outcome], f"rank of {outcome}": asked.x[outcome]}
    return measure_indices(
        asked.frame, x, [Concentration(asked.kind, asked.bounds or (0.0, 1.0))], by=asked.by, design=design, size=size,
        kind="concentration", options=_options(asked, outcome, rank, size), notes=asked.notes, where=WHERE, stacklevel=STACK,
    )  # fmt: skip


def concentration_decomposition(
    data: pd.DataFrame | ir.Table,
    *,
    outcome: str,
    rank: str,
    determinants: Sequence[str],
    kind: ConcentrationKind = "standard",
    by: By = None,
    design: Design | None = None,
    size: str | None = None,
    bounds: Bounds | None = None,
) -> Measures:
    """How much each determinant of an outcome adds to its concentration index.

    With h = alpha + Sum_k beta_k z_k + e fitted by weighted least squares in each group::

        elasticity     beta_k mean z_k / mean h
        concentration  C_k, the standard index of z_k over the same rank
        contribution   elasticity C_k;  of the residual 2 cov(e, R) / mean h
        share          contribution / index

    and contributions, the residual's too, sum to the index. With kind="erreygers" or "wagstaff", contributions are
    multiplied like the index is: by 4 mean h/(b - a), or by (b - a) mean h/((b - mean h)(mean h - a)).

    Parameters
    ----------
    data, outcome, rank, kind, by, design, size, bounds
        As in `concentration`.
    determinants : sequence of str
        Columns of numbers, or of 0/1 or true and false; a category is a set of indicators less one.

    Returns
    -------
    Measures
        Kind "concentration_decomposition"; the terms above told apart by the column `determinant`, which is "residual" for
        the residual, and the outcome's name for the row of the outcome's own index (term `concentration`).

    Notes
    -----
    Standard errors are linearised through the joint influence of means, rank covariances and slopes, so that the regression's
    sampling error is included. A contribution describes the regression; it is no effect of the determinant. Where the
    determinants of a group are collinear or constant, what rests on the regression is missing, and named.

    Raises
    ------
    UnknownNameError, InputError, DataError : as in `concentration`; also determinants that are repeated, none, the outcome,
        constant, or linear functions of others.

    Warns
    -----
    DroppedRowsWarning, DesignWarning : as in `concentration`.

    References
    ----------
    Wagstaff, van Doorslaer & Watanabe (2003), Journal of Econometrics 112:207-223, doi:10.1016/S0304-4076(02)00161-6.

    Examples
    --------
    >>> import pandas as pd, fanpin as fp
    >>> homes = pd.DataFrame({"cost": [5.0, 3.0, 2.0, 0.0], "income": [1.0, 2.0, 3.0, 4.0], "ill": [1, 1, 0, 0]})
    >>> found = fp.concentration_decomposition(homes, outcome="cost", rank="income", determinants=["ill"])
    >>> found.params[["contribution[determinant=ill]", "contribution[determinant=residual]"]].round(9).tolist()
    [-0.3, -0.1]
    """
    names = named_determinants(determinants, outcome=outcome, where=DECOMPOSITION)
    asked = ranked(data, outcome=outcome, rank=rank, determinants=names, kind=kind, by=by, design=design, size=size,
                   bounds=bounds, context=("population", "determinant"), where=DECOMPOSITION)  # fmt: skip
    index = ConcentrationByDeterminant(names, asked.kind, asked.bounds or (0.0, 1.0))
    order = [outcome, rank, *(f"determinant {n}" if n == rank else n for n in names)]
    values = {**asked.x, f"determinant {rank}": asked.x[rank]}
    measures = measure_indices(
        asked.frame, {name: values[name] for name in order}, [index], by=asked.by, design=design, size=size,
        kind="concentration_decomposition", options={**_options(asked, outcome, rank, size), "determinants": list(names)},
        notes=asked.notes, where=DECOMPOSITION, stacklevel=STACK,
    )  # fmt: skip
    terms = [(part, name) for part in PARTS for name in names]
    terms += [("contribution", RESIDUAL), ("share", RESIDUAL), ("concentration", outcome)]
    return described(measures, pd.DataFrame(terms, columns=["term", "determinant"]), by=("determinant",))


def _options(asked: Ranked, outcome: str, rank: str, size: str | None) -> dict[str, Any]:
    bounds = None if asked.bounds is None else list(asked.bounds)
    return {"outcome": outcome, "rank": rank, "kind": asked.kind, "bounds": bounds, "by": list(asked.by), "size": size}
