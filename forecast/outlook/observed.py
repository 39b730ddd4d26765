"""Simulated observations of a dataset: number of events, cooperative ones, and kinds.

The number depends on the event data alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecast.base import wording
from forecast.base.numeric import share
from forecast.base.typing import Float, Index
from forecast.base.wording import Card, Displayed, number, percent
from forecast.data.panel.relative_counts import USUAL_MONTHS, relative_counts
from forecast.model.observation.readings import drift_between, knots
from forecast.outlook.draws import FitLike, dyad_draws, index_of_dyad, stream
from forecast.outlook.recorded import RECENT_MONTHS, DatasetRecord, WindowCounts
from forecast.outlook.recording import recording_level
from forecast.outlook.simulations import Simulations, pick_simulations
from forecast.outlook.summary import NotDefined

NOTHING_RECENT = NotDefined(
    f"no event of the dyad is counted in its last {RECENT_MONTHS} covered months"
)
"""Why no events are simulated of a dyad that a dataset no longer covers."""
_EDGE = 1e-9
"""Distance of chances from 0 and 1: both parameters of a Beta distribution must be positive."""
MIX_MONTHS = 120
"""Ten years: enough events to count rare kinds, few enough that relations and recording were much
as they are."""
WHOLE_RECORD_EVENTS = 8.0
"""So many events of a side are added with the mix of the whole record: a kind that was rare lately
is possible."""


@dataclass(frozen=True, order=True)
class Cell:
    """Events of one sort, of which a period holds at least so many, or none."""

    of_class: int  # Place of their class in the panel
    part: float  # Which part of that class is meant, apart from that of other cells
    least: int  # How many at least; zero if there are none
    code: str = ""  # With what their codes begin; empty if that is not said


@dataclass(frozen=True, repr=False)
class SimulatedEvents(Displayed):
    """Simulated observations of a dataset.

    The last axis is the period, and period 0, the present, is empty.
    """

    record: DatasetRecord  # Record that they continue
    total: Index  # Events
    cooperative: Index  # Cooperative events
    # Events of each class, (chain, draw, simulation, period, class); None if they were not drawn
    kinds: Index | None = None
    # Of a scenario, the mix of the kinds of either side in each simulation
    mixes: tuple[Float, Float] | None = field(default=None, repr=False, compare=False)
    # Measurement of the level by the dataset, for scenarios
    read: "Measurement | None" = field(default=None, repr=False, compare=False)
    # Relative event count of each period, for scenarios
    busy: Float | None = field(default=None, repr=False, compare=False)
    # Of a pool, the place in `benchmarks.MEMBERS` of the forecaster of each simulation
    member: Index | None = field(default=None, repr=False, compare=False)

    def _card(self) -> Card:
        chains, draws, simulations, periods = self.total.shape
        clock = self.record.clock
        events = int(self.total.sum())
        cooperative = int(self.cooperative.sum())
        ahead = max(self.total[..., 1:].size, 1)
        facts = (
            ("periods", f"{wording.count(periods - 1, clock.unit)} after {clock.last_day()}"),
            ("simulations", f"{simulations} of each of {chains * draws:,} draws"),
            ("events", f"{number(events / ahead, 1)} per {clock.unit} on average"),
            ("cooperative", percent(cooperative / max(events, 1))),
        )
        return Card(f"Simulated events of {self.record.dyad} in {self.record.dataset}", facts)

    def chances(self, level: Float, period: int, rng: np.random.Generator) -> Float:
        """Draw chances of cooperation in a period from its log-odds (chain, draw, simulation)."""
        assert self.read is not None and self.busy is not None
        month = simulate_months(level, self.read, rng)
        return simulate_chances(month, self.read, rng, self.busy[..., period])

    def at(self, places: Index) -> "SimulatedEvents":
        """Return those of some simulations, by their places among all of a chain's."""
        return replace(
            self,
            total=pick_simulations(self.total, places),
            cooperative=pick_simulations(self.cooperative, places),
            kinds=None if self.kinds is None else pick_simulations(self.kinds, places),
            mixes=None
            if self.mixes is None
            else (pick_simulations(self.mixes[0], places), pick_simulations(self.mixes[1], places)),
            busy=None if self.busy is None else pick_simulations(self.busy, places),
            member=None if self.member is None else pick_simulations(self.member, places),
            read=None if self.read is None else self.read.at(places, self.total.shape[2]),
        )

    def ahead(self, months: int) -> WindowCounts:
        """Return the periods of so many months ahead."""
        window = slice(1, self.record.clock.periods(months) + 1)
        return WindowCounts(self.total[..., window], self.cooperative[..., window])

    @property
    def share(self) -> Float:
        """Cooperative share of each period, 0 to 100; NaN where nothing is recorded."""
        shares: Float = np.full(self.total.shape, np.nan)
        np.divide(100.0 * self.cooperative, self.total, out=shares, where=self.total > 0)
        return shares


