"""Drivers on the page and in forecast.json."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecast.data.drivers import attach
from forecast.outlook import assess
from tests.made import Spec

from .conftest import LABELS, render_page, report_json, reported_fit

NAME = "<b>trade</b>"


@dataclass(frozen=True)
class DrivenSpec(Spec):
    drivers: tuple = ((NAME, "month"),)


@pytest.fixture(scope="module")
def driven():
    fit = reported_fit()
    values = np.random.default_rng(1).normal(50, 5, (1, *fit.panel["era_index"].shape))
    panel = attach(fit.panel, [NAME], values, np.full((1, len(values[0]), 120), np.nan), "carried")
    sizes = fit.posterior.sizes
    effect = np.random.default_rng(2).normal(
        0.2, 0.1, (sizes["chain"], sizes["draw"], 1, sizes["dyad"])
    )
    posterior = fit.posterior.assign_coords(driver=[NAME]).assign(
        driver_effect=(("chain", "draw", "driver", "dyad"), effect)
    )
    return replace(fit, panel=panel, posterior=posterior, spec=DrivenSpec())


def test_the_page_shows_what_drivers_add_and_what_is_assumed(driven):
    assessment = assess(driven, "USA-CHN", (3, 12), seed=1, labels=LABELS)
    text = render_page(driven, assessment)
    part = text[text.index('id="drivers"') :][:2500]
    assert NAME not in part, "a name is escaped"
    assert "trade" in part
    for words in (
        "the month alone",
        "stays at its last value",
        "chance that it helps",
        "not what would come of",
    ):
        assert words in part


def test_the_json_states_effect_and_future(driven):
    assessment = assess(driven, "USA-CHN", (3, 12), seed=1, labels=LABELS)
    (stated,) = report_json(driven, assessment)["drivers"]
    assert list(stated) == [
        "name",
        "acts",
        "spread",
        "effect",
        "points",
        "positive",
        "future",
        "now",
        "sentence",
    ]
    assert stated["effect"]["mean"] == pytest.approx(0.2, abs=0.03)
    assert 4 < stated["points"]["median"] < 6
    assert stated["future"] == "carried"


def test_without_drivers_nothing_is_shown():
    fit = reported_fit()
    assessment = assess(fit, "USA-CHN", (3, 12), seed=1, labels=LABELS)
    assert 'id="drivers"' not in render_page(fit, assessment)
    assert report_json(fit, assessment)["drivers"] == []
