r"""The recent path of one dyad, resampled under every draw given later events.

A draw that keeps its path and is weighed by a new month's events loses its weight for where its path happens to stand
now, which says nothing against its parameters: with six dyads two draws in three are lost in a month. So the last
periods of the path are drawn again, given the draw's parameters and its path before them. Its own path becomes
one of a handful of particles, the others are drawn beside it (conditional sequential Monte Carlo [1]_), and when later
events come, the draw is weighed by what the particles make of them *on average* [2]_. That is exact with any number of
particles; the more there are, and the further they go back, the less of the path's chance is in the weights.

Given the parameters the dyads know nothing of each other, so each has its own particles, and a draw's weight is the
product over dyads.

References
----------
.. [1] Andrieu, Doucet and Holenstein (2010), Particle Markov chain Monte Carlo methods,
   https://doi.org/10.1111/j.1467-9868.2009.00736.x
.. [2] Chopin, Jacob and Papaspiliopoulos (2013), SMC2: an efficient algorithm for sequential analysis of state space
   models, https://doi.org/10.1111/j.1467-9868.2012.01046.x
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numba
import numpy as np

from forecast.model.likelihood import CYCLE, TREND, Draws, Observed
from forecast.typing import Float, Index

# More particles leave less of the path's chance in the weights and take longer. Chosen every month they lose more
# to that chance than they gain; after a year without, to their weights.
PARTICLES = 16
PERIODS_KEPT = 4


@dataclass(frozen=True)
class Cloud:
    """Particles of one dyad under every draw."""

    draws: Draws
    dyad: int
    # Of every period so far; in the first two they are all alike. Free trend and cycle are the parts.
    states: tuple[Float, ...]
    parents: tuple[Index, ...]  # From which particle of the period before each one came, from the second period on
    log_weight: Float  # Of the particles in the last period

    @classmethod
    def at(cls, draws: Draws, dyad: int, own: Float, particles: int) -> "Cloud":
        """Start from the draws' own path in two periods, (draw, 2, part)."""
        states = tuple(np.repeat(own[:, [t]], particles, axis=1) for t in (0, 1))
        size = (len(own), particles)
        return cls(draws, dyad, states, (np.broadcast_to(np.arange(particles), size),), np.zeros(size))

    def moved(self, eras: tuple[int, int], rng: np.random.Generator, own: Float | None = None) -> "Cloud":
        """Move on from a period of an era into one of another, or the same.

        ``own`` (draw, part) is where the draw's own path goes, as the first particle.
        """
        state, log_weight = self.states[-1], self.log_weight
        parents = np.broadcast_to(np.arange(log_weight.shape[1]), log_weight.shape)
        if len(self.states) % PERIODS_KEPT == 0 and log_weight.any():
            parents = picked(log_weight, rng.random(log_weight.shape))
            if own is not None:
                parents[:, 0] = 0
            state = _taken(state, parents)
            log_weight = np.zeros(log_weight.shape)
        state = carried(self.draws, self.dyad, eras, state, rng)
        if own is not None:
            state[:, 0] = own
        return Cloud(self.draws, self.dyad, (*self.states, state), (*self.parents, parents), log_weight)

    def weighed(self, observed: Observed, period: int) -> tuple["Cloud", Float]:
        """Weigh the particles by what was observed in their period; also how likely that was on average, (draw,)."""
        if observed.node[self.dyad, period] < 0:
            return self, np.zeros(len(self.log_weight))
        log_weight = self.log_weight + observed.log_likelihood(self.dyad, period, self.states[-1])
        return replace(self, log_weight=log_weight), _log_sum(log_weight) - _log_sum(self.log_weight)

    def paths(self, kept: Index, rng: np.random.Generator) -> Float:
        """Draw a particle for each of some draws and trace it back, (len(kept), period, part)."""
        place = picked(self.log_weight[kept], rng.random((len(kept), 1)))[:, 0]
        path = np.empty((len(kept), len(self.states), *self.states[0].shape[2:]))
        for t in range(len(self.states) - 1, -1, -1):
            path[:, t] = self.states[t][kept, place]
            if t:
                place = self.parents[t - 1][kept, place]
        return path


def follow(
    draws: Draws, dyad: int, own: Float, known: tuple[Observed, Observed], news: int, rng: np.random.Generator
) -> tuple[Cloud, Float]:
    """Follow a dyad through a stretch of periods under every draw."""
    before, now = known
    eras, last = list(pairwise(now.era_index[dyad].tolist())), own.shape[1]
    cloud = Cloud.at(draws, dyad, own, PARTICLES)
    for t in range(2, news):
        cloud, _ = cloud.moved(eras[t - 1], rng, own[:, t]).weighed(before, t)
    # In the first period of news the same particles serve without and with them; later ones are drawn apart.
    former = cloud = cloud.moved(eras[news - 1], rng, own[:, news] if news < last else None)
    gained = np.zeros((len(own), len(eras) + 1))
    for t in range(news, len(eras) + 1):
        cloud = cloud if t == news else cloud.moved(eras[t - 1], rng)
        cloud, gained[:, t] = cloud.weighed(now, t)
        if t < last:
            former = former if t == news else former.moved(eras[t - 1], rng, own[:, t])
            former, lost = former.weighed(before, t)
            gained[:, t] -= lost
    return cloud, gained


def carried(draws: Draws, dyad: int, eras: tuple[int, int], state: Float, rng: np.random.Generator) -> Float:
    """Move states (draw, particle, part) by one period's transition from an era into another or the same."""
    size, spec, moved = state.shape[:2], draws.spec, np.zeros(state.shape)
    if spec.moves:
        kept, jump = draws.retention[:, None], draws.jump[:, None] if eras[0] != eras[1] else 0.0
        mean, step = draws.mean[:, dyad, None], np.sqrt(draws.step[:, dyad, None] ** 2 + jump**2)
        moved[..., TREND] = mean + kept * (state[..., TREND] - mean) + step * rng.standard_normal(size)
    else:
        moved[..., TREND] = draws.mu[:, eras[1], None]
    if spec.has_cycle:
        own = {name: values[:, dyad, None] for name, values in draws.cycle.items()}
        moved[..., CYCLE] = spec.cycle_model.step(state[..., CYCLE], rng.standard_normal(size), own)
    return moved


def _taken(values: Float, places: Index) -> Float:
    """Return the particles (draw, particle, ...) at the places (draw, particle) of their draws."""
    return np.asarray(values[np.arange(len(values))[:, None], places])


def _log_sum(log_weight: Float) -> Float:
    """Logarithm of the sum of the weights of each draw's particles, (draw,)."""
    highest = log_weight.max(axis=1)
    return np.asarray(highest + np.log(np.exp(log_weight - highest[:, None]).sum(axis=1)))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def picked(log_weight: Float, aim: Float) -> Index:
    """Draw places in proportion to weights (draw, particle), one for each uniform number of ``aim`` (draw, place)."""
    places = np.empty(aim.shape, dtype=np.int64)
    reach = np.empty(log_weight.shape[1])
    for i in range(aim.shape[0]):
        highest, total = log_weight[i].max(), 0.0
        for m in range(reach.size):
            total += math.exp(log_weight[i, m] - highest)
            reach[m] = total
        for n in range(aim.shape[1]):
            place = 0
            while place < reach.size - 1 and reach[place] <= aim[i, n] * total:
                place += 1
            places[i, n] = place
    return places
