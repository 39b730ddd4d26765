"""Reports of an outlook (page with figures, forecast.json, levels.csv), of tests of claims, and of a backtest.

Entry points: `write_report`, `write_tests` and `write_skill`. Every number comes from the assessment, the test results
or the backtest, so that page and JSON agree. Matplotlib is imported only when a figure is drawn.
"""

from forecast.report.jsonfile import forecast_json, levels_table
from forecast.report.skill import find_skill, read_skill
from forecast.report.theory_page import write_theory
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
    "find_skill", "forecast_json", "levels_table", "read_skill", "write_change",
    "write_checks", "write_moved", "write_report", "write_scenarios", "write_skill", "write_skill_page", "write_tests",
    "write_theory", "write_track_record",
]  # fmt: skip
