"""Events of a month, drawn so that they satisfy what a scenario assumes of it.

In each simulation, and for each month that something is assumed of:

1. Several chances that an event is cooperative are drawn, from level, month noise, volume and
   overdispersion, or from the record alone.
2. For each, the assumed events are drawn one sort after the other from truncated binomial
   distributions. The product of the probabilities of these truncations is an unbiased estimate of
   the likelihood of the scenario.
3. One of the chances is kept, in proportion to its likelihood; their mean likelihood is the weight
   of the simulation.
4. The other events of the month are multinomial, as without a scenario.
"""

from typing import NamedTuple

import numpy as np

from forecast.base.typing import Float, Index
from forecast.outlook.observed import Cell, SimulatedEvents

# Chance of a sort of events, so that the chance of the others is not zero
MAX_CLASS_CHANCE = 1.0 - 1e-9


class _Proposal(NamedTuple):
    """A chance that events are cooperative and, given it, how many are of each assumed sort."""

    chance: Float  # (chain, draw, simulation)
    numbers: Index  # (sort, chain, draw, simulation)
    log_likelihood: Float  # Of what is assumed of the sorts, (chain, draw, simulation)


def write_assumed_events(
    events: SimulatedEvents,
    period: int,
    cells: tuple[Cell, ...],
    level: Float,
    rng: np.random.Generator,
    chances: int,
) -> Float:
    """Write a period so that it satisfies the scenario, and return log-likelihoods.

    `level` is that of the period, and `chances` the number of chances of cooperation that are
    drawn. Levels and log-likelihoods are (chain, draw, simulation).
    """
    assert events.kinds is not None and events.mixes is not None
    chance, numbers, weight = _propose(events, period, cells, level, rng)
    for _ in range(chances - 1):
        other = _propose(events, period, cells, level, rng)
        weight = np.logaddexp(weight, other.log_likelihood)
        with np.errstate(invalid="ignore"):  # where neither can satisfy it
            stays = np.log(rng.random(level.shape)) >= other.log_likelihood - weight
        stays |= ~np.isfinite(weight)
        chance = np.where(stays, chance, other.chance)
        numbers = np.where(stays, numbers, other.numbers)
    kinds = events.kinds[..., period, :]
    free_part = np.ones(kinds.shape[-1])  # of each class, that nothing is assumed of
    np.subtract.at(free_part, [cell.of_class for cell in cells], [cell.part for cell in cells])
    of_others = _class_chances(events, chance) * free_part.clip(0.0)
    others = events.total[..., period] - sum(numbers)
    kinds[...] = rng.multinomial(others, of_others / of_others.sum(axis=-1, keepdims=True))
    for cell, number in zip(cells, numbers, strict=True):
        kinds[..., cell.of_class] += number
    events.cooperative[..., period] = kinds[..., events.record.zero_cut :].sum(axis=-1)
    return np.asarray(weight - np.log(chances))


def _propose(
    events: SimulatedEvents,
    period: int,
    cells: tuple[Cell, ...],
    level: Float,
    rng: np.random.Generator,
) -> _Proposal:
    """Draw a chance that events are cooperative and, given it, how many are of each sort."""
    chance = events.chances(level, period, rng)
    by_class = _class_chances(events, chance)
    remaining_chance = np.ones(chance.shape)
    remaining = events.total[..., period]
    log_likelihood = np.zeros(chance.shape)
    numbers = []
    for cell in cells:
        sort_chance = by_class[..., cell.of_class] * cell.part
        chance_in_rest = np.clip(sort_chance / remaining_chance, 0.0, MAX_CLASS_CHANCE)
        number, likelihood = draw_at_least(remaining, chance_in_rest, cell.least, rng)
        with np.errstate(divide="ignore"):
            log_likelihood = log_likelihood + np.log(likelihood)
        numbers.append(number)
        remaining = remaining - number
        remaining_chance = np.maximum(remaining_chance - sort_chance, 1.0 - MAX_CLASS_CHANCE)
    return _Proposal(chance, np.array(numbers), log_likelihood)


def _class_chances(events: SimulatedEvents, chance: Float) -> Float:
    """Return the chances that an event is of each class, (chain, draw, simulation, class)."""
    assert events.mixes is not None
    hostile, cooperative = events.mixes
    return np.concatenate(
        [(1 - chance)[..., None] * hostile, chance[..., None] * cooperative], axis=-1
    )


def draw_at_least(
    total: Index, chance: Float, least: int, rng: np.random.Generator
) -> tuple[Index, Float]:
    """Draw binomial numbers that are at least so many, or zero if `least` is.

    The probability that a number is so, without the truncation, is returned too.
    """
    from scipy.special import betainc, gammaln

    if not least:
        return np.zeros_like(total), (1.0 - chance) ** total
    enough = total >= least
    room = np.where(enough, total - least, 0)
    likelihood = np.where(enough, betainc(least, room + 1.0, chance), 0.0)
    odds = chance / (1.0 - chance)
    log_combinations = gammaln(total + 1.0) - gammaln(least + 1.0) - gammaln(room + 1.0)
    with np.errstate(divide="ignore"):
        log_probability = log_combinations + least * np.log(chance) + room * np.log1p(-chance)
        probability = np.where(enough, np.exp(log_probability), 0.0)
    # The distribution function is inverted from its lower end.
    target = rng.random(total.shape) * likelihood
    cumulated = probability.copy()
    number = np.where(enough, least, 0)
    for count in range(least, int(total.max(initial=0))):
        more = enough & (target >= cumulated) & (total > count)
        if not more.any():
            break
        growth = np.where(total > count, (total - count) / (count + 1.0), 0.0)
        probability = probability * growth * odds
        number = number + more
        cumulated = cumulated + probability
    return number, likelihood
