"""Results: names, inference, JSON, and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from fanpin.core.design import Design
from fanpin.core.errors import DataError, InapplicableError, InputError, RawFileError, UnknownNameError
from fanpin.results import Collection, Estimates, HypothesisTest, Measures, from_json, load_result, to_json
from fanpin.results.digest import frame_digest
from fanpin.results.inference import confidence_limits

TERMS = ["Intercept", "x", "C(duration)[T.2]"]


def estimates(**changes: object) -> Estimates:
    root = np.array([[1.0, 0.2, 0.0], [0.0, 0.5, 0.1], [0.0, 0.0, 0.3]])
    cov = pd.DataFrame(root @ root.T, index=TERMS, columns=TERMS)
    fields: dict = {"params": pd.Series([0.1, -0.7, 0.4], index=TERMS), "cov": cov, "nobs": 50, "cov_type": "cluster",
                    "kind": "hazard", "loglik": -20.0, "counts": {"units": 20}}  # fmt: skip
    return Estimates(**(fields | changes))


def measures(estimate: list[float], n: list[int], interval: str = "wald") -> Measures:
    rows = pd.DataFrame({"term": "headcount", "wave": [2014, 2016], "estimate": estimate, "n": n})
    keys = ["headcount[wave=2014]", "headcount[wave=2016]"]
    cov = pd.DataFrame(np.diag([0.01, 0.02]) ** 2, index=keys, columns=keys)
    return Measures(rows=rows, cov=cov, by=("wave",), kind="poverty", cov_type="design", interval=interval)  # type: ignore[arg-type]


def test_statistics_follow_from_params_and_cov() -> None:
    e = estimates()
    assert np.allclose(e.std_errors**2, np.diag(e.cov))
    assert np.allclose(e.pvalues, 2 * stats.norm.sf(np.abs(e.params / e.std_errors)))
    limits = estimates(df_resid=7).conf_int(0.9)
    half = stats.t(7).ppf(0.95) * e.std_errors
    assert np.allclose(limits["conf_high"] - e.params, half)


def test_wald_test_of_one_term_is_its_squared_t() -> None:
    e = estimates()
    test = e.wald_test(["x"])
    assert test.stat == pytest.approx(e.tstats["x"] ** 2)
    assert test.pvalue == pytest.approx(e.pvalues["x"])
    assert estimates(df_resid=9).wald_test(["x", "Intercept"]).distribution == "F"
    with pytest.raises(UnknownNameError, match="did you mean 'x'"):
        e.wald_test(["X"])


def test_wald_test_refuses_a_singular_covariance() -> None:
    cov = pd.DataFrame(np.ones((3, 3)), index=TERMS, columns=TERMS)
    with pytest.raises(InapplicableError, match="rank 1"):
        estimates(cov=cov).wald_test(["x", "Intercept"])


def test_likelihood_ratio_needs_nested_unweighted_fits_of_the_same_rows() -> None:
    small = estimates(params=pd.Series([0.1], index=TERMS[:1]), cov=estimates().cov.iloc[:1, :1], loglik=-23.0)
    test = estimates().lr_test(small)
    assert test.stat == pytest.approx(6.0)
    assert test.df == 2
    for refused, words in (
        (estimates(), "not smaller"),
        (estimates(nobs=3), "different rows"),
        (estimates(loglik=None), "log-l"),
    ):
        with pytest.raises(InapplicableError, match=words):
            estimates().lr_test(refused)
    with pytest.raises(InapplicableError, match="pseudo-likelihood"):
        estimates(options={"pseudo_likelihood": True}).lr_test(small)


def test_a_loaded_result_asks_for_its_data() -> None:
    frame = pd.DataFrame({"x": [1.0]})
    e = estimates(frame=frame)
    assert e.estimation_frame(None) is frame
    loaded = from_json(to_json(e))
    assert loaded.frame is None
    with pytest.raises(InapplicableError, match="pass the data"):
        loaded.estimation_frame(None)


def test_params_and_cov_must_name_the_same_terms() -> None:
    with pytest.raises(InputError, match="different terms"):
        estimates(params=pd.Series([1.0, 2.0, 3.0], index=["a", "b", "c"]))


def test_wilson_limits_are_those_of_statsmodels() -> None:
    m = measures([0.3, 0.0], [20, 35], interval="wilson")
    for row, count in enumerate((6, 0)):
        expected = proportion_confint(count, m.rows["n"][row], method="wilson")
        assert np.allclose(m.conf_int().iloc[row], expected, atol=1e-12)


@pytest.mark.parametrize("interval", ["logit", "loglog"])
def test_transformed_limits_stay_inside_and_are_missing_at_the_ends(interval: str) -> None:
    low, high = confidence_limits(np.array([0.02, 0.5, 0.98, 0.0, 1.0]), np.full(5, 0.05), level=0.95, df=None,
                                  interval=interval)  # type: ignore[arg-type]  # fmt: skip
    assert ((low[:3] > 0) & (high[:3] < 1) & (low[:3] < high[:3])).all()
    assert np.isnan(low[3:]).all()
    assert np.isnan(high[3:]).all()


def test_measures_have_unique_keys_that_cov_repeats() -> None:
    m = measures([0.1, 0.2], [5, 6])
    assert list(m.params.index) == ["headcount[wave=2014]", "headcount[wave=2016]"]
    doubled = pd.concat([m.rows.iloc[:1]] * 2, ignore_index=True)
    with pytest.raises(DataError, match="share a key"):
        Measures(rows=doubled, cov=m.cov, by=("wave",), kind="poverty", cov_type="design")
    with pytest.raises(InputError, match="different measures"):
        Measures(rows=m.rows, cov=m.cov.iloc[::-1, ::-1], by=("wave",), kind="poverty", cov_type="design")
    with pytest.raises(UnknownNameError, match="'region'"):
        Measures(rows=m.rows, cov=m.cov, by=("region",), kind="poverty", cov_type="design")


def test_select_keeps_the_joint_covariance() -> None:
    m = measures([0.1, 0.2], [5, 6]).select(wave=2016)
    assert m.cov.shape == (1, 1)
    assert m.std_errors.iloc[0] == pytest.approx(0.02)
    with pytest.raises(InapplicableError, match="no measure has"):
        m.select(wave=1999)
    with pytest.raises(UnknownNameError, match="did you mean 'wave'"):
        m.select(waves=2016)


def test_tests_know_their_distributions() -> None:
    chi2 = HypothesisTest(name="a", stat=3.84, null="n", distribution="chi2", df=1)
    assert chi2.pvalue == pytest.approx(0.05, abs=1e-3)
    exact = HypothesisTest(name="a", stat=1.0, null="n", distribution="permutation", pvalue_exact=0.2)
    assert exact.pvalue == 0.2
    with pytest.raises(InapplicableError, match="pvalue_exact"):
        _ = HypothesisTest(name="a", stat=1.0, null="n", distribution="permutation").pvalue


def test_json_keeps_every_digit_and_special_value() -> None:
    e = estimates(params=pd.Series([1 / 3, np.nan, -np.inf], index=TERMS), options={"by": ("a", 1), "none": None},
                  design=Design(weight="w"), notes=("返贫",))  # fmt: skip
    back = from_json(to_json(e))
    pd.testing.assert_series_equal(back.params, e.params, check_exact=True)
    pd.testing.assert_frame_equal(back.cov, e.cov, check_exact=True)
    assert back.options == e.options
    assert back.design == e.design
    assert back.notes == ("返贫",)
    assert to_json(back) == to_json(e)


def test_collections_nest_and_travel() -> None:
    c = Collection({"a": estimates(), "inner": Collection({"m": measures([0.1, 0.2], [5, 6])})})
    back = from_json(to_json(c))
    assert list(back) == ["a", "inner"]
    assert set(back.tidy()["result"]) == {"a", "inner"}
    with pytest.raises(UnknownNameError, match="result 'b'"):
        back["b"]


def test_foreign_text_and_other_formats_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="not a stored result"):
        from_json("{")
    other = json.dumps({**json.loads(to_json(estimates())), "format": 0})
    with pytest.raises(InputError, match="build it again"):
        from_json(other)
    with pytest.raises(InputError, match="is not a result"):
        to_json(object())
    with pytest.raises(InputError, match="cannot be stored"):
        to_json(estimates(options={"f": print}))
    with pytest.raises(RawFileError, match="make report"):
        load_result(tmp_path / "absent.json")


def test_digest_sees_values_names_and_order_but_not_the_index() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    same = frame.set_axis([5, 6])
    assert frame_digest(frame) == frame_digest(same)
    assert (
        len({frame_digest(frame), frame_digest(frame.iloc[::-1]), frame_digest(frame.rename(columns={"a": "c"}))}) == 3
    )
