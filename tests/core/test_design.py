"""The design as an object: what it takes over from another package, and what it refuses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fanpin.core.design import Design
from fanpin.core.errors import InputError


def _svy(**parts):
    every = {"wgt": None, "stratum": None, "psu": None, "pop_size": None, "ssu": None, "rep_wgts": None, "wr": False}
    return SimpleNamespace(**{**every, **parts})


def test_a_design_of_svy_is_taken_over():
    given = _svy(wgt="w", stratum="region", psu="village", pop_size="villages")
    assert Design.from_svy(given) == Design(weight="w", stratum="region", psu="village", fpc="villages")
    assert Design.from_svy(_svy(wgt="w", pop_size="n", wr=True)) == Design(weight="w")


def test_a_design_of_the_package_svy_itself():
    svy = pytest.importorskip("svy", reason="the package svy is not installed")
    assert Design.from_svy(svy.Design(stratum="s", psu="p", wgt="w")) == Design(weight="w", stratum="s", psu="p")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Design(), "no svy design"),
        (_svy(stratum=("a", "b")), "the name of one column"),
        (_svy(psu="p", ssu="household"), "ssu has no counterpart"),
        (_svy(rep_wgts=object()), "rep_wgts has no counterpart"),
    ],
)
def test_designs_of_svy_without_counterpart_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        Design.from_svy(given)
