"""Short fits in threads: the evidence is that of a long fit, and nobody reads another's data."""

import time
from concurrent.futures import CancelledError
from threading import Event

import numpy as np
import pytest

from forecast.base.progress import side_by_side
from forecast.model import PendulumSpec, Priors, fit
from forecast.model.evidence import quick_evidence
from tests.made import make_panel

# One form for all of these tests: a model takes ten seconds to compile. Reversion is quick and eras
# differ.
PRIORS = Priors(cycle_half_life=(float(np.log(2.0)), 0.3), trend_jump=1.5)
SPEC = PendulumSpec(trend="constant", priors=PRIORS)
PANELS = [
    make_panel(periods=periods, events=events, eras=2, seed=seed)
    for periods, events, seed in ((120, 4, 1), (96, 2, 2))
]


@pytest.fixture(scope="module")
def alone():
    """Both panels, one after the other."""
    return [quick_evidence(panel, SPEC, seed=3, draws=500) for panel in PANELS]


@pytest.mark.slow
def test_the_evidence_is_that_of_a_long_fit(alone):
    for panel, quick in zip(PANELS, alone, strict=True):
        long = fit(panel, SPEC, draws=800, tune=200, chains=4, seed=1, evidence=True).provenance[
            "evidence"
        ]
        assert quick.error < 0.3
        assert quick.log == pytest.approx(long["log"], abs=4 * np.hypot(quick.error, long["error"]))


def test_fits_side_by_side_give_the_numbers_they_give_alone(alone):
    def work(place, stop):
        return place, quick_evidence(PANELS[place], SPEC, seed=3, draws=500, stop=stop)

    for place, evidence in side_by_side(work, [0, 1, 1, 0], threads=3):
        assert evidence == alone[place]


@pytest.mark.slow
def test_the_evidence_of_the_parts_is_that_of_the_whole():
    panel, spec = make_panel(periods=120, eras=2, seed=4), PendulumSpec()
    long = fit(panel, spec, draws=800, tune=200, chains=4, seed=1, evidence=True).provenance[
        "evidence"
    ]
    found = quick_evidence(panel, spec, seed=1)
    assert found.log == pytest.approx(long["log"], abs=4 * np.hypot(found.error, long["error"]))


def test_a_fit_that_is_told_to_stop_stops(alone):
    stop, start = Event(), time.monotonic()
    stop.set()
    with pytest.raises(CancelledError):
        quick_evidence(PANELS[0], SPEC, seed=1, draws=1_000_000, stop=stop)
    assert time.monotonic() - start < 10
