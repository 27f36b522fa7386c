"""Lines that differ from wave to wave, dollar lines, and the line of monitored households."""

from __future__ import annotations

import pandas as pd
import pytest

import fanpin as fp
from fanpin.core.engine import fetch_frame
from fanpin.core.errors import DataError, InputError, UnknownNameError, UnverifiedLineWarning
from fanpin.core.line import official_lines

PANEL = pd.DataFrame({"id": [1, 1, 2], "wave": [2010, 2014, 2014], "y": [2400.0, 2400.0, 2900.0]})


def status(line, data=PANEL):
    return fp.poverty_status(data, welfare="y", line=line, unit="id", time="wave")


def test_each_wave_has_its_own_official_line():
    found = status(fp.Line.official("cn-rural", "by-time"))
    assert found["line"].tolist() == [2300, 2800, 2800]
    assert found["is_poor"].tolist() == [0, 1, 0]


def test_waves_without_a_published_amount_are_named_and_can_be_given():
    data = PANEL.assign(wave=[2016, 2017, 2018])
    with pytest.raises(DataError, match="the line has no amount for wave 2017, 2018"):
        status(fp.Line.official("cn-rural", "by-time"), data)
    own = fp.Line.by_time({2016: 2952, 2017: 2952, 2018: 2995}, currency="CNY", source="as commonly quoted")
    assert status(own, data)["line"].tolist() == [2952, 2952, 2995]
    assert "2018: 2,995" in own.describe()


def test_a_line_by_time_works_on_the_engine(as_table):
    marks = fetch_frame(status(fp.Line.by_time({2010: 1000, 2014: 2500}, currency="CNY"), as_table(PANEL)))
    assert marks.sort_values(["id", "wave"])["is_poor"].tolist() == [0, 1, 0]


def test_a_measure_without_time_refuses_a_line_by_time():
    with pytest.raises(InputError, match=r"needs the panel's time[\s\S]*poverty_status"):
        fp.poverty(PANEL, welfare="y", line=fp.Line.official("cn-rural", "by-time"))


def test_dollar_lines_are_days_times_ppp_times_prices():
    line = fp.Line.international(2.0, ppp=4.0, currency="CNY", year=2020, cpi_ratio=1.1)
    assert line.amount == pytest.approx(2 * 365 * 4 * 1.1)
    assert line.year == 2020
    assert "PPP 4" in str(line.source)
    with pytest.raises(InputError, match="ppp 0 is impossible"):
        fp.Line.international(2.0, ppp=0, currency="CNY", year=2020)


def test_the_monitoring_line_says_that_it_is_derived():
    with pytest.warns(UnverifiedLineWarning, match="'cn-monitoring' of 2020 is derived: 1.5 x 4000"):
        line = fp.Line.official("cn-monitoring", 2020)
    assert line.amount == 1.5 * fp.Line.official("cn-rural", 2020).amount
    assert fp.Line.official("cn-monitoring-jingbian", 2021).amount == 6000
    with pytest.raises(UnknownNameError, match="unknown year"):
        fp.Line.official("cn-monitoring", 2022)
    assert all(spec["label"]["zh"] and spec["source"] for spec in official_lines().values())


@pytest.mark.parametrize("amounts", [{}, [2300], {2010.5: 1}, {True: 1}, {2010: 0}, {2010: "2300"}])
def test_impossible_tables_are_refused(amounts):
    with pytest.raises(InputError):
        fp.Line.by_time(amounts, currency="CNY")
