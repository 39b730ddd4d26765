"""Nodes of integrals over a normal variable, and tables of functions for the compiled filters."""

import math

import numpy as np
from scipy.stats import norm

from forecast.base.typing import Float
from forecast.study.hypotheses.filter.block import FORCE_NODES, NODES, compiled

# Tables of the logistic function and of the normal hazard: the standard normal density over the
# probability below.
TABLE_ENTRIES = 256  # per unit
TABLE_REACH = 16  # units on both sides of zero
LOGISTIC = 0
HAZARD = 1
_ENTRIES = np.arange(-TABLE_REACH * TABLE_ENTRIES, TABLE_REACH * TABLE_ENTRIES + 2) / TABLE_ENTRIES
_TABLES = np.stack(
    [1.0 / (1.0 + np.exp(-_ENTRIES)), np.exp(norm.logpdf(_ENTRIES) - norm.logcdf(_ENTRIES))]
)
_DIFFERENCES = np.diff(_TABLES)


def gauss(size: int) -> tuple[Float, Float]:
    """Return nodes and weights of an integral over a standard normal variable."""
    raw, weights = np.polynomial.hermite.hermgauss(size)
    return math.sqrt(2.0) * raw, weights / math.sqrt(math.pi)


POSITIONS, WEIGHTS = gauss(NODES)
FORCE_POSITIONS, FORCE_WEIGHTS = gauss(FORCE_NODES)


@compiled
def read_table(table: int, value: float) -> float:
    """Interpolate a table; beyond its ends it is constant."""
    inside = min(max(value, -TABLE_REACH + 0.1), TABLE_REACH - 0.1)
    position = (inside + TABLE_REACH) * TABLE_ENTRIES
    below = np.int32(position)
    entry = np.uintp(below)  # an index without sign is not counted from the end
    return float(_TABLES[table, entry] + (position - below) * _DIFFERENCES[table, entry])
