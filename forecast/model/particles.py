"""Draws of a fit, and how their weights and recent paths follow later events.

The likelihood equals the sampler's. Systematic resampling: Douc, Cappe and Moulines (2005),
https://doi.org/10.1109/ISPA.2005.195385. Smoothed weights and their limit: Vehtari et al. (2024),
Pareto smoothed importance sampling, https://jmlr.org/papers/v25/19-556.html.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import xarray as xr

from forecast.base.typing import Float, Index
from forecast.data.panel import panel_kind
from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.driving import acting_on
from forecast.model.gate import ESS_LIMIT
from forecast.model.observation.base import ObservationParameters
from forecast.model.posterior import flat
from forecast.model.process.process import STREAMS, Process, State
from forecast.model.spec import PendulumSpec
from forecast.model.variables import of_dyad

TREND, CYCLE = range(2)
"""Indices of the components in the last axis of a state; their sum is the level."""
PARETO_K_LIMIT = 0.7
"""Largest Pareto k for which smoothed weights are reliable, however many draws there are."""
DECIMALS = 10
"""Of log-weights: errors of rounding are some 1e-15, and weights that differ by these alone have no
tail to fit."""
PARTICLES = 16
"""Particles of a draw: more leave less of the path's chance in the weights, and take longer."""
PERIODS_KEPT = 4
"""Periods after which particles are resampled: every month they lose more to the chance of the
choice than they gain; after a year without it, to their weights."""


def state_of(level: Float, trend: Float) -> Float:
    """Return the states (..., part) of levels and trends."""
    return np.stack([trend, level - trend], axis=-1)


@dataclass(frozen=True)
class Draws:
    """The draws of a fit as plain arrays, chains one after the other."""

    spec: PendulumSpec
    values: Mapping[str, Float]  # By the names of the posterior, (draw, ...); without the paths
    # Parameters of the observation, by the names that its class documents
    observed: ObservationParameters

    @classmethod
    def of(cls, posterior: xr.Dataset, spec: PendulumSpec) -> "Draws":
        """Take them out of a fit's posterior."""
        values = {
            str(name): flat(variable)
            for name, variable in posterior.items()
            if "time" not in variable.dims
        }
        return cls(spec, values, spec.observation_model.draws(posterior))

    def __len__(self) -> int:
        return len(self.values["mu"])

    def process(self, dyad: int) -> Process:
        """Return the process of a dyad under every draw."""
        return self.spec.process(of_dyad(self.values, dyad))


@dataclass(frozen=True)
class Observed:
    """Observations of some consecutive periods."""

    draws: Draws
    arrays: PanelArrays  # Of the whole panel: what a period says may rest on those before it
    era_index: Index  # Era of every period of the stretch
    node: Index  # Node of a period in which something was observed, -1 where nothing was
    month: Float | None = None  # What drivers add in the month alone

    @classmethod
    def of(cls, panel: xr.Dataset, draws: Draws, stretch: slice = slice(None)) -> "Observed":
        """Take them out of a stretch of a panel's periods, all by default."""
        arrays = panel_arrays(panel, draws.spec, dense=False)
        seen = np.where(panel_kind(panel).seen(panel), arrays.node_of, -1)
        month = None
        if arrays.drivers is not None:
            monthly = acting_on(draws.spec.drivers, "month")
            effect = draws.values["driver_effect"][:, monthly]
            month = np.einsum("akd,kdt->adt", effect, arrays.drivers[monthly][..., stretch])
        return cls(draws, arrays, arrays.era_index[:, stretch], seen[:, stretch], month)

    def log_likelihood(self, dyad: int, period: int, state: Float) -> Float:
        """Log-likelihood of the data of a dyad's period, at states (draw, particle, part)."""
        spec = self.draws.spec
        node = int(self.node[dyad, period])
        level = state.sum(axis=-1)
        if self.month is not None:
            level = level + self.month[:, dyad, period, None]
        return spec.observation_model.log_likelihood_of_draws(
            level, self.draws.observed, self.arrays, node
        )


