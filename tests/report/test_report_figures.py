"""Figures: what they draw, say in words, and store."""

from __future__ import annotations

import base64
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from report_samples import measures

from fanpin.core.errors import InapplicableError, InputError, UnknownNameError
from fanpin.report import figures
from fanpin.report.figures import style
from fanpin.report.figures.paper import figure_bytes


def texts(figure):
    found = [t.get_text() for t in figure.texts]
    for axes in figure.axes:
        found += [t.get_text() for t in axes.texts] + [axes.get_xlabel(), axes.get_ylabel()]
    return [t for t in found if t]


def draw_all(survival, transitions, townships, **options):
    return [figures.relapse_curve(survival, **options), figures.transition_flow(transitions, **options),
            figures.funnel(townships, **options)]  # fmt: skip


def test_curve_starts_at_one_and_steps_down_with_the_number_at_risk(survival):
    figure = figures.relapse_curve(survival, title="Relapse")
    lines = figure.axes[0].get_lines()
    assert len(lines) == 2
    assert lines[0].get_ydata().tolist() == pytest.approx([100, 75, 64, 62, 62])
    assert lines[0].get_xdata().tolist() == [0, 1, 2, 3, 3.5]
    assert {"Men", "Women", "160", "70", "16", "Number at risk"} <= set(texts(figure))
    assert "Relapse-free share (Men): 75.0 % [68.5, 80.3] at 1, 160 at risk" in figure.alt
    assert figure.caption == "Relapse"


def test_curve_of_one_group_needs_no_names(survival):
    one = survival.select(sex="Men")
    rows = one.rows.drop(columns="sex")
    figure = figures.relapse_curve(
        measures(rows.to_dict("records"), [0.03, 0.04, 0.05], ("duration",), kind="survival")
    )
    assert len(figure.axes[0].get_lines()) == 1
    assert figure.caption == "Relapse-free share since the escape"


def test_names_of_close_curves_stayapart():
    from fanpin.report.figures.ends import apart

    placed = apart([60.0, 61.0, 60.5, 90.0], 5.0)
    assert min(np.diff(sorted(placed))) >= 5 - 1e-6
    assert np.argsort(placed).tolist() == [0, 2, 1, 3]
    assert placed[3] == 90


def test_flow_widths_add_up_and_relapses_are_part_of_entries(transitions):
    from fanpin.report.figures.flow import _bands

    records = {r["term"]: r for r in transitions.tidy().to_dict("records")}
    sizes = {(b.source, b.target): b.size for b in _bands(records, "test")}
    assert sum(sizes.values()) == pytest.approx(10292 + 1570)
    assert sizes["never", "poor"] + sizes["escaped", "poor"] == pytest.approx(601)
    assert sizes["escaped", "poor"] == pytest.approx(97)
    figure = figures.transition_flow(transitions)
    assert "Relapse: 19.7 % [16.1, 23.2]" in texts(figure)
    assert "Relapse: 19.7 % [16.1, 23.2] of those who had escaped (n = 493)." in figure.alt


def test_flow_without_relapse_shows_two_states(transitions):
    known = transitions.select(term=["stay_nonpoor", "entry", "exit", "persistence"])
    assert not any("Relapse" in t for t in texts(figures.transition_flow(known)))


def test_funnel_names_the_places_outside(townships):
    figure = figures.funnel(townships)
    assert {"A", "D", "L"} <= set(texts(figure))
    assert "B" not in texts(figure)
    assert "Rates of 13 places between 35.0 % and 55.0 %; overall 44.2 %" in figure.alt
    assert "A 36.7 % (n = 308)" in figure.alt


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_same_figure_gives_the_same_bytes(survival, transitions, townships, kind, tmp_path):
    for first, again in zip(
        draw_all(survival, transitions, townships), draw_all(survival, transitions, townships), strict=True
    ):
        data = figures.save_figure(first, tmp_path / f"a.{kind}").read_bytes()
        assert figures.save_figure(again, tmp_path / f"b.{kind}").read_bytes() == data
        assert b"matplotlib v" not in data.lower() or kind == "svg"
        assert b"2026-" not in data


