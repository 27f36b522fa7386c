"""Problems that keep a model from being estimated are named before, or after, the optimiser."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fanpin.core.design import Design
from fanpin.core.errors import (
    DataError,
    DesignWarning,
    EstimationError,
    InapplicableError,
    InputError,
    UnknownNameError,
)
from fanpin.models import checks, hazard


def _fails(match: str, error: type[Exception] = EstimationError):
    return pytest.raises(error, match=match)


def test_outcome_that_never_or_always_happens(rows):
    with _fails("is 0 in all"):
        hazard("relapse ~ x", rows.assign(relapse=0), unit="id")
    with _fails("is 1 in all"):
        hazard("relapse ~ x", rows.assign(relapse=True), unit="id")


def test_outcome_other_than_0_and_1(rows):
    with _fails(r"not 0/1[\s\S]*rows with 2", DataError):
        hazard("relapse ~ x", rows.assign(relapse=rows["relapse"] + 1), unit="id")
    with _fails("not numeric", DataError):
        hazard("region ~ x", rows, unit="id")


def test_constant_column(rows):
    with _fails("'two' is constant[\\s\\S]*2 in every row"):
        hazard("relapse ~ x + two", rows.assign(two=2), unit="id")


@pytest.mark.parametrize("link", ["cloglog", "logit", "probit"])
def test_duration_without_events(rows, link):
    frame = rows.assign(relapse=rows["relapse"].where(rows["duration"] != 3, 0))
    count = int((frame["duration"] == 3).sum())
    with _fails(rf"C\(duration\)\[T.3\] predicts relapse perfectly[\s\S]*{count} rows, 0 events"):
        hazard("relapse ~ x + C(duration)", frame, link=link, unit="id")


def test_duration_with_only_events(rows):
    frame = rows.assign(relapse=rows["relapse"].where(rows["duration"] != 4, 1))
    with _fails(r"C\(duration\)\[T.4\] predicts relapse perfectly[\s\S]*(\d+) rows, \1 events"):
        hazard("relapse ~ x + C(duration)", frame, unit="id")


def test_reference_level_without_events(rows):
    frame = rows.assign(relapse=rows["relapse"].where(rows["region"] != "east", 0))
    with _fails(r"region = east predicts relapse perfectly[\s\S]*0 events"):
        hazard("relapse ~ x + region", frame, unit="id")


def test_levels_without_events_and_without_an_intercept(rows):
    frame = rows.assign(relapse=rows["relapse"].where(rows["region"] != "east", 0))
    with _fails(r"region\[east\] predicts relapse perfectly"):
        hazard("relapse ~ 0 + region", frame, unit="id")


def test_all_events_on_one_side_of_a_truth_value(rows):
    frame = rows.assign(relapse=rows["relapse"].where(rows["trained"], 0))
    with _fails(r"trained predicts relapse perfectly[\s\S]*column is 0[\s\S]*0 events"):
        hazard("relapse ~ trained", frame, unit="id")


def test_continuous_column_that_separates(rows):
    frame = rows.assign(copy=rows["relapse"] * 10 + rows["x"])
    with _fails(r"copy separates the outcomes of relapse[\s\S]*in rows with the event"):
        hazard("relapse ~ copy", frame, unit="id")


@pytest.mark.parametrize("link", ["cloglog", "logit", "probit"])
def test_combination_that_separates_is_found_when_the_optimiser_diverges(link):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["u", "v", "w"])
    frame["event"] = frame["u"] + frame["v"] > 0
    with _fails(r"combination of columns predicts event perfectly[\s\S]*columns [uv], [uv]") as caught:
        hazard("event ~ u + v + w", frame, link=link, cov="robust")
    assert "w," not in str(caught.value)


def test_quasi_separation_by_an_interaction(rows):
    frame = rows.assign(relapse=rows["relapse"].where(~(rows["trained"] & (rows["region"] == "west")), 0))
    with _fails(r"trained:region\[T.west\] predicts relapse perfectly[\s\S]*0 events"):
        hazard("relapse ~ x + trained*region", frame, unit="id")
    untrained = rows.assign(relapse=rows["relapse"].where(rows["trained"] | (rows["region"] != "west"), 0))
    with _fails(r"combination of columns predicts relapse perfectly[\s\S]*trained:region\[T.west\]"):
        hazard("relapse ~ x + trained*region", untrained, unit="id")


def test_linear_programme_finds_the_direction_where_the_optimiser_gives_none():
    x = np.column_stack([np.ones(60), np.linspace(-1, 1, 60), np.cos(np.arange(60))])
    problem = checks.Problem(x, x[:, 1] + 0.2 * x[:, 2] > 0, ["Intercept", "a", "b"], "event", [], "event ~ a + b")
    error = checks.no_convergence(problem, np.array([0.0, 0.0, 1.0]), 60)
    assert "predicts event perfectly" in str(error)
    assert "a" in error.got
    y = np.arange(60) % 2 == 0
    error = checks.no_convergence(checks.Problem(x, y, ["Intercept", "a", "b"], "event", [], "f"), np.ones(3), 60)
    assert "no maximum of the likelihood after 60 iterations" in str(error)


def test_collinear_columns_are_named(rows):
    frame = rows.assign(total=2 * rows["x"] - 3 * rows["age"] + 1)
    with _fails(r"'total' is a combination of others[\s\S]*got: x, age"):
        hazard("relapse ~ x + trained + age + total", frame, unit="id")
    with _fails(r"'C\(region\)\[T.north\]' is a combination"):
        hazard("relapse ~ region + C(region)", frame, unit="id")
    with _fails(r"'both' is a combination of others[\s\S]*got: x, age"):
        hazard("relapse ~ 0 + x + age + both", frame.assign(both=frame["x"] + frame["age"]), unit="id")


def test_a_large_mean_is_not_collinearity(rows):
    frame = rows.assign(year=2000 + rows["duration"], income=1e7 + rows["x"])
    moved, plain = (hazard(f, frame, unit="id") for f in ("relapse ~ year + income", "relapse ~ duration + x"))
    assert moved.params.to_numpy()[1:] == pytest.approx(plain.params.to_numpy()[1:], rel=1e-8)
    assert moved.std_errors.to_numpy()[1:] == pytest.approx(plain.std_errors.to_numpy()[1:], rel=1e-8)
    assert moved.loglik == pytest.approx(plain.loglik, rel=1e-10)


def test_a_rare_collinear_level_is_seen_in_a_large_sample(rows, monkeypatch):
    monkeypatch.setattr(checks, "PART", 40)
    rare = np.zeros(len(rows))
    rare[np.flatnonzero(rows["relapse"])[:2]] = 1
    rare[np.flatnonzero(rows["relapse"] == 0)[[5, 50]]] = 1
    with _fails("'twin' is a combination of others[\\s\\S]*rare"):
        hazard("relapse ~ rare + twin", rows.assign(rare=rare, twin=2 * rare), unit="id")
    assert hazard("relapse ~ rare", rows.assign(rare=rare), unit="id").nobs == len(rows)


def test_fewer_rows_than_columns():
    frame = pd.DataFrame({"event": [0, 1, 0], "a": [1.0, 2, 4], "b": [3.0, 1, 1], "c": [0.0, 5, 2]})
    with _fails("3 rows cannot determine 4 coefficients"):
        hazard("event ~ a + b + c", frame, cov="robust")


def test_clusters(rows):
    with _fails("has one cluster"):
        hazard("relapse ~ x", rows.assign(town=1), cluster="town")
    with pytest.warns(DesignWarning, match="only 3 clusters in 'region'"):
        result = hazard("relapse ~ x", rows, cluster="region")
    assert any("only 3 clusters" in note for note in result.notes)
    assert result.counts["clusters"] == 3
    with _fails(r"'id' has missing values[\s\S]*1 of", DataError):
        hazard("relapse ~ x", rows.assign(id=rows["id"].where(rows.index != 3)), unit="id")


def test_options_that_contradict_each_other(rows):
    with _fails("clustered standard errors need to know the unit", InputError):
        hazard("relapse ~ x", rows)
    with _fails("no replicate standard errors", InapplicableError):
        hazard("relapse ~ x", rows, design=Design(psu="id").replicates("jkn"))
    with _fails("design= brings its own covariance; cov='robust'", InputError):
        hazard("relapse ~ x", rows, design=Design(psu="id"), cov="robust")
    with _fails("design= brings its own covariance; cluster='id'", InputError):
        hazard("relapse ~ x", rows, design=Design(psu="id"), cluster="id")
    with _fails("needs cov='cluster'", InputError):
        hazard("relapse ~ x", rows, cluster="id", cov="robust")
    with _fails("value for link=", UnknownNameError):
        hazard("relapse ~ x", rows, link="cloglogg", unit="id")
    with _fails("value for cov=", UnknownNameError):
        hazard("relapse ~ x", rows, cov="hc3", unit="id")
    with _fails("expected: a fanpin Design", InputError):
        hazard("relapse ~ x", rows, design="weight")


def test_data_of_another_kind(rows):
    with _fails("data is a dict", InputError):
        hazard("relapse ~ x", {"relapse": [0, 1]}, unit="id")
    with _fails("no rows", DataError):
        hazard("relapse ~ x", rows.head(0), unit="id")
    twice = pd.concat([rows, rows[["x"]]], axis=1)
    with _fails("two columns have one name", DataError):
        hazard("relapse ~ x", twice, unit="id")
    with _fails("unknown column 'household'", UnknownNameError):
        hazard("relapse ~ x", rows, unit="household")
    with _fails("unknown column 'log_gap'", UnknownNameError):
        hazard("relapse ~ x", rows, unit="id", offset="log_gap")
    with _fails("unknown column 'w'", UnknownNameError):
        hazard("relapse ~ x", rows, design=Design(weight="w"))


def test_infinite_and_missing_values(rows):
    with _fails(r"infinite values[\s\S]*x 2", DataError):
        hazard("relapse ~ x + age", rows.assign(x=rows["x"].where(rows.index > 1, np.inf)), unit="id")
    with _fails("no row is complete", DataError):
        hazard("relapse ~ x", rows.assign(x=np.nan), unit="id")
