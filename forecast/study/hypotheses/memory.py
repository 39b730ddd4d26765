"""Assumed-density filter of long memory.

It has a fractional path, a cycle, the volume effect and the long-run mean.

A fractionally integrated path, ARFIMA(0, d, 0), has no finite state. Its spectrum is met by a sum
of white noise and five AR(1) parts with fixed half-lives, whose weights follow from ``d`` by
non-negative least squares (`weights_of`). So a dyad's level is the sum of these parts, a cycle, the
long-run mean and the volume effect. A month is read as `forecast.study.hypotheses.filter` reads it,
in the same lanes. Eras, anchors, impulses and occasions are not read.
"""

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import nnls

from forecast.base.typing import Float, Index
from forecast.model.process import transition
from forecast.study.hypotheses.filter import (
    COLUMN,
    LANES,
    MEAN,
    NODES,
    STEPS_PER_LOG,
    compiled,
    innovation_fraction,
    see_events,
    see_value,
    take_log,
)

HALF_LIVES = np.array(
    [0.85, 5.0, 30.0, 180.0, 6000.0]
)  # months, of the AR(1) parts that meet the spectra best
LONGEST_PERIOD = (
    4000  # months: slower waves than three centuries are not fitted, because no record shows them
)
FREQUENCIES = 120  # at which the spectrum is fitted, evenly spaced in logarithms
LEAST_MEMORY, MOST_MEMORY, MEMORY_STEP = 0.01, 0.99, 0.01  # values of d of the table of weights
# from which a path of d above one half starts before a dyad's first event: its variance grows
PAST_MONTHS = 120
RETENTIONS = transition.retention_of(HALF_LIVES)
FRACTIONAL = len(HALF_LIVES)  # AR(1) parts of the fractional path
CYCLE_AT = FRACTIONAL
MOVING = FRACTIONAL + 1  # variables of the state that fade: the parts and the cycle
MEAN_AT, VOLUME_AT = MOVING, MOVING + 1
STATE = MOVING + 2

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
_BY_NODE = ("likelihood", "cooperative_shape", "hostile_shape")
_BLOCK = np.dtype(
    [(name, np.float64, (LANES,)) for name in _SCALARS]
    + [(name, np.float64, ((NODES + 1) * LANES,)) for name in _BY_NODE]
    + [(name, np.float64, (MOVING, LANES)) for name in ("retention", "variance", "gap_retention")]
    + [(name, np.float64, (STATE, LANES)) for name in ("mean", "along")]
    + [("covariance", np.float64, (STATE, STATE, LANES))]
)
"""A block of points: what a month's reading needs; by variable that reverts its retention over
a month, its long-run variance, and its retention over the last gap; means of the state, covariances
with the level, and
the upper triangle of its covariances."""


def spectrum_of(memory: float, frequencies: Float) -> Float:
    """Return the spectrum, up to a constant, of a fractional path.

    Its innovations have variance one.
    """
    return np.asarray((2.0 * np.sin(frequencies / 2.0)) ** (-2.0 * memory))


def frequencies() -> Float:
    """Return the frequencies at which spectra are fitted, radians per month."""
    return np.geomspace(2.0 * np.pi / LONGEST_PERIOD, np.pi, FREQUENCIES)


def part_spectra(at: Float) -> Float:
    """Return the spectra of white noise and of the parts, (frequency, part).

    The innovations of the parts have variance one.
    """
    parts = 1.0 / (1.0 - 2.0 * RETENTIONS * np.cos(at[:, None]) + RETENTIONS**2)
    return np.column_stack([np.ones(len(at)), parts])


@cache
def _table() -> tuple[Float, Float]:
    """Return values of d, and the variances of innovations, (value, part).

    They are those of white noise and of the parts.
    """
    memories = np.arange(LEAST_MEMORY, MOST_MEMORY + MEMORY_STEP / 2.0, MEMORY_STEP)
    at = frequencies()
    spectra = part_spectra(at)
    rows = [
        nnls(spectra / spectrum_of(memory, at)[:, None], np.ones(len(at)))[0] for memory in memories
    ]
    return memories, np.array(rows)


def weights_of(memory: Float) -> Float:
    """Return the variances of innovations, (point, part), for d of each point.

    They are those of white noise and of the parts.

    Innovations of the fractional path have variance one. The least squares are of relative errors
    of the spectrum; the largest is 3% between d of 0.05 and 0.95.
    """
    memories, rows = _table()
    return np.column_stack([np.interp(memory, memories, column) for column in rows.T])


