"""What the gallery draws: a small fit, kept under build/gallery, and what comes of it."""

from datetime import date
from functools import cache
from pathlib import Path

import forecast
from forecast import Fit
from forecast.study.evaluation import Results
from forecast.study.evaluation.skill import Skill

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "gallery"
DYADS = ["USA-CHN", "USA-RUS"]


@cache
def panel():
    """Return the events of two dyads since 1990, as known at the end of October 2023."""
    return forecast.build_panel(
        forecast.read_chronology(dyads=DYADS), as_of="2023-10", start="1990-01"
    )


@cache
def fit():
    """Return a fit of few draws, which is enough to draw and too little to report."""
    path = KEPT / "fit.zarr"
    if not path.exists():
        forecast.fit(panel(), draws=250, tune=250, chains=2, seed=1).save(path)
    return Fit.load(path)


@cache
def assessments():
    """Return the outlooks of the dyads."""
    return [forecast.assess(fit(), dyad, seed=1) for dyad in DYADS]


def scenarios():
    """Return the outlook with a visit and without."""
    visit = forecast.Assumed(date(2023, 11, 15), "CHN", "USA", code="042")
    return forecast.scenario(fit(), "USA-CHN", {"a visit in November": [visit]}, seed=1)


@cache
def attribution():
    """Return what the events of six months contributed."""
    return forecast.attribute(fit(), "USA-CHN", forecast.read_chronology(dyads=DYADS))


@cache
def pooled():
    """Return the tests of two claims on these dyads, which are too few to decide anything."""
    return forecast.pooled_tests(panel(), claims=["S2", "S8"])


@cache
def skill():
    """Return the scores of the backtest that comes with the package."""
    return Skill.read(ROOT / "reports" / "skill" / "skill.json")


@cache
def cases():
    """Return the real-time forecasts of that backtest a year ahead, from 2015 on."""
    every = Results.read(ROOT / "reports" / "skill").cases
    return every[
        (every["horizon"] == 12) & ~every["given_n"].astype(bool) & (every["origin"] >= "2015")
    ]
