"""Base rates: number and kinds of future events from the event data alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from forecast.dates import periods_a_month
from forecast.outlook.simulations import stream
from forecast.panel.record import by_class, sides, whole_periods
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr


RECENT_MONTHS = 36
"""Months of recent data: enough to see which dataset records a dyad now, and which actors are active."""

MEMORY_MONTHS = 240
"""Months from which the recording level is estimated: earlier sources differ."""

STEPS = np.array([0.02, 0.03, 0.05, 0.08, 0.12])
"""By how much the log of the level moves in a month: 0.05 adds up to 0.25 in two years and 0.55 in ten."""

STEP_PRIOR = (0.05, 0.5)
"""Median of the step and its spread on the log scale: what is known of a step from one record is little."""

SHAPES = 2.0 ** np.arange(6)
"""Shapes of the negative binomial, equally likely a priori: from 1 (clustered events) to 32 (nearly Poisson)."""

LEVELS = 80
"""Points of the grid of levels."""

MARGIN = 4.0
"""The level stays above a quarter of the record's quietest year and below four times its busiest one."""

_TINY = 1e-200  # keeps weights of the filter above zero, whatever a record does


@dataclass(frozen=True)
class RecordingLevel:
    """Recording level and its drift: a posterior on a grid, from which event counts are simulated."""

    weights: Float  # Posterior probabilities of step, shape and the level in the last period; they add up to one
    steps: Float  # Standard deviation of the log level's move in a period
    levels: Float  # Log of the expected events in a period, evenly spaced

    def simulate(self, size: tuple[int, ...], rng: np.random.Generator) -> Index:
        """Draw the events of the periods ahead.

        Each future has its own step, shape, level now and walk. Longer simulations continue the
        shorter ones of the same stream.
        """
        simulations = size[:-1]
        chosen = rng.choice(self.weights.size, simulations, p=self.weights.ravel())
        step, shape, level = (values[place] for values, place in zip(
            (self.steps, SHAPES, self.levels), np.unravel_index(chosen, self.weights.shape), strict=True
        ))  # fmt: skip
        lowest, highest = self.levels[[0, -1]]
        level = level + (self.levels[1] - lowest) * (rng.random(simulations) - 0.5)
        drawn = np.zeros(size, dtype=np.int64)
        for period in range(size[-1]):
            level = np.clip(level + step * rng.standard_normal(simulations), lowest, highest)
            drawn[..., period] = rng.negative_binomial(shape, shape / (shape + np.exp(level)))
        return drawn


