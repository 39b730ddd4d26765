"""Assumed-density filter: likelihood of a dyad's counts at points of a model's parameters.

The level of a dyad in a month is ``trend + cycle + coefficient * relative event count``, in
log-odds. The trend returns to a long-run mean or walks; the coefficient and the mean are unknown
and part of the state. The number of cooperative among a month's events is beta-binomial around the
level with month-specific noise. Each month updates the state by the first two moments of its level,
from Gauss-Hermite nodes; between months the state is Gaussian.

A further variable of the state is either the trend at the start of an era or the offset of a
source. A trend under a ceiling, between bounds or with growing reversion is moved by a force, which
is linearised in the same way.

`filter_steps` runs through the months of all dyads.
"""

from typing import Any

from forecast.base.typing import Float, Index
from forecast.study.hypotheses.filter.block import CYCLE, LANES, LONG_RUN, compiled
from forecast.study.hypotheses.filter.forces import move_by_force
from forecast.study.hypotheses.filter.inputs import CEILING, NO_FORCE, FilterSteps
from forecast.study.hypotheses.filter.moves import begin, revert, set_gap
from forecast.study.hypotheses.filter.observation import (
    STEPS_PER_LOG,
    score_events,
    score_value,
    take_log,
)
from forecast.study.hypotheses.filter.update import combine, condition


@compiled
def filter_steps(
    blocks: Any, force_months: Index, force: int, steps: FilterSteps, out: Float
) -> None:
    """Write log-likelihood, and mean and variance of the long-run mean, (block, dyad, 3, lane)."""
    current = blocks[:1].copy()
    block = current[0]
    for b in range(blocks.size):
        for d in range(steps.ends.size - 1):
            current[0] = blocks[b]
            months = 0
            for step in range(steps.ends[d], steps.ends[d + 1]):
                if step % STEPS_PER_LOG == 0:
                    take_log(block)
                remaining = steps.gap[step]
                while remaining > 0:
                    if months != min(remaining, force_months[b]):
                        months = min(remaining, force_months[b])
                        set_gap(block, months)
                    remaining -= months
                    revert(block)
                    if force > NO_FORCE:
                        move_by_force(block, force, months)
                if steps.begins[step] > 0.0 or steps.anchor[step] > 0:
                    begin(block, steps.begins[step], steps.anchor[step], force)
                if steps.events[step] == 0:
                    for i in range(LANES):
                        block.mean[CYCLE, i] += block.push[i] * steps.impulse[step]
                    continue
                offset = 0.0 if force == CEILING else 1.0  # of a source
                combine(block, 1.0, steps.volume[step], 0.0, offset, steps.occasion[step])
                if steps.events[step] < 0:
                    score_value(block, steps.value[step])
                else:
                    score_events(block, steps.cooperative[step], steps.events[step])
                condition(block, steps.impulse[step])
            take_log(block)
            for i in range(LANES):
                out[b, d, 0, i] = block.log_likelihood[i]
                out[b, d, 1, i] = block.mean[LONG_RUN, i]
                out[b, d, 2, i] = block.covariance[LONG_RUN, LONG_RUN, i]
