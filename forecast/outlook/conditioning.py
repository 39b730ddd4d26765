r"""Futures that hold what is assumed: weighed where that is good enough, followed by a particle filter where not.

What is assumed of a month is that its record holds *at least* so many happenings of a sort, or none; nothing is said of
the rest. A sort :math:`j` is a part :math:`q_j` of a kind :math:`k`, and no two sorts overlap. In a future with
:math:`N` happenings in that month, of which each is cooperative with the chance :math:`p` and then of kind :math:`k`
with :math:`m_k`, each is of the sort with :math:`\pi_j = p\,m_k q_j` (hostile sorts: :math:`(1 - p)\,m_k q_j`), and the
future has the likelihood

.. math:: L = P(M_j \ge n_j \text{ for all } j), \quad (M_1, M_2, \dots, \text{rest}) \sim \text{Multinomial}(N; \pi_1,
    \pi_2, \dots),

with :math:`M_j = 0` in place of :math:`M_j \ge n_j` where there are none. So the mean of :math:`L` is the plausibility
of the scenario. The sorts are drawn one after the other from their truncated binomial distributions, whose chances
multiply to an unbiased estimate of :math:`L`, and the rest of the record is multinomial as ever. The chance :math:`p`
rests on level, month noise, volume and overdispersion, or on the record alone; several are drawn for each future and
averaged over, and the one that stays is picked by its likelihood.

The weights are smoothed and judged by their Pareto tail and effective number. Where they are poor, many more particles
a draw are taken, and picked by their weights [1]_ in every month that something is assumed of; each goes on with shocks
of its own.

References
----------
.. [1] Chopin and Papaspiliopoulos (2020), An introduction to sequential Monte Carlo,
   https://doi.org/10.1007/978-3-030-47845-2
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from forecast.errors import SpecError
from forecast.model.gate import ESS_LIMIT
from forecast.model.particles import Weights, resampled, smoothed
from forecast.outlook.assumed import Cell, Held
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.outlook.drivers import FuturePush
from forecast.outlook.futures import Futures, picked, simulate_particles, stream
from forecast.outlook.hazard import structural_hazard
from forecast.outlook.kind_counts import draw_kinds, draw_mixes
from forecast.outlook.observed import Coming, Observed, coming_periods
from forecast.outlook.summary import NotDefined
from forecast.typing import Bool, Float, Index

CHANCES, CHANCES_OF_PARTICLES = 16, 4
"""Drawn for each future, and for each particle of the filter, in a month that something is assumed of."""
KEPT = 0.2
"""Weights that are worth less than this part of the futures are poor."""
EDGE = 1.0 - 1e-9
"""The largest chance of a sort."""
PARTICLES = 24
"""Futures a draw in the filter, until the last month that something is assumed of."""


@dataclass(frozen=True)
class Conditional:
    """Futures and records that hold what is assumed; the futures of each chain one after the other."""

    futures: Futures  # (chain, future, 1, period)
    observed: Observed
    likelihood: Float  # Of what is assumed, in the outlook's own futures
    method: str
    pareto_k: float  # The largest of the weights; minus infinity if they have no tail
    # By weights: effective number of futures. By the filter: effective number of the draws that they descend from, or
    # of the particles in a month, whichever is smaller.
    effective: float
    fault: str  # Why the futures may not be used; empty if they may


@dataclass(frozen=True)
class _Records:
    """What is recorded in futures, and what is behind it; each array (chain, draw, future, period, ...)."""

    coming: Coming
    mixes: tuple[Float, Float]
    cooperative: Index
    kinds: Index
    coded: dict[int, tuple[tuple[Cell, Index], ...]] = field(default_factory=dict)

    def at(self, places: Index) -> "_Records":
        hostile, cooperative = (picked(mix, places) for mix in self.mixes)
        coded = {
            period: tuple((cell, picked(number, places)) for cell, number in own) for period, own in self.coded.items()
        }
        return _Records(
            self.coming.at(places), (hostile, cooperative), picked(self.cooperative, places),
            picked(self.kinds, places), coded,
        )  # fmt: skip

    def hold(self, held: Held, level: Float, rng: np.random.Generator, chances: int) -> Float:
        """Write a month so that it holds what is assumed, and return log-likelihoods, (chain, draw, future)."""
        period, total = held.period, self.coming.total[..., held.period]
        best = self._drawn(held, level, rng)
        weight = best.log_likelihood
        for _ in range(chances - 1):
            other = self._drawn(held, level, rng)
            weight = np.logaddexp(weight, other.log_likelihood)
            with np.errstate(invalid="ignore"):  # where neither can hold it
                stays = np.log(rng.random(level.shape)) >= other.log_likelihood - weight
            best = best.where(stays | ~np.isfinite(weight), other)
        free = np.ones(self.kinds.shape[-1])
        np.subtract.at(free, [cell.of_class for cell in held.cells], [cell.part for cell in held.cells])
        rest = self._class_chances(best.chances) * free.clip(0.0)
        self.kinds[..., period, :] = rng.multinomial(total - sum(best.numbers), rest / rest.sum(axis=-1, keepdims=True))
        of_cells = tuple(zip(held.cells, best.numbers, strict=True))
        for cell, number in of_cells:
            self.kinds[..., period, cell.of_class] += number
        self.coded[period] = tuple((cell, number) for cell, number in of_cells if cell.code)
        self.cooperative[..., period] = self.kinds[..., period, self.mixes[0].shape[-1] :].sum(axis=-1)
        return np.asarray(weight - np.log(chances))

    def _drawn(self, held: Held, level: Float, rng: np.random.Generator) -> "_Month":
        """Draw a chance that happenings are cooperative and, given it, how many are of each sort assumed."""
        chances = self.coming.chances(level, held.period, rng)
        by_class, left = self._class_chances(chances), np.ones(chances.shape)
        numbers, rest, log_likelihood = [], self.coming.total[..., held.period], np.zeros(chances.shape)
        for cell in held.cells:
            own = by_class[..., cell.of_class] * cell.part
            number, chance = draw_at_least(rest, np.clip(own / left, 0.0, EDGE), cell.least, rng)
            with np.errstate(divide="ignore"):
                log_likelihood = log_likelihood + np.log(chance)
            numbers.append(number)
            rest, left = rest - number, np.maximum(left - own, 1.0 - EDGE)
        return _Month(chances, tuple(numbers), log_likelihood)

    def _class_chances(self, chances: Float) -> Float:
        """Return the chances that a happening is of each class, (chain, draw, future, class)."""
        hostile, cooperative = self.mixes
        return np.concatenate([(1 - chances)[..., None] * hostile, chances[..., None] * cooperative], axis=-1)

    def fill(self, level: Float, periods: Sequence[int], rng: np.random.Generator) -> None:
        """Draw the months of which nothing is assumed; levels are (chain, draw, future, period)."""
        for period in periods:
            total = self.coming.total[..., period]
            own = rng.binomial(total, self.coming.chances(level[..., period], period, rng))
            self.cooperative[..., period] = own
            self.kinds[..., period, :] = draw_kinds(self.mixes, total, own, rng)

    def observed(self) -> Observed:
        kinds = self.kinds
        return Observed(
            self.coming.dataset, self.coming.total, self.cooperative, lambda total, cooperative: kinds, self.coded
        )


@dataclass(frozen=True)
class _Month:
    """A month as it may be, each array (chain, draw, future): chances, numbers of each sort, and their likelihood."""

    chances: Float
    numbers: tuple[Index, ...]
    log_likelihood: Float

    def where(self, stays: Bool, other: "_Month") -> "_Month":
        pairs = zip(self.numbers, other.numbers, strict=True)
        numbers = tuple(np.where(stays, own, its) for own, its in pairs)
        return _Month(np.where(stays, self.chances, other.chances), numbers, self.log_likelihood)


def draw_at_least(total: Index, chance: Float, least: int, rng: np.random.Generator) -> tuple[Index, Float]:
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
        mass = np.where(enough, np.exp(log_first + least * np.log(chance) + room * np.log1p(-chance)), 0.0)
    aim, reach = rng.random(total.shape) * likelihood, mass.copy()
    number = np.where(enough, least, 0)
    for m in range(least, int(total.max(initial=0))):  # the distribution function inverted, from its lower end
        more = enough & (aim >= reach) & (total > m)
        if not more.any():
            break
        mass = mass * np.where(total > m, (total - m) / (m + 1.0), 0.0) * odds
        number, reach = number + more, reach + mass
    return number, likelihood


def condition(fit: FitLike, futures: Futures, observed: Observed, held: Sequence[Held], *, seed: int) -> Conditional:
    """Find the futures that hold what is assumed."""
    periods = observed.total.shape[-1] - 1
    records = _records(fit, futures.dyad, observed.coming, seed)
    records.cooperative[:], records.kinds[:] = observed.cooperative, observed.kinds
    log_weight, months = np.zeros(futures.level.shape[:-1]), futures.month_level
    for one in held:
        rng = stream(seed, futures.dyad, f"scenario {one.period}")
        log_weight += records.hold(one, months[..., one.period], rng, CHANCES)
    found = _by_weights(futures, records, log_weight, seed)
    if found is None or found.fault:
        filtered = _by_filter(fit, futures, periods, held, seed)
        found = found if filtered is None else replace(filtered, likelihood=np.exp(log_weight))
    if found is None:
        raise SpecError(
            "scenario: no simulated future holds what is assumed, so that nothing can be said of it. Assume fewer "
            "happenings a month, or fewer months"
        )
    return found


def _records(fit: FitLike, dyad: str, coming: Coming | NotDefined | None, seed: int) -> _Records:
    """Draw of what kinds records would be, given what else is behind them; no month is written yet."""
    if not isinstance(coming, Coming):
        raise SpecError(f"scenario: {coming.reason if coming else 'nothing is recorded'}; nothing can be assumed of it")
    size = coming.total.shape[:-1]
    mixes = draw_mixes(fit.panel, dyad, coming.dataset, size, stream(seed, dyad, f"kinds {coming.dataset}"))
    classes = fit.panel.sizes["class"]
    cooperative, kinds = np.zeros_like(coming.total), np.zeros((*coming.total.shape, classes), dtype=np.int32)
    return _Records(coming, mixes, cooperative, kinds)


def _by_weights(futures: Futures, records: _Records, log_weight: Float, seed: int) -> Conditional | None:
    """Weigh the outlook's own futures, with their own records but for the months that something is assumed of."""
    weights = _weights(log_weight)
    if weights is None:
        return None
    places = resampled(weights.weight, stream(seed, futures.dyad, "scenario"))
    fault = weights.fault
    if not fault and weights.effective < KEPT * weights.weight.size:
        fault = f"the weights are worth {weights.effective:.0f} of {weights.weight.size} futures"
    periods = records.kinds.shape[-2] - 1
    return Conditional(
        _futures_at(futures, places, periods), records.at(places).observed(), np.exp(log_weight), "weights",
        weights.pareto_k, weights.effective, fault,
    )  # fmt: skip


