"""Simulations that satisfy a scenario, by weights or by a particle filter.

A scenario assumes numbers of events (`forecast.outlook.assumptions`); docs/what-if.md has the
formulas. In each simulation, and for each month that something is assumed of:

1. Several chances that an event is cooperative are drawn, from level, month noise, volume and
   overdispersion, or from the record alone.
2. For each, the assumed events are drawn one sort after the other from truncated binomial
   distributions. The product of the probabilities of these truncations is an unbiased estimate of
   the likelihood of the scenario.
3. One of the chances is kept, in proportion to its likelihood; their mean likelihood is the weight
   of the simulation.
4. The other events of the month are multinomial, as without a scenario.

Where the weights are poor, many more simulations per draw are resampled by their weights in every
such month (sequential Monte Carlo, Chopin and Papaspiliopoulos 2020,
https://doi.org/10.1007/978-3-030-47845-2); each goes on with its own shocks.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.typing import Float, Index
from forecast.model.gate import ESS_LIMIT
from forecast.model.particles import Weights, resampled, smoothed
from forecast.outlook.assumptions import Held
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.observed import (
    Cell,
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
# Chance of a sort of events, so that the chance of the others is not zero
MAX_CLASS_CHANCE = 1.0 - 1e-9
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


def _write_assumed_events(
    seen: SimulatedEvents,
    period: int,
    cells: tuple[Cell, ...],
    level: Float,
    rng: np.random.Generator,
    chances: int,
) -> Float:
    """Write a month so that it satisfies the scenario.

    Log-likelihoods, (chain, draw, simulation), are returned.
    """
    assert seen.kinds is not None and seen.mixes is not None
    total = seen.total[..., period]
    kinds = seen.kinds[..., period, :]
    chance, numbers, weight = _propose(seen, period, cells, level, rng)
    for _ in range(chances - 1):
        *drawn, log_likelihood = _propose(seen, period, cells, level, rng)
        weight = np.logaddexp(weight, log_likelihood)
        with np.errstate(invalid="ignore"):  # where neither can hold it
            stays = np.log(rng.random(level.shape)) >= log_likelihood - weight
        stays |= ~np.isfinite(weight)
        chance = np.where(stays, chance, drawn[0])
        numbers = np.where(stays, numbers, drawn[1])
    free = np.ones(kinds.shape[-1])
    np.subtract.at(free, [cell.of_class for cell in cells], [cell.part for cell in cells])
    rest = _class_chances(seen, chance) * free.clip(0.0)
    kinds[...] = rng.multinomial(total - sum(numbers), rest / rest.sum(axis=-1, keepdims=True))
    for cell, number in zip(cells, numbers, strict=True):
        kinds[..., cell.of_class] += number
    seen.cooperative[..., period] = kinds[..., seen.record.zero_cut :].sum(axis=-1)
    return np.asarray(weight - np.log(chances))


def _propose(
    seen: SimulatedEvents,
    period: int,
    cells: tuple[Cell, ...],
    level: Float,
    rng: np.random.Generator,
) -> tuple[Float, Index, Float]:
    """Draw a chance that events are cooperative and, given it, how many are of each sort.

    The log-likelihood of the numbers is returned too. The numbers are (sort, chain, draw,
    simulation).
    """
    chances = seen.chances(level, period, rng)
    by_class = _class_chances(seen, chances)
    remaining = np.ones(chances.shape)
    numbers = []
    rest = seen.total[..., period]
    log_likelihood = np.zeros(chances.shape)
    for cell in cells:
        sort_chance = by_class[..., cell.of_class] * cell.part
        chance_in_rest = np.clip(sort_chance / remaining, 0.0, MAX_CLASS_CHANCE)
        number, chance = draw_at_least(rest, chance_in_rest, cell.least, rng)
        with np.errstate(divide="ignore"):
            log_likelihood = log_likelihood + np.log(chance)
        numbers.append(number)
        rest = rest - number
        remaining = np.maximum(remaining - sort_chance, 1.0 - MAX_CLASS_CHANCE)
    return chances, np.array(numbers), log_likelihood


def _class_chances(seen: SimulatedEvents, chances: Float) -> Float:
    """Return the chances that an event is of each class, (chain, draw, simulation, class)."""
    assert seen.mixes is not None
    hostile, cooperative = seen.mixes
    return np.concatenate(
        [(1 - chances)[..., None] * hostile, chances[..., None] * cooperative], axis=-1
    )


def draw_at_least(
    total: Index, chance: Float, least: int, rng: np.random.Generator
) -> tuple[Index, Float]:
    """Draw binomial numbers that are at least so many, or zero if `least` is."""
    from scipy.special import betainc, gammaln

    if not least:
        return np.zeros_like(total), (1.0 - chance) ** total
    enough = total >= least
    room = np.where(enough, total - least, 0)
    likelihood = np.where(enough, betainc(least, room + 1.0, chance), 0.0)
    odds = chance / (1.0 - chance)
    log_first = gammaln(total + 1.0) - gammaln(least + 1.0) - gammaln(room + 1.0)
    with np.errstate(divide="ignore"):
        mass = np.where(
            enough, np.exp(log_first + least * np.log(chance) + room * np.log1p(-chance)), 0.0
        )
    aim = rng.random(total.shape) * likelihood
    reach = mass.copy()
    number = np.where(enough, least, 0)
    # The distribution function is inverted from its lower end.
    for count in range(least, int(total.max(initial=0))):
        more = enough & (aim >= reach) & (total > count)
        if not more.any():
            break
        mass = mass * np.where(total > count, (total - count) / (count + 1.0), 0.0) * odds
        number = number + more
        reach = reach + mass
    return number, likelihood


def condition(
    fit: FitLike, simulations: Simulations, observed: SimulatedEvents, held: Held, *, seed: int
) -> Conditional:
    """Find the simulations that satisfy the scenario."""
    periods = observed.total.shape[-1] - 1
    seen = _blank(observed, seed)
    log_weight = np.zeros(simulations.level.shape[:-1])
    months = simulations.month_level
    for period, cells in held.items():
        rng = stream(seed, simulations.dyad, f"scenario {period}")
        log_weight += _write_assumed_events(seen, period, cells, months[..., period], rng, CHANCES)
    holding = _by_weights(simulations, seen, log_weight, seed)
    if holding is None or holding.fault:
        filtered = _by_filter(fit, observed.record, simulations, periods, held, seed)
        holding = holding if filtered is None else replace(filtered, likelihood=np.exp(log_weight))
    if holding is None:
        raise SpecError(
            "scenario: no simulation satisfies what is assumed, so that nothing can be said of "
            "it. Assume fewer events per month, or fewer months"
        )
    return holding


def _blank(observed: SimulatedEvents, seed: int) -> SimulatedEvents:
    """Copy event data, to write what is assumed into them.

    If their kinds are not drawn, no month has events yet.
    """
    record = observed.record
    kinds = observed.kinds
    mixes = draw_mixes(
        record, observed.total.shape[:-1], stream(seed, record.dyad, f"kinds {record.number}")
    )
    if kinds is None:
        kinds = np.zeros((*observed.total.shape, len(record.names)), dtype=np.int32)
    else:
        kinds = kinds.copy()
    return replace(observed, cooperative=observed.cooperative.copy(), kinds=kinds, mixes=mixes)


def _by_weights(
    simulations: Simulations, seen: SimulatedEvents, log_weight: Float, seed: int
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
    names = ("level", "share", "frameworks", "trend", "ceiling", "pushed")
    chosen = {name: getattr(simulations, name) for name in names}
    resampled_values: dict[str, Any] = {
        name: pick_simulations(values[..., : seen.total.shape[-1]], places)
        for name, values in chosen.items()
        if values is not None
    }
    resampled_values |= {
        name: pick_simulations(getattr(simulations, name), places)
        for name in ("before", "trend_before")
    }
    months = round((seen.total.shape[-1] - 1) / simulations.clock.per_month)
    return Conditional(
        replace(simulations, months=months, **resampled_values),
        seen.at(places),
        np.exp(log_weight),
        "weights",
        weights.pareto_k,
        weights.effective,
        fault,
    )


def _weights(log_weight: Float) -> Weights | None:
    """Smooth the weights of each chain's simulations; None if a chain has none left."""
    flat = log_weight.reshape(len(log_weight), -1)
    return smoothed(flat) if np.isfinite(flat).any(axis=1).all() else None


