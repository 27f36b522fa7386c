"""Joint exit and relapse: recovery, what it reduces to, invariances, weights, boundaries, bad input."""

from __future__ import annotations

import doctest
import importlib
import sys

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DesignWarning,
    DroppedRowsWarning,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import hazard
from fanpin.models.multi_spell import multi_spell, unobserved_effects
from fanpin.models.multi_spell_rows import exit_rows, relapse_rows
from fanpin.results import from_json, to_json

KEY = {"unit": "id", "time": "year", "initial": "is_poor ~ x"}
SHARES = np.array([0.35, 0.10, 0.10, 0.45])


def simulated(units: int, waves: int, *, shares=SHARES, exit=-1.5, relapse=-1.8, seed: int = 3) -> pd.DataFrame:
    """Simulated households with correlated effects on exit and relapse, and a first state that depends on both."""
    rng = np.random.default_rng(seed)
    draw = rng.choice(4, size=units, p=shares)
    m, el = draw // 2, draw % 2
    x, poor = rng.normal(size=(units, waves)), np.zeros((units, waves), dtype=int)
    poor[:, 0] = -0.2 + 0.5 * x[:, 0] + 0.6 * m - 0.8 * el + rng.normal(size=units) > 0
    for t in range(1, waves):
        leaves = 1 - np.exp(-np.exp(-0.3 + 0.5 * x[:, t] + exit * m))
        returns = 1 - np.exp(-np.exp(-0.2 + 0.4 * x[:, t] + relapse * el))
        u = rng.random(units)
        poor[:, t] = np.where(poor[:, t - 1] == 1, u >= leaves, u < returns)
    years = np.tile(np.arange(2000, 2000 + waves), units)
    return pd.DataFrame(
        {"id": np.repeat(np.arange(units), waves), "year": years, "x": x.ravel(), "is_poor": poor.ravel()}
    )


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    frame = simulated(700, 6)
    frame["weight"] = frame["id"] % 3 + 1.0
    frame["village"] = frame["id"] % 70
    return frame


def joint(frame: pd.DataFrame, **options):
    return multi_spell("exit ~ x", "relapse ~ x", frame, **KEY, **options)


@pytest.fixture(scope="module")
def fit(panel):
    return joint(panel, starts=4)


def test_known_correlated_effects_are_recovered():
    found = joint(simulated(3000, 8), starts=1)
    truth = {"exit: Intercept": -0.3, "exit: x": 0.5, "relapse: Intercept": -0.2, "relapse: x": 0.4,
             "initial: Intercept": -0.2, "initial: x": 0.5, "exit: mass 2": -1.5, "relapse: mass 2": -1.8,
             "initial: exit mass 2": 0.6, "initial: relapse mass 2": -0.8}  # fmt: skip
    for name, value in truth.items():
        assert abs(found.params[name] - value) < 3 * found.std_errors[name], name
    effects = unobserved_effects(found)
    m, el = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    spread = lambda v: np.sqrt(SHARES @ (v - SHARES @ v) ** 2)  # noqa: E731
    correlation = (SHARES @ (m * el) - (SHARES @ m) * (SHARES @ el)) / spread(m) / spread(el)
    wanted = [*SHARES, 1.5 * spread(m), 1.8 * spread(el), correlation]
    assert (np.abs(effects.params - wanted) < 3 * effects.std_errors).all()
    assert effects.std_errors["correlation"] < 0.1
    assert found.diagnostics["correlation"] == pytest.approx(effects.params["correlation"])
    assert found.diagnostics["correlation_se"] == pytest.approx(effects.std_errors["correlation"])
    assert found.diagnostics["gradient_norm"] < 1e-8


def test_one_point_is_three_separate_fits(panel):
    found = joint(panel, masses=1)
    key = {"unit": "id", "time": "year", "poor": "is_poor", "max_gap": 1}
    first = panel[panel["year"] == 2000]
    parts = {"exit": hazard("exit ~ x", exit_rows(panel, **key), unit="id"),
             "relapse": hazard("relapse ~ x", relapse_rows(panel, **key), unit="id"),
             "initial": hazard("is_poor ~ x", first, unit="id", link="probit")}  # fmt: skip
    assert found.loglik == pytest.approx(sum(part.loglik for part in parts.values()), rel=1e-12)
    assert found.diagnostics["loglik_separate"] == pytest.approx(found.loglik, rel=1e-12)
    for name, part in parts.items():
        for term in part.params.index:
            assert found.params[f"{name}: {term}"] == pytest.approx(part.params[term], rel=1e-8, abs=1e-10)
            assert found.std_errors[f"{name}: {term}"] == pytest.approx(part.std_errors[term], rel=2e-3)  # G/(G-1)


def test_every_transition_is_in_one_hazard(panel, fit):
    assert fit.counts["rows_exit"] + fit.counts["rows_relapse"] == 700 * 5
    assert fit.counts["rows_initial"] == fit.counts["units"] == 700
    assert any("left_censored is not in the formula" in note for note in fit.notes)


def test_order_and_labels_do_not_matter(panel, fit):
    labels = pd.Series(np.random.default_rng(1).permutation(10_000)[:700].astype(str))
    moved = panel.assign(id=panel["id"].map(labels)).sample(frac=1, random_state=5)
    again = joint(moved, starts=4)
    assert again.loglik == pytest.approx(fit.loglik, rel=1e-11)
    assert again.params.to_numpy() == pytest.approx(fit.params.to_numpy(), rel=1e-5, abs=1e-6)
    assert again.std_errors.to_numpy() == pytest.approx(fit.std_errors.to_numpy(), rel=1e-4)