def _weights(log_weight: Float) -> Weights | None:
    """Smooth the weights of each chain's futures; None if a chain has none left."""
    flat = log_weight.reshape(len(log_weight), -1)
    return smoothed(flat) if np.isfinite(flat).any(axis=1).all() else None


def _futures_at(futures: Futures, places: Index, periods: int) -> Futures:
    """Return some futures, up to a period."""
    names = ("level", "share", "frameworks", "trend", "ceiling", "pushed")
    kept = {name: getattr(futures, name) for name in names}
    some: dict[str, Any] = {
        name: picked(values[..., : periods + 1], places) for name, values in kept.items() if values is not None
    }
    return replace(futures, months=_months(futures, periods), **some)


def _months(futures: Futures, periods: int) -> int:
    return round(periods / futures.clock.per_month)


class _Filter:
    """Picks particles in the months that something is assumed of, with their records."""

    def __init__(self, records: _Records, held: Sequence[Held], place: tuple[str, int], futures: int) -> None:
        self.records, self.held, self.futures = records, {one.period: one for one in held}, futures
        (self.dyad, self.seed), self.last = place, max(self.held)
        chains, draws, particles = records.coming.total.shape[:3]
        self.draw = np.broadcast_to(np.arange(draws)[:, None], (chains, draws, particles))
        self.draws, self.weights, self.lost = draws, list[Weights](), False

    def __call__(self, period: int, level: Float) -> Index | None:
        if period not in self.held or self.lost:
            return None
        rng = stream(self.seed, self.dyad, f"filter {period}")
        weights = _weights(self.records.hold(self.held[period], level, rng, CHANCES_OF_PARTICLES))
        if weights is None:
            self.lost = True
            return None
        self.weights.append(weights)
        places = resampled(weights.weight, rng, self.futures if period == self.last else None)
        self.records, self.draw = self.records.at(places), picked(self.draw, places)
        return places

    @property
    def ancestors(self) -> float:
        """Effective number of the draws that the particles descend from."""
        shares = [np.bincount(own.ravel(), minlength=self.draws) / own.size for own in self.draw]
        return float(len(shares) ** 2 / np.square(shares).sum())