def test_simulated_data_are_named_in_picture_caption_and_words(survival, transitions, townships):
    parts = [replace(m, simulated=True) for m in (survival, transitions, townships)]
    for figure in draw_all(*parts):
        assert "Simulated data" in texts(figure)
        assert figure.caption.endswith("(simulated data)")
        assert figure.alt.startswith("Simulated data.")


def test_chinese_figures_use_the_terms_and_a_font_that_has_them(survival, transitions, townships, recwarn):
    if not {f.name for f in style.fontManager.ttflist} & set(style.CHINESE):
        pytest.skip("no font with Chinese characters is installed")
    for figure in draw_all(survival, transitions, townships, lang="zh"):
        figure_bytes(figure, "png")
        assert not any("Glyph" in str(w.message) for w in recwarn)
    assert "返贫" in " ".join(texts(figures.transition_flow(transitions, lang="zh")))


def test_a_missing_chinese_font_is_an_error_that_says_so(survival, monkeypatch):
    monkeypatch.setattr(style, "CHINESE", ("No Such Font",))
    with pytest.raises(InputError, match="no font with Chinese characters"):
        figures.relapse_curve(survival, lang="zh")


def test_notebooks_store_both_pictures_with_words(townships):
    data, metadata = figures.funnel(townships, id="f1", title="Townships")._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<?xml")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["caption"] == "Townships"
    assert metadata["image/png"]["alt"].startswith("Rates of 13 places")


def test_drawing_leaves_the_readers_settings_alone(survival):
    before = dict(matplotlib.rcParams)
    figures.relapse_curve(survival)
    assert dict(matplotlib.rcParams) == before


def test_colours_stay_apart_in_grey():
    def lightness(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
        return 116 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3) - 16

    first = [lightness(c) for c in style.PALETTE[:4]]
    assert min(np.diff(first)) > 10
    assert len(set(map(str, style.DASHES))) == len(style.PALETTE)


def test_other_results_and_formats_are_refused(fits, survival, transitions, townships, poverty, tmp_path):
    with pytest.raises(InputError, match=r"figures\.funnel draws Measures"):
        figures.funnel(fits["logit"])
    with pytest.raises(InputError, match="draws Measures"):
        figures.transition_flow(fits["logit"])
    with pytest.raises(UnknownNameError, match="unknown term 'relapse_free'"):
        figures.relapse_curve(poverty)
    thin = replace(townships, rows=townships.rows.rename(columns={"shrunken": "shrunk"}))
    with pytest.raises(UnknownNameError, match="did you mean 'shrunk'"):
        figures.funnel(thin)
    with pytest.raises(UnknownNameError, match="value for lang="):
        figures.relapse_curve(survival, lang="de")
    with pytest.raises(UnknownNameError, match="figure format"):
        figures.save_figure(figures.funnel(townships), tmp_path / "x.jpeg2000")
    assert not list(tmp_path.iterdir())


def test_impossible_flows_and_too_many_curves_are_refused(transitions, survival):
    rows = transitions.rows.assign(year=1984)
    twice = [*rows.to_dict("records"), *rows.assign(year=1985).to_dict("records")]
    with pytest.raises(InapplicableError, match="shows one group"):
        figures.transition_flow(measures(twice, [0.01] * 10, ("year",), kind="transitions"))
    rows = transitions.rows.assign(population=[100.0, 100.0, 50.0, 50.0, 90.0], estimate=[0.9, 0.1, 0.3, 0.7, 0.5])
    with pytest.raises(InapplicableError, match="more relapses than entries"):
        figures.transition_flow(measures(rows.to_dict("records"), [0.01] * 5, kind="transitions"))
    many = [{"term": "relapse_free", "g": g, "duration": 1, "n": 9, "estimate": 0.5} for g in range(6)]
    with pytest.raises(InputError, match="6 curves"):
        figures.relapse_curve(measures(many, [0.1] * 6, ("g", "duration"), kind="survival"))


