"""What each figure draws: the numbers of forecast.json and of the record, read from the drawings themselves."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_rgba

from forecast.base.wording import chance, month
from forecast.data.panel.shares import observed_shares
from forecast.outlook import NotDefined
from forecast.plots import style
from forecast.report.figures import MIN_DRAWN_EVENTS
from forecast.report.page import illustrations, levels_table

from .conftest import report_json

WIDTHS = ("wide", "narrow")


@pytest.fixture(scope="module")
def drawn(drawings):
    """Every figure as matplotlib has drawn it, by name and width."""
    figures, saved = drawings
    return dict(zip([(name, width) for name in figures for width in WIDTHS], saved, strict=True))


@pytest.fixture(scope="module")
def said(fit, assessment, events, others):
    """Return forecast.json as a program reads it."""
    return json.loads(json.dumps(report_json(fit, assessment, events=events, others=others)))


@pytest.fixture(scope="module")
def levels(fit, material):
    """Rows of levels.csv for the report's dyad, from the first period of its record on."""
    table = levels_table(fit)
    own = table[table["dyad"] == material.result.dyad]
    return own[own["period"] >= str(material.record["time"].to_numpy()[0])[:10]]


def lines(on, color, style_of="-"):
    """Lines of a colour and style, as arrays of x and y; markers alone are not lines."""
    return [
        np.asarray(line.get_data(), dtype=float)
        for line in on.get_lines()
        if same_color(line.get_color(), color)
        and line.get_linestyle() == style_of
        and line.get_marker() == "None"
    ]


def dots(on, color):
    """Places of the round markers of a colour, in the order drawn."""
    return [
        tuple(float(value[0]) for value in line.get_data())
        for line in on.get_lines()
        if line.get_marker() == "o" and same_color(line.get_color(), color)
    ]


def filled(on, color):
    """Lower and upper edges of the filled bands of a colour, by x, in the order drawn."""
    bands = []
    for area in on.collections:
        if (
            len(area.get_facecolor()) != 1
            or to_rgba(area.get_facecolor()[0])[:3] != to_rgba(color)[:3]
        ):
            continue
        if len(area.get_offsets()) > 1:  # a scatter
            continue
        corners = pd.DataFrame(area.get_paths()[0].vertices, columns=["x", "y"]).groupby("x")["y"]
        bands.append((corners.min(), corners.max()))
    return bands


def texts(on):
    return [text.get_text() for text in on.texts]