@dataclass(frozen=True)
class Measurement:
    """Measurement of a dyad's level by a dataset."""

    noise: Float  # Standard deviation of the month noise, log-odds
    offset: Float
    concentration: Float | None  # None without overdispersion
    directions: Float  # Share of the recent events by direction
    # What a period e times as busy as usual adds to the level; None without it
    volume_effect: Float | None = None

    def of_draws(self, chosen: Index) -> "Measurement":
        """Return that of some draws, counted over all chains, as one chain."""
        return self._each(lambda values: values.reshape(-1, *values.shape[2:])[chosen][None])

    def at(self, places: Index, simulations: int) -> "Measurement":
        """Return the values of chosen simulations, by their places (chain, number).

        Places count all simulations of a chain, with the given number per draw.
        """
        return self._each(
            lambda values: values[np.arange(len(places))[:, None], places // simulations]
        )

    def _each(self, pick: Callable[[Float], Float]) -> "Measurement":
        named = {
            name: getattr(self, name)
            for name in ("noise", "offset", "concentration", "volume_effect")
        }
        return replace(
            self, **{name: pick(values) for name, values in named.items() if values is not None}
        )


def observe(
    fit: FitLike,
    simulations: Simulations,
    months: int,
    record: DatasetRecord | NotDefined,
    *,
    seed: int,
    kinds: bool = False,
) -> SimulatedEvents | NotDefined:
    """Simulate what a dataset would record in each period ahead, from its record.

    The number of events is negative binomial around a level of recording that drifts
    (`RecordingLevel`), with a path of its own in each simulation. They are cooperative with the
    probability of the period (`simulate_chances`).

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    simulations : Simulations
        Of the level, at least as long as `months`.
    months : int
        Months ahead.
    record : DatasetRecord or NotDefined
        Record that the simulated months continue; where it is not defined, the result is that.
    seed : int
        The same seed gives the same events.
    kinds : bool
        Whether the class of each event is drawn, too.

    Returns
    -------
    SimulatedEvents or NotDefined
        Numbers of events, (chain, draw, simulation, period); period 0, the present, is empty.
    """
    if isinstance(record, NotDefined):
        return record
    periods = simulations.at(months)
    level = simulations.month_level
    volume, rng, of_kinds = (
        stream(seed, record.dyad, f"{purpose} {record.number}")
        for purpose in ("volume", "observed", "kinds")
    )
    blank = simulate_counts(fit, record, level.shape[:-1], periods, volume)
    if isinstance(blank, NotDefined):
        return blank
    # One period after the other, so that longer simulations continue shorter ones.
    for period in range(1, periods + 1):
        chances = blank.chances(level[..., period], period, rng)
        blank.cooperative[..., period] = rng.binomial(blank.total[..., period], chances)
    return (
        replace(blank, kinds=simulate_kinds(record, blank.total, blank.cooperative, of_kinds))
        if kinds
        else blank
    )


def observe_unrecorded(
    fit: FitLike, record: DatasetRecord, first: int, *, seed: int, simulations_per_draw: int
) -> SimulatedEvents | NotDefined:
    """Simulate what coverage leaves out of the periods from a position to the present.

    The last axis is the period.

    Events of the days that are not covered are as many as the recording level has them in as many
    days, and cooperative by the fit's own level in the period. What drivers add in the month alone
    is left out.
    """
    if not recently_reported(record):
        return NOTHING_RECENT
    draws = dyad_draws(fit, record.dyad)
    part = record.unrecorded[first:]
    size = (*draws.size, simulations_per_draw, len(part))
    rng, of_kinds = (
        stream(seed, record.dyad, f"{purpose} {record.number}")
        for purpose in ("unrecorded", "kinds")
    )
    whole = recording_level(record).simulate(size, rng)
    total = rng.binomial(whole, part)
    read = reading(fit, record)
    level = np.broadcast_to(draws.level[:, :, None, first:].astype(np.float64), size)
    chances = simulate_chances(
        simulate_months(level, read, rng), read, rng, relative_count(record, whole)
    )
    cooperative = rng.binomial(total, chances)
    return SimulatedEvents(
        record, total, cooperative, simulate_kinds(record, total, cooperative, of_kinds, rng)
    )


def simulate_counts(
    fit: FitLike,
    record: DatasetRecord,
    size: tuple[int, ...],
    periods: int,
    rng: np.random.Generator,
) -> SimulatedEvents | NotDefined:
    """Simulate what does not depend on the level in the periods ahead.

    No event is cooperative yet.
    """
    if not recently_reported(record):
        return NOTHING_RECENT
    total = recording_level(record).simulate((*size, periods), rng)
    # The present is a period without events.
    total, busy = (
        np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1)
        for values in (total, relative_count(record, total))
    )
    return SimulatedEvents(
        record, total, np.zeros_like(total), read=reading(fit, record), busy=busy
    )


