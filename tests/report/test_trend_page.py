"""The report of a cycle around a trend that moves says so, and its parts add up."""

import csv
import json

import numpy as np
import pytest

from forecast.model import Fit, PendulumSpec
from forecast.outlook import assess, kinds_sentence
from forecast.report.figures import kinds as draw_kinds
from forecast.report.illustration import NARROW
from forecast.report.page import write_report
from tests.made import make_panel, unobserved

from .conftest import Reader


@pytest.fixture(scope="module")
def fit():
    panel = make_panel(dyads=2, periods=96, eras=2, events=4, empty=0.1, seed=3)
    spec = PendulumSpec()
    made = unobserved(panel, spec, chains=2, draws=100)
    groups = {
        "posterior": made.posterior,
        "sample_stats": made.sample_stats,
        "constant_data": panel,
    }
    return Fit({"/": made.tree.to_dataset(), **groups})


@pytest.fixture(scope="module")
def assessment(fit):
    return assess(fit, "USA-CHN")


@pytest.fixture(scope="module")
def report(fit, assessment, tmp_path_factory):
    return write_report(fit, assessment, out=tmp_path_factory.mktemp("trend") / "report").parent


@pytest.fixture(scope="module")
def shown(report):
    return Reader((report / "index.html").read_text("utf-8"))


def test_technical_and_structural_follow_the_trend(assessment):
    assert assessment.moving
    for outlook in assessment.improvement.values():
        assert outlook.technical.value + outlook.structural.value == pytest.approx(
            outlook.improvement.value
        )
        assert "the trend has risen by 5 points" in outlook.structural.definition
    claim = next(one for one in assessment.claims if one.code == "S9")
    assert (
        "while the trend stays (technical)" in claim.sentence
        and "by a rise of the trend (structural)" in claim.sentence
    )


def test_the_page_tells_of_trend_and_cycle(report, shown):
    assert "The level is the sum of a slow trend and a quick cycle" in shown.text
    assert "shocks displace the level, and it reverts to the trend" in shown.text
    assert "framework in force (technical)" not in shown.text
    assert "the trend has risen by 5 points" in (report / "forecast.json").read_text()


def test_depth_and_severity_are_on_the_page_in_the_json_and_in_the_levels(
    assessment, report, shown
):
    assert kinds_sentence(assessment.kinds) in shown.text
    assert {"id": "figure-kinds"} in shown.named("figure")
    told = json.loads((report / "forecast.json").read_text())["kinds"]
    rows = list(csv.DictReader((report / "levels.csv").read_text().splitlines()))
    own = [row for row in rows if row["dyad"] == "USA-CHN"]
    assert {row["dyad"] for row in rows} == {"USA-CHN", "USA-RUS"}
    for name in ("depth", "severity"):
        series = [[float(row[f"{name}{end}"]) for row in own] for end in ("_low", "", "_high")]
        assert series == told[name]["share"] == assessment.kinds[name].share.tolist()
        assert told[name]["time"] == [row["period"] for row in own]


def test_the_figure_has_the_series_and_the_recorded_years(assessment):
    kinds = assessment.kinds
    figure = draw_kinds(assessment).draw(NARROW)
    for on, one in zip(figure.axes, kinds.values(), strict=True):
        np.testing.assert_array_equal(on.get_lines()[0].get_ydata(), one.share[1])
        dots = on.collections[-1].get_offsets()
        np.testing.assert_allclose(dots[:, 1], 100 * one.stronger / one.events)


def test_equilibria_of_the_page_are_means_of_the_trend_and_where_it_stands(fit, assessment):
    found = assessment.frameworks.eras
    trend = fit.posterior["trend"].sel(dyad="USA-CHN")
    share = 100 / (1 + 2.718281828459045 ** (-trend))
    assert found[-1].equilibrium.median == pytest.approx(
        float(share.isel(time=-1).median()), abs=0.01
    )
    first = trend.isel(time=fit.panel["era_index"].sel(dyad="USA-CHN").to_numpy() == 0).mean("time")
    assert found[0].equilibrium.median == pytest.approx(
        100 / (1 + 2.718281828459045 ** -float(first.median())), abs=0.5
    )
