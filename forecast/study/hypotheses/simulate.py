"""Simulated record sets of known truth, as long and dense as a record.

For power and false alarms of pooled tests.

Counts are drawn at the event counts of the record; an index gets values at its months, standardised
as the record's.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import TypeAdapter
from scipy.ndimage import uniform_filter1d
from scipy.signal import fftconvolve, lfilter

from forecast.base.typing import Bool, Float, Index
from forecast.model.process.transition import innovation_sd, retention_of
from forecast.outlook.theory import BALANCE, CEILING, COST, DECLINE, REASONS, VISITS
from forecast.study.hypotheses.filter import MEAN, NOISE_SD
from forecast.study.hypotheses.memory import PAST_MONTHS
from forecast.study.hypotheses.occasions import occasions_of
from forecast.study.hypotheses.record import EPISODE_MONTHS, PooledRecord, turned_back

HEAVY_FREEDOM = 2.5  # degrees of freedom of heavy-tailed steps: their variance is just finite
SOURCE_MONTHS = 180  # a source lasts fifteen years
SOURCE_SD = 0.4  # of the offsets of sources, log-odds
VOLUME = -0.55  # mean coefficient of the relative event count
VOLUME_SD = 0.2  # of the dyads around it
CANDIDATES = 4  # dyads of which the one that turned back most or least is taken
# dyads of which the one is taken that turned back most nearly as far as the recorded one
MATCHES = 40
# months between eras that are dated by hindsight; the moves around nearer ones overlap
MIN_ERA_DISTANCE = 36
AROUND = 24  # months on either side over which events are averaged
MEMORY_SPREAD = 0.1  # of the dyads' orders of integration
MEMORY_RANGE = (0.02, 0.98)  # orders of integration that a dyad may have
# Spreads of the dyads' parameters around those of the truth, and of sources' concentrations, log
# units.
STEP_SPREAD = 0.25
CYCLE_SPREAD = 0.25
CYCLE_SD_SPREAD = 0.15
RETURN_SPREAD = 0.25
CONCENTRATION_SPREAD = 0.5
SHARE_FLOOR = 1e-5  # of cooperative events: a beta distribution needs shares between 0 and 1


@dataclass(frozen=True)
class Truth:
    """Process that simulated records follow; half-lives in months, the rest in log-odds."""

    name: str
    step: float
    concentration: float = 13.0
    cycle: tuple[float, float] | None = None  # Half-life and standard deviation
    trend_half_life: float | None = None  # None for a walk
    mean_sd: float = 1.0  # Spread of long-run means
    jump_sd: float = 0.0  # Of the jumps of the trend where eras begin
    heavy: bool = False  # Heavy-tailed steps
    sources: bool = False  # Sources that change every fifteen years
    shared: float = 0.0  # Share of the steps' variance that states' dyads have in common
    shared_cycle: float = 0.0  # Share of the variance of the cycle's shocks that they have
    bound: float | None = None  # Distance of bounds from the long-run mean
    headroom: float | None = None  # Of a ceiling above the trend at each era's start
    memory: float | None = (
        None  # Order of integration of a trend with long memory, of which `step` is the innovations
    )
    growth: float = 0.0  # By how much stronger reversion is one log-odds from the mean
    visit: float = 0.0  # What a visit adds to the cycle in the month after
    occasion: float = 0.0  # What a scheduled occasion adds to the level of its month
    # Dyads that turned back most or least of `CANDIDATES` each, or of `MATCHES` most nearly as far
    # as the recorded one
    chosen: Literal["", "turned", "stayed", "matched"] = ""
    # Chance that an event within three months of the last one is of the same side for that reason
    repeat: float = 0.0
    hindsight: bool = (
        False  # Eras that were not recognised at once are dated where the record moves most
    )
    # Codes of the claims that are tested on its sets, and of those tested on larger sets as well
    claims: tuple[str, ...] = (DECLINE.code, "S5a", "S5b", "S8")
    claims_by_size: tuple[str, ...] = ()

    def follows(self, claim: str) -> bool:
        """Check whether a claim is true of it."""
        return {
            DECLINE.code: self.jump_sd > 0.0,
            CEILING.code: self.headroom is not None,
            "S5a": self.cycle is not None,
            "S5b": self.trend_half_life is not None,
            "S5c": self.trend_half_life is not None or self.bound is not None,
            COST.code: self.growth > 0.0,
            BALANCE.code: self.trend_half_life is not None or self.bound is not None,
            VISITS.code: self.visit != 0.0,
            REASONS.code: self.occasion != 0.0,
        }[claim]


STAYING = "trend that hardly moves + cycle"
_TABLE = yaml.safe_load(Path(__file__).with_name("truths.yaml").read_text("utf-8"))
TRUTHS = {truth.name: truth for truth in TypeAdapter(tuple[Truth, ...]).validate_python(_TABLE)}
"""The truths of the power table, by name."""


def enlarged(record: PooledRecord, dyads: int, events: int) -> PooledRecord:
    """Return a record with so many times as many dyads, and as many events per month.

    Its eras and visits stay.

    More events are drawn around the average of the two years around each month, so that empty
    months fill.
    """
    names = ("events", "cooperative", "volume", "begins", "prompt", "first", "stop", "visits")
    arrays = ((name, getattr(record, name)) for name in names)
    repeated: dict[str, Any] = {
        name: None if array is None else np.concatenate([array] * dyads) for name, array in arrays
    }
    codes = tuple(
        "-".join(f"{state}{copy or ''}" for state in dyad.split("-"))
        for copy in range(dyads)
        for dyad in record.dyads
    )
    larger: PooledRecord = replace(record, dyads=codes, counts=None, **repeated)
    if events == 1:
        return larger
    rng, month = np.random.default_rng(events), np.arange(larger.events.shape[1])
    inside = (month >= larger.first[:, None]) & (month < larger.stop[:, None])
    months = uniform_filter1d(inside.astype(np.float64), AROUND, axis=1, mode="constant")
    mean = uniform_filter1d(larger.events.astype(np.float64), AROUND, axis=1, mode="constant")
    drawn = rng.poisson(np.where(inside, events * mean / np.maximum(months, 1e-9), 0.0))
    with_events = (
        larger.begins | (month == larger.first[:, None]) | (month == larger.stop[:, None] - 1)
    )
    if larger.visits is not None:
        with_events |= larger.visits
    drawn = np.maximum(drawn, with_events)
    return replace(larger, events=drawn, cooperative=np.minimum(larger.cooperative, drawn))


def simulate(record: PooledRecord, truth: Truth, seed: int) -> PooledRecord:
    """Simulate cooperative events in the months and at the event counts of a record."""
    simulated = _chosen(record, truth, seed) if truth.chosen else _simulated(record, truth, seed)
    return dated_by_hindsight(simulated) if truth.hindsight else simulated


def _chosen(record: PooledRecord, truth: Truth, seed: int) -> PooledRecord:
    """Simulate several dyads for each, and take one of them by how far it turned back."""
    candidates = MATCHES if truth.chosen == "matched" else CANDIDATES
    simulated = [
        _simulated(record, truth, seed + (candidate << 40)) for candidate in range(candidates)
    ]
    turns = np.array([turned_back(candidate_record) for candidate_record in simulated])
    match truth.chosen:
        case "turned":
            score = turns
        case "stayed":
            score = -turns
        case _:
            score = -np.abs(turns - turned_back(record))
    best, dyads = score.argmax(axis=0), np.arange(len(record.dyads))
    if record.value is not None:
        values = np.array([candidate_record.value for candidate_record in simulated])
        return replace(record, value=values[best, dyads])
    cooperative = np.array([candidate_record.cooperative for candidate_record in simulated])
    return replace(record, cooperative=cooperative[best, dyads])


def dated_by_hindsight(record: PooledRecord) -> PooledRecord:
    """Return the record with eras dated where the record itself moves most.

    These are the eras that were not recognised at once.
    """
    begins = record.begins & record.prompt
    month = np.arange(record.events.shape[1])
    for d, late in enumerate((record.begins & ~record.prompt).sum(axis=1)):
        seen = record.cooperative[d] if record.value is None else record.value[d]
        moves = _moves(np.abs(record.events[d]), seen)
        inside = (month > record.first[d]) & (month < record.stop[d] - 1)
        for start in np.argsort(-np.where(inside, moves, -1.0)):
            near = begins[d, max(0, start - MIN_ERA_DISTANCE + 1) : start + MIN_ERA_DISTANCE]
            if late and inside[start] and not near.any():
                begins[d, start] = True
                late -= 1
    return replace(record, begins=begins)


def _moves(events: Index, cooperative: Index | Float) -> Float:
    """Return how much the mean of the two years from each month differs from the two before."""
    total, good = (np.concatenate([[0], np.cumsum(counts)]) for counts in (events, cooperative))
    month = np.arange(len(events))
    before, after = np.maximum(month - AROUND, 0), np.minimum(month + AROUND, len(events))
    n_before, n_after = total[month] - total[before], total[after] - total[month]
    share_before = (good[month] - good[before] + 1.0) / (n_before + 2.0)
    share_after = (good[after] - good[month] + 1.0) / (n_after + 2.0)
    return np.asarray(np.abs(share_after - share_before))


@dataclass(frozen=True)
class _Dyads:
    """Parameters and shocks of all dyads of one simulated record."""

    step_sd: Float  # (dyad,)
    steps: Float  # (dyad, month)
    jumps: Float  # Where eras begin, else 0, (dyad, month)
    retention: Float  # Of the trend, over a month, (dyad,)
    volume: Float  # Coefficient of the relative event count, (dyad,)
    memory: Float  # Order of integration of long memory, (dyad,)
    cycle_retention: Float  # (dyad,)
    cycle_sd: Float  # (dyad,)
    # Shocks that dyads of a state share, (dyad, month); None if each dyad draws its own
    cycle_shocks: Float | None
    occasions: Float  # Scheduled occasions in each month, (dyad, month)

    @classmethod
    def draw(cls, record: PooledRecord, truth: Truth, rng: np.random.Generator) -> "_Dyads":
        """Draw the parameters of dyads around those of a truth."""
        size = len(record.dyads)

        def vary(value: float, spread: float) -> Float:
            return np.asarray(value * np.exp(spread * rng.standard_normal(size)))

        step_sd = vary(truth.step, STEP_SPREAD)
        steps = step_sd[:, None] * _unit_steps(record, truth, rng)
        jumps = np.where(record.begins, truth.jump_sd * rng.standard_normal(steps.shape), 0.0)
        retention = np.ones(size)
        if truth.trend_half_life is not None:
            retention = retention_of(vary(truth.trend_half_life, RETURN_SPREAD))
        volume = VOLUME + VOLUME_SD * rng.standard_normal(size)
        memory = np.zeros(size)
        if truth.memory is not None:
            memory = truth.memory + MEMORY_SPREAD * rng.standard_normal(size)
            memory = np.clip(memory, *MEMORY_RANGE)
        cycle_half_life, cycle_sd = truth.cycle or (1.0, 0.0)
        cycle_retention = retention_of(vary(cycle_half_life, CYCLE_SPREAD))
        cycle_sds = vary(cycle_sd, CYCLE_SD_SPREAD)
        cycle_shocks = None
        if truth.shared_cycle:
            cycle_shocks = _shared_shocks(record, truth.shared_cycle, rng)
        occasions = np.zeros(steps.shape)
        if truth.occasion:
            occasions = np.sum([*occasions_of(record).values()], axis=0)
        return cls(
            step_sd=step_sd,
            steps=steps,
            jumps=jumps,
            retention=retention,
            volume=volume,
            memory=memory,
            cycle_retention=cycle_retention,
            cycle_sd=cycle_sds,
            cycle_shocks=cycle_shocks,
            occasions=occasions,
        )


def _simulated(record: PooledRecord, truth: Truth, seed: int) -> PooledRecord:
    """Simulate the cooperative events, or the values of an index, of every dyad."""
    rng = np.random.default_rng(seed)
    dyads = _Dyads.draw(record, truth, rng)
    cooperative = np.zeros_like(record.cooperative)
    values = np.zeros(record.events.shape)
    for d in range(len(record.dyads)):
        months = slice(int(record.first[d]), int(record.stop[d]))
        if months.start == months.stop:  # no events in this part of a record
            continue
        events = record.events[d, months]
        level = _level(record, truth, dyads, d, months, rng)
        concentration = np.full(len(level), truth.concentration)
        if truth.sources:
            source = np.arange(months.start, months.stop) // SOURCE_MONTHS
            sources = source[-1] + 1
            level += rng.normal(0.0, SOURCE_SD, sources)[source]
            concentration *= np.exp(rng.normal(0.0, CONCENTRATION_SPREAD, sources))[source]
        if record.value is not None:
            values[d, months] = _draw_values(level, concentration, events != 0, rng)
            continue
        cooperative[d, months] = _draw(level, concentration, events, rng)
        if truth.repeat:
            cooperative[d, months] = _repeated(cooperative[d, months], events, truth.repeat, rng)
    if record.value is not None:
        return replace(record, value=values)
    return replace(record, cooperative=cooperative)


def _level(
    record: PooledRecord,
    truth: Truth,
    dyads: _Dyads,
    d: int,
    months: slice,
    rng: np.random.Generator,
) -> Float:
    """Return the level of a dyad in each of its months.

    Trend, volume effect, cycle and what moves them.
    """
    long_run_mean = MEAN + truth.mean_sd * rng.standard_normal()
    start = rng.standard_normal()
    if truth.memory is None:
        moves = dyads.steps[d, months] + dyads.jumps[d, months]
        moves[0] = start
        trend = _trend(moves, dyads.retention[d], record.begins[d, months], truth)
    else:
        past = dyads.step_sd[d] * rng.standard_normal(PAST_MONTHS)
        innovations = np.concatenate([past, dyads.steps[d, months]])
        trend = integrated(innovations, dyads.memory[d])[PAST_MONTHS:]
    level = long_run_mean + trend + dyads.volume[d] * record.volume[d, months]
    shared = dyads.cycle_shocks
    shocks = rng.standard_normal(len(level)) if shared is None else shared[d, months]
    cycle = _cycle(shocks, dyads.cycle_retention[d], dyads.cycle_sd[d], rng)
    level += cycle + truth.occasion * dyads.occasions[d, months]
    if truth.visit and record.visits is not None:
        # A visit moves the cycle in the month after.
        pushes = np.concatenate([[0.0], truth.visit * record.visits[d, months][:-1]])
        level += lfilter([1.0], [1.0, -dyads.cycle_retention[d]], pushes)
    return np.asarray(level)


def _repeated(cooperative: Index, events: Index, chance: float, rng: np.random.Generator) -> Index:
    """Let each event be, by a chance, of the side of the last one within three months."""
    repeated = np.zeros_like(cooperative)
    last_side, last_month = False, -EPISODE_MONTHS - 1
    for month in np.flatnonzero(events > 0).tolist():
        sides = rng.permutation(np.arange(events[month]) < cooperative[month])
        repeats = rng.random(len(sides)) < chance
        for event in range(len(sides)):
            if repeats[event] and month - last_month <= EPISODE_MONTHS:
                sides[event] = last_side
            last_side, last_month = sides[event], month
        repeated[month] = sides.sum()
    return repeated


def _unit_steps(record: PooledRecord, truth: Truth, rng: np.random.Generator) -> Float:
    """Return steps of variance one, (dyad, month)."""
    shape = record.events.shape
    if truth.heavy:
        heavy_sd = math.sqrt(HEAVY_FREEDOM / (HEAVY_FREEDOM - 2.0))
        return np.asarray(rng.standard_t(HEAVY_FREEDOM, shape) / heavy_sd)
    return _shared_shocks(record, truth.shared, rng)


def _shared_shocks(record: PooledRecord, share: float, rng: np.random.Generator) -> Float:
    """Return shocks of variance one, (dyad, month).

    A dyad has a share of them from its two states.

    The shocks of two dyads with one state in common have half that share as their correlation.
    """
    shape = record.events.shape
    alone = rng.standard_normal(shape)
    if not share:
        return alone
    common = np.zeros(shape)
    for dyads in record.states.values():
        common[dyads] += rng.standard_normal(shape[1]) / math.sqrt(2.0)
    return math.sqrt(1.0 - share) * alone + math.sqrt(share) * common


def _trend(moves: Float, retention: float, begins: Bool, truth: Truth) -> Float:
    """Return the trend less its long-run mean.

    It is under the truth's ceiling or between its bounds, if it has some.
    """
    if truth.bound is None and truth.headroom is None and not truth.growth:
        return np.asarray(lfilter([1.0], [1.0, -retention], moves))
    trend = moves.copy()
    top = math.inf if truth.headroom is None else moves[0] + truth.headroom
    for t in range(1, len(moves)):
        back = (1.0 - retention) * trend[t - 1] * (1.0 + truth.growth * trend[t - 1] ** 2)
        now = trend[t - 1] - math.copysign(min(abs(back), abs(trend[t - 1])), back) + moves[t]
        if truth.headroom is not None and begins[t]:
            top = now + truth.headroom
        if truth.bound is not None:
            now = float(np.clip(now, -truth.bound, truth.bound))
        trend[t] = min(now, top)
    return trend


def integrated(innovations: Float, order: float) -> Float:
    """Return innovations integrated by a fractional order."""
    lag = np.arange(1, len(innovations))
    weights = np.concatenate([[1.0], np.cumprod((lag - 1.0 + order) / lag)])
    return np.asarray(fftconvolve(innovations, weights)[: len(innovations)])


def _cycle(shocks: Float, retention: float, sd: float, rng: np.random.Generator) -> Float:
    """Return an autoregression that starts from its long-run distribution."""
    moves = innovation_sd(sd, retention) * shocks
    moves[0] = sd * rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -retention], moves))


def _draw(level: Float, concentration: Float, events: Index, rng: np.random.Generator) -> Index:
    """Draw the cooperative events of months."""
    share = 1.0 / (1.0 + np.exp(-(level + NOISE_SD * rng.standard_normal(len(level)))))
    share = np.clip(share, SHARE_FLOOR, 1.0 - SHARE_FLOOR)
    return rng.binomial(events, rng.beta(concentration * share, concentration * (1.0 - share)))


def _draw_values(level: Float, concentration: Float, seen: Bool, rng: np.random.Generator) -> Float:
    """Draw the values of an index, standardised; 0 in a month without one."""
    value = level + rng.standard_normal(len(level)) / np.sqrt(concentration)
    return np.where(seen, (value - value[seen].mean()) / value[seen].std(), 0.0)
