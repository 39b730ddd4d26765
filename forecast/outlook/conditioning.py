"""Simulations that satisfy a scenario, by weights or by a particle filter.

A scenario assumes numbers of events (`forecast.outlook.assumptions`); docs/what-if.md has the
formulas. `assumed_events` draws the events of a month so that they satisfy it, and gives each
simulation the likelihood of what is assumed as its weight.

Where the weights are poor, many more simulations per draw are resampled by their weights in every
such month (sequential Monte Carlo, Chopin and Papaspiliopoulos 2020,
https://doi.org/10.1007/978-3-030-47845-2); each goes on with its own shocks.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.typing import Float, Index
from forecast.model.gate import ESS_LIMIT
from forecast.model.particles import Weights, resampled, smoothed
from forecast.outlook.assumed_events import write_assumed_events
from forecast.outlook.assumptions import CellsByPeriod
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.observed import (
    SimulatedEvents,
    draw_kinds,
    draw_mixes,
    simulate_counts,
)
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.simulations import Simulations, pick_simulations, simulate

# Chances of cooperation drawn for each simulation in a month that something is assumed of
CHANCES = 16
# Chances of cooperation for each simulation of the filter, which has six times as many
CHANCES_OF_PARTICLES = 4
# Effective sample size fraction of the weights; below it they are poor, and the filter is used
MIN_FRACTION_CONDITIONED = 0.2
# Simulations per draw in the filter, until the last month of the scenario
PARTICLES = 24


@dataclass(frozen=True)
class Conditional:
    """Simulations and event data that satisfy the scenario.

    The simulations of each chain are in sequence.
    """

    simulations: Simulations  # (chain, simulation, 1, period)
    observed: SimulatedEvents
    likelihood: Float  # Of what is assumed, in the outlook's own simulations
    method: str
    pareto_k: float  # The largest of the weights; minus infinity if they have no tail
    # By weights: effective number of simulations. By the filter: effective number of the draws that
    # they descend from, or of the particles in a month, whichever is smaller.
    effective: float
    fault: str  # Why the simulations may not be used; empty if they may


def condition(
    fit: FitLike,
    simulations: Simulations,
    observed: SimulatedEvents,
    assumed: CellsByPeriod,
    *,
    seed: int,
) -> Conditional:
    """Find the simulations that satisfy the scenario: by weights, or else by the filter."""
    periods = observed.total.shape[-1] - 1
    events = _copy_to_write(observed, seed)
    log_weight = np.zeros(simulations.level.shape[:-1])
    months = simulations.month_level
    for period, cells in assumed.items():
        rng = stream(seed, simulations.dyad, f"scenario {period}")
        log_weight += write_assumed_events(events, period, cells, months[..., period], rng, CHANCES)
    weighted = _by_weights(simulations, events, log_weight, seed)
    if weighted is not None and not weighted.fault:
        return weighted
    filtered = _by_filter(fit, observed.record, simulations, periods, assumed, seed)
    if filtered is not None:
        return replace(filtered, likelihood=np.exp(log_weight))
    if weighted is not None:
        return weighted
    raise SpecError(
        "scenario: no simulation satisfies what is assumed, so that nothing can be said of "
        "it. Assume fewer events per month, or fewer months"
    )


def _copy_to_write(observed: SimulatedEvents, seed: int) -> SimulatedEvents:
    """Copy event data, to write what is assumed into them.

    If their kinds are not drawn, no month has events yet.
    """
    record = observed.record
    if observed.kinds is None:
        kinds = np.zeros((*observed.total.shape, len(record.names)), dtype=np.int32)
    else:
        kinds = observed.kinds.copy()
    mixes = draw_mixes(
        record, observed.total.shape[:-1], stream(seed, record.dyad, f"kinds {record.number}")
    )
    return replace(observed, cooperative=observed.cooperative.copy(), kinds=kinds, mixes=mixes)


def _by_weights(
    simulations: Simulations, events: SimulatedEvents, log_weight: Float, seed: int
) -> Conditional | None:
    """Weight the outlook's own simulations.

    They have their own event data except in the months of the scenario.
    """
    weights = _weights(log_weight)
    if weights is None:
        return None
    places = resampled(weights.weight, stream(seed, simulations.dyad, "scenario"))
    fault = weights.fault
    if not fault and weights.effective < MIN_FRACTION_CONDITIONED * weights.weight.size:
        fault = (
            f"the weights are worth {weights.effective:.0f} of {weights.weight.size} simulations"
        )
    periods = events.total.shape[-1]
    months = round((periods - 1) / simulations.clock.per_month)
    return Conditional(
        simulations=replace(
            simulations, months=months, **_pick_paths(simulations, places, periods)
        ),
        observed=events.at(places),
        likelihood=np.exp(log_weight),
        method="weights",
        pareto_k=weights.pareto_k,
        effective=weights.effective,
        fault=fault,
    )


def _pick_paths(simulations: Simulations, places: Index, periods: int) -> dict[str, Any]:
    """Return the fields of some of the simulations, up to a number of periods."""
    ahead = ("level", "share", "frameworks", "trend", "ceiling", "pushed")
    fields = {name: getattr(simulations, name) for name in ahead}
    picked = {
        name: pick_simulations(values[..., :periods], places)
        for name, values in fields.items()
        if values is not None
    }
    for name in ("before", "trend_before"):
        picked[name] = pick_simulations(getattr(simulations, name), places)
    return picked


def _weights(log_weight: Float) -> Weights | None:
    """Smooth the weights of each chain's simulations; None if a chain has none left."""
    flat = log_weight.reshape(len(log_weight), -1)
    return smoothed(flat) if np.isfinite(flat).any(axis=1).all() else None