def recording_level(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> RecordingLevel:
    """Infer how densely a dataset records a dyad, from the last 20 years of its record.

    Periods before the first event, and those that are not covered to their end, say nothing.
    """
    total = sides(panel, dyad, dataset)[0]
    a_month = periods_a_month(panel)
    first = max(int(np.flatnonzero(total)[0]), len(total) - round(MEMORY_MONTHS * a_month))
    counts = np.where(whole_periods(panel, dyad, dataset), total, -1)[first:]
    return _infer(tuple(counts.tolist()), a_month)


@lru_cache(maxsize=512)
def _infer(counts: tuple[int, ...], a_month: float) -> RecordingLevel:
    """Filter counts, -1 where nothing is covered, forward over the grid, for all steps and shapes at once."""
    values = np.array(counts)
    steps, levels = STEPS / np.sqrt(a_month), _grid(values[values >= 0], round(12 * a_month))
    likelihood, moves = _likelihood(values, levels), _moves(steps, levels)
    centre, spread = STEP_PRIOR
    evidence = np.repeat(-0.5 * (np.log(STEPS / centre) / spread)[:, None] ** 2, len(SHAPES), axis=1)
    belief = np.full((len(steps), len(SHAPES), len(levels)), 1 / len(levels))
    for period, count in enumerate(counts):
        belief = np.maximum(belief @ moves, _TINY) if period else belief
        belief = belief * likelihood[count] if count >= 0 else belief
        total = belief.sum(axis=-1, keepdims=True)
        evidence += np.log(total[..., 0])
        belief /= total
    weights = belief * np.exp(evidence - evidence.max())[..., None]
    return RecordingLevel(weights / weights.sum(), steps, levels)


def _grid(counts: Index, year: int) -> Float:
    """Return the log levels between a quarter of the quietest year and four times the busiest; half an event more.

    The half keeps a silent record from being silent forever.
    """
    year = min(year, len(counts))
    means = (np.convolve(counts, np.ones(year), "valid") + 0.5) / year
    return np.linspace(np.log(means.min() / MARGIN), np.log(means.max() * MARGIN), LEVELS)


def _likelihood(counts: Index, levels: Float) -> dict[int, Float]:
    """Return the likelihood of each count by shape and level, up to a factor of its own."""
    from scipy.special import gammaln

    shape, mean = SHAPES[:, None], np.exp(levels)
    found = {}
    for count in np.unique(counts[counts >= 0]).tolist():
        kernel = gammaln(count + shape) - gammaln(shape) + count * np.log(mean / (shape + mean))
        log = kernel - shape * np.log1p(mean / shape)
        found[count] = np.exp(log - log.max())
    return found


def _moves(steps: Float, levels: Float) -> Float:
    """Return the chances of moving between levels in a period, by step: diffusion between reflecting walls.

    The eigenvectors of a step to either neighbour are cosines, so that any step is exact, however small.
    """
    place = np.arange(len(levels))
    waves = np.cos(np.pi * place * (place[:, None] + 0.5) / len(levels))
    waves /= np.sqrt((waves**2).sum(axis=0))
    decay = np.exp(-((steps[:, None] / (levels[1] - levels[0])) ** 2) * (1 - np.cos(np.pi * place / len(levels))))
    return np.asarray(((waves * decay[:, None]) @ waves.T).clip(0.0))


MIX_MONTHS = 120
"""Ten years: enough events to count rare kinds, few enough that relations and recording were much as they are."""

WHOLE_RECORD = 8.0
"""So many events of a side are added with the mix of the whole record: a kind that was rare lately is possible."""


def simulate_kinds(
    panel: "xr.Dataset",
    dyad: str,
    dataset: int,
    total: Index,
    cooperative: Index,
    *,
    seed: int,
    events: np.random.Generator | None = None,
) -> Index:
    """Draw the kinds of the events that a dataset records in simulations.

    Each future has its own mix of either side, drawn from what the last ten years leave possible; its events are
    multinomial, drawn from a stream of their own if one is given.
    """
    rng = stream(seed, dyad, f"kinds {dataset}")
    mixes = draw_mixes(panel, dyad, dataset, total.shape[:-1], rng)
    rng = rng if events is None else events
    found = np.zeros((*total.shape, panel.sizes["class"]), dtype=np.int32)
    for period in range(total.shape[-1]):  # one by one, so that longer simulations only go on from shorter ones
        found[..., period, :] = draw_kinds(mixes, total[..., period], cooperative[..., period], rng)
    return found


def draw_mixes(
    panel: "xr.Dataset", dyad: str, dataset: int, simulations: tuple[int, ...], rng: np.random.Generator
) -> tuple[Float, Float]:
    """Draw the mix of kinds of each future: of hostile and of cooperative events, each (..., kind)."""
    counts, covered = by_class(panel, dyad, dataset)
    counts, recent = counts[covered], round(MIX_MONTHS * periods_a_month(panel))
    cut = int(panel.attrs["zero_cut"])
    hostile, cooperative = (
        rng.dirichlet(mix_weights(counts[:, own], recent), simulations) for own in (slice(0, cut), slice(cut, None))
    )
    return hostile, cooperative


def draw_kinds(mixes: tuple[Float, Float], total: Index, cooperative: Index, rng: np.random.Generator) -> Index:
    """Draw the kinds of a period's events, (..., class), by the mixes of its simulations."""
    sides = zip((total - cooperative, cooperative), mixes, strict=True)
    return np.concatenate([rng.multinomial(number, mix) for number, mix in sides], axis=-1)


def mix_weights(counts: Index, recent: int) -> Float:
    """Return the weights of the Dirichlet distribution of a side's mix, (kind,)."""
    whole = counts.sum(axis=0) + 1.0
    return np.asarray(counts[-recent:].sum(axis=0) + WHOLE_RECORD * whole / whole.sum())
