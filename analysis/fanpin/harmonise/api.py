"""The public functions; what they need is imported when they are called, so that fanpin itself loads quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from fanpin.core.options import BadValues, Engine
    from fanpin.harmonise.harmonised import Harmonised


def harmonise(
    source: str | Path,
    files: str | Path | Iterable[str | Path],
    *,
    engine: Engine = "duckdb",
    bad_values: BadValues = "stop",
) -> Harmonised:
    """Turn a survey's raw files into canonical tables.

    The mapping from raw variables to canonical columns is data: one TOML file a layout, in `harmonise/sources`. Money
    comes out nominal, in the survey's currency, per household (or person, where the name says so) and year. A value is
    missing with a reason wherever the source gives one; a negative number is missing only where the source's code list
    says so. Every raw row becomes one row of its table.

    Parameters
    ----------
    source
        A source that `sources()` lists, such as "gsoep", or a folder with mapping files of one's own.
    files
        A file, a folder, a glob pattern, or a list of these. Names must be the published ones, in any case. Files may
        be compressed (.gz, .bz2).
    engine
        "duckdb" runs in this process; raw files over half a gigabyte are worked on disk, within 2.5 GB of memory.
        "spark" runs the same expressions on the active Spark session, or a local one (needs `fanpin[spark]` and Java 17).
    bad_values
        What becomes of codes outside a closed list and of text where a number belongs: "stop" raises with all of them;
        "missing" makes them missing for the reason "lost_in_coding" and lists them in `issues`, where rows without a key
        or of an unknown wave are listed as left out. Duplicate keys stop the build either way.

    Returns
    -------
    Harmonised
        `household_wave`, `person_wave` and `place_wave` as pandas (None where the source has none), ordered by key;
        `tables`, the same as Ibis tables; `issues`, what validation found and kept; `catalogue`, a row for each
        canonical column and wave. A column `x__missing` holds the reason where x is missing, if any reason occurs.

    Raises
    ------
    UnknownNameError
        The source is not known, or a raw file lacks a column (the message names the closest ones).
    RawFileError
        No file is given or meets a pattern; a file is empty, truncated, not compressed as its name says, or has rows of
        unequal length; a role or a wave has files missing.
    ExtractError
        A `DataError` whose `issues` lists all of: codes outside a closed code list, text where a number belongs,
        missing or duplicate keys, waves the mapping does not know.
    StudyError
        A mapping file says something the grammar does not have.

    Examples
    --------
    >>> import fanpin as fp
    >>> made = fp.harmonise("gsoep", "data/raw/gsoep-rwm/rwm5yr.csv.gz")  # doctest: +SKIP
    >>> made.person_wave.groupby("wave")["income_total"].median()  # doctest: +SKIP
    """
    from fanpin.harmonise.build import harmonise_files

    return harmonise_files(source, files, engine=engine, bad_values=bad_values)


def sources() -> pd.DataFrame:
    """List every survey and wave that a mapping exists for.

    Returns
    -------
    DataFrame
        A row for each source, layout, wave (missing for a layout of any year) and canonical table: `columns` mapped, of which `verified` (the variable is
        in the official codebook or the full column list of the file), `script_only` (seen in public scripts only) and
        `unverified`, and the source's `title`.
    """
    from fanpin.harmonise.catalogue import known_sources

    return known_sources()


def codebook(source: str) -> pd.DataFrame:
    """Describe every canonical column a source gives: from which variables, with which codes, in which waves.

    Parameters
    ----------
    source
        A source that `sources()` lists, or a folder with mapping files of one's own.

    Returns
    -------
    DataFrame
        A row for each table, canonical column and way it is made: `table`, `column`, labels `en` and `zh`, `unit`, `waves`
        (those that share the row), `variables`, `codes`, `missing` (code = reason), `evidence` and `note`. Write it with
        `fanpin codebook SOURCE` as HTML and Markdown.
    """
    from fanpin.harmonise.codebook import codebook_of

    return codebook_of(source)
