"""Results to print: real hazard fits (goldens), and small made-up measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from report_samples import estimates, measures

from fanpin.results import Estimates, HypothesisTest, Measures

NAMES = {
    "(Intercept)": "Intercept", "factor(dur)2": "C(duration)[T.2]", "factor(dur)3": "C(duration)[T.3]", "age": "age",
    "educ": "schooling_years", "kids": "has_children", "outwork": "out_of_work", "docvis": "doctor_visits",
    "hospvis": "hospital_stays",
}  # fmt: skip


@pytest.fixture(scope="session")
def fits(golden: Callable[[str], Any]) -> dict[str, Estimates]:
    """Three relapse hazards of the GSOEP person-period file, as R estimated them."""
    file = golden("c_hazard")
    made = {}
    for link in ("cloglog", "logit", "probit"):
        fit = file[f"hazard_{link}"]
        values = {NAMES[k]: v for k, v in fit["coef"].items()}
        errors = {NAMES[k]: v for k, v in fit["se_CL_HC0_cadjust"].items()}
        made[link] = estimates(values, errors, link=link, loglik=fit["logLik"], options={"cluster": "person_id"},
                               counts={"units": 315, "spells": 320, "events": 97, "clusters": 315})  # fmt: skip
    return made


@pytest.fixture(scope="session")
def effects(fits: dict[str, Estimates]) -> dict[str, Estimates]:
    """A seventh of each coefficient, in the place of average effects."""
    return {
        name: estimates({t: b / 7 for t, b in fit.params.items() if t != "Intercept"},
                        {t: s / 7 for t, s in fit.std_errors.items()}, kind="average_effects")
        for name, fit in fits.items()
    }  # fmt: skip


@pytest.fixture(scope="session")
def poverty() -> Measures:
    """Headcount and gap in three regions."""
    cells = [("Wien", 2322, 0.1441, 0.0412), ("Tirol", 1317, 0.1538, 0.0431), ("Salzburg", 924, 0.1320, 0.0329)]
    rows = [{"term": t, "region": r, "n": n, "estimate": v[i]}
            for i, t in enumerate(("headcount", "gap")) for r, n, *v in cells]  # fmt: skip
    return measures(rows, [0.0050, 0.0091, 0.0101, 0.0020, 0.0030, 0.0031], ("region",))


@pytest.fixture(scope="session")
def survival() -> Measures:
    rows = [{"term": "relapse_free", "sex": sex, "duration": d, "n": n, "at_risk": n, "estimate": s}
            for sex, curve in {"Men": (0.75, 0.64, 0.62), "Women": (0.77, 0.67, 0.65)}.items()
            for d, n, s in zip((1, 2, 3), (160, 70, 16), curve, strict=True)]  # fmt: skip
    return measures(rows, [0.03, 0.04, 0.05] * 2, ("sex", "duration"), kind="survival", interval="loglog")


@pytest.fixture(scope="session")
def transitions() -> Measures:
    cells = [("stay_nonpoor", 10292, 9691), ("entry", 10292, 601), ("exit", 1570, 508), ("persistence", 1570, 1062),
             ("relapse", 493, 97)]  # fmt: skip
    rows = [{"term": t, "n": n, "count": c, "population": float(n), "estimate": c / n} for t, n, c in cells]
    return measures(rows, [0.002, 0.002, 0.012, 0.012, 0.018], kind="transitions")


@pytest.fixture(scope="session")
def townships(golden: Callable[[str], Any]) -> Measures:
    rates = golden("townships")["rates"]
    sizes = [308, 118, 26, 100, 125, 61, 40, 55, 64, 161, 115, 108, 123]
    overall, rows = 621 / 1404, []
    for name, rate, n in zip(rates["town"], rates["rate"], sizes, strict=True):
        half = np.sqrt(overall * (1 - overall) / n)
        rows.append({"term": "rate", "township": name, "n": n, "count": round(rate * n), "estimate": rate,
                     "shrunken": overall + 0.5 * (rate - overall), "funnel_low": overall - 1.96 * half,
                     "funnel_high": overall + 1.96 * half, "funnel_low_998": overall - 3.09 * half,
                     "funnel_high_998": overall + 3.09 * half})  # fmt: skip
    return measures(rows, [0.05] * len(rows), ("township",), kind="township_rates")


@pytest.fixture(scope="session")
def tests() -> list[HypothesisTest]:
    return [
        HypothesisTest(name="Pearson chi-squared", stat=63.976, df=36, distribution="chi2",
                       null="outcomes do not differ by township", details={"cramers_v": 0.1232}),
        HypothesisTest(name="Wald test", stat=3.1, df=3, df_denom=120, distribution="F", null="all causes are 0"),
    ]  # fmt: skip