def test_integer_weights_are_repetition(panel):
    weighted = joint(panel, starts=2, design=Design(weight="weight", psu="id"))
    copies = [panel[panel["weight"] > k].assign(id=lambda d, k=k: d["id"] + 1000 * k) for k in range(3)]
    repeated = joint(pd.concat(copies).assign(home=lambda d: d["id"] % 1000), starts=2, design=Design(psu="home"))
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-11)
    assert weighted.params.to_numpy() == pytest.approx(repeated.params.to_numpy(), rel=1e-5, abs=1e-6)
    assert weighted.std_errors.to_numpy() == pytest.approx(repeated.std_errors.to_numpy(), rel=1e-4)
    assert weighted.df_resid == 699


def test_sandwich_of_villages(panel, fit):
    by_village = joint(panel, starts=2, design=Design(psu="village"))
    assert by_village.df_resid == 69
    assert by_village.params.to_numpy() == pytest.approx(fit.params.to_numpy(), rel=1e-5, abs=1e-6)


def test_a_class_nobody_is_in_is_left_out_by_name():
    found = joint(simulated(1500, 6, shares=[0.5, 0.0, 0.0, 0.5]), starts=2)
    out = [note for note in found.notes if "left out" in note]
    assert out
    assert len(found.options["classes"]) == 4 - len(out)
    assert found.diagnostics["correlation"] > 0.9


def test_households_that_never_return_are_a_point_at_infinity():
    found = joint(simulated(2000, 8, relapse=-40.0), starts=1)
    assert any("'relapse: mass 2' lies at infinity" in note for note in found.notes)
    assert np.isnan(found.std_errors["relapse: mass 2"])
    assert np.isfinite(found.std_errors["relapse: x"])
    assert np.isnan(unobserved_effects(found).params["sd relapse"])
    assert np.isfinite(found.diagnostics["correlation_se"])
    assert from_json(to_json(found)).params.equals(found.params)


def test_points_that_the_spells_do_not_tell_apart_are_named():
    frame = simulated(500, 5, exit=0.0, relapse=0.0)
    with pytest.warns(DesignWarning):
        try:
            notes = joint(frame, starts=3).notes
        except ArithmeticError as error:
            notes = (str(error),)
    assert any("weak identification" in n or "coincide" in n or "no regular maximum" in n for n in notes)


def test_stored_result_gives_its_effects(fit):
    again = unobserved_effects(from_json(to_json(fit)))
    assert again.params.to_numpy() == pytest.approx(unobserved_effects(fit).params.to_numpy())


def test_a_table_of_an_engine_gives_the_same(panel):
    panel = panel[panel["id"] < 200]
    table = ibis.memtable(pa.Table.from_pandas(panel, preserve_index=False))
    assert joint(table, masses=1).params.to_numpy() == pytest.approx(joint(panel, masses=1).params.to_numpy(), rel=1e-9)


def test_panels_every_other_year_need_their_gap(panel):
    panel = panel[panel["id"] < 200]
    biennial = panel.assign(year=panel["year"] * 2)
    with pytest.raises(DataError, match="within max_gap"):
        joint(biennial, masses=1)
    wide, annual = joint(biennial, masses=1, max_gap=2), joint(panel, masses=1)
    assert wide.params.to_numpy() == pytest.approx(annual.params.to_numpy(), rel=1e-9)


def test_missing_values_are_counted_by_equation(panel):
    holes = panel.assign(
        x=panel["x"].where(panel.index % 50 != 7), is_poor=panel["is_poor"].where(panel.index % 90 != 5)
    )
    with pytest.warns(DroppedRowsWarning):
        found = joint(holes, masses=1)
    assert any(note.startswith("exit: ") and "x " in note for note in found.notes)
    assert any("is_poor" in note for note in found.notes)


def test_bad_requests_are_named(panel):
    with pytest.raises(InputError, match="outcome of the exit equation"):
        multi_spell("is_poor ~ x", "relapse ~ x", panel, **KEY)
    with pytest.raises(InputError, match="masses=0"):
        joint(panel, masses=0)
    with pytest.raises(InputError, match="intercept"):
        multi_spell("exit ~ 0 + x", "relapse ~ x", panel, **KEY)
    with pytest.raises(UnknownNameError, match="household"):
        multi_spell("exit ~ x", "relapse ~ x", panel, unit="household", time="year", initial="is_poor ~ x")
    with pytest.raises(UnknownNameError, match="incom"):
        multi_spell("exit ~ incom", "relapse ~ x", panel, **KEY)
    with pytest.raises(InputError, match="unit and time"):
        multi_spell("exit ~ x", "relapse ~ x", panel, unit="id", time="id", initial="is_poor ~ x")
    with pytest.raises(InputError, match="data is a"):
        multi_spell("exit ~ x", "relapse ~ x", [1, 2], **KEY)
    with pytest.raises(DataError, match="varies within"):
        joint(panel.assign(weight=panel["year"]), design=Design(weight="weight"))
    with pytest.raises(DataError, match="'id' has missing"):
        joint(panel.assign(id=panel["id"].where(panel["id"] > 0)))
    with pytest.raises(DataError, match="missing in every row"):
        joint(panel.assign(is_poor=np.nan))
    with pytest.raises(InapplicableError, match="no unobserved effects"):
        unobserved_effects(hazard("is_poor ~ x", panel, unit="id"))


def test_example():
    importlib.import_module("fanpin.models.multi_spell")
    assert doctest.testmod(sys.modules["fanpin.models.multi_spell"]).failed == 0
