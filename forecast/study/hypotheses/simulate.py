"""Simulated record sets of known truth, as long and dense as a record: for power and false alarms of pooled tests.

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
from forecast.model.process.component import fraction_left
from forecast.model.process.cycle import linear_shock
from forecast.outlook.theory import BALANCE, CEILING, COST, DECLINE, REASONS, VISITS
from forecast.study.hypotheses.filter import MEAN, NOISE_SD
from forecast.study.hypotheses.memory import PAST_MONTHS
from forecast.study.hypotheses.occasions import occasions_of
from forecast.study.hypotheses.record import EPISODE_MONTHS, Record, turned_back

HEAVY = 2.5
"""Degrees of freedom of heavy-tailed steps."""
SOURCE_MONTHS, SOURCE_SD = 180, 0.4
"""How long a source lasts, and how far sources differ, log-odds."""
VOLUME, VOLUME_SD = -0.55, 0.2
CANDIDATES = 4
"""Dyads of which one is chosen by how far it turned back, where a truth says so."""
MATCHES = (
    40  # dyads of which the one is chosen that turned back most nearly as far as the recorded one
)
MIN_APART = (
    36  # months between the largest moves of a record at which late eras are dated with hindsight
)
AROUND = 24
"""Months over which event counts are averaged before denser ones are drawn."""
MEMORY_SPREAD = 0.1  # of the dyads' orders of integration
LEAST_MEMORY, MOST_MEMORY = 0.02, 0.98
STEP_SPREAD, CYCLE_SPREAD, CYCLE_SD_SPREAD, RETURN_SPREAD, CONCENTRATION_SPREAD = (
    0.25,
    0.25,
    0.15,
    0.25,
    0.5,
)
"""Spreads of the dyads' parameters, and of sources' concentrations, log units."""


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
    tells: tuple[str, ...] = (DECLINE.code, "S5a", "S5b", "S8")  # The claims whose test it is about
    sized: tuple[str, ...] = ()  # Those that it is also about on larger record sets

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


def enlarged(record: Record, dyads: int, events: int) -> Record:
    """Return a record with so many times as many dyads, and as many events per month.

    Its eras and visits stay.

    More events are drawn around the average of the two years around each month, so that empty
    months fill.
    """
    names = ("events", "cooperative", "volume", "begins", "prompt", "first", "stop", "visits")
    arrays = ((name, getattr(record, name)) for name in names)
    repeated: dict[str, Any] = {
        name: None if one is None else np.concatenate([one] * dyads) for name, one in arrays
    }
    codes = tuple(
        "-".join(f"{state}{at or ''}" for state in dyad.split("-"))
        for at in range(dyads)
        for dyad in record.dyads
    )
    found: Record = replace(record, dyads=codes, counts=None, **repeated)
    if events == 1:
        return found
    rng, month = np.random.default_rng(events), np.arange(found.events.shape[1])
    inside = (month >= found.first[:, None]) & (month < found.stop[:, None])
    months = uniform_filter1d(inside.astype(np.float64), AROUND, axis=1, mode="constant")
    mean = uniform_filter1d(found.events.astype(np.float64), AROUND, axis=1, mode="constant")
    drawn = rng.poisson(np.where(inside, events * mean / np.maximum(months, 1e-9), 0.0))
    known = found.begins | (month == found.first[:, None]) | (month == found.stop[:, None] - 1)
    if found.visits is not None:
        known |= found.visits
    drawn = np.maximum(drawn, known)
    return replace(found, events=drawn, cooperative=np.minimum(found.cooperative, drawn))


def simulate(record: Record, truth: Truth, seed: int) -> Record:
    """Simulate cooperative events in the months and at the event counts of a record."""
    simulated = _chosen(record, truth, seed) if truth.chosen else _simulated(record, truth, seed)
    return dated_by_hindsight(simulated) if truth.hindsight else simulated


def _chosen(record: Record, truth: Truth, seed: int) -> Record:
    """Simulate several dyads for each, and take one of them by how far it turned back."""
    candidates = MATCHES if truth.chosen == "matched" else CANDIDATES
    made = [_simulated(record, truth, seed + (at << 40)) for at in range(candidates)]
    turns = np.array([turned_back(one) for one in made])
    match truth.chosen:
        case "turned":
            score = turns
        case "stayed":
            score = -turns
        case _:
            score = -np.abs(turns - turned_back(record))
    best, dyads = score.argmax(axis=0), np.arange(len(record.dyads))
    if record.value is not None:
        values = np.array([one.value for one in made])
        return replace(record, value=values[best, dyads])
    cooperative = np.array([one.cooperative for one in made])
    return replace(record, cooperative=cooperative[best, dyads])


def dated_by_hindsight(record: Record) -> Record:
    """Return the record with the eras that were not recognised at once dated where the record itself moves most."""
    begins = record.begins & record.prompt
    month = np.arange(record.events.shape[1])
    for d, late in enumerate((record.begins & ~record.prompt).sum(axis=1)):
        seen = record.cooperative[d] if record.value is None else record.value[d]
        moves = _moves(np.abs(record.events[d]), seen)
        inside = (month > record.first[d]) & (month < record.stop[d] - 1)
        for at in np.argsort(-np.where(inside, moves, -1.0)):
            near = begins[d, max(0, at - MIN_APART + 1) : at + MIN_APART]
            if late and inside[at] and not near.any():
                begins[d, at] = True
                late -= 1
    return replace(record, begins=begins)


def _moves(events: Index, cooperative: Index | Float) -> Float:
    """Return by how much the mean of the two years from each month differs from that of the two years before."""
    total, good = (np.concatenate([[0], np.cumsum(counts)]) for counts in (events, cooperative))
    month = np.arange(len(events))
    before, after = np.maximum(month - AROUND, 0), np.minimum(month + AROUND, len(events))
    n_before, n_after = total[month] - total[before], total[after] - total[month]
    share_before = (good[month] - good[before] + 1.0) / (n_before + 2.0)
    share_after = (good[after] - good[month] + 1.0) / (n_after + 2.0)
    return np.asarray(np.abs(share_after - share_before))


def _simulated(record: Record, truth: Truth, seed: int) -> Record:
    rng = np.random.default_rng(seed)
    size = len(record.dyads)

    def vary(value: float, spread: float) -> Float:
        return np.asarray(value * np.exp(spread * rng.standard_normal(size)))

    step_sds = vary(truth.step, STEP_SPREAD)
    steps = step_sds[:, None] * _unit_steps(record, truth, rng)
    jumps = np.where(record.begins, truth.jump_sd * rng.standard_normal(steps.shape), 0.0)
    keep = (
        np.ones(size)
        if truth.trend_half_life is None
        else fraction_left(vary(truth.trend_half_life, RETURN_SPREAD))
    )
    volume = VOLUME + VOLUME_SD * rng.standard_normal(size)
    cooperative, values = np.zeros_like(record.cooperative), np.zeros(steps.shape)
    occasions = (
        np.sum([*occasions_of(record).values()], axis=0)
        if truth.occasion
        else np.zeros(steps.shape)
    )
    cycle_half_life, cycle_sd = truth.cycle or (1.0, 0.0)
    memories = np.zeros(size)
    if truth.memory is not None:
        memories = np.clip(
            truth.memory + MEMORY_SPREAD * rng.standard_normal(size), LEAST_MEMORY, MOST_MEMORY
        )
    decay, spread = (
        fraction_left(vary(cycle_half_life, CYCLE_SPREAD)),
        vary(cycle_sd, CYCLE_SD_SPREAD),
    )
    for d in range(size):
        part = slice(int(record.first[d]), int(record.stop[d]))
        months = part.stop - part.start
        if months == 0:  # no events in this part of a record
            continue
        mean, start = MEAN + truth.mean_sd * rng.standard_normal(), rng.standard_normal()
        moves = steps[d, part] + jumps[d, part]
        moves[0] = start
        if truth.memory is None:
            trend = _trend(moves, keep[d], record.begins[d, part], truth)
        else:
            past = step_sds[d] * rng.standard_normal(PAST_MONTHS)
            trend = integrated(np.concatenate([past, steps[d, part]]), memories[d])[PAST_MONTHS:]
        level = mean + trend + volume[d] * record.volume[d, part]
        level += _cycle(months, decay[d], spread[d], rng) + truth.occasion * occasions[d, part]
        if truth.visit and record.visits is not None:
            pushes = np.concatenate([[0.0], truth.visit * record.visits[d, part][:-1]])
            level += lfilter([1.0], [1.0, -decay[d]], pushes)
        concentration = np.full(months, truth.concentration)
        if truth.sources:
            source = (part.start + np.arange(months)) // SOURCE_MONTHS
            level += rng.normal(0.0, SOURCE_SD, source[-1] + 1)[source]
            concentration *= np.exp(rng.normal(0.0, CONCENTRATION_SPREAD, source[-1] + 1))[source]
        if record.value is not None:
            values[d, part] = _draw_values(level, concentration, record.events[d, part] != 0, rng)
            continue
        cooperative[d, part] = _draw(level, concentration, record.events[d, part], rng)
        if truth.repeat:
            cooperative[d, part] = _repeated(
                cooperative[d, part], record.events[d, part], truth.repeat, rng
            )
    if record.value is not None:
        return replace(record, value=values)
    return replace(record, cooperative=cooperative)


def _repeated(cooperative: Index, events: Index, chance: float, rng: np.random.Generator) -> Index:
    """Let each event be of the side of the last one, by a chance, if that was within three months."""
    found = np.zeros_like(cooperative)
    last_side, last_month = False, -EPISODE_MONTHS - 1
    for month in np.flatnonzero(events > 0).tolist():
        sides = rng.permutation(np.arange(events[month]) < cooperative[month])
        repeats = rng.random(len(sides)) < chance
        for at in range(len(sides)):
            if repeats[at] and month - last_month <= EPISODE_MONTHS:
                sides[at] = last_side
            last_side, last_month = sides[at], month
        found[month] = sides.sum()
    return found


def _unit_steps(record: Record, truth: Truth, rng: np.random.Generator) -> Float:
    """Return steps of variance one, (dyad, month)."""
    shape = record.events.shape
    if truth.heavy:
        return np.asarray(rng.standard_t(HEAVY, shape) / math.sqrt(HEAVY / (HEAVY - 2.0)))
    own = rng.standard_normal(shape)
    if not truth.shared:
        return own
    common = np.zeros(shape)
    for dyads in record.states.values():
        common[dyads] += rng.standard_normal(shape[1]) / math.sqrt(2.0)
    return math.sqrt(1.0 - truth.shared) * own + math.sqrt(truth.shared) * common


def _trend(moves: Float, keep: float, begins: Bool, truth: Truth) -> Float:
    """Return the trend less its long-run mean, under the truth's ceiling or between its bounds if it has some."""
    if truth.bound is None and truth.headroom is None and not truth.growth:
        return np.asarray(lfilter([1.0], [1.0, -keep], moves))
    found = moves.copy()
    top = math.inf if truth.headroom is None else moves[0] + truth.headroom
    for t in range(1, len(moves)):
        back = (1.0 - keep) * found[t - 1] * (1.0 + truth.growth * found[t - 1] ** 2)
        now = found[t - 1] - math.copysign(min(abs(back), abs(found[t - 1])), back) + moves[t]
        if truth.headroom is not None and begins[t]:
            top = now + truth.headroom
        if truth.bound is not None:
            now = float(np.clip(now, -truth.bound, truth.bound))
        found[t] = min(now, top)
    return found


