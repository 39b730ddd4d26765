"""Panel: events counted by dyad, period, direction and ordinal class, or an index; its coverage.

An empty cell of a covered period is a true zero; a period outside coverage is missing, never zero.
The attributes account for every event of the requested dyads (`counted`, `paired`,
`outside_coverage`, `outside_span`, `late`).
"""

from forecast.data.events.table import event_counts
from forecast.data.panel.build import build_counts_panel, build_panel
from forecast.data.panel.description import PanelDescription, describe_panel, summarise
from forecast.data.panel.index_panel import build_index_panel
from forecast.data.panel.kinds import SCHEMA, PanelKind, panel_kind, validate_panel
from forecast.data.panel.record import coverage_end, observed_periods, require_record
from forecast.data.panel.shares import observed_shares, observed_years
from forecast.data.panel.spans import first_periods, panel_of_dyad, recounted

__all__ = [
    "SCHEMA",
    "PanelDescription",
    "PanelKind",
    "build_counts_panel",
    "build_index_panel",
    "build_panel",
    "coverage_end",
    "describe_panel",
    "event_counts",
    "first_periods",
    "observed_periods",
    "observed_shares",
    "observed_years",
    "panel_kind",
    "panel_of_dyad",
    "recounted",
    "require_record",
    "summarise",
    "validate_panel",
]