def _by_filter(
    fit: FitLike,
    record: DatasetRecord,
    simulations: Simulations,
    periods: int,
    assumed: CellsByPeriod,
    seed: int,
) -> Conditional | None:
    """Follow many particles, picked in the months that something is assumed of.

    None if none is left.
    """
    dyad = simulations.dyad
    chains, draws, per_draw = simulations.level.shape[:3]
    size = (chains, draws, PARTICLES)
    volume = stream(seed, dyad, f"volume {record.number}")
    blank = simulate_counts(fit, record, size, periods, volume)
    assert isinstance(blank, SimulatedEvents)  # as it was before the scenario
    particles = _Particles(
        assumed=assumed,
        seed=seed,
        kept=draws * per_draw,
        events=_copy_to_write(blank, seed),
        ancestor=np.broadcast_to(np.arange(draws)[:, None], size),
    )
    months = round(periods / simulations.clock.per_month)
    filtered = simulate(fit, dyad_draws(fit, dyad), months, seed, PARTICLES, steer=particles.steer)
    if particles.lost:
        return None
    events = particles.events
    _fill_other_periods(events, filtered.month_level, assumed, stream(seed, dyad, "filter"))
    weights = particles.weights
    ancestors = _effective_ancestors(particles.ancestor, draws)
    fault = next((of_period.fault for of_period in weights if of_period.fault), "")
    if not fault and ancestors < ESS_LIMIT:
        fault = (
            f"the simulations descend from as few draws as {ancestors:.0f} of equal weight, "
            f"at least {ESS_LIMIT} needed"
        )
    return Conditional(
        simulations=filtered,
        observed=events,
        likelihood=np.ones(()),
        method="filter",
        pareto_k=max(of_period.pareto_k for of_period in weights),
        effective=min(ancestors, *(of_period.effective for of_period in weights)),
        fault=fault,
    )


@dataclass
class _Particles:
    """Particles of the filter, resampled in every month that something is assumed of."""

    assumed: CellsByPeriod
    seed: int
    kept: int  # Particles per chain after the last month of the scenario
    events: SimulatedEvents  # With what is assumed, up to the present month
    ancestor: Index  # The draw that each particle descends from, (chain, ...)
    weights: list[Weights] = field(default_factory=list)  # By month of the scenario
    lost: bool = False  # No particle of a chain satisfies the scenario

    def steer(self, period: int, level: Float) -> Index | None:
        """Return which particles continue after a period, given their level in it; None if all."""
        if period not in self.assumed or self.lost:
            return None
        rng = stream(self.seed, self.events.record.dyad, f"filter {period}")
        log_weight = write_assumed_events(
            self.events, period, self.assumed[period], level, rng, CHANCES_OF_PARTICLES
        )
        weights = _weights(log_weight)
        if weights is None:
            self.lost = True
            return None
        self.weights.append(weights)
        number = self.kept if period == max(self.assumed) else None
        places = resampled(weights.weight, rng, number)
        self.events = self.events.at(places)
        self.ancestor = pick_simulations(self.ancestor, places)
        return places


def _fill_other_periods(
    events: SimulatedEvents, level: Float, assumed: CellsByPeriod, rng: np.random.Generator
) -> None:
    """Write the events of the periods that nothing is assumed of, from levels (..., period)."""
    assert events.kinds is not None and events.mixes is not None
    for period in range(1, events.total.shape[-1]):
        if period in assumed:
            continue
        total = events.total[..., period]
        chances = events.chances(level[..., period], period, rng)
        cooperative = rng.binomial(total, chances)
        events.cooperative[..., period] = cooperative
        events.kinds[..., period, :] = draw_kinds(events.mixes, total, cooperative, rng)


def _effective_ancestors(ancestor: Index, draws: int) -> float:
    """Return the effective number of the draws that particles (chain, ...) descend from."""
    shares = [np.bincount(chain.ravel(), minlength=draws) / chain.size for chain in ancestor]
    return float(len(shares) ** 2 / np.square(shares).sum())