def integrated(innovations: Float, order: float) -> Float:
    """Return innovations integrated by a fractional order."""
    lag = np.arange(1, len(innovations))
    weights = np.concatenate([[1.0], np.cumprod((lag - 1.0 + order) / lag)])
    return np.asarray(fftconvolve(innovations, weights)[: len(innovations)])


def _cycle(months: int, decay: float, sd: float, rng: np.random.Generator) -> Float:
    """Return an autoregression that starts from its long-run distribution."""
    moves = linear_shock(sd, decay) * rng.standard_normal(months)
    moves[0] = sd * rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -decay], moves))


def _draw(level: Float, concentration: Float, events: Index, rng: np.random.Generator) -> Index:
    """Draw the cooperative events of months."""
    share = 1.0 / (1.0 + np.exp(-(level + NOISE_SD * rng.standard_normal(len(level)))))
    share = np.clip(share, 1e-5, 1.0 - 1e-5)
    return rng.binomial(events, rng.beta(concentration * share, concentration * (1.0 - share)))


def _draw_values(level: Float, concentration: Float, seen: Bool, rng: np.random.Generator) -> Float:
    """Draw the values of an index, standardised; 0 in a month without one."""
    value = level + rng.standard_normal(len(level)) / np.sqrt(concentration)
    return np.where(seen, (value - value[seen].mean()) / value[seen].std(), 0.0)
