"""Simulated records of known processes, as long and dense as a given record.

Power and false alarms of the tests are counted on them. `SimulatedProcess` describes a process, and
`simulate` draws a record from it: cooperative events at the event counts of the given record, or
standardised values in the months of an index. `enlarge` makes a record with more dyads or events.
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
from forecast.study.hypotheses.filter.inputs import MEAN, NOISE_SD
from forecast.study.hypotheses.filter.memory import PAST_MONTHS
from forecast.study.hypotheses.occasions import occasions_of
from forecast.study.hypotheses.record import (
    EPISODE_MONTHS,
    SOURCE_MONTHS,
    PooledRecord,
    turned_back,
)

HEAVY_FREEDOM = 2.5  # degrees of freedom of heavy-tailed steps: their variance is just finite
SOURCE_SD = 0.4  # of the offsets of sources, log-odds
# Coefficient of the relative event count, log-odds: mean, and standard deviation of the dyads.
SIMULATED_VOLUME_EFFECT = -0.55
SIMULATED_VOLUME_EFFECT_SD = 0.2
CANDIDATES = 4  # simulated dyads, of which the one that turned back most or least is taken
# Simulated dyads, of which the one is taken that turned back most nearly as far as the recorded
# one.
MATCHES = 40
# months between eras that are dated by hindsight; the moves around nearer ones overlap
MIN_ERA_DISTANCE = 36
AVERAGED_MONTHS = 24  # over which events are averaged: around a month, or on either side of it
MEMORY_SPREAD = 0.1  # of the dyads' orders of integration
MEMORY_RANGE = (0.02, 0.98)  # orders of integration that a dyad may have
# Standard deviations, in log units, of the dyads' parameters around those of the process, and of
# the concentrations of sources.
STEP_SPREAD = 0.25
CYCLE_SPREAD = 0.25
CYCLE_SD_SPREAD = 0.15
RETURN_SPREAD = 0.25
CONCENTRATION_SPREAD = 0.5
# Distance of a month's cooperative share from 0 and 1: a beta distribution needs one.
SHARE_FLOOR = 1e-5


@dataclass(frozen=True)
class SimulatedProcess:
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
    shared: float = 0.0  # Share of the steps' variance that dyads of a state have in common
    shared_cycle: float = 0.0  # The same share of the cycle's shocks
    bound: float | None = None  # Distance of bounds from the long-run mean
    headroom: float | None = None  # Of a ceiling above the trend at each era's start
    # Order of integration of a trend with long memory, whose innovations have the size of `step`
    memory: float | None = None
    growth: float = 0.0  # By how much stronger reversion is one log-odds from the mean
    visit: float = 0.0  # What a visit adds to the cycle in the month after
    occasion: float = 0.0  # What a scheduled occasion adds to the level of its month
    # Dyads that turned back most or least of `CANDIDATES` each, or of `MATCHES` most nearly as far
    # as the recorded one
    chosen: Literal["", "turned", "stayed", "matched"] = ""
    # Chance that an event within three months of the last one is of the same side for that reason
    repeat: float = 0.0
    # Eras that were not recognised at once are dated where the record moves most
    hindsight: bool = False
    # Codes of the claims that are tested on its sets, and of those tested on larger sets as well
    claims: tuple[str, ...] = (DECLINE.code, "S5a", "S5b", "S8")
    claims_by_size: tuple[str, ...] = ()

    def follows(self, claim: str) -> bool:
        """Check whether a claim is true of the process."""
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
_TABLE = yaml.safe_load(Path(__file__).with_name("processes.yaml").read_text("utf-8"))
PROCESSES = {
    process.name: process
    for process in TypeAdapter(tuple[SimulatedProcess, ...]).validate_python(_TABLE)
}
"""Processes of the power table, by name."""


def enlarge(record: PooledRecord, dyads: int, events: int) -> PooledRecord:
    """Return a record with so many times as many dyads, and events per month.

    Eras and visits are unchanged. More events are drawn from a Poisson distribution, whose mean is
    the average of the two years around each month; so empty months fill.
    """
    repeated: dict[str, Any] = {}
    for name in ("events", "cooperative", "volume", "begins", "prompt", "first", "stop", "visits"):
        array = getattr(record, name)
        repeated[name] = None if array is None else np.concatenate([array] * dyads)
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
    months = uniform_filter1d(inside.astype(np.float64), AVERAGED_MONTHS, axis=1, mode="constant")
    mean = uniform_filter1d(
        larger.events.astype(np.float64), AVERAGED_MONTHS, axis=1, mode="constant"
    )
    drawn = rng.poisson(np.where(inside, events * mean / np.maximum(months, 1e-9), 0.0))
    # Months of eras and visits, and a dyad's first and last, keep an event.
    needs_event = (
        larger.begins | (month == larger.first[:, None]) | (month == larger.stop[:, None] - 1)
    )
    if larger.visits is not None:
        needs_event |= larger.visits
    drawn = np.maximum(drawn, needs_event)
    return replace(larger, events=drawn, cooperative=np.minimum(larger.cooperative, drawn))


def simulate(record: PooledRecord, process: SimulatedProcess, seed: int) -> PooledRecord:
    """Simulate cooperative events, or values of an index, in the months of a record."""
    draw = _simulate_chosen if process.chosen else _simulate_record
    simulated = draw(record, process, seed)
    return date_eras_by_hindsight(simulated) if process.hindsight else simulated


def _simulate_chosen(record: PooledRecord, process: SimulatedProcess, seed: int) -> PooledRecord:
    """Simulate several candidates of each dyad, and choose one by how far it turned back."""
    number = MATCHES if process.chosen == "matched" else CANDIDATES
    candidates = [
        _simulate_record(record, process, seed + (candidate << 40)) for candidate in range(number)
    ]
    turns = np.array([turned_back(candidate) for candidate in candidates])
    match process.chosen:
        case "turned":
            score = turns
        case "stayed":
            score = -turns
        case _:
            score = -np.abs(turns - turned_back(record))
    best, dyads = score.argmax(axis=0), np.arange(len(record.dyads))
    if record.value is not None:
        values = np.array([candidate.value for candidate in candidates])
        return replace(record, value=values[best, dyads])
    cooperative = np.array([candidate.cooperative for candidate in candidates])
    return replace(record, cooperative=cooperative[best, dyads])


def date_eras_by_hindsight(record: PooledRecord) -> PooledRecord:
    """Date the eras that were not recognised at once where the record itself moves most."""
    begins = record.begins & record.prompt
    month = np.arange(record.events.shape[1])
    for d, late_eras in enumerate((record.begins & ~record.prompt).sum(axis=1)):
        recorded = record.cooperative[d] if record.value is None else record.value[d]
        changes = _changes_of_share(np.abs(record.events[d]), recorded)
        inside = (month > record.first[d]) & (month < record.stop[d] - 1)
        remaining = late_eras
        for start in np.argsort(-np.where(inside, changes, -1.0)):
            near = begins[d, max(0, start - MIN_ERA_DISTANCE + 1) : start + MIN_ERA_DISTANCE]
            if remaining and inside[start] and not near.any():
                begins[d, start] = True
                remaining -= 1
    return replace(record, begins=begins)


def _changes_of_share(events: Index, cooperative: Index | Float) -> Float:
    """Return how far the mean of the two years from each month is from that of the two before."""
    total, good = (np.concatenate([[0], np.cumsum(counts)]) for counts in (events, cooperative))
    month = np.arange(len(events))
    before, after = (
        np.maximum(month - AVERAGED_MONTHS, 0),
        np.minimum(month + AVERAGED_MONTHS, len(events)),
    )
    n_before, n_after = total[month] - total[before], total[after] - total[month]
    share_before = (good[month] - good[before] + 1.0) / (n_before + 2.0)
    share_after = (good[after] - good[month] + 1.0) / (n_after + 2.0)
    return np.asarray(np.abs(share_after - share_before))


@dataclass(frozen=True)
class _Dyads:
    """Parameters and shocks of all dyads of one simulated record."""

    step_sd: Float  # (dyad,)
    steps: Float  # (dyad, month)
    jumps: Float  # 0 where no era begins, (dyad, month)
    retention: Float  # Of the trend, over a month, (dyad,)
    volume: Float  # Coefficient of the relative event count, (dyad,)
    memory: Float  # Order of integration of long memory, (dyad,)
    cycle_retention: Float  # (dyad,)
    cycle_sd: Float  # (dyad,)
    # Shocks that dyads of a state share, (dyad, month); None if each dyad draws its own
    cycle_shocks: Float | None
    occasions: Float  # Scheduled occasions in each month, (dyad, month)

    @classmethod
    def draw(
        cls, record: PooledRecord, process: SimulatedProcess, rng: np.random.Generator
    ) -> "_Dyads":
        """Draw the parameters and shocks of the dyads of a process."""
        size = len(record.dyads)

        def vary(value: float, spread: float) -> Float:
            return np.asarray(value * np.exp(spread * rng.standard_normal(size)))

        step_sd = vary(process.step, STEP_SPREAD)
        steps = step_sd[:, None] * _unit_steps(record, process, rng)
        jumps = np.where(record.begins, process.jump_sd * rng.standard_normal(steps.shape), 0.0)
        retention = np.ones(size)
        if process.trend_half_life is not None:
            retention = retention_of(vary(process.trend_half_life, RETURN_SPREAD))
        volume = SIMULATED_VOLUME_EFFECT + SIMULATED_VOLUME_EFFECT_SD * rng.standard_normal(size)
        memory = np.zeros(size)
        if process.memory is not None:
            memory = process.memory + MEMORY_SPREAD * rng.standard_normal(size)
            memory = np.clip(memory, *MEMORY_RANGE)
        cycle_half_life, cycle_sd = process.cycle or (1.0, 0.0)
        cycle_retention = retention_of(vary(cycle_half_life, CYCLE_SPREAD))
        cycle_sds = vary(cycle_sd, CYCLE_SD_SPREAD)
        cycle_shocks = None
        if process.shared_cycle:
            cycle_shocks = _shared_shocks(record, process.shared_cycle, rng)
        occasions = np.zeros(steps.shape)
        if process.occasion:
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


def _simulate_record(record: PooledRecord, process: SimulatedProcess, seed: int) -> PooledRecord:
    """Simulate the cooperative events, or the values of an index, of every dyad."""
    rng = np.random.default_rng(seed)
    dyads = _Dyads.draw(record, process, rng)
    cooperative = np.zeros_like(record.cooperative)
    values = np.zeros(record.events.shape)
    for d in range(len(record.dyads)):
        months = slice(int(record.first[d]), int(record.stop[d]))
        if months.start == months.stop:  # a part of a record may have no events of a dyad
            continue
        events = record.events[d, months]
        level = _draw_level(record, process, dyads, d, months, rng)
        concentration = np.full(len(level), process.concentration)
        if process.sources:
            source = np.arange(months.start, months.stop) // SOURCE_MONTHS
            sources = source[-1] + 1
            level += rng.normal(0.0, SOURCE_SD, sources)[source]
            concentration *= np.exp(rng.normal(0.0, CONCENTRATION_SPREAD, sources))[source]
        if record.value is not None:
            values[d, months] = _draw_values(level, concentration, events != 0, rng)
            continue
        cooperative[d, months] = _draw_events(level, concentration, events, rng)
        if process.repeat:
            cooperative[d, months] = _repeat_sides(
                cooperative[d, months], events, process.repeat, rng
            )
    if record.value is not None:
        return replace(record, value=values)
    return replace(record, cooperative=cooperative)


def _draw_level(
    record: PooledRecord,
    process: SimulatedProcess,
    dyads: _Dyads,
    d: int,
    months: slice,
    rng: np.random.Generator,
) -> Float:
    """Draw the level of a dyad in each of its months, log-odds.

    It is the sum of long-run mean, trend, volume effect, cycle, and effects of occasions and
    visits.
    """
    long_run_mean = MEAN + process.mean_sd * rng.standard_normal()
    start = rng.standard_normal()
    if process.memory is None:
        moves = dyads.steps[d, months] + dyads.jumps[d, months]
        moves[0] = start
        trend = _trend_path(moves, dyads.retention[d], record.begins[d, months], process)
    else:
        past = dyads.step_sd[d] * rng.standard_normal(PAST_MONTHS)
        innovations = np.concatenate([past, dyads.steps[d, months]])
        trend = integrate_fractionally(innovations, dyads.memory[d])[PAST_MONTHS:]
    level = long_run_mean + trend + dyads.volume[d] * record.volume[d, months]
    shared = dyads.cycle_shocks
    shocks = rng.standard_normal(len(level)) if shared is None else shared[d, months]
    cycle = _cycle_path(shocks, dyads.cycle_retention[d], dyads.cycle_sd[d], rng)
    level += cycle + process.occasion * dyads.occasions[d, months]
    if process.visit and record.visits is not None:
        # A visit moves the cycle in the month after.
        pushes = np.concatenate([[0.0], process.visit * record.visits[d, months][:-1]])
        level += lfilter([1.0], [1.0, -dyads.cycle_retention[d]], pushes)
    return np.asarray(level)


def _repeat_sides(
    cooperative: Index, events: Index, chance: float, rng: np.random.Generator
) -> Index:
    """Return sides of which some, by a chance, repeat the last one of at most three months ago."""
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


def _unit_steps(record: PooledRecord, process: SimulatedProcess, rng: np.random.Generator) -> Float:
    """Draw steps of variance one, (dyad, month)."""
    shape = record.events.shape
    if process.heavy:
        heavy_sd = math.sqrt(HEAVY_FREEDOM / (HEAVY_FREEDOM - 2.0))
        return np.asarray(rng.standard_t(HEAVY_FREEDOM, shape) / heavy_sd)
    return _shared_shocks(record, process.shared, rng)


def _shared_shocks(record: PooledRecord, share: float, rng: np.random.Generator) -> Float:
    """Draw shocks of variance one, (dyad, month), of which a share comes from a dyad's two states.

    Shocks of two dyads that have one state in common correlate by half this share.
    """
    shape = record.events.shape
    own_shocks = rng.standard_normal(shape)
    if not share:
        return own_shocks
    common = np.zeros(shape)
    for dyads in record.states.values():
        common[dyads] += rng.standard_normal(shape[1]) / math.sqrt(2.0)
    return math.sqrt(1.0 - share) * own_shocks + math.sqrt(share) * common


def _trend_path(moves: Float, retention: float, begins: Bool, process: SimulatedProcess) -> Float:
    """Return the trend less its long-run mean, under the ceiling and between the bounds, if any."""
    if process.bound is None and process.headroom is None and not process.growth:
        return np.asarray(lfilter([1.0], [1.0, -retention], moves))
    trend = moves.copy()
    ceiling = math.inf if process.headroom is None else moves[0] + process.headroom
    for t in range(1, len(moves)):
        before = trend[t - 1]
        reversion = (1.0 - retention) * before * (1.0 + process.growth * before**2)
        # Growing reversion does not go beyond the mean.
        reversion = math.copysign(min(abs(reversion), abs(before)), reversion)
        after = before - reversion + moves[t]
        if process.headroom is not None and begins[t]:
            ceiling = after + process.headroom
        if process.bound is not None:
            after = float(np.clip(after, -process.bound, process.bound))
        trend[t] = min(after, ceiling)
    return trend


def integrate_fractionally(innovations: Float, order: float) -> Float:
    """Return the path of innovations that are integrated by a fractional order."""
    lag = np.arange(1, len(innovations))
    weights = np.concatenate([[1.0], np.cumprod((lag - 1.0 + order) / lag)])
    return np.asarray(fftconvolve(innovations, weights)[: len(innovations)])


def _cycle_path(shocks: Float, retention: float, sd: float, rng: np.random.Generator) -> Float:
    """Return an autoregression that starts from its long-run distribution."""
    moves = innovation_sd(sd, retention) * shocks
    moves[0] = sd * rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -retention], moves))


def _draw_events(
    level: Float, concentration: Float, events: Index, rng: np.random.Generator
) -> Index:
    """Draw the cooperative events of months."""
    share = 1.0 / (1.0 + np.exp(-(level + NOISE_SD * rng.standard_normal(len(level)))))
    share = np.clip(share, SHARE_FLOOR, 1.0 - SHARE_FLOOR)
    return rng.binomial(events, rng.beta(concentration * share, concentration * (1.0 - share)))


def _draw_values(level: Float, concentration: Float, seen: Bool, rng: np.random.Generator) -> Float:
    """Draw values of an index, and standardise them; 0 in a month without one."""
    value = level + rng.standard_normal(len(level)) / np.sqrt(concentration)
    return np.where(seen, (value - value[seen].mean()) / value[seen].std(), 0.0)
