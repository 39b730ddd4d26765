"""Forces on the trend: a ceiling, bounds, and reversion that grows with the distance."""

import math
from typing import Any

from forecast.study.hypotheses.filter.block import (
    ANCHORED,
    CYCLE,
    EFFECT,
    FORCE_NODES,
    LANES,
    LONG_RUN,
    TREND,
    compiled,
)
from forecast.study.hypotheses.filter.inputs import BOUNDS, CEILING, GROWING
from forecast.study.hypotheses.filter.numeric import (
    FORCE_POSITIONS,
    FORCE_WEIGHTS,
    HAZARD,
    read_table,
)
from forecast.study.hypotheses.filter.update import combine

MAX_GROWING_MOVE = 0.1  # share of a distance by which growing reversion moves a trend in a month
MAX_VARIANCE_LOST = 0.9  # share of a step's variance that a bound takes away


@compiled
def _grow(block: Any) -> None:
    """Write by how much growing reversion moves the trend in a month, by node."""
    for i in range(LANES):
        sd = math.sqrt(max(block.spread2[i], 1e-9))
        growth = (1.0 - block.retention[i]) * block.size[i]
        block.variance_lost[i] = 0.0
        for j in range(FORCE_NODES):
            distance = block.level[i] + sd * FORCE_POSITIONS[j]
            share = min(MAX_GROWING_MOVE, growth * distance * distance)
            block.force_move[j * LANES + i] = -distance * share


@compiled
def _bound(block: Any, lower: float) -> None:
    """Write by how much bounds move the trend in a month, by node, and the variance lost.

    There is an upper bound, and also a lower one if ``lower`` is 1.
    """
    for i in range(LANES):
        sd = math.sqrt(max(block.spread2[i], 1e-9))
        edge = block.edge[i]
        lost = 0.0
        drift = block.step2[i] / edge
        for j in range(FORCE_NODES):
            distance = block.level[i] + sd * FORCE_POSITIONS[j]
            above = (block.size[i] - distance) / edge
            below = (block.size[i] + distance) / edge
            up = read_table(HAZARD, above)
            down = lower * read_table(HAZARD, below)
            block.force_move[j * LANES + i] = drift * (down - up)
            lost += FORCE_WEIGHTS[j] * (up * (up + above) + down * (down + below))
        block.variance_lost[i] = min(drift * drift * lost, MAX_VARIANCE_LOST * block.step2[i])


@compiled
def move_by_force(block: Any, force: int, months: int) -> None:
    """Move the trend by its force over some months.

    The force is linearised at the trend without its steps in these months.
    """
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        covariance[TREND, TREND, i] -= block.trend_gap_variance[i]
    if force == CEILING:  # distance above the trend at the era's start
        combine(block, 0.0, 0.0, 0.0, -1.0, 0.0)
    else:  # distance from the long-run mean
        combine(block, 0.0, 0.0, -1.0, 0.0, 0.0)
    if force == GROWING:
        _grow(block)
    else:
        _bound(block, 1.0 if force == BOUNDS else 0.0)
    for i in range(LANES):
        move_mean = 0.0
        move_along = 0.0
        move_square = 0.0
        for j in range(FORCE_NODES):
            move = block.force_move[j * LANES + i]
            move_mean += FORCE_WEIGHTS[j] * move
            move_along += FORCE_WEIGHTS[j] * move * FORCE_POSITIONS[j]
            move_square += FORCE_WEIGHTS[j] * move * move
        unexplained = max(move_square - move_mean * move_mean - move_along * move_along, 0.0)
        added = unexplained - block.variance_lost[i]
        slope = months * move_along / math.sqrt(max(block.spread2[i], 1e-9))
        mean[TREND, i] += months * move_mean
        covariance[TREND, TREND, i] += (
            slope * (2.0 * along[TREND, i] + slope * block.spread2[i])
            + block.trend_gap_variance[i]
            + months * added
        )
        covariance[TREND, CYCLE, i] += slope * along[CYCLE, i]
        covariance[TREND, EFFECT, i] += slope * along[EFFECT, i]
        covariance[TREND, LONG_RUN, i] += slope * along[LONG_RUN, i]
        covariance[TREND, ANCHORED, i] += slope * along[ANCHORED, i]
