"""Assumed-density filter of long memory: likelihood of a dyad whose trend is a fractional path.

A fractionally integrated path, ARFIMA(0, d, 0), has no finite state. It is approximated by a sum of
white noise and five AR(1) processes with fixed half-lives. Their variances follow from ``d`` by a
non-negative least-squares fit to its spectrum (`variances_of_parts`). So a dyad's level is the sum
of these parts, a cycle, the long-run mean and the volume effect. `filter_memory` conditions on a
month's events as `filter.recursion` does, in the same lanes. Eras, anchors,
impulses and occasions have no effect on a path of long memory.
"""

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import nnls

from forecast.base.typing import Float
from forecast.model.process import transition
from forecast.study.hypotheses.filter.block import LANES, NODES, compiled
from forecast.study.hypotheses.filter.inputs import COLUMN, MEAN, FilterSteps
from forecast.study.hypotheses.filter.moves import innovation_fraction
from forecast.study.hypotheses.filter.observation import (
    STEPS_PER_LOG,
    score_events,
    score_value,
    take_log,
)

# Months: half-lives of the AR(1) parts with which the fitted spectra are nearest.
HALF_LIVES = np.array([0.85, 5.0, 30.0, 180.0, 6000.0])
# Months: slower waves, of more than three centuries, are not fitted, because no record shows them.
MAX_FITTED_PERIOD = 4000
FREQUENCIES = 120  # at which the spectrum is fitted, evenly spaced in logarithms
MIN_TABLE_MEMORY = 0.01  # smallest order of integration d for which variances are tabulated
MAX_TABLE_MEMORY = 0.99  # largest d for which variances are tabulated
TABLE_STEP = 0.01  # between two such d
# Months for which a path has run before a dyad's first event; for d above one half its variance
# grows.
PAST_MONTHS = 120
RETENTIONS = transition.retention_of(HALF_LIVES)

# Variables of the state: the parts of the fractional path and the cycle, which fade, and the
# long-run mean and the volume effect, which are constant.
PARTS = len(HALF_LIVES)
CYCLE = PARTS
FADING = PARTS + 1  # number of variables that fade
LONG_RUN = FADING
EFFECT = FADING + 1
STATE = FADING + 2

_SCALARS = (
    "concentration",
    "noise2",
    "level",
    "spread2",
    "score",
    "information",
    "recent_likelihood",
    "log_likelihood",
)
_BY_NODE = ("likelihood", "cooperative_shape", "hostile_shape", "log_likelihood_of_node")
# A block has one lane for each point of the parameters, as in `block.BLOCK`.
_BLOCK = np.dtype(
    [(name, np.float64, (LANES,)) for name in _SCALARS]
    + [(name, np.float64, ((NODES + 1) * LANES,)) for name in _BY_NODE]
    + [
        # Of each fading variable: retention over a month and over the last gap, long-run variance
        ("retention", np.float64, (FADING, LANES)),
        ("gap_retention", np.float64, (FADING, LANES)),
        ("variance", np.float64, (FADING, LANES)),
        ("mean", np.float64, (STATE, LANES)),
        ("covariance", np.float64, (STATE, STATE, LANES)),  # the upper triangle
        ("along", np.float64, (STATE, LANES)),  # covariances of the state with a month's level
    ]
)


def spectrum_of(memory: float, frequencies: Float) -> Float:
    """Return the spectrum of a fractional path with innovations of variance 1, up to a constant."""
    return np.asarray((2.0 * np.sin(frequencies / 2.0)) ** (-2.0 * memory))


def fitted_frequencies() -> Float:
    """Return the frequencies at which spectra are fitted, radians per month."""
    return np.geomspace(2.0 * np.pi / MAX_FITTED_PERIOD, np.pi, FREQUENCIES)


def part_spectra(frequencies: Float) -> Float:
    """Return the spectra of white noise and of the AR(1) parts, (frequency, part).

    Their innovations have variance 1.
    """
    parts = 1.0 / (1.0 - 2.0 * RETENTIONS * np.cos(frequencies[:, None]) + RETENTIONS**2)
    return np.column_stack([np.ones(len(frequencies)), parts])


@cache
def _variance_table() -> tuple[Float, Float]:
    """Return values of d, and the variances of innovations for each, (value, part)."""
    memories = np.arange(MIN_TABLE_MEMORY, MAX_TABLE_MEMORY + TABLE_STEP / 2.0, TABLE_STEP)
    frequencies = fitted_frequencies()
    spectra = part_spectra(frequencies)
    ones = np.ones(len(frequencies))
    variances = [
        nnls(spectra / spectrum_of(memory, frequencies)[:, None], ones)[0] for memory in memories
    ]
    return memories, np.array(variances)


def variances_of_parts(memory: Float) -> Float:
    """Return the variances of the innovations of white noise and the AR(1) parts, (point, part).

    ``memory`` is the order of integration d of each point, and the innovations of its fractional
    path have variance 1. The least squares are of relative errors of the spectrum; the largest
    error is 3% for d between 0.05 and 0.95.
    """
    memories, variances = _variance_table()
    return np.column_stack([np.interp(memory, memories, column) for column in variances.T])


