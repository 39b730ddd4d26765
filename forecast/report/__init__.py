"""The report of an outlook: one page with figures, forecast.json, levels.csv.

Start at `write_report`. Every number comes from the assessment, so that page and JSON cannot contradict each
other; matplotlib is imported only where something is drawn.
"""

from forecast.report.jsonfile import forecast_json
from forecast.report.levels import levels_table
from forecast.report.page import render_page
from forecast.report.write import write_report

__all__ = ["forecast_json", "levels_table", "render_page", "write_report"]
