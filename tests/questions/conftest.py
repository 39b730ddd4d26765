import functools
from dataclasses import dataclass
from typing import Any

import pytest
import xarray as xr

from forecast.data.events import read_chronology
from forecast.data.panel import build_panel
from forecast.model.spec import spec_for
from tests.made import consistent, unobserved


@functools.cache
def events(dyad="USA-CHN"):
    return read_chronology(dyads=[dyad])


@functools.cache
def panel_as_of(day, dyad="USA-CHN", start=None):
    return build_panel(events(dyad), dyads=[dyad], as_of=day, start=start)


@dataclass(frozen=True)
class PriorFit:
    """Draws of the prior with the record of a day: quick, and as good as any to see what is made of draws."""

    posterior: xr.Dataset
    panel: xr.Dataset
    spec: Any

    def __post_init__(self):
        object.__setattr__(self, "panel", consistent(self.panel))


def prior_fit(panel, draws=100):
    spec = spec_for(panel)
    return PriorFit(unobserved(panel, spec, draws=draws).posterior, panel, spec)


@functools.cache
def fit_as_of(day):
    return prior_fit(panel_as_of(day, start="2010-01-01"), draws=50)


@pytest.fixture(scope="session")
def asked_in_2023():
    return panel_as_of("2023-10-31")