def blocks_of(points: Float) -> Any:
    """Return blocks as they are before a dyad's first month, from points (block, lane, column)."""
    values = {name: points[..., column] for name, column in COLUMN.items()}
    by_point = variances_of_parts(values["memory"].ravel())
    innovations = np.moveaxis(by_point.reshape(*points.shape[:2], -1), -1, 1)
    innovations *= values["step2"][:, None]
    white_noise, of_parts = innovations[:, 0], innovations[:, 1:]
    variance = transition.long_run_variance(of_parts, RETENTIONS[:, None])
    blocks = np.zeros(len(points), _BLOCK)
    blocks["concentration"] = values["concentration"]
    blocks["noise2"] = values["noise2"] + white_noise
    blocks["recent_likelihood"] = 1.0
    blocks["retention"][:, :PARTS] = RETENTIONS[:, None]
    blocks["variance"][:, :PARTS] = variance
    blocks["retention"][:, CYCLE] = values["cycle_retention"]
    blocks["variance"][:, CYCLE] = values["cycle2"]
    blocks["mean"][:, LONG_RUN] = MEAN
    blocks["mean"][:, EFFECT] = values["volume"]
    # Variance of the parts after the months before a dyad's first event.
    started = variance * (1.0 - RETENTIONS ** (2 * PAST_MONTHS))[:, None]
    starts = (*np.moveaxis(started, 1, 0), values["cycle2"], values["mean2"], values["volume2"])
    for variable, start in enumerate(starts):
        blocks["covariance"][:, variable, variable] = start
    return blocks


@compiled
def _set_gap(block: Any, months: int) -> None:
    """Set the retention of the fading variables over some months."""
    for a in range(FADING):
        for i in range(LANES):
            block.gap_retention[a, i] = block.retention[a, i] ** months


@compiled
def _move(block: Any) -> None:
    """Move the state over the months that `_set_gap` has set."""
    for a in range(FADING):
        for b in range(a, FADING):
            for i in range(LANES):
                block.covariance[a, b, i] *= block.gap_retention[a, i] * block.gap_retention[b, i]
        for b in range(FADING, STATE):
            for i in range(LANES):
                block.covariance[a, b, i] *= block.gap_retention[a, i]
        for i in range(LANES):
            block.covariance[a, a, i] += block.variance[a, i] * innovation_fraction(
                block.gap_retention[a, i]
            )
            block.mean[a, i] *= block.gap_retention[a, i]


@compiled
def _combine(block: Any, volume: float) -> None:
    """Write mean and variance of a month's level with its noise, and covariances with the state."""
    for i in range(LANES):
        block.level[i] = volume * block.mean[EFFECT, i]
        block.spread2[i] = block.noise2[i]
        block.along[EFFECT, i] = volume * block.covariance[EFFECT, EFFECT, i]
    for a in range(EFFECT):
        for i in range(LANES):
            block.along[a, i] = block.covariance[a, a, i] + volume * block.covariance[a, EFFECT, i]
            block.along[EFFECT, i] += block.covariance[a, EFFECT, i]
            block.level[i] += block.mean[a, i]
    for a in range(EFFECT):
        for b in range(a + 1, EFFECT):
            for i in range(LANES):
                block.along[a, i] += block.covariance[a, b, i]
                block.along[b, i] += block.covariance[a, b, i]
    for i in range(LANES):
        block.spread2[i] += volume * block.along[EFFECT, i]
    for a in range(EFFECT):
        for i in range(LANES):
            block.spread2[i] += block.along[a, i]


@compiled
def _condition(block: Any) -> None:
    """Condition the state on a month, by the score and information of its level."""
    for a in range(STATE):
        for i in range(LANES):
            block.mean[a, i] += block.along[a, i] * block.score[i]
        for b in range(a, STATE):
            for i in range(LANES):
                block.covariance[a, b, i] -= (
                    block.information[i] * block.along[a, i] * block.along[b, i]
                )


@compiled
def filter_memory(blocks: Any, steps: FilterSteps, out: Float) -> None:
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
                if steps.gap[step] > 0:
                    if steps.gap[step] != months:
                        months = steps.gap[step]
                        _set_gap(block, months)
                    _move(block)
                if steps.events[step] == 0:
                    continue
                _combine(block, steps.volume[step])
                if steps.events[step] < 0:
                    score_value(block, steps.value[step])
                else:
                    score_events(block, steps.cooperative[step], steps.events[step])
                _condition(block)
            take_log(block)
            for i in range(LANES):
                out[b, d, 0, i] = block.log_likelihood[i]
                out[b, d, 1, i] = block.mean[LONG_RUN, i]
                out[b, d, 2, i] = block.covariance[LONG_RUN, LONG_RUN, i]