def curve(
    name,
    by=("wave", "population_share"),
    waves=(2014, 2022),
    shares=(0.1, 0.2, 0.6, 1.0),
    heights=(0.02, 0.03, 0.04, 0.04),
):
    rows = [{"term": name, "wave": w, "population_share": p, "n": 99, "estimate": h + 0.01 * i}
            for i, w in enumerate(waves) for p, h in zip(shares, heights, strict=True)]  # fmt: skip
    return measures(rows, [0.001] * len(rows), by, kind=name)


def test_tip_curves_start_at_the_origin_and_end_after_they_are_flat():
    figure = figures.tip(curve("tip"))
    axes = figure.axes[0]
    first = axes.get_lines()[0]
    assert first.get_xdata().tolist() == pytest.approx([0, 10, 20, 60, 100])
    assert first.get_ydata().tolist() == pytest.approx([0, 2, 3, 4, 4])
    assert axes.get_xlim() == pytest.approx((0, 78))
    assert {"Wave = 2014", "Wave = 2022", "Bands: 95 % limits"} <= set(texts(figure))
    assert "TIP curve (Wave = 2014): flat from 60 %, at 4.0 % [3.8, 4.2]." in figure.alt
    assert figure.caption == "Incidence, intensity and inequality of poverty (TIP curves)"


def test_nobody_poor_is_a_flat_tip_curve():
    figure = figures.tip(curve("tip", waves=(2014,), heights=(0.0,) * 4))
    assert "flat from 10 %, at 0.0 %" in figure.alt


def test_lorenz_curves_have_the_diagonal_and_a_legend():
    figure = figures.lorenz(curve("lorenz", heights=(0.05, 0.1, 0.4, 1.0)), labels={"2014": "before", "2022": "after"})
    axes = figure.axes[0]
    assert axes.get_lines()[0].get_xdata().tolist() == axes.get_lines()[0].get_ydata().tolist() == [0, 100]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["Equal shares", "before", "after"]
    assert "Lorenz curve (before): 10.0 % [9.8, 10.2] at 20 %; 40.0 % [39.8, 40.2] at 60 %." in figure.alt


def test_generalised_curves_are_in_money_and_without_diagonal():
    figure = figures.lorenz(curve("generalised_lorenz", heights=(500.0, 1500.0, 9000.0, 30000.0)))
    assert len(figure.axes[0].get_lines()) == 2
    assert "1,500 [1,500, 1,500] at 20 %" in figure.alt
    assert figure.caption == "Generalised Lorenz curves"


def test_cumulative_figures_say_simulated_speak_chinese_and_are_reproducible(recwarn):
    made = [replace(curve(name, heights=(0.1, 0.2, 0.5, 1.0)), simulated=True) for name in ("lorenz", "tip")]
    for draw, of in zip((figures.lorenz, figures.tip), made, strict=True):
        figure = draw(of)
        assert "Simulated data" in texts(figure)
        assert figure.caption.endswith("(simulated data)")
        assert figure_bytes(figure, "svg") == figure_bytes(draw(of), "svg")
    if not {f.name for f in style.fontManager.ttflist} & set(style.CHINESE):
        pytest.skip("no font with Chinese characters is installed")
    for draw, of in zip((figures.lorenz, figures.tip), made, strict=True):
        figure = draw(of, lang="zh")
        figure_bytes(figure, "png")
        assert "人口累计比例（由贫至富）" in texts(figure)
    assert not any("Glyph" in str(w.message) for w in recwarn)


def test_cumulative_figures_refuse_other_measures_and_too_many_curves(survival):
    with pytest.raises(UnknownNameError, match="unknown term 'lorenz'"):
        figures.lorenz(survival)
    with pytest.raises(UnknownNameError, match="unknown term 'tip'"):
        figures.tip(survival)
    with pytest.raises(InputError, match="draws Measures"):
        figures.tip(survival.rows)
    with pytest.raises(InputError, match="6 curves"):
        figures.tip(curve("tip", waves=range(6)))