def recently_reported(record: DatasetRecord) -> bool:
    """Return whether the last covered months of a record have an event, so that more may come."""
    return bool(
        record.total[record.covered][-round(RECENT_MONTHS * record.clock.per_month) :].any()
    )


def relative_count(record: DatasetRecord, ahead: Index) -> Float:
    """Return the relative event counts of future periods, given their events (..., period)."""
    a_month = record.clock.per_month
    last = int(np.flatnonzero(record.covered)[-1]) + 1
    past = slice(max(last - round(USUAL_MONTHS * a_month), 0), last)
    total = record.total[past]
    whole = record.whole[past]
    before = np.broadcast_to(total, (*ahead.shape[:-1], len(total)))
    covered = np.concatenate([whole, np.ones(ahead.shape[-1], dtype=bool)])
    relative_to = np.concatenate([before, ahead], axis=-1)
    return relative_counts(relative_to, covered, a_month, last=ahead.shape[-1])


def _expand_like(values: Float, like: Float) -> Float:
    """Return values (chain, draw, ...) with as many dims as an array (chain, draw, ...)."""
    return values.reshape(*values.shape, *[1] * (like.ndim - values.ndim))


def simulate_months(level: Float, read: Measurement, rng: np.random.Generator) -> Float:
    """Add the month-specific noise to levels (chain, draw, ...), log-odds."""
    return np.asarray(level + _expand_like(read.noise, level) * rng.standard_normal(level.shape))


def simulate_chances(
    month: Float, read: Measurement, rng: np.random.Generator, busy: Float | None = None
) -> Float:
    """Draw the chance that an event is cooperative, from the log-odds of its period.

    An event is of one direction or the other as often as the recent ones, so that the chance is the
    mean over directions. Overdispersed classes (Dirichlet-multinomial) make the chance
    Beta-distributed. `busy` has how much busier than usual each period is, or less busy.
    """
    if read.volume_effect is not None and busy is not None:
        month = month + _expand_like(read.volume_effect, month) * busy
    chances: Float = np.zeros(month.shape)
    for direction, part in enumerate(read.directions):
        chance = np.clip(
            share(month + _expand_like(read.offset[..., direction], month)) / 100, _EDGE, 1 - _EDGE
        )
        if read.concentration is not None:
            weight = _expand_like(read.concentration, month)
            chance = rng.beta(weight * chance, weight * (1 - chance))
        chances += part * chance
    return chances