def row_names(on):
    """Names of the rows, from the top."""
    return [label.get_text() for label in on.get_yticklabels()]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_bars_are_the_chances_of_the_json(drawn, said, width):
    (on,) = drawn["bars", width].axes
    parts = list(on.patches)
    for place, horizon in enumerate(said["horizons"]):
        row = parts[4 * place : 4 * place + 4]
        expected = [
            horizon["percent"][name]
            for name in ("deterioration", "stability", "technical", "structural")
        ]
        assert [round(bar.get_width()) for bar in row] == expected
        assert row[0].get_x() == 0 and row[-1].get_x() + row[-1].get_width() == pytest.approx(100)
        assert all(
            one.get_x() + one.get_width() == pytest.approx(other.get_x())
            for one, other in pairwise(row)
        )
        assert len({round(bar.get_y(), 9) for bar in row}) == 1
    shown = [text for text in texts(on) if text.endswith("%")]
    assert shown == [
        chance(horizon["percent"][name] / 100)
        for horizon in said["horizons"]
        for name in ("deterioration", "stability", "technical", "structural")
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_will_be_recorded_is_drawn_as_in_the_json(drawn, said, width):
    (on,) = drawn["recorded", width].axes
    parts = list(on.patches)
    shown = [
        one
        for one in said["recorded"]
        if one["months"] == 12 or one["events"]["median"] >= MIN_DRAWN_EVENTS
    ]
    assert len(parts) == 3 * len(shown)
    for place, window in enumerate(shown):
        row = parts[3 * place : 3 * place + 3]
        assert [round(bar.get_width()) for bar in row] == [
            window["percent"][name] for name in ("down", "same", "up")
        ]
        assert row[0].get_x() == 0 and row[-1].get_x() + row[-1].get_width() == pytest.approx(100)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_curve_of_the_pendulum_is_the_median_of_the_level(drawn, levels, width):
    on = drawn["pendulum", width].axes[0]
    (curve,) = [line for line in lines(on, style.LEVEL) if line.shape[1] > 2]
    np.testing.assert_allclose(curve[1], levels["median"], atol=5e-4)
    years = np.array([int(text[:4]) + (int(text[5:7]) - 0.5) / 12 for text in levels["period"]])
    np.testing.assert_allclose(curve[0], years, atol=0.01)
    for (low, high), (under, over) in zip(
        filled(on, style.LEVEL), (("q05", "q95"), ("q25", "q75")), strict=True
    ):
        np.testing.assert_allclose(low, levels[under], atol=5e-4)
        np.testing.assert_allclose(high, levels[over], atol=5e-4)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("name", "color"), [("equilibrium", style.EQUILIBRIUM), ("ceiling", style.CEILING)]
)
def test_each_era_has_its_equilibrium_and_ceiling(drawn, said, width, name, color):
    on = drawn["pendulum", width].axes[0]
    shown = [
        line for kind in ("-", "--") for line in lines(on, color, kind) if len(set(line[0])) == 2
    ]
    expected = [era[name] for era in said["frameworks"]["eras"]]
    assert [line[1].tolist() for line in shown] == [[one["median"]] * 2 for one in expected]
    starts = [line[0][0] for line in shown]
    assert starts == sorted(starts)
    for line, era in list(zip(shown, said["frameworks"]["eras"], strict=True))[1:]:
        assert line[0][0] == pytest.approx(
            int(era["start"][:4]) + (int(era["start"][5:7]) - 1) / 12, abs=0.01
        )
    if name == "equilibrium":
        ends = [(low.unique().tolist(), high.unique().tolist()) for low, high in filled(on, color)]
        assert ends == [([one["low"]], [one["high"]]) for one in expected]
    else:
        bars = [line.get_ydata() for line in on.get_lines() if line.get_marker() == "_"]
        assert [list(bar) for bar in bars] == [[one["low"], one["high"]] for one in expected]


