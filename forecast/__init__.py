"""Bayesian forecasts of whether relations between two states will improve.

The public names are here; each is imported from its home on first use, so that importing the package is
quick. `forecast.outlook` is a package and not a function, whatever was imported before.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.errors import ForecastError as ForecastError
    from forecast.events import read_chronology as read_chronology
    from forecast.events import read_table as read_table
    from forecast.panel import build_panel as build_panel

_HOMES = {
    "ForecastError": "forecast.errors",
    "read_chronology": "forecast.events",
    "read_table": "forecast.events",
    "build_panel": "forecast.panel",
    "PendulumModel": "forecast.model",
    "PendulumSpec": "forecast.model",
    "Fit": "forecast.model",
    "fit": "forecast.model",
    "update": "forecast.model",
}

__all__ = ["__version__", "outlook", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pendulum-forecast")
    if name == "outlook":
        return importlib.import_module("forecast.outlook")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
