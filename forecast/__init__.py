"""Bayesian forecasts of whether relations between two states will improve.

The public names in the order of use: read events, build a panel, fit the pendulum, assess the outlook, write the
report, test the claims. Each name is imported on first use, so that importing the package is fast.
"""

TYPE_CHECKING = False  # type checkers know better; importing typing would take half of the time of importing this

if TYPE_CHECKING:
    from forecast.archive import archive_status as archive_status
    from forecast.archive import import_files as import_files
    from forecast.archive import read_archive as read_archive
    from forecast.archive import repair_archive as repair_archive
    from forecast.drivers import add_drivers as add_drivers
    from forecast.drivers import calendar_drivers as calendar_drivers
    from forecast.drivers import read_drivers as read_drivers
    from forecast.errors import ForecastError as ForecastError
    from forecast.events import add_events as add_events
    from forecast.events import combine as combine
    from forecast.events import hierarchy as hierarchy
    from forecast.events import read_chronology as read_chronology
    from forecast.events import read_counts as read_counts
    from forecast.events import read_coverage as read_coverage
    from forecast.events import read_dyads as read_dyads
    from forecast.events import read_eras as read_eras
    from forecast.events import read_index as read_index
    from forecast.events import read_table as read_table
    from forecast.feeds import FeedSettings as FeedSettings
    from forecast.feeds import count_feed as count_feed
    from forecast.feeds import read_feed as read_feed
    from forecast.fetch import FetchSettings as FetchSettings
    from forecast.fetch import fetch_feed as fetch_feed
    from forecast.hypotheses import make_plan as make_plan
    from forecast.hypotheses import read_plan as read_plan
    from forecast.hypotheses import run_tests as run_tests
    from forecast.model import Fit as Fit
    from forecast.model import PendulumModel as PendulumModel
    from forecast.model import PendulumSpec as PendulumSpec
    from forecast.model import Priors as Priors
    from forecast.model import fit as fit
    from forecast.model import update as update
    from forecast.outlook import Assessment as Assessment
    from forecast.outlook import simulate_futures as simulate_futures
    from forecast.outlook.assess import assess as assess
    from forecast.outlook.attribution import attribute as attribute
    from forecast.outlook.comparison import split_change as split_change
    from forecast.outlook.conditioning import Assumed as Assumed
    from forecast.outlook.scenarios import scenario as scenario
    from forecast.panel import build_counts_panel as build_counts_panel
    from forecast.panel import build_index_panel as build_index_panel
    from forecast.panel import build_panel as build_panel
    from forecast.panel import describe_panel as describe_panel
    from forecast.pipeline import ReportSettings as ReportSettings
    from forecast.pipeline import make_report as make_report
    from forecast.questions import answer_question as answer_question
    from forecast.questions import attribute_question as attribute_question
    from forecast.questions import make_question as make_question
    from forecast.questions import read_question as read_question
    from forecast.questions import resolve_question as resolve_question
    from forecast.report import write_report as write_report
    from forecast.report import write_scenarios as write_scenarios
    from forecast.report import write_tests as write_tests
    from forecast.sources import Source as Source
    from forecast.sources import gather as gather

    __version__: str

_HOMES = {
    "ForecastError": "forecast.errors",
    "add_events": "forecast.events",
    "read_chronology": "forecast.events",
    "read_table": "forecast.events",
    "read_counts": "forecast.events",
    "read_index": "forecast.events",
    "read_dyads": "forecast.events",
    "read_eras": "forecast.events",
    "read_coverage": "forecast.events",
    "combine": "forecast.events",
    "hierarchy": "forecast.events",
    "build_panel": "forecast.panel",
    "build_counts_panel": "forecast.panel",
    "build_index_panel": "forecast.panel",
    "describe_panel": "forecast.panel",
    "add_drivers": "forecast.drivers",
    "calendar_drivers": "forecast.drivers",
    "read_drivers": "forecast.drivers",
    "PendulumModel": "forecast.model",
    "PendulumSpec": "forecast.model",
    "Priors": "forecast.model",
    "Fit": "forecast.model",
    "fit": "forecast.model",
    "update": "forecast.model",
    "Assessment": "forecast.outlook",
    "assess": "forecast.outlook.assess",
    "Assumed": "forecast.outlook.conditioning",
    "scenario": "forecast.outlook.scenarios",
    "simulate_futures": "forecast.outlook",
    "attribute": "forecast.outlook.attribution",
    "split_change": "forecast.outlook.comparison",
    "Source": "forecast.sources",
    "gather": "forecast.sources",
    "FeedSettings": "forecast.feeds",
    "count_feed": "forecast.feeds",
    "read_feed": "forecast.feeds",
    "archive_status": "forecast.archive",
    "import_files": "forecast.archive",
    "read_archive": "forecast.archive",
    "repair_archive": "forecast.archive",
    "FetchSettings": "forecast.fetch",
    "fetch_feed": "forecast.fetch",
    "make_plan": "forecast.hypotheses",
    "read_plan": "forecast.hypotheses",
    "run_tests": "forecast.hypotheses",
    "ReportSettings": "forecast.pipeline",
    "make_report": "forecast.pipeline",
    "make_question": "forecast.questions",
    "read_question": "forecast.questions",
    "answer_question": "forecast.questions",
    "attribute_question": "forecast.questions",
    "resolve_question": "forecast.questions",
    "write_report": "forecast.report",
    "write_scenarios": "forecast.report",
    "write_tests": "forecast.report",
}
"""Module of each public name."""

__all__ = [
    "Assessment",
    "Assumed",
    "FeedSettings",
    "FetchSettings",
    "Fit",
    "ForecastError",
    "PendulumModel",
    "PendulumSpec",
    "Priors",
    "ReportSettings",
    "Source",
    "__version__",
    "add_drivers",
    "add_events",
    "answer_question",
    "archive_status",
    "assess",
    "attribute",
    "attribute_question",
    "build_counts_panel",
    "build_index_panel",
    "build_panel",
    "calendar_drivers",
    "combine",
    "count_feed",
    "describe_panel",
    "fetch_feed",
    "fit",
    "gather",
    "hierarchy",
    "import_files",
    "make_plan",
    "make_question",
    "make_report",
    "read_archive",
    "read_chronology",
    "read_counts",
    "read_coverage",
    "read_drivers",
    "read_dyads",
    "read_eras",
    "read_feed",
    "read_index",
    "read_plan",
    "read_question",
    "read_table",
    "repair_archive",
    "resolve_question",
    "run_tests",
    "scenario",
    "simulate_futures",
    "split_change",
    "update",
    "write_report",
    "write_scenarios",
    "write_tests",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker knows the names from above, and no others
    del TYPE_CHECKING

    def __getattr__(name):
        """Import a public name from its home."""
        from importlib import import_module
        from importlib.metadata import version

        if name == "__version__":
            return version("pendulum-forecast")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
