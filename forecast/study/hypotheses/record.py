"""Record of several dyads: what the tests read of a panel.

`read_panel` makes a `PooledRecord`, whose methods return variants of it: without eras, of some
dyads, of some months. `PooledRecord.steps` is the form that the filter reads. `turned_back`
measures how far dyads moved away and came back, and `draw_placebo_eras` draws placebo era starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.base.errors import DataError
from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import join
from forecast.data.panel import panel_kind
from forecast.data.panel.relative_counts import relative_event_counts
from forecast.study.hypotheses.filter.inputs import FilterSteps

MIN_POOLED_DYADS = 2  # dyads; one has no spread between dyads
# months from a dyad's first event to its last, unless a claim needs fewer; a trend takes decades
MIN_CLAIM_MONTHS = 240
# events, or values of an index; the average of a decade with fewer is mostly chance
MIN_EVENTS_PER_DECADE = 20
# an era start that was recognised within so many days cannot have been chosen by what followed
PROMPT_DAYS = 7
EPISODE_MONTHS = 3  # an event within so many months of the last ones may belong to the same episode
SOURCE_MONTHS = 180  # a source of drifting or simulated sources lasts fifteen years
# Placebo era starts of the kind "shifted" lie so many months from the ends of a record.
PLACEBO_MONTHS_FROM_END = 24
# Those of the kind "equally busy" lie so many months from every era start, and are drawn among so
# many months whose event counts are nearest.
PLACEBO_MONTHS_FROM_ERA = 18
BUSY_CANDIDATES = 12
# A century between two months counts as much as a difference of one in their log event counts.
MONTHS_PER_CENTURY = 1200


@dataclass(frozen=True)
class PooledRecord:
    """Monthly counts or values of an index of several dyads, each array (dyad, month)."""

    dyads: tuple[str, ...]
    events: Index  # -1 in a month with a value of an index
    cooperative: Index
    volume: Float  # Relative event count
    begins: Bool  # An era begins, after the first month with events and before the last
    prompt: Bool  # An era begins that was recognised within a week of its start
    first: Index  # First month with events, and one after the last, (dyad,)
    stop: Index
    time: NDArray[np.datetime64]  # Months
    counts: Index | None = None  # Events by class, from the most hostile, (dyad, month, class)
    hostile: int = 0  # The number of hostile classes
    value: Float | None = None  # Of an index, in standard deviations from its mean
    # A high-level visit, (dyad, month); None without single events, among which visits are found
    visits: Bool | None = None
    anchor: Index | None = None  # As in `FilterSteps`, (dyad, month)
    impulse: Float | None = None
    occasion: Float | None = None

    @property
    def eras(self) -> int:
        """The number of era starts."""
        return int(self.begins.sum())

    @property
    def states(self) -> dict[str, list[int]]:
        """The positions of every state's dyads."""
        states: dict[str, list[int]] = {}
        for position, dyad in enumerate(self.dyads):
            for state in dyad.split("-"):
                states.setdefault(state, []).append(position)
        return dict(sorted(states.items()))

    @cached_property
    def steps(self) -> FilterSteps:
        """The months in which something happens, as the filter reads them."""
        zeros = np.zeros(self.events.shape)
        anchor = zeros.astype(np.int64) if self.anchor is None else self.anchor
        impulse = zeros if self.impulse is None else self.impulse
        occasion = zeros if self.occasion is None else self.occasion
        value = zeros if self.value is None else self.value
        is_step = (self.events != 0) | self.begins | (anchor > 0) | (impulse != 0)
        dyad, month = np.nonzero(is_step)  # dyad after dyad, months in order
        months_by_dyad = [np.flatnonzero(months) for months in is_step]
        gap = np.concatenate([np.diff(months, prepend=months[:1]) for months in months_by_dyad])
        ends = np.concatenate([[0], np.cumsum(is_step.sum(axis=1))])
        return FilterSteps(
            self.cooperative[dyad, month],
            self.events[dyad, month],
            value[dyad, month],
            self.volume[dyad, month],
            gap,
            self.begins[dyad, month].astype(np.float64),
            anchor[dyad, month],
            impulse[dyad, month],
            occasion[dyad, month],
            ends,
        )

    def without_eras(self) -> "PooledRecord":
        """Return the record without era starts."""
        no_eras = np.zeros_like(self.begins)
        return replace(self, begins=no_eras, prompt=no_eras)

    def with_prompt_eras(self) -> "PooledRecord":
        """Return the record with only the era starts that were recognised within a week."""
        return replace(self, begins=self.begins & self.prompt)

    def with_last_events(self) -> "PooledRecord":
        """Return the record without eras, with the balance of the last events as its occasions.

        The balance of the last month with events is 1 if all of them were cooperative, and -1 if
        none was. It is 0 if the three months before had no events.
        """
        balance = np.zeros(self.events.shape)
        for dyad, counts in enumerate(self.events):
            months = np.flatnonzero(counts > 0)
            share = self.cooperative[dyad, months] / counts[months]
            near = np.diff(months) <= EPISODE_MONTHS
            balance[dyad, months[1:][near]] = 2.0 * share[:-1][near] - 1.0
        return replace(self.without_eras(), occasion=balance)

    def anchored(self, anchor: int, months: Bool) -> "PooledRecord":
        """Return the record with an anchor of the filter in some months after a dyad's first."""
        month = np.arange(self.events.shape[1])
        within = (month > self.first[:, None]) & (month < self.stop[:, None])
        return replace(self, anchor=np.where(within & months, anchor, 0))

    def months_apart(self, months: int) -> Bool:
        """Mark every n-th month, from the first of the record, (month,)."""
        return np.asarray(np.arange(self.events.shape[1]) % months == 0)

    def by_kind(self) -> "Iterator[tuple[str, PooledRecord]]":
        """Yield two records with their names, in place of cooperative among all events.

        One counts deep events among cooperative ones, the other severe events among hostile ones.
        """
        if self.counts is None:
            return
        hostile, cooperative = self.counts[..., : self.hostile], self.counts[..., self.hostile :]
        halves = {
            "depth of cooperation": (cooperative, slice((cooperative.shape[-1] + 1) // 2, None)),
            "severity of conflict": (hostile, slice(0, hostile.shape[-1] // 2)),
        }
        for name, (events, half) in halves.items():
            if events.shape[-1] > 1:
                total, in_half = events.sum(axis=-1), events[..., half].sum(axis=-1)
                yield name, replace(self, events=total, cooperative=in_half, counts=None)

    def between(self, start: int, end: int) -> "PooledRecord":
        """Return the months from ``start`` to before ``end``, without eras that begin outside."""
        month = np.arange(self.events.shape[1])
        inside = (month >= start) & (month < end)
        part = self.without_months(np.broadcast_to(~inside, self.events.shape))
        has_events = part.events != 0
        first = np.where(has_events.any(axis=1), has_events.argmax(axis=1), start)
        stop = np.where(
            has_events.any(axis=1), len(month) - has_events[:, ::-1].argmax(axis=1), start
        )
        within = (month > first[:, None]) & (month < stop[:, None])
        begins, prompt = self.begins & within, self.prompt & within
        visits = None if self.visits is None else self.visits & inside
        return replace(part, first=first, stop=stop, begins=begins, prompt=prompt, visits=visits)

    @property
    def spans(self) -> dict[str, int]:
        """Months from first event to last, by dyad."""
        return dict(zip(self.dyads, (self.stop - self.first).tolist(), strict=True))

    def with_min_months(self, months: int) -> "PooledRecord":
        """Return the record of the dyads that have so many months from first event to last."""
        return self.select_dyads(
            [dyad for dyad, span in enumerate(self.spans.values()) if span >= months]
        )

    def select_dyads(self, dyads: Sequence[int]) -> "PooledRecord":
        """Return the record of some dyads by their positions; itself if these are all."""
        if len(dyads) == len(self.dyads):
            return self
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        by_dyad = [
            name
            for name, value in values.items()
            if isinstance(value, np.ndarray) and name != "time"
        ]
        arrays = {name: values[name][list(dyads)] for name in by_dyad}
        return replace(self, dyads=tuple(self.dyads[dyad] for dyad in dyads), **arrays)

    def without_months(self, months: Bool) -> "PooledRecord":
        """Return the record without the events of some months."""
        return replace(
            self,
            events=np.where(months, 0, self.events),
            cooperative=np.where(months, 0, self.cooperative),
        )


def too_short(record: PooledRecord, months: int) -> str:
    """Describe which dyads have fewer months than a claim needs, in words; empty if none has."""
    short = [f"{dyad} ({span})" for dyad, span in record.spans.items() if span < months]
    if not short:
        return ""
    return f"{join(short)} have fewer than {months} months from first event to last"


def read_panel(panel: xr.Dataset, visits: Bool | None = None) -> PooledRecord:
    """Read a panel, and reject what cannot be pooled."""
    if panel.attrs["frequency"] != "month":
        raise DataError(
            "frequency: the tests read months, and the panel has weeks; build a monthly one"
        )
    if panel.sizes["dyad"] < MIN_POOLED_DYADS:
        raise DataError(
            f"dyads: the tests need {MIN_POOLED_DYADS} dyads at least, and the data have "
            f"{panel.sizes['dyad']}; give data of more dyads"
        )
    return _read_counts(panel, visits) if panel_kind(panel).coded else _read_index(panel)


def _read_counts(panel: xr.Dataset, visits: Bool | None) -> PooledRecord:
    """Read the counts of a panel in which each dyad is of one dataset."""
    _reject_dyads_of_several_datasets(panel)
    counts = (
        panel["counts"].sum(("dataset", "direction")).transpose("dyad", "time", "class").to_numpy()
    )
    events, hostile = counts.sum(axis=2).astype(np.int64), int(panel.attrs["zero_cut"])
    cooperative = counts[..., hostile:].sum(axis=2).astype(np.int64)
    return _build_record(
        panel,
        events,
        cooperative,
        relative_event_counts(panel),
        counts=counts.astype(np.int64),
        hostile=hostile,
        visits=visits,
    )


def _reject_dyads_of_several_datasets(panel: xr.Dataset) -> None:
    """Reject a dyad with events of two datasets, because both may report the same event."""
    events = panel["counts"].sum(("direction", "class", "time")).transpose("dyad", "dataset")
    has_events = events.to_numpy() > 0
    for dyad, present in zip(panel["dyad"].to_numpy(), has_events, strict=True):
        if present.sum() > 1:
            names = join([str(name) for name in panel["dataset"].to_numpy()[present]])
            raise DataError(
                f"data: {dyad} has events of {names}, and the tests read one dataset per dyad; "
                "leave it out of all but one of them, or name one dataset"
            )


def _read_index(panel: xr.Dataset) -> PooledRecord:
    """Read the values of an index, standardised for each dyad."""
    values = panel["index"].transpose("dyad", "time").to_numpy()
    has_value = np.isfinite(values)
    sd = np.nanstd(values, axis=1, keepdims=True)
    constant = [str(dyad) for dyad in panel["dyad"].to_numpy()[~(sd[:, 0] > 0)]]
    if constant:
        raise DataError(f"data: the index of {join(constant)} never changes; leave them out")
    mean = np.nanmean(values, axis=1, keepdims=True)
    standardised = np.where(has_value, (values - mean) / sd, 0.0)
    events = np.where(has_value, -1, 0)
    cooperative = np.zeros(values.shape, dtype=np.int64)
    volume = np.zeros(values.shape)
    return _build_record(panel, events, cooperative, volume, value=standardised)


def _build_record(
    panel: xr.Dataset, events: Index, cooperative: Index, volume: Float, **more: Any
) -> PooledRecord:
    """Build a record from arrays, and mark the months in which named eras begin.

    An era that begins outside of its dyad's first and last events is not marked.
    """
    first = (events != 0).argmax(axis=1)
    stop = events.shape[1] - (events[:, ::-1] != 0).argmax(axis=1)
    time = panel["time"].to_numpy().astype("datetime64[M]")
    start = panel["era_start"].to_numpy().astype("datetime64[D]")
    recognised = panel["era_recognised"].to_numpy().astype("datetime64[D]")
    dyad = panel["era_dyad"].to_numpy()
    month = np.searchsorted(time, start.astype("datetime64[M]"))
    inside = (first[dyad] < month) & (month < stop[dyad])
    at_once = inside & (recognised - start <= np.timedelta64(PROMPT_DAYS, "D"))
    begins, prompt = np.zeros(events.shape, dtype=bool), np.zeros(events.shape, dtype=bool)
    begins[dyad[inside], month[inside]] = True
    prompt[dyad[at_once], month[at_once]] = True
    dyads = tuple(str(code) for code in panel["dyad"].to_numpy())
    return PooledRecord(
        dyads, events, cooperative, volume, begins, prompt, first, stop, time, **more
    )


def turned_back(record: PooledRecord) -> Float:
    """Return how far each dyad moved away and came back, (dyad,).

    In three calendar decades of a dyad the averages may move away and back. The smaller of both
    moves counts, for the three decades where it is largest. The unit is points of the cooperative
    share, and standard deviations for an index. Decades with fewer than 20 events or values are
    left out.
    """
    decade = record.time.astype("datetime64[Y]").astype(np.int64) // 10
    decade -= decade[0]
    weight = np.abs(record.events)
    value = 100.0 * record.cooperative if record.value is None else record.value
    return np.array([_largest_turn(decade, weight[d], value[d]) for d in range(len(record.dyads))])


def _largest_turn(decade: Index, weight: Index, value: Float) -> float:
    """Return the largest turn of one dyad."""
    events = np.bincount(decade, weight)
    enough = events >= MIN_EVENTS_PER_DECADE
    means = np.bincount(decade, value)[enough] / events[enough]
    turns = [_turn_at(means, middle) for middle in range(1, len(means) - 1)]
    return max(turns, default=0.0)


def _turn_at(means: Float, decade: int) -> float:
    """Return the smaller of the moves to and from a decade if both go the same way, else 0."""
    rise_before = means[:decade] - means[decade]
    rise_after = means[decade + 1 :] - means[decade]
    low_point = min(rise_before.max(), rise_after.max())
    high_point = min(-rise_before.min(), -rise_after.min())
    return float(max(low_point, high_point, 0.0))


def shift_eras(record: PooledRecord, rng: np.random.Generator) -> Bool:
    """Move the era starts of every dyad by one random number of months, round its record."""
    begins = np.zeros_like(record.begins)
    for d, (first, stop) in enumerate(zip(record.first, record.stop, strict=True)):
        months = np.flatnonzero(record.begins[d])
        length = stop - first
        if length <= 2 * PLACEBO_MONTHS_FROM_END:
            continue
        # Starts that leave the end of the record come back at its beginning.
        shift = rng.integers(PLACEBO_MONTHS_FROM_END, length - PLACEBO_MONTHS_FROM_END)
        begins[d, first + (months - first + shift) % length] = True
        begins[d, first] = False
    return begins


def draw_busy_months(record: PooledRecord, rng: np.random.Generator) -> Bool:
    """Replace every era start by a month with about as many events, far from all era starts."""
    begins = np.zeros_like(record.begins)
    for d in range(len(record.dyads)):
        months = np.flatnonzero(record.begins[d])
        if not len(months):
            continue
        free = np.flatnonzero(record.events[d] > 0)
        far = np.abs(free[:, None] - months).min(axis=1) > PLACEBO_MONTHS_FROM_ERA
        free = free[far & (free > record.first[d] + BUSY_CANDIDATES)]
        for month in months if len(free) else ():
            difference = np.abs(record.volume[d, free] - record.volume[d, month])
            distance = np.abs(free - month) / MONTHS_PER_CENTURY
            alike = free[np.argsort(difference + distance)[:BUSY_CANDIDATES]]
            begins[d, rng.choice(alike)] = True
    return begins


def draw_placebo_eras(record: PooledRecord, sets: int, seed: int) -> dict[str, Sequence[Bool]]:
    """Draw sets of placebo era starts of both kinds, by the name of the kind."""
    rng = np.random.default_rng(seed)
    kinds = {"shifted": shift_eras, "equally busy": draw_busy_months}
    return {name: [draw(record, rng) for _ in range(sets)] for name, draw in kinds.items()}