def _by_filter(fit: FitLike, futures: Futures, periods: int, held: Sequence[Held], seed: int) -> Conditional | None:
    """Follow many particles, picked in the months that something is assumed of; None if none is left."""
    own, dyad = dyad_draws(fit, futures.dyad), futures.dyad
    each = futures.level.shape[2]
    coming = coming_periods(fit, dyad, (*own.size, PARTICLES), periods, seed=seed)
    records = _records(fit, dyad, coming, seed)
    steer = _Filter(records, held, (dyad, seed), own.size[1] * each)
    rate = structural_hazard(fit.panel).draws(own.size, seed)
    driven = FuturePush.of(fit, own, periods, PARTICLES, partial(stream, seed, dyad))
    found = simulate_particles(own, rate, _months(futures, periods), PARTICLES, steer, seed=seed, driven=driven)
    if steer.lost:
        return None
    rest = [period for period in range(1, periods + 1) if period not in steer.held]
    steer.records.fill(found.month_level, rest, stream(seed, dyad, "filter"))
    ancestors, fault = steer.ancestors, next((one.fault for one in steer.weights if one.fault), "")
    if not fault and ancestors < ESS_LIMIT:
        fault = f"the futures descend from as few draws as {ancestors:.0f} of equal weight, at least {ESS_LIMIT} needed"
    effective = min(ancestors, *(one.effective for one in steer.weights))
    pareto_k = max(one.pareto_k for one in steer.weights)
    return Conditional(found, steer.records.observed(), np.ones(()), "filter", pareto_k, effective, fault)
