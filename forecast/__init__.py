"""Bayesian forecasts of whether relations between two states will improve.

The public names in the order of use: read events, build a panel, fit the pendulum, assess the
outlook, write the report, test the claims. Each name is imported on first use, so that importing
the package is fast.
"""

# type checkers know better; importing typing would take half of the time of importing this
TYPE_CHECKING = False

if TYPE_CHECKING:
    from forecast import plots
    from forecast.base.errors import ForecastError
    from forecast.data.archive import archive_status, import_files, read_archive, repair_archive
    from forecast.data.calendar_drivers import calendar_drivers
    from forecast.data.driver_table import read_drivers
    from forecast.data.drivers import add_drivers
    from forecast.data.events import (
        add_events,
        combine,
        read_chronology,
        read_copdab,
        read_counts,
        read_index,
        read_keds,
        read_table,
    )
    from forecast.data.events.dyads import hierarchy, read_dyads, read_eras
    from forecast.data.events.even_coverage import read_coverage
    from forecast.data.events.sets import find_set, read_sets, set_of_codes
    from forecast.data.feeds import FeedSettings, count_feed, read_feed
    from forecast.data.feeds.counting import count_sql
    from forecast.data.fetch import FetchSettings, fetch_feed
    from forecast.data.panel import (
        build_counts_panel,
        build_index_panel,
        build_panel,
        describe_panel,
    )
    from forecast.data.sources import Source, read_sources
    from forecast.desk.questions.answer import answer_question
    from forecast.desk.questions.applied_question import apply_question
    from forecast.desk.questions.ask import conditional_question, joint_question, make_question
    from forecast.desk.questions.events import answer_events, make_event_question
    from forecast.desk.questions.explain import attribute_question
    from forecast.desk.questions.form import read_question
    from forecast.desk.questions.resolution import resolve_events, resolve_question
    from forecast.model import Fit, PendulumModel, PendulumSpec, Priors, fit, update
    from forecast.model.process.cycle import Cycle, register_cycle
    from forecast.model.process.declarations import Prior, Variable
    from forecast.model.process.trend import Trend, register_trend
    from forecast.outlook import Assessment, simulate_ahead
    from forecast.outlook.assess import assess
    from forecast.outlook.assumptions import Assumed
    from forecast.outlook.attribution import attribute
    from forecast.outlook.comparison import split_change
    from forecast.outlook.hazards.asked import AskedEvents
    from forecast.outlook.hazards.asking import ask
    from forecast.outlook.hazards.forecast import forecast_events
    from forecast.outlook.scenarios import scenario
    from forecast.report.claims_page import write_tests
    from forecast.report.page import write_report
    from forecast.report.scenario_page import write_scenarios
    from forecast.report.skill.dyad import read_skill
    from forecast.report.skill.page import write_skill
    from forecast.runs.pipeline import make_report
    from forecast.runs.settings import ReportSettings
    from forecast.study.checks import arviz_groups, check_fit
    from forecast.study.evaluation import Cluster, Record, origins_between
    from forecast.study.evaluation.backtest import backtest, choose_forecasters
    from forecast.study.hypotheses import (
        compare_models,
        make_plan,
        pooled_tests,
        read_plan,
        run_plan,
    )
    from forecast.study.hypotheses.power import simulate_power

    __version__: str

__all__ = [
    "AskedEvents",
    "Assessment",
    "Assumed",
    "Cluster",
    "Cycle",
    "FeedSettings",
    "FetchSettings",
    "Fit",
    "ForecastError",
    "PendulumModel",
    "PendulumSpec",
    "Prior",
    "Priors",
    "Record",
    "ReportSettings",
    "Source",
    "Trend",
    "Variable",
    "__version__",
    "add_drivers",
    "add_events",
    "answer_events",
    "answer_question",
    "apply_question",
    "archive_status",
    "arviz_groups",
    "ask",
    "assess",
    "attribute",
    "attribute_question",
    "backtest",
    "build_counts_panel",
    "build_index_panel",
    "build_panel",
    "calendar_drivers",
    "check_fit",
    "choose_forecasters",
    "combine",
    "compare_models",
    "conditional_question",
    "count_feed",
    "count_sql",
    "describe_panel",
    "fetch_feed",
    "find_set",
    "fit",
    "forecast_events",
    "hierarchy",
    "import_files",
    "joint_question",
    "make_event_question",
    "make_plan",
    "make_question",
    "make_report",
    "origins_between",
    "plots",
    "pooled_tests",
    "read_archive",
    "read_chronology",
    "read_copdab",
    "read_counts",
    "read_coverage",
    "read_drivers",
    "read_dyads",
    "read_eras",
    "read_feed",
    "read_index",
    "read_keds",
    "read_plan",
    "read_question",
    "read_sets",
    "read_skill",
    "read_sources",
    "read_table",
    "register_cycle",
    "register_trend",
    "repair_archive",
    "resolve_events",
    "resolve_question",
    "run_plan",
    "scenario",
    "set_of_codes",
    "simulate_ahead",
    "simulate_power",
    "split_change",
    "update",
    "write_report",
    "write_scenarios",
    "write_skill",
    "write_tests",
]

