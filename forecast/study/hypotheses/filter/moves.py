"""Moves of the state between months: reversion, and the start of an era, a source or a mean."""

from typing import Any

from forecast.model.kernels import built_in
from forecast.model.process import transition
from forecast.study.hypotheses.filter.block import (
    ANCHORED,
    CYCLE,
    EFFECT,
    IN_ORDER,
    LANES,
    LONG_RUN,
    TREND,
    compiled,
)
from forecast.study.hypotheses.filter.inputs import CEILING, MEAN, NEW_MEAN, NEW_SOURCE, SET_CEILING

# Formulas of the process, which forecasts share.
drift = built_in(transition.drift, IN_ORDER)
innovation_fraction = built_in(transition.innovation_fraction, IN_ORDER)
accumulated_variance_next = built_in(transition.accumulated_variance_next, IN_ORDER)


@compiled
def set_gap(block: Any, months: int) -> None:
    """Set retention of trend and cycle over some months, and the variance added to the trend."""
    for i in range(LANES):
        trend_retention = 1.0
        cycle_retention = 1.0
        variance = 0.0
        for _ in range(months):
            trend_retention = trend_retention * block.retention[i]
            cycle_retention = cycle_retention * block.cycle_retention[i]
            variance = accumulated_variance_next(variance, block.retention[i], block.step2[i])
        block.trend_gap_retention[i] = trend_retention
        block.cycle_gap_retention[i] = cycle_retention
        block.trend_gap_variance[i] = variance


@compiled
def revert(block: Any) -> None:
    """Move the state over the months that `set_gap` has set: trend and cycle revert."""
    mean, covariance = block.mean, block.covariance
    for i in range(LANES):
        retention = block.trend_gap_retention[i]
        lost = 1.0 - retention  # share of the distance from the long-run mean
        cycle_retention = block.cycle_gap_retention[i]
        covariance[TREND, TREND, i] = (
            retention * retention * covariance[TREND, TREND, i]
            + 2.0 * retention * lost * covariance[TREND, LONG_RUN, i]
            + lost * lost * covariance[LONG_RUN, LONG_RUN, i]
            + block.trend_gap_variance[i]
        )
        covariance[TREND, CYCLE, i] = cycle_retention * (
            retention * covariance[TREND, CYCLE, i] + lost * covariance[CYCLE, LONG_RUN, i]
        )
        covariance[TREND, EFFECT, i] = (
            retention * covariance[TREND, EFFECT, i] + lost * covariance[EFFECT, LONG_RUN, i]
        )
        covariance[TREND, ANCHORED, i] = (
            retention * covariance[TREND, ANCHORED, i] + lost * covariance[LONG_RUN, ANCHORED, i]
        )
        covariance[TREND, LONG_RUN, i] = (
            retention * covariance[TREND, LONG_RUN, i] + lost * covariance[LONG_RUN, LONG_RUN, i]
        )
        covariance[CYCLE, CYCLE, i] = cycle_retention * cycle_retention * covariance[
            CYCLE, CYCLE, i
        ] + block.cycle2[i] * innovation_fraction(cycle_retention)
        covariance[CYCLE, EFFECT, i] *= cycle_retention
        covariance[CYCLE, LONG_RUN, i] *= cycle_retention
        covariance[CYCLE, ANCHORED, i] *= cycle_retention
        mean[TREND, i] = retention * mean[TREND, i] + drift(mean[LONG_RUN, i], retention)
        mean[CYCLE, i] *= cycle_retention


@compiled
def begin(block: Any, begins: float, anchor: int, force: int) -> None:
    """Begin an era, a ceiling, a source or a long-run mean."""
    mean, covariance = block.mean, block.covariance
    for i in range(LANES):
        covariance[TREND, TREND, i] += begins * block.jump2[i]
        if anchor == SET_CEILING and force == CEILING:  # the anchored variable is the trend now
            mean[ANCHORED, i] = mean[TREND, i]
            covariance[TREND, ANCHORED, i] = covariance[TREND, TREND, i]
            covariance[CYCLE, ANCHORED, i] = covariance[TREND, CYCLE, i]
            covariance[EFFECT, ANCHORED, i] = covariance[TREND, EFFECT, i]
            covariance[LONG_RUN, ANCHORED, i] = covariance[TREND, LONG_RUN, i]
            covariance[ANCHORED, ANCHORED, i] = covariance[TREND, TREND, i]
        elif anchor == NEW_SOURCE and force != CEILING:
            mean[ANCHORED, i] = 0.0
            covariance[TREND, ANCHORED, i] = 0.0
            covariance[CYCLE, ANCHORED, i] = 0.0
            covariance[EFFECT, ANCHORED, i] = 0.0
            covariance[LONG_RUN, ANCHORED, i] = 0.0
            covariance[ANCHORED, ANCHORED, i] = block.offset2[i]
        elif anchor == NEW_MEAN:
            mean[LONG_RUN, i] = MEAN
            covariance[TREND, LONG_RUN, i] = 0.0
            covariance[CYCLE, LONG_RUN, i] = 0.0
            covariance[EFFECT, LONG_RUN, i] = 0.0
            covariance[LONG_RUN, ANCHORED, i] = 0.0
            covariance[LONG_RUN, LONG_RUN, i] = block.mean2[i]