def _by_filter(
    fit: FitLike,
    record: DatasetRecord,
    simulations: Simulations,
    periods: int,
    held: Held,
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
    events = _blank(blank, seed)
    weights = list[Weights]()
    lost = False
    # The draw that each particle descends from.
    ancestor = np.broadcast_to(np.arange(draws)[:, None], size)

    def steer(period: int, level: Float) -> Index | None:
        nonlocal events, lost, ancestor
        if period not in held or lost:
            return None
        rng = stream(seed, dyad, f"filter {period}")
        log_weight = _write_assumed_events(
            events, period, held[period], level, rng, CHANCES_OF_PARTICLES
        )
        of_period = _weights(log_weight)
        if of_period is None:
            lost = True
            return None
        weights.append(of_period)
        number = draws * per_draw if period == max(held) else None
        places = resampled(of_period.weight, rng, number)
        events = events.at(places)
        ancestor = pick_simulations(ancestor, places)
        return places

    months = round(periods / simulations.clock.per_month)
    filtered = simulate(fit, dyad_draws(fit, dyad), months, seed, PARTICLES, steer=steer)
    if lost:
        return None
    _fill_other_periods(events, filtered.month_level, held, stream(seed, dyad, "filter"))
    ancestors = _effective_ancestors(ancestor, draws)
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


def _fill_other_periods(
    events: SimulatedEvents, level: Float, held: Held, rng: np.random.Generator
) -> None:
    """Write the events of the periods that nothing is assumed of, from levels (..., period)."""
    assert events.kinds is not None and events.mixes is not None
    for period in range(1, events.total.shape[-1]):
        if period in held:
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
