"""Recording level: how many events a dataset records of a dyad, from its record alone.

The number of events of a period is negative binomial around a level whose logarithm walks between
two bounds. The posterior of step, shape and present level is computed by a forward filter on a
grid.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from forecast.base.typing import Float, Index
from forecast.outlook.recorded import DatasetRecord

MEMORY_MONTHS = 240
"""Months from which the recording level is estimated: earlier sources differ."""
STEPS = np.array([0.02, 0.03, 0.05, 0.08, 0.12])
"""By how much the log of the level moves in a month: 0.05 adds up to 0.25 in two years and 0.55 in
ten."""
STEP_PRIOR = (0.05, 0.5)
"""Median of the step and its spread on the log scale: what is known of a step from one record is
little."""
SHAPES = 2.0 ** np.arange(6)
"""Shapes of the negative binomial, equally likely a priori: from 1 (clustered events) to 32 (nearly
Poisson)."""
LEVELS = 80
"""Points of the grid of levels."""
MARGIN = 4.0
"""The level stays above a quarter of the record's quietest year and below four times its busiest
one."""
_TINY = 1e-200
"""Smallest weight of the filter: zero would stay zero, whatever is observed later."""


@dataclass(frozen=True)
class RecordingLevel:
    """Recording level and its drift: a posterior on a grid, from which counts are simulated."""

    # Posterior probabilities of step, shape and the level in the last period; they add up to one
    weights: Float
    steps: Float  # Standard deviation of the log level's move in a period
    levels: Float  # Log of the expected events in a period, evenly spaced

    def simulate(self, size: tuple[int, ...], rng: np.random.Generator) -> Index:
        """Draw the events of the periods ahead.

        Each simulation has its own step, shape, level now and walk. Longer simulations continue the
        shorter ones of the same stream.
        """
        simulations = size[:-1]
        chosen = rng.choice(self.weights.size, simulations, p=self.weights.ravel())
        step, shape, level = (
            values[drawn_at]
            for values, drawn_at in zip(
                (self.steps, SHAPES, self.levels),
                np.unravel_index(chosen, self.weights.shape),
                strict=True,
            )
        )
        lowest, highest = self.levels[[0, -1]]
        level = level + (self.levels[1] - lowest) * (rng.random(simulations) - 0.5)
        drawn = np.zeros(size, dtype=np.int64)
        for period in range(size[-1]):
            level = np.clip(level + step * rng.standard_normal(simulations), lowest, highest)
            drawn[..., period] = rng.negative_binomial(shape, shape / (shape + np.exp(level)))
        return drawn


def recording_level(record: DatasetRecord) -> RecordingLevel:
    """Infer how densely a dataset records a dyad, from the last 20 years of its record.

    Periods before the first event, and those that are not covered to their end, say nothing.
    """
    total = record.total
    a_month = record.clock.per_month
    first = max(int(np.flatnonzero(total)[0]), len(total) - round(MEMORY_MONTHS * a_month))
    return _infer(tuple(np.where(record.whole, total, -1)[first:].tolist()), a_month)


@lru_cache(maxsize=512)
def _infer(counts: tuple[int, ...], a_month: float) -> RecordingLevel:
    """Filter counts forward over the grid, for all steps and shapes at once.

    A count of -1 stands for a period that is not covered.
    """
    values = np.array(counts)
    seen = values[values >= 0]
    steps = STEPS / np.sqrt(a_month)
    year = min(round(12 * a_month), len(seen))
    # Half an event is added, because no record is silent forever.
    means = (np.convolve(seen, np.ones(year), "valid") + 0.5) / year
    levels = np.linspace(np.log(means.min() / MARGIN), np.log(means.max() * MARGIN), LEVELS)
    likelihood = _likelihood(values, levels)
    moves = _moves(steps, levels)
    centre, spread = STEP_PRIOR
    evidence = np.repeat(
        -0.5 * (np.log(STEPS / centre) / spread)[:, None] ** 2, len(SHAPES), axis=1
    )
    belief = np.full((len(steps), len(SHAPES), len(levels)), 1 / len(levels))
    for period, count in enumerate(counts):
        belief = np.maximum(belief @ moves, _TINY) if period else belief
        belief = belief * likelihood[count] if count >= 0 else belief
        total = belief.sum(axis=-1, keepdims=True)
        evidence += np.log(total[..., 0])
        belief /= total
    weights = belief * np.exp(evidence - evidence.max())[..., None]
    return RecordingLevel(weights / weights.sum(), steps, levels)


def _likelihood(counts: Index, levels: Float) -> dict[int, Float]:
    """Return the likelihood of each count by shape and level, up to a factor of its own."""
    shape = SHAPES[:, None]
    mean = np.exp(levels)
    likelihood = {}
    for count in np.unique(counts[counts >= 0]).tolist():
        kernel = gammaln(count + shape) - gammaln(shape) + count * np.log(mean / (shape + mean))
        log = kernel - shape * np.log1p(mean / shape)
        likelihood[count] = np.exp(log - log.max())
    return likelihood


def _moves(steps: Float, levels: Float) -> Float:
    """Return the chances of moving between levels in a period, by step.

    The level diffuses between reflecting walls.

    The eigenvectors of a step to either neighbour are cosines, so that any step is exact, however
    small.
    """
    level_number = np.arange(len(levels))
    waves = np.cos(np.pi * level_number * (level_number[:, None] + 0.5) / len(levels))
    waves /= np.sqrt((waves**2).sum(axis=0))
    damping = np.exp(
        -((steps[:, None] / (levels[1] - levels[0])) ** 2)
        * (1 - np.cos(np.pi * level_number / len(levels)))
    )
    return np.asarray(((waves * damping[:, None]) @ waves.T).clip(0.0))