def reading(fit: FitLike, record: DatasetRecord) -> Measurement:
    """Return the measurement of a dyad's level by the dataset of a record."""
    dyad_index = index_of_dyad(fit.panel, record.dyad)
    dataset = record.number

    def values(name: str) -> Any:
        picked = fit.posterior[name].isel(dyad=dyad_index, dataset=dataset, missing_dims="ignore")
        return picked.transpose("chain", "draw", ...).to_numpy().astype(np.float64)

    size = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    acts = (
        fit.panel["counts"]
        .isel(dyad=dyad_index, dataset=dataset)
        .sum("class")
        .transpose("time", "direction")
        .to_numpy()
    )
    recent = acts[record.covered][-round(RECENT_MONTHS * record.clock.per_month) :].sum(axis=0)
    offset = (
        values("direction_offset") if "direction_offset" in fit.posterior else np.zeros((*size, 1))
    )
    if "dataset_drift" in fit.posterior:  # as it stands now
        knot, part = knots(fit.panel)
        offset = (
            offset
            + drift_between(values("dataset_drift"), int(knot[-1]), float(part[-1]))[..., None]
        )
    effect = next(
        (name for name in ("dataset_volume_effect", "volume_effect") if name in fit.posterior), None
    )
    return Measurement(
        noise=values("tau") if "tau" in fit.posterior else np.zeros(size),
        offset=offset,
        concentration=values("concentration") if "concentration" in fit.posterior else None,
        directions=recent / recent.sum() if recent.any() else np.full(len(recent), 1 / len(recent)),
        volume_effect=None if effect is None else values(effect),
    )


def simulate_kinds(
    record: DatasetRecord,
    total: Index,
    cooperative: Index,
    rng: np.random.Generator,
    events: np.random.Generator | None = None,
) -> Index:
    """Draw the kinds of the events that a dataset records in simulations.

    Each simulation has its own mix of either side, drawn from what the last ten years leave
    possible; its events are multinomial, drawn from a stream of their own if one is given.
    """
    mixes = draw_mixes(record, total.shape[:-1], rng)
    rng = rng if events is None else events
    kinds = np.zeros((*total.shape, len(record.names)), dtype=np.int32)
    # One period after the other, so that longer simulations continue shorter ones.
    for period in range(total.shape[-1]):
        kinds[..., period, :] = draw_kinds(mixes, total[..., period], cooperative[..., period], rng)
    return kinds


def draw_mixes(
    record: DatasetRecord, simulations: tuple[int, ...], rng: np.random.Generator
) -> tuple[Float, Float]:
    """Draw the mix of kinds of each simulation, of either side: each (..., kind)."""
    counts = record.counts[record.covered]
    cut = record.zero_cut
    recent = round(MIX_MONTHS * record.clock.per_month)
    hostile, cooperative = (
        rng.dirichlet(mix_weights(counts[:, classes], recent), simulations)
        for classes in (slice(0, cut), slice(cut, None))
    )
    return hostile, cooperative


def draw_kinds(
    mixes: tuple[Float, Float], total: Index, cooperative: Index, rng: np.random.Generator
) -> Index:
    """Draw the kinds of a period's events, (..., class), by the mixes of its simulations."""
    sides = zip((total - cooperative, cooperative), mixes, strict=True)
    return np.concatenate([rng.multinomial(number, mix) for number, mix in sides], axis=-1)


def mix_weights(counts: Index, recent: int) -> Float:
    """Return the weights of the Dirichlet distribution of a side's mix, (kind,)."""
    whole = counts.sum(axis=0) + 1.0
    return np.asarray(counts[-recent:].sum(axis=0) + WHOLE_RECORD_EVENTS * whole / whole.sum())
