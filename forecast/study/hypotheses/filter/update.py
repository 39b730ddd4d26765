"""Update of the state by what is observed of a combination of its variables."""

from typing import Any

from forecast.study.hypotheses.filter.block import (
    ANCHORED,
    CYCLE,
    EFFECT,
    LANES,
    LONG_RUN,
    STATE,
    TREND,
    compiled,
)


@compiled
def combine(
    block: Any, cycle: float, effect: float, long_run: float, anchored: float, occasion: float
) -> None:
    """Combine the trend with multiples of the other variables and an occasion.

    It writes mean and variance of the combination, and its covariances with the state.
    """
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        along[TREND, i] = (
            covariance[TREND, TREND, i]
            + cycle * covariance[TREND, CYCLE, i]
            + effect * covariance[TREND, EFFECT, i]
            + long_run * covariance[TREND, LONG_RUN, i]
            + anchored * covariance[TREND, ANCHORED, i]
        )
        along[CYCLE, i] = (
            covariance[TREND, CYCLE, i]
            + cycle * covariance[CYCLE, CYCLE, i]
            + effect * covariance[CYCLE, EFFECT, i]
            + long_run * covariance[CYCLE, LONG_RUN, i]
            + anchored * covariance[CYCLE, ANCHORED, i]
        )
        along[EFFECT, i] = (
            covariance[TREND, EFFECT, i]
            + cycle * covariance[CYCLE, EFFECT, i]
            + effect * covariance[EFFECT, EFFECT, i]
            + long_run * covariance[EFFECT, LONG_RUN, i]
            + anchored * covariance[EFFECT, ANCHORED, i]
        )
        along[LONG_RUN, i] = (
            covariance[TREND, LONG_RUN, i]
            + cycle * covariance[CYCLE, LONG_RUN, i]
            + effect * covariance[EFFECT, LONG_RUN, i]
            + long_run * covariance[LONG_RUN, LONG_RUN, i]
            + anchored * covariance[LONG_RUN, ANCHORED, i]
        )
        along[ANCHORED, i] = (
            covariance[TREND, ANCHORED, i]
            + cycle * covariance[CYCLE, ANCHORED, i]
            + effect * covariance[EFFECT, ANCHORED, i]
            + long_run * covariance[LONG_RUN, ANCHORED, i]
            + anchored * covariance[ANCHORED, ANCHORED, i]
        )
        block.spread2[i] = (
            along[TREND, i]
            + cycle * along[CYCLE, i]
            + effect * along[EFFECT, i]
            + long_run * along[LONG_RUN, i]
            + anchored * along[ANCHORED, i]
        )
        block.level[i] = (
            mean[TREND, i]
            + cycle * mean[CYCLE, i]
            + effect * mean[EFFECT, i]
            + long_run * mean[LONG_RUN, i]
            + anchored * mean[ANCHORED, i]
            + block.occasion[i] * occasion
        )


@compiled
def condition(block: Any, impulse: float) -> None:
    """Condition the state on a month, by score and information; then an impulse moves the cycle."""
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        score, push = block.score[i], block.push[i]
        mean[TREND, i] += along[TREND, i] * score
        mean[CYCLE, i] += along[CYCLE, i] * score + push * impulse
        mean[EFFECT, i] += along[EFFECT, i] * score
        mean[LONG_RUN, i] += along[LONG_RUN, i] * score
        mean[ANCHORED, i] += along[ANCHORED, i] * score
    for i in range(LANES):
        information = block.information[i]
        for a in range(STATE):
            for b in range(a, STATE):
                covariance[a, b, i] -= information * along[a, i] * along[b, i]
