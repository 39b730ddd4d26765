import functools

import pytest

from forecast.events import read_chronology
from forecast.panel import build_panel


@functools.cache
def events(dyad="USA-CHN"):
    return read_chronology(dyads=[dyad])


@functools.cache
def panel_as_of(day, dyad="USA-CHN"):
    return build_panel(events(dyad), dyads=[dyad], as_of=day)


@pytest.fixture(scope="session")
def asked_in_2023():
    return panel_as_of("2023-10-31")
