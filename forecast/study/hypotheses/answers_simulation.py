"""Simulated pairs whose sides answer each other, or do not, at the event counts of given pairs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from forecast.study.hypotheses.answers_model import DirectedPair, half_life, long_run_covariance
from forecast.study.hypotheses.filter.inputs import MEAN, NOISE_SD
from forecast.study.hypotheses.models import VOLUME_EFFECT

SHARE_FLOOR = 1e-5  # distance of a period's share from 0 and 1: a beta distribution needs one


@dataclass(frozen=True)
class AnswersProcess:
    """Process that simulated pairs follow, by month; sizes in log-odds."""

    name: str
    retention: float  # Share of its own deviation that a side keeps after a month
    answers: float  # Share of the other side's deviation that it takes over in a month
    correlation: float  # Of the shocks of both sides
    step: float = 0.09
    cycle_sd: float = 0.6  # Of the shocks
    concentration: float = 13.0

    @property
    def share(self) -> float:
        """Share of the half-life of deviations that answers carry."""
        with_answers, without = half_life(np.array([self.retention + self.answers, self.retention]))
        return float(1.0 - without / with_answers)


PROCESSES = (
    AnswersProcess("strong answers", 0.45, 0.35, 0.3),
    AnswersProcess("weak answers", 0.65, 0.15, 0.3),
    AnswersProcess("no answers, shocks alike", 0.8, 0.0, 0.8),
    AnswersProcess("no answers, shocks apart", 0.8, 0.0, 0.0),
)
"""In each, deviations halve in three months; answers carry 72%, 48%, and nothing of that."""


def simulate_answers(
    pairs: Sequence[DirectedPair], process: AnswersProcess, rng: np.random.Generator
) -> list[DirectedPair]:
    """Simulate pairs of a process at the event counts, or in the periods, of given pairs."""
    return [_simulate_pair(pair, process, rng) for pair in pairs]


def _simulate_pair(
    pair: DirectedPair, process: AnswersProcess, rng: np.random.Generator
) -> DirectedPair:
    """Simulate one pair."""
    periods = len(pair.events)
    phi = np.array([[process.retention, process.answers], [process.answers, process.retention]])
    shocks = process.cycle_sd**2 * np.array(
        [[1.0, process.correlation], [process.correlation, 1.0]]
    )
    cycle = rng.multivariate_normal(np.zeros(2), long_run_covariance(phi[None], shocks[None])[0])
    added = rng.multivariate_normal(np.zeros(2), shocks, periods)
    trend = MEAN + rng.standard_normal() + process.step * rng.standard_normal(periods).cumsum()
    level = np.empty((periods, 2))
    for period in range(periods):
        cycle = phi @ cycle + added[period]
        level[period] = trend[period] + cycle
    level += VOLUME_EFFECT * pair.volume + NOISE_SD * rng.standard_normal(level.shape)
    if pair.indexed:
        value = level + rng.standard_normal(level.shape) / math.sqrt(process.concentration)
        return replace(pair, value=np.where(pair.events != 0, value, 0.0))
    share = np.clip(expit(level), SHARE_FLOOR, 1.0 - SHARE_FLOOR)
    chance = rng.beta(process.concentration * share, process.concentration * (1.0 - share))
    return replace(pair, cooperative=rng.binomial(pair.events, chance))
