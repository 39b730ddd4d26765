"""Months with a scheduled election, congress or summit, by kind, on the months of a record."""

import numpy as np

from forecast.base.typing import Float
from forecast.data.calendar_drivers import calendar_drivers
from forecast.study.hypotheses.record import PooledRecord


def occasions_of(record: PooledRecord) -> dict[str, Float]:
    """Return the months with an occasion, by kind, 1 or 0, (dyad, month)."""
    table = calendar_drivers(list(record.dyads))
    occasions = {name: np.zeros(record.events.shape) for name in table.names}
    last_day = record.time[-1].astype("datetime64[D]").item()
    for name, months in occasions.items():
        for row, dyad in enumerate(record.dyads):
            scheduled = table.known(name, dyad, last_day)
            month = scheduled.index.to_numpy().astype("datetime64[M]")
            column = np.minimum(np.searchsorted(record.time, month), len(record.time) - 1)
            inside = record.time[column] == month
            months[row, column[inside]] = scheduled["value"].to_numpy()[inside]
    return occasions
