"""The report of an outlook (one page with figures, forecast.json, levels.csv), and that of a run of tests.

Start at `write_report` and `write_tests`. Every number comes from the assessment or the verdicts, so that page and
JSON cannot contradict each other; matplotlib is imported only where something is drawn.
"""

from forecast.report.jsonfile import forecast_json
from forecast.report.levels import levels_table
from forecast.report.page import render_page
from forecast.report.tests_json import results_json, results_table
from forecast.report.tests_page import render_tests
from forecast.report.write import write_report, write_tests

__all__ = [
    "forecast_json",
    "levels_table",
    "render_page",
    "render_tests",
    "results_json",
    "results_table",
    "write_report",
    "write_tests",
]