@dataclass(frozen=True)
class Weights:
    """Weights of draws, with their diagnostics."""

    weight: Float  # Smoothed; each chain's sum to 1, for every chain is a sample of its own
    # Shape of the largest weights' tail; minus infinity if they have none: all alike, or a few
    # values
    pareto_k: float
    effective: float  # Effective number of draws, `1 / sum of squares`

    @property
    def alike(self) -> bool:
        """Return whether all weights are equal."""
        return bool(np.ptp(self.weight) < 1e-12)

    @property
    def fault(self) -> str:
        """Reasons why they may not be used, in words; empty if they may."""
        limit = pareto_k_limit(self.weight.size)
        if not self.pareto_k <= limit:
            return f"Pareto k of the draws' weights is {self.pareto_k:.2f}, limit {limit:.2f}"
        if not self.effective >= ESS_LIMIT:
            return (
                f"the effective number of draws is {self.effective:.0f}, at least {ESS_LIMIT} "
                "needed"
            )
        return ""


def pareto_k_limit(draws: int) -> float:
    """Largest Pareto k for which smoothed weights of so many draws are reliable, at most 0.7.

    Vehtari et al. (2024).
    """
    return min(1.0 - 1.0 / float(np.log10(draws)), PARETO_K_LIMIT)


def smoothed(log_weight: Float) -> Weights:
    """Smooth weights by their generalised Pareto tail, if the largest ones differ."""
    from arviz_stats.base import array_stats

    alive = np.isfinite(log_weight)
    scaled = log_weight - np.where(alive, log_weight, -np.inf).max(axis=1, keepdims=True)
    scaled = (scaled - np.log(np.exp(scaled).mean(axis=1, keepdims=True))).round(DECIMALS)
    pareto_k = -np.inf
    with suppress(ValueError):  # the largest weights are all the same
        tail, shape = array_stats.psislw(-scaled[alive])
        if np.isfinite(shape):
            scaled = np.full(scaled.shape, -np.inf)
            pareto_k = float(shape)
            scaled[alive] = tail
    weight = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return Weights(weight, pareto_k, float(len(weight) ** 2 / (weight**2).sum()))


def resampled(weight: Float, rng: np.random.Generator, number: int | None = None) -> Index:
    """Draw indices of draws, (chain, draw), in proportion to weights.

    The draws are systematic, in order and within each chain.
    """
    draws = weight.shape[1]
    number, places = number or draws, []
    for of_chain in weight:
        reach = np.cumsum(of_chain)
        aim = (np.arange(number) + rng.random()) / number * reach[-1]
        places.append(np.minimum(np.searchsorted(reach, aim, side="right"), draws - 1))
    return np.array(places)


@dataclass(frozen=True)
class Cloud:
    """Particles of one dyad under every draw."""

    draws: Draws
    dyad: int
    # Of every period so far; in the first two they are all alike. Free trend and cycle are the
    # parts.
    states: tuple[Float, ...]
    # From which particle of the period before each one came, from the second period on
    parents: tuple[Index, ...]
    log_weight: Float  # Of the particles in the last period

    @classmethod
    def start(cls, draws: Draws, dyad: int, path: Float, particles: int) -> "Cloud":
        """Start from the draws' own path in two periods, (draw, 2, part)."""
        states = tuple(np.repeat(path[:, [t]], particles, axis=1) for t in (0, 1))
        size = (len(path), particles)
        return cls(
            draws, dyad, states, (np.broadcast_to(np.arange(particles), size),), np.zeros(size)
        )

    def moved(
        self, eras: tuple[int, int], rng: np.random.Generator, path: Float | None = None
    ) -> "Cloud":
        """Move on from a period of an era into one of another, or the same.

        `path` is where the first particle goes on.
        """
        state, log_weight = self.states[-1], self.log_weight
        parents = np.broadcast_to(np.arange(log_weight.shape[1]), log_weight.shape)
        if len(self.states) % PERIODS_KEPT == 0 and log_weight.any():
            parents = picked(log_weight, rng.random(log_weight.shape))
            if path is not None:
                parents[:, 0] = 0
            state = state[np.arange(len(state))[:, None], parents]
            log_weight = np.zeros(log_weight.shape)
        state = carried(self.draws, self.dyad, eras, state, rng)
        if path is not None:
            state[:, 0] = path
        return Cloud(
            self.draws, self.dyad, (*self.states, state), (*self.parents, parents), log_weight
        )

    def weighed(self, observed: Observed, period: int) -> tuple["Cloud", Float]:
        """Weigh particles by their period's events; also how likely these were, (draw,)."""
        if observed.node[self.dyad, period] < 0:
            return self, np.zeros(len(self.log_weight))
        log_weight = self.log_weight + observed.log_likelihood(self.dyad, period, self.states[-1])
        return replace(self, log_weight=log_weight), _log_sum(log_weight) - _log_sum(
            self.log_weight
        )

    def paths(self, draws: Index, rng: np.random.Generator) -> Float:
        """Draw a particle for each of some draws and trace it back, (len(draws), period, part)."""
        particle = picked(self.log_weight[draws], rng.random((len(draws), 1)))[:, 0]
        path = np.empty((len(draws), len(self.states), *self.states[0].shape[2:]))
        for t in range(len(self.states) - 1, -1, -1):
            path[:, t] = self.states[t][draws, particle]
            if t:
                particle = self.parents[t - 1][draws, particle]
        return path


