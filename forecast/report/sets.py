"""Table of the sets of events on the page of a pair.

It has chances at horizons where they tell something.
"""

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from forecast.base.wording import chance, number
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.events.sets import read_sets
from forecast.data.events.table import EventTable, Recorded
from forecast.data.panel.record import coverage_end
from forecast.outlook.hazards.forecast import SetOutlook, set_outlooks
from forecast.outlook.summary import NotDefined
from forecast.report.table import Cell, Table

if TYPE_CHECKING:
    import xarray as xr

DAYS = (30, 90, 365)
"""Lengths of the windows; the last one decides whether a set is shown."""
CERTAIN = 0.99
"""Chance beyond which, and below whose complement, the number expected stands alone."""
SMALLEST_CHANCE = 0.005
"""Chance in a year below which a set is left out."""
NO_SETS = NotDefined(
    "the hazards were fitted to single events of the chronology, and these are others"
)


def outlooks_of_sets(
    panel: "xr.Dataset", dyad: str, events: Recorded | None, rows: pd.DataFrame, as_of: date
) -> list[SetOutlook] | NotDefined:
    """Return the sets of events by horizon; not defined without single events of the chronology.

    `rows` are the events of the dyad that were known by the day.
    """
    scale = str(panel.attrs.get("scale"))
    names = tuple(map(str, panel["class_name"].to_numpy())) if "class_name" in panel.coords else ()
    scale_of_package = scale in scale_names() and names == read_scale(scale).classes
    chronology = set(rows.get("dataset", ())) == {"chronology"}
    if not scale_of_package or not isinstance(events, EventTable) or not chronology:
        return NO_SETS
    covered = min(coverage_end(events, dyad, "chronology"), as_of)
    return set_outlooks(rows, dyad, as_of, covered, DAYS, list(read_sets().values()))


def sets_table(outlooks: list[SetOutlook] | NotDefined) -> Table | None:
    """Arrange chance and expected number of each set by days; None where they are not defined."""
    if isinstance(outlooks, NotDefined):
        return None
    heads: list[Cell] = ["Set", *((f"{days} days", "number expected") for days in DAYS)]
    rows: list[list[Cell]] = [
        [
            f"{outlook.set}*" if outlook.note else outlook.set,
            *map(_cell, outlook.chances, outlook.expected),
        ]
        for outlook in outlooks
        if outlook.chances[-1] >= SMALLEST_CHANCE
    ]
    return Table.of(heads, rows)


def _cell(likely: float, expected: float) -> tuple[str, str]:
    return _shown(likely), number(expected, 1)


def _shown(value: float) -> str:
    return chance(value) if 1 - CERTAIN <= value <= CERTAIN else "–"
