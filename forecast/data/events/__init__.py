"""Coded events from any source in one tidy table (docs/events.md, docs/schema/events.md)."""

from forecast.data.events.adding import add_events
from forecast.data.events.addition_notes import describe_additions
from forecast.data.events.chronology import read_chronology
from forecast.data.events.counts import read_counts, read_index
from forecast.data.events.dyads import dyad_code, find_dyad, hierarchy, read_dyads, read_eras
from forecast.data.events.even_coverage import read_coverage
from forecast.data.events.keds import read_copdab, read_keds
from forecast.data.events.table import (
    CountTable,
    EventTable,
    SourceFile,
    as_of,
    combine,
    write_rejects,
)
from forecast.data.events.tables import read_table

__all__ = [
    "CountTable",
    "EventTable",
    "SourceFile",
    "add_events",
    "as_of",
    "combine",
    "describe_additions",
    "dyad_code",
    "find_dyad",
    "hierarchy",
    "read_chronology",
    "read_copdab",
    "read_counts",
    "read_coverage",
    "read_dyads",
    "read_eras",
    "read_index",
    "read_keds",
    "read_table",
    "write_rejects",
]
