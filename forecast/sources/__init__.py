"""Data of a run: a chronology, an event table, counts, an index, or several of them, read in one way.

Entry points: `open_source` reads the data that a `Source` names, and `gather` counts them into a panel. To add a kind
of source, name it in `KINDS` and write its reader next to `open_source`.
"""

from forecast.sources.records import Records
from forecast.sources.source import KINDS, Data, Source, gather, open_source, panel_digest

__all__ = ["KINDS", "Data", "Records", "Source", "gather", "open_source", "panel_digest"]
