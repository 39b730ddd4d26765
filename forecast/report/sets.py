"""Table of the sets of events on the page of a pair: chances at horizons where they tell something."""

from datetime import date

import pandas as pd

from forecast.base.wording import chance, number
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.events.sets import read_sets
from forecast.data.events.table import EventTable
from forecast.data.panel.record import coverage_end
from forecast.outlook.hazards.forecast import SetOutlook, set_outlooks
from forecast.outlook.summary import NotDefined
from forecast.report.material import Material
from forecast.report.table import Cell, Table

DAYS = (30, 90, 365)
# a chance beyond it, or below its complement, tells nothing: the number expected stands alone
CERTAIN = 0.99
FEWEST = 0.005  # chance in a year below which a set is left out
NO_SETS = NotDefined(
    "the hazards were fitted to single events of the chronology, and these are others"
)


def listed_sets(material: Material) -> list[SetOutlook] | NotDefined:
    """Return the sets of events by horizon; not defined without single events of the chronology."""
    rows: pd.DataFrame = material.known
    panel = material.fit.panel
    scale = str(panel.attrs.get("scale"))
    names = tuple(map(str, panel["class_name"].to_numpy())) if "class_name" in panel.coords else ()
    own_classes = scale in scale_names() and names == read_scale(scale).classes
    chronology = set(rows.get("dataset", ())) == {"chronology"}
    if not own_classes or not isinstance(material.events, EventTable) or not chronology:
        return NO_SETS
    dyad, known = material.result.dyad, material.as_of
    covered: date = min(coverage_end(material.events, dyad, "chronology"), known)
    return set_outlooks(rows, dyad, known, covered, DAYS, list(read_sets().values()))


def sets_table(material: Material) -> Table | None:
    """Arrange chance and expected number of each set by days; None where they are not defined."""
    found = listed_sets(material)
    if isinstance(found, NotDefined):
        return None
    heads: list[Cell] = ["Set", *((f"{days} days", "number expected") for days in DAYS)]
    rows: list[list[Cell]] = [
        [f"{one.set}*" if one.note else one.set, *map(_cell, one.chances, one.expected)]
        for one in found
        if one.chances[-1] >= FEWEST
    ]
    return Table.of(heads, rows)


def _cell(likely: float, expected: float) -> tuple[str, str]:
    return _shown(likely), number(expected, 1)


def _shown(value: float) -> str:
    return chance(value) if 1 - CERTAIN <= value <= CERTAIN else "–"