def follow(
    draws: Draws,
    dyad: int,
    path: Float,
    observed: tuple[Observed, Observed],
    news: int,
    rng: np.random.Generator,
) -> tuple[Cloud, Float]:
    """Follow a dyad through a stretch of periods under every draw."""
    before, now = observed
    eras = list(pairwise(now.era_index[dyad].tolist()))
    last = path.shape[1]
    cloud = Cloud.start(draws, dyad, path, PARTICLES)
    for t in range(2, news):
        cloud, _ = cloud.moved(eras[t - 1], rng, path[:, t]).weighed(before, t)
    # In the first period of news the same particles serve without and with them; later ones are
    # drawn apart.
    former = cloud = cloud.moved(eras[news - 1], rng, path[:, news] if news < last else None)
    gained = np.zeros((len(path), len(eras) + 1))
    for t in range(news, len(eras) + 1):
        cloud = cloud if t == news else cloud.moved(eras[t - 1], rng)
        cloud, gained[:, t] = cloud.weighed(now, t)
        if t < last:
            former = former if t == news else former.moved(eras[t - 1], rng, path[:, t])
            former, lost = former.weighed(before, t)
            gained[:, t] -= lost
    return cloud, gained


def carried(
    draws: Draws, dyad: int, eras: tuple[int, int], state: Float, rng: np.random.Generator
) -> Float:
    """Move states (draw, particle, part) by one period, in an era or into another."""
    spec, values, era = draws.spec, draws.values, eras[1]
    ceiling = of_era = None
    if spec.has_ceiling:
        ceiling = values["ceiling"][:, era, None]
        of_era = values["headroom"][:, era, None]
    elif not spec.moves:
        of_era = values["mu"][:, era, None]
    now = State(state[..., TREND], state[..., CYCLE], ceiling)
    moved = draws.process(dyad).step(now, eras[0] != era, dict.fromkeys(STREAMS, rng), of_era)
    return np.stack([moved.trend, moved.cycle], axis=-1)


def _log_sum(log_weight: Float) -> Float:
    """Logarithm of the sum of the weights of each draw's particles, (draw,)."""
    highest = log_weight.max(axis=1)
    return np.asarray(highest + np.log(np.exp(log_weight - highest[:, None]).sum(axis=1)))


def picked(log_weight: Float, aim: Float) -> Index:
    """Draw indices in proportion to weights (draw, particle).

    Each of the uniform numbers ``aim`` (draw, place) gives one.
    """
    reach = np.exp(log_weight - log_weight.max(axis=1, keepdims=True)).cumsum(axis=1)
    passed = reach[:, None, :-1] <= (aim * reach[:, -1:])[..., None]
    return np.asarray(passed.sum(axis=2))
