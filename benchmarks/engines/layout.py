"""What plain code reads of a panel: months with events, and the classes counted in them."""

from dataclasses import dataclass

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.typing import Index
from forecast.model.observation.sparse_counts import SparseCounts

FAR = 1e3
"""Stands for the thresholds below the lowest class and above the highest, in log-odds."""


@dataclass(frozen=True)
class Months:
    """Months with events, of one feed that does not tell directions, as arrays.

    Attributes
    ----------
    month_dyad, month_place, month_events : (month,)
        Dyad, place in the path by dyad and time, and number of events.
    entry_month, entry_class, entry_count : (entry,)
        The classes counted; those counted once come first, for they need a logarithm only.
    singles : int
        How many were counted once.
    """

    month_dyad: Index
    month_place: Index
    month_events: Index
    entry_month: Index
    entry_class: Index
    entry_count: Index
    singles: int

    @classmethod
    def of(cls, counted: SparseCounts) -> "Months":
        """Read the months of what was counted, where every month is a node.

        Raises
        ------
        SpecError
            If there are several feeds or directions.
        """
        if counted.directions * counted.datasets > 1:
            raise SpecError(
                f"panel: got {counted.datasets} datasets and {counted.directions} directions; the "
                "plain model is written for one dataset without directions"
            )
        dyad, place, _, _, events = counted.cells.T
        by_class = counted.reports[:, [1, 0]]  # hostile, cooperative
        month, event_class = np.nonzero(by_class)
        count = by_class[month, event_class]
        order = np.argsort(count > 1, kind="stable")
        entries = (column[order] for column in (month, event_class, count))
        return cls(dyad, place, events, *entries, int((count == 1).sum()))