@pytest.mark.parametrize("width", WIDTHS)
def test_events_are_numbered_on_the_curve(drawn, material, levels, width):
    on, named = drawn["pendulum", width].axes[0], material.named
    marks = dots(on, "white")
    assert len(marks) == len(named) > 0
    medians = dict(zip(levels["period"].str[:7], levels["median"], strict=True))
    assert [level for _, level in marks] == pytest.approx(
        [medians[f"{day:%Y-%m}"] for day in named["date"]], abs=5e-4
    )
    assert [text for text in texts(on) if text.isdigit()] == [
        str(place + 1) for place in range(len(named))
    ]
    if width == "wide":
        assert [month(day, short=True) for day in named["date"]] == [
            text for text in texts(on) if text[-4:].isdigit() and len(text) == 8
        ]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_fan_has_the_quantiles_of_the_json(drawn, said, levels, width):
    (on,) = drawn["fan", width].axes
    past, future = [line for line in lines(on, style.LEVEL) if line.shape[1] > 2]
    fan = said["fan"]
    np.testing.assert_allclose(future[1], fan["share"][2])
    np.testing.assert_allclose(np.diff(future[0]), np.diff(fan["months"]) / 12)
    np.testing.assert_allclose(past[1], levels["median"].to_numpy()[-past.shape[1] :], atol=5e-4)
    assert past[0][-1] - past[0][0] == pytest.approx(5, abs=0.1)
    bands = filled(on, style.LEVEL)[2:]
    for (low, high), (under, over) in zip(bands, ((0, 4), (1, 3)), strict=True):
        np.testing.assert_allclose(low, fan["share"][under])
        np.testing.assert_allclose(high, fan["share"][over])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_fan_shows_what_would_be_observed_and_what_was(drawn, said, fit, assessment, width):
    (on,) = drawn["fan", width].axes
    edges = lines(on, style.OBSERVED, "--")
    expected = [said["fan"]["observed"][place] for place in (0, 1, 3, 4)]
    np.testing.assert_allclose([edge[1] for edge in edges], np.array(expected, dtype=float))
    (scatter,) = [
        area for area in on.collections if same_color(area.get_facecolor()[0][:3], style.MUTED)
    ]
    seen = observed_shares(fit.panel, assessment.dyad)["share"].to_numpy()
    shown = np.asarray(scatter.get_offsets())
    np.testing.assert_allclose(shown[:, 1], seen[-len(shown) :])
    assert len(shown) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_fan_has_the_equilibrium_band(drawn, said, width):
    (on,) = drawn["fan", width].axes
    edges = sorted({float(value) for line in lines(on, style.EQUILIBRIUM) for value in line[1]})
    assert edges == [said["band"]["low"]["median"], said["band"]["high"]["median"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_present_stands_at_its_level_in_its_record(drawn, said, assessment, material, width):
    on = drawn["standing", width].axes[0]
    level = said["standing"]["level"]
    ((x, _),) = dots(on, style.INK)
    assert x == level["median"]
    ends = [line[0].tolist() for line in lines(on, style.INK) if line.shape[1] == 2]
    assert [level["low"], level["high"]] in ends
    heights = np.array([bar.get_height() for bar in on.patches])
    assert heights.sum() == pytest.approx(100)
    dark = [
        bar.get_x() + bar.get_width()
        for bar in on.patches
        if same_color(bar.get_facecolor()[:3], style.LEVEL)
    ]
    assert max(dark) <= level["median"] < max(dark) + on.patches[0].get_width()
    # A coarse check against another source: the quartiles of the record lie where the heights say.
    record = material.record.sel(time=slice(str(assessment.standing.since), None))["share"]
    middles = np.array([bar.get_x() + bar.get_width() / 2 for bar in on.patches])
    mean = float((heights * middles).sum() / 100)
    assert mean == pytest.approx(
        float(material.record["mean"].sel(time=record["time"])[:-1].mean()), abs=0.5
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_lowest_years_have_their_chances(drawn, said, width):
    on = drawn["standing", width].axes[1]
    years = said["standing"]["lowest_years"]
    assert [bar.get_width() for bar in on.patches] == pytest.approx(
        [100 * one["value"] for one in years.values()]
    )
    assert row_names(on) == list(years)
    assert [text for text in texts(on) if "%" in text] == [
        chance(one["value"]) for one in years.values()
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("place", "key"), [(0, "level"), (1, "equilibrium"), (2, "half_life")])
def test_dyads_stand_side_by_side_with_their_numbers(drawn, said, width, place, key):
    on = drawn["dyads", width].axes[place]
    own, others = dots(on, style.LEVEL), dots(on, style.MUTED)
    values = [dyad[key] for dyad in said["dyads"]]
    assert own + others == [(one["median"], row) for row, one in enumerate(values)]
    reach = [line for color in (style.LEVEL, style.MUTED) for line in lines(on, color)]
    assert [line[0].tolist() for line in reach] == [[one["low"], one["high"]] for one in values]
    if place == 0:
        assert row_names(on) == [dyad["label"] for dyad in said["dyads"]]
    assert on.get_xscale() == ("log" if key == "half_life" else "linear")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_headroom_is_drawn_with_the_data_and_without(drawn, assessment, width):
    (on,) = drawn["headroom", width].axes
    room = assessment.frameworks.headroom
    assert not isinstance(room, NotDefined)
    for steps, value in zip(on.patches, (room.log_odds, room.learning.comparison), strict=True):
        heights, edges, _ = steps.get_data()
        inside = np.histogram(value.draws, edges)[0]
        np.testing.assert_allclose(heights * np.diff(edges), inside / inside.sum())


def test_both_widths_are_drawn(drawn, figures):
    assert {name for name, _ in drawn} == set(figures)
    for name in figures:
        wide, narrow = (drawn[name, width].get_size_inches()[0] for width in WIDTHS)
        assert wide > (1 if name == "dots" else 2) * narrow  # the dots stand beside text


@pytest.mark.parametrize("moved", [True, False])
def test_a_ceiling_that_the_data_did_not_move_is_called_an_assumption(material, moved, undrawn):
    frameworks = material.result.frameworks
    learning = replace(frameworks.headroom.learning, moved=moved)
    frameworks = replace(frameworks, headroom=replace(frameworks.headroom, learning=learning))
    shown = illustrations(replace(material, result=replace(material.result, frameworks=frameworks)))
    for name in ("pendulum", "headroom"):
        assert ("assumption" in shown[name].caption) is not moved
