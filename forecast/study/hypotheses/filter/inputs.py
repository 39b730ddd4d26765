"""Inputs of the filter: parameters of a point, and the months of dyads."""

from typing import NamedTuple

from forecast.base.typing import Float, Index

# Prior of a dyad's long-run mean, log-odds; `evidence.with_mean_sd` replaces its spread.
MEAN = 0.3
MEAN_SD = 1.2
NOISE_SD = 0.22  # of the month-specific noise, log-odds: the centre of its prior in forecasts

# Parameters of a point, one column each; variances end in 2.
PARAMETERS = (
    "retention",  # of the trend, over a month
    "step2",  # of the trend's monthly steps
    "cycle_retention",  # over a month
    "cycle2",  # of the cycle, in the long run
    "start2",  # of the trend at a dyad's first event
    "mean2",  # of the long-run mean
    "volume",  # prior mean of the coefficient of the relative event count
    "volume2",
    "jump2",  # of the trend's jump where an era begins
    "concentration",  # of the beta distribution of a month's share
    "offset2",  # of a source's offset
    "push",  # what an impulse adds to the cycle
    "occasion",  # what an occasion adds to the level
    "force",  # on the trend, one of `FORCES`
    "size",  # of the force
    "memory",  # order of integration of long memory
    "noise2",  # of a month's noise under long memory
)
COLUMN = {name: column for column, name in enumerate(PARAMETERS)}

# Forces on the trend. The size of a ceiling is its height above the trend at an era's start, that
# of bounds their distance from the long-run mean, that of growing reversion by how much stronger it
# is one log-odds away than near the mean. A trend with long memory has no force (`memory`).
NO_FORCE = 0
CEILING = 1
BOUNDS = 2
GROWING = 3
LONG_MEMORY = 4
FORCES = {
    "none": NO_FORCE,
    "ceiling": CEILING,
    "bounds": BOUNDS,
    "growing": GROWING,
    "memory": LONG_MEMORY,
}

# What an anchor does in a month: it puts a ceiling above the trend, or begins a source or a mean.
SET_CEILING = 1
NEW_SOURCE = 2
NEW_MEAN = 3


class FilterSteps(NamedTuple):
    """Months of all dyads at which something happens, dyad after dyad in time order, (step,)."""

    cooperative: Index
    # 0 in a month in which only an era or a source begins, -1 in one with a value of an index
    events: Index
    value: Float  # Of an index, in standard deviations; NaN for counts
    volume: Float  # Relative event count
    gap: Index  # Months since the step before; 0 at a dyad's first
    begins: Float  # 1 where an era begins, else 0
    anchor: Index  # `SET_CEILING` by the trend, `NEW_SOURCE`, `NEW_MEAN`, or 0
    impulse: Float  # What moves the cycle after the month
    occasion: Float  # What moves the level in the month
    ends: Index  # First step of each dyad, and the number of all, (dyad + 1,)
