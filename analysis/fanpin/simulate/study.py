"""Simulate City C: the door of this room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fanpin.core.errors import InputError
from fanpin.simulate.census import census
from fanpin.simulate.cfps_files import survey_files
from fanpin.simulate.cfps_households import famecon
from fanpin.simulate.cfps_persons import interviews, roster, with_earlier_ids
from fanpin.simulate.extracts import Extract
from fanpin.simulate.folder import README, whole_folder
from fanpin.simulate.history import History, lived_through
from fanpin.simulate.places import places
from fanpin.simulate.population import TOWNS, TOWNSHIPS
from fanpin.simulate.poverty_process import attributable_shares
from fanpin.simulate.register import register
from fanpin.simulate.truth import WAVES, Truth, parameters
from fanpin.simulate.truth_frames import coefficients, true_households, true_persons, true_spells
from fanpin.simulate.write import write_extract

STREAMS = (
    "households",
    "people",
    "attrition",
    "poverty",
    "exposures",
    "incomes",
    "misreport",
    "spending",
    "interviews",
    "missing",
    "register",
    "places",
    "census",
)
FEWEST = 26  # households: each township can then have some


@dataclass(frozen=True, kw_only=True)
class SimulatedStudy:
    """Simulated raw files of City C, and what is true of its households.

    Attributes
    ----------
    extracts : file name without ending -> its table in the layout of the source, with labels.
    truth : parameters and the households as they are.
    households, waves, seed : what was asked for.
    """

    extracts: Mapping[str, Extract]
    truth: Truth
    households: int
    waves: tuple[int, ...]
    seed: int

    def write(self, folder: str | Path) -> list[Path]:
        """Write all files below `folder`, which appears whole or not at all.

        `cfps/` holds the survey's .dta files, `register/` the county's Excel exports, `census/` and
        `census-fixed-width/` the IPUMS layout, `places/` the table of townships; README.txt says that all of it is
        simulated. The same study gives the same bytes.

        Raises
        ------
        DataError : the folder holds other files than an earlier simulated study.
        """
        target = Path(folder)
        with whole_folder(target) as temporary:
            written = [path for extract in self.extracts.values() for path in write_extract(extract, temporary)]
            (temporary / README).write_text(self._readme(), "utf-8")
        return [target / path.relative_to(temporary) for path in (*written, temporary / README)]

    def _readme(self) -> str:
        return (
            "SIMULATED data: no household, person or place in these files is real.\n"
            "模拟数据：文件中的住户、个人和地区均非真实。\n\n"
            f"Made by fanpin.simulate_city_c(households={self.households}, waves={self.waves}, seed={self.seed}).\n"
            "cfps/: layout of the China Family Panel Studies. register/: layout of the county monitoring register.\n"
            "census/, census-fixed-width/: layout of IPUMS International. places/: townships by year.\n"
            "Township numbers are codes 9101-9113; sample sizes follow Table 2 of Li, Zou, Xiang & Luo (2024),\n"
            "doi:10.56397/JRSSH.2024.05.08. The parameters and true values are in the study's .truth.\n"
        )


def simulate_city_c(
    *, households: int, waves: Iterable[int], seed: int, truth: Mapping[str, Any] | None = None
) -> SimulatedStudy:
    """Simulate a rural county on Guangxi's border, and the raw files that surveys and offices would have of it.

    Households live in 13 townships in proportion to the paper's Table 2. Whether they are poor is decided by
    complementary log-log hazards of relapse, escape and first entry, on the causes of the wave before: concentration
    of income, training, illness, the gap in schooling; with duration and correlated normal effects of the household.
    Their incomes then lie on the side of the line (2,300 yuan of 2010 at the year's rural prices, per person) that
    their state says. Households split, lose members, refuse, move away or die out; reported incomes have errors and
    some answers are missing. All of it can be set: `Truth.parameters` lists the names.

    Parameters
    ----------
    households
        number at the first wave, 26 or more.
    waves
        years of the survey, any of 2010, 2012, …, 2022. The process runs from 2010 in any case.
    seed
        a whole number from 0 on; the same arguments give the same study, byte for byte. Parameters that only
        concern what is reported do not change who is poor when.
    truth
        parameters by name to replace: a number, or a mapping with some entries of a table, such as
        {"misreport_sd": 0, "heaping_share": 0, "frailty": {"relapse": 0}}.

    Returns
    -------
    SimulatedStudy : `.extracts`, `.truth`, `.write(folder)`.

    Raises
    ------
    InputError : too few households, a wave the survey did not have, a seed that is none, a parameter out of range.
    UnknownNameError : no parameter of that name.

    Notes
    -----
    Assumptions: causes at the previous wave act on the hazard of the next; given it, total income does not depend on
    how it is composed, so that concentration is not mechanically related to poverty; attrition depends on the
    previous state only.

    References
    ----------
    Li, Zou, Xiang & Luo (2024), doi:10.56397/JRSSH.2024.05.08: the numbers marked "paper" in the parameters.
    """
    n, years, start = _check_request(households, waves, seed)
    p = parameters(truth)
    children = np.random.SeedSequence(start).spawn(len(STREAMS))
    rngs = {name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)}
    lived = _with_place(lived_through(n, years, p, rngs))
    said = famecon(lived.households, lived.persons, p, rngs)
    extracts, planted = _survey(lived, said, years, p, rngs)
    exports, monitored = register(lived.households, lived.persons, said, p, rngs["register"])
    extracts += [*exports, places(years, p, rngs["places"]), *census(p, rngs["census"])]
    known = Truth(
        parameters=p,
        households=true_households(lived.households, monitored),
        persons=true_persons(lived.persons),
        spells=true_spells(lived.households),
        coefficients=coefficients(p),
        planted=planted,
        attributable=attributable_shares(lived.households, p),
        left=lived.left.reset_index(drop=True),
    )
    named = {Path(e.path).name.split(".")[0]: e for e in extracts}
    return SimulatedStudy(extracts=named, truth=known, households=n, waves=years, seed=start)


def _check_request(households: Any, waves: Any, seed: Any) -> tuple[int, tuple[int, ...], int]:
    if not _whole(households) or households < FEWEST:
        raise InputError(
            f"households={households!r} is too few or no number", expected=f"a whole number from {FEWEST} on"
        )
    if not _whole(seed) or seed < 0:
        raise InputError(f"seed={seed!r} is no seed", expected="a whole number from 0 on")
    given = list(waves) if isinstance(waves, Iterable) and not isinstance(waves, str) else [waves]
    odd = [w for w in given if w not in WAVES]
    if not given or odd:
        raise InputError(
            f"waves={waves!r} are not waves of the survey", expected=f"some of {', '.join(map(str, WAVES))}"
        )
    return int(households), tuple(sorted({int(w) for w in given})), int(seed)


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _with_place(lived: History) -> History:
    towns = [TOWNSHIPS.index(t) + 1 for t in TOWNS]
    households = lived.households.assign(urban=lived.households["township"].isin(towns))
    return History(households=households, persons=lived.persons, left=lived.left)


def _survey(
    lived: History,
    said: pd.DataFrame,
    years: tuple[int, ...],
    p: Mapping[str, Any],
    rngs: Mapping[str, np.random.Generator],
) -> tuple[list[Extract], pd.DataFrame]:
    """The survey's files. Household numbers of waves before the first one simulated are those of 2010."""
    earlier = tuple(w for w in WAVES if w < years[0] or w in years)
    people = lived.persons
    asked = interviews(people, lived.households, rngs["interviews"])
    tables = {
        "famecon": with_earlier_ids(said.assign(head=_heads(said, people)), people, earlier, "head"),
        "famconf": with_earlier_ids(roster(people, lived.households), people, earlier, "pid"),
        "interviews": with_earlier_ids(asked, people, earlier, "pid"),
    }
    return survey_files(tables, years, p, rngs["missing"])


def _heads(said: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    heads = people[people["member"] & (people["relation"] == "head")].set_index(["household", "wave"])["pid"]
    at = pd.MultiIndex.from_arrays([said["household_id"], said["wave"]])
    return pd.Series(heads.loc[at].to_numpy(), index=said.index)
