"""The report of an outlook (one page with figures, forecast.json, levels.csv), of a run of tests, and of a backtest.

Start at `write_report`, `write_tests` and `write_skill`. Every number comes from the assessment, the verdicts or the
results, so that page and JSON cannot contradict each other; matplotlib is imported only where something is drawn.
"""

from forecast.report.checks_page import render_checks
from forecast.report.jsonfile import forecast_json, levels_table
from forecast.report.moved_page import change_json, moved_json, render_change, render_moved
from forecast.report.page import render_page
from forecast.report.skill import find_skill, read_skill
from forecast.report.skill_page import render_skill
from forecast.report.tests_page import render_tests, results_json, results_table
from forecast.report.write import (
    write_change,
    write_checks,
    write_moved,
    write_report,
    write_scenarios,
    write_skill,
    write_skill_page,
    write_tests,
    write_track_record,
)

__all__ = [
    "change_json",
    "find_skill",
    "forecast_json",
    "levels_table",
    "moved_json",
    "read_skill",
    "render_change",
    "render_checks",
    "render_moved",
    "render_page",
    "render_skill",
    "render_tests",
    "results_json",
    "results_table",
    "write_change",
    "write_checks",
    "write_moved",
    "write_report",
    "write_scenarios",
    "write_skill",
    "write_skill_page",
    "write_tests",
    "write_track_record",
]