_NAMES_BY_MODULE = {
    "forecast.base.errors": ("ForecastError",),
    "forecast.data.archive": (
        "archive_status",
        "import_files",
        "read_archive",
        "repair_archive",
    ),
    "forecast.data.calendar_drivers": ("calendar_drivers",),
    "forecast.data.driver_table": ("read_drivers",),
    "forecast.data.drivers": ("add_drivers",),
    "forecast.data.events": (
        "add_events",
        "combine",
        "read_chronology",
        "read_copdab",
        "read_counts",
        "read_index",
        "read_keds",
        "read_table",
    ),
    "forecast.data.events.dyads": (
        "hierarchy",
        "read_dyads",
        "read_eras",
    ),
    "forecast.data.events.even_coverage": ("read_coverage",),
    "forecast.data.events.sets": (
        "find_set",
        "read_sets",
        "set_of_codes",
    ),
    "forecast.data.feeds": (
        "FeedSettings",
        "count_feed",
        "read_feed",
    ),
    "forecast.data.feeds.counting": ("count_sql",),
    "forecast.data.fetch": (
        "FetchSettings",
        "fetch_feed",
    ),
    "forecast.data.panel": (
        "build_counts_panel",
        "build_index_panel",
        "build_panel",
        "describe_panel",
    ),
    "forecast.data.sources": (
        "Source",
        "read_sources",
    ),
    "forecast.desk.questions.answer": ("answer_question",),
    "forecast.desk.questions.applied_question": ("apply_question",),
    "forecast.desk.questions.ask": (
        "conditional_question",
        "joint_question",
        "make_question",
    ),
    "forecast.desk.questions.events": (
        "answer_events",
        "make_event_question",
    ),
    "forecast.desk.questions.explain": ("attribute_question",),
    "forecast.desk.questions.form": ("read_question",),
    "forecast.desk.questions.resolution": (
        "resolve_events",
        "resolve_question",
    ),
    "forecast.model": (
        "Fit",
        "PendulumModel",
        "PendulumSpec",
        "Priors",
        "fit",
        "update",
    ),
    "forecast.model.process.cycle": (
        "Cycle",
        "register_cycle",
    ),
    "forecast.model.process.declarations": (
        "Prior",
        "Variable",
    ),
    "forecast.model.process.trend": (
        "Trend",
        "register_trend",
    ),
    "forecast.outlook": (
        "Assessment",
        "simulate_ahead",
    ),
    "forecast.outlook.assess": ("assess",),
    "forecast.outlook.assumptions": ("Assumed",),
    "forecast.outlook.attribution": ("attribute",),
    "forecast.outlook.comparison": ("split_change",),
    "forecast.outlook.hazards.asked": ("AskedEvents",),
    "forecast.outlook.hazards.asking": ("ask",),
    "forecast.outlook.hazards.forecast": ("forecast_events",),
    "forecast.outlook.scenarios": ("scenario",),
    "forecast.report.claims_page": ("write_tests",),
    "forecast.report.page": ("write_report",),
    "forecast.report.scenario_page": ("write_scenarios",),
    "forecast.report.skill.dyad": ("read_skill",),
    "forecast.report.skill.page": ("write_skill",),
    "forecast.runs.pipeline": ("make_report",),
    "forecast.runs.settings": ("ReportSettings",),
    "forecast.study.checks": (
        "arviz_groups",
        "check_fit",
    ),
    "forecast.study.evaluation": (
        "Cluster",
        "Record",
        "origins_between",
    ),
    "forecast.study.evaluation.backtest": (
        "backtest",
        "choose_forecasters",
    ),
    "forecast.study.hypotheses": (
        "compare_models",
        "make_plan",
        "pooled_tests",
        "read_plan",
        "run_plan",
    ),
    "forecast.study.hypotheses.power": ("simulate_power",),
}
"""What is exported, by the module that defines it."""


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker knows the names from above, and no others
    del TYPE_CHECKING

    def __getattr__(name):
        """Import a public name when it is first used."""
        from importlib import import_module
        from importlib.metadata import version

        from forecast.base.exports import exporter

        if name == "__version__":
            return version("pendulum-forecast")
        if name == "plots":
            return import_module("forecast.plots")
        return exporter(__name__, _NAMES_BY_MODULE)[1](name)
