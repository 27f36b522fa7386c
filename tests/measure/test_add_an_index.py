"""docs/add-an-index.md works as it stands: its class is taken from the page, registered, used and tested as the page says."""

from __future__ import annotations

import re
import sys
from importlib import import_module

import numpy as np
import pytest

import fanpin as fp
from fanpin.measure.registry import INEQUALITY_INDICES


@pytest.fixture
def variation(root, tmp_path, monkeypatch):
    """The page's class, with the page's line in the registry."""
    page = (root / "docs/add-an-index.md").read_text("utf-8")
    first, line, _ = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "variation.py").write_text(first, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = import_module("variation")
    entries = eval("{" + line + "}", vars(module))
    for name, make in entries.items():
        monkeypatch.setitem(INEQUALITY_INDICES, name, make)
    yield module.Variation()
    sys.modules.pop("variation")


def test_the_influence_is_the_derivative_in_the_weights(variation):
    rng = np.random.default_rng(5)
    x, w = np.exp(rng.normal(0, 0.6, 40))[:, None], rng.uniform(1, 4, 40)
    derivatives = []
    for i in range(40):
        up, down = w.copy(), w.copy()
        up[i], down[i] = w[i] + 1e-5, w[i] - 1e-5
        derivatives.append((variation.value(x, up) - variation.value(x, down))[0] / 2e-5)
    np.testing.assert_allclose(variation.influence(x, w)[:, 0], derivatives, rtol=1e-6, atol=1e-9)


def test_the_value_of_a_lognormal(variation):
    quantiles = np.exp(0.5 * np.sort(np.random.default_rng(6).normal(size=400_000)))[:, None]
    assert variation.value(quantiles, np.ones(400_000))[0] == pytest.approx(np.sqrt(np.exp(0.25) - 1), rel=0.01)


def test_it_is_measured_with_the_others(variation, sample):
    design = fp.Design(weight="weight", stratum="region", psu="village")
    asked = {"welfare": "income", "indices": ("gini", "variation"), "by": "female"}
    linear = fp.inequality(sample, **asked, design=design)
    jackknife = fp.inequality(sample, **asked, design=design.replicates("jkn"))
    assert list(linear.rows["term"]) == ["gini", "gini", "variation", "variation"]
    np.testing.assert_allclose(linear.std_errors, jackknife.std_errors, rtol=0.05)
    assert (linear.cov.to_numpy() != 0).all()
