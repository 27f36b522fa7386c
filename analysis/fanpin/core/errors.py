"""Errors and warnings: what was expected, what was found, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FanpinError(Exception):
    """Base of all errors; the message lists what is known about the problem, one fact a line.

    Parameters
    ----------
    problem : one sentence naming what is wrong.
    expected, got, where, next_step : optional facts, shown under the problem in this order.
    """

    def __init__(
        self,
        problem: str,
        *,
        expected: object = None,
        got: object = None,
        where: object = None,
        next_step: str | None = None,
    ) -> None:
        self.problem, self.expected, self.got, self.where, self.next_step = (
            problem,
            expected,
            got,
            where,
            next_step,
        )
        facts = {"expected": expected, "got": got, "where": where, "next step": next_step}
        lines = [f"  {name}: {fact}" for name, fact in facts.items() if fact is not None]
        super().__init__("\n".join([problem, *lines]))


class InputError(FanpinError, ValueError):
    """An argument or option is not one the function can use."""


class UnknownNameError(FanpinError, KeyError):
    """A column, model, table, study or source of that name does not exist."""

    __str__ = Exception.__str__  # KeyError would show the message quoted


class DataError(FanpinError, ValueError):
    """The data break a promise: a duplicate key, an unknown code, a wrong type, an empty table."""


class RawFileError(FanpinError, OSError):
    """A raw file is missing, truncated, unreadable, or not the one the manifest describes."""


class StudyError(FanpinError, ValueError):
    """A study file asks for something that cannot be built."""


class EstimationError(FanpinError, ArithmeticError):
    """The data do not identify the model, or the optimiser did not converge."""


class InapplicableError(FanpinError, AttributeError):
    """A statistic that this result cannot give; the message says why."""


class FanpinWarning(UserWarning):
    """Base of all warnings."""


class DroppedRowsWarning(FanpinWarning):
    """Rows were left out because of missing values; the message counts them by variable."""


class TiesAtLineWarning(FanpinWarning):
    """Observations lie within rounding of the poverty line, so that the count of poor depends on noise."""


class DesignWarning(FanpinWarning):
    """Something about the survey design weakens the standard errors."""


class QuadratureWarning(FanpinWarning):
    """Quadrature points were too few; the message says how many the fit uses instead, or what still moves."""


class UnverifiedLineWarning(FanpinWarning):
    """An official line is used whose amount was derived and not read in a source."""


class LinkWarning(FanpinWarning):
    """Panel links, weights or places that could not be had; the message counts the rows, which are kept."""


class ComparabilityWarning(FanpinWarning):
    """Columns that are put together differ in definition, or disagree with each other."""


def unknown_name(
    kind: str, name: object, known: Iterable[object], *, where: object = None, next_step: str | None = None
) -> UnknownNameError:
    """The error for an unknown name: lists the closest known names, or all when there are few."""
    names = sorted({str(k) for k in known})
    close = get_close_matches(str(name), names, n=3, cutoff=0.5)
    if not close:  # a difference of case or of a part is close too
        close = [k for k in names if str(name).lower() in k.lower() or k.lower() in str(name).lower()][:3]
    listed = names if len(names) <= 20 else [*names[:20], f"… {len(names) - 20} more"]
    hint = next_step or ("did you mean " + " or ".join(repr(c) for c in close) + "?" if close else None)
    return UnknownNameError(
        f"unknown {kind} {str(name)!r}",
        expected="one of " + ", ".join(listed) if names else f"a {kind}; none is known here",
        where=where,
        next_step=hint,
    )


def require_columns(data_columns: Iterable[object], needed: Iterable[str | None], *, where: str) -> None:
    """Raise for the first needed column that is absent; `None` entries (options not used) pass."""
    known = list(data_columns)
    for name in needed:
        if name is not None and name not in known:
            raise unknown_name("column", name, known, where=where)


class UnverifiedMappingWarning(FanpinWarning):
    """Columns rest on raw variables that neither a codebook nor a public script confirms; the message names them."""
