"""Bayes factors of pooled tests are themselves calibrated: data sets drawn from the priors of two models."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.evidence import MEAN_SDS
from forecast.study.hypotheses.filter.inputs import MEAN, NOISE_SD
from forecast.study.hypotheses.models import (
    CONCENTRATION,
    RETURN,
    RETURN_CYCLE,
    RETURN_YEARS,
    START_SD,
    VOLUME_EFFECT,
    VOLUME_EFFECT_SD,
    WALK_CYCLE,
)
from tests.hypotheses.test_pooled import made

SETS = 300


def drawn(model, record, rng):
    """Draw cooperative events from the prior of a model."""
    size, months = record.events.shape
    own = {}
    for axis in model.axes:
        if axis is RETURN:
            grid = np.log(12.0 * np.array(RETURN_YEARS))
            weights = np.exp(-0.5 * ((grid - axis.mean) / axis.sd) ** 2)
            mean = rng.choice(grid, p=weights / weights.sum())
        else:
            mean = axis.mean + axis.sd * rng.standard_normal()
        own[axis.name] = np.exp(mean + axis.spread * rng.standard_normal(size))
    concentration = math.exp(CONCENTRATION.mean + CONCENTRATION.sd * rng.standard_normal())
    keep = 0.5 ** (1.0 / own[RETURN.name]) if RETURN in model.axes else np.ones(size)
    mean = np.full(size, MEAN) + (
        rng.choice(MEAN_SDS) * rng.standard_normal(size) if RETURN in model.axes else 0.0
    )
    decay = 0.5 ** (1.0 / own["cycle_half_life"])
    cooperative = np.zeros_like(record.events)
    for d in range(size):
        steps = own["trend_step"][d] * rng.standard_normal(months)
        steps[0] = MEAN + START_SD * rng.standard_normal() - mean[d]
        level = mean[d] + lfilter([1.0], [1.0, -keep[d]], steps)
        moves = own["cycle_sd"][d] * math.sqrt(1.0 - decay[d] ** 2) * rng.standard_normal(months)
        moves[0] = own["cycle_sd"][d] * rng.standard_normal()
        level += lfilter([1.0], [1.0, -decay[d]], moves)
        level += (VOLUME_EFFECT + VOLUME_EFFECT_SD * rng.standard_normal()) * record.volume[d]
        share = 1.0 / (1.0 + np.exp(-(level + NOISE_SD * rng.standard_normal(months))))
        share = np.clip(share, 1e-6, 1.0 - 1e-6)
        cooperative[d] = rng.binomial(
            record.events[d], rng.beta(concentration * share, concentration * (1.0 - share))
        )
    return replace(record, cooperative=cooperative)


@pytest.mark.slow
def test_the_mean_posterior_probability_of_a_model_is_its_share_of_the_data_sets():
    record, found = made(4, 360, rate=2.0), {}
    for model in (WALK_CYCLE, RETURN_CYCLE):
        chances = []
        for number in range(SETS // 2):
            rng = np.random.default_rng([number, len(model.axes)])
            engine = Engine(drawn(model, record, rng), brief=True)
            factor = engine.evidence(RETURN_CYCLE).total() - engine.evidence(WALK_CYCLE).total()
            chances.append(1.0 / (1.0 + math.exp(-factor)))
        found[model.name] = np.array(chances)
    walk, back = found.values()
    both = np.concatenate([walk, back])
    print(
        f"walk {walk.mean():.3f}, return {back.mean():.3f}, both {both.mean():.3f} (s.e. {both.std() / 17.3:.3f})"
    )
    assert both.mean() == pytest.approx(0.5, abs=0.03 + 2.0 * both.std() / math.sqrt(SETS))
    # Among data sets that a model is given a probability of, that share is of it.
    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 1.0)):
        inside = (both >= low) & (both <= high)
        share = (inside[SETS // 2 :]).sum() / max(inside.sum(), 1)
        assert share == pytest.approx(
            both[inside].mean(), abs=3.0 * 0.5 / math.sqrt(max(inside.sum(), 1))
        )