def blocks_of(points: Float) -> Any:
    """Return blocks as they are before a dyad's first month, from points (block, lane, column)."""
    column = {name: points[..., at] for name, at in COLUMN.items()}
    weights = np.moveaxis(
        weights_of(column["memory"].ravel()).reshape(*points.shape[:2], -1), -1, 1
    )
    weights *= column["step2"][:, None]
    variance = transition.long_run_variance(weights[:, 1:], RETENTIONS[:, None])
    blocks = np.zeros(len(points), _BLOCK)
    blocks["concentration"], blocks["noise2"] = (
        column["concentration"],
        column["noise2"] + weights[:, 0],
    )
    blocks["recent_likelihood"] = 1.0
    blocks["retention"][:, :FRACTIONAL], blocks["variance"][:, :FRACTIONAL] = (
        RETENTIONS[:, None],
        variance,
    )
    blocks["retention"][:, CYCLE_AT], blocks["variance"][:, CYCLE_AT] = (
        column["cycle_retention"],
        column["cycle2"],
    )
    blocks["mean"][:, MEAN_AT], blocks["mean"][:, VOLUME_AT] = MEAN, column["volume"]
    started = variance * (1.0 - RETENTIONS ** (2 * PAST_MONTHS))[:, None]
    starts = (*np.moveaxis(started, 1, 0), column["cycle2"], column["mean2"], column["volume2"])
    for at, start in enumerate(starts):
        blocks["covariance"][:, at, at] = start
    return blocks


@compiled
def _move(k: Any) -> None:
    """Move the state over the months whose retention is set."""
    for a in range(MOVING):
        for b in range(a, MOVING):
            for i in range(LANES):
                k.covariance[a, b, i] *= k.gap_retention[a, i] * k.gap_retention[b, i]
        for b in range(MOVING, STATE):
            for i in range(LANES):
                k.covariance[a, b, i] *= k.gap_retention[a, i]
        for i in range(LANES):
            k.covariance[a, a, i] += k.variance[a, i] * innovation_fraction(k.gap_retention[a, i])
            k.mean[a, i] *= k.gap_retention[a, i]


@compiled
def _combine(k: Any, volume: float) -> None:
    """Write mean and variance of a month's level, and its covariances with the state.

    Its own noise is included.
    """
    for i in range(LANES):
        k.level[i], k.spread2[i] = volume * k.mean[VOLUME_AT, i], k.noise2[i]
        k.along[VOLUME_AT, i] = volume * k.covariance[VOLUME_AT, VOLUME_AT, i]
    for a in range(VOLUME_AT):
        for i in range(LANES):
            k.along[a, i] = k.covariance[a, a, i] + volume * k.covariance[a, VOLUME_AT, i]
            k.along[VOLUME_AT, i] += k.covariance[a, VOLUME_AT, i]
            k.level[i] += k.mean[a, i]
    for a in range(VOLUME_AT):
        for b in range(a + 1, VOLUME_AT):
            for i in range(LANES):
                k.along[a, i] += k.covariance[a, b, i]
                k.along[b, i] += k.covariance[a, b, i]
    for i in range(LANES):
        k.spread2[i] += volume * k.along[VOLUME_AT, i]
    for a in range(VOLUME_AT):
        for i in range(LANES):
            k.spread2[i] += k.along[a, i]


@compiled
def _learn(k: Any) -> None:
    """Move the state by what a month says of its level."""
    for a in range(STATE):
        for i in range(LANES):
            k.mean[a, i] += k.along[a, i] * k.score[i]
        for b in range(a, STATE):
            for i in range(LANES):
                k.covariance[a, b, i] -= k.information[i] * k.along[a, i] * k.along[b, i]


@compiled
def filter_memory(
    blocks: Any,
    cooperative: Index,
    events: Index,
    value: Float,
    volume: Float,
    gap: Index,
    ends: Index,
    out: Float,
) -> None:
    """Write log-likelihood, and mean and variance of the long-run mean.

    It is that of every block and dyad, (block, dyad, 3, lane).
    """
    current = blocks[:1].copy()
    k = current[0]
    for p in range(blocks.size):
        for d in range(ends.size - 1):
            current[0], months = blocks[p], 0
            for e in range(ends[d], ends[d + 1]):
                if e % STEPS_PER_LOG == 0:
                    take_log(k)
                if gap[e] > 0:
                    if gap[e] != months:
                        months = gap[e]
                        for a in range(MOVING):
                            for i in range(LANES):
                                k.gap_retention[a, i] = k.retention[a, i] ** months
                    _move(k)
                if events[e] == 0:
                    continue
                _combine(k, volume[e])
                if events[e] < 0:
                    see_value(k, value[e])
                else:
                    see_events(k, cooperative[e], events[e])
                _learn(k)
            take_log(k)
            for i in range(LANES):
                out[p, d, 0, i] = k.log_likelihood[i]
                out[p, d, 1, i], out[p, d, 2, i] = (
                    k.mean[MEAN_AT, i],
                    k.covariance[MEAN_AT, MEAN_AT, i],
                )
