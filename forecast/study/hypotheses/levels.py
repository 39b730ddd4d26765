"""Regression of realised on predicted changes of the underlying level.

`regress_realised_changes` fits a reverting trend with a cycle to the first half of a record, and
predicts changes of the level in the second half. `filter_states` estimates the levels. Its filter
is that of `forecast.study.hypotheses.filter` at one point of the parameters, but it keeps the state
of every month, and runs through all dyads of many records at once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, expit

from forecast.base.typing import Float
from forecast.model.process.transition import retention_of
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.filter.inputs import MEAN, MEAN_SD, NOISE_SD
from forecast.study.hypotheses.models import (
    CONCENTRATION,
    CYCLE,
    CYCLE_SD,
    RETURN,
    RETURN_CYCLE,
    START_SD,
    STEP,
    VOLUME_EFFECT,
    VOLUME_EFFECT_SD,
    find_mode,
)
from forecast.study.hypotheses.record import PooledRecord

TREND, CYCLICAL, LONG_RUN, EVENT_COUNT = range(4)  # positions in the state of a dyad
STATE = 4
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
SHARE_EDGE = 1e-9  # smallest distance from 0 and 1 of a share at a node
# months of a predicted change; forecast dates are as far apart, so that no changes overlap
AHEAD_MONTHS = 24
RESAMPLES = 1000  # of dyads, for the interval of a slope
SEED = 1


@dataclass(frozen=True)
class Slope:
    """Slope of realised on predicted changes: 1 if predictions are right, 0 without any skill."""

    slope: float
    interval: tuple[float, float]  # 90%, by resampling dyads
    changes: int  # Changes of all dyads
    first: str  # First forecast date
    walks: tuple[float, float, float]  # 5%, 50% and 95% points of the slope of matched walks
    walks_as_large: float  # Share of matched walks whose slope is at least as large


def filter_states(records: Sequence[PooledRecord], mode: Mapping[str, float]) -> Float:
    """Return the mean of the state of every dyad after each month, (record, dyad, month, state).

    ``mode`` has the parameters by name. Records have the same dyads, months and event counts.
    Months before a dyad's first and after its last are NaN.
    """
    record = records[0]
    shape = len(records), *record.events.shape
    retention = np.array(
        [retention_of(mode[RETURN.name]), retention_of(mode[CYCLE.name]), 1.0, 1.0]
    )
    added = np.zeros((STATE, STATE))
    added[TREND, TREND] = mode[STEP.name] ** 2
    added[CYCLICAL, CYCLICAL] = mode[CYCLE_SD.name] ** 2 * (1.0 - retention[CYCLICAL] ** 2)
    start = np.diag([START_SD**2, mode[CYCLE_SD.name] ** 2, MEAN_SD**2, VOLUME_EFFECT_SD**2])
    mean = np.tile(np.array([0.0, 0.0, MEAN, VOLUME_EFFECT]), (*shape[:2], 1))
    covariance = np.tile(start, (*shape[:2], 1, 1))
    states = np.full((*shape, STATE), np.nan)
    data = np.array([_data_of(simulated) for simulated in records])
    for month in range(shape[2]):
        # Move the state by a month.
        moving = np.flatnonzero((record.first < month) & (month < record.stop))
        mean[:, moving] *= retention
        covariance[:, moving] = covariance[:, moving] * np.outer(retention, retention) + added
        # Condition it on the events of the month.
        with_data = np.flatnonzero(record.events[:, month] != 0)
        if len(with_data):
            to_level = np.ones((len(with_data), STATE))
            to_level[:, EVENT_COUNT] = record.volume[with_data, month]
            along = np.einsum("rdab,db->rda", covariance[:, with_data], to_level)
            level = np.einsum("rda,da->rd", mean[:, with_data], to_level)
            spread2 = np.einsum("rda,da->rd", along, to_level)
            score, information = _score_and_information(
                record.events[with_data, month],
                data[:, with_data, month],
                level,
                spread2,
                mode[CONCENTRATION.name],
            )
            mean[:, with_data] += along * score[..., None]
            outer = along[..., :, None] * along[..., None, :]
            covariance[:, with_data] -= information[..., None, None] * outer
        within = np.flatnonzero((record.first <= month) & (month < record.stop))
        states[:, within, month] = mean[:, within]
    return states


def _data_of(record: PooledRecord) -> Float:
    """Return cooperative events, or the values of an index, (dyad, month)."""
    return np.asarray(record.cooperative if record.value is None else record.value)


def _score_and_information(
    events: Float, data: Float, level: Float, spread2: Float, concentration: float
) -> tuple[Float, Float]:
    """Return the first two derivatives of a month's log-likelihood in the level, (record, dyad).

    The information is minus the second derivative.
    """
    if events[0] < 0:
        information = 1.0 / (spread2 + 1.0 / concentration)
        return (data - level) * information, information
    total2 = spread2 + NOISE_SD**2
    nodes = level[..., None] + np.sqrt(total2)[..., None] * NODES
    share = np.clip(expit(nodes), SHARE_EDGE, 1.0 - SHARE_EDGE)
    good, bad = concentration * share, concentration * (1.0 - share)
    hostile = (events - data)[..., None]
    log = betaln(good + data[..., None], bad + hostile) - betaln(good, bad)
    weights = WEIGHTS * np.exp(log - log.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    first, second = weights @ NODES, weights @ NODES**2
    return first / np.sqrt(total2), (1.0 - (second - first**2)) / total2


def regress_realised_changes(engine: Engine, walks: Sequence[PooledRecord]) -> Slope:
    """Return the slope of realised on predicted changes in the second half of a record.

    Parameters are those that fit the first half best; both halves have as many months with events.
    A change is from the level that the filter estimates at a forecast date, from the months up to
    it, to the level that it estimates 24 months later. The error of the first estimate is in both
    the predicted and the realised change, so that levels revert by arithmetic alone. So the slope
    is compared with that of walks that turned back as these dyads did.
    """
    record = engine.record.without_eras()
    end = record.events.shape[1]
    months_with_events = np.repeat(np.arange(end), (record.events != 0).sum(axis=0))
    middle = int(np.median(months_with_events))
    model = engine.model_for_record(RETURN_CYCLE)
    values = find_mode(model, record.between(0, middle).steps, engine.cores).values
    mode = {
        parameter.name: math.exp(value) for parameter, value in zip(model.free, values, strict=True)
    }
    states = filter_states([record, *walks], mode)
    level = states[..., TREND] + states[..., CYCLICAL] + states[..., LONG_RUN]
    retained = 0.5 ** (AHEAD_MONTHS / np.array([mode[RETURN.name], mode[CYCLE.name]]))
    dates = np.arange(middle, end - AHEAD_MONTHS, AHEAD_MONTHS)
    predicted = ((retained - 1.0) * states[:, :, dates][..., [TREND, CYCLICAL]]).sum(axis=-1)
    realised = level[:, :, dates + AHEAD_MONTHS] - level[:, :, dates]
    slopes = np.array([_slope(*pair) for pair in zip(predicted, realised, strict=True)])
    rng = np.random.default_rng(SEED)
    dyads = rng.integers(0, len(record.dyads), (RESAMPLES, len(record.dyads)))
    resampled = [_slope(predicted[0, drawn], realised[0, drawn]) for drawn in dyads]
    low, high = np.nanquantile(resampled, (0.05, 0.95)).tolist()
    walk_low, walk_middle, walk_high = np.quantile(slopes[1:], (0.05, 0.5, 0.95)).tolist()
    return Slope(
        float(slopes[0]),
        (low, high),
        int(np.isfinite(realised[0]).sum()),
        str(record.time[middle]),
        (walk_low, walk_middle, walk_high),
        float((slopes[1:] >= slopes[0]).mean()),
    )


def _slope(predicted: Float, realised: Float) -> float:
    """Return the slope of the regression over all changes that are known, NaN without two."""
    both = np.isfinite(predicted) & np.isfinite(realised)
    x, y = predicted[both], realised[both]
    if len(x) < 2:
        return math.nan
    x = x - x.mean()
    return float(x @ y / (x @ x))
