"""Whole runs in one call: a report, and a week of forecasts."""
