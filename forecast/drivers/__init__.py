"""Drivers: covariates with the date each value became available, read from a file and added to a panel.

`read_drivers` reads a user's file, and `calendar_drivers` derives drivers from the scheduled events of
``data/calendar.csv``. `add_drivers` adds either to a panel, with the values known on the panel's day.
"""

from forecast.drivers.panel import add_drivers as add_drivers
from forecast.drivers.table import DriverTable as DriverTable
from forecast.drivers.table import calendar_drivers as calendar_drivers
from forecast.drivers.table import drivers_for as drivers_for
from forecast.drivers.table import read_calendar as read_calendar
from forecast.drivers.table import read_drivers as read_drivers

__all__ = ["DriverTable", "add_drivers", "calendar_drivers", "drivers_for", "read_calendar", "read_drivers"]
